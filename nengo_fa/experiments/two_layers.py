"""A network with two hidden layers that learn online, each from its own error."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.exceptions import ValidationError

from nengo_fa.experiments.late_errors import (
    check_carrier,
    check_delay,
    make_carrier,
    make_delay,
    make_trace,
    teach,
)
from nengo_fa.rules.feedback import Orthogonal
from nengo_fa.rules.learning_rules import FeedbackAlignment

#: Routes of the error to the first layer. With ``"last layer"``, only the last layer learns.
#: With ``"direct"``, the error comes from the output, with the same delay as for the last
#: layer. With ``"relayed"``, it comes from the error of the last layer, with twice the delay.
ROUTES = ("last layer", "direct", "relayed")

#: Number of dimensions of the input; only the first two matter.
N_INPUTS = 4

#: Radius of populations for errors, the length of typical targets.
RADIUS = 1.0


def square(x: np.ndarray) -> np.ndarray:
    """Return the target, a complex square, :math:`(2 x_1 x_2, x_1^2 - x_2^2)`.

    Parameters
    ----------
    x : (..., dimensions) ndarray
        The first two dimensions are the complex number. Other dimensions are ignored.

    Returns
    -------
    target : (..., 2) ndarray
    """
    first, second = x[..., 0], x[..., 1]
    return np.stack([2 * first * second, first**2 - second**2], axis=-1)


def make_late_synapse(tau: float, delay: int, dt: float = 0.001) -> nengo.LinearFilter:
    """Return a lowpass filter with an additional delay, for delayed spikes.

    Parameters
    ----------
    tau : float
        Time constant of the filter, in seconds.
    delay : int
        Delay in time steps.
    dt : float, optional
        Length of a time step, in seconds.

    Returns
    -------
    synapse : nengo.LinearFilter
    """
    check_delay(delay)
    decay = np.exp(-dt / tau)
    return nengo.LinearFilter([1 - decay], [1, -decay] + [0] * delay, analog=False)


class LayeredErrors(nengo.Network):
    """Two hidden layers of spiking neurons that learn online, each with its own error.

    Decoders learn from the error of the output, by PES and without a delay. The error reaches
    the last layer after ``delay``. From there, or from the output, it passes through random
    weights to the first layer, which takes ``delay`` again.

    Parameters
    ----------
    route : {"last layer", "direct", "relayed"} or None
        How the error reaches the first layer, see `ROUTES`. None keeps the encoders of
        both layers fixed.
    carrier : {"node", "population"}
        The objects that pass errors on: nodes, which do so exactly, or ensembles of spiking
        LIF neurons, filtered by ``synapse``.
    delay : int
        Delay of each hop of the error, in milliseconds.
    trace : bool
        Whether each rule has an eligibility trace that suits the delay of its error.
    learning_rate : float
        Learning rate of the encoders of both layers, per second.
    n_neurons, n_error_neurons : int
        Number of neurons in each layer, and in each population for errors.
    synapse : float
        Time constant of the lowpass filters on spikes and on the error, in seconds.
    seed : int
        Seed of the neurons, the feedback weights and the populations.

    Attributes
    ----------
    input : nengo.Node
    layers : list of nengo.Ensemble
        The first and the last hidden layer.
    encodes : list of nengo.Connection
        The connections to the layers, which learn.
    decode : nengo.Connection
        The connection from the last layer to the output.
    error : nengo.Node
        Output minus target, which has the delay of two synapses.
    filtered_error : nengo.Node
        The error from which decoders learn, and from which the path back begins.
    carriers : list of nengo.Node or nengo.Ensemble
        The carriers of the errors of the taught layers, beginning with the last layer.
    weights : (2, 2) ndarray
        Random orthogonal feedback weights, from the error of the output or of the last layer
        to the error of the first layer.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the route or the carrier is unknown, or the delay is not a non-negative integer.
    """

    def __init__(
        self,
        route: str | None,
        carrier: str,
        delay: int,
        trace: bool,
        learning_rate: float = 3.0,
        n_neurons: int = 30,
        n_error_neurons: int = 100,
        synapse: float = 0.005,
        seed: int = 0,
    ) -> None:
        if route is not None and route not in ROUTES:
            raise ValidationError(
                f"Must be None or one of {ROUTES} (got {route!r})", attr="route"
            )
        check_carrier(carrier)
        check_delay(delay)
        super().__init__(seed=seed, label="Two layers with an error each")
        rng = np.random.RandomState(seed)
        # these seeds keep neurons the same with all routes; Nengo's seeds depend on the
        # number of connections
        seeds = [int(it) for it in rng.randint(np.iinfo(np.int32).max, size=4)]
        sphere = nengo.dists.UniformHypersphere(surface=True)
        feedback = [sphere.sample(n_neurons, 2, rng=rng) for _ in range(2)]
        self.weights = Orthogonal().sample(2, 2, rng=rng)
        self.carriers: list[nengo.Node | nengo.Ensemble] = []
        hop = _Hop(carrier, n_error_neurons, synapse, learning_rate, trace)
        with self:
            self._make_layers(n_neurons, synapse, seeds)
            self._make_error(synapse)
            if route is not None:
                self._make_way_back(route, delay, hop, feedback, seeds)

    def _make_layers(self, n_neurons, synapse, seeds):
        """Make the input, two layers, and the connections that learn."""
        max_rates = nengo.dists.Uniform(50, 100)
        self.input = nengo.Node(size_in=N_INPUTS, label="input")
        first = nengo.Ensemble(
            n_neurons,
            N_INPUTS,
            neuron_type=nengo.LIF(amplitude=0.01),
            max_rates=max_rates,
            seed=seeds[0],
            label="first layer",
        )
        last = nengo.Ensemble(
            n_neurons,
            n_neurons,
            radius=1.5,
            intercepts=nengo.dists.Uniform(-0.5, 0.5),
            max_rates=max_rates,
            seed=seeds[1],
            label="last layer",
        )
        self.layers = [first, last]
        self.encodes = [
            nengo.Connection(self.input, first, synapse=None),
            nengo.Connection(first.neurons, last, synapse=synapse),
        ]
        self.decode = nengo.Connection(
            last,
            nengo.Node(size_in=2, label="output"),
            function=lambda x: np.zeros(2),
            solver=nengo.solvers.NoSolver(),
            synapse=synapse,
            learning_rule_type=nengo.PES(2e-3),
        )

    def _make_error(self, synapse):
        """Make the error of the output, from which the decoders learn."""
        target = nengo.Node(lambda t, x: square(x), size_in=N_INPUTS)
        self.error = nengo.Node(size_in=2, label="error")
        self.filtered_error = nengo.Node(size_in=2, label="filtered error")
        nengo.Connection(self.input, target, synapse=None)
        nengo.Connection(self.decode.post, self.error, synapse=None)
        # the path to the output has two synapses
        late = nengo.Alpha(synapse)
        nengo.Connection(target, self.error, transform=-1, synapse=late)
        nengo.Connection(self.error, self.filtered_error, synapse=synapse)
        nengo.Connection(self.filtered_error, self.decode.learning_rule, synapse=None)

    def _make_way_back(self, route, delay, hop, feedback, seeds):
        """Make the path of the error to the last layer and, by a route, to the first."""
        late = make_delay(delay)

        def hand_on(i, error, late_by, synapse=late, **transform):
            label = f"error of the {('first', 'last')[i]} layer"
            carrier = hop.make_carrier(label, seeds[3 - i])
            self.carriers.append(carrier)
            nengo.Connection(error, carrier, synapse=synapse, **transform)
            hop.teach(self.encodes[i], carrier, feedback[i], late_by)
            return carrier

        of_last = hand_on(1, self.filtered_error, delay)
        if route == "direct":
            hand_on(0, self.filtered_error, delay, transform=self.weights)
        elif route == "relayed":
            if hop.carrier == "population":
                late = make_late_synapse(hop.synapse, delay)
            hand_on(0, of_last, 2 * delay, late, transform=self.weights)


@dataclass(frozen=True)
class _Hop:
    """The objects that pass an error on to a layer, and its rule."""

    carrier: str
    n_error_neurons: int
    synapse: float
    learning_rate: float
    trace: bool

    def make_carrier(self, label, seed):
        return make_carrier(
            self.carrier, 2, self.n_error_neurons, label, radius=RADIUS, seed=seed
        )

    def teach(self, encode, carrier, feedback, delay):
        """Teach a layer by the error of a carrier with a delay."""
        encode.learning_rule_type = FeedbackAlignment(
            2,
            self.learning_rate,
            feedback=feedback,
            pre_synapse=make_trace(delay) if self.trace else None,
        )
        teach(encode, carrier, self.synapse)
