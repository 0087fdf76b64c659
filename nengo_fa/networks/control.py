"""Control by feedback, together with neurons that learn to compensate for its errors."""

from collections.abc import Callable
from typing import Any

import nengo
import numpy as np
from nengo.exceptions import ValidationError
from nengo.params import Default
from nengo.processes import Process
from numpy.typing import ArrayLike

from nengo_fa.checks import check_count
from nengo_fa.networks.arm import TwoJointArm
from nengo_fa.networks.multiplication import make_learning_node
from nengo_fa.rules.learning_rules import Backprop, FeedbackAlignment
from nengo_fa.rules.params import FiniteParam


class ScaleError(Process):
    r"""Divides an error by the largest root mean square that it has had so far.

    Encoders have no unit, but errors have a unit, such as newton metres. After division by
    its scale, an error teaches encoders equally fast in any unit:

    .. math:: \frac{\vec\delta(t)}{s(t)}, \qquad
              s(t)^2 = \max_{u \le t} \frac 1 u \int_0^u \lVert\vec\delta\rVert^2

    The scale never decreases, so that updates become smaller as the error becomes smaller.
    `nengo.PES` does not need a scaled error, because its decoders have the unit of the error.

    Parameters
    ----------
    dimensions : int
        Dimensions of the error.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     error = nengo.Node([30.0, 40.0])
    ...     scaled = nengo.Node(nengo_fa.networks.ScaleError(2))
    ...     _ = nengo.Connection(error, scaled, synapse=None)
    ...     probe = nengo.Probe(scaled)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.01)
    >>> sim.data[probe][-1].tolist()
    [0.6, 0.8]
    """

    def __init__(self, dimensions: int) -> None:
        super().__init__(default_size_in=dimensions, default_size_out=dimensions)

    def make_state(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        dtype: Any | None = None,
    ) -> dict[str, np.ndarray]:
        return {name: np.zeros(1, dtype) for name in ("total", "count", "largest")}

    def make_step(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        rng: np.random.RandomState,
        state: Any,
    ) -> Callable:
        total, count, largest = (state[n] for n in ("total", "count", "largest"))

        def step_scaleerror(t, error):
            total[:] += error @ error
            count[:] += 1
            np.maximum(largest, total / count, out=largest)
            return error / np.sqrt(largest) if largest > 0 else error

        return step_scaleerror


