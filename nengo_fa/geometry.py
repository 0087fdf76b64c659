"""Preferred directions, their changes during learning, and tuning curves.

The functions that take a simulator work for any ensemble, with any learning rule or none.
"""

import nengo
import numpy as np
from nengo.ensemble import Ensemble
from nengo.exceptions import ValidationError
from nengo.neurons import Direct
from nengo.utils.numpy import is_integer
from numpy.typing import ArrayLike

from nengo_fa.learned import get_live_signals
from nengo_fa.rules.responses import get_response

#: The axes that the encoders of a multiplication network should lie along.
DIAGONALS = ((1, 1), (1, -1))


def preferred_directions(sim: nengo.Simulator, ensemble: nengo.Ensemble) -> np.ndarray:
    """Return the current preferred direction of each neuron of an ensemble.

    Parameters
    ----------
    sim : nengo.Simulator
        An open simulator.
    ensemble : nengo.Ensemble
        An ensemble of this simulator, not in direct mode.

    Returns
    -------
    directions : (n_neurons, dimensions) ndarray
        Vectors of unit length. A neuron whose encoder or gain is zero has no preferred
        direction; its row is NaN, which plots omit.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the simulator does not keep its arrays like Nengo's simulator, if the ensemble is
        in direct mode or not part of this simulator, or if its encoders contain NaN or
        infinity.
    nengo.exceptions.SimulatorClosed
        If the simulator is closed.

    Notes
    -----
    These are the encoders that the last step used. The change from this step is added at
    the start of the next step.

    Examples
    --------
    >>> from nengo_fa.geometry import preferred_directions
    >>> with nengo.Network(seed=1) as network:
    ...     ensemble = nengo.Ensemble(2, 2, encoders=[[3, 4], [0, -2]])
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     directions = preferred_directions(sim, ensemble)
    >>> directions.round(3)
    array([[ 0.6,  0.8],
           [ 0. , -1. ]])
    """
    scaled_encoders, _ = _live_parameters(sim, ensemble)
    return _directions(scaled_encoders)


def tuning_curves(
    sim: nengo.Simulator, ensemble: nengo.Ensemble, inputs: ArrayLike
) -> np.ndarray:
    """Return the current steady activity of each neuron of an ensemble at given inputs.

    Unlike `nengo.utils.ensemble.tuning_curves`, this function uses the current encoders of
    the simulator, not the initial encoders.

    Parameters
    ----------
    sim, ensemble
        As for `preferred_directions`.
    inputs : (..., dimensions) array_like
        Represented vectors, in the units of the radius; for instance the points of a `disc`.

    Returns
    -------
    activities : (..., n_neurons) ndarray
        Output of the neurons at a constant input, in hertz times amplitude (also for spike
        generators such as `nengo.PoissonSpiking`), without noise, adaptation, and
        connections directly to the neurons.

    Raises
    ------
    nengo.exceptions.ValidationError
        As `preferred_directions`, or if the dimensions of inputs and ensemble differ.
    nengo.exceptions.SimulatorClosed
        If the simulator is closed.

    Examples
    --------
    >>> from nengo_fa.geometry import tuning_curves
    >>> with nengo.Network(seed=1) as network:
    ...     ensemble = nengo.Ensemble(
    ...         2,
    ...         1,
    ...         neuron_type=nengo.RectifiedLinear(),
    ...         encoders=[[1], [-1]],
    ...         max_rates=[100, 200],
    ...         intercepts=[0, 0],
    ...     )
    >>> with nengo.Simulator(network, progress_bar=False) as sim:
    ...     tuning_curves(sim, ensemble, [[-1], [0], [0.5]])
    array([[  0., 200.],
           [  0.,   0.],
           [ 50.,   0.]])
    """
    scaled_encoders, bias = _live_parameters(sim, ensemble)
    n_neurons, dimensions = scaled_encoders.shape
    inputs = np.asarray(inputs, dtype=float)
    if inputs.shape[-1:] != (dimensions,):
        raise ValidationError(
            f"Inputs have shape {inputs.shape}, but their last axis must be the "
            f"{dimensions} dimensions of the ensemble. For scalars, give "
            "inputs[..., np.newaxis].",
            attr="inputs",
            obj=ensemble,
        )
    # The scaled encoders contain the gain, which may be zero, so do not divide by it.
    drive = inputs.reshape(-1, dimensions) @ scaled_encoders.T
    neuron_type = ensemble.neuron_type
    response = get_response(neuron_type)
    activities = response.compute_rates(neuron_type, drive, np.ones(n_neurons), bias)
    return activities.reshape(*inputs.shape[:-1], n_neurons)


