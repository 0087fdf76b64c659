import json
import pickle

import nengo
import numpy as np
import pytest
from nengo.exceptions import SimulatorClosed, ValidationError

import nengo_fa
from nengo_fa.learned import get_live_signals


def make_model(
    seed=1,
    neuron_type=nengo.LIF(),
    n_neurons=30,
    dimensions=2,
    radius=1.5,
    label="hidden",
    sparse=False,
    **kwargs,
):
    """Make connections of all kinds with learned, decoded or random parameters."""
    rng = np.random.RandomState(0)

    def signal(t):
        return 0.5 * np.sin(7 * t + np.arange(dimensions))

    with nengo.Network(seed=seed) as model:
        stimulus = nengo.Node(signal)
        model.gate = nengo.Node(lambda t: t <= 0.2)
        model.error = nengo.Node(lambda t, x: x * np.sin(9 * t), size_in=1)
        nengo.Connection(model.gate, model.error, synapse=None)
        model.hidden = nengo.Ensemble(
            n_neurons,
            dimensions,
            neuron_type=neuron_type,
            radius=radius,
            label=label,
            **kwargs,
        )
        direct = nengo.Ensemble(1, 1, neuron_type=nengo.Direct())
        with nengo.Network():
            other = nengo.Ensemble(20, 2, neuron_type=neuron_type)
        readout = nengo.Node(size_in=3)

        encode = nengo.Connection(
            stimulus,
            model.hidden,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(
                1, learning_rate=3, sparse=sparse
            ),
        )
        model.decode = nengo.Connection(
            model.hidden,
            readout[0],
            function=lambda x: [x[0], x[0] ** 2],
            transform=[[0.5, -0.5]],
            learning_rule_type=nengo.PES(1e-3),
        )
        full = nengo.Connection(
            model.hidden[:2],
            other,
            solver=nengo.solvers.LstsqL2(weights=True),
            learning_rule_type=nengo.PES(1e-4),
        )
        between = nengo.Connection(
            model.hidden.neurons,
            other.neurons,
            transform=nengo.dists.Uniform(-1e-4, 1e-4),
            learning_rule_type=nengo.BCM(1e-9),
        )
        neurons = nengo.Connection(
            other.neurons,
            readout[2],
            transform=rng.uniform(-1e-3, 1e-3, size=(1, 20)),
            learning_rule_type=nengo.PES(1e-4),
        )
        nengo.Connection(other, readout[1], function=np.prod)
        nengo.Connection(other[0], direct)
        nengo.Connection(direct, other[1])
        for connection in (encode, model.decode, neurons):
            nengo.Connection(model.error, connection.learning_rule)
        nengo.Connection(model.error, full.learning_rule, transform=np.ones((2, 1)))
        model.learned = [encode, model.decode, full, between, neurons]
        model.probe = nengo.Probe(readout)
    return model


def learn(Simulator, model):
    """A simulator that has learned, open."""
    sim = Simulator(model)
    sim.run(0.2)
    return sim


@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()])
@pytest.mark.parametrize("way", ["freeze_params", "save and load"])
def test_new_simulator_reproduces_what_was_learned(
    Simulator, neuron_type, way, tmp_path, allclose
):
    model = make_model(neuron_type=neuron_type)
    with learn(Simulator, model) as sim:
        before = sim.data[model.hidden].scaled_encoders
        gain = sim.data[model.hidden].gain
        if way == "freeze_params":
            nengo_fa.freeze_params(sim, model)
        else:
            nengo_fa.save(sim, model, tmp_path / "learned.npz")
        sim.step()  # the change of one step is added at the start of the next
        encoders = np.array(
            get_live_signals(sim)[0][sim.model.sig[model.hidden]["encoders"]]
        )
        decoders = np.array(
            get_live_signals(sim)[0][sim.model.sig[model.decode]["weights"]]
        )
    if way != "freeze_params":
        # a network of the same kind, with other random numbers
        model = make_model(neuron_type=neuron_type, seed=2)
        nengo_fa.load(model, tmp_path / "learned.npz")
    assert not np.allclose(encoders, before, rtol=1e-2)

    with Simulator(model) as sim:
        built = sim.data[model.hidden]
        assert np.array_equal(built.gain, gain)
        assert allclose(built.scaled_encoders, encoders, rtol=1e-15, atol=0)
        assert np.array_equal(sim.data[model.decode].weights, decoders)


