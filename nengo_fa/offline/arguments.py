"""Checks of the arguments of `.train`, with messages that name valid arguments."""

import reprlib
import warnings

import numpy as np
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import NengoWarning, ValidationError
from nengo.neurons import Direct
from nengo.solvers import LstsqL2, NoSolver, Solver
from nengo.utils.numpy import is_iterable, maxseed

from nengo_fa.checks import check_count, is_number_within
from nengo_fa.geometry import DIAGONALS
from nengo_fa.learned.frozen import get_solver
from nengo_fa.offline.devices import Device
from nengo_fa.offline.paths import transmit
from nengo_fa.offline.turn import LARGEST
from nengo_fa.online.network_checks import warn_of_far_values
from nengo_fa.rules.feedback import Feedback

#: Number of samples for which this is checked.
N_LOOKED_AT = 1000


def check_options(epochs, seed, callback, metrics, raise_interrupt):
    """Refuse options of the wrong type."""
    check_count("epochs", epochs, 0)
    check_seed(seed)
    if callback is not None and not callable(callback):
        raise ValidationError(f"Must be callable (got {callback!r})", attr="callback")
    if not isinstance(metrics, (bool, np.bool_)):
        raise ValidationError(
            f"Must be True or False (got {metrics!r}). All metrics are measured; the "
            "history contains them by name.",
            attr="metrics",
        )
    if not isinstance(raise_interrupt, (bool, np.bool_)):
        raise ValidationError(
            f"Must be True or False (got {raise_interrupt!r})", attr="raise_interrupt"
        )


def check_turn(turn, schedule):
    """Refuse a turn that is not an angle, and a schedule that is not a function."""
    if turn is not None and not is_number_within(turn, 0, np.inf):
        raise ValidationError(
            f"Must be an angle in radians, above zero, such as 0.1 (got {turn!r})",
            attr="turn",
        )
    if schedule is not None and not callable(schedule):
        raise ValidationError(
            "Must be a function of the number of finished epochs, such as "
            f"lambda epoch: 0.99**epoch (got {schedule!r})",
            attr="schedule",
        )


def warn_of_far_turn(turn):
    """Warn of a turn of more than a full circle."""
    if turn is not None and turn > 2 * np.pi:
        warnings.warn(
            f"turn={turn:g} radians is more than a full circle in the first update. After "
            f"such a turn, encoders have arbitrary directions; a usual turn is {LARGEST}.",
            NengoWarning,
        )


def find_factor(schedule, epoch):
    """Return the factor of all learning rates after a number of epochs."""
    if schedule is None:
        return 1.0
    factor = schedule(epoch)
    is_zero = np.ndim(factor) == 0 and factor == 0
    if not is_zero and not is_number_within(factor, 0, np.inf):
        raise ValidationError(
            "Must return the factor of the learning rates, a finite number that is not "
            f"negative (got {factor!r} for epoch {epoch})",
            attr="schedule",
        )
    return float(factor)


def wants_end(callback, history):
    """Return whether a callback ends the training."""
    answer = callback(history)
    try:
        return bool(answer)
    except ValueError as error:  # raised by arrays
        raise ValidationError(
            "Must return True to end the training, or else False or None (got "
            f"{reprlib.repr(answer)})",
            attr="callback",
        ) from error


def check_seed(seed):
    """Refuse an invalid seed."""
    if seed is not None:
        check_count("seed", seed, 0, maxseed)


def check_snapshots(snapshots, epochs):
    """Return the numbers of epochs after which encoders are recorded, a set of int."""
    if not is_iterable(snapshots):
        raise ValidationError(
            f"Must be numbers of epochs, such as [{snapshots!r}] (got {snapshots!r})",
            attr="snapshots",
        )
    snapshots = {check_count("snapshots", epoch, 0) for epoch in snapshots}
    late = sorted(epoch for epoch in snapshots if epoch > epochs)
    if late:
        warnings.warn(
            f"There will be no snapshots {reprlib.repr(late)}, because training ends after "
            f"{epochs} epochs. Omit these numbers, or give epochs={late[-1]}.",
            NengoWarning,
        )
    return snapshots


def check_device(name, presentation_time, dt):
    """Return the device to compute on, by its name."""
    check_presentation(presentation_time, dt)
    device = Device(name)
    if presentation_time is not None and device.name != "cpu":
        raise ValidationError(
            "Nengo computes measured activities with NumPy: use device='cpu', or no "
            "presentation_time",
            attr="device",
        )
    return device


def check_presentation(presentation_time, dt):
    """Refuse an invalid time for measuring activities."""
    if presentation_time is None:
        return
    for name, value, low in ("dt", dt, 0), ("presentation_time", presentation_time, dt):
        if not is_number_within(value, low, np.inf):
            raise ValidationError(
                f"Must be a number of seconds above {low} (got {value!r})", attr=name
            )


def check_layers(path, device, presentation_time):
    """Refuse what cannot be computed on a device, and noise that samples cannot have."""
    for stage in path.stages:
        kind = getattr(stage.rule, "feedback", None)
        if isinstance(kind, Feedback) and device.name != "cpu":
            raise ValidationError(
                f"Feedback weights that follow the forward weights, such as {kind}, are "
                "computed with NumPy: use device='cpu', or fixed feedback weights",
                attr="device",
            )
    check_noise(path.ensembles, presentation_time)
    return path


def check_noise(ensembles, presentation_time):
    """Refuse noise that samples cannot have, and warn of noise that rates do not include."""
    for ensemble in ensembles:
        if ensemble.noise is not None:
            _check_noise(ensemble, presentation_time)


