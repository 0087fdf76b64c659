"""The errors of the first of two hidden layers, and the part its neurons can use."""

import numpy as np

from nengo_fa.equations import weight_gradient
from nengo_fa.offline.layers import Chain
from nengo_fa.offline.passes import Pass


def find_taught(
    chain: Chain, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the error of each first-layer neuron, by the rules and by backpropagation.

    Parameters
    ----------
    chain : Chain
        The layers of one network with two hidden layers, in NumPy.
    x : (n_samples, dimensions) ndarray
    y : (n_samples, size_out) ndarray
        The desired outputs.

    Returns
    -------
    outputs : (n_samples, size_out) ndarray
    delta : (n_samples, n_neurons) ndarray
        Errors by the rules of the chain.
    backpropagated : (n_samples, n_neurons) ndarray
        Errors by backpropagation through the same network.
    """
    samples = Pass(chain, len(x))
    outputs = (
        samples.forward(0, np.column_stack([x, np.ones(len(x))])) @ chain.decoders[0]
    )
    backpropagated, _ = samples.backpropagate(0, outputs - y)
    delta, _ = samples.backward(0, outputs - y)
    return outputs, delta, backpropagated


def find_alignment(
    x: np.ndarray, delta: np.ndarray, backpropagated: np.ndarray, scale: np.ndarray
) -> float:
    """Return the cosine between two updates of the encoders of a layer.

    Parameters
    ----------
    x : (n_samples, dimensions) ndarray
    delta, backpropagated : (n_samples, n_neurons) ndarray
        From `find_taught`.
    scale : (n_neurons, dimensions) ndarray
        Factors on the gradients: gains, and zero for entries that do not learn.

    Returns
    -------
    alignment : float
        Zero if one of the updates is zero.
    """
    one, other = (scale * weight_gradient(d, x) for d in (delta, backpropagated))
    length = np.linalg.norm(one) * np.linalg.norm(other)
    return float(np.sum(one * other) / length) if length > 0 else 0.0


def make_partners(x: np.ndarray, rng: np.random.RandomState) -> list[np.ndarray]:
    """Return, for each dimension, samples that share only this dimension with others.

    Parameters
    ----------
    x : (n_samples, dimensions) ndarray
        Samples with independent dimensions.
    rng : numpy.random.RandomState

    Returns
    -------
    partners : list of (n_samples, dimensions) ndarray
    """
    partners = []
    for k in range(x.shape[1]):
        partner = x[rng.permutation(len(x))]
        partner[:, k] = x[:, k]
        partners.append(partner)
    return partners


def find_visible_part(
    delta: np.ndarray, others: list[np.ndarray], seen: np.ndarray
) -> float:
    r"""Return the part of the errors that depends on the dimension that neurons see.

    The error of a neuron, averaged over the dimensions that it does not see, is a function
    of the dimension that it sees. Its mean square is the mean product of the errors for two
    samples that share only this dimension:
    :math:`\langle \langle \delta \rangle^2 \rangle = \langle \delta \delta' \rangle`.

    Parameters
    ----------
    delta : (n_samples, n_neurons) ndarray
        From `find_taught`.
    others : list of (n_samples, n_neurons) ndarray
        The same for the samples of `make_partners`.
    seen : (n_neurons, dimensions) ndarray
        One for the dimension that a neuron sees, else zero.

    Returns
    -------
    part : float
        The part of the mean square of all errors, over all neurons. The estimate is
        unbiased and may be below zero; it is zero if all errors are zero.
    """
    shared = sum(
        np.mean(delta * other * neurons) for other, neurons in zip(others, seen.T)
    )
    total = np.mean(delta**2)
    return float(shared / total) if total > 0 else 0.0
