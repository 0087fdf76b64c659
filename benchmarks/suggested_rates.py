"""How good the learning rates of ``nengo_fa.suggest_learning_rate`` are.

Networks learn online, decoders by PES and encoders by a rule of nengo_fa. Each network runs with
the suggested rates, with the rates of the encoder rules times each factor of a grid, and with
fixed encoders. Then learning is switched off. Writes the root mean square error after learning,
divided by the error with fixed encoders, with a row for each network and seed and a column for
each factor. With ``--pes``, the factors multiply the rates of PES, and encoders do not learn.
"""

import argparse
import csv
import sys

import nengo
import numpy as np

import nengo_fa

#: Seconds of learning, and of the test after learning.
LEARNING, TEST = 20.0, 5.0

FACTORS = [1 / 30, 1 / 10, 1 / 3, 1, 3, 10, 30]


def make_neurons(**kwargs):
    defaults = {
        "neuron_type": nengo.LIFRate(),
        "max_rates": nengo.dists.Uniform(50, 100),
        "intercepts": nengo.dists.Uniform(-0.9, 0.9),
    }
    return nengo.Ensemble(**{**defaults, **kwargs})


def gate(error, *connections):
    """Connect the error to the rules of the connections during the time of learning."""
    gated = nengo.Node(
        lambda t, x: x * (t < LEARNING), size_in=error.size_out, size_out=error.size_out
    )
    nengo.Connection(error, gated, synapse=None)
    for connection in connections:
        nengo.Connection(gated, connection.learning_rule, synapse=None)
    return nengo.Probe(error)


def connect_error(output, target, *connections):
    """Connect the error to the rules of the connections, and return a probe on it."""
    error = nengo.Node(size_in=output.size_out)
    nengo.Connection(output, error, synapse=None)
    nengo.Connection(target, error, transform=-1, synapse=0.005)
    return gate(error, *connections)


def decode(ensemble, output):
    return nengo.Connection(
        ensemble,
        output,
        function=lambda x: np.zeros(output.size_in),
        synapse=0.005,
        learning_rule_type=nengo.PES(),
    )


def learn_function(function, x, rule, **kwargs):
    """Make a layer that learns a function of inputs, each shown for 50 ms."""
    y = function(x)
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    n = y.shape[1]
    stimulus = nengo.Node(nengo.processes.PresentInput(x, 0.05))
    target = nengo.Node(nengo.processes.PresentInput(y, 0.05))
    hidden = make_neurons(n_neurons=60, dimensions=x.shape[1], **kwargs)
    output = nengo.Node(size_in=n)
    encode = nengo.Connection(
        stimulus, hidden, synapse=None, learning_rule_type=rule(n)
    )
    return connect_error(output, target, encode, decode(hidden, output))


def product(seed, **kwargs):
    """Learn the product of two numbers, in spikes."""
    stimulus = nengo.Node(
        nengo.processes.WhiteSignal(100.0, high=2, rms=0.5, seed=seed), size_out=2
    )
    network = nengo_fa.networks.Multiplication(
        seed=seed, learning=lambda t: t < LEARNING, **kwargs
    )
    nengo.Connection(stimulus, network.input, synapse=None)
    return nengo.Probe(network.error)


def exact_product(seed):
    """Learn the product with the exact derivative, and rates in hertz."""
    return product(
        seed,
        neuron_type=nengo.LIFRate(),
        encoder_rule=nengo_fa.FeedbackAlignment(1, derivative=nengo_fa.Rate()),
    )


def friedman(seed, amplitude=0.01):
    """Learn Friedman's first regression problem."""
    x = np.random.RandomState(seed).uniform(-1, 1, size=(2000, 5))

    def function(x):
        u = (x + 1) / 2
        y = 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2
        return (y + 10 * u[:, 3] + 5 * u[:, 4])[:, None]

    return learn_function(
        function,
        x,
        nengo_fa.FeedbackAlignment,
        radius=np.sqrt(5 / 3),
        neuron_type=nengo.LIFRate(amplitude=amplitude),
    )


def classification(seed):
    """Learn three classes of points in four dimensions, with eight clusters each."""
    rng = np.random.RandomState(seed)
    centres, labels = rng.normal(size=(24, 4)), np.arange(24) % 3
    which = rng.randint(24, size=2000)
    x = centres[which] + 0.2 * rng.normal(size=(2000, 4))
    return learn_function(
        lambda x: np.eye(3)[labels[which]], x, nengo_fa.FeedbackAlignment, radius=2
    )


