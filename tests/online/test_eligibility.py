"""The eligibility trace of each weight follows its equation, and is a gradient."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import equations

NORMALIZATIONS = [None, "forced", "augmented", "homeostatic", "stabilized"]
TAU, DT, N_STEPS = 0.02, 0.001, 60
DECAY = np.exp(-DT / TAU)


def stimulate(t):
    return np.sin(np.array([20, 50, 90]) * t + np.arange(3))


def get_error(t):
    return np.cos(np.array([30, 70]) * t)


class Traced:
    """An ensemble with a rule and probes on all that the rule reads and writes."""

    def __init__(self, seed, neuron_type=nengo.LIFRate(), rules=1, **options):
        options = {"derivative": nengo_fa.Rate(), "normalization": None, **options}
        options.setdefault("eligibility_synapse", TAU)
        with nengo.Network(seed=seed) as self.model:
            self.hidden = nengo.Ensemble(
                7, 3, neuron_type=neuron_type, radius=1.5, seed=seed
            )
            self.encode = nengo.Connection(
                nengo.Node(stimulate), self.hidden, synapse=None
            )
            self.encode.learning_rule_type = [
                nengo_fa.FeedbackAlignment(2, 0.5 + i, **options) for i in range(rules)
            ]
            for rule in self.encode.learning_rule:
                nengo.Connection(nengo.Node(get_error), rule, synapse=None)
            rule = self.encode.learning_rule[0]
            self.probes = {name: nengo.Probe(rule, name) for name in rule.probeable}
            self.probes["x"] = nengo.Probe(self.hidden, "input")

    def run(self, Simulator, n_steps=N_STEPS):
        with Simulator(self.model) as sim:
            sim.run_steps(n_steps)
            self.built = sim.data[self.hidden]
            for name, probe in self.probes.items():
                setattr(self, name, sim.data[probe].copy())
        return self


def delay(traces):
    """As through a connection, a trace has its effect one time step later."""
    return np.concatenate([np.zeros_like(traces[:1]), traces[:-1]])


@pytest.mark.parametrize("neuron_type", [nengo.LIFRate(), nengo.LIF()], ids=repr)
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("sparse", [False, True])
def test_trace_and_update_are_those_of_the_equations(
    Simulator, seed, sparse, normalization, neuron_type
):
    traced = Traced(seed, neuron_type, normalization=normalization, sparse=sparse)
    free = np.ones((7, 3))
    if sparse:
        free[np.arange(7), np.arange(7) % 3] = 0
        traced.hidden.encoders = free * np.random.RandomState(seed).randn(7, 3)
    traced.run(Simulator)
    traces = equations.eligibility_trace(traced.derivative, traced.x, DECAY)
    np.testing.assert_allclose(traced.eligibility, traces, rtol=1e-9, atol=1e-12)
    traces = delay(traces)

    scale = traced.built.gain / traced.hidden.radius
    for step, encoders in enumerate(traced.scaled_encoders):
        gradient = equations.traced_gradient(
            traced.error[step, None], traced.feedback[0].T, traces[step, None]
        )
        update = equations.encoder_update(
            free * gradient, encoders / scale[:, None], scale, 0.5 * DT, normalization
        )
        np.testing.assert_allclose(
            traced.delta[step], update * scale[:, None], rtol=1e-8, atol=1e-11
        )
    np.testing.assert_allclose(
        np.diff(traced.scaled_encoders, axis=0), traced.delta[:-1], atol=1e-9
    )
    assert np.abs(traced.delta).max() > 1e-6


def test_an_interrupted_simulation_goes_on(check_resumed, seed):
    traced = Traced(seed, nengo.AdaptiveLIF(), rules=2, normalization="forced")
    sim = check_resumed(traced.model)
    (eligibility,) = (
        probe for probe in sim.model.probes if probe.attr == "eligibility"
    )
    assert np.any(sim._sim_data[eligibility][-1])


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_arrays_may_be_bound_late(check_late, seed, normalization):
    check_late(Traced(seed, rules=2, normalization=normalization).model)


def test_delay_lines_are_traces_as_well(Simulator, seed):
    late = nengo.LinearFilter([1], [1] + [0] * 9, analog=False)
    traced = Traced(seed, eligibility_synapse=late).run(Simulator)
    product = traced.derivative[:, :, None] * traced.x[:, None, :]
    np.testing.assert_allclose(delay(traced.eligibility)[9:], product[:-9], rtol=1e-12)
    assert not np.any(traced.eligibility[:8])


def test_without_a_trace_nothing_is_there(Simulator, seed):
    traced = Traced(seed, eligibility_synapse=None).run(Simulator)
    assert not hasattr(traced, "eligibility")
    with pytest.raises(ValidationError, match="eligibility"):
        nengo.Probe(
            traced.encode.learning_rule[0], "eligibility", add_to_container=False
        )


def test_rules_that_do_not_factor_are_refused(Simulator, seed):
    class Signs(nengo_fa.FeedbackAlignment):
        arrays = ("projected_error",)

        def make_step(self, out, projected_error):
            return lambda: np.sign(projected_error, out=out)

    traced = Traced(seed)
    traced.encode.learning_rule_type = Signs(2, eligibility_synapse=TAU)
    traced.model.probes.clear()
    with pytest.raises(BuildError, match="Omit the eligibility_synapse"):
        Simulator(traced.model)


class Decoded:
    """Rate neurons whose input is played back, decoded through a low-pass filter.

    The loss is the sum of squared errors over time, halved. No weight changes, so that
    the sum of delta over time is minus its gradient, if the trace is right.
    """

    def __init__(self, seed, n_steps=40, dimensions=3, n_neurons=5):
        rng = np.random.RandomState(seed)
        self.n_steps, self.rng = n_steps, rng
        self.x = np.cumsum(rng.randn(n_steps + 1, dimensions), axis=0) / 3
        self.target = rng.randn(n_steps + 1, 2)
        self.encoders = rng.randn(n_neurons, dimensions)
        self.gain, self.bias = rng.uniform(1, 2, n_neurons), np.full(n_neurons, 2.0)
        self.decoders = rng.randn(2, n_neurons)
        self.neuron_type = nengo.Sigmoid(tau_ref=1)

    def simulate(self, Simulator, encoders, probed=None, **options):
        with nengo.Network() as model:
            stimulus = nengo.Node(lambda t: self.x[round(t / DT)])
            hidden = nengo.Ensemble(
                len(encoders),
                encoders.shape[1],
                neuron_type=self.neuron_type,
                encoders=encoders,
                normalize_encoders=False,
                gain=self.gain,
                bias=self.bias,
            )
            output = nengo.Node(size_in=2)
            decode = nengo.Connection(
                hidden.neurons, output, transform=self.decoders, synapse=TAU
            )
            error = nengo.Node(
                lambda t, y: y - self.target[round(t / DT)], size_in=2, size_out=2
            )
            nengo.Connection(output, error, synapse=None)
            encode = nengo.Connection(stimulus, hidden, synapse=None)
            probe = nengo.Probe(error)
            if probed:
                encode.learning_rule_type = nengo_fa.Backprop(
                    decode,
                    1e-9,
                    derivative=nengo_fa.Rate(),
                    normalization=None,
                    **options,
                )
                nengo.Connection(error, encode.learning_rule, synapse=None)
                probe = nengo.Probe(encode.learning_rule, probed)
        with Simulator(model) as sim:
            sim.run_steps(self.n_steps)
        return sim.data[probe]

    def find_gradient(self, Simulator, step=1e-5):
        def loss(encoders):
            return np.sum(self.simulate(Simulator, encoders) ** 2) / 2

        gradient = np.empty_like(self.encoders)
        for index in np.ndindex(gradient.shape):
            shift = np.zeros_like(gradient)
            shift[index] = step
            gradient[index] = (
                loss(self.encoders + shift) - loss(self.encoders - shift)
            ) / (2 * step)
        return gradient

    def find_update(self, Simulator, **options):
        delta = self.simulate(Simulator, self.encoders, "delta", **options)
        # delta is of scaled encoders
        return -delta.sum(axis=0) / (1e-9 * DT) / self.gain[:, None]


WRONG = {
    "too short": {"eligibility_synapse": TAU / 2},
    "too long": {"eligibility_synapse": TAU * 2},
    "of the input alone": {"pre_synapse": TAU},
    "not there": {},
}


def test_sum_of_updates_is_the_gradient_through_time(Simulator, seed):
    """By finite differences of whole simulations; wrong traces fail."""
    decoded = Decoded(seed)
    expected = decoded.find_gradient(Simulator)

    def find_difference(**options):
        found = decoded.find_update(Simulator, **options)
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    assert find_difference(eligibility_synapse=TAU) < 1e-5
    for trace, options in WRONG.items():
        assert find_difference(**options) > 0.05, trace
