"""What adaptive neurons learn to remember, with fixed encoders and by random feedback.

The tasks need a memory, and the only memory is the slow adaptation of 50 rate neurons; the
ensemble has no recurrent connection. Cues of 100 ms are vectors of eight numbers: the first is
-1 or 1, and the others are random. After a delay without input, a signal to go drives all neurons
for 100 ms. Their mean activities in its last 40 ms are decoded.

- match: whether the first numbers of two cues, 200 ms apart, are equal.
- evidence: whether more of the first numbers of five cues were 1 than -1.

Everything is offline, in rates. After each presentation of 256 new trials, the decoders are
solved for, and the encoders are updated once, with the normalization "augmented": with the
decoders or with random signs as feedback weights, and with two kinds of eligibility traces.

Writes a table with the medians over 8 networks of the wrong decisions, in percent of 1000 new
trials, and probabilities of differences (Wilcoxon's signed-rank test, one-sided). The first
column of results has fixed encoders, and decoders that learn by PES from the same trials, one
after the other. Learning rates are the best for 3 other networks.
"""

import nengo
import numpy as np
from comparisons import choose, write_table
from nengo.solvers import LstsqL2

import nengo_fa
from nengo_fa import equations
from nengo_fa.experiments.sweep.claims import find_lower

DT = 0.02
N_NEURONS, MANY_NEURONS, SIZE_IN = 50, 200, 8
N_TRIALS, N_TEST, PRESENTATIONS = 256, 1000, 40

#: Lengths of cues and of the signal to go, in time steps.
CUE = GO = 5
#: The signal to go, which drives the neurons to just above their thresholds.
STRENGTH = 0.4

#: Number of cues, time steps between them, and time steps of the delay.
TASKS = {
    "match, 0.3 s": (2, 10, 15),
    "evidence, 0.3 s": (5, 3, 15),
}

#: How the encoders learn: the eligibility trace, and whether decoders are the feedback.
RULES = {
    "filter": ("filter", False),
    "trace": ("trace", False),
    "gradient": ("trace", True),
}
#: By how much the first update turns the encoders, in radians; later updates have its rate.
TURNS = 0.02, 0.05, 0.1
#: Learning rates of PES, over the mean squared length of the activities.
PES_RATES = 0.01, 0.03, 0.1, 0.3
#: The first of the networks of the table; the conditions were found with others.
FIRST_SEED = 200

#: Typical derivative of the rates, for the trace of a filter.
SLOPE = 0.5

neuron_type = nengo.AdaptiveLIFRate(tau_n=1, inc_n=3, amplitude=0.01)
derivative = nengo_fa.Rate(margin=0.05)
solver = LstsqL2(reg=0.003)


def draw_trials(task, n_trials, rng):
    """Input, (n_steps, n_trials, SIZE_IN); and the right decisions, (n_trials, 1)."""
    n_cues, between, delay = TASKS[task]
    features = rng.choice([-1.0, 1.0], size=(n_cues, n_trials))
    x = np.zeros((n_cues * (CUE + between) - between + delay + GO, n_trials, SIZE_IN))
    for i, feature in enumerate(features):
        cue = rng.uniform(-1, 1, size=(n_trials, SIZE_IN))
        cue[:, 0] = feature
        start = i * (CUE + between)
        x[start : start + CUE] = cue
    decide = np.prod if task.startswith("match") else np.sum
    return x, np.sign(decide(features, axis=0))[:, np.newaxis]


def make_ensemble(seed, n_neurons=N_NEURONS):
    """The neurons are silent without input, so that they do not forget."""
    return nengo.Ensemble(
        n_neurons,
        SIZE_IN,
        neuron_type=neuron_type,
        max_rates=nengo.dists.Uniform(80, 120),
        intercepts=nengo.dists.Uniform(0, 0.3),
        seed=seed,
    )


