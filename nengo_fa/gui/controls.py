"""Sliders for Nengo GUI that decide how the encoders of a model learn."""

from typing import Any

import nengo
import numpy as np
from nengo.dists import UniformHypersphere, get_samples
from nengo.exceptions import ValidationError
from nengo.params import Default
from numpy.typing import ArrayLike

from nengo_fa.gui import views
from nengo_fa.gui.nodes import View
from nengo_fa.gui.reset import LimitLengths, ResetEncoders
from nengo_fa.rules.derivatives import Derivative
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment
from nengo_fa.rules.normalizations import NormalizationParam

RULES = ("FA", "BP")
NORMALIZATIONS = NormalizationParam.values
OPTIONS = {
    "learning": ("off", "on"),
    "rule": RULES,
    "normalization": ("none", *NORMALIZATIONS[1:]),
    "reset": ("no", "back to start"),
}


#: Normalizations that assume lengths near one.
NEAR_ONE = ("homeostatic", "stabilized")
#: Number of steps after such a choice in which all lengths are set to one.
PAUSE = nengo.LinearFilter([1], [1, 0, 0], analog=False)


class Gate:
    """Sends an error to the chosen rule, or triggers a reset.

    While a normalization that needs lengths near one is chosen, it keeps them near one.

    Parameters
    ----------
    size : int
        Number of dimensions of the error.
    """

    def __init__(self, size):
        self.size = size

    def __call__(self, t, x):
        learning, learning_rate, rule, now, reset, before = x[self.size :].tolist()
        errors = np.zeros(2 + len(NORMALIZATIONS) * len(RULES) * self.size)
        chosen = choose(NORMALIZATIONS, now)
        needs_length = NORMALIZATIONS[chosen] in NEAR_ONE
        # before the first steps, no rule has been chosen
        has_changed = t > 0.005 and choose(NORMALIZATIONS, before) != chosen
        if reset > 0.5:
            errors[0] = 1
        elif needs_length and has_changed:
            errors[1] = 1
        else:
            errors[1] = needs_length and learning > 0
            start = 2 + (chosen * len(RULES) + choose(RULES, rule)) * self.size
            error = x[: self.size]
            # a negative factor would increase the error
            errors[start : start + self.size] = (
                max(learning, 0.0) * max(learning_rate, 0.0) * error
            )
        return errors


class Chosen(View):
    """Shows the names of the options that the sliders choose.

    Parameters
    ----------
    choice : nengo.Node
        A node whose output is the values of the sliders.
    """

    def __init__(self, choice):
        super().__init__("Chosen options", size_in=choice.size_out)
        nengo.Connection(choice, self, synapse=None)

    def make_step(self, model, arrays, dt):
        def step(x, is_due):
            if not is_due:
                return None
            learning, _, rule, normalization, reset = x.tolist()
            return views.choices(
                self.label,
                OPTIONS,
                [
                    int(learning > 0),
                    choose(RULES, rule),
                    choose(NORMALIZATIONS, normalization),
                    int(reset > 0.5),
                ],
            )

        return step


def choose(options, value):
    """Return the index of the option that is nearest to the value of a slider."""
    return min(max(round(value), 0), len(options) - 1)