@pytest.mark.parametrize("neuron_type", [nengo.LIF(), nengo.LIFRate()])
def test_output_is_the_trained_output(Simulator, neuron_type, allclose):
    model = make_model(neuron_type=neuron_type)
    with learn(Simulator, model) as sim:
        nengo_fa.freeze_params(sim, model)
        sim.step()
        live = {}
        for obj in (*model.all_ensembles, *model.learned):
            name = "encoders" if isinstance(obj, nengo.Ensemble) else "weights"
            signal = sim.model.sig[obj].get(name)
            if signal is not None:
                live[obj, name] = np.array(get_live_signals(sim)[0][signal])
    model.gate.output = lambda t: 0
    with Simulator(model) as sim:
        sim.run(0.3)
    frozen = sim.data[model.probe]

    plain = make_model(neuron_type=neuron_type)
    same = dict(
        zip(
            (*model.all_ensembles, *model.learned),
            (*plain.all_ensembles, *plain.learned),
        )
    )
    plain.gate.output = lambda t: 0
    with Simulator(plain) as sim:
        sim.run(0.3)
        untrained = sim.data[plain.probe].copy()
        sim.reset()
        for (obj, name), value in live.items():
            array = get_live_signals(sim)[0][sim.model.sig[same[obj]][name]]
            array.setflags(write=True)
            array[...] = value
        sim.run(0.3)
        expected = sim.data[plain.probe]
    assert not allclose(untrained, expected, record_rmse=False)
    assert allclose(frozen, expected, rtol=1e-9, atol=1e-12)


def test_frozen_network_can_be_copied_and_goes_on_learning(Simulator):
    model = make_model()
    with learn(Simulator, model) as sim:
        nengo_fa.freeze_params(sim, model)
    encoders = model.hidden.encoders.copy()
    pickle.loads(pickle.dumps(model.hidden.encoders))
    copied = model.decode.solver
    assert pickle.loads(pickle.dumps(copied)) == copied

    with learn(Simulator, model) as sim:
        nengo_fa.freeze_params(sim, model)
    assert not np.allclose(encoders, model.hidden.encoders)


@pytest.mark.parametrize("way", ["freeze_params", "save and load"])
def test_sparse_encoders_go_on_learning_in_their_fields(Simulator, way, tmp_path):
    free = np.arange(30)[:, None] % 4 != np.arange(4)
    encoders = free * np.random.RandomState(0).randn(30, 4)

    def make():
        return make_model(dimensions=4, encoders=encoders, sparse=True)

    model, learned = make(), []
    for _ in range(2):
        with learn(Simulator, model) as sim:
            if way == "freeze_params":
                nengo_fa.freeze_params(sim, model)
            else:
                nengo_fa.save(sim, model, tmp_path / "learned.npz")
                model = make()
                nengo_fa.load(model, tmp_path / "learned.npz")
        learned.append(model.hidden.encoders)
        assert not np.any(learned[-1][~free])
    assert not np.allclose(*learned, rtol=1e-2)


def test_freeze_gives_no_warnings(Simulator, recwarn):
    model = make_model(
        max_rates=nengo.dists.Uniform(50, 100),
        intercepts=nengo.dists.Uniform(-0.9, 0.9),
    )
    with learn(Simulator, model) as sim:
        nengo_fa.freeze_params(sim, model)
    recwarn.clear()
    Simulator(model).close()
    assert not [str(w.message) for w in recwarn if "has no effect" in str(w.message)]


@pytest.mark.parametrize("transform", [None, 1, 2, [1, 3], [[1, 2], [0, 1], [4, 5]]])
@pytest.mark.parametrize("function", [None, lambda x: [x[0] * x[1], 1], "points"])
def test_solve_again(Simulator, allclose, transform, function):
    """Decoders fit the learned encoders and the function of the connection."""
    size_out = np.shape(transform)[0] if np.ndim(transform) == 2 else 2
    eval_points = np.random.RandomState(0).uniform(-0.7, 0.7, size=(500, 2))
    kwargs = {} if transform is None else {"transform": transform}
    if function == "points":
        kwargs.update(function=eval_points[:, ::-1] ** 2, eval_points=eval_points)
    elif function is not None:
        kwargs["function"] = function

    with nengo.Network(seed=1) as model:
        ensemble = nengo.Ensemble(100, 2, neuron_type=nengo.LIFRate())
        nengo.Connection(nengo.Node([0.4, -0.3]), ensemble, synapse=None)
        output = nengo.Node(size_in=size_out)
        decode = nengo.Connection(ensemble, output, synapse=None, **kwargs)
        probe = nengo.Probe(output)

    outputs = []
    for change in (None, nengo_fa.freeze_params, "solve"):
        if change == "solve":
            decode.solver = nengo.solvers.LstsqL2()
        with Simulator(model) as sim:
            sim.run_steps(5)
            if change is not None and change != "solve":
                nengo_fa.freeze_params(sim, model)
        outputs.append(sim.data[probe][-1])
    with Simulator(model) as sim:
        sim.run_steps(5)
    assert allclose(outputs[0], outputs[2], atol=1e-6)
    assert allclose(outputs[0], sim.data[probe][-1], atol=1e-6)
    assert np.abs(outputs[0]).max() > 0.1