def average(activities):
    """The mean over the time steps in which the network decides."""
    return np.mean(activities[-(GO // 2) :], axis=0)


class Network:
    """An ensemble whose encoders and decoders learn offline."""

    def __init__(self, seed, n_neurons=N_NEURONS):
        self.rng = np.random.RandomState(seed)
        with nengo.Network() as model:
            ensemble = make_ensemble(seed, n_neurons)
        with nengo.Simulator(model, dt=DT, progress_bar=False) as sim:
            built = sim.data[ensemble]
        self.gain, self.bias = built.gain, built.bias
        self.encoders = np.array(built.encoders)
        self.feedback = self.rng.choice([-1.0, 1.0], size=(n_neurons, 1))

    def run(self, x):
        """Activities and currents of the somas, (n_steps, n_trials, n_neurons)."""
        drive = x @ self.encoders.T
        drive[-GO:] += STRENGTH
        soma = self.gain * drive + self.bias
        activities, adaptation = np.empty_like(soma), np.zeros_like(soma[0])
        for current, output in zip(soma, activities):
            before = adaptation.copy()
            neuron_type.step(DT, current, output, adaptation)
            current -= before
        return activities, soma

    def decode(self, activities):
        """Decisions are positive or negative."""
        return average(activities) @ self.decoders

    def find_gradient(self, x, soma, error, kind, feedback):
        """The mean over trials of the projected error times the traces, (n_neurons, SIZE_IN).

        The error is that of the mean over the decision. The products are summed backward in
        time, which needs no trace of every weight and gives the same sum.
        """
        share, n_deciding = DT / neuron_type.tau_n, GO // 2
        slopes = derivative(neuron_type, soma)
        projected = error @ feedback.T / n_deciding
        later, gradient = np.zeros_like(projected), np.zeros_like(self.encoders)
        for i, (now, slope) in enumerate(zip(x[::-1], slopes[::-1])):
            at_output = projected if i < n_deciding else 0 * projected
            delta = slope * (at_output + share * neuron_type.inc_n * later)
            gradient += equations.weight_gradient(delta, now)
            lasting = delta if kind == "trace" else SLOPE * at_output
            later = (1 - share) * later - lasting
        return gradient

    def learn(self, task, rule, turn):
        """Solve for the decoders and update the encoders, after each presentation."""
        rate = None
        for _ in range(PRESENTATIONS):
            x, right = draw_trials(task, N_TRIALS, self.rng)
            activities, soma = self.run(x)
            self.decoders, _ = solver(average(activities), right)
            kind, is_exact = RULES[rule]
            feedback = self.decoders if is_exact else self.feedback
            error = self.decode(activities) - right
            gradient = self.find_gradient(x, soma, error, kind, feedback)
            update = equations.encoder_update(
                gradient, self.encoders, self.gain, 1, "augmented"
            )
            if rate is None:
                rate = turn / np.sqrt(np.mean(np.sum(update**2, axis=1)))
            self.encoders += rate * update

    def learn_by_pes(self, task, rate):
        """Learn decoders in the trials of as many presentations, one after the other."""
        self.decoders = np.zeros((N_NEURONS, 1))
        for _ in range(PRESENTATIONS):
            x, right = draw_trials(task, N_TRIALS, self.rng)
            reached = average(self.run(x)[0])
            step = rate / np.mean(np.sum(reached**2, axis=1))
            for activities, target in zip(reached[:, np.newaxis], right):
                error = activities @ self.decoders - target
                self.decoders += equations.decoder_update(error, activities, step).T

    def solve(self, task):
        """Solve for the decoders in many trials."""
        x, right = draw_trials(task, N_TEST, self.rng)
        self.decoders, _ = solver(average(self.run(x)[0]), right)

    def count_wrong(self, task):
        """The wrong decisions in new trials, in percent."""
        x, right = draw_trials(task, N_TEST, self.rng)
        return 100 * np.mean(self.decode(self.run(x)[0]) * right <= 0)


def run(task, seed, rule=None, rate=None, n_neurons=N_NEURONS):
    """The wrong decisions of a network after it has learned."""
    network = Network(seed, n_neurons)
    if rule == "PES":
        network.learn_by_pes(task, rate)
    else:
        if rule is not None:
            network.learn(task, rule, rate)
        network.solve(task)
    return network.count_wrong(task)


def measure(task, rule, rates, seeds):
    """The wrong decisions at the rate with the lowest median of 3 other networks."""

    def find_errors(rate, seeds):
        return [run(task, seed, rule, rate) for seed in seeds]

    return find_errors(choose(rates, find_errors), seeds)


def compare(task, seeds):
    """A row of the table."""
    seeds = [FIRST_SEED + seed for seed in seeds]
    pes = measure(task, "PES", PES_RATES, seeds)
    fixed = [run(task, seed) for seed in seeds]
    many = [run(task, seed, n_neurons=MANY_NEURONS) for seed in seeds]
    learned = {rule: measure(task, rule, TURNS, seeds) for rule in RULES}
    medians = [np.median(wrong) for wrong in (pes, fixed, many, *learned.values())]
    pairs = (
        (learned["filter"], fixed),
        (learned["trace"], fixed),
        (learned["trace"], learned["filter"]),
        (learned["gradient"], learned["trace"]),
    )
    found = [f"{find_lower('', *pair).p:.3f}" for pair in pairs]
    return [*(f"{median:.1f}" for median in medians), *found]


HEADER = (
    "task, delay;fixed, PES;fixed;200 neurons;filter;trace;exact gradient;filter < fixed;"
    "trace < fixed;trace < filter;exact < trace"
)


if __name__ == "__main__":
    write_table(__doc__, HEADER, ([task] for task in TASKS), compare)
