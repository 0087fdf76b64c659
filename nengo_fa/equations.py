r"""The equations of the paper as pure functions of arrays.

The paper is Stöckel, Stewart & Eliasmith, *A Geometric Interpretation of Feedback
Alignment*; each function states the number of its equation. This module does not use Nengo.

Arrays may come from any library with the functions of the Python array API standard.
Every function broadcasts over leading axes, so that the same function handles a single
simulation step, a batch of samples, or many independent trials at once:

=====================  ===============================  =================================
symbol                 name                             shape
=====================  ===============================  =================================
:math:`\vec x`         ``x``                            ``(..., n_samples, d_in)``
:math:`\vec y-\vec t`  ``error``                        ``(..., n_samples, d_out)``
:math:`\vec a`         ``activities``                   ``(..., n_samples, n_neurons)``
:math:`f'`             ``derivative``                   ``(..., n_samples, n_neurons)``
:math:`W^{out}`        ``decoders``                     ``(..., d_out, n_neurons)``
:math:`B`              ``feedback``                     ``(..., n_neurons, d_out)``
:math:`\vec p`         ``encoders``                     ``(..., n_neurons, d_in)``
:math:`\alpha`         ``gain`` (over the radius)       ``(..., n_neurons)``
:math:`\vec\delta`     ``delta``                        ``(..., n_samples, n_neurons)``
:math:`g`              ``gradient``                     ``(..., n_neurons, d_in)``
=====================  ===============================  =================================

Gradients are those of the mean over samples of :math:`E = |\vec y-\vec t|^2 / 2`.

Erratum. Taken together as printed, eqs. 5 and 6 apply :math:`\gamma` twice, and the last
term of eq. 6 lacks the vector :math:`\vec w_i`. The gradient of eq. 4 contains
:math:`\gamma` once; `augmented_gradient` returns this gradient.
"""

from collections.abc import Iterable
from typing import Any

from array_api_compat import array_namespace

#: An array of NumPy, PyTorch, CuPy or another library.
Array = Any


def decoder_update(
    error: Array, activities: Array, learning_rate: float | Array
) -> Array:
    r"""Delta rule for the output weights, :math:`-\kappa\,\vec\delta\,\vec a^T` (eq. 1).

    Returns
    -------
    decoders : (..., d_out, n_neurons) array
        The change of the decoders.
    """
    return -learning_rate * (_transpose(error) @ activities) / error.shape[-2]


def backpropagated_error(error: Array, decoders: Array, derivative: Array) -> Array:
    r"""The error of each hidden neuron by backpropagation (eq. 2).

    Returns
    -------
    delta : (..., n_samples, n_neurons) array
        :math:`f' \, (W^{out})^T (\vec y - \vec t)`.
    """
    return derivative * (error @ decoders)


def aligned_error(error: Array, feedback: Array, derivative: Array) -> Array:
    r"""The error of each hidden neuron by direct feedback alignment (eq. 3).

    Returns
    -------
    delta : (..., n_samples, n_neurons) array
        :math:`f' \, B (\vec y - \vec t)`.
    """
    return derivative * (error @ _transpose(feedback))


def weight_gradient(delta: Array, x: Array) -> Array:
    r"""Gradient in the input weights, :math:`g = \vec\delta\,\vec x^T` (eq. 2).

    The error of each hidden neuron, delta, is that of `backpropagated_error` or
    `aligned_error`.
    """
    return (_transpose(delta) @ x) / x.shape[-2]


def eligibility_trace(derivative: Array, x: Array, decay: float) -> Array:
    r"""The eligibility trace of each weight at successive time steps.

    The output is a low-pass filter of the activities. The trace is the influence of a
    weight, through its own neuron, that this filter still contains:

    .. math:: P(t) = \lambda \, P(t - 1) + (1 - \lambda) \, f'(t) \, \vec x(t)^T

    where :math:`\lambda = e^{-\Delta t / \tau}` is the decay of the filter in a time step,
    P is zero at first, and :math:`\vec x` is the input of the weights; in a recurrent network,
    it consists of the filtered activities of the previous step. These are the traces of
    random-feedback local online learning (RFLO; Murray, 2019, *eLife* 8:e43299) and, with
    filtered spikes and a pseudo-derivative f', the filtered traces of e-prop with random
    feedback for LIF neurons (Bellec et al., 2020, *Nature Communications* 11:3625).

    Parameters
    ----------
    derivative, x : array
        The samples are successive time steps.
    decay : float
        :math:`\lambda`, the decay of the output filter in a time step.

    Returns
    -------
    trace : (..., n_samples, n_neurons, d_in) array
    """
    xp = array_namespace(derivative, x)
    eligible = (1 - decay) * derivative[..., None] * x[..., None, :]
    traces = [eligible[..., 0, :, :]]
    for step in range(1, eligible.shape[-3]):
        traces.append(decay * traces[-1] + eligible[..., step, :, :])
    return xp.stack(traces, axis=-3)


