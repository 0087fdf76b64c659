"""Where encoders point, where learning turns them, and what neurons respond to.

The functions that take a simulator serve any ensemble, whatever rule teaches it, or none.
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
    """The direction in which each neuron of an ensemble is driven most, as learned so far.

    Parameters
    ----------
    sim : nengo.Simulator
        Not yet closed.
    ensemble : nengo.Ensemble
        An ensemble of this simulator, not in direct mode.

    Returns
    -------
    directions : (n_neurons, dimensions) ndarray
        Vectors of unit length. A neuron whose encoder or gain is zero prefers no
        direction: its row is NaN, which plots leave out.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the simulator does not keep its arrays as Nengo's own does, if the ensemble is
        in direct mode or no part of this simulator, or if its encoders hold NaN or
        infinity.
    nengo.exceptions.SimulatorClosed
        If the simulator is closed.

    Notes
    -----
    The encoders are those that the last step used. What a rule has learned in that step
    is added at the start of the next.

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
    """The steady activity of each neuron of an ensemble at given inputs, as learned so far.

    Unlike `nengo.utils.ensemble.tuning_curves`, it takes the encoders that the simulator
    holds now, not those that it started with.

    Parameters
    ----------
    sim, ensemble
        As for `preferred_directions`.
    inputs : (..., dimensions) array_like
        Vectors to represent, in the units of the radius; for instance the points of a
        `disc`.

    Returns
    -------
    activities : (..., n_neurons) ndarray
        What the neurons send at a constant input: hertz times amplitude, also of spike
        generators such as `nengo.PoissonSpiking`. Without noise, without adaptation, and
        without connections directly to the neurons.

    Raises
    ------
    nengo.exceptions.ValidationError
        As `preferred_directions`, or if the inputs are not of the ensemble's dimensions.
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
    # The scaled encoders contain the gain, which may be zero: no dividing by it.
    drive = inputs.reshape(-1, dimensions) @ scaled_encoders.T
    neuron_type = ensemble.neuron_type
    response = get_response(neuron_type)
    activities = response.compute_rates(neuron_type, drive, np.ones(n_neurons), bias)
    return activities.reshape(*inputs.shape[:-1], n_neurons)


def disc(n_points: int = 51, radius: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """A square grid of points of the plane, and which of them lie on a disc.

    Parameters
    ----------
    n_points : int, optional
        Points along each side of the square, at least 2.
    radius : float, optional
        Radius of the disc. The square encloses it.

    Returns
    -------
    points : (n_points, n_points, 2) ndarray
        Rows go along the second coordinate, from below, and columns along the first: as
        ``matplotlib.pyplot.contourf`` takes them, and ``imshow`` with
        ``origin="lower"``.
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
    # Whole numbers, so that the rim is not a matter of rounding.
    axis = np.arange(1 - n_points, n_points, 2)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    inside = np.sum(grid**2, axis=-1) <= (n_points - 1) ** 2
    return radius * (grid / (n_points - 1)), inside


def angle_to_axes(encoders: ArrayLike, axes: ArrayLike = DIAGONALS) -> np.ndarray:
    """Angle between each encoder and the nearest of some axes.

    An axis has no sign: an encoder along it, in either sense, has angle zero.

    Parameters
    ----------
    encoders : (..., n_neurons, dimensions) array_like
        Encoders of any length but zero.
    axes : (n_axes, dimensions) array_like, optional
        By default the diagonals of the plane, where the encoders of a multiplication
        network are best (Gosmann, 2015).

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
            f"Encoders have shape {encoders.shape} and axes {axes.shape}, but must have "
            "the same number of dimensions, their last",
            attr="axes",
        )
    cosine = np.abs(_directions(encoders) @ _directions(axes).T)
    return np.arccos(np.clip(cosine.max(axis=-1), 0, 1))


def alignment_angle(update: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Angle between two updates, each seen as one vector.

    For instance between the changes of the encoders by feedback alignment and by
    backpropagation. Below pi/2, a small step along the one goes downhill for the other
    too.

    Parameters
    ----------
    update, reference : (..., n_neurons, dimensions) array_like
        Updates of any length. Leading axes broadcast.

    Returns
    -------
    angle : (...) ndarray
        In radians, from 0 to pi; NaN where one of the two is zero throughout.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the two are not updates of the same neurons and dimensions.

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
            f"Updates have shapes {update.shape} and {reference.shape}, but must have the "
            "same neurons and dimensions, their last two axes",
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
    """How far each neuron is active for the targets that its feedback weights ask for.

    The covariance of a neuron's activity with each dimension of the target is a vector;
    with one-hot targets, it tells for which classes the neuron is more active than on
    average. The feedback weights of the neuron are another: its preferred direction of
    the error. The selectivity is the cosine between the two.

    Parameters
    ----------
    activities : (..., n_samples, n_neurons) array_like
        In any unit.
    targets : (..., n_samples, d_out) array_like
        One-hot vectors for a classification, not labels.
    feedback : (..., n_neurons, d_out) array_like
        Feedback weights.

    Returns
    -------
    selectivity : (..., n_neurons) ndarray
        From -1 to 1. At 1, a neuron is most active for the targets along its feedback
        weights; at -1, for the opposite ones. NaN for a neuron of constant activity or
        without feedback, and for constant targets.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the numbers of samples, neurons or target dimensions do not agree.

    Notes
    -----
    The covariances with one-hot targets sum to zero, so a neuron whose feedback weights
    do not sum to zero cannot reach 1. To compare nothing but classes, subtract from each
    row of the feedback its mean.

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
    """The scaled encoders and the biases that a simulator holds now."""
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
            "In direct mode there are no neurons. Give the ensemble another neuron_type.",
            attr="neuron_type",
            obj=ensemble,
        )
    scaled_encoders = np.array(signals[model.sig[ensemble]["encoders"]], dtype=float)
    if not np.all(np.isfinite(scaled_encoders)):
        raise ValidationError(
            f"The encoders of {ensemble} hold NaN or infinity. Lower the learning rate, "
            "or look for the input that causes it.",
            attr="encoders",
            obj=ensemble,
        )
    return scaled_encoders, np.array(signals[model.sig[ensemble.neurons]["bias"]])


def _directions(vectors, axis=-1):
    """Return the vectors at unit length, and NaN for zero and infinite ones."""
    length = np.linalg.norm(vectors, axis=axis, keepdims=True)
    nowhere = np.full(vectors.shape, np.nan)
    has_direction = (length > 0) & np.isfinite(length)
    return np.divide(vectors, length, out=nowhere, where=has_direction)


def _centered(samples):
    """Samples without their mean; exactly zero where they are all the same."""
    samples = samples - samples[..., :1, :]  # the mean alone may be off by rounding
    return samples - samples.mean(axis=-2, keepdims=True)
