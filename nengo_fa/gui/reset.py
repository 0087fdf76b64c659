"""Learning rules that reset encoders to their initial values, or to length one."""

import numpy as np
from nengo.builder import Builder, Signal
from nengo.builder.operator import Reset
from nengo.learning_rules import LearningRuleType

from nengo_fa.online.operators import NamedSignalsOperator, SignalByName


class ButtonRule(LearningRuleType):
    """Base class of rules that change encoders while their input is above 0.5."""

    modifies = "encoders"
    probeable = ("delta",)
    # zeros stay in initial values, and in encoders of another length
    keeps_zeros = True

    def __init__(self):
        super().__init__(size_in=1)


class ResetEncoders(ButtonRule):
    """While its input is above 0.5, sets encoders to their initial values.

    Other rules of the ensemble must not receive an error during this time.

    Notes
    -----
    After two time steps, all encoders have exactly their initial values.

    Examples
    --------
    >>> from nengo_fa.gui import ResetEncoders
    >>> with nengo.Network() as model:
    ...     stimulus, button = nengo.Node([0.5, -0.5]), nengo.Node([0])
    ...     encode = nengo.Connection(
    ...         stimulus, nengo.Ensemble(20, 2), learning_rule_type=ResetEncoders())
    ...     _ = nengo.Connection(button, encode.learning_rule, synapse=None)
    """


class ButtonOperator(NamedSignalsOperator):
    """Base class of operators that change encoders while a button is pressed.

    Parameters
    ----------
    button : Signal
        Read: above 0.5 while it is pressed, (1,).
    scaled_encoders : Signal
        Read: the current scaled encoders, (n_neurons, dimensions).
    delta : Signal
        Updated to the change of the scaled encoders, (n_neurons, dimensions).
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    button, scaled_encoders, delta = (SignalByName() for _ in range(3))

    def __init__(self, button, scaled_encoders, delta, tag=None):
        reads = {"button": button, "scaled_encoders": scaled_encoders}
        super().__init__(reads, updates={"delta": delta}, tag=tag)

    def make_step(self, signals, dt, rng):
        button, encoders = signals[self.button], signals[self.scaled_encoders]
        delta = signals[self.delta]

        def step_button():
            delta[...] = 0
            if button[0] > 0.5:
                self.change(encoders, delta)

        return step_button

    def change(self, encoders, delta):
        """Write the change of scaled encoders to ``delta``, which is zero."""
        raise NotImplementedError("Button operators must provide change")


class SimResetEncoders(ButtonOperator):
    """Calculate the change of scaled encoders that restores their initial values."""

    def change(self, encoders, delta):
        np.subtract(self.scaled_encoders.initial_value, encoders, out=delta)


@Builder.register(ResetEncoders)
def build_reset_encoders(model, rule_type, rule):
    """Build a `.ResetEncoders` object into a model.

    Parameters
    ----------
    model : nengo.builder.Model
        The model to build into.
    rule_type : ResetEncoders
        Learning rule type to build.
    rule : nengo.connection.LearningRule
        The learning rule object corresponding to the learning rule type.
    """
    _add_button(model, rule, SimResetEncoders)


class LimitLengths(ButtonRule):
    """While its input is above 0.5, keeps encoders at lengths from 0.5 to 1.5.

    A shorter or longer encoder has a length of one in the next time step, apart from the
    changes of other rules. It serves normalizations that assume lengths near one.
    """


class SimLimitLengths(ButtonOperator):
    """Calculate the change of scaled encoders that keeps their lengths near one.

    Parameters
    ----------
    button, scaled_encoders, delta : Signal
        As for `ButtonOperator`.
    scale : (n_neurons,) ndarray
        The length of a scaled encoder whose encoder has length one.
    tag : str, optional
    """

    def __init__(self, button, scaled_encoders, delta, scale, tag=None):
        super().__init__(button, scaled_encoders, delta, tag=tag)
        self.scale = scale

    def change(self, encoders, delta):
        lengths = np.linalg.norm(encoders, axis=1)
        far = (lengths < 0.5 * self.scale) | (lengths > 1.5 * self.scale)
        far &= lengths > 0
        factor = self.scale[far] / lengths[far] - 1
        delta[far] = factor[:, np.newaxis] * encoders[far]


@Builder.register(LimitLengths)
def build_limit_lengths(model, rule_type, rule):
    """Build a `.LimitLengths` object into a model, as `build_reset_encoders` does."""
    ensemble = rule.connection.post_obj
    scale = model.params[ensemble].gain / ensemble.radius
    _add_button(model, rule, SimLimitLengths, scale)


def _add_button(model, rule, make_operator, *args):
    """Add an operator that reads the input of a rule and the current encoders."""
    button = Signal(shape=(1,), name=f"{rule}.button")
    model.add_op(Reset(button))
    model.sig[rule]["in"] = button
    encoders = model.sig[rule.connection.post_obj]["encoders"]
    model.add_op(make_operator(button, encoders, model.sig[rule]["delta"], *args))