def disc(n_points: int = 51, radius: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return a square grid of points in the plane, and which of them lie on a disc.

    Parameters
    ----------
    n_points : int, optional
        Points along each side of the square, at least 2.
    radius : float, optional
        Radius of the disc. The square encloses it.

    Returns
    -------
    points : (n_points, n_points, 2) ndarray
        The second coordinate increases along the rows, and the first along the columns, as
        for ``matplotlib.pyplot.contourf``, and for ``imshow`` with ``origin="lower"``.
    inside : (n_points, n_points) ndarray of bool
        True on the disc and its rim.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there are fewer than 2 points, or the radius is not positive.

    Examples
    --------
    >>> from nengo_fa.geometry import disc
    >>> points, inside = disc(3, radius=2)
    >>> points[2, 0]
    array([-2.,  2.])
    >>> inside.astype(int)
    array([[0, 1, 0],
           [1, 1, 1],
           [0, 1, 0]])
    """
    if not is_integer(n_points) or n_points < 2:
        raise ValidationError(
            f"Must be an integer, at least 2 (got {n_points!r})", attr="n_points"
        )
    if not 0 < radius < np.inf:
        raise ValidationError(
            f"Must be positive and finite (got {radius})", attr="radius"
        )
    # Integers, so that the rim does not depend on rounding.
    axis = np.arange(1 - n_points, n_points, 2)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    inside = np.sum(grid**2, axis=-1) <= (n_points - 1) ** 2
    return radius * (grid / (n_points - 1)), inside


def angle_to_axes(encoders: ArrayLike, axes: ArrayLike = DIAGONALS) -> np.ndarray:
    """Return the angle between each encoder and the nearest of several axes.

    An axis has no sign: an encoder along it, in either direction, has angle zero.

    Parameters
    ----------
    encoders : (..., n_neurons, dimensions) array_like
        Encoders of any length except zero.
    axes : (n_axes, dimensions) array_like, optional
        By default, the diagonals of the plane, which are the best directions for the
        encoders of a multiplication network (Gosmann, 2015).

    Returns
    -------
    angle : (..., n_neurons) ndarray
        In radians, from 0 to pi/2. For directions drawn at random in the plane, the
        angle to the nearest diagonal is pi/8 = 0.39 on average.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the dimensions do not agree.

    Examples
    --------
    >>> from nengo_fa.geometry import angle_to_axes
    >>> angle_to_axes([[1, 1], [-2, 2], [1, 0]]).round(3)
    array([0.   , 0.   , 0.785])
    """
    encoders = np.asarray(encoders, dtype=float)
    axes = np.asarray(axes, dtype=float)
    if encoders.shape[-1:] != axes.shape[-1:]:
        raise ValidationError(
            f"Encoders have shape {encoders.shape} and axes {axes.shape}, but their last "
            "axis must have the same number of dimensions",
            attr="axes",
        )
    cosine = np.abs(_directions(encoders) @ _directions(axes).T)
    return np.arccos(np.clip(cosine.max(axis=-1), 0, 1))


def alignment_angle(update: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Return the angle between two updates, each regarded as a single vector.

    For instance, this is the angle between the changes of the encoders by feedback
    alignment and by backpropagation. If it is below pi/2, a small step along one update
    also reduces the error that the other update reduces.

    Parameters
    ----------
    update, reference : (..., n_neurons, dimensions) array_like
        Updates of any length. Leading axes broadcast.

    Returns
    -------
    angle : (...) ndarray
        In radians, from 0 to pi; NaN if all entries of one update are zero.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the updates do not have the same neurons and dimensions.

    Examples
    --------
    >>> from nengo_fa.geometry import alignment_angle
    >>> gradient = np.array([[1, 0], [0, 1]])
    >>> alignment_angle([[[2, 0], [0, 2]], [[1, 0], [0, -1]]], gradient).round(3)
    array([0.   , 1.571])
    """
    update = np.asarray(update, dtype=float)
    reference = np.asarray(reference, dtype=float)
    if update.ndim < 2 or update.shape[-2:] != reference.shape[-2:]:
        raise ValidationError(
            f"Updates have shapes {update.shape} and {reference.shape}, but their last two "
            "axes must have the same neurons and dimensions",
            attr="reference",
        )
    u = _directions(update, axis=(-2, -1))
    v = _directions(reference, axis=(-2, -1))
    # The arccosine of <u, v> would lose half of the digits of a small angle.
    opposite = np.linalg.norm(u - v, axis=(-2, -1))
    adjacent = np.linalg.norm(u + v, axis=(-2, -1))
    return 2 * np.arctan2(opposite, adjacent)


def selectivity(
    activities: ArrayLike, targets: ArrayLike, feedback: ArrayLike
) -> np.ndarray:
    """Return how well the activity of each neuron agrees with its feedback weights.

    The covariances of a neuron's activity with each dimension of the target form a vector;
    with one-hot targets, it shows for which classes the neuron is more active than on
    average. The feedback weights of the neuron, its preferred error direction, form another
    vector. The selectivity is the cosine between these two vectors.

    Parameters
    ----------
    activities : (..., n_samples, n_neurons) array_like
        Activities in any unit.
    targets : (..., n_samples, d_out) array_like
        One-hot vectors for a classification, not labels.
    feedback : (..., n_neurons, d_out) array_like
        Feedback weights.

    Returns
    -------
    selectivity : (..., n_neurons) ndarray
        From -1 to 1. At 1, a neuron is most active for targets along its feedback weights;
        at -1, it is most active for the opposite targets. NaN for a neuron with constant
        activity or without feedback weights, and for constant targets.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the numbers of samples, neurons or target dimensions do not agree.

    Notes
    -----
    The covariances with one-hot targets sum to zero, so a neuron whose feedback weights
    do not sum to zero cannot reach 1. To compare only classes, subtract the mean from each
    row of the feedback weights.

    Examples
    --------
    >>> from nengo_fa.geometry import selectivity
    >>> targets = np.eye(2)[[0, 1, 0, 1]]
    >>> activities = [[90, 10], [20, 70], [80, 10], [30, 60]]
    >>> selectivity(activities, targets, feedback=[[1, -1], [1, -1]]).round(3)
    array([ 1., -1.])
    """
    activities = np.asarray(activities, dtype=float)
    targets = np.asarray(targets, dtype=float)
    feedback = np.asarray(feedback, dtype=float)
    if (
        min(activities.ndim, targets.ndim) < 2
        or activities.shape[-2] != targets.shape[-2]
        or feedback.shape[-2:] != (activities.shape[-1], targets.shape[-1])
    ):
        raise ValidationError(
            f"Activities have shape {activities.shape}, targets {targets.shape} and "
            f"feedback {feedback.shape}, but must have (..., n_samples, n_neurons), "
            "(..., n_samples, d_out) and (..., n_neurons, d_out)",
            attr="feedback",
        )
    covariance = np.swapaxes(_centered(activities), -1, -2) @ _centered(targets)
    cosine = np.sum(_directions(covariance) * _directions(feedback), axis=-1)
    return np.clip(cosine, -1, 1)


def _live_parameters(sim, ensemble):
    """Return the current scaled encoders and biases of a simulator."""
    signals, model = get_live_signals(sim)
    if not isinstance(ensemble, Ensemble):
        raise ValidationError(
            f"Must be a nengo.Ensemble (got {type(ensemble).__name__})", attr="ensemble"
        )
    if ensemble not in model.sig:
        raise ValidationError(
            f"{ensemble} is not part of this simulator. Give an ensemble of the network "
            "that the simulator was built from.",
            attr="ensemble",
        )
    if isinstance(ensemble.neuron_type, Direct):
        raise ValidationError(
            "An ensemble in direct mode has no neurons. Give it another neuron_type.",
            attr="neuron_type",
            obj=ensemble,
        )
    scaled_encoders = np.array(signals[model.sig[ensemble]["encoders"]], dtype=float)
    if not np.all(np.isfinite(scaled_encoders)):
        raise ValidationError(
            f"The encoders of {ensemble} contain NaN or infinity. Lower the learning rate, "
            "or look for the input that causes these values.",
            attr="encoders",
            obj=ensemble,
        )
    return scaled_encoders, np.array(signals[model.sig[ensemble.neurons]["bias"]])


def _directions(vectors, axis=-1):
    """Return vectors scaled to unit length, and NaN for zero and infinite vectors."""
    length = np.linalg.norm(vectors, axis=axis, keepdims=True)
    nowhere = np.full(vectors.shape, np.nan)
    has_direction = (length > 0) & np.isfinite(length)
    return np.divide(vectors, length, out=nowhere, where=has_direction)


def _centered(samples):
    """Return samples minus their mean; exactly zero if all samples are equal."""
    samples = samples - samples[..., :1, :]  # the mean alone may have rounding errors
    return samples - samples.mean(axis=-2, keepdims=True)