class Controls(nengo.Network):
    """Sliders that control how encoders learn.

    Nengo GUI shows a slider for each node; without Nengo GUI, change the output of the
    nodes. `teach` gives encoders rules that follow the sliders.

    Parameters
    ----------
    learning, learning_rate, rule, normalization, neuron : float, optional
        Initial values of the sliders.
    label : str, optional
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    learning : nengo.Node
        A factor on the error: with 1, encoders learn; with 0, nothing changes at all.
    learning_rate : nengo.Node
        A factor on the learning rate of the encoders.
    rule : nengo.Node
        0: feedback alignment, 1: backprop.
    normalization : nengo.Node
        0: none, 1: forced, 2: augmented, 3: homeostatic, 4: stabilized. With the last two,
        encoders with lengths below 0.5 or above 1.5 are set to length one.
    reset : nengo.Node
        1: the encoders return to their initial values, and keep them until it is 0.
    neuron : nengo.Node
        Index of the neuron that views show.
    chosen : View
        Shows the names of the chosen options.

    Examples
    --------
    >>> from nengo_fa import gui
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     product = nengo_fa.networks.Multiplication(encoder_rule=None, learning=None)
    ...     _ = nengo.Connection(stimulus, product.input, synapse=None)
    ...     controls = gui.Controls()
    ...     _ = nengo.Connection(controls.learning, product.learning, synapse=None)
    ...     controls.teach(product.encode, product.decode, product.error)
    ...     directions = gui.PreferredDirections(product.encode, controls.neuron)
    """

    def __init__(
        self,
        learning: float = 1,
        learning_rate: float = 1,
        rule: float = 0,
        normalization: float = 2,
        neuron: float = 0,
        label: str = "controls",
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, **kwargs)
        with self:
            # constants are arrays, so that Nengo GUI shows sliders
            self.learning = nengo.Node([learning], label="learning")
            self.learning_rate = nengo.Node([learning_rate], label="rate ×")
            self.rule = nengo.Node([rule], label="rule")
            self.normalization = nengo.Node([normalization], label="norm.")
            self.reset = nengo.Node([0], label="reset")
            self.neuron = nengo.Node([neuron], label="neuron")
            self.choice = nengo.Node(size_in=5, label="choice")
            # in the order in which the gate reads them
            sliders = [self.learning, self.learning_rate, self.rule]
            sliders += [self.normalization, self.reset]
            for i, slider in enumerate(sliders):
                nengo.Connection(slider, self.choice[i], synapse=None)
            self.chosen = Chosen(self.choice)

    def teach(
        self,
        encode: nengo.Connection,
        decode: nengo.Connection,
        error: nengo.Node,
        learning_rate: float = 1.0,
        backprop_rate: float = 3000.0,
        feedback: nengo.dists.Distribution | ArrayLike | None = None,
        derivative: Derivative = Default,
        synapse: float | nengo.synapses.Synapse = 0.005,
        seed: int = 0,
    ) -> None:
        """Give the encoders of an ensemble rules that follow the sliders.

        Parameters
        ----------
        encode : nengo.Connection
            The connection to the ensemble. It gets a rule that resets the encoders, and a
            rule for each choice, of which only the chosen rule receives an error.
        decode : nengo.Connection
            The connection from the ensemble to the output whose error is given.
        error : nengo.Node
            Actual minus target, not yet multiplied by ``learning``.
        learning_rate, backprop_rate : float, optional
            Learning rates of feedback alignment and of backprop, per second, if the slider
            is 1. They differ because, with activities in hertz, decoders are much smaller
            than feedback weights of unit length, by default by a factor of a few thousand.
        feedback : (n_neurons, size_out) array_like or nengo.dists.Distribution, optional
            Feedback weights. By default, they are drawn uniformly from the unit sphere.
        derivative : nengo_fa.Derivative, optional
            As for `nengo_fa.FeedbackAlignment`.
        synapse : nengo.synapses.Synapse or float, optional
            Filter on the error.
        seed : int, optional
            Seed of the feedback weights.

        Raises
        ------
        nengo.exceptions.ValidationError
            If ``encode`` already has rules, or does not lead to an ensemble; and as for the
            rules.
        """
        self._check_teachable(encode, decode, error)
        size = decode.size_out
        feedback = get_samples(
            UniformHypersphere(surface=True) if feedback is None else feedback,
            encode.post_obj.n_neurons,
            size,
            rng=np.random.RandomState(seed),
        )
        rules = {"reset": ResetEncoders(), "limit": LimitLengths()}
        for normalization in NORMALIZATIONS:
            options: dict[str, Any] = dict(
                derivative=derivative, normalization=normalization
            )
            rules[f"FA, {normalization}"] = FeedbackAlignment(
                size, learning_rate, feedback, **options
            )
            rules[f"BP, {normalization}"] = Backprop(decode, backprop_rate, **options)
        encode.learning_rule_type = rules

        with self:
            gate = nengo.Node(Gate(size), size_in=size + 6, label="gate")
            nengo.Connection(self.choice, gate[size:-1], synapse=None)
            nengo.Connection(self.normalization, gate[-1], synapse=PAUSE)
        # after the gate, a filter would continue to teach when the gate is closed
        nengo.Connection(error, gate[:size], synapse=synapse)
        end = 0
        for name, rule_type in rules.items():
            start, end = end, end + rule_type.size_in
            nengo.Connection(gate[start:end], encode.learning_rule[name], synapse=None)

    def _check_teachable(self, encode, decode, error):
        """Refuse connections that cannot have all rules."""

        def refuse(message, attr="encode", obj=self):
            raise ValidationError(message, attr=attr, obj=obj)

        ensemble = encode.post_obj
        if not isinstance(ensemble, nengo.Ensemble):
            refuse(
                "Must lead to a nengo.Ensemble, whose encoders are taught "
                f"(got {encode})"
            )
        if isinstance(ensemble.neuron_type, nengo.Direct):
            refuse(
                "An ensemble in direct mode has no neurons. Give it another neuron_type."
            )
        if encode.learning_rule_type is not None:
            refuse(
                "Must not be set, because the controls set it. With "
                "nengo_fa.networks.Multiplication, use encoder_rule=None.",
                attr="learning_rule_type",
                obj=encode,
            )
        if encode.size_out != ensemble.dimensions:
            refuse(
                "Must reach all dimensions of the ensemble, because whole encoders are "
                f"normalized (got {encode})"
            )
        if error.size_out != decode.size_out:
            refuse(
                f"Must have {decode.size_out} dimensions, like the output of {decode} "
                f"(got {error.size_out})",
                attr="error",
            )
