"""Exported networks run elsewhere as in Nengo, and can be imported; others are refused."""

import sys

import nengo
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integrate import integrate
from nengo.exceptions import ValidationError

import nengo_fa


def make_neurons(**kwargs):
    kwargs = {
        "tau_ref": 0,
        "min_voltage": -np.inf,
        "initial_state": {"voltage": nengo.dists.Choice([0])},
        **kwargs,
    }
    return nengo.LIF(**kwargs)


def make_chain(neuron_type=None, synapses=(0.005, 0.01, 0.02), seed=1, **kwargs):
    """Two ensembles in a row; ``kwargs`` are for the first of them."""
    neuron_type = neuron_type or make_neurons(amplitude=0.01)
    max_rates = nengo.dists.Uniform(50, 100)
    with nengo.Network(seed=seed) as network:
        signal = nengo.processes.WhiteSignal(0.2, high=10, rms=0.5, seed=seed)
        network.stimulus = nengo.Node(signal, size_out=2)
        network.first, network.second = (
            nengo.Ensemble(n, 2, neuron_type=neuron_type, max_rates=max_rates)
            for n in (30, 20)
        )
        network.output = nengo.Node(size_in=1)
        for name, value in kwargs.items():
            setattr(network.first, name, value)
        network.encode = nengo.Connection(
            network.stimulus, network.first, synapse=synapses[0]
        )
        network.middle = nengo.Connection(
            network.first, network.second, synapse=synapses[1]
        )
        network.decode = nengo.Connection(
            network.second, network.output, function=np.prod, synapse=synapses[2]
        )
    return network


def freeze(network):
    with nengo.Simulator(network) as sim:
        nengo_fa.freeze_params(sim, network)
    return network


def run(network, *objects, dt=0.001, n_steps=150):
    """Return the outputs of objects of a network in each time step."""
    with network:
        probes = [nengo.Probe(obj) for obj in objects]
    with nengo.Simulator(network, dt=dt) as sim:
        sim.run_steps(n_steps)
    return [sim.data[probe] for probe in probes]


def check_agrees(network, graph, dt=0.001, atol=1e-12):
    """Compare spikes one for one, and outputs, with the integrated graph."""
    x, first, second, output = run(
        network,
        network.stimulus,
        network.first.neurons,
        network.second.neurons,
        network.output,
        dt=dt,
    )
    found = integrate(graph, x, dt)
    assert np.array_equal(found["lif"], first > 0) and np.any(first)
    assert np.array_equal(found["lif_1"], second > 0) and np.any(second)
    *_, last = found.values()
    np.testing.assert_allclose(last, output, atol=atol)
    assert np.std(output) > 0.01


def test_nodes_may_pass_signals_on():
    network = make_chain()
    with network:
        network.connections.remove(network.middle)
        between = nengo.Node(size_in=2)
        nengo.Connection(network.first, between, synapse=0.005)
        nengo.Connection(between, network.second, transform=2, synapse=None)
    freeze(network)
    check_agrees(network, nengo_fa.to_nir(network))


def write_and_read(graph, path):
    nir.write(path, graph)
    return nir.read(path)


@pytest.mark.parametrize("dt", [0.001, 0.0005])
def test_spikes_and_outputs_are_those_of_nengo(dt):
    network = freeze(make_chain(radius=1.5))
    check_agrees(network, nengo_fa.to_nir(network, dt=dt), dt=dt)


@pytest.mark.parametrize("wrong", ["time step", "bias", "threshold", "time constant"])
def test_wrong_graphs_do_not_agree(wrong):
    network = freeze(make_chain())
    graph = nengo_fa.to_nir(network, dt=0.0011 if wrong == "time step" else 0.001)
    if wrong == "bias":
        graph.nodes["affine"].bias *= 0.99
    elif wrong == "threshold":
        graph.nodes["lif"].v_threshold *= 1.01
    elif wrong == "time constant":
        graph.nodes["li_1"].tau *= 1.01
    with pytest.raises(AssertionError):
        check_agrees(network, graph)


