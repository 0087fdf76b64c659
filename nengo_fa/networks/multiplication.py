"""Networks that learn to multiply two numbers."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Default
from nengo.utils.numpy import is_number
from numpy.typing import ArrayLike

from nengo_fa.pyramidal.burst_learning import BurstLearning
from nengo_fa.pyramidal.dendrites import ApicalDendrites
from nengo_fa.pyramidal.neurons import Pyramidal, PyramidalRate
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment


class Multiplication(nengo.Network):
    """Learns online to multiply two numbers: decoders by PES, encoders by an encoder rule.

    This is the task of the paper's first experiment. The network has one hidden layer. The
    best directions for its encoders are the diagonals of the input.

    Parameters
    ----------
    n_neurons : int, optional
        Number of neurons in the hidden layer.
    neuron_type : nengo.neurons.NeuronType, optional
        ``nengo.LIF()`` learns from spikes, ``nengo.LIFRate()`` from rates.
    encoder_rule : FeedbackAlignment or Backprop or None, optional
        Rule for the encoders, with ``size_in`` 1. None keeps them fixed. By default
        ``FeedbackAlignment(1)``.
    decoder_rule : nengo.learning_rules.LearningRuleType or None, optional
        Rule for the decoders, which are zero initially. None keeps them at zero.
    learning : float or callable or None, optional
        A factor on the error of both rules: 1 switches learning on, 0 switches it off (so
        that nothing changes at all), and values in between lower the learning rates. A
        function of the time in seconds is a schedule. With None, you have to connect the
        factor to ``learning``.
    synapse : nengo.synapses.Synapse or float, optional
        Filter from the neurons to the output, and on the error.
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    input : nengo.Node
        The input for the two numbers; the network represents the disc of radius 1.
    hidden : nengo.Ensemble
        The neurons whose encoders are taught.
    output : nengo.Node
        The product that the network computes.
    target : nengo.Node
        The true product.
    error : nengo.Node
        Output minus target, which has the delay of the neurons' synapse.
    learning : nengo.Node
        The factor on the error, see above; a slider in Nengo GUI.
    gated_error : nengo.Node
        Error times ``learning``, which is connected to both rules.
    encode, decode : nengo.Connection
        The connections that learn.

    Examples
    --------
    The network learns for half a second. After that, nothing changes at all.

    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     product = nengo_fa.networks.Multiplication(learning=lambda t: t < 0.5)
    ...     _ = nengo.Connection(stimulus, product.input, synapse=None)
    ...     decoders = nengo.Probe(product.decode, "weights")
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(1.0)
    >>> bool(np.any(sim.data[decoders][0] != sim.data[decoders][500]))
    True
    >>> bool(np.all(sim.data[decoders][501:] == sim.data[decoders][-1]))
    True
    """

    def __init__(
        self,
        n_neurons: int = 20,
        neuron_type: nengo.neurons.NeuronType = nengo.LIF(),
        encoder_rule: Backprop | FeedbackAlignment | None = Default,
        decoder_rule: nengo.learning_rules.LearningRuleType | None = Default,
        learning: Callable | float | None = 1.0,
        synapse: float | nengo.synapses.Synapse = 0.005,
        label: str | None = "Multiplication",
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, **kwargs)
        if encoder_rule is Default:
            encoder_rule = FeedbackAlignment(1)
        if decoder_rule is Default:
            decoder_rule = nengo.PES(2e-4)

        with self:
            self.input = nengo.Node(size_in=2, label="input")
            # Nengo's seed would depend on the number of connections: with this seed, the
            # neurons are the same for all rules.
            self.hidden = nengo.Ensemble(
                n_neurons, 2, neuron_type=neuron_type, seed=self.seed, label="hidden"
            )
            self.output = nengo.Node(size_in=1, label="output")
            self.target = nengo.Node(_multiply, size_in=2, label="target")
            self.error = nengo.Node(size_in=1, label="error")
            self.learning = make_learning_node(learning)
            self.gated_error = nengo.Node(_multiply, size_in=2, label="gated error")

            self.encode = nengo.Connection(
                self.input,
                self.hidden,
                synapse=None,
                learning_rule_type=encoder_rule,
                label="encode",
            )
            self.decode = nengo.Connection(
                self.hidden,
                self.output,
                function=np.prod,
                solver=nengo.solvers.NoSolver(),
                synapse=synapse,
                learning_rule_type=decoder_rule,
                label="decode",
            )

            self._connect_error(synapse)

    def _connect_error(self, synapse):
        """Connect the output and the target to the error, and the error to the rules."""
        nengo.Connection(self.input, self.target, synapse=None)
        nengo.Connection(self.output, self.error, synapse=None)
        nengo.Connection(self.target, self.error, transform=-1, synapse=synapse)

        # The error is filtered before the gate: behind the gate, a filter would continue to
        # teach after learning is switched off.
        nengo.Connection(self.error, self.gated_error[0], synapse=synapse)
        nengo.Connection(self.learning, self.gated_error[1], synapse=None)
        for connection in (self.encode, self.decode):
            rule = connection.learning_rule
            if rule is not None:
                nengo.Connection(self.gated_error, rule, synapse=None)


def _multiply(t, x):
    # not a lambda, so that simulators can be pickled
    return x[0] * x[1]


def make_learning_node(learning):
    """Return the node with the factor on the error; see `Multiplication`."""
    if learning is None:
        return nengo.Node(size_in=1, label="learning")
    if not callable(learning) and not is_number(learning):
        raise ValidationError(
            f"Must be a number, a function of time, or None (got {learning!r})",
            attr="learning",
        )
    # a constant is an array, so that Nengo GUI shows a slider
    return nengo.Node(learning if callable(learning) else [learning], label="learning")


class BurstMultiplication(Multiplication):
    """`Multiplication` with pyramidal neurons, whose encoders learn from bursts.

    The error is connected to the apical dendrites instead of an encoder rule.

    Parameters
    ----------
    n_neurons : int, optional
        Number of neurons in the hidden layer.
    neuron_type : Pyramidal or PyramidalRate, optional
    encoder_rule : BurstLearning or None, optional
        None keeps the encoders fixed.
    feedback : (n_neurons, 1) array_like or nengo.dists.Distribution, optional
        Feedback weights, in logits per unit of error. By default 30 or -30, so that with an
        error of 0.1, 95 % of the events of some neurons are bursts, and 5 % of the events of
        the other neurons.
    decoder_rule, learning, synapse
        As for `Multiplication`. With ``learning=0`` there is no error at the dendrites, but
        encoders diffuse, because bursts are random.
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    apical : ApicalDendrites
        The apical dendrites of the hidden layer.
    feedback : nengo.Connection
        The connection from the error to the apical dendrites.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the encoder rule needs an error, or the neurons have no apical dendrites.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     product = nengo_fa.networks.BurstMultiplication()
    ...     _ = nengo.Connection(stimulus, product.input, synapse=None)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.1)
    """

    def __init__(
        self,
        n_neurons: int = 50,
        neuron_type: Pyramidal | PyramidalRate = Pyramidal(),
        encoder_rule: BurstLearning | None = BurstLearning(),
        feedback: nengo.dists.Distribution | ArrayLike = nengo.dists.Choice(
            [[-30.0], [30.0]]
        ),
        decoder_rule: nengo.learning_rules.LearningRuleType | None = Default,
        learning: float | Callable | None = 1.0,
        synapse: float | nengo.synapses.Synapse | None = 0.005,
        label: str | None = "Multiplication learned from bursts",
        **kwargs: Any,
    ) -> None:
        if not isinstance(encoder_rule, (BurstLearning, type(None))):
            raise ValidationError(
                "Must be a BurstLearning rule or None, because other rules need an error "
                f"(got {encoder_rule!r}). For other rules, use Multiplication.",
                attr="encoder_rule",
            )
        super().__init__(
            n_neurons=n_neurons,
            neuron_type=neuron_type,
            encoder_rule=None,
            decoder_rule=decoder_rule,
            learning=learning,
            synapse=synapse,
            label=label,
            **kwargs,
        )
        self.encode.learning_rule_type = encoder_rule
        with self:
            self.apical = ApicalDendrites(self.hidden, label="apical dendrites")
            self.feedback = nengo.Connection(
                self.gated_error,
                self.apical,
                transform=nengo.Dense((n_neurons, 1), init=feedback),
                synapse=None,
                label="feedback",
            )


class MultiplicationComparison(nengo.Network):
    """Two `Multiplication` networks with the same random input, one with an encoder rule.

    Apart from the rule, the networks are the same, including the initial tuning curves.

    Parameters
    ----------
    n_neurons, neuron_type, encoder_rule, decoder_rule, learning, synapse
        As for `Multiplication`; ``encoder_rule`` is used in one of the networks.
    period : float, optional
        Length of the random input in seconds, after which it repeats.
    seed : int, optional
        Seed of the input, the neurons and the feedback weights.
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    stimulus : nengo.Node
        Two numbers that change slowly (up to 2 Hz), with a root mean square of 0.5.
    learned, fixed : Multiplication
        The networks with ``encoder_rule``, and with fixed encoders.
    learning : nengo.Node
        The factor on the error of both networks.
    """

    def __init__(
        self,
        n_neurons: int = 20,
        neuron_type: nengo.neurons.NeuronType = nengo.LIF(),
        encoder_rule: FeedbackAlignment | Backprop | None = Default,
        decoder_rule: nengo.learning_rules.LearningRuleType | None = Default,
        learning: float | Callable | None = 1.0,
        synapse: float | nengo.synapses.Synapse | None = 0.005,
        period: float = 100.0,
        seed: int = 0,
        label: str | None = "Multiplication with and without encoder learning",
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, label=label, **kwargs)

        def multiplication(rule, label):
            return Multiplication(
                n_neurons=n_neurons,
                neuron_type=neuron_type,
                encoder_rule=rule,
                decoder_rule=decoder_rule,
                learning=None,
                synapse=synapse,
                seed=seed,
                label=label,
            )

        with self:
            self.stimulus = nengo.Node(
                nengo.processes.WhiteSignal(period, high=2, rms=0.5, seed=seed),
                size_out=2,
                label="stimulus",
            )
            self.learning = make_learning_node(learning)
            self.learned = multiplication(encoder_rule, "learned encoders")
            self.fixed = multiplication(None, "fixed encoders")
            for network in (self.learned, self.fixed):
                nengo.Connection(self.stimulus, network.input, synapse=None)
                nengo.Connection(self.learning, network.learning, synapse=None)
