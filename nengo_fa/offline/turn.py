"""Learning rates, as the turn of the encoders that they make in the first updates."""

import numpy as np
from nengo.rc import rc

from nengo_fa.offline.devices import to_numpy
from nengo_fa.rules.params import is_given

#: The turn of a layer where neither it nor a learning rate is given, in radians for each
#: dimension: directions that are drawn at random are the farther from any that is wanted,
#: the more dimensions there are. Decoders that were solved for, and lead on to the next
#: layer, stand still, and would no longer fit encoders that turn farther.
TURN_PER_DIMENSION, TURN_BEFORE_DECODERS = 0.025, 0.003

#: The largest turn by default: of the first layer, and of all others.
LARGEST_FIRST, LARGEST = np.pi / 2, 0.1

#: A turn that is small enough to be linear in the learning rate, in radians.
SMALL = 1e-4


def needs_rate(layer, turn):
    """Return whether the learning rate of a layer is to be found.

    That is so if its rule was given none; with a turn, unless it is not to learn at all.
    """
    rate = layer.rule.learning_rate
    return not is_given(rate) if turn is None else rate != 0


def get_default_turn(layer):
    """Return the turn of a layer, in radians, where none is given."""
    largest = LARGEST_FIRST if layer.is_first else LARGEST
    each = TURN_BEFORE_DECODERS if layer.before_decoders else TURN_PER_DIMENSION
    return min(largest, each * layer.encoders.shape[2])


def find_turn(layer, gradient):
    """Return the turn that an update makes with a learning rate of one, to first order.

    Parameters
    ----------
    layer : Layer
    gradient : (n_networks, n_neurons, dimensions) array
        In the input weights.

    Returns
    -------
    turn : (n_networks,) ndarray
        Change over length of each encoder that has a length, root mean square.
    """
    encoders, gradient = to_numpy(layer.encoders), to_numpy(gradient)
    # not every equation is linear in the learning rate, so it has to be small
    plain = to_numpy(layer.scale)[:, :, None] * gradient
    plain = relative_change(plain, encoders)
    small = np.where(plain > 0, SMALL / np.where(plain > 0, plain, 1), 0)
    update = layer.find_update(layer.device.array(gradient), small)
    turn = relative_change(to_numpy(update), encoders)
    return np.where(plain > 0, turn / np.where(plain > 0, small, 1), 0)


def find_rates(layers, batches, turn=None):
    """Return the learning rates with which updates turn encoders so far.

    Parameters
    ----------
    layers : sequence of Layer
    batches : iterable of sequence of (n_networks, n_neurons, dimensions) array
        Gradients in the input weights of these layers, for each batch.
    turn : float, optional
        In radians, root mean square over neurons. Default: `get_default_turn` of each
        layer. Of several batches it is the turn that they make together if they point in
        independent directions: the root of the sum of the squares. For each batch alone,
        small batches would wander too far.

    Returns
    -------
    rates : (n_layers, n_networks) ndarray
        Zero where nothing turns: the error is zero, all neurons are silent,
        or encoders have no length.
    """
    squares = [
        [find_turn(layer, gradient) ** 2 for layer, gradient in zip(layers, gradients)]
        for gradients in batches
    ]
    turns = [get_default_turn(layer) if turn is None else turn for layer in layers]
    with np.errstate(divide="ignore", over="ignore"):
        rates = np.array(turns)[:, None] / np.sqrt(np.sum(squares, axis=0))
    return np.where(np.isfinite(rates), rates, 0)


def find_rounding(y):
    """The error for targets that rounding leaves at most, if a network is perfect."""
    length = np.linalg.norm(y) / np.sqrt(np.size(y))
    return length * np.finfo(rc.float_dtype).eps ** 0.75


def relative_change(change, encoders):
    """Root mean square over neurons of the change of encoders over their length.

    Both are (..., n_neurons, dimensions) ndarray. Encoders of length zero do not count.
    """
    lengths = np.linalg.norm(encoders, axis=-1)
    counts = lengths > 0
    changes = np.linalg.norm(change, axis=-1) / np.where(counts, lengths, np.inf)
    n_counted = np.maximum(1, counts.sum(axis=-1))
    return np.sqrt(np.sum(changes**2, axis=-1) / n_counted)
