"""The state that views read from a connection whose rules teach encoders in the plane."""

import numpy as np
from nengo.connection import Connection
from nengo.ensemble import Ensemble
from nengo.exceptions import BuildError, ValidationError
from nengo.neurons import Direct
from nengo.utils.numpy import is_iterable

from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.rules.connections import find_reason_against_decoders
from nengo_fa.rules.learning_rules import Backprop, ProjectedErrorRule


def check_ensemble(ensemble):
    """Refuse objects without encoders of two dimensions."""
    if not isinstance(ensemble, Ensemble):
        raise ValidationError(
            f"Must be a nengo.Ensemble (got {ensemble!r})", attr="ensemble"
        )
    if isinstance(ensemble.neuron_type, Direct):
        raise ValidationError(
            "An ensemble in direct mode has no neurons. Give it another neuron_type.",
            attr="neuron_type",
            obj=ensemble,
        )
    if ensemble.dimensions != 2:
        raise ValidationError(
            "The view shows a plane, so that the ensemble must have 2 dimensions "
            f"(got {ensemble.dimensions})",
            attr="dimensions",
            obj=ensemble,
        )
    return ensemble


def unscale(model, ensemble, scaled_encoders):
    """Return encoders for the scaled encoders of a simulator; NaN if the gain is zero."""
    gain = model.params[ensemble].gain[:, np.newaxis]
    encoders = np.full(scaled_encoders.shape, np.nan)
    return np.divide(
        scaled_encoders * ensemble.radius, gain, out=encoders, where=gain != 0
    )


class Teaching:
    """A connection whose rules teach the encoders of an ensemble in the plane.

    Parameters
    ----------
    encode : nengo.Connection
        A connection with at least one encoder rule. If there are several rules, the rule
        that last received an error counts.
    decode : nengo.Connection, optional
        The connection from the ensemble to the output whose error teaches.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no encoder rule, if the ensemble does not have two dimensions, or if the
        error does not fit the output.
    """

    def __init__(self, encode, decode=None):
        self.encode, self.decode = encode, decode
        if not isinstance(encode, Connection):
            raise ValidationError(
                f"Must be a nengo.Connection (got {encode!r})", attr="encode"
            )
        self.rules = _get_encoder_rules(encode)
        if not self.rules:
            raise ValidationError(
                "Must include a rule for the encoders, such as nengo_fa.FeedbackAlignment, "
                "before you create a view of it",
                attr="learning_rule_type",
                obj=encode,
            )
        self.ensemble = check_ensemble(encode.post_obj)
        if decode is not None:
            self._check_decode()

    def _check_decode(self):
        decode = self.decode
        if not isinstance(decode, Connection):
            raise ValidationError(
                f"Must be a nengo.Connection (got {decode!r})", attr="decode"
            )
        trouble = find_reason_against_decoders(decode, self.ensemble)
        if trouble is not None:
            raise ValidationError(f"Is {decode}, which {trouble}", attr="decode")
        for rule in self.rules:
            if isinstance(rule.learning_rule_type, BurstLearning):
                raise ValidationError(
                    "The rule is BurstLearning, which learns from bursts and does not use the "
                    "error of an output. Show it with nengo_fa.gui.PreferredDirections and "
                    "nengo_fa.gui.TuningCurves instead.",
                    attr="learning_rule_type",
                    obj=self.encode,
                )
            if rule.size_in != decode.size_out:
                raise ValidationError(
                    f"Has {decode.size_out} outputs, but the error of {rule} has "
                    f"{rule.size_in}. Give the connection to the output whose error "
                    "teaches.",
                    attr="decode",
                )

    def get_signals(self, model):
        """Return the signals for `LiveTeaching`, after the whole model is built."""
        signals = [
            model.sig[self.ensemble]["in"],
            model.sig[self.ensemble]["encoders"],
        ]
        if self.decode is not None:
            signals.append(model.sig[self.decode]["weights"])
        for rule in self.rules:
            if "scaled_encoders" not in model.sig[rule]:
                raise BuildError(
                    f"{rule} is shown, but is no longer a rule of {self.encode}. Create the "
                    "view after you have set the rule."
                )
            rule_type = rule.learning_rule_type
            if isinstance(rule_type, BurstLearning):
                apical = model.sig[self.ensemble.neurons]["apical"]
                signals += [model.sig[rule]["surprise"], apical]
            elif isinstance(rule_type, Backprop):
                weights = model.sig[rule_type.connection]["weights"]
                signals += [model.sig[rule]["error"], weights]
            else:
                signals += [model.sig[rule]["error"], model.sig[rule]["feedback"]]
        return signals


def _get_encoder_rules(connection):
    rules = connection.learning_rule
    if isinstance(rules, dict):
        rules = rules.values()
    elif not is_iterable(rules):
        rules = [rules] if rules is not None else []
    return [
        rule
        for rule in rules
        if isinstance(rule.learning_rule_type, (ProjectedErrorRule, BurstLearning))
    ]


class LiveTeaching:
    """The current state of a `Teaching` in one simulator.

    Parameters
    ----------
    teaching : Teaching
    model : nengo.builder.Model
        The complete model, after the build.
    arrays : list of ndarray
        The current values of the signals of ``teaching``.

    Attributes
    ----------
    ensemble : nengo.Ensemble
    scaled_start, scaled_encoders : (n_neurons, 2) ndarray
        Encoders at the start and now, times gain, divided by radius.
    start : (n_neurons, 2) ndarray
        Encoders at the start.
    decoders : (size_out, n_neurons) ndarray or None
        Current decoders of ``decode``; None without ``decode``.
    """

    def __init__(self, teaching, model, arrays):
        self.ensemble = ensemble = teaching.ensemble
        self._model = model
        self._bias = model.params[ensemble].bias
        self.scaled_start = model.sig[ensemble]["encoders"].initial_value
        self.start = unscale(model, ensemble, self.scaled_start)

        arrays = iter(arrays)
        self._x = next(arrays)
        self.scaled_encoders = next(arrays)
        self.decoders = None if teaching.decode is None else next(arrays)
        self._rules = []
        for rule in teaching.rules:
            # with bursts: the surprise from which the rule learns, and apical potentials
            error, feedback = next(arrays), np.atleast_2d(next(arrays)).T
            self._rules.append((error, feedback, rule.learning_rule_type))
        self._active = self._rules[0]

    def get_point(self):
        """Return the input in units of the radius, (2,)."""
        return self._x / self.ensemble.radius

    def get_encoders(self):
        """Return the current encoders, (n_neurons, 2)."""
        return unscale(self._model, self.ensemble, self.scaled_encoders)

    def get_currents(self, points, scaled_encoders, neurons=slice(None)):
        """Return input currents (n_points, n_neurons) at points (n_points, 2) over radius."""
        points = self.ensemble.radius * points
        return points @ scaled_encoders[neurons].T + self._bias[neurons]

    def find_active(self):
        """Return the feedback weights (n_neurons, size_in) and the type of the active rule.

        For `.BurstLearning`, apical potentials (n_neurons, 1) replace the weights. If there
        are several rules, the active rule is the rule that last received an error.
        """
        for rule in self._rules:
            if rule[0].any():
                self._active = rule
                break
        _, feedback, rule_type = self._active
        return feedback, rule_type