def test_full_weights_to_direct_mode(Simulator, tmp_path):
    with nengo.Network(seed=1) as model:
        pre = nengo.Ensemble(10, 2)
        post = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
        full = nengo.Connection(pre, post, solver=nengo.solvers.LstsqL2(weights=True))
    with Simulator(model) as sim:
        nengo_fa.save(sim, model, tmp_path / "learned.npz")
        expected = sim.data[full].weights
    nengo_fa.load(model, tmp_path / "learned.npz")
    with Simulator(model) as sim:
        np.testing.assert_array_equal(sim.data[full].weights, expected)


@pytest.mark.parametrize("network", [None, "network", nengo.Network])
def test_not_a_network(Simulator, saved, network):
    with Simulator(make_model()) as sim:
        for call in (
            lambda: nengo_fa.freeze_params(sim, network),
            lambda: nengo_fa.save(sim, network, saved),
            lambda: nengo_fa.load(network, saved),
        ):
            with pytest.raises(
                ValidationError, match="Must be a nengo.Network"
            ) as info:
                call()
            assert info.value.attr == "network"


def test_freeze_part_of_a_network(Simulator):
    with nengo.Network(seed=1) as model:
        with nengo.Network() as part:
            inside = nengo.Ensemble(10, 1)
        outside = nengo.Ensemble(10, 1)
        nengo.Connection(inside, outside)
    with Simulator(model) as sim:
        nengo_fa.freeze_params(sim, part)
    assert isinstance(inside.encoders, np.ndarray)
    assert isinstance(outside.encoders, nengo.dists.Distribution)


def test_neurons_without_gain(Simulator):
    gain = np.array([0.0, 2, 2])
    with nengo.Network(seed=1) as model:
        ensemble = nengo.Ensemble(3, 2, gain=gain, bias=np.ones(3))
    with Simulator(model) as sim:
        expected = sim.data[ensemble].encoders
        nengo_fa.freeze_params(sim, model)
    np.testing.assert_allclose(ensemble.encoders, expected)


def test_closed_simulator(Simulator):
    model = make_model()
    with learn(Simulator, model) as sim:
        pass
    with pytest.raises(SimulatorClosed, match="Call this inside"):
        nengo_fa.freeze_params(sim, model)


@pytest.mark.parametrize("sim", [None, "simulator", object()])
def test_not_a_simulator(sim):
    with pytest.raises(ValidationError, match="Must be a nengo.Simulator") as info:
        nengo_fa.freeze_params(sim, make_model())
    assert info.value.attr == "sim"


def test_simulator_of_another_network(Simulator):
    model, other = make_model(), make_model()
    with learn(Simulator, model) as sim:
        with pytest.raises(ValidationError, match="not part of this simulator") as info:
            nengo_fa.freeze_params(sim, other)
    assert info.value.attr == "network"
    assert isinstance(other.hidden.encoders, nengo.dists.Distribution)


def test_nan_is_not_kept(Simulator, tmp_path):
    model = make_model()
    with learn(Simulator, model) as sim:
        sim.signals[sim.model.sig[model.decode]["weights"]][0, 0] = np.nan
        for keep in (
            lambda: nengo_fa.freeze_params(sim, model),
            lambda: nengo_fa.save(sim, model, tmp_path / "learned.npz"),
        ):
            with pytest.raises(ValidationError, match="NaN or infinity. Lower the"):
                keep()
    assert isinstance(model.hidden.encoders, nengo.dists.Distribution)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("normalization", [None, "forced", "augmented", "stabilized"])