def _check_noise(ensemble, presentation_time):
    if isinstance(ensemble.neuron_type, Direct):
        raise ValidationError(
            f"{ensemble} adds noise to the values that it represents, which training does "
            "not include. Add noise to the samples, and remove it from the ensemble.",
            attr="noise",
            obj=ensemble,
        )
    if presentation_time is None:
        warnings.warn(
            f"{ensemble} has noise, but the rates of its neurons are computed without "
            "noise, as when Nengo solves for decoders. To include the noise, measure "
            "activities by giving a presentation_time.",
            NengoWarning,
        )


def warn_of_far_samples(model, connection, x):
    """Warn of samples for which the neurons that they reach are silent or saturated.

    The samples, (n_samples, size_in), enter at the beginning of the connection.
    """
    ensemble = connection.post_obj
    if not isinstance(ensemble, Ensemble) or isinstance(ensemble.neuron_type, Direct):
        return
    values = transmit(model, connection, x[:N_LOOKED_AT])
    warn_of_far_values(
        ensemble,
        values,
        "samples",
        "Scale the samples with "
        f"nengo_fa.datasets.Scaling.fit(x, length={ensemble.radius:g}), which can be "
        f"the function of {connection}",
    )


def check_solver(solver, connection):
    """Return the solver for the decoders of a connection: the given one, or its own."""
    if solver is None:
        solver = get_solver(connection)
        if isinstance(solver, NoSolver):
            solver = LstsqL2()
    if not isinstance(solver, Solver) or isinstance(solver, NoSolver):
        raise ValidationError(
            f"Must be a least-squares solver, such as nengo.solvers.LstsqL2() (got "
            f"{solver!r})",
            attr="solver",
        )
    if solver.weights:
        raise ValidationError(
            f"Must solve for decoders, but {solver} has weights=True and solves for "
            "full connection weights. Use weights=False.",
            attr="solver",
        )
    return solver


def check_axes(axes, path):
    """Return the axes to which angles are recorded, (n_axes, dimensions)."""
    if axes is None:
        return DIAGONALS
    axes = _as_real("axes", axes)
    ensembles = [stage.ensemble for stage in path.stages]
    dimensions = [ensemble.dimensions for ensemble in ensembles]
    if axes.ndim != 2 or axes.shape[1] not in dimensions:
        raise ValidationError(
            f"Must have shape (n_axes, {' or '.join(map(str, dimensions))}), the "
            f"dimensions of {', '.join(map(str, ensembles))} (got {axes.shape})",
            attr="axes",
        )
    if len(axes) == 0 or not np.all(np.any(axes, axis=1)):
        raise ValidationError(
            "There must be at least one axis, and all lengths must be above zero",
            attr="axes",
        )
    return axes


def check_arrays(name, pair, path):
    """Return a pair of samples, ndarrays x and y, that fit a network."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValidationError("Must be a pair of arrays, (x, y)", attr=name)
    return check_samples(*pair, path, f"{name} ")


def check_samples(x, y, path, kind=""):
    """Return the samples of one network, ndarrays x and y."""
    x = check_input(x, path.encode, f"{kind}x")
    y = check_array(f"{kind}y", y, path.decode.size_out, f"the output of {path.decode}")
    if len(x) != len(y):
        raise ValidationError(
            f"Must have the same number of samples (rows), but {kind}x has {len(x)} and "
            f"{kind}y has {len(y)}",
            attr=f"{kind}y",
        )
    return x, y


def check_number(n_samples, batch_size, path, solver):
    """Refuse empty batches, and decoders that could fit any targets."""
    if batch_size is not None:
        check_count("batch_size", batch_size, 1, n_samples)
    n_neurons = path.stages[-1].ensemble.n_neurons
    if n_samples >= n_neurons:
        return
    problem = (
        f"There are fewer samples than neurons ({n_samples} and {n_neurons}), so that "
        "decoders could fit them with any encoders. Give at least as many samples as neurons"
    )
    if not _is_regularized(solver):
        raise ValidationError(
            f"{problem}, or a regularized solver, such as nengo.solvers.LstsqL2().",
            attr="x",
        )
    warnings.warn(
        f"{problem}, or hold out some samples with validation=..., and so keep the best epoch.",
        NengoWarning,
    )


def _is_regularized(solver):
    """Return whether a solver of Nengo, or a similar one, keeps decoders small."""
    return any(getattr(solver, name, 0) for name in ("reg", "l1", "l2", "noise"))


def check_input(x, connection, name="x"):
    """Return the samples that enter at the beginning of a connection, as an ndarray."""
    pre = connection.pre_obj
    size_in = pre.ensemble.size_in if isinstance(pre, Neurons) else pre.size_out
    return check_array(name, x, size_in, f"the values that {pre} sends or represents")


def check_array(name, values, size, meaning):
    """Return values as an ndarray of real numbers, (n_samples, size)."""
    array = _as_real(name, values)
    if array.ndim != 2 or array.shape[1] != size or len(array) == 0:
        hint = ""
        if array.ndim == 1 and size == 1:
            hint = f". Give np.reshape({name}, (-1, 1))"
        elif array.shape == (0, size):
            hint = ". Give at least one sample"
        raise ValidationError(
            f"Must have shape (n_samples, {size}), with a row for each sample of "
            f"{meaning} (got {array.shape}){hint}",
            attr=name,
        )
    return array


def _as_real(name, values):
    try:
        array = np.asarray(values)
        # single precision is kept, so that large data are not copied
        kind = array.dtype if array.dtype == np.float32 else float
        array = array.astype(kind, casting="same_kind", copy=False)
    except (TypeError, ValueError) as error:
        raise ValidationError("Must be an array of real numbers", attr=name) from error
    if not np.all(np.isfinite(array)):
        raise ValidationError(
            "Must be finite, but contains NaN or infinity. Remove these samples, or replace "
            "the values",
            attr=name,
        )
    return array