@settings(max_examples=10)
@given(
    seed=st.integers(0, 1000),
    amplitude=st.sampled_from([0.01, 1, 3]),
    radius=st.floats(0.5, 2),
    tau_rc=st.floats(0.005, 0.05),
    synapses=st.tuples(*[st.none() | st.floats(0.002, 0.05)] * 3),
    pre_slice=st.sampled_from([slice(None), [1, 0]]),
    post_slice=st.sampled_from([slice(None), slice(1), [1, 0]]),
    transform=st.sampled_from([1, -0.5, [[0.5, 1]], [[1, 0.3], [0, 2]]]),
)
def test_any_chain_agrees_and_comes_back(
    tmp_path_factory,
    seed,
    amplitude,
    radius,
    tau_rc,
    synapses,
    pre_slice,
    post_slice,
    transform,
):
    neurons = make_neurons(amplitude=amplitude, tau_rc=tau_rc)
    network = make_chain(neurons, synapses, seed, radius=radius)
    n_rows = 2 if np.ndim(transform) == 0 else len(transform)
    if len(np.arange(2)[post_slice]) != n_rows:
        post_slice = slice(n_rows)
    with network:
        for pre, connection in [
            (network.stimulus, network.encode),
            (network.first, network.middle),
        ]:
            network.connections.remove(connection)
            nengo.Connection(
                pre[pre_slice],
                connection.post[post_slice],
                transform=transform,
                synapse=connection.synapse,
            )
    graph = nengo_fa.to_nir(freeze(network))
    path = tmp_path_factory.mktemp("nir") / "graph.nir"
    back = nengo_fa.to_nir(nengo_fa.from_nir(write_and_read(graph, path)))
    check_same(back, graph)

    x, spikes, output = run(
        network, network.stimulus, network.first.neurons, network.output
    )
    found = integrate(back, x, 0.001)
    assert np.array_equal(found["lif"], spikes > 0)
    *_, last = found.values()
    np.testing.assert_allclose(last, output, rtol=1e-9, atol=1e-9)


def check_same(graph, expected):
    assert graph.edges == expected.edges
    for name, node in expected.nodes.items():
        assert type(graph.nodes[name]) is type(node)
        for parameter, value in vars(node).items():
            if isinstance(value, np.ndarray):
                found = getattr(graph.nodes[name], parameter)
                np.testing.assert_allclose(found, value, rtol=1e-15)


def test_what_comes_back_runs_as_before(tmp_path):
    network = freeze(make_chain(synapses=(nengo.Alpha(0.01), 0.005, None)))
    graph = write_and_read(nengo_fa.to_nir(network), tmp_path / "graph.nir")
    with nengo.Network() as model:
        chain = nengo_fa.from_nir(graph)
        nengo.Connection(
            nengo.Node(network.stimulus.output, size_out=2), chain.input, synapse=None
        )
    before = run(network, network.first.neurons, network.output)
    after = run(model, chain.ensembles[0].neurons, chain.output)
    assert np.array_equal(before[0] > 0, after[0] > 0)
    np.testing.assert_allclose(before[1], after[1], rtol=1e-12)
    assert [connection.synapse for connection in chain.connections] == [
        nengo.Alpha(0.01),
        nengo.Lowpass(0.005),
        None,
    ]


@pytest.mark.parametrize("dt, low, high", [(0.001, 0.01, 0.08), (0.0001, -0.01, 0.01)])
def test_rates_in_steps_of_euler(dt, low, high):
    """Some per cent more spikes, as the documentation says, and 1 % with short steps."""
    network = freeze(make_chain(synapses=(0.005, 0.005, 0.005)))
    graph = nengo_fa.to_nir(network, dt=dt)
    for node in graph.nodes.values():
        if hasattr(node, "tau"):  # steps that solve the equation for it are Euler's
            node.tau = -dt / np.log1p(-dt / node.tau)
    objects = network.stimulus, network.first.neurons, network.second.neurons
    x, *expected = run(network, *objects, dt=dt, n_steps=int(1 / dt))
    found = integrate(graph, x, dt)
    for name, spikes in zip(["lif", "lif_1"], expected):
        n_expected = np.sum(spikes > 0)
        assert n_expected > 500
        assert low <= np.sum(found[name]) / n_expected - 1 <= high, name