@pytest.mark.parametrize("others", [False, True])
def test_learning_goes_on_as_if_never_interrupted(
    Simulator, normalization, others, allclose
):
    """The last step before is not lost. (Only weights have a state here.)"""
    with nengo.Network(seed=3) as model:
        hidden = nengo.Ensemble(20, 2, neuron_type=nengo.LIFRate())
        output = nengo.Node(size_in=1)
        stimulus, error = nengo.Node([0.6, -0.3]), nengo.Node([0.2])
        rules = {"encoders": nengo_fa.FeedbackAlignment(1, normalization=normalization)}
        if others:
            rules["other"] = nengo.Voja(learning_rate=0.1, post_synapse=None)
        encode = nengo.Connection(
            stimulus, hidden, synapse=None, learning_rule_type=rules
        )
        decode = nengo.Connection(
            hidden,
            output,
            function=np.prod,
            synapse=None,
            learning_rule_type=nengo.PES(1e-6, pre_synapse=None),
        )
        for rule in (encode.learning_rule["encoders"], decode.learning_rule):
            nengo.Connection(error, rule, synapse=None)

    def state(sim):
        return [
            np.array(get_live_signals(sim)[0][sim.model.sig[obj][name]])
            for obj, name in ((hidden, "encoders"), (decode, "weights"))
        ]

    with Simulator(model) as sim:
        start = state(sim)
        sim.run_steps(100)
        uninterrupted = state(sim)
    with Simulator(model) as sim:
        sim.run_steps(60)
        nengo_fa.freeze_params(sim, model)
    with Simulator(model) as sim:
        sim.run_steps(40)
        interrupted = state(sim)
    for one, other, before in zip(uninterrupted, interrupted, start):
        assert allclose(one, other, rtol=1e-9, atol=1e-12)
        assert not allclose(one, before, rtol=1e-3, record_rmse=False)


@pytest.mark.parametrize("way", ["freeze_params", "save and load"])
def test_random_numbers_are_kept(Simulator, tmp_path, way):
    """Feedback weights, random transforms and initial voltages, even without a seed."""

    def make(seed):
        with nengo.Network(seed=seed) as model:
            model.hidden = nengo.Ensemble(30, 4)
            model.encode = nengo.Connection(
                nengo.Node(np.ones(4) / 2),
                model.hidden,
                learning_rule_type=nengo_fa.FeedbackAlignment(3),
            )
            convolution = nengo.Convolution(2, (4, 1), strides=(2,), kernel_size=(2,))
            output = nengo.Node(size_in=convolution.size_out)
            nengo.Connection(model.encode.pre, output, transform=convolution)
            random = nengo.Node(size_in=3)
            nengo.Connection(
                model.hidden.neurons, random, transform=nengo.dists.Gaussian(0, 1)
            )
            model.recorded = [nengo.Probe(output), nengo.Probe(random)]
        return model

    def run(model):
        with Simulator(model) as sim:
            sim.run(0.02)
            yield sim
        feedback = sim.data[model.encode.learning_rule].feedback
        yield [feedback, *(sim.data[probe] for probe in model.recorded)]

    model = make(seed=None)
    simulation = run(model)
    if way == "freeze_params":
        nengo_fa.freeze_params(next(simulation), model)
        other = model
    else:
        nengo_fa.save(next(simulation), model, tmp_path / "learned.npz")
        other = make(seed=7)
        nengo_fa.load(other, tmp_path / "learned.npz")
    expected = next(simulation)
    *_, again = run(other)
    for one, two in zip(expected, again):
        np.testing.assert_allclose(one, two, atol=1e-12)
        assert np.abs(one).max() > 0


@pytest.fixture
def saved(Simulator, tmp_path):
    model = make_model()
    path = tmp_path / "learned.npz"
    with learn(Simulator, model) as sim:
        nengo_fa.save(sim, model, path)
    return path


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(n_neurons=31), "n_neurons 30 in the file and 31 in the network"),
        (dict(dimensions=3), "dimensions 2 in the file and 3"),
        (dict(radius=1.0), "radius 1.5 in the file and 1.0"),
        (dict(neuron_type=nengo.LIFRate()), r"neuron_type 'LIF\(\)' in the file"),
        (dict(neuron_type=nengo.LIF(amplitude=2)), "amplitude=2"),
        (dict(label="other"), "label 'hidden' in the file and 'other'"),
    ],
)
def test_load_into_another_network(saved, changes, message):
    model = make_model(**changes)
    with pytest.raises(ValidationError, match=f"does not fit .*{message}") as info:
        nengo_fa.load(model, saved)
    assert info.value.attr == "path"
    assert isinstance(model.hidden.encoders, nengo.dists.Distribution)


