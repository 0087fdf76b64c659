"""The way from an input to an output connection, through the ensemble that is taught."""

import gc
from dataclasses import dataclass

import nengo
import numpy as np
from nengo.builder import Model
from nengo.connection import Connection, LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import ValidationError
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform

from nengo_fa.activities import make_step_measured, make_step_rates
from nengo_fa.builder import find_reason_against_decoders, get_rule_types
from nengo_fa.learning_rules import Backprop, EncoderLearningRule


@dataclass(frozen=True)
class Path:
    """From the input of ``encode`` to the output of ``decode``, as it was built.

    Attributes
    ----------
    encode : nengo.Connection
        The connection with the encoder rule, into the taught ensemble.
    decode : nengo.Connection
        The output connection.
    rule : EncoderLearningRule
        The encoder learning rule type.
    model : nengo.builder.Model
        The built network, with its sampled parameters and seeds.
    feedback : (n_neurons, size_out) ndarray or None
        The feedback weights, if the rule has some.
    """

    encode: nengo.Connection
    decode: nengo.Connection
    rule: EncoderLearningRule
    model: Model
    feedback: np.ndarray

    @property
    def ensemble(self):
        """The taught ensemble."""
        return self.encode.post_obj

    @property
    def size_in(self):
        """Dimensions of a sample: of the node or ensemble where the path begins."""
        pre = self.encode.pre_obj
        return pre.ensemble.size_in if isinstance(pre, Neurons) else pre.size_out

    @property
    def objects(self):
        """The connections and ensembles on the path."""
        before, connections = (
            _get_ensemble(self.encode.pre_obj),
            (self.encode, self.decode),
        )
        return [obj for obj in (before, self.ensemble, *connections) if obj is not None]

    def get_ensemble_input(self, x, measure=None):
        """What samples are when they reach the taught ensemble.

        Parameters
        ----------
        x : (n_samples, size_in) ndarray
        measure : dict, optional
            As for `.Activities`.

        Returns
        -------
        x : (n_samples, dimensions) ndarray
            May share memory with what was given.
        """
        encode, before = self.encode, _get_ensemble(self.encode.pre_obj)
        if before is None or isinstance(before.neuron_type, Direct):
            values = x[:, encode.pre_slice]
            if encode.function is not None:
                values = np.array(
                    # a copy, as a function may change what it is given
                    [np.ravel(encode.function(row.copy())) for row in values]
                )
        else:
            values = self._get_activities(before, x, measure)
            if isinstance(encode.pre_obj, Neurons):
                values = values[:, encode.pre_slice]

        weights = self.model.sig[encode]["weights"]
        if weights is not None:
            weights = weights.initial_value
            values = values @ weights.T if weights.ndim == 2 else values * weights

        # of the same precision, and without a copy if they are all, as samples may be many
        shape = len(x), self.ensemble.dimensions
        dimensions = np.arange(shape[1])
        if np.array_equal(dimensions[encode.post_slice], dimensions):
            return values
        ensemble_input = np.zeros(shape, dtype=values.dtype)
        ensemble_input[:, encode.post_slice] = values
        return ensemble_input

    def _get_activities(self, ensemble, x, measure):
        built = self.model.params[ensemble]
        current = x @ built.scaled_encoders.T + built.bias
        activities = np.empty_like(current)
        if measure is None:
            make_step_rates(ensemble.neuron_type, current, activities)()
        else:
            measure = {**measure, "synapse": self.encode.synapse}
            make_step_measured(ensemble.neuron_type, current, activities, **measure)()
        return activities


def find_path(connection, network=None, seed=None):
    """Walk back from an output connection to the encoder rule before it.

    Parameters
    ----------
    connection : nengo.Connection
        From the taught ensemble to the output.
    network : nengo.Network, optional
        The network to be built. By default the outermost one that holds ``connection``.
    seed : int, optional
        Seed of the network if it has none of its own.

    Returns
    -------
    path : Path

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no path that can be trained; the message says what to change.
    nengo.exceptions.BuildError
        If the network cannot be built.
    """
    if not isinstance(connection, Connection):
        raise ValidationError(
            "Must be the connection from the taught ensemble to the output "
            f"(got {connection!r})",
            attr="connection",
        )
    if network is None:
        network = _find_network(connection)
    elif not isinstance(network, nengo.Network):
        raise ValidationError(
            f"Must be a nengo.Network (got {network!r})", attr="network"
        )
    elif not any(connection is other for other in network.all_connections):
        raise ValidationError(
            f"{connection} is not in {network}. Give the network that contains it.",
            attr="network",
        )

    ensemble = _get_ensemble(connection.pre_obj)
    if ensemble is None or isinstance(ensemble.neuron_type, Direct):
        _refuse(
            f"leaves {connection.pre_obj}, but must leave an ensemble of neurons, whose "
            "encoders are to be learned",
            connection,
        )
    encode = _find_encode(ensemble, connection, network)
    _check_rule(encode, connection)
    reason = find_reason_against_decoders(connection, ensemble)
    if reason is not None:
        _refuse(reason, connection)
    for other in (encode, connection):
        if not np.isclose(_get_static_gain(other.synapse), 1):
            _refuse(
                f"cannot be trained offline, as the synapse of {other} does not let a "
                "constant through as it is. Samples are held until filters have settled; "
                "use a synapse with a gain of one, such as nengo.Lowpass.",
                connection,
            )
    model = _build(network, seed)
    (rule,) = get_rule_types(encode)
    built_rule = model.params.get(LearningRule(encode, rule))
    return Path(
        encode=encode,
        decode=connection,
        rule=rule,
        model=model,
        feedback=None if built_rule is None else built_rule.feedback,
    )


