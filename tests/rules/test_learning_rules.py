import pickle

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, NengoException, ValidationError

import nengo_fa
from nengo_fa import Backprop, FeedbackAlignment, Rate, Step

ROWS = np.arange(12).reshape(6, 2) / 10


def make_model(encoder_rule=None, **kwargs):
    """A small network that learns; a rule may be a function of the network."""
    with nengo.Network(seed=0) as model:
        model.stimulus = nengo.Node([0.5, 0.5])
        model.hidden = nengo.Ensemble(6, 2, **kwargs)
        model.output = nengo.Node(size_in=2)
        model.error = nengo.Node([1, 1])
        model.encode = nengo.Connection(model.stimulus, model.hidden)
        model.decode = nengo.Connection(model.hidden, model.output)
        if encoder_rule is not None:
            if not isinstance(encoder_rule, nengo.learning_rules.LearningRuleType):
                encoder_rule = encoder_rule(model)
            model.encode.learning_rule_type = encoder_rule
            rule = model.encode.learning_rule
            nengo.Connection(model.error, rule, transform=np.ones((rule.size_in, 2)))
    return model


def test_defaults():
    rule = FeedbackAlignment(2)
    assert rule.size_in == 2
    assert rule.learning_rate == 1
    assert rule.feedback == nengo.dists.UniformHypersphere(surface=True)
    assert rule.derivative == Step()
    assert rule.normalization == "augmented"
    assert rule.pre_synapse is None
    assert rule.sparse is False
    assert rule.modifies == "encoders"
    assert set(rule.probeable) == {
        "delta",
        "error",
        "projected_error",
        "derivative",
        "scaled_encoders",
        "feedback",
    }
    assert set(Backprop.probeable) == set(rule.probeable) - {"feedback"}


def test_repr():
    assert repr(FeedbackAlignment(2)) == "FeedbackAlignment(size_in=2)"
    rule = FeedbackAlignment(
        1,
        0.5,
        derivative=Rate(margin=0.1),
        normalization="forced",
        pre_synapse=0.01,
        sparse=True,
        eligibility_synapse=nengo.Alpha(0.02),
    )
    assert eval(repr(rule), {**vars(nengo_fa), **vars(nengo.synapses)}) == rule

    model = make_model()
    text = repr(Backprop(model.decode, learning_rate=3, sparse=True))
    assert (
        text == f"Backprop(connection={model.decode!r}, learning_rate=3, sparse=True)"
    )
    assert repr(Step("output", threshold=2)) == "Step(signal='output', threshold=2)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: FeedbackAlignment(2),
        lambda: FeedbackAlignment(2, feedback=ROWS, pre_synapse=0.01),
        lambda: FeedbackAlignment(1, derivative=Rate(), normalization="augmented"),
        lambda: FeedbackAlignment(1, sparse=True, eligibility_synapse=0.1),
        lambda: Step(signal="output", synapse=None),
        lambda: Rate(margin=0.1),
    ],
)
def test_equality_hash_and_pickle(make):
    one, other = make(), make()
    assert one is not other
    assert one == other and hash(one) == hash(other)
    copied = pickle.loads(pickle.dumps(one))
    assert copied == one and hash(copied) == hash(one)
    assert repr(copied) == repr(one)


def test_inequality():
    rules = [
        FeedbackAlignment(1),
        FeedbackAlignment(2),
        FeedbackAlignment(2, learning_rate=2),
        FeedbackAlignment(2, feedback=ROWS),
        FeedbackAlignment(2, feedback=ROWS + 1),
        FeedbackAlignment(2, derivative=Rate()),
        FeedbackAlignment(2, derivative=Step("output")),
        FeedbackAlignment(2, normalization="forced"),
        FeedbackAlignment(2, pre_synapse=0.1),
        FeedbackAlignment(2, eligibility_synapse=0.1),
        FeedbackAlignment(2, sparse=True),
    ]
    decode = make_model().decode
    rules += [Backprop(decode), Backprop(decode, sparse=True)]
    for i, rule in enumerate(rules):
        assert [rule == other for other in rules] == [i == j for j in range(len(rules))]


