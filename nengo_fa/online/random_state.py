"""Random numbers whose state is in a signal, so that a simulation can go on from it."""

import numpy as np

#: Number of entries of a state: 624 words, the position, and a normal deviate in store.
SIZE = 627


def keep_random_state(step, rng, state):
    """Let a step draw as if the state of its random numbers were in an array only.

    Parameters
    ----------
    step : callable
        Draws from ``rng``; takes no argument.
    rng : numpy.random.RandomState
        As it is to be at the start of a simulation.
    state : (SIZE,) ndarray of int64
        The live value of a signal that is zero at the start. Written to after each step.

    Returns
    -------
    step : callable
        Takes no argument.
    """
    saved = np.zeros_like(state)

    def step_and_keep():
        # to set and to get a state takes longer than most steps
        if not np.array_equal(state, saved):
            _set_state(rng, state)
        step()
        saved[...] = _get_state(rng)
        np.copyto(state, saved)

    return step_and_keep


def _get_state(rng):
    _, words, position, has_gauss, gauss = rng.get_state()
    # one more than the position, as zero stands for a state that was not kept yet
    stored = np.array([gauss if has_gauss else np.nan]).view(np.int64)
    return np.concatenate([words, [position + 1], [has_gauss], stored])[:SIZE]


def _set_state(rng, state):
    gauss = state[626:].view(np.float64).item()
    has_gauss = int(state[625])
    rng.set_state(
        (
            "MT19937",
            state[:624].astype(np.uint32),
            int(state[624]) - 1,
            has_gauss,
            gauss if has_gauss else 0.0,
        )
    )
