r"""How the squared length u of an encoder changes with a constant gradient.

If the neuron does not turn, :math:`s = \langle \vec p, \vec g \rangle` is constant. If it
turns, its length along the gradient, :math:`q = \langle \vec p, \vec g \rangle / |\vec g|`,
follows :math:`\dot q = -\kappa \alpha |\vec g| (1 - q^2)`. With the homeostatic rule, this
equation gives

.. math:: 1 - u = (1 - u_0) \, \frac{1 - q^2}{1 - q_0^2} .

Encoders whose length is repelled from one turn, and their length finally approaches one,
unless :math:`q_0 > 1`.
"""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from nengo_fa.equations import encoder_update

RULES = ("homeostatic", "Taylor", "stabilized")

#: Initial length, and angle to the gradient in radians, of the neurons that turn.
STARTS = ((0.8, 0.15), (0.9, 0.6), (1.1, 0.6), (1.2, 0.8), (1.15, 0.4))

#: Length of a time step, in units of kappa alpha times the gradient.
STEP = 0.002


def predict_change(rule: str, u: np.ndarray, s: float) -> np.ndarray:
    r"""Return the velocity of the squared length, :math:`\dot u / (\kappa \alpha)`.

    Parameters
    ----------
    rule : {"homeostatic", "Taylor", "stabilized"}
        ``"Taylor"`` replaces :math:`1 / u` of the augmented gradient by :math:`2 - u`.
    u : ndarray
        Squared length.
    s : float
        Error times drive.

    Returns
    -------
    velocity : ndarray
    """
    factor: dict[str, Any] = {
        "homeostatic": 1,
        "Taylor": 1 - u,
        "stabilized": 1 - 2 * u if s > 0 else 1,
    }
    return -2 * s * (1 - u) * factor[rule]


def predict_turning(u: float, q: float, time: ArrayLike) -> np.ndarray:
    r"""Return the squared length of a homeostatic neuron that turns, in closed form.

    Parameters
    ----------
    u, q : float
        Initial squared length, and initial length along the gradient.
    time : (n,) array_like
        Times :math:`\kappa \alpha |\vec g|`.

    Returns
    -------
    u : (n,) ndarray
        Infinite after the length has diverged.
    """
    tanh = np.tanh(time)
    # of q = (q0 - tanh t) / (1 - q0 tanh t), which has a pole if q0 > 1
    denominator = 1 - q * tanh
    past = 1 - u
    with np.errstate(divide="ignore"):
        result = 1 - past * (1 - tanh**2) / denominator**2
    return np.where(denominator > 0, result, np.inf)


def make_phase_portrait(n_points: int = 13, duration: float = 6.0) -> xr.Dataset:
    """Predict and simulate velocities and trajectories of the squared length.

    Parameters
    ----------
    n_points : int, optional
        Number of lengths at which velocities are simulated.
    duration : float, optional
        Duration of the trajectories, in units of ``1 / (kappa alpha |g|)``.

    Returns
    -------
    data : xarray.Dataset
        ``velocity`` (rule, s, u), simulated; ``u`` and ``predicted`` (start, time) of
        homeostatic neurons that turn; ``stabilized`` (start, time), with the same starts.
    """
    u = np.linspace(0.1, 1.9, n_points)
    signs = np.array([-1.0, 1.0])
    velocity = np.array(
        [[_simulate_velocity(rule, u, s) for s in signs] for rule in RULES]
    )
    time = np.arange(0, duration, STEP)
    start = np.array(STARTS)
    encoders = start[:, :1] * np.stack(
        [np.cos(start[:, 1]), np.sin(start[:, 1])], axis=1
    )
    predicted = [
        predict_turning(length**2, length * np.cos(angle), time)
        for length, angle in STARTS
    ]
    paths = {rule: _simulate(rule, encoders, len(time)) for rule in RULES[::2]}
    every = slice(None, None, 10)
    return xr.Dataset(
        {
            "velocity": (("rule", "s", "u"), velocity),
            "homeostatic": (("start", "time"), paths["homeostatic"][:, every]),
            "stabilized": (("start", "time"), paths["stabilized"][:, every]),
            "predicted": (("start", "time"), np.array(predicted)[:, every]),
        },
        coords={
            "rule": np.array(RULES, dtype=object),
            "s": signs,
            "u": u,
            "time": time[every],
        },
        attrs={"title": "The length of one neuron under a constant gradient"},
    )


def _simulate_velocity(rule, u, s):
    """Return the velocity of squared lengths, for a gradient along the encoders."""
    encoders = np.sqrt(u)[:, np.newaxis] * np.array([1.0, 0.0])
    gradient = s * encoders / u[:, np.newaxis]
    if rule == "Taylor":
        moved = encoders - STEP * (gradient - (s * (2 - u))[:, np.newaxis] * encoders)
    else:
        moved = encoders + encoder_update(
            gradient, encoders, np.ones(len(u)), STEP, rule
        )
    # in the middle of the step, for second-order accuracy
    return np.sum((moved - encoders) * 2 * encoders, axis=1) / STEP


def _simulate(rule, encoders, n_steps):
    """Simulate squared lengths, (n_neurons, n_steps), for a gradient of length one."""
    gradient = np.tile([1.0, 0.0], (len(encoders), 1))
    gain = np.ones(len(encoders))
    squares = np.empty((len(encoders), n_steps))
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(n_steps):
            squares[:, step] = np.sum(encoders**2, axis=1)
            encoders = encoders + encoder_update(gradient, encoders, gain, STEP, rule)
    return np.where(np.isnan(squares), np.inf, squares)
