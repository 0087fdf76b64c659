"""How well networks continue dynamics that they have learned, with fixed and learned encoders.

Networks of 50 spiking neurons learn an integrator, an oscillator and the van der Pol oscillator,
and networks of 200 learn the Lorenz system. The decoders of the loop learn by PES, from zero;
encoders are fixed, or learn from the same error. While a network learns, its state is forced to
the state of the teacher, or corrected by an error that is fed back with a gain of 4 (after Gilra
& Gerstner, 2017). The error enters through a node in the loop or, as in FOLLOW, through the
synapse; then the loop begins with decoders that Nengo solved for. After learning, the network
runs on its own for one second at a time, each time from the state of the teacher.

Writes a table with medians over 16 networks of the error on its own and of the error when forced,
relative to the standard deviation of the teacher, and the probability of the difference
(Wilcoxon's signed-rank test, one-sided). The learning rates are the best for 3 other networks:
first the rate of PES, with fixed encoders; then the rate of the encoders.
"""

import nengo
import numpy as np
from comparisons import choose, write_table

import nengo_fa
from nengo_fa.experiments.sweep.claims import find_lower

DT, TAU = 0.002, 0.1
N_NEURONS = {"integrator": 50, "oscillator": 50, "van der Pol": 50, "Lorenz": 200}

#: Seconds of learning and of the test; in the test, seconds with and without forcing.
LEARN, TEST = 32, 7.5
FORCED, ALONE = 0.5, 1.0

#: Rates of PES and of the encoders to try, for errors in the loop and through the synapse.
RATES = (1e-5, 3e-5, 1e-4, 3e-4), (0.01, 0.03, 0.1, 0.3, 1)
FOLLOWING_RATES = (1e-4, 3e-4, 1e-3), (0.003, 0.01, 0.03, 0.1)

#: The part of the difference to the teacher that is removed: all of it, or k / (1 + k) with
#: error feedback. It is zero if GAIN times the error enters through the synapse (FOLLOW).
FORCING = {
    "teacher forcing": 1.0,
    "error feedback": 0.8,
    "error through the synapse": 0.0,
}
GAIN = 4

#: The rows of the table.
ROWS = (
    ("van der Pol", "teacher forcing"),
    ("oscillator", "teacher forcing"),
    ("van der Pol", "error feedback"),
    ("integrator", "teacher forcing"),
    ("Lorenz", "teacher forcing"),
    ("oscillator", "error through the synapse"),
)


def oscillator(x, omega=np.pi):
    growth = 2 * (1 - x @ x)
    return np.array([-omega * x[1] + growth * x[0], omega * x[0] + growth * x[1]])


def van_der_pol(x, omega=np.pi):
    return omega * np.array([x[1], (1 - 4 * x[0] ** 2) * x[1] - x[0]])


def lorenz(x):
    x, y, z = x * [20, 25, 25] + [0, 0, 25]
    return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z]) / [20, 25, 25]


SYSTEMS = {
    "oscillator": (oscillator, 2),
    "van der Pol": (van_der_pol, 2),
    "Lorenz": (lorenz, 3),
}


def make_teacher(system, seed):
    """Return the states in all time steps, and the filtered external input of the loop."""
    rng = np.random.RandomState(seed)
    n_steps = round((LEARN + TEST) / DT) + 1
    if system == "integrator":
        signal = nengo.processes.WhiteSignal(60, high=1, rms=0.4, seed=seed)
        x = signal.run_steps(n_steps, d=2, dt=DT)
        # the input with which a filter that keeps its state follows these states
        return x, nengo.Lowpass(TAU).filt(TAU * np.gradient(x, DT, axis=0), dt=DT, y0=0)
    function, size = SYSTEMS[system]
    states = [rng.uniform(-0.5, 0.5, size=size)]
    for _ in range(n_steps + 5000 - 1):
        half = states[-1] + DT / 2 * function(states[-1])
        states.append(states[-1] + DT * function(half))
    x = np.array(states[5000:])
    return x, np.zeros_like(x)


def find_schedule(forcing):
    """Return the part of the difference to remove in each step, and whether to learn."""
    t = np.arange(round((LEARN + TEST) / DT) + 1) * DT
    is_forced = (t - LEARN) % (FORCED + ALONE) < FORCED
    return np.where(t < LEARN, forcing, is_forced), t < LEARN


def run(system, forcing, seed, pes_rate, rate=0):
    """Return the errors of a network on its own, and when it is forced."""
    x, outside = make_teacher(system, seed)
    amount, is_learning = find_schedule(forcing)
    size = x.shape[1]

    def drive(t, signals):
        step = round(t / DT) - 1
        error = signals[:size] + outside[step] - x[step]
        state = x[step] + (1 - amount[step]) * error
        teaching = error if forcing else signals[size:] - x[step]
        return np.concatenate([state, teaching * is_learning[step], error])

    with nengo.Network(seed=seed) as model:
        # the seed keeps the neurons the same with and without connections to a rule
        state = nengo.Ensemble(N_NEURONS[system], size, radius=1.2, seed=seed)
        loop = nengo.Node(drive, size_in=size if forcing else 2 * size)
        decode = nengo.Connection(
            state,
            loop[:size],
            synapse=TAU,
            function=lambda x: np.zeros(size),
            learning_rule_type=nengo.PES(pes_rate, pre_synapse=TAU),
        )
        recur = nengo.Connection(loop[:size], state, synapse=None)
        nengo.Connection(loop[size : 2 * size], decode.learning_rule, synapse=None)
        if not forcing:
            nengo.Connection(state, loop[size:])
            nengo.Connection(loop[size : 2 * size], state, synapse=TAU, transform=-GAIN)
        if rate:
            recur.learning_rule_type = nengo_fa.FeedbackAlignment(
                size, rate, eligibility_synapse=TAU
            )
            nengo.Connection(loop[size : 2 * size], recur.learning_rule, synapse=None)
        probe = nengo.Probe(loop[2 * size :])
    with nengo.Simulator(model, dt=DT, progress_bar=False) as sim:
        sim.run(LEARN + TEST)
    error = np.sum(sim.data[probe] ** 2, axis=1)
    amount, is_learning = amount[: len(error)], is_learning[: len(error)]
    when = (amount == 0) & ~is_learning, (amount == 1) & ~is_learning
    variance = np.sum(np.var(x, axis=0))
    return [np.sqrt(np.mean(error[now]) / variance) for now in when]


def compare(system, name, seeds):
    """Return a row of the table."""
    forcing = FORCING[name]

    def find_errors(chosen, seeds):
        return [run(system, forcing, seed, *chosen)[0] for seed in seeds]

    pes_rates, rates = RATES if forcing else FOLLOWING_RATES
    (pes_rate,) = choose(((rate,) for rate in pes_rates), find_errors)
    _, rate = choose(((pes_rate, rate) for rate in rates), find_errors)
    fixed, learned = (
        np.transpose([run(system, forcing, seed, *rates) for seed in seeds])
        for rates in ((pes_rate,), (pes_rate, rate))
    )
    columns = []
    for one, other in zip(learned, fixed):
        found = find_lower("", one, other)
        columns += [f"{median:.2f}" for median in reversed(found.medians)]
        columns.append(f"{found.p:.3f}")
    return [f"{pes_rate:g}", f"{rate:g}", *columns]


HEADER = "dynamics;while learning;PES;encoders;alone, fixed;learned;p;forced, fixed;learned;p"


if __name__ == "__main__":
    write_table(__doc__, HEADER, ROWS, compare, n_networks=16)
