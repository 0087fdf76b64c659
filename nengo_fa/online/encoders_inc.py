"""Changing encoders of many dimensions in place."""

import numpy as np

from nengo_fa.online.operators import (
    NamedSignalsOperator,
    SignalByName,
    describe_not_finite,
)
from nengo_fa.rules.normalizations import get_normalization

#: The number of entries of the encoders that change at a time, so that the arrays that a
#: normalization passes over several times stay in the cache of a processor.
BLOCK_ENTRIES = 65536


class SimEncodersInc(NamedSignalsOperator):
    """Add the change of scaled encoders that `.SimEncoderLearning` describes by two vectors.

    The change needs less time if it is not stored in an array of its own: BLAS, from SciPy,
    adds an outer product in a single pass over the encoders. While ``delta_neurons`` is zero
    for all neurons, nothing is done.

    Parameters
    ----------
    rule : EncoderLearningRule
        The learning rule type, whose normalization is in ``NORMALIZATIONS``. Without a
        normalization, the change is the outer product of the two vectors.
    scale : (n_neurons,) ndarray
        Gain over radius.
    delta_neurons : Signal
        Read, (n_neurons,).
    delta_input : Signal
        Read, (dimensions,).
    target : Signal
        Incremented, (n_neurons, dimensions): the scaled encoders.
    encoders : Signal, optional
        Read: the scaled encoders, if the target is another signal, which adds up changes.
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    delta_neurons, delta_input, target, encoders = (SignalByName() for _ in range(4))

    def __init__(
        self,
        rule,
        scale,
        delta_neurons,
        delta_input,
        target,
        encoders=None,
        tag=None,
    ):
        reads = {
            "delta_neurons": delta_neurons,
            "delta_input": delta_input,
            "encoders": encoders,
        }
        super().__init__(reads, incs={"target": target}, tag=tag)
        self.rule, self.scale = rule, scale
        self.normalization = get_normalization(rule.normalization)

    @property
    def _descstr(self):
        return f"{self.rule} -> {self.target}"

    def make_step(self, signals, dt, rng):
        arrays = {name: signals[signal] for name, signal in self.signals.items()}
        h, x, target = (arrays[n] for n in ("delta_neurons", "delta_input", "target"))
        if "encoders" in arrays:
            step_change = self._make_step_sum(h, x, target, arrays["encoders"])
        else:
            step_change = make_step_in_place(
                self.normalization, self.scale, h, x, target
            )

        def step_simencodersinc():
            if np.count_nonzero(h):
                try:
                    step_change()
                except FloatingPointError as error:
                    raise describe_not_finite(self, error) from error

        return step_simencodersinc

    def _make_step_sum(self, h, x, target, encoders):
        delta = np.empty_like(target)
        step_delta = self.normalization.make_step(
            h, x, encoders, delta, None, self.scale
        )

        def step():
            step_delta()
            np.add(target, delta, out=target)

        return step


def make_step_in_place(normalization, scale, h, x, encoders):
    """Bind the change of scaled encoders, in place, of some neurons at a time.

    Parameters
    ----------
    normalization : Normalization
        One in ``NORMALIZATIONS``.
    scale : (n_neurons,) ndarray
    h : (n_neurons,) ndarray
    x : (dimensions,) ndarray
    encoders : (n_neurons, dimensions) ndarray
        The array that changes.

    Returns
    -------
    step : callable
        Takes no argument.
    """
    n_neurons, dimensions = encoders.shape
    size = min(n_neurons, max(1, BLOCK_ENTRIES // dimensions))
    work = np.empty((size, dimensions), dtype=encoders.dtype)
    steps = []
    for start in range(0, n_neurons, size):
        some = slice(start, start + size)
        its_work = work[: len(h[some])]
        steps.append(
            normalization.make_step_in_place(
                h[some], x, encoders[some], scale[some], its_work
            )
        )

    def step():
        for step_some in steps:
            step_some()

    return step
