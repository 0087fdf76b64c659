"""The time that a learning rule adds to each step of a simulation.

The same network is simulated without a rule, with each rule of nengo_fa, with Voja, and with
nengo_extras' DeltaRule, in turn. Voja and nengo_fa learn encoders, (n, 2). DeltaRule learns
full weights, (n, n_pre), from a population that represents the two numbers; the rows below it
are nengo_fa with the same full weights. Then two layers of neurons learn, the first from the
error of the output or from the error of an error node. Finally, encoders have the size of
images, (200, 784), with and without a probe on their change.
Learning rates are so small that they do not change the firing rates, because spikes also take
time to compute.
"""

import argparse
import time

import nengo
import numpy as np

import nengo_fa

try:
    from nengo_extras.learning_rules import DeltaRule
except ImportError as error:
    raise SystemExit("Install nengo-extras: pip install '.[benchmarks]'") from error

STEP = nengo_fa.Step()
LEARNING_RATE = 1e-12
N_PRE = (50, 200)
N_PIXELS = 784


def active(current):
    """Return the gate of the delta rule, the same as STEP."""
    return current > 1


def network(n_neurons, size_in, rule=None, backprop=False):
    """Make an ensemble that encodes two numbers, with an output and an error."""
    with nengo.Network(seed=0) as model:
        x = nengo.Node(np.ones(size_in))
        error = nengo.Node([0.01])
        ensemble = nengo.Ensemble(n_neurons, size_in)
        output = nengo.Node(size_in=1)
        encode = nengo.Connection(x, ensemble, synapse=None)
        decode = nengo.Connection(
            ensemble, output, function=lambda x: 0, solver=nengo.solvers.NoSolver()
        )
        if backprop:
            rule = nengo_fa.Backprop(
                decode, LEARNING_RATE, derivative=STEP, normalization=None
            )
        encode.learning_rule_type = rule
        if rule is not None and not isinstance(rule, nengo.Voja):
            nengo.Connection(error, encode.learning_rule, synapse=None)
    return model


def full_weights(n_neurons, n_pre, rule=None, to_neurons=True):
    """Make the same as `network`, but with input from neurons through full weights."""
    rng = np.random.RandomState(0)
    with nengo.Network(seed=0) as model:
        error = nengo.Node([0.01])
        pre = nengo.Ensemble(n_pre, 2)
        post = nengo.Ensemble(n_neurons, n_pre)
        if to_neurons:
            weights = rng.randn(n_neurons, n_pre) * 1e-3
            connection = nengo.Connection(pre.neurons, post.neurons, transform=weights)
            feedback = rng.choice([-1.0, 1.0], size=(n_neurons, 1))
        else:
            connection = nengo.Connection(pre.neurons, post)
            feedback = 1
        if rule is not None:
            connection.learning_rule_type = rule
            nengo.Connection(
                error, connection.learning_rule, transform=feedback, synapse=None
            )
    return model


def two_layers(n_neurons, variant=None):
    """Make `network` with an additional first layer, taught by a `teach_chain` variant."""
    with nengo.Network(seed=0) as model:
        x, error = nengo.Node(np.ones(2)), nengo.Node([0.01])
        first, last = nengo.Ensemble(n_neurons, 2), nengo.Ensemble(n_neurons, 2)
        output = nengo.Node(size_in=1)
        encodes = [
            nengo.Connection(x, first, synapse=None),
            nengo.Connection(first, last),
        ]
        decode = nengo.Connection(
            last, output, function=lambda x: 0, solver=nengo.solvers.NoSolver()
        )
        if variant is not None:
            settings = {"derivative": STEP, "normalization": None}
            nengo_fa.teach_chain(
                encodes, decode, error, variant, LEARNING_RATE, **settings
            )
    return model


def align(normalization=None, derivative=STEP):
    return nengo_fa.FeedbackAlignment(
        1, LEARNING_RATE, derivative=derivative, normalization=normalization
    )


