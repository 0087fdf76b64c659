"""Rules that meet, and networks in which something is amiss."""

import warnings

import nengo
import numpy as np
import pytest
from nengo.builder import Model
from nengo.exceptions import BuildError, NengoWarning, ValidationError
from nengo_fa.feedback import SignSymmetric

import nengo_fa
from nengo_fa import (
    Backprop,
    BackpropagatedError,
    BurstLearning,
    FeedbackAlignment,
    NeuronError,
)


def oscillate(k, size):
    return nengo.Node(
        lambda t: 0.5 * np.sin(np.arange(7, 7 + 2 * size, 2) * t + k), size_out=size
    )


class Meeting:
    """Make rules with separate connections and separate errors."""

    def __init__(self, *rules, same_connection=False, **ensemble):
        ensemble.setdefault("neuron_type", nengo.LIFRate())
        with nengo.Network(seed=1) as self.model:
            self.hidden = nengo.Ensemble(20, 2, **ensemble)
            self.probes = {}
            for k, rule in enumerate(rules):
                encode = nengo.Connection(
                    oscillate(k, 2), self.hidden, synapse=None, learning_rule_type=rule
                )
                if encode.learning_rule.size_in > 0 and not isinstance(
                    rule, nengo.Voja
                ):
                    error = oscillate(3 * k, rule.size_in)
                    nengo.Connection(error, encode.learning_rule, synapse=None)
                delta = nengo.Probe(encode.learning_rule, "delta")
                self.probes[k] = delta
            self.encoders = nengo.Probe(self.hidden, "scaled_encoders")

    def run(self, Simulator, seconds=1.0, **kwargs):
        with Simulator(self.model, **kwargs) as sim:
            sim.run(seconds)
        encoders = sim.data[self.encoders]
        self.deltas = [sim.data[probe] for probe in self.probes.values()]
        change = np.diff(encoders, axis=0)
        np.testing.assert_allclose(change, sum(self.deltas)[:-1], atol=1e-9)
        length = np.linalg.norm(encoders, axis=2)
        self.ratio = length[-1] / length[0]
        self.turned = np.abs(encoders[-1] - encoders[0]).max()
        return self


def align(normalization, rate=1.0, **parameters):
    return FeedbackAlignment(1, rate, normalization=normalization, **parameters)


@pytest.mark.parametrize("n_rules", [1, 2, 3])
@pytest.mark.parametrize("optimize", [False, True])
def test_forced_rules_keep_lengths_whatever_their_errors(Simulator, n_rules, optimize):
    rules = [align("forced", rate) for rate in (1.0, 1.5, 2.0)[:n_rules]]
    met = Meeting(*rules).run(Simulator, optimize=optimize)
    np.testing.assert_allclose(met.ratio, 1, rtol=1e-10)
    assert met.turned > 1
    assert all(np.abs(delta).max() > 0 for delta in met.deltas)


def test_forced_rules_on_one_connection(Simulator):
    met = Meeting([align("forced", 1), align("forced", 2)][0])
    with met.model:
        (encode,) = (c for c in met.model.connections if c.learning_rule is not None)
        encode.learning_rule_type = {
            "one": align("forced", 1),
            "two": align("forced", 2),
        }
        met.model.connections[:] = [
            c for c in met.model.connections if not hasattr(c.post_obj, "connection")
        ]
        met.model.probes.remove(met.probes[0])
        for k, name in enumerate(("one", "two")):
            nengo.Connection(oscillate(k, 1), encode.learning_rule[name], synapse=None)
            met.probes[k] = nengo.Probe(encode.learning_rule[name], "delta")
    met.run(Simulator)
    np.testing.assert_allclose(met.ratio, 1, rtol=1e-10)


@pytest.mark.parametrize("order", [1, -1])
def test_forced_beside_augmented_drifts_as_augmented_alone(Simulator, order):
    """Errors of opposite signs, which would shorten encoders that do not turn."""

    def oppose(*rules):
        met = Meeting(*rules[::order])
        for node in met.model.nodes[1::2]:
            sign = 1 if node is met.model.nodes[1] else -1
            node.output = lambda t, sign=sign: [sign * np.sin(5 * t)]
        return met.run(Simulator)

    feedback = np.ones((20, 1))
    rules = [align(name, feedback=feedback) for name in ("forced", "augmented")]
    assert oppose(*rules).ratio.min() > 1 - 1e-6


