"""Random numbers whose state is in a signal, so that a simulation can be continued."""

import ctypes

import numpy as np
from nengo.builder import Signal

#: Number of entries of a state: 624 words, the position, and a stored normal deviate.
SIZE = 627


def make_random_state_signal(name):
    """Return a signal for the state of random numbers, before the first is drawn."""
    return Signal(np.zeros(SIZE, dtype=np.int64), name=name)


class LiveMT19937(np.random.MT19937):
    """The generator of `numpy.random.RandomState`, with a state that is fast to read.

    NumPy copies the words of the state one by one, which takes longer than most steps.
    """

    def __init__(self):
        super().__init__(0)
        words = (ctypes.c_uint32 * 625).from_address(self.ctypes.state_address)
        self.words = np.frombuffer(words, dtype=np.uint32)

    @property
    def state(self):
        key, position = self.words[:624], int(self.words[624])
        return {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}

    @state.setter
    def state(self, value):
        self.words[:624] = value["state"]["key"]
        self.words[624] = value["state"]["pos"]


class LiveRandomState(np.random.RandomState):
    """Draws the same numbers as `numpy.random.RandomState`, for `keep_random_state`."""

    def __init__(self, seed):
        self.generator = LiveMT19937()
        super().__init__(self.generator)
        self.seed(seed)


def keep_random_state(step, rng, state):
    """Make a step keep the state of its random numbers in an array.

    The step may draw from ``rng``, a `LiveRandomState` with the initial state of a
    simulation. The state, (SIZE,), is the live value of a signal that is zero initially, and
    is written after each step.
    """
    words, stored_gauss = rng.generator.words, state[626:].view(np.float64)
    saved = bytes(state.nbytes)

    def step_and_keep():
        nonlocal saved
        if state.tobytes() != saved:
            key = state[:624].astype(np.uint32)
            rng.set_state(("MT19937", key, *state[624:626], stored_gauss[0]))
        before = words.tobytes()
        step()
        if words.tobytes() == before and not state[625]:
            return  # nothing was drawn
        now = rng.get_state(legacy=False)
        state[:625] = words
        state[625], stored_gauss[0] = now["has_gauss"], now["gauss"]
        saved = state.tobytes()

    return step_and_keep