def test_an_alpha_synapse_is_two_integrators(allclose):
    """The same filter; in time steps, it differs the less the shorter they are."""
    network = freeze(make_chain(synapses=(nengo.Alpha(0.02), None, None)))
    errors = []
    for dt in (0.001, 0.0002):
        graph = nengo_fa.to_nir(network, dt=dt)
        with nengo.Network() as model:
            node = nengo.Node(network.stimulus.output, size_out=2)
            filtered = nengo.Probe(node, synapse=nengo.Alpha(0.02))
            raw = nengo.Probe(node)
        with nengo.Simulator(model, dt=dt) as sim:
            sim.run(0.2)
        found = integrate(graph, sim.data[raw], dt)["li_1"]
        errors.append(np.max(np.abs(found - sim.data[filtered])))
    assert np.std(found) > 0.1
    assert errors[0] < 0.1 and errors[1] < errors[0] / 4


def make_taught():
    """Make a chain that learns, and the objects that teach it."""
    with nengo.Network(seed=1) as network:
        network.stimulus, network.output = (
            nengo.Node([0.5, -0.5]),
            nengo.Node(size_in=1),
        )
        network.error = nengo.Node([0.3])
        network.first = nengo.Ensemble(30, 2, neuron_type=make_neurons(amplitude=0.01))
        encode = nengo.Connection(
            network.stimulus,
            network.first,
            synapse=0.005,
            learning_rule_type=nengo_fa.FeedbackAlignment(1, learning_rate=10),
        )
        network.decode = nengo.Connection(
            network.first,
            network.output,
            function=np.prod,
            learning_rule_type=nengo.PES(),
        )
        for connection in (encode, network.decode):
            nengo.Connection(network.error, connection.learning_rule)
    return network


def test_what_was_learned_is_exported():
    network = make_taught()
    with nengo.Simulator(network) as sim:
        first = sim.data[network.first].scaled_encoders
        sim.run(0.1)
        nengo_fa.freeze_params(sim, network)
    network.error.output = [0]  # it does not learn any more
    graph = nengo_fa.to_nir(network.decode)
    assert not np.allclose(graph.nodes["affine"].weight, first, rtol=0.01)

    x, spikes, output = run(
        network, network.stimulus, network.first.neurons, network.output
    )
    found = integrate(graph, x, 0.001)
    assert np.array_equal(found["lif"], spikes > 0)
    np.testing.assert_allclose(found["li_1"], output, atol=1e-12)


def test_a_network_is_exported_whole_or_not_at_all():
    network = freeze(make_taught())
    with pytest.raises(ValidationError, match="pass its last connection") as error:
        nengo_fa.to_nir(network)
    for part in (network.error, "PES", "FeedbackAlignment"):
        assert str(part) in str(error.value)

    network = freeze(make_chain())
    network.output.output = lambda t, x: x
    with pytest.raises(ValidationError, match="the function of <Node"):
        nengo_fa.to_nir(network)
    assert nengo_fa.to_nir(network.decode, network=network).nodes


def with_ensemble(**kwargs):
    return lambda: freeze(make_chain(**kwargs))


def with_neurons(**kwargs):
    return with_ensemble(neuron_type=make_neurons(**kwargs))


def with_connection(name, **kwargs):
    def make():
        network = freeze(make_chain())
        for attribute, value in kwargs.items():
            setattr(getattr(network, name), attribute, value)
        return network

    return make


def with_more(connect):
    """A frozen network that is connected further: ``connect`` takes it."""

    def make():
        network = make_chain()
        with network:
            connect(network)
        return freeze(network)

    return make


def let_neurons_send(network):
    network.connections.remove(network.decode)
    network.decode = nengo.Connection(
        network.second.neurons, network.output, transform=np.ones((1, 20))
    )


def lead_to_neurons(network):
    network.connections.remove(network.middle)
    nengo.Connection(
        network.first, network.second.neurons, function=lambda x: np.zeros(20)
    )


