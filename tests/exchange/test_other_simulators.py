"""Simulators that read NIR do what Nengo does with what was exported.

They take Euler's steps, which are exact, as those of Nengo are, if the time constants are
``dt / (1 - exp(-dt / tau))``.
"""

import nengo
import nir
import numpy as np
import pytest

import nengo_fa

torch = pytest.importorskip("torch")
nirtorch = pytest.importorskip("nirtorch")


def make_chain(dt, synapse, n_steps):
    """Return a frozen chain, its outputs in Nengo, and its graph for Euler steps."""
    neuron_type = nengo.LIF(
        tau_ref=0,
        min_voltage=-np.inf,
        amplitude=0.01,
        initial_state={"voltage": nengo.dists.Choice([0])},
    )
    with nengo.Network(seed=1) as network:
        signal = nengo.processes.WhiteSignal(0.5, high=10, rms=0.5, seed=1)
        stimulus, output = nengo.Node(signal, size_out=2), nengo.Node(size_in=1)
        first, second = (
            nengo.Ensemble(
                40, 2, neuron_type=neuron_type, max_rates=nengo.dists.Uniform(50, 100)
            )
            for _ in range(2)
        )
        nengo.Connection(stimulus, first, synapse=synapse)
        nengo.Connection(first, second, synapse=synapse)
        nengo.Connection(second, output, function=np.prod, synapse=synapse)
        probes = [
            nengo.Probe(obj)
            for obj in (stimulus, first.neurons, second.neurons, output)
        ]
    with nengo.Simulator(network, dt=dt) as sim:
        nengo_fa.freeze_params(sim, network)
    with nengo.Simulator(network, dt=dt) as sim:
        sim.run_steps(n_steps)
    graph = nengo_fa.to_nir(network, dt=dt)
    for node in graph.nodes.values():
        if hasattr(node, "tau"):
            node.tau = -dt / np.expm1(-dt / node.tau)
    return graph, [sim.data[probe] for probe in probes]


def cut(graph, end):
    """The chain up to the node of a name."""
    following = dict(graph.edges)
    names = ["input"]
    while names[-1] != end:
        names.append(following[names[-1]])
    return nir.NIRGraph.from_list(*(graph.nodes[name] for name in names))


def run(module, x):
    """The output of a module of nirtorch in each time step."""
    state, outputs = None, []
    with torch.no_grad():
        for row in torch.tensor(x, dtype=torch.float32):
            output, state = module(row, state)
            outputs.append(output.numpy().copy())
    return np.array(outputs)


def make_norse(graph, dt):
    """Modules of Norse for all nodes; its ``from_nir`` leaves out LI nodes."""
    pytest.importorskip("norse")
    from norse.torch import LIBoxCell
    from norse.torch.functional.leaky_integrator_box import LIBoxParameters
    from norse.torch.utils.import_nir import _import_norse_module

    class Synapse(LIBoxCell):
        """Sends the voltage at the beginning of a time step, as Nengo does."""

        def forward(self, x, state=None):
            state = state or self.initial_state(x)
            return state.v.expand(x.shape), super().forward(x, state)[1]

    def make_synapse(node):
        tau = torch.tensor(node.tau, dtype=torch.float32)
        return Synapse(LIBoxParameters(1 / tau, torch.zeros_like(tau)), dt=dt)

    def make_module(node):
        return _import_norse_module(node, dt=dt)

    makers = dict.fromkeys([nir.Affine, nir.LIF, nir.Linear], make_module)
    return nirtorch.nir_to_torch(graph, {nir.LI: make_synapse, **makers})


def make_snntorch(graph, dt):
    pytest.importorskip("snntorch")
    from snntorch.import_nir import import_from_nir

    return import_from_nir(graph)


@pytest.mark.parametrize(
    "make_module, dt, synapse",
    [
        (make_norse, 0.001, 0.01),
        # reads all graphs for steps of this length, and knows no LI
        (make_snntorch, 0.0001, None),
    ],
)
def test_spikes_are_those_of_nengo(make_module, dt, synapse):
    """All but a few spikes are the same; 32 bits move these to a neighbouring step."""
    graph, (x, *expected) = make_chain(dt, synapse, n_steps=400)
    ends = ["lif", "lif_1", dict((b, a) for a, b in graph.edges)["output"]]
    found = [run(make_module(cut(graph, end), dt), x) for end in ends]
    for spikes, others in zip(expected[:2], found):
        assert np.any(spikes)
        assert np.sum((spikes > 0) != others) <= 0.02 * np.sum(spikes > 0)
    error = np.sqrt(np.mean((found[2] - expected[2]) ** 2))
    assert error < 0.05 * np.std(expected[2])