def variants(n_neurons):
    """Return by name: a network with a rule, and the name of the network without it."""
    cases = {
        "(no rule)": (network(n_neurons, 2), None),
        "Voja": (network(n_neurons, 2, nengo.Voja(LEARNING_RATE)), "(no rule)"),
        "FeedbackAlignment": (network(n_neurons, 2, align()), "(no rule)"),
        **{
            f"  {name}": (network(n_neurons, 2, align(name)), "(no rule)")
            for name in ("forced", "augmented", "homeostatic", "stabilized")
        },
        "  Rate": (network(n_neurons, 2, align(None, nengo_fa.Rate())), "(no rule)"),
        "Backprop": (network(n_neurons, 2, backprop=True), "(no rule)"),
    }
    for n_pre in N_PRE:
        for name, rule, to_neurons in (
            ("DeltaRule", DeltaRule(LEARNING_RATE, post_fn=active), True),
            ("FeedbackAlignment", align(), False),
        ):
            base = f"({name}'s network, {n_pre} pre)"
            cases[base] = (full_weights(n_neurons, n_pre, None, to_neurons), None)
            cases[f"{name}, {n_pre} pre"] = (
                full_weights(n_neurons, n_pre, rule, to_neurons),
                base,
            )
    cases["(two layers)"] = (two_layers(n_neurons), None)
    for name, variant in (
        ("Two layers, the same error", "direct"),
        ("  NeuronError", "global"),
        ("  BackpropagatedError", "backprop"),
    ):
        cases[name] = (two_layers(n_neurons, variant), "(two layers)")
    return cases


def variants_of_images():
    """Return the same as `variants`, for 200 neurons and images."""

    def make(rule=None):
        return network(200, N_PIXELS, rule)

    def make_probed(normalization):
        model = make(align(normalization))
        with model:
            rule = model.connections[0].learning_rule
            nengo.Probe(rule, "delta", sample_every=1e6)
        return model

    cases = {
        "(no rule)": (make(), None),
        "Voja": (make(nengo.Voja(LEARNING_RATE)), "(no rule)"),
    }
    for normalization in (None, "forced", "augmented"):
        name = normalization or "FeedbackAlignment"
        cases[name] = (make(align(normalization)), "(no rule)")
        cases[f"  {name}, delta probed"] = (make_probed(normalization), "(no rule)")
    return cases


def measure(cases, rounds, n_steps):
    """Return the microseconds per step of each case, (rounds,), measured in turn."""
    simulators = {
        name: nengo.Simulator(model, progress_bar=False)
        for name, (model, _) in cases.items()
    }
    times = {name: [] for name in cases}
    for repetition in range(rounds + 1):
        for name, sim in simulators.items():
            start = time.perf_counter()
            sim.run_steps(n_steps)
            if repetition > 0:  # the first repetition warms up
                times[name].append((time.perf_counter() - start) / n_steps * 1e6)
    for sim in simulators.values():
        sim.close()
    return {name: np.array(values) for name, values in times.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()

    nengo.rc["decoder_cache"]["enabled"] = "false"
    names = [f"DeltaRule, {n_pre} pre" for n_pre in N_PRE]
    for n_neurons in (20, 200, 2000):
        report(f"{n_neurons} neurons", variants(n_neurons), names, options)
    report(f"200 neurons, {N_PIXELS} dimensions", variants_of_images(), [], options)


def report(title, cases, names, options):
    """Measure cases; print the time that they add, also compared with some of them."""
    times = measure(cases, options.rounds, options.steps)
    added = {
        name: np.median(times[name] - times[base])
        for name, (_, base) in cases.items()
        if base is not None
    }
    print(f"\n{title}, {np.median(times['(no rule)']):.1f} us a step")
    print(f"{'':30}{'added us':>10}{'over Voja':>11}", *(f"{n} over" for n in names))
    for name, value in added.items():
        print(
            f"{name:30}{value:10.1f}{value / added['Voja']:11.2f}",
            *(f"{added[n] / value:{len(n) + 5}.1f}" for n in names),
        )


if __name__ == "__main__":
    main()
