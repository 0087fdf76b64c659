"""A simulated two-joint arm, as a body for controllers that learn."""

from collections.abc import Callable
from math import cos, sin, tanh
from typing import Any

import numpy as np
from nengo.exceptions import SimulationError, ValidationError
from nengo.params import NdarrayParam
from nengo.processes import Process
from numpy.typing import ArrayLike

from nengo_fa.rules.params import FiniteParam

#: Velocity beyond which dry friction is nearly complete, in rad/s.
CREEP = 0.1


class TwoJointArm(Process):
    r"""A planar arm with two joints, which moves in a vertical plane.

    The inputs are the torques of both joints; the outputs are both angles and both
    velocities. The links are uniform rods, and the load is a point mass in the hand:

    .. math:: M(\vec q) \, \ddot{\vec q} + \vec c(\vec q, \dot{\vec q}) + \vec g(\vec q)
              + b \, \dot{\vec q} + f \tanh(\dot{\vec q} / v) = \vec \tau

    Parameters
    ----------
    load : float, optional
        Mass in the hand, in kg. The optional third input is added to it.
    masses, lengths : (2,) array_like, optional
        Masses and lengths of the upper arm and the forearm, in kg and m.
    gravity : float, optional
        Gravitational acceleration in m/s². Use zero for an arm that moves on a table.
    damping : float, optional
        Viscous friction of each joint, in N m s.
    friction : float, optional
        Dry friction of each joint, in N m.
    max_torque : float, optional
        Largest torque of the muscles of each joint, in N m.
    start : (2,) array_like, optional
        Initial angles in rad. The arm is at rest initially.

    Raises
    ------
    nengo.exceptions.ValidationError
        If a mass, a length or a friction is negative, or a number is not finite.
    nengo.exceptions.SimulationError
        If time steps are too long for the arm, so that its velocity becomes infinite.

    Notes
    -----
    The first angle is that of the upper arm above the horizontal, the second that of the
    forearm relative to the upper arm. Torques are constant within a time step, over which
    the equations (Spong, Hutchinson & Vidyasagar, 2006, *Robot Modeling and Control*,
    section 7.4) are integrated by a fourth-order Runge-Kutta method. The output is the state
    at the end of the step. A feedback loop needs a synapse; ``synapse=0`` delays by one time
    step.

    Examples
    --------
    Without torques, the arm falls:

    >>> with nengo.Network() as model:
    ...     arm = nengo.Node(nengo_fa.networks.TwoJointArm())
    ...     state = nengo.Probe(arm)
    >>> with nengo.Simulator(model, progress_bar=False) as sim:
    ...     sim.run(0.1)
    >>> bool(sim.data[state][-1, 0] < 0)
    True
    """

    load: Any = FiniteParam("load", low=0)
    masses = NdarrayParam("masses", shape=(2,))
    lengths = NdarrayParam("lengths", shape=(2,))
    gravity: Any = FiniteParam("gravity", low=0)
    damping: Any = FiniteParam("damping", low=0)
    friction: Any = FiniteParam("friction", low=0)
    max_torque: Any = FiniteParam("max_torque", low=0)
    start = NdarrayParam("start", shape=(2,))

    def __init__(
        self,
        load: float = 0.0,
        masses: ArrayLike = (2.0, 1.5),
        lengths: ArrayLike = (0.3, 0.3),
        gravity: float = 9.81,
        damping: float = 0.3,
        friction: float = 0.5,
        max_torque: float = 50.0,
        start: ArrayLike = (0.0, 0.0),
    ) -> None:
        super().__init__(default_size_in=2, default_size_out=4)
        self.load = load
        self.masses = masses
        self.lengths = lengths
        self.gravity = gravity
        self.damping = damping
        self.friction = friction
        self.max_torque = max_torque
        self.start = start
        for name in ("masses", "lengths"):
            if not np.all(getattr(self, name) > 0):
                raise ValidationError("Must be above zero", attr=name, obj=self)
        if not np.all(np.isfinite([*self.masses, *self.lengths, *self.start])):
            raise ValidationError(
                "Masses, lengths and angles must be finite", attr="start", obj=self
            )

    def make_state(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        dtype: Any | None = None,
    ) -> dict[str, np.ndarray]:
        return {"state": np.array([*self.start, 0.0, 0.0], dtype=dtype)}

    def make_step(
        self,
        shape_in: tuple[int, ...],
        shape_out: tuple[int, ...],
        dt: float,
        rng: np.random.RandomState,
        state: Any,
    ) -> Callable:
        if shape_in not in ((2,), (3,)) or shape_out != (4,):
            raise ValidationError(
                "The node of an arm must have size_out=4, and size_in=2, or 3 with an "
                f"additional load (got {shape_in[0]} and {shape_out[0]})",
                attr="size_in",
                obj=self,
            )
        state = state["state"]

        def step_arm(t, x):
            torque = np.clip(x[:2], -self.max_torque, self.max_torque)
            accelerate = self.make_acceleration(self.load + float(x[2:].sum()))
            try:
                state[:] = _step(accelerate, state.tolist(), torque.tolist(), dt)
            except (OverflowError, ValueError) as error:  # from infinite values
                raise SimulationError(
                    f"The arm became infinitely fast: time steps of {dt} s are too long for "
                    "its load, its masses and the gains of its controller. Use a smaller dt."
                ) from error
            return state

        return step_arm

    def make_acceleration(self, load: float) -> Callable:
        """Return the equations of motion with a load.

        Parameters
        ----------
        load : float
            Load in kg. A negative load counts as zero.

        Returns
        -------
        accelerate : callable
            Function of angles, velocities and torques, six numbers, that returns two
            accelerations in rad/s².
        """
        load = max(load, 0.0)
        (m1, m2), (l1, l2) = self.masses.tolist(), self.lengths.tolist()
        # second and first moment of the forearm about the elbow
        second = (m2 / 3 + load) * l2**2
        first = (m2 / 2 + load) * l2
        upper = (m1 / 3 + m2 + load) * l1**2
        weight = self.gravity * (m1 / 2 + m2 + load) * l1
        b, f = self.damping, self.friction

        def accelerate(q1, q2, v1, v2, torque1, torque2):
            m12 = second + l1 * first * cos(q2)
            m11 = upper + 2 * m12 - second
            turn = l1 * first * sin(q2)
            lift = self.gravity * first * cos(q1 + q2)
            torque1 -= weight * cos(q1) + lift + b * v1 + f * tanh(v1 / CREEP)
            torque2 -= lift + b * v2 + f * tanh(v2 / CREEP)
            torque1 += turn * (2 * v1 + v2) * v2
            torque2 -= turn * v1**2
            determinant = m11 * second - m12**2
            return (
                (second * torque1 - m12 * torque2) / determinant,
                (m11 * torque2 - m12 * torque1) / determinant,
            )

        return accelerate


def _step(accelerate, state, torque, dt):
    """Return angles and velocities a time step later (Runge-Kutta, fourth order)."""
    slopes, at = [], state
    for fraction in (0.5, 0.5, 1.0, None):
        slopes.append((at[2], at[3], *accelerate(*at, *torque)))
        if fraction is not None:
            at = [x + fraction * dt * v for x, v in zip(state, slopes[-1])]
    return [
        x + dt / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(state, *slopes)
    ]