def _refuse(reason, connection):
    raise ValidationError(f"{connection} {reason}", attr="connection", obj=connection)


def _get_ensemble(obj):
    if isinstance(obj, Neurons):
        return obj.ensemble
    return obj if isinstance(obj, Ensemble) else None


def _find_network(connection):
    """The outermost network that holds a connection; Nengo does not keep track of it."""
    networks = [obj for obj in gc.get_objects() if issubclass(type(obj), nengo.Network)]
    holders = [
        network
        for network in networks
        if any(connection is other for other in network.all_connections)
    ]
    outermost = [
        network
        for network in holders
        if not any(network in other.all_networks for other in holders)
    ]
    if len(outermost) != 1:
        if outermost:
            trouble = (
                "There are several networks around it. Say which, with network=..."
            )
        else:
            trouble = (
                "The network around it is gone. Keep a reference to it, as to the model "
                "that is to be simulated."
            )
        raise ValidationError(f"{connection}: {trouble}", attr="network")
    return outermost[0]


def _find_encode(ensemble, connection, network):
    """The one connection into an ensemble, with an encoder rule."""
    _check_no_loop(ensemble, connection, network)
    into = [
        other
        for other in network.all_connections
        if other.post_obj in (ensemble, ensemble.neurons)
    ]
    taught = [other for other in into if _has_encoder_rule(other)]
    if not taught:
        _refuse(
            f"has no encoder rule on the path that leads to it. Give a connection to "
            f"{ensemble} the learning_rule_type nengo_fa.FeedbackAlignment(size_in="
            f"{connection.size_out}) or nengo_fa.Backprop(...).",
            connection,
        )
    if len(into) > 1:
        others = ", ".join(str(other) for other in into if other is not taught[0])
        _refuse(
            f"is preceded by {ensemble}, into which more leads than {taught[0]}: "
            f"{others}. The samples are the input of one connection only; bring all input "
            "together in a node before it.",
            connection,
        )
    (encode,) = taught
    before = _get_ensemble(encode.pre_obj)
    if before is not None and any(
        _has_encoder_rule(other)
        for other in network.all_connections
        if other.post_obj is before
    ):
        _refuse(
            f"has more than one encoder rule on the path that leads to it: {before} is "
            f"taught as well. Remove the rule of one of the two; one layer can be "
            "trained at a time.",
            connection,
        )
    return encode


def _has_encoder_rule(connection):
    rules = get_rule_types(connection)
    return any(isinstance(rule, EncoderLearningRule) for rule in rules)


def _check_no_loop(ensemble, connection, network):
    """Refuse an ensemble whose output comes back to it without a function between."""
    reached, front = [], [ensemble]
    while front:
        obj = front.pop()
        for other in network.all_connections:
            if _get_ensemble(other.pre_obj) is obj or other.pre_obj is obj:
                post = _get_ensemble(other.post_obj) or other.post_obj
                if post is ensemble:
                    _refuse(
                        f"is part of a loop: {other} leads back to {ensemble}. Offline, "
                        "each sample passes the network once; train without the loop.",
                        connection,
                    )
                # what a node's function makes of its input is the user's own affair
                carries_on = isinstance(post, Ensemble) or (
                    not isinstance(post, LearningRule) and post.output is None
                )
                if carries_on and not any(post is known for known in reached):
                    reached.append(post)
                    front.append(post)


def _check_rule(encode, connection):
    rule, *others = get_rule_types(encode)
    if others:
        _refuse(
            f"is preceded by {encode}, which has several learning rules. Offline, there "
            "can be one: with one error, for the encoders.",
            connection,
        )
    if isinstance(rule, Backprop) and rule.connection is not connection:
        _refuse(
            f"is preceded by {encode}, whose rule backpropagates through another "
            f"connection, {rule.connection}. Train that one, or change the rule.",
            connection,
        )
    if not isinstance(encode.transform, (Dense, NoTransform)):
        _refuse(
            f"is preceded by {encode}, which has a {type(encode.transform).__name__} "
            "transform. Use a dense transform, or bring the transformed input to a node "
            "before it.",
            connection,
        )
    if rule.size_in != connection.size_out:
        _refuse(
            f"has {connection.size_out} dimensions, but the rule of {encode} takes an "
            f"error of {rule.size_in}. Let size_in of the rule be the "
            "size of the output.",
            connection,
        )


def _get_static_gain(synapse):
    """What a synapse makes of a constant input of one, once it has settled."""
    if not isinstance(synapse, nengo.LinearFilter):
        return 1.0
    numerator, denominator = np.atleast_1d(synapse.num), np.atleast_1d(synapse.den)
    if synapse.analog:
        numerator, denominator = numerator[-1:], denominator[-1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sum(numerator) / np.sum(denominator))


def _build(network, seed):
    """Build a network, as a simulator would, without making one."""
    model, own_seed = Model(), network.seed
    try:
        if own_seed is None:
            network.seed = seed
        model.build(network)
    finally:
        network.seed = own_seed
    return model
