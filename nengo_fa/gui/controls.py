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


#: Normalizations that take lengths to be near one.
NEAR_ONE = ("homeostatic", "stabilized")
#: So many steps pass after a choice of these until they learn: lengths come near one.
PAUSE = nengo.LinearFilter([1], [1, 0, 0], analog=False)


class Gate:
    """Sends an error to the rule that is chosen, or sets off a reset.

    While a normalization that needs it is chosen, lengths are kept near one.

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
        # there is no choice before the first steps
        has_changed = t > 0.005 and choose(NORMALIZATIONS, before) != chosen
        if reset > 0.5:
            errors[0] = 1
        elif needs_length and has_changed:
            errors[1] = 1
        else:
            errors[1] = needs_length and learning > 0
            start = 2 + (chosen * len(RULES) + choose(RULES, rule)) * self.size
            error = x[: self.size]
            # below zero, it would climb the error
            errors[start : start + self.size] = (
                max(learning, 0.0) * max(learning_rate, 0.0) * error
            )
        return errors


class Chosen(View):
    """Shows in words what the sliders say.

    Parameters
    ----------
    choice : nengo.Node
        Puts out the values of the sliders.
    """

    def __init__(self, choice):
        super().__init__("What the sliders say", size_in=choice.size_out)
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
    """The index of the option that a slider is nearest to."""
    return min(max(round(value), 0), len(options) - 1)


class Controls(nengo.Network):
    """Sliders that decide how encoders learn.

    Nengo GUI offers a slider for each node; elsewhere, give them another output. `teach`
    makes rules for the encoders that do as the sliders say.

    Parameters
    ----------
    learning, learning_rate, rule, normalization, neuron : float, optional
        Where the sliders begin.
    label : str, optional
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    learning : nengo.Node
        A factor on the error: 1 is on; at 0 nothing changes, to the last bit.
    learning_rate : nengo.Node
        A factor on the learning rate of the encoders.
    rule : nengo.Node
        0: feedback alignment, 1: backprop.
    normalization : nengo.Node
        0: none, 1: forced, 2: augmented, 3: homeostatic, 4: stabilized. Under the last
        two, encoders with lengths below 0.5 or above 1.5 are set to length one.
    reset : nengo.Node
        1: the encoders go back to where they began, and stay there until it is 0.
    neuron : nengo.Node
        Index of the neuron that views look at.
    chosen : View
        Shows the names of what is chosen.

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
            # constants are arrays, for Nengo GUI to make them sliders
            self.learning = nengo.Node([learning], label="learning")
            self.learning_rate = nengo.Node([learning_rate], label="rate ×")
            self.rule = nengo.Node([rule], label="rule")
            self.normalization = nengo.Node([normalization], label="norm.")
            self.reset = nengo.Node([0], label="reset")
            self.neuron = nengo.Node([neuron], label="neuron")
            self.choice = nengo.Node(size_in=5, label="choice")
            # in the order of the function of the gate
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
        """Set rules for the encoders of an ensemble, which do as the sliders say.

        Parameters
        ----------
        encode : nengo.Connection
            To the ensemble. Its learning rule type is set, to one that resets the
            encoders and one for each choice; all but the chosen have no error.
        decode : nengo.Connection
            From the ensemble to the output that the error is about.
        error : nengo.Node
            Actual minus target; not multiplied by ``learning`` yet.
        learning_rate, backprop_rate : float, optional
            Learning rates of feedback alignment and of backprop, per second, where the
            slider is 1. They differ, as decoders are by far smaller than feedback weights
            of unit length, if activities are in hertz: by default, a few thousand times.
        feedback : (n_neurons, size_out) array_like or nengo.dists.Distribution, optional
            Feedback weights. By default drawn uniformly from the unit sphere.
        derivative : nengo_fa.Derivative, optional
            As for `nengo_fa.FeedbackAlignment`.
        synapse : nengo.synapses.Synapse or float, optional
            Filter on the error.
        seed : int, optional
            Seed of the feedback weights.

        Raises
        ------
        nengo.exceptions.ValidationError
            If ``encode`` has rules already, or does not lead to an ensemble; or as the
            rules do.
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
        # behind the gate, a filter would go on teaching
        nengo.Connection(error, gate[:size], synapse=synapse)
        end = 0
        for name, rule_type in rules.items():
            start, end = end, end + rule_type.size_in
            nengo.Connection(gate[start:end], encode.learning_rule[name], synapse=None)

    def _check_teachable(self, encode, decode, error):
        """Refuse connections that cannot have all of the rules."""

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
                "In direct mode there are no neurons. Give the ensemble another "
                "neuron_type."
            )
        if encode.learning_rule_type is not None:
            refuse(
                "Is set already. Leave it to the controls: with "
                "nengo_fa.networks.Multiplication, give encoder_rule=None.",
                attr="learning_rule_type",
                obj=encode,
            )
        if encode.size_out != ensemble.dimensions:
            refuse(
                "Must reach all dimensions of the ensemble, whose encoders are normalized "
                f"as a whole (got {encode})"
            )
        if error.size_out != decode.size_out:
            refuse(
                f"Must have {decode.size_out} dimensions, as many as {decode} has outputs "
                f"(got {error.size_out})",
                attr="error",
            )
