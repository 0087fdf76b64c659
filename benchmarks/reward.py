"""How well networks learn from a scalar reward, with fixed and with learned encoders.

Networks of 50 neurons try actions with a small perturbation. The reward is minus the squared
distance from the best outcome. The difference between the reward and the expected reward, times
the perturbation, is an estimate of the error (node perturbation). This estimate replaces the
error, and teaches decoders by PES and encoders by feedback alignment. Each trial has a new
context and takes two time steps, because the output of neurons is one step late.

- bandit: the best action is four times the product of the first two of four numbers.
- reaching: the context is the direction of gaze and the position of a target on the retina. The
  action moves the two joints of an arm, and the outcome is the position of its hand.

Writes a table with medians over 8 networks of the error after 8000 trials, without perturbation
and relative to a network that always outputs zero; and the probability of the difference
(Wilcoxon's signed-rank test, one-sided). The learning rates are the best for 3 other networks:
the rate of PES with fixed encoders, and the rates of both rules with learned encoders.
"""

from itertools import product

import nengo
import numpy as np
from comparisons import choose, write_table

import nengo_fa
from nengo_fa.experiments.sweep.claims import find_lower

N_NEURONS = 50
N_TRIALS, N_TEST = 8000, 1000

#: Standard deviation of the perturbation, and largest difference from the expected reward.
SIGMA, SURPRISE = 0.2, 2
PES_RATES = 3e-4, 1e-3, 3e-3
RATES = 0.1, 0.3, 1.0

#: Number of dimensions of the context.
SIZE_IN = 4

#: Length of a link of the arm relative to the workspace, and posture at rest.
LENGTH, REST = 0.3 / 0.22, np.array([-np.pi / 3, 2 * np.pi / 3])


def multiply(contexts, actions):
    """Return the differences of actions from products, and their derivatives."""
    products = np.prod(contexts[:, :2], axis=1, keepdims=True)
    return actions - 4 * products, np.ones((len(actions), 1, 1))


def reach(contexts, actions):
    """Return the differences of hands from targets, and their derivatives."""
    directions = np.cumsum(REST + actions, axis=1)
    x, y = LENGTH * np.cos(directions), LENGTH * np.sin(directions)
    hands = np.stack([x.sum(axis=1), y.sum(axis=1)], axis=1)
    targets = [LENGTH, 0] + contexts[:, :2] + contexts[:, 2:]
    turned = np.stack([-y, x], axis=1)
    return hands - targets, turned @ [[1, 0], [1, 1]]


#: The outcome of actions, and the number of dimensions of an action.
TASKS = {"bandit": (multiply, 1), "reaching": (reach, 2)}


class World:
    """Takes actions and expected rewards of networks; returns the errors of both.

    After the last trial, both errors are zero, and the squared distances are kept in
    ``distances``.
    """

    def __init__(self, task, teacher, seeds):
        self._outcome, self.size = TASKS[task]
        self._teach = {"error": self._find_error, "reward": self._estimate}[teacher]
        self._rng = np.random.RandomState(seeds[0])
        shape = N_TRIALS + N_TEST, len(seeds), SIZE_IN
        ball, n_contexts = nengo.dists.UniformHypersphere(), np.prod(shape[:2])
        self._contexts = ball.sample(n_contexts, SIZE_IN, self._rng).reshape(shape)
        self.distances = []

    def find_contexts(self, t):
        return self._contexts[(round(t / 0.001) - 1) // 2].ravel()

    def __call__(self, t, x):
        trial, is_ready = divmod(round(t / 0.001) - 1, 2)
        contexts, x = self._contexts[trial], x.reshape(-1, self.size + 1)
        if is_ready and trial < N_TRIALS:
            return self._teach(contexts, x[:, :-1], x[:, -1:]).ravel()
        if is_ready:
            outcomes = [
                self._outcome(contexts, a)[0] for a in (x[:, :-1], 0 * x[:, :-1])
            ]
            self.distances.append(np.sum(np.square(outcomes), axis=2))
        return np.zeros(x.size)

    def _find_error(self, contexts, actions, expected):
        distances, jacobians = self._outcome(contexts, actions)
        errors = np.einsum("noi,no->ni", jacobians, distances)
        return np.hstack([errors, 0 * expected])

    def _estimate(self, contexts, actions, expected):
        perturbations = SIGMA * self._rng.randn(*actions.shape)
        distances, _ = self._outcome(contexts, actions + perturbations)
        rewards = -np.sum(distances**2, axis=1, keepdims=True)
        surprise = np.clip(rewards - expected, -SURPRISE, SURPRISE)
        return np.hstack([-surprise * perturbations / (2 * SIGMA**2), -surprise])


def make_network(seed, contexts, trial, pes_rate, rate):
    """Make 50 neurons that learn an action and an expected reward for each context."""
    with nengo.Network(seed=seed):
        hidden = nengo.Ensemble(
            N_NEURONS,
            SIZE_IN,
            neuron_type=nengo.LIFRate(),
            seed=seed,  # the same neurons with and without connections to a rule
        )
        encode = nengo.Connection(contexts, hidden, synapse=None)
        decode = nengo.Connection(
            hidden,
            trial,
            synapse=None,
            function=lambda x: np.zeros(trial.size_in),
            learning_rule_type=nengo.PES(pes_rate, pre_synapse=None),
        )
        nengo.Connection(trial, decode.learning_rule, synapse=None)
        if rate:
            size = trial.size_in - 1
            encode.learning_rule_type = nengo_fa.FeedbackAlignment(
                size, rate, pre_synapse=None
            )
            nengo.Connection(
                trial,
                encode.learning_rule,
                synapse=None,
                transform=np.eye(size, size + 1),
            )


def run(task, teacher, seeds, pes_rate, rate=0):
    """Return the errors after learning, relative to networks that always output zero."""
    world = World(task, teacher, seeds)
    with nengo.Network() as model:
        contexts = nengo.Node(world.find_contexts)
        trials = nengo.Node(world, size_in=len(seeds) * (world.size + 1))
        for i, seed in enumerate(seeds):
            make_network(
                seed,
                contexts[i * SIZE_IN : (i + 1) * SIZE_IN],
                trials[i * (world.size + 1) : (i + 1) * (world.size + 1)],
                pes_rate,
                rate,
            )
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run_steps(2 * (N_TRIALS + N_TEST))
    errors, untaught = np.mean(world.distances, axis=0)
    return np.sqrt(errors / untaught)


def compare(task, teacher, seeds):
    """Return a row of the table."""

    def find_errors(rates, seeds):
        return run(task, teacher, seeds, *rates)

    chosen = [
        choose(product(*grids), find_errors)
        for grids in ((PES_RATES,), (PES_RATES, RATES))
    ]
    fixed, learned = (run(task, teacher, seeds, *rates) for rates in chosen)
    found = find_lower("", learned, fixed)
    rates = [f"{rate:g}" for rate in (*chosen[0], *chosen[1])]
    medians = [f"{median:.2f}" for median in reversed(found.medians)]
    return [*rates, *medians, f"{found.p:.3f}"]


HEADER = "task;taught by;PES, fixed;PES, learned;encoders;error, fixed;error, learned;p"


if __name__ == "__main__":
    write_table(__doc__, HEADER, product(TASKS, ("error", "reward")), compare)