@pytest.mark.parametrize(
    "normalization", [None, "augmented", "homeostatic", "stabilized"]
)
def test_equal_normalizations_add_up(Simulator, normalization):
    """Each update is the same as alone with the same signals."""
    met = Meeting(align(normalization, 0.1), align(normalization, 0.2)).run(
        Simulator, 0.1
    )
    assert all(np.abs(delta).max() > 0 for delta in met.deltas)
    if normalization is not None:
        np.testing.assert_allclose(met.ratio, 1, rtol=0.05)


@pytest.mark.parametrize("normalization", [None, "forced", "augmented"])
def test_beside_voja(Simulator, normalization):
    met = Meeting(align(normalization, 0.5), nengo.Voja(learning_rate=1e-3))
    met.run(Simulator)
    alone = Meeting(align(normalization, 0), nengo.Voja(learning_rate=1e-3)).run(
        Simulator
    )
    assert np.abs(met.deltas[0]).max() > 0 and np.abs(met.deltas[1]).max() > 0
    if normalization == "forced":  # lengths are those Voja makes of them
        np.testing.assert_allclose(met.ratio, alone.ratio, rtol=0.1)


@pytest.mark.parametrize("other", [align(None), nengo.Voja(), align("augmented", 2)])
def test_zeros_are_kept_by_all_rules_or_none(Simulator, other):
    encoders = np.eye(2)[np.arange(20) % 2]
    sparse = align(None, sparse=True)
    with pytest.raises(BuildError, match="sparse=True for both rules or for neither"):
        Simulator(Meeting(sparse, other, encoders=encoders).model)
    met = Meeting(sparse, align(None, 2, sparse=True), encoders=encoders)
    met.run(Simulator, 0.1)
    still = Meeting(sparse, align(None, 0), encoders=encoders)
    still.run(Simulator, 0.1)


def chain(rule, node, n_between=0, **parameters):
    """Two layers of 9 neurons and 9 dimensions, with the error of the second for the first.

    It passes through some nodes, of which each has the error among other things.
    """
    with nengo.Network(seed=1) as model:
        first, second = nengo.Ensemble(9, 2), nengo.Ensemble(9, 9)
        encode1 = nengo.Connection(oscillate(0, 2), first)
        encode2 = nengo.Connection(
            first.neurons,
            second,
            transform=np.eye(9),
            learning_rule_type=FeedbackAlignment(1),
        )
        nengo.Connection(oscillate(1, 1), encode2.learning_rule)
        encode1.learning_rule_type = rule(encode2)
        source = node(encode2.learning_rule)
        for _ in range(n_between):
            hub = nengo.Node(size_in=12)
            nengo.Connection(source, hub[:9], synapse=None)
            nengo.Connection(oscillate(2, 3), hub[9:], synapse=None)
            source = hub[:9]
        nengo.Connection(source, encode1.learning_rule, **parameters)
    return model


def test_an_error_beside_the_one_that_is_handed_on_is_not_the_concern_of_the_rule(
    Simulator,
):
    model = chain(Backprop, BackpropagatedError, 1)
    (hub,) = [node for node in model.nodes if node.size_in == 12]
    other = next(
        it for it in model.connections if it.size_out == 9 and it.learning_rule
    )
    with model:
        three = nengo.Connection(oscillate(0, 2), nengo.Ensemble(3, 2))
        three.learning_rule_type = FeedbackAlignment(1, learning_rate=0)
        nengo.Connection(NeuronError(three.learning_rule), hub[9:], synapse=None)
    Simulator(model).close()
    with model:
        nengo.Connection(NeuronError(other.learning_rule), hub[:9])
    with pytest.raises(BuildError, match="the rule needs the error of"):
        Simulator(model)


def follow(to_neurons):
    return lambda encode: FeedbackAlignment(
        9, feedback=SignSymmetric(encode, to_neurons=to_neurons)
    )