def traced_gradient(error: Array, feedback: Array, trace: Array) -> Array:
    r"""Gradient in the weights from an error over time, :math:`B\,\vec\delta(t)\,P(t)`.

    With the `eligibility_trace` P and :math:`B = (W^{out})^T`, this is the exact gradient
    if the activity of a neuron does not influence its own input. In a recurrent network
    whose weights W have the same filter, it is the gradient of backpropagation through time
    without the part that passes through the weights from neuron to neuron. The omitted part
    is bounded: with :math:`s = \max f' \cdot \lVert W \rVert_2 < 1`, the trace P of a weight
    differs from its full influence on the outputs of the neurons, in Euclidean length, by at
    most :math:`s / (1 - s)` times the largest length that P has had so far.

    Returns
    -------
    gradient : (..., n_neurons, d_in) array
        Gradient of the mean over time steps.
    """
    xp = array_namespace(error, feedback, trace)
    projected = (error @ _transpose(feedback))[..., None]
    return xp.mean(projected * trace, axis=-3)


def gradient_through_time(
    error: Array,
    decoders: Array,
    derivative: Array,
    x: Array,
    weights: Array,
    decay: float,
) -> Array:
    r"""Gradient in recurrent weights by backpropagation through time.

    It is exact if the recurrent connection and the output have the same low-pass filter,

    .. math:: \vec x(t + 1) = \lambda \, \vec x(t)
              + (1 - \lambda) \, f(W \vec x(t) + \vec u(t)), \qquad
              \vec y(t) = W^{out} \vec x(t + 1)

    and :math:`\vec x` is zero at first. An error is sent back through the decoders, and
    from neuron to neuron through W (Werbos, 1990, *Proceedings of the IEEE* 78:1550). If
    the weights W are zero, the gradient equals `traced_gradient` with the decoders as
    feedback weights.

    Parameters
    ----------
    error, derivative, x : array
        The samples are successive time steps; :math:`\vec x(t)` is the input of the weights.
    decoders : (..., d_out, n_neurons) array
    weights : (..., n_neurons, n_neurons) array
        W; the last axis is that of the neurons from which the weights lead.
    decay : float
        :math:`\lambda`, the decay of the filter in a time step.

    Returns
    -------
    gradient : (..., n_neurons, n_neurons) array
        Gradient of the mean over time steps.
    """
    xp = array_namespace(error, decoders, derivative, x, weights)
    arriving, slopes = error @ decoders, (1 - decay) * derivative
    influence = xp.zeros_like(arriving[..., :1, :])
    deltas = []
    for step in reversed(range(x.shape[-2])):
        now = slice(step, step + 1)
        influence = arriving[..., now, :] + influence
        deltas.append(slopes[..., now, :] * influence)
        influence = decay * influence + deltas[-1] @ weights
    return weight_gradient(xp.concat(deltas[::-1], axis=-2), x)


def input_weights(encoders: Array, gain: Array) -> Array:
    r"""Input weights of weight-normalized neurons, :math:`w = \alpha\,p / |p|` (eq. 4).

    The gain is the length of the weights, which have the shape of the encoders.
    """
    return (gain / _length(encoders))[..., None] * encoders


def augmented_gradient(gradient: Array, encoders: Array, gain: Array) -> Array:
    r"""Gradient in the encoders under weight normalization (eqs. 4 to 6, see erratum).

    .. math:: \frac{\partial E}{\partial \vec p} = \gamma \left(\vec g
              - \vec p\,\frac{\langle \vec p, \vec g\rangle}{|\vec p|^2}\right),
              \qquad \gamma = \frac{\alpha}{|\vec p|}

    The function takes the plain gradient in the input weights, from `weight_gradient`, and
    returns a gradient that is orthogonal to the encoder. The gain is the length of the
    weights.
    """
    length = _length(encoders)
    along = _dot(encoders, gradient) / length**2
    return (gain / length)[..., None] * (gradient - along[..., None] * encoders)


