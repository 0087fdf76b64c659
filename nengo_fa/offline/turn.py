"""Learning rates that follow from the turn of the encoders in the first updates."""

import numpy as np
from nengo.rc import rc

from nengo_fa.offline.devices import to_numpy
from nengo_fa.rules.params import is_given

#: The default turn of a layer, in radians for each dimension, because random directions in
#: more dimensions are farther from a useful direction. The turn is smaller before decoders
#: that were solved for and lead to the next layer, because these decoders do not learn, and
#: would no longer fit encoders that turn farther.
TURN_PER_DIMENSION, TURN_BEFORE_DECODERS = 0.025, 0.003

#: The largest default turns: of the first layer, and of all other layers.
LARGEST_FIRST, LARGEST = np.pi / 2, 0.1

#: A turn that is small enough to be linear in the learning rate, in radians.
SMALL = 1e-4


def needs_rate(layer, turn):
    """Return whether the learning rate of a layer follows from a turn.

    It does if its rule has no learning rate; or, if a turn is given, unless the rate is zero.
    """
    rate = layer.rule.learning_rate
    return not is_given(rate) if turn is None else rate != 0


def get_default_turn(layer):
    """Return the default turn of a layer, in radians."""
    largest = LARGEST_FIRST if layer.is_first else LARGEST
    each = TURN_BEFORE_DECODERS if layer.before_decoders else TURN_PER_DIMENSION
    return min(largest, each * layer.encoders.shape[2])


def find_turn(layer, gradient):
    """Return the turn that an update makes with a learning rate of one, to first order.

    Parameters
    ----------
    layer : Layer
    gradient : (n_networks, n_neurons, dimensions) array
        Gradients in the input weights.

    Returns
    -------
    turn : (n_networks,) ndarray
        Change of the encoders divided by their length, root mean square over all encoders
        with a length above zero.
    """
    encoders, gradient = to_numpy(layer.encoders), to_numpy(gradient)
    # the rate must be small, because not every equation is linear in the learning rate
    plain = to_numpy(layer.scale)[:, :, None] * gradient
    plain = relative_change(plain, encoders)
    small = np.where(plain > 0, SMALL / np.where(plain > 0, plain, 1), 0)
    update = layer.find_update(layer.device.array(gradient), small)
    turn = relative_change(to_numpy(update), encoders)
    return np.where(plain > 0, turn / np.where(plain > 0, small, 1), 0)


def find_rates(layers, batches, turn=None):
    """Return the learning rates with which the first updates make a turn.

    Parameters
    ----------
    layers : sequence of Layer
    batches : iterable of sequence of (n_networks, n_neurons, dimensions) array
        Gradients in the input weights of these layers, for each batch.
    turn : float, optional
        In radians, root mean square over neurons. Default: `get_default_turn` of each
        layer. Several batches make this turn together if their directions are independent:
        it is the square root of the sum of the squares. If each small batch made this turn,
        encoders would wander too far.

    Returns
    -------
    rates : (n_layers, n_networks) ndarray
        Zero if encoders do not turn, because the error is zero, all neurons are silent, or
        encoders have a length of zero.
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
    """Return the largest error by rounding that a perfect network has for targets."""
    length = np.linalg.norm(y) / np.sqrt(np.size(y))
    return length * np.finfo(rc.float_dtype).eps ** 0.75


def relative_change(change, encoders):
    """Return the change of encoders divided by their length, root mean square over neurons.

    Both arrays are (..., n_neurons, dimensions). Encoders of length zero do not count.
    """
    lengths = np.linalg.norm(encoders, axis=-1)
    counts = lengths > 0
    changes = np.linalg.norm(change, axis=-1) / np.where(counts, lengths, np.inf)
    n_counted = np.maximum(1, counts.sum(axis=-1))
    return np.sqrt(np.sum(changes**2, axis=-1) / n_counted)