def test_frozen():
    feedback = ROWS.copy()
    rule = FeedbackAlignment(2, feedback=feedback)
    before = hash(rule)
    feedback[:] = 0
    assert hash(rule) == before and np.array_equal(rule.feedback, ROWS)
    with pytest.raises(ValueError, match="read-only"):
        rule.feedback[0] = 1
    with pytest.raises(ValidationError, match="read-only"):
        rule.learning_rate = 2
    with pytest.raises(ValidationError, match="read-only"):
        rule.sparse = True


def test_config_defaults():
    with nengo.Network() as model:
        model.config.configures(FeedbackAlignment)
        model.config.configures(Step)
        model.config[FeedbackAlignment].learning_rate = 5
        model.config[FeedbackAlignment].normalization = "augmented"
        model.config[FeedbackAlignment].derivative = Rate()
        model.config[Step].signal = "output"
        rule = FeedbackAlignment(1)
        assert rule.learning_rate == 5
        assert rule.normalization == "augmented"
        assert rule.derivative == Rate()
        assert FeedbackAlignment(1, normalization=None).normalization is None
        assert Step().signal == "output"
        with pytest.raises(ValidationError, match="must be|Must be"):
            model.config[FeedbackAlignment].normalization = "L2"
    assert FeedbackAlignment(1).learning_rate == 1


@pytest.mark.parametrize(
    "make_rule",
    [
        lambda model: FeedbackAlignment(2, feedback=ROWS, learning_rate=10),
        lambda model: Backprop(model.decode, learning_rate=10),
    ],
)
def test_network_copy_and_pickle(Simulator, make_rule):
    model = make_model(make_rule)

    def run(model):
        with model:
            probe = nengo.Probe(
                model.all_connections[0].learning_rule, "scaled_encoders"
            )
        with Simulator(model) as sim:
            sim.run(0.05)
        return sim.data[probe]

    copied = model.copy()
    pickled = pickle.loads(pickle.dumps(model))
    expected = run(model)
    assert not np.allclose(expected[0], expected[-1])
    for other in (copied, pickled):
        encode, decode = other.all_connections[:2]
        assert encode.learning_rule_type is not model.encode.learning_rule_type
        if isinstance(encode.learning_rule_type, Backprop):
            assert encode.learning_rule_type.connection is decode
        assert np.array_equal(run(other), expected)


def test_backprop_takes_its_size_from_the_connection():
    model = make_model()
    assert Backprop(model.decode).size_in == 2
    with model:
        decode = nengo.Connection(model.hidden, model.output[0], function=np.prod)
    assert Backprop(decode).size_in == 1


class ReadsVoltage(nengo_fa.Derivative):
    signal = "voltage"


class Unfinished(nengo_fa.Derivative):
    def make_step(self, neuron_type, signal, out):
        out[...] = 1


class Writes(nengo_fa.Derivative):
    value = nengo.params.NumberParam("value", optional=True)

    def __init__(self, value=None):
        super().__init__()
        self.value = value

    def make_step(self, neuron_type, signal, out):
        return lambda: None if self.value is None else out.fill(self.value)


class WritesSome(nengo_fa.Derivative):
    def make_step(self, neuron_type, signal, out):
        return lambda: np.divide(1, signal, out=out, where=signal > 1)


class WritesAnother(nengo_fa.Derivative):
    def make_step(self, neuron_type, signal, out):
        return lambda: np.copyto(out, np.ones(len(signal) + 1))


class NotANumber(nengo.dists.Distribution):
    def sample(self, n, d=None, rng=np.random):
        return np.full((n, d), np.nan)


def connect(make_post, rule=FeedbackAlignment(2), **kwargs):
    """A declaration that connects the rule to something else."""

    def declare():
        model = make_model()
        with model:
            post = make_post(model)
            nengo.Connection(model.stimulus, post, learning_rule_type=rule, **kwargs)
        nengo.Simulator(model)

    return declare


def build(make_rule, **kwargs):
    return lambda: nengo.Simulator(make_model(make_rule, **kwargs)).close()


def build_backprop(*args, **kwargs):
    """A declaration of Backprop on another connection of the model."""

    def make_rule(model):
        pre, post = (
            arg(model) if callable(arg) else getattr(model, arg) for arg in args
        )
        return Backprop(nengo.Connection(pre, post, **kwargs))

    return build(make_rule)