@pytest.mark.parametrize(
    "rule, node, right",
    [
        (Backprop, NeuronError, False),
        (Backprop, BackpropagatedError, True),
        (follow(False), NeuronError, False),
        (follow(False), BackpropagatedError, True),
        (follow(True), NeuronError, True),
        (follow(True), BackpropagatedError, False),
        (lambda encode: FeedbackAlignment(9), NeuronError, True),
        (lambda encode: FeedbackAlignment(9), BackpropagatedError, True),
    ],
)
@pytest.mark.parametrize(
    "parameters",
    [{}, {"synapse": None}, {"transform": 0.5}, {"transform": -2 * np.eye(9)}],
)
@pytest.mark.parametrize("through", [0, 2])
def test_errors_are_about_what_the_rule_takes_them_to_be(
    Simulator, rule, node, right, parameters, through
):
    model = chain(rule, node, through, **parameters)
    if right:
        Simulator(model).close()
    else:
        with pytest.raises(BuildError, match="the rule needs the error of"):
            Simulator(model)
    # what a modeller makes of it is the modeller's own affair
    drawn = nengo.Dense((9, 9), init=nengo.dists.Uniform(-1, 1))
    for transform in (np.diag(np.arange(9)), drawn):
        Simulator(chain(rule, node, through, transform=transform)).close()


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_errors_before_the_gains(Simulator, gain):
    with nengo.Network(seed=1) as model:
        first = nengo.Ensemble(9, 2)
        second = nengo.Ensemble(9, 2, gain=np.full(9, gain), bias=np.ones(9))
        forward = nengo.Connection(first.neurons, second.neurons, transform=np.eye(9))
        encode1, encode2 = (
            nengo.Connection(oscillate(0, 2), e) for e in (first, second)
        )
        encode1.learning_rule_type = Backprop(forward)
        encode2.learning_rule_type = FeedbackAlignment(1)
        nengo.Connection(oscillate(1, 1), encode2.learning_rule)
        nengo.Connection(NeuronError(encode2.learning_rule), encode1.learning_rule)
    if gain == 1:
        Simulator(model).close()
    else:
        with pytest.raises(BuildError, match="before the gains"):
            Simulator(model)


def test_rule_without_an_error(Simulator):
    with nengo.Network(seed=1) as model:
        encode = nengo.Connection(oscillate(0, 2), nengo.Ensemble(9, 2))
        encode.learning_rule_type = FeedbackAlignment(1)
    with pytest.warns(NengoWarning, match="No error is connected"):
        Simulator(model).close()
    encode.learning_rule_type = FeedbackAlignment(1, learning_rate=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NengoWarning)
        Simulator(model).close()


def test_no_error_is_missed_after_training(Simulator, rng):
    """After offline learning, a simulation must not change the learned parameters."""
    with nengo.Network(seed=1) as model:
        hidden, output = nengo.Ensemble(20, 2, label="hidden"), nengo.Node(size_in=1)
        encode = nengo.Connection(oscillate(0, 2), hidden)
        encode.learning_rule_type = FeedbackAlignment(1)
        decode = nengo.Connection(hidden, output, function=np.prod)
    message = "rule of the connection from an unnamed Node to Ensemble 'hidden', so"
    with pytest.warns(NengoWarning, match=message):
        Simulator(model).close()
    x = rng.uniform(-1, 1, size=(50, 2))
    nengo_fa.train(decode, x, x[:, :1], epochs=1, network=model, progress_bar=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NengoWarning)
        Simulator(model).close()