def test_load_with_connections_in_another_order(Simulator, tmp_path):
    def make(order):
        with nengo.Network(seed=1) as model:
            one, other, output = (
                nengo.Ensemble(10, 1),
                nengo.Ensemble(10, 1),
                nengo.Node(size_in=1),
            )
            for pre in [one, other][::order]:
                nengo.Connection(pre, output)
        return model

    path = tmp_path / "learned.npz"
    with Simulator(make(1)) as sim:
        nengo_fa.save(sim, sim.model.toplevel, path)
    nengo_fa.load(make(1), path)
    with pytest.raises(ValidationError, match="connection0 has pre 'ensemble0"):
        nengo_fa.load(make(-1), path)


def rewrite(path, change):
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(path, **arrays)


def replace(name, value):
    return lambda arrays: arrays.update({name: value})


def change_description(name, value):
    def change(arrays):
        description = json.loads(str(arrays["description"]))
        description[name] = value
        arrays["description"] = np.array(json.dumps(description))

    return change


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda arrays: arrays.pop("description"), "not a complete file"),
        (replace("description", np.array("{}")), "not a complete file"),
        (replace("description", np.array("[1]")), "not a complete file"),
        (replace("description", np.array("{")), "not a complete file"),
        (change_description("ensembles", None), "not a complete file"),
        (change_description("connections", [1]), "not a complete file"),
        (change_description("ensembles", {}), "it contains 0 ensembles"),
        (replace("description", np.array('{"format": "other"}')), "its format is not"),
        (lambda arrays: arrays.pop("ensemble0.gain"), "lacks ensemble0.gain"),
        (
            replace("ensemble0.encoders", np.ones((3, 2))),
            r"shape \(3, 2\), but must have",
        ),
        (replace("ensemble0.bias", np.full(30, np.nan)), "must contain finite"),
        (replace("ensemble0.bias", np.array(["1"] * 30)), "must contain finite"),
        (replace("connection0.seed", np.array(0.5)), "must contain finite"),
        (replace("connection1.seed", np.array(-1)), "must be from 0 to"),
    ],
)
def test_load_a_changed_file(saved, change, message):
    rewrite(saved, change)
    model = make_model()
    with pytest.raises(ValidationError, match=message) as info:
        nengo_fa.load(model, saved)
    assert info.value.attr == "path"
    assert isinstance(model.hidden.encoders, nengo.dists.Distribution)


@pytest.mark.parametrize(
    "damage", ["empty", "text", "truncated", "hole", "flipped", "array"]
)
def test_load_a_damaged_file(saved, damage):
    content = saved.read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "text": b"encoders = 1\n",
        "truncated": content[:middle],
        "hole": content[:1000] + content[1020:],
        "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1:],
        "array": None,
    }[damage]  # fmt: skip
    if damaged is None:
        with open(saved, "wb") as file:
            np.save(file, np.ones(3))
    else:
        saved.write_bytes(damaged)
    with pytest.raises(ValidationError, match="not a complete file written by"):
        nengo_fa.load(make_model(), saved)


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("the file ran code",))


@pytest.mark.parametrize("whole_file", [False, True])
def test_load_runs_no_code(saved, whole_file):
    if whole_file:
        saved.write_bytes(pickle.dumps(Harmful()))
    else:
        rewrite(saved, replace("ensemble0.gain", np.array(Harmful(), dtype=object)))
    with pytest.raises(ValidationError, match="not a complete file"):
        nengo_fa.load(make_model(), saved)


def test_files_that_cannot_be_read_or_written(Simulator, tmp_path):
    with pytest.raises(FileNotFoundError):
        nengo_fa.load(make_model(), tmp_path / "missing.npz")
    model = make_model()
    with learn(Simulator, model) as sim:
        for path, error in [
            (tmp_path / "missing" / "learned.npz", FileNotFoundError),
            (tmp_path, IsADirectoryError),
        ]:
            with pytest.raises(error) as info:
                nengo_fa.save(sim, model, path)
            assert info.value.filename == str(path) and ".part" not in str(info.value)
    assert list(tmp_path.iterdir()) == []


def test_save_replaces_a_file_only_when_complete(Simulator, saved, monkeypatch):
    content = saved.read_bytes()
    model = make_model()

    def interrupted(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    with learn(Simulator, model) as sim:
        monkeypatch.setattr(np, "savez", interrupted)
        with pytest.raises(KeyboardInterrupt):
            nengo_fa.save(sim, model, saved)
    assert saved.read_bytes() == content
    assert list(saved.parent.iterdir()) == [saved]


def test_any_file_name(Simulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = make_model()
    with learn(Simulator, model) as sim:
        nengo_fa.save(sim, model, "learned.params")
    (path,) = tmp_path.iterdir()
    assert path.name == "learned.params"
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    nengo_fa.load(make_model(seed=3), "learned.params")