def compute_between(network):
    network.connections.remove(network.middle)
    node = nengo.Node(lambda t, x: x**2, size_in=2)
    nengo.Connection(network.first, node)
    nengo.Connection(node, network.second)


def close_loop(network):
    network.connections.remove(network.encode)
    nengo.Connection(network.second, network.first)


@pytest.mark.parametrize(
    "make, match",
    [
        (with_neurons(tau_ref=0.002), r"no refractory time \(tau_ref=0.002\).*tau_ref=0,"),
        (with_neurons(min_voltage=0), "no lower bound of the voltage .*min_voltage=-np.inf"),
        (with_neurons(initial_state={}), r"no initial voltage.*Choice\(\[0\]\)"),
        (
            with_neurons(initial_state={"refractory_time": nengo.dists.Choice([0.1])}),
            "no initial voltage, no initial refractory time",
        ),
        (with_ensemble(neuron_type=nengo.LIFRate()), "no LIFRate. Use nengo.LIF"),
        (with_ensemble(neuron_type=nengo.AdaptiveLIF()), "no AdaptiveLIF"),
        (with_ensemble(neuron_type=nengo.Direct()), "no Direct"),
        (with_ensemble(noise=nengo.processes.WhiteNoise()), "no noise. Set it to None"),
        (make_chain, "encoders: <Ensemble.*not an array yet.*freeze_params"),
        (with_connection("encode", function=np.sin), "no functions"),
        (with_connection("encode", synapse=nengo.synapses.Triangle(0.1)), "no Triangle"),
        (with_connection("middle", synapse=nengo.LinearFilter([1], [1, 1])), "no Linear"),
        (with_connection("middle", synapse=0), "time constant is zero. Use None"),
        (with_connection("encode", transform=nengo.Sparse((2, 2), indices=[(0, 0)])), "array"),
        (
            with_connection("encode", transform=nengo.Dense((2, 2), nengo.dists.Choice([1]))),
            "random. Use an array",
        ),
        (with_connection("middle", solver=nengo.solvers.LstsqL2()), "not an array yet"),
        (with_connection("middle", solver=nengo.solvers.NoSolver()), "not an array yet"),
        (
            with_connection("middle", solver=nengo.solvers.LstsqL2(weights=True)),
            "Use a solver with weights=False",
        ),
        (with_more(let_neurons_send), "neurons. Connect the ensemble"),
        (with_more(lead_to_neurons), "neurons. Connect the ensemble"),
        (with_more(compute_between), "no nodes that compute functions"),
        (with_more(close_loop), "closes a loop"),
        (
            with_more(lambda net: nengo.Connection(net.first, net.first)),
            "Several connections lead to <Ensemble",
        ),
        (
            with_more(lambda net: nengo.Connection(net.stimulus, net.first.neurons[:2])),
            "Several connections lead to <Ensemble",
        ),
        (with_more(lambda net: net.connections.remove(net.encode)), "connect one"),
    ],
)  # fmt: skip
def test_what_nir_cannot_say_is_refused(make, match):
    network = make()
    with pytest.raises(ValidationError, match=match):
        nengo_fa.to_nir(network.decode, network=network)


def test_refused_targets():
    with pytest.raises(ValidationError, match="nengo.Network or a nengo.Connection"):
        nengo_fa.to_nir(make_chain().first)
    with pytest.raises(ValidationError, match="has 0. Pass the connection"):
        nengo_fa.to_nir(nengo.Network())
    for network in (make_chain(), "network"):
        with pytest.raises(ValidationError, match="that contains <Connection"):
            nengo_fa.to_nir(make_chain().decode, network=network)
    with nengo.Network() as network:
        nengo.Connection(nengo.Node([0]), nengo.Node(size_in=1))
    with pytest.raises(ValidationError, match="no ensembles on the chain"):
        nengo_fa.to_nir(network)
    for dt in (0, -1, np.inf, True, "fast"):
        with pytest.raises(ValidationError, match="time step in seconds"):
            nengo_fa.to_nir(network, dt=dt)


