"""What Nengo's objects can be told counts online and offline as it does in Nengo, or is refused.

A simulator is the reference offline. Online, the change of the encoders in each step is
compared with the equation, of what Nengo itself delivers to the neurons.
"""

import nengo
import numpy as np
import pytest
from nengo.exceptions import NengoException

import nengo_fa

RNG = np.random.RandomState(0)
N_SAMPLES, STEP = 40, 0.01
LIF_RATE = nengo.LIFRate(amplitude=0.01)
CURRENTS = nengo.processes.PresentInput(RNG.uniform(-2, 2, (5, 20)), 0.001)
CONVOLUTION = nengo.Convolution(1, (2, 1), kernel_size=(1,), strides=(1,))
SPARSE = nengo.Sparse((2, 2), indices=[[0, 0], [1, 1]], init=[2, 0.5])
SOLVERS = nengo.solvers.LstsqL2(weights=True)


class Net:
    """Input, taught ensemble and output; and an ensemble before it, if asked for."""

    def __init__(self, before=None, pre=None, post=None, rule=None, **parts):
        def get(part, **defaults):
            return {**defaults, **parts.get(part, {})}

        with nengo.Network(seed=1) as self.model:
            self.stimulus = nengo.Node(**get("node", output=np.zeros(2)))
            first = self.stimulus
            if before is not None:
                first = nengo.Ensemble(
                    **{
                        "n_neurons": 30,
                        "dimensions": 2,
                        "neuron_type": LIF_RATE,
                        **before,
                    }
                )
                nengo.Connection(self.stimulus, first, synapse=None)
            self.hidden = nengo.Ensemble(
                **get("ensemble", n_neurons=20, dimensions=2, neuron_type=LIF_RATE)
            )
            self.output = nengo.Node(size_in=1)
            self.encode = nengo.Connection(
                first if pre is None else pre(first),
                self.hidden if post is None else post(self.hidden),
                **get("encode", synapse=None),
            )
            decode = get("decode", synapse=None, function=np.prod)
            leave = decode.pop("pre", lambda hidden: hidden)
            arrive = decode.pop("post", lambda output: output)
            self.decode = nengo.Connection(
                leave(self.hidden), arrive(self.output), **decode
            )
            if rule is None:
                rule = nengo_fa.FeedbackAlignment(1, 0.3, normalization=None)
            self.encode.learning_rule_type = rule

    def drive(self, output):
        """Let the input be this output, which a node without one gets from another."""
        if self.stimulus.output is None:
            nengo.Connection(nengo.Node(output), self.stimulus, synapse=None)
        else:
            self.stimulus.output = output

    def simulate(self, Simulator, x):
        with self.model:
            self.drive(nengo.processes.PresentInput(x, STEP))
            probe = nengo.Probe(self.decode)
        with Simulator(self.model) as sim:
            sim.run(len(x) * STEP)
        n_steps = round(STEP / 0.001)
        output = sim.data[probe].reshape(len(x), n_steps, -1)
        return output[:, n_steps // 2 :].mean(axis=1)


def neurons(ensemble):
    return ensemble.neurons


TO_TWO = dict(transform=RNG.uniform(-0.01, 0.01, (2, 30)))

# For each attribute of each class, the networks that set it.
ENSEMBLE = {
    "n_neurons": [dict(ensemble=dict(n_neurons=7))],
    "dimensions": [
        dict(ensemble=dict(dimensions=3), post=lambda hidden: hidden[1:]),
        dict(ensemble=dict(dimensions=1), pre=lambda node: node[1]),
    ],
    "radius": [dict(ensemble=dict(radius=1.7)), dict(before=dict(radius=0.6))],
    "encoders": [
        dict(ensemble=dict(encoders=RNG.randn(20, 2))),
        dict(ensemble=dict(encoders=nengo.dists.Choice([[1, 1], [-1, 1]]))),
    ],
    "intercepts": [dict(ensemble=dict(intercepts=nengo.dists.Uniform(-0.3, 0.2)))],
    "max_rates": [dict(ensemble=dict(max_rates=np.linspace(50, 150, 20)))],
    "eval_points": [
        dict(ensemble=dict(eval_points=RNG.uniform(-1, 1, (90, 2)))),
        dict(before=dict(eval_points=RNG.uniform(-1, 1, (90, 2)))),
    ],
    "n_eval_points": [dict(before=dict(n_eval_points=50))],
    "neuron_type": [
        dict(ensemble=dict(neuron_type=nengo.RectifiedLinear(amplitude=0.01))),
        dict(before=dict(neuron_type=nengo.Direct())),
        dict(ensemble=dict(neuron_type=nengo.Direct())),
    ],
    "gain": [dict(ensemble=dict(gain=np.linspace(1, 4, 20), bias=np.full(20, 1.5)))],
    "bias": [dict(ensemble=dict(gain=np.full(20, 3.0), bias=np.linspace(-1, 2, 20)))],
    "noise": [
        dict(ensemble=dict(noise=CURRENTS), measured=True),
        dict(before=dict(noise=nengo.processes.PresentInput(np.ones((1, 30)), 1)),
             measured=True),
        dict(before=dict(noise=nengo.processes.WhiteNoise(), neuron_type=nengo.Direct())),
    ],
    "normalize_encoders": [
        dict(ensemble=dict(encoders=RNG.randn(20, 2), normalize_encoders=False))
    ],
    "label": [dict(ensemble=dict(label="named"))],
    "seed": [dict(ensemble=dict(seed=5)), dict(before=dict(seed=5))],
}  # fmt: skip

CONNECTION = {
    "pre": [
        dict(pre=lambda node: node[::-1]),
        dict(pre=lambda node: node[[1, 1]]),
        dict(pre=lambda node: node[[0]], encode=dict(transform=[[1], [2]])),
        dict(before={}, pre=lambda ensemble: ensemble[[1, 0]]),
        dict(before={}, pre=lambda ensemble: ensemble[[1, 1]]),
        dict(before={}, pre=lambda ensemble: ensemble.neurons[::-1], encode=TO_TWO),
        dict(before={}, pre=lambda ensemble: ensemble.neurons[[3, 3] + 14 * [1, 2]],
             encode=TO_TWO),
        dict(decode=dict(pre=lambda hidden: hidden[[1, 1]])),
        dict(decode=dict(pre=lambda hidden: hidden.neurons[::-1], function=None,
                         transform=np.ones((1, 20)))),
        dict(decode=dict(pre=lambda hidden: hidden.neurons[20 * [3]], function=None,
                         transform=np.ones((1, 20)))),
    ],
    "post": [
        dict(post=lambda hidden: hidden[::-1]),
        dict(post=lambda hidden: hidden[[1, 1]]),
        dict(post=lambda hidden: hidden[1], pre=lambda node: node[0]),
        dict(ensemble=dict(dimensions=3), post=lambda hidden: hidden[[2, 0]]),
        dict(ensemble=dict(dimensions=3), post=lambda hidden: hidden[[2, 0, 2, 2]],
             encode=dict(function=lambda x: [x[0], x[1], x[0] * x[1], 0.2])),
        dict(post=lambda hidden: hidden.neurons, encode=dict(transform=np.ones((20, 2)))),
    ],
    "synapse": [
        dict(encode=dict(synapse=0.0005), measured=True, rtol=1e-3),
        dict(encode=dict(synapse=nengo.LinearFilter([2], [0.0005, 1]))),
        dict(decode=dict(synapse=nengo.LinearFilter([2], [0.0005, 1]))),
    ],
    "function_info": [
        dict(encode=dict(function=lambda x: [x[0] * x[1], 0.3])),
        dict(before={}, encode=dict(function=lambda x: [x[0] * x[1], 0.3])),
        dict(decode=dict(function=lambda x: x[0] ** 3)),
        dict(decode=dict(function=np.ones((30, 1)), eval_points=RNG.randn(30, 2))),
    ],
    "transform": [
        dict(encode=dict(transform=-0.7)),
        dict(encode=dict(transform=[0.5, 2])),
        dict(encode=dict(transform=[[1, 2], [0.5, 0]])),
        dict(encode=dict(transform=nengo.dists.Uniform(-1, 1))),
        dict(before={}, encode=dict(transform=nengo.dists.Uniform(-1, 1))),
        dict(encode=dict(transform=SPARSE)),
        dict(encode=dict(transform=CONVOLUTION)),
        dict(decode=dict(transform=[[3]])),
        dict(decode=dict(transform=nengo.dists.Uniform(1, 2))),
        dict(decode=dict(pre=neurons, function=None, transform=nengo.dists.Uniform(0, 1))),
    ],
    "solver": [
        dict(before={}, encode=dict(solver=nengo.solvers.LstsqL2(reg=0.5))),
        dict(before={}, encode=dict(solver=nengo.solvers.NoSolver(RNG.rand(30, 2) / 20))),
        dict(before={}, encode=dict(solver=SOLVERS)),
        dict(decode=dict(solver=nengo.solvers.LstsqL2(reg=0.5))),
        dict(decode=dict(solver=nengo.solvers.NoSolver(np.ones((20, 1))))),
        dict(decode=dict(solver=SOLVERS, post=lambda _: nengo.Ensemble(9, 1))),
    ],
    "learning_rule_type": [
        dict(rule=nengo_fa.FeedbackAlignment(
            1, 0.3, normalization=None, feedback=np.linspace(-1, 1, 20)[:, None])),
        dict(decode=dict(learning_rule_type=nengo.PES())),
        dict(rule=[nengo_fa.FeedbackAlignment(1, 0.3, feedback=feedback, normalization=None)
                   for feedback in (np.ones((20, 1)), np.zeros((20, 1)))]),
        dict(rule=nengo.PES(), pre=lambda node: node),
    ],
    "eval_points": [
        dict(before={}, encode=dict(eval_points=RNG.uniform(-1, 1, (50, 2)))),
        dict(decode=dict(eval_points=RNG.uniform(-1, 1, (50, 2)))),
    ],
    "scale_eval_points": [
        dict(before=dict(radius=2), encode=dict(
            eval_points=RNG.uniform(-1, 1, (50, 2)), scale_eval_points=False)),
    ],
    "label": [dict(encode=dict(label="in")), dict(decode=dict(label="out"))],
    "seed": [
        dict(encode=dict(seed=3, transform=nengo.dists.Uniform(-1, 1))),
        dict(before={}, encode=dict(seed=3)),
        dict(decode=dict(seed=3)),
    ],
}  # fmt: skip

NODE = {
    "output": [
        dict(node=dict(output=[0.1, 0.2])),
        dict(node=dict(output=lambda t: [t, 0], size_out=2)),
    ],
    "size_in": [dict(node=dict(output=None, size_in=2))],
    "size_out": [
        dict(node=dict(output=lambda t: [0.3, -0.2, 0.1], size_out=3), encode=dict(
            transform=[[1, 0, 2], [0, 1, 0]]))
    ],
    "label": [dict(node=dict(label="named"))],
    "seed": [],  # which Nengo refuses
}  # fmt: skip

NEURONS = {
    "ensemble": [dict(before={}, pre=neurons, encode=TO_TWO)],
    "size_in": [dict(before={}, pre=lambda e: e.neurons[:30], encode=TO_TWO)],
    "size_out": [
        dict(decode=dict(pre=neurons, function=None, transform=np.ones((1, 20))))
    ],
    "probeable": [{}],
}

#: What is refused: offline and online, by what is said.
REFUSED_OFFLINE = {
    ("neuron_type", 2): "direct mode",
    ("noise", 2): "Add noise to the samples",
    ("pre", 6): "repeated indices",
    ("pre", 8): "some of the neurons, or in another order",
    ("pre", 9): "repeated indices",
    ("post", 5): "Ensemble|encoders",
    ("synapse", 1): "changes a constant input",
    ("synapse", 2): "changes a constant input",
    ("transform", 5): "Sparse transform",
    ("transform", 6): "Convolution transform",
    ("solver", 2): "direct neural connection",
    ("solver", 5): "weights=False",
    ("learning_rule_type", 2): "several learning rules",
    ("learning_rule_type", 3): "PES|no encoder rule",
}
REFUSED_ONLINE = {
    ("pre", 6): "repeated indices",
    ("pre", 9): "repeated indices",
    ("neuron_type", 2): "Direct",
    ("post", 5): "Ensemble|encoders",
    ("transform", 5): "Sparse transform",
    ("transform", 6): "Convolution transform",
    ("solver", 2): "direct neural connection",
    ("learning_rule_type", 3): "PES|decoders",
}

REFUSALS = NengoException, NotImplementedError

TABLES = {
    nengo.Ensemble: ENSEMBLE,
    nengo.Connection: CONNECTION,
    nengo.Node: NODE,
    nengo.ensemble.Neurons: NEURONS,
}
CASES = [
    pytest.param(name, i, case, id=f"{kind.__name__}.{name}-{i}")
    for kind, table in TABLES.items()
    for name, cases in table.items()
    for i, case in enumerate(cases)
]


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_there_is_a_case_for_every_attribute(kind):
    """There must be a case for attributes of later versions of Nengo as well."""
    with nengo.Network():
        ensemble, node = nengo.Ensemble(1, 1), nengo.Node(size_in=1)
        objects = ensemble, ensemble.neurons, node, nengo.Connection(node, ensemble)
    (obj,) = [obj for obj in objects if type(obj) is kind]
    names = set(getattr(obj, "params", ()))
    if not names:
        public = (name for name in dir(kind) if not name.startswith("_"))
        names = {name for name in public if not callable(getattr(kind, name))}
    assert names == set(TABLES[kind])


def make(case):
    """The network of a case, and the time for which its activities are measured."""
    names = set(case) - {"measured", "rtol"}
    return Net(
        **{name: case[name] for name in names}
    ), STEP if "measured" in case else None


@pytest.mark.parametrize("name, i, case", CASES)
def test_offline(Simulator, name, i, case):
    """The final error of training equals the error of a simulator."""
    if (name, i) in REFUSED_OFFLINE:
        with pytest.raises(REFUSALS, match=REFUSED_OFFLINE[name, i]):
            train(*make(case))
        return
    net, presentation_time = make(case)
    history, x, y = train(net, presentation_time)
    rmse = np.sqrt(np.mean((net.simulate(Simulator, x) - y) ** 2))
    assert rmse == pytest.approx(history.rmse[-1], rel=case.get("rtol", 1e-9))
    assert history.rmse[-1] != history.rmse[0]


def train(net, presentation_time):
    rng = np.random.RandomState(1)
    size_in = net.encode.pre_obj.size_out if net.stimulus.size_out == 3 else 2
    x = rng.uniform(-0.7, 0.7, (N_SAMPLES, size_in))
    y = np.prod(x, axis=1, keepdims=True)
    history = nengo_fa.train(
        net.decode, x, y, 2, presentation_time=presentation_time, network=net.model,
        progress_bar=False,
    )  # fmt: skip
    return history, x, y


@pytest.mark.parametrize("name, i, case", CASES)
def test_online(Simulator, allclose, name, i, case):
    """Each step changes the encoders by the equation."""
    if (name, i) in REFUSED_ONLINE:
        with pytest.raises(REFUSALS, match=REFUSED_ONLINE[name, i]):
            run(Simulator, make(case)[0])
        return
    net, _ = make(case)
    sim, probes = run(Simulator, net)
    delivered, current, error, delta = (sim.data[probe] for probe in probes)
    hidden, rule = net.hidden, net.encode.learning_rule
    if net.encode.synapse is not None:  # whose output is of the step before
        delivered = np.concatenate([np.zeros_like(delivered[:1]), delivered[:-1]])
    x = np.zeros((len(delivered), hidden.dimensions))
    np.add.at(x, (slice(None), net.encode.post_slice), delivered)
    built, firing = sim.data[hidden], nengo_fa.Step()(hidden.neuron_type, current)
    if isinstance(rule, list):
        rule = rule[0]
    feedback = sim.data[rule].feedback
    neuron_error = firing * (error @ feedback.T)
    expected = neuron_error[:, :, None] * x[:, None, :]
    reached = np.zeros(hidden.dimensions)
    reached[net.encode.post_slice] = 1
    scale = (built.gain / hidden.radius)[:, None]
    expected = -0.3 * 0.001 * scale**2 * expected * reached
    assert allclose(delta, expected, rtol=1e-9, atol=1e-12)
    assert np.any(delta)


def run(Simulator, net):
    with net.model:
        error = nengo.Node([0.8])
        rule = net.encode.learning_rule
        rule = rule[0] if isinstance(rule, list) else rule
        nengo.Connection(error, rule, synapse=None)
        if not np.any(net.stimulus.output):
            net.drive(np.linspace(0.3, -0.5, net.stimulus.size_out))
        direct = isinstance(net.hidden.neuron_type, nengo.Direct)
        probes = [
            nengo.Probe(net.encode, "output"),
            nengo.Probe(net.hidden if direct else net.hidden.neurons, "input"),
            nengo.Probe(rule, "error"),
            nengo.Probe(rule, "delta"),
        ]
    with Simulator(net.model) as sim:
        sim.run_steps(20)
    return sim, probes