class AdaptiveController(nengo.Network):
    r"""Proportional-derivative control with a population that learns the missing forces.

    The control signal is the sum of feedback control and the output of the population:

    .. math:: \vec u = K_p (\vec q^* - \vec q)
              + K_d (\dot{\vec q}^* - \dot{\vec q}) + D \, \vec a(\vec q, \dot{\vec q})

    Feedback control has to correct errors until the population compensates for all forces
    in a state, such as gravity and friction. The feedback part of the signal, times -1, is
    therefore the error of the population, from which decoders learn by `nengo.PES` and
    encoders by feedback alignment.

    Parameters
    ----------
    dimensions : int
        Number of joints or other degrees of freedom.
    proportional, derivative : float
        The gains :math:`K_p` and :math:`K_d`.
    center, spread : float or (2 * dimensions,) array_like, optional
        Mean and standard deviation of the expected positions, followed by those of the
        velocities. They scale the state to a length of about one, the radius of the
        population.
    n_neurons : int, optional
        Number of neurons in the population.
    neuron_type : nengo.neurons.NeuronType, optional
    encoder_rule : FeedbackAlignment or Backprop or None, optional
        Rule for the encoders, with ``size_in=dimensions``. None keeps them fixed. By
        default ``FeedbackAlignment(dimensions)``.
    decoder_rule : nengo.learning_rules.LearningRuleType or None, optional
        Rule for the decoders, which are zero initially. By default ``nengo.PES(1e-3)``.
    learning : float or callable or None, optional
        Factor on the error of both rules, as for `Multiplication`.
    synapse : nengo.synapses.Synapse or float, optional
        Filter from the neurons to the output.
    **kwargs
        Passed through to `nengo.Network`.

    Attributes
    ----------
    target, state : nengo.Node
        The inputs for desired and actual positions and velocities, (2 * dimensions,).
    output : nengo.Node
        The control signal, (dimensions,).
    error : nengo.Node
        The error of the population: the feedback part of the control signal, times -1.
    scaled_error : nengo.Node
        The error for the encoders, without a unit, from `ScaleError`.
    learning : nengo.Node
        The factor on both errors; a slider in Nengo GUI.
    population : nengo.Ensemble
        The neurons that learn.
    encode, decode : nengo.Connection
        The connections that learn.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a gain is not a finite number, if the numbers of means or deviations do not fit
        the state, or if a deviation is not above zero.

    Notes
    -----
    DeWolf, Stewart, Slotine and Eliasmith (2016), *A spiking neural model of adaptive arm
    control*, control an arm in this way with fixed encoders.

    Examples
    --------
    An arm has to hold a load that is unknown to its controller.

    >>> with nengo.Network(seed=1) as model:
    ...     target = nengo.Node([0.5, 1.0, 0.0, 0.0])
    ...     arm = nengo.Node(nengo_fa.networks.TwoJointArm(load=2.0))
    ...     controller = nengo_fa.networks.AdaptiveController(2, 40.0, 6.0)
    ...     _ = nengo.Connection(target, controller.target, synapse=None)
    ...     _ = nengo.Connection(arm, controller.state, synapse=None)
    ...     _ = nengo.Connection(controller.output, arm, synapse=0)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.1)
    """

    def __init__(
        self,
        dimensions: int,
        proportional: float,
        derivative: float,
        center: float | ArrayLike = 0.0,
        spread: float | ArrayLike = 1.0,
        n_neurons: int = 50,
        neuron_type: nengo.neurons.NeuronType = nengo.LIF(),
        encoder_rule: Backprop | FeedbackAlignment | None = Default,
        decoder_rule: nengo.learning_rules.LearningRuleType | None = Default,
        learning: Callable | float | None = 1.0,
        synapse: float | nengo.synapses.Synapse = 0.005,
        label: str | None = "AdaptiveController",
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, **kwargs)
        check_count("dimensions", dimensions)
        if encoder_rule is Default:
            encoder_rule = FeedbackAlignment(dimensions, learning_rate=3.0)
        if decoder_rule is Default:
            decoder_rule = nengo.PES(1e-3)
        scale = 1 / np.sqrt(2 * dimensions) / _check_spread(spread, dimensions)
        center = _broadcast("center", center, dimensions)
        gains = [
            FiniteParam(name).coerce(None, gain)
            for name, gain in (
                ("proportional", proportional),
                ("derivative", derivative),
            )
        ]
        with self:
            self.target = nengo.Node(size_in=2 * dimensions, label="target")
            self.state = nengo.Node(size_in=2 * dimensions, label="state")
            self.error = nengo.Node(size_in=dimensions, label="error")
            self.output = nengo.Node(size_in=dimensions, label="output")
            self.learning = make_learning_node(learning)
            for node, sign in ((self.target, -1), (self.state, 1)):
                transform = sign * np.kron([gains], np.eye(dimensions))
                nengo.Connection(node, self.error, transform=transform, synapse=None)
            nengo.Connection(self.error, self.output, transform=-1, synapse=None)

            self.population = nengo.Ensemble(
                n_neurons,
                2 * dimensions,
                neuron_type=neuron_type,
                seed=self.seed,  # the same neurons for all rules
                label="population",
            )
            center = nengo.Node(-scale * center, label="center")
            nengo.Connection(center, self.population, synapse=None)
            self.encode = nengo.Connection(
                self.state,
                self.population,
                transform=scale,
                synapse=None,
                learning_rule_type=encoder_rule,
                label="encode",
            )
            self.decode = nengo.Connection(
                self.population,
                self.output,
                function=_take_positions,
                solver=nengo.solvers.NoSolver(),
                synapse=synapse,
                learning_rule_type=decoder_rule,
                label="decode",
            )
            self._teach(dimensions)

    def _teach(self, dimensions):
        """Connect the gated error to both rules, and scale it for the encoders."""
        self.scaled_error = nengo.Node(ScaleError(dimensions), label="scaled error")
        nengo.Connection(self.error, self.scaled_error, synapse=None)
        for error, connection in (
            (self.error, self.decode),
            (self.scaled_error, self.encode),
        ):
            if connection.learning_rule is None:
                continue
            gate = nengo.Node(_gate, size_in=dimensions + 1, label="gated error")
            nengo.Connection(error, gate[:-1], synapse=None)
            nengo.Connection(self.learning, gate[-1], synapse=None)
            nengo.Connection(gate, connection.learning_rule, synapse=None)