def full(value, size=5):
    return np.full(size, value)


def make_nodes(**kwargs):
    """Nodes of a chain that can be read, or not, with other parameters of its neurons."""
    lif = {
        "tau": full(0.02),
        "r": full(1.0),
        "v_leak": full(0.0),
        "v_threshold": full(1.0),
    }
    lif.update(kwargs)
    return [
        nir.Affine(weight=np.ones((5, 2)), bias=full(0.5)),
        nir.LIF(**lif),
        nir.Linear(weight=np.ones((1, 5))),
    ]


def li(tau, size=1, **kwargs):
    nodes = {"r": full(1.0, size), "v_leak": full(0.0, size), **kwargs}
    return nir.LI(tau=np.broadcast_to(tau, size), **nodes)


@pytest.mark.parametrize(
    "nodes, match",
    [
        (make_nodes(v_leak=full(0.1)), "LIF node 'lif': v_leak"),
        (make_nodes(v_reset=full(0.1)), "v_reset"),
        (make_nodes(v_threshold=full(0.0)), "v_threshold"),
        (make_nodes(tau=np.linspace(0.01, 0.02, 5)), "time constants differ"),
        (make_nodes()[:2], "ends with spikes"),
        (make_nodes()[1:], "no Affine or Linear node leads to it"),
        ([*make_nodes(), li(0.1, r=full(2.0, 1))], "LI node 'li': r is not one"),
        ([*make_nodes(), nir.Affine(np.ones((1, 1)), full(1.0, 1))], "no LIF node follows"),
        ([nir.Linear(np.ones((3, 2, 2)))], "not a matrix"),
        ([*make_nodes(), nir.Threshold(full(1.0, 1))], "Threshold node 'threshold': only"),
    ],
)  # fmt: skip
def test_graphs_that_are_no_chain_of_ours_are_refused(nodes, match):
    with pytest.raises(ValidationError, match=match):
        nengo_fa.from_nir(nir.NIRGraph.from_list(*nodes), dt=0.001)


def test_graphs_with_branches_are_refused():
    graph = nir.NIRGraph.from_list(*make_nodes())
    graph.nodes["more"] = nir.Linear(np.ones((1, 5)))
    graph.edges += [("lif", "more"), ("more", "output")]
    with pytest.raises(ValidationError, match="not a chain"):
        nengo_fa.from_nir(graph, dt=0.001)
    with pytest.raises(ValidationError, match="Must be a nir.NIRGraph"):
        nengo_fa.from_nir("graph.nir")


def test_graphs_of_others():
    """Other thresholds and resistances; spikes without decoders; filters one by one."""
    affine, lif, _ = make_nodes(r=full(3.0), v_threshold=full(2.0))
    nodes = [li([0.01, 0.01], 2), affine, lif, nir.Affine(np.eye(5), full(1.0)), lif]
    nodes += [nir.Linear(np.ones((1, 5))), li(0.01), li(0.01), li(0.02)]
    graph = nir.NIRGraph.from_list(*nodes)
    with pytest.raises(ValidationError, match="got None"):
        nengo_fa.from_nir(graph)  # for which dt was it?
    with nengo.Network() as model:
        chain = nengo_fa.from_nir(graph, dt=0.001)
        nengo.Connection(nengo.Node([1, 1]), chain.input, synapse=None)
    first, second = (ensemble.neurons for ensemble in chain.ensembles)
    *spikes, output = run(model, first, second, chain.output)
    found = integrate(graph, np.ones((150, 2)), 0.001)
    assert np.array_equal(spikes[0] > 0, found["lif"]) and np.any(spikes[0])
    assert np.array_equal(spikes[1] > 0, found["lif_1"])
    # Nengo's Alpha in time steps is another one
    np.testing.assert_allclose(output[-1], found["li_3"][-1], rtol=0.05)


def test_nir_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    for exchange in (nengo_fa.to_nir, nengo_fa.from_nir):
        with pytest.raises(ImportError, match=r"pip install nir"):
            exchange(nengo.Network())
