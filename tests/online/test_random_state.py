"""Random numbers continue from a state in an array without interruption."""

import numpy as np
import pytest

from nengo_fa.online.random_state import SIZE, LiveRandomState, keep_random_state

DRAWS = {
    "uniform": lambda rng: rng.random_sample(3),
    "many": lambda rng: rng.random_sample(400),
    "all words": lambda rng: rng.random_sample(312),
    "normal, even": lambda rng: rng.randn(4),
    "normal, odd": lambda rng: rng.randn(5),
    "integers": lambda rng: rng.randint(10, size=3),
    "nothing": lambda rng: np.zeros(0),
}


class Drawing:
    """Return a step that draws numbers, and the drawn numbers."""

    def __init__(self, draw, state):
        rng = LiveRandomState([3, 1])
        self.drawn = []
        self.step = keep_random_state(lambda: self.drawn.append(draw(rng)), rng, state)


@pytest.mark.parametrize("name", DRAWS)
def test_another_simulator_goes_on_from_a_state(name):
    draw, rng = DRAWS[name], np.random.RandomState([3, 1])
    expected = [draw(rng) for _ in range(7)]
    state = np.zeros(SIZE, dtype=np.int64)
    first = Drawing(draw, state)
    for _ in range(3):
        first.step()
    kept = state.copy()
    second = Drawing(draw, kept)
    for _ in range(4):
        first.step()
        second.step()
    assert np.array_equal(first.drawn, expected)
    assert np.array_equal(second.drawn, expected[3:])
    assert np.array_equal(kept, state)


@pytest.mark.parametrize("name", DRAWS)
def test_a_state_may_be_put_back(name):
    state = np.zeros(SIZE, dtype=np.int64)
    drawing = Drawing(DRAWS[name], state)
    drawing.step()
    kept = state.copy()
    drawing.step()
    state[...] = kept
    drawing.step()
    assert np.array_equal(drawing.drawn[1], drawing.drawn[2])


def test_what_is_in_store_is_used_up():
    """A single normal deviate is drawn without a new word."""
    state = np.zeros(SIZE, dtype=np.int64)
    sizes = iter([1, 1, 1, 2, 1])
    drawing = Drawing(lambda rng: rng.randn(next(sizes)), state)
    expected = np.random.RandomState([3, 1]).randn(6)
    for _ in range(5):
        drawing.step()
    assert np.array_equal(np.concatenate(drawing.drawn), expected)


def test_state_is_that_of_numpy():
    live, plain = LiveRandomState(5), np.random.RandomState(5)
    for rng in (live, plain):
        rng.randn(1001)
    for one, other in zip(live.get_state(), plain.get_state()):
        assert np.array_equal(one, other)