def chain(seed):
    """Learn with two layers and global feedback alignment, from all neurons of the first."""
    x = np.random.RandomState(seed).uniform(-1, 1, size=(2000, 2))
    y = np.sin(3 * x[:, :1] * x[:, 1:])
    stimulus = nengo.Node(nengo.processes.PresentInput(x, 0.05))
    target = nengo.Node(nengo.processes.PresentInput(y / y.std(), 0.05))
    first = make_neurons(n_neurons=50, dimensions=2, radius=1.4)
    second = make_neurons(n_neurons=50, dimensions=50, radius=1.4)
    output = nengo.Node(size_in=1)
    encode = nengo.Connection(stimulus, first, synapse=None)
    # activities of the order of one
    encode2 = nengo.Connection(
        first.neurons, second, transform=np.eye(50) / 75, synapse=0.005
    )
    decoded = decode(second, output)
    nengo_fa.teach_chain([encode, encode2], decoded, variant="global")
    return connect_error(output, target, encode2, decoded)


def pendulum(seed):
    """Learn a controller in a loop, which compensates for the gravity on a pendulum."""
    state = np.zeros(2)

    def step(t, force):
        if t <= 0.001:
            state[:] = 0
        angle, speed = state
        state[1] += 0.001 * (
            force[0] - 5 * np.sin(2 * angle) - 2 * speed**2 * np.sign(speed)
        )
        state[0] += 0.001 * state[1]
        return state

    goal = nengo.processes.WhiteSignal(100.0, high=0.5, rms=0.6, seed=seed)
    wanted = nengo.Node(goal, size_out=1)
    plant = nengo.Node(step, size_in=1, size_out=2)
    hidden = make_neurons(
        n_neurons=60, dimensions=2, radius=1.5, neuron_type=nengo.LIF()
    )
    encode = nengo.Connection(
        plant,
        hidden,
        synapse=0,
        transform=np.diag([1, 0.5]),
        learning_rule_type=nengo_fa.FeedbackAlignment(1),
    )
    control = nengo.Node(size_in=1)
    nengo.Connection(wanted, control, transform=10, synapse=None)
    nengo.Connection(plant, control, transform=[[-10, -3]], synapse=0)
    nengo.Connection(control, plant, synapse=None)
    decoded = decode(hidden, plant)
    error = nengo.Node(size_in=1)
    nengo.Connection(control, error, transform=-1, synapse=None)
    return gate(error, encode, decoded)


TASKS = [product, exact_product, friedman, classification, chain, pendulum]


def find_error(task, seed, options, factor=1, pes_factor=1):
    with nengo.Network(seed=seed) as network:
        probe = task(seed)
    rates = nengo_fa.suggest_learning_rate(
        network, turn=options.turn, halving_time=options.halving_time
    )
    for rule in rates:
        is_pes = isinstance(rule.learning_rule_type, nengo.PES)
        rates[rule] *= pes_factor if is_pes else factor
    rates.apply()
    with nengo.Simulator(network, progress_bar=False) as sim:
        sim.run(LEARNING + TEST)
    error = sim.data[probe][sim.trange() > LEARNING + 0.1]
    return np.sqrt(np.mean(np.sum(error**2, axis=1)))


def find_row(task, seed, options):
    """Return the error at each factor, divided by the error with fixed encoders."""
    name = "pes_factor" if options.pes else "factor"
    fixed = {"factor": 0}
    untaught = find_error(task, seed, options, **fixed)
    grid = [{**fixed, name: factor} for factor in FACTORS]
    return [find_error(task, seed, options, **factors) / untaught for factors in grid]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--turn", type=float, default=0.7, metavar="RADIANS")
    parser.add_argument("--halving-time", type=float, default=0.2, metavar="SECONDS")
    parser.add_argument("--tasks", nargs="+", default=[task.__name__ for task in TASKS])
    parser.add_argument(
        "--pes", action="store_true", help="vary the rates of PES instead"
    )
    options = parser.parse_args()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["network", "seed", *(f"{factor:.2g}" for factor in FACTORS)])
    for seed in options.seeds:
        for task in TASKS:
            if task.__name__ in options.tasks:
                errors = find_row(task, seed, options)
                name = task.__name__.replace("_", " ")
                rows.writerow([name, seed, *(f"{error:.2f}" for error in errors)])
                sys.stdout.flush()


if __name__ == "__main__":
    main()