def loop(case):
    """Networks around a taught ensemble, by name."""
    with nengo.Network(seed=1) as model:
        stimulus, hidden = oscillate(0, 2), nengo.Ensemble(20, 2)
        output, error = nengo.Node(size_in=2), nengo.Node(size_in=2)
        encode = nengo.Connection(stimulus, hidden, synapse=None)
        encode.learning_rule_type = FeedbackAlignment(
            2, learning_rate=0 if case == "still" else 1
        )
        nengo.Connection(error, encode.learning_rule)
        nengo.Connection(stimulus, error, transform=-1)
        decoders = dict(learning_rule_type=nengo.PES())
        if case in ("solved", "through an ensemble", "still"):
            decoders = {}
        elif case == "given":
            decoders = dict(solver=nengo.solvers.NoSolver(np.zeros((20, 2))))
        decode = nengo.Connection(hidden, output, **decoders)
        if case == "through an ensemble":
            relay = nengo.Ensemble(20, 2)
            nengo.Connection(output, relay)
            nengo.Connection(relay, error)
        else:
            nengo.Connection(output, error)
        if decode.learning_rule is not None:
            nengo.Connection(error, decode.learning_rule)
        if case == "loop":
            nengo.Connection(hidden, hidden, synapse=0.1)
        if case == "loop of neurons":
            nengo.Connection(hidden.neurons, hidden, transform=np.zeros((2, 20)))
        if case == "taught loop":
            recurrent = nengo.Connection(hidden, hidden, synapse=0.1)
            recurrent.learning_rule_type = FeedbackAlignment(2)
            nengo.Connection(error, recurrent.learning_rule)
        if case == "aside":
            nengo.Connection(hidden, nengo.Ensemble(20, 2), function=np.square)
    return model


@pytest.mark.parametrize(
    "case", ["solved", "through an ensemble", "loop", "taught loop"]
)
def test_decoders_that_stay_while_encoders_turn(Simulator, case):
    with pytest.warns(NengoWarning, match="do not learn.*nengo_fa.solve_decoders"):
        Simulator(loop(case)).close()


@pytest.mark.parametrize(
    "case", ["learned", "given", "loop of neurons", "aside", "still"]
)
def test_no_false_alarm(Simulator, case):
    with warnings.catch_warnings():
        warnings.simplefilter("error", NengoWarning)
        Simulator(loop(case)).close()


def test_no_alarm_offline(rng):
    """In direct mode, errors and decoders are not those of the network."""
    model = loop("solved")
    decode = next(c for c in model.connections if c.pre_obj is model.ensembles[0])
    for other in [c for c in model.connections if hasattr(c.post_obj, "connection")]:
        model.connections.remove(other)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NengoWarning)
        nengo_fa.train(decode, rng.randn(30, 2), rng.randn(30, 2), 1, network=model)


@pytest.mark.parametrize("value", [True, False, np.True_])
@pytest.mark.parametrize(
    "make",
    [
        lambda value: FeedbackAlignment(value),
        lambda value: FeedbackAlignment(1, learning_rate=value),
        lambda value: FeedbackAlignment(1, feedback=value),
        lambda value: nengo_fa.EncoderLearningRule(size_in=value),
        lambda value: BurstLearning(learning_rate=value),
        lambda value: BurstLearning(n_events=value),
        lambda value: nengo_fa.Step(threshold=value),
        lambda value: nengo_fa.Rate(margin=value),
        lambda value: nengo_fa.feedback.Orthogonal(value),
        lambda value: nengo_fa.Pyramidal(coupling=value),
    ],
)
def test_truth_is_no_number(make, value):
    with pytest.raises(ValidationError, match="Must be a number"):
        make(value)


class OtherBuilder(nengo.builder.Builder):
    """As those of other simulators, which know the module by its name."""

    __module__ = "nengo_dl.builder"


def build_parts(net):
    """Build objects one by one, as nengo-loihi does with those on its host."""
    model, parts = (
        Model(label=f"{net}:host, dt=0.001"),
        [*net.ensembles, *net.connections],
    )
    model.seeds.update(dict.fromkeys(parts, 1))
    model.seeded.update(dict.fromkeys(parts, False))
    for part in parts:
        model.build(part)


UNABLE = {
    "nengo-dl": lambda net: Model(builder=OtherBuilder()).build(net),
    "nengo-loihi": build_parts,
}


@pytest.mark.parametrize("name", UNABLE)
def test_simulators_that_cannot_run_the_rules_are_refused(name):
    """With the way to what was learned, rather than by what their operators lack."""
    with nengo.Network() as net:
        hidden = nengo.Ensemble(10, 1)
        nengo.Connection(hidden, hidden, learning_rule_type=FeedbackAlignment(1))
    with pytest.raises(BuildError, match=f"{name} does not run .*freeze_params"):
        UNABLE[name](net)