def homeostatic_gradient(gradient: Array, encoders: Array) -> Array:
    r"""`augmented_gradient` with encoders that are assumed to have length one, and a gain of one.

    .. math:: \vec g - \vec p \, \langle \vec p, \vec g \rangle

    It needs no division. Besides its own weight and input, a synapse only needs to know two
    quantities of its neuron: the error, and the drive :math:`\langle\vec p,\vec x\rangle`.
    If the length is not one, updates along this gradient change the length: with
    :math:`u = |\vec p|^2` and :math:`s = \langle \vec p, \vec g \rangle`,

    .. math:: \dot u = -2 \kappa \alpha \, s \, (1 - u) .

    The length approaches one if s is negative, that is, if the plain gradient would
    lengthen the encoder. It moves away from one if s is positive.
    """
    along = _dot(encoders, gradient)
    return gradient - along[..., None] * encoders


def stabilized_gradient(gradient: Array, encoders: Array) -> Array:
    r"""`homeostatic_gradient`, with a correction that keeps the length at one.

    .. math:: \vec g - \vec p \left(s + 2 \max(s, 0) \, (1 - u)\right),
              \qquad s = \langle \vec p, \vec g \rangle, \quad u = |\vec p|^2

    The correction is zero if s is negative or the length is one. Otherwise, it scales all
    weights of a neuron by the same factor, which depends only on quantities of the neuron:
    its error, its drive and the magnitude of its weights. Close to one,
    :math:`\dot u = 2 \kappa \alpha \, |s| \, (1 - u)`. If steps are small, a length above
    one never grows.
    """
    along = _dot(encoders, gradient)
    excess = 1 - _dot(encoders, encoders)
    # 2 max(s, 0) is s + |s|
    along = along + (along + abs(along)) * excess
    return gradient - along[..., None] * encoders


def encoder_update(
    gradient: Array,
    encoders: Array,
    gain: Array,
    learning_rate: float | Array,
    normalization: str | None = None,
) -> Array:
    r"""The change of the encoders, :math:`\Delta\vec p = -\kappa\,\partial E/\partial\vec p`.

    Encoders are learned; gains and biases stay constant. The weights of an ensemble are
    :math:`w = \alpha p`, with encoders p of any length. The gradient in p is therefore
    :math:`\alpha g`, and the augmented gradient is the gradient for weights that keep
    their length :math:`\alpha |p|`.

    Parameters
    ----------
    gradient, encoders, gain : array
        The plain gradient in the input weights, the encoders and the gains; see the table
        above.
    learning_rate : float
        :math:`\kappa`.
    normalization : {None, "forced", "augmented", "homeostatic", "stabilized"}
        None follows the plain gradient; ``"forced"`` follows it and then scales each
        encoder back to its previous length; ``"augmented"`` follows `augmented_gradient`;
        ``"homeostatic"`` and ``"stabilized"`` follow the gain times
        `homeostatic_gradient` and `stabilized_gradient`.

    Returns
    -------
    update : (..., n_neurons, d_in) array
        Exactly zero for a neuron whose gradient is zero.

    Raises
    ------
    ValueError
        If ``normalization`` is not one of these values.
    """
    if normalization not in list(UPDATES):
        raise ValueError(
            f"normalization must be {describe_names(UPDATES)} (got {normalization!r})"
        )
    return UPDATES[normalization](gradient, encoders, gain, learning_rate)


def _follow(gradient, encoders, gain, learning_rate):
    return -learning_rate * gain[..., None] * gradient


def _follow_forced(gradient, encoders, gain, learning_rate):
    moved = encoders + _follow(gradient, encoders, gain, learning_rate)
    scale = _length(encoders) / _length(moved)
    return scale[..., None] * moved - encoders


def _follow_augmented(gradient, encoders, gain, learning_rate):
    weight_length = gain * _length(encoders)
    return -learning_rate * augmented_gradient(gradient, encoders, weight_length)


def _follow_changed(change):
    def follow(gradient, encoders, gain, learning_rate):
        return _follow(change(gradient, encoders), encoders, gain, learning_rate)

    return follow


#: The functions of `encoder_update`, by the normalization.
UPDATES = {
    None: _follow,
    "forced": _follow_forced,
    "augmented": _follow_augmented,
    "homeostatic": _follow_changed(homeostatic_gradient),
    "stabilized": _follow_changed(stabilized_gradient),
}


def describe_names(names: Iterable[str | None]) -> str:
    """Return "None, 'one', 'two' or 'three'" for these names."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}"


def _length(vectors):
    return array_namespace(vectors).sqrt(_dot(vectors, vectors))


def _dot(vectors, others):
    return array_namespace(vectors).vecdot(vectors, others)


def _transpose(matrix):
    return array_namespace(matrix).matrix_transpose(matrix)