def backprop_outside():
    other = make_model()

    def make_rule(model):
        with other:
            # leaves the taught ensemble, but belongs to another network
            return Backprop(nengo.Connection(model.hidden, other.output))

    nengo.Simulator(make_model(make_rule))


def error_of_wrong_size():
    model = make_model(FeedbackAlignment(2))
    with model:
        nengo.Connection(model.error[0], model.encode.learning_rule)


def full_weights_after_the_rule():
    with nengo.Network() as model:
        pre, post = nengo.Ensemble(6, 2), nengo.Ensemble(6, 2)
        rule = FeedbackAlignment(2)
        encode = nengo.Connection(pre, post, learning_rule_type=rule)
        encode.solver = nengo.solvers.LstsqL2(weights=True)
    nengo.Simulator(model)


def equal_rules():
    model = make_model()
    model.encode.learning_rule_type = [FeedbackAlignment(2), FeedbackAlignment(2)]
    nengo.Simulator(model)


def probe_something_else():
    model = make_model(FeedbackAlignment(2))
    with model:
        nengo.Probe(model.encode.learning_rule, "weights")


# declaration: attribute (or None where the message has to tell), part of the message
BAD = {
    "size_in zero": (lambda: FeedbackAlignment(0), "size_in", "greater than or equal to 1"),
    "size_in negative": (lambda: FeedbackAlignment(-1), "size_in", "equal to 1"),
    "size_in fraction": (lambda: FeedbackAlignment(1.5), "size_in", "int or integer"),
    "size_in NaN": (lambda: FeedbackAlignment(np.nan), "size_in", "int or integer"),
    "size_in None": (lambda: FeedbackAlignment(None), "size_in", "not optional"),
    "size_in list": (lambda: FeedbackAlignment([1]), "size_in", "int or integer"),
    "size_in post": (lambda: FeedbackAlignment("post"), "size_in", "dimensions of the error"),
    "rate negative": (lambda: FeedbackAlignment(1, -1), "learning_rate", "equal to 0"),
    "rate NaN": (lambda: FeedbackAlignment(1, np.nan), "learning_rate", "finite"),
    "rate infinite": (lambda: FeedbackAlignment(1, np.inf), "learning_rate", "finite"),
    "rate text": (lambda: FeedbackAlignment(1, "fast"), "learning_rate", "number"),
    "rate None": (lambda: FeedbackAlignment(1, None), "learning_rate", "not optional"),
    "rate list": (lambda: FeedbackAlignment(1, [1, 2]), "learning_rate", "number"),
    "feedback NaN": (
        lambda: FeedbackAlignment(1, feedback=[[np.nan]]), "feedback", "finite"),
    "feedback infinite": (
        lambda: FeedbackAlignment(1, feedback=[[-np.inf]]), "feedback", "finite"),
    "feedback vector": (
        lambda: FeedbackAlignment(1, feedback=[1, 2]), "feedback", "must be 2D"),
    "feedback tensor": (
        lambda: FeedbackAlignment(1, feedback=np.ones((2, 2, 2))), "feedback", "must be 2D"),
    "feedback number": (lambda: FeedbackAlignment(1, feedback=1), "feedback", "must be 2D"),
    "feedback None": (
        lambda: FeedbackAlignment(1, feedback=None), "feedback", "not optional"),
    "feedback columns": (
        lambda: FeedbackAlignment(3, feedback=ROWS), "feedback", r"shape\[1\] should be 3"),
    "feedback text": (
        lambda: FeedbackAlignment(1, feedback="random"), "feedback", "distribution"),
    "feedback ragged": (
        lambda: FeedbackAlignment(1, feedback=[[1], [1, 2]]), "feedback", "distribution"),
    "feedback complex": (
        lambda: FeedbackAlignment(1, feedback=[[1j]]), "feedback", "real numbers"),
    "derivative text": (
        lambda: FeedbackAlignment(1, derivative="step"), "derivative", "nengo_fa.Step()"),
    "derivative class": (
        lambda: FeedbackAlignment(1, derivative=Step), "derivative", "instance"),
    "derivative function": (
        lambda: FeedbackAlignment(1, derivative=np.sign), "derivative", "instance"),
    "derivative None": (
        lambda: FeedbackAlignment(1, derivative=None), "derivative", "instance"),
    "normalization unknown": (
        lambda: FeedbackAlignment(1, normalization="L2"), "normalization", "'forced'"),
    "normalization case": (
        lambda: FeedbackAlignment(1, normalization="Forced"), "normalization", "'forced'"),
    "normalization bool": (
        lambda: FeedbackAlignment(1, normalization=True), "normalization", "'augmented'"),
    "normalization array": (
        lambda: FeedbackAlignment(1, normalization=ROWS), "normalization", "'augmented'"),
    "pre_synapse text": (
        lambda: FeedbackAlignment(1, pre_synapse="slow"), "pre_synapse", "Synapse"),
    "eligibility_synapse text": (
        lambda: FeedbackAlignment(1, eligibility_synapse="slow"),
        "eligibility_synapse", "Synapse"),
    "pre_synapse negative": (
        lambda: FeedbackAlignment(1, pre_synapse=-1), "tau", "equal to 0"),
    "sparse number": (lambda: FeedbackAlignment(1, sparse=1), "sparse", "type 'bool'"),
    "sparse text": (lambda: FeedbackAlignment(1, sparse="yes"), "sparse", "type 'bool'"),
    "sparse None": (lambda: FeedbackAlignment(1, sparse=None), "sparse", "not optional"),
    "sparse array": (lambda: FeedbackAlignment(1, sparse=ROWS != 0), "sparse", "'bool'"),
    "step of voltage": (lambda: Step(signal="voltage"), "signal", "must be one of"),
    "step of a number": (lambda: Step(signal=1), "signal", "type 'str'"),
    "threshold NaN": (lambda: Step(threshold=np.nan), "threshold", "finite"),
    "threshold text": (lambda: Step(threshold="high"), "threshold", "number"),
    "step synapse": (lambda: Step(synapse="slow"), "synapse", "Synapse"),
    "margin zero": (lambda: Rate(margin=0), "margin", "greater than 0"),
    "margin infinite": (lambda: Rate(margin=np.inf), "margin", "finite"),
    "margin None": (lambda: Rate(margin=None), "margin", "not optional"),
    "backprop None": (lambda: Backprop(None), "connection", "not optional"),
    "backprop text": (lambda: Backprop("decode"), "connection", "'Connection'"),
    "backprop ensemble": (
        lambda: Backprop(make_model().hidden), "connection", "'Connection'"),
    "backprop rate": (
        lambda: Backprop(make_model().decode, np.nan), "learning_rate", "finite"),
    "backprop normalization": (
        lambda: Backprop(make_model().decode, normalization=1), "normalization", "None"),
    "backprop sparse number": (
        lambda: Backprop(make_model().decode, sparse=0), "sparse", "type 'bool'"),
    "error of wrong size": (error_of_wrong_size, "transform", "not equal to connection"),
    "unknown probe": (probe_something_else, "attr", "'weights' is not probeable"),
    "post node": (
        connect(lambda model: nengo.Node(size_in=2)), "learning_rule_type", "'Ensemble'"),
    "post neurons": (
        connect(lambda model: model.hidden.neurons, transform=ROWS),
        "learning_rule_type", "'Ensemble'"),
    "full weights": (
        lambda: nengo.Connection(
            make_model().hidden, make_model().hidden, add_to_container=False,
            solver=nengo.solvers.LstsqL2(weights=True),
            learning_rule_type=FeedbackAlignment(2)),
        "learning_rule_type", "encoders are not used"),
    "direct mode": (
        build(FeedbackAlignment(2), neuron_type=nengo.Direct()),
        None, "leads to .* Direct .* Give the ensemble another neuron type"),
    "feedback rows": (
        build(FeedbackAlignment(2, feedback=ROWS[:5])),
        None, r"feedback has shape \(5, 2\), but .* \(6, 2\)"),
    "feedback distribution NaN": (
        build(FeedbackAlignment(2, feedback=NotANumber())),
        None, "feedback contain NaN .* Give a distribution"),
    "forced on a slice": (
        connect(lambda model: model.hidden[:1], transform=[[1, 0]],
                rule=FeedbackAlignment(2, normalization="forced")),
        None, "normalization='forced' .* use normalization=None"),
    "zero encoders": (
        build(FeedbackAlignment(2, normalization="augmented"),
              encoders=ROWS * [[0], [1], [1], [1], [1], [1]], normalize_encoders=False),
        None, "encoder of length zero.* use normalization=None"),
    "zero encoders, sparse": (
        build(FeedbackAlignment(2, sparse=True),
              encoders=ROWS * [[0], [1], [1], [1], [1], [1]], normalize_encoders=False),
        None, "encoder of length zero.* use normalization=None"),
    "rate of unknown neurons": (
        build(FeedbackAlignment(2, derivative=Rate()), neuron_type=nengo.Izhikevich()),
        "derivative", "pass your own"),
    "step of sigmoid": (
        build(FeedbackAlignment(2), neuron_type=nengo.Sigmoid(),
              max_rates=nengo.dists.Uniform(250, 350)),
        "threshold", r"Step\(signal='output'\)"),
    "derivative of unknown signal": (
        build(FeedbackAlignment(2, derivative=ReadsVoltage())),
        None, "signal is 'voltage', but .* 'current' or 'output'"),
    "derivative without a step": (
        build(FeedbackAlignment(2, derivative=Unfinished())),
        None, "make_step must return a function"),
    "derivative that is not written": (
        build(FeedbackAlignment(2, derivative=Writes())),
        None, r"Writes\(\).make_step returns does not write to all of the array out"),
    "derivative that is not written for silent neurons": (
        build(FeedbackAlignment(2, derivative=WritesSome())),
        None, r"WritesSome\(\).make_step returns does not write to all of the array out"),
    "derivative of another shape": (
        build(FeedbackAlignment(2, derivative=WritesAnother())),
        None, r"WritesAnother\(\).make_step returns cannot write .* of 6 neurons"),
    "undefined derivative": (
        build(FeedbackAlignment(2, derivative=Writes(np.nan))),
        None, r"Writes\(value=nan\) gives nan if the current"),
    "full weights after the rule": (
        full_weights_after_the_rule, None, "weights=True, .* Use a solver with"),
    "equal rules": (equal_rules, None, "equal rules .* Give them different parameters"),
    "backprop elsewhere": (
        build(lambda model: Backprop(nengo.Connection(
            nengo.Ensemble(6, 2), model.output))),
        None, "but the rule teaches the neurons of"),
    "backprop upstream": (
        build(lambda model: Backprop(model.encode)), None, "Give the connection from"),
    "backprop outside": (backprop_outside, None, "is not part of the model"),
    "backprop some neurons": (
        build_backprop(lambda model: model.hidden.neurons[:2], "output"),
        None, "leaves only some of the neurons"),
    "backprop no weights": (
        build_backprop(lambda model: model.hidden.neurons,
                       lambda model: nengo.Node(size_in=6)),
        None, "no weight matrix.* np.eye"),
    "backprop full weights": (
        build_backprop("hidden", lambda model: nengo.Ensemble(5, 2),
                       solver=nengo.solvers.LstsqL2(weights=True)),
        None, "Use a solver with weights=False"),
    "backprop sparse transform": (
        build_backprop(lambda model: model.hidden.neurons, "output",
                       transform=nengo.Sparse((2, 6), indices=[[0, 0]], init=[1])),
        None, "Sparse transform. Use a dense"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_declarations(name):
    declare, attribute, message = BAD[name]
    with pytest.raises(NengoException, match=message) as info:
        declare()
    if attribute is None:
        assert isinstance(info.value, BuildError)
    else:
        assert isinstance(info.value, ValidationError)
        assert info.value.attr == attribute


def test_there_are_many_bad_declarations():
    assert len(BAD) >= 40


def test_one_dimensional_encoders_cannot_turn():
    with nengo.Network(seed=0) as model:
        ensemble = nengo.Ensemble(5, 1)
        rule = FeedbackAlignment(1, normalization="augmented")
        nengo.Connection(nengo.Node([1]), ensemble, learning_rule_type=rule)
    with pytest.warns(nengo.exceptions.NengoWarning, match="nothing will be learned"):
        nengo.Simulator(model).close()


def test_fields_of_one_entry_cannot_turn():
    rule = FeedbackAlignment(2, sparse=True)
    model = make_model(rule, encoders=np.tile(np.eye(2), (3, 1)))
    with pytest.warns(nengo.exceptions.NengoWarning, match="one free entry each"):
        nengo.Simulator(model).close()