def _take_positions(x):
    # only the size of the output matters, because decoders are zero initially
    return x[: len(x) // 2]


def _gate(t, x):
    return x[:-1] * x[-1]


def _broadcast(name, values, dimensions):
    """Return an array with a number for each entry of the state, or refuse the values."""
    try:
        values = np.broadcast_to(np.asarray(values, dtype=float), 2 * dimensions)
    except (TypeError, ValueError) as error:
        raise ValidationError(
            f"Must be a number, or {2 * dimensions} numbers, first for positions and then "
            f"for velocities (got {values!r})",
            attr=name,
        ) from error
    if not np.all(np.isfinite(values)):
        raise ValidationError(f"Must be finite (got {values!r})", attr=name)
    return values


def _check_spread(spread, dimensions):
    spread = _broadcast("spread", spread, dimensions)
    if not np.all(spread > 0):
        raise ValidationError(f"Must be above zero (got {spread!r})", attr="spread")
    return spread


class ControlledArm(nengo.Network):
    """An arm that follows a target under an adaptive controller.

    Parameters
    ----------
    arm : TwoJointArm, optional
    proportional, derivative, center, spread
        As for `AdaptiveController`. The defaults suit the default arm and movements of about
        40 degrees around a half-bent elbow, slightly slower than one movement per second.
    **kwargs
        Passed through to `AdaptiveController`; ``label`` and ``seed`` also to
        `nengo.Network`.

    Attributes
    ----------
    target : nengo.Node
        The input for two desired angles and two desired velocities.
    controller : AdaptiveController
    arm : nengo.Node
        The arm, whose output is two angles and two velocities; its third input is an
        additional load, in kg.
    error : nengo.Node
        Tracking error, actual minus desired angles, in rad.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     target = nengo.Node([0.5, 1.0, 0.0, 0.0])
    ...     arm = nengo_fa.networks.ControlledArm(nengo_fa.networks.TwoJointArm(load=1.0))
    ...     _ = nengo.Connection(target, arm.target, synapse=None)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.1)
    """

    def __init__(
        self,
        arm: TwoJointArm = TwoJointArm(),
        proportional: float = 40.0,
        derivative: float = 6.0,
        center: float | ArrayLike = (0.0, 1.2, 0.0, 0.0),
        spread: float | ArrayLike = (0.6, 0.6, 2.5, 2.5),
        label: str | None = "ControlledArm",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(label=label, seed=seed)
        with self:
            self.target = nengo.Node(size_in=4, label="target")
            self.error = nengo.Node(size_in=2, label="tracking error")
            self.arm = nengo.Node(arm, size_in=3, label="arm")
            self.controller = AdaptiveController(
                2, proportional, derivative, center, spread, seed=seed, **kwargs
            )
            nengo.Connection(self.target, self.controller.target, synapse=None)
            nengo.Connection(self.arm, self.controller.state, synapse=None)
            # a loop needs a delay, which is one time step here
            nengo.Connection(self.controller.output, self.arm[:2], synapse=0)
            nengo.Connection(self.arm[:2], self.error, synapse=None)
            nengo.Connection(self.target[:2], self.error, transform=-1, synapse=None)
