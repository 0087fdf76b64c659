"""A user's own rule, as in docs/own_rule.rst."""

import nengo
import numpy as np
import pytest
from array_api_compat import array_namespace
from nengo.exceptions import BuildError, SimulationError, ValidationError

import nengo_fa
from nengo_fa import EncoderLearningRule, FeedbackAlignment

pytestmark = pytest.mark.filterwarnings("ignore:This learning rate is very high")


class SaturatedAlignment(FeedbackAlignment):
    arrays = ("projected_error", "output")

    def make_step(self, out, projected_error, output):
        xp = array_namespace(out)

        def step():
            xp.tanh(projected_error, out=out)
            out[...] *= output > 0

        return step


class Hebbian(EncoderLearningRule):
    """Neurons that fire turn their encoders to the input."""

    arrays = ("output", "voltage", "derivative", "current")

    def make_step(self, out, output, voltage, derivative, current):
        return lambda: np.negative(output + voltage + derivative + current, out=out)


class Momentum(FeedbackAlignment):
    arrays = ("projected_error", "derivative", "average")

    def make_state(self, n_neurons):
        return {"average": np.zeros(n_neurons)}

    def make_step(self, out, projected_error, derivative, average):
        def step():
            average[...] += 0.1 * (projected_error * derivative - average)
            out[...] = average

        return step


def get_product(x):
    return 2 * x[0] * x[1]


class Net:
    """Learns a product of two numbers."""

    def __init__(self, seed, rule, neuron_type=None, pes=3.0):
        with nengo.Network(seed=seed) as self.model:
            stimulus = nengo.Node(lambda t: [np.sin(31 * t), np.cos(23 * t)])
            self.hidden = nengo.Ensemble(
                20,
                2,
                radius=1.4,
                neuron_type=neuron_type or nengo.LIFRate(amplitude=0.01),
            )
            output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
            self.encode = nengo.Connection(
                stimulus, self.hidden, synapse=None, learning_rule_type=rule
            )
            decode = nengo.Connection(
                self.hidden, output, function=get_product, synapse=None
            )
            decode.learning_rule_type = nengo.PES(pes)
            nengo.Connection(output, error, synapse=None)
            nengo.Connection(
                stimulus, error, function=get_product, transform=-1, synapse=None
            )
            nengo.Connection(error, decode.learning_rule, synapse=None)
            if rule is not None and rule.size_in > 0:
                nengo.Connection(error, self.encode.learning_rule, synapse=None)
            self.error = nengo.Probe(error)
            self.x = nengo.Probe(self.hidden, "input")
            self.neurons = {
                name: nengo.Probe(self.hidden.neurons, name)
                for name in self.hidden.neurons.probeable
            }
            self.rule = {
                name: nengo.Probe(self.encode.learning_rule, name)
                for name in getattr(rule, "probeable", ())
            }

    def run(self, Simulator, seconds):
        with Simulator(self.model) as sim:
            sim.run(seconds)
        self.scale = sim.data[self.hidden].gain / self.hidden.radius
        self.data = {name: sim.data[probe] for name, probe in self.rule.items()}
        self.data.update({name: sim.data[p] for name, p in self.neurons.items()})
        self.data["x"] = sim.data[self.x]
        self.sim = sim
        return self


def find_delta(net, rule, error):
    """Return the change in a step without normalization."""
    factor = -rule.learning_rate * net.sim.dt * net.scale**2
    return (factor * error)[:, :, None] * net.data["x"][:, None, :]


@pytest.mark.parametrize("neuron_type", [nengo.LIFRate(), nengo.LIF()])
def test_saturated_alignment(Simulator, seed, neuron_type):
    rule = SaturatedAlignment(1, learning_rate=0.1, normalization=None)
    net = Net(seed, rule, neuron_type).run(Simulator, 0.1)
    error = np.tanh(net.data["projected_error"]) * (net.data["output"] > 0)
    expected = find_delta(net, rule, error)
    np.testing.assert_allclose(net.data["delta"], expected, atol=1e-12)
    assert np.abs(expected).max() > 0


def test_rule_without_an_error(Simulator, seed):
    rule = Hebbian(learning_rate=1e-3, normalization=None)
    net = Net(seed, rule, nengo.LIF()).run(Simulator, 0.1)
    current = net.data["input"]
    error = -(net.data["output"] + net.data["voltage"] + (current > 1) + current)
    np.testing.assert_allclose(net.data["delta"], find_delta(net, rule, error))
    assert sorted(rule.probeable) == ["delta", "scaled_encoders"]


def test_rule_with_a_memory(Simulator, seed):
    rule = Momentum(1, learning_rate=0.1, normalization=None)
    net = Net(seed, rule).run(Simulator, 0.1)
    average, errors = np.zeros(20), []
    for error in net.data["projected_error"] * net.data["derivative"]:
        average = average + 0.1 * (error - average)
        errors.append(average)
    expected = find_delta(net, rule, np.array(errors))
    np.testing.assert_allclose(net.data["delta"], expected, atol=1e-12)


class Undefined(FeedbackAlignment):
    """Divides by the output, which is zero while a neuron is silent."""

    arrays = ("projected_error", "output")

    def make_step(self, out, projected_error, output):
        def step():
            with np.errstate(all="ignore"):
                np.divide(projected_error, output, out=out)

        return step


class UndefinedLater(nengo_fa.Derivative):
    """Defined for the currents without an input, with which it is tried at first."""

    def make_step(self, neuron_type, signal, out):
        calls = []

        def step():
            calls.append(None)
            out[...] = 1 if len(calls) < 3 else np.nan

        return step


class Long(FeedbackAlignment):
    """Writes the errors of too many neurons."""

    def make_step(self, out, projected_error):
        return lambda: np.copyto(out, np.ones(len(out) + 1))

    arrays = ("projected_error",)


class Advising(nengo_fa.Derivative):
    """Refuses neurons with an error of its own."""

    def make_step(self, neuron_type, signal, out):
        def step():
            raise ValidationError("Use other neurons", attr="signal", obj=self)

        return step


@pytest.mark.parametrize(
    "rule, message",
    [
        (
            Undefined(1),
            r"Undefined\(size_in=1\) returns has written (nan|-?inf) for neuron",
        ),
        (
            FeedbackAlignment(1, derivative=UndefinedLater()),
            r"UndefinedLater\(\) returns has written nan for neuron 0",
        ),
        (
            FeedbackAlignment(
                1,
                derivative=UndefinedLater(),
                eligibility_synapse=0.01,
                normalization=None,
            ),
            r"UndefinedLater\(\) returns has written nan for neuron 0",
        ),
        (Long(1), r"Long\(size_in=1\) returns cannot write .* 20 neurons"),
    ],
)
def test_undefined_values_name_what_has_written_them(seed, rule, message):
    with pytest.raises(SimulationError, match=message):
        Net(seed, rule).run(nengo.Simulator, 0.1)


def test_errors_of_a_derivative_are_its_own(seed):
    rule = FeedbackAlignment(1, derivative=Advising())
    with pytest.raises(ValidationError, match="Use other neurons"):
        Net(seed, rule).run(nengo.Simulator, 0.1)


class SaturatedBackprop(nengo_fa.Backprop):
    """Return the same through the current decoders."""

    arrays = SaturatedAlignment.arrays
    make_step = SaturatedAlignment.make_step


def find_rms(Simulator, seed, rule, **parameters):
    """Return the error in the last of five seconds with fixed decoders."""
    net = Net(seed, None, pes=0)
    with net.model:
        encode, decode = net.encode, net.model.connections[1]
        encode.learning_rule_type = rule(decode, **parameters)
        nengo.Connection(net.error.target, encode.learning_rule, synapse=None)
    with Simulator(net.model) as sim:
        sim.run(5)
    return np.sqrt(np.mean(sim.data[net.error][-1000:] ** 2))


class AgainstIt(SaturatedBackprop):
    def make_step(self, out, projected_error, output):
        step_tanh = super().make_step(out, projected_error, output)

        def step():
            step_tanh()
            np.negative(out, out=out)

        return step


@pytest.mark.filterwarnings("ignore:The encoders of")
@pytest.mark.parametrize("seed", [1, 3])
def test_it_learns(Simulator, seed):
    fixed, learned, wrong = (
        find_rms(Simulator, seed, rule, learning_rate=rate)
        for rule, rate in [
            (SaturatedBackprop, 0),
            (SaturatedBackprop, 1),
            (AgainstIt, 1),
        ]
    )
    assert learned < 0.7 * fixed
    assert wrong > fixed


@pytest.mark.parametrize("normalization", ["forced", "augmented"])
def test_it_has_the_normalizations(Simulator, seed, normalization):
    rule = SaturatedAlignment(1, learning_rate=1, normalization=normalization)
    net = Net(seed, rule).run(Simulator, 0.3)
    length = np.linalg.norm(net.data["scaled_encoders"], axis=2)
    np.testing.assert_allclose(length[-1], length[0], rtol=0.1)


@pytest.mark.parametrize("name", ["volts", "projected_error"])
def test_unknown_arrays_are_refused(Simulator, name):
    class Unknown(Hebbian):
        arrays = (name,)

    with pytest.raises(BuildError, match=f"{name}.*is not known for the neurons"):
        Net(0, Unknown()).run(Simulator, 0.001)


def test_rule_must_have_a_step(Simulator):
    with pytest.raises(NotImplementedError, match="must provide make_step"):
        Net(0, EncoderLearningRule()).run(Simulator, 0.001)


def make_rule_with_state(state):
    class WithState(FeedbackAlignment):
        arrays = ("output", "memory")

        def make_state(self, n_neurons):
            return state(n_neurons)

        def make_step(self, out, output, memory):
            return lambda: np.copyto(out, memory)

    return WithState(1)


@pytest.mark.parametrize(
    "state, match",
    [
        (lambda n: None, "must return a dict"),
        (lambda n: {"memory": np.zeros(n + 1)}, "one number for each neuron"),
        (lambda n: {"memory": 0.0}, "one number for each neuron"),
        (lambda n: {"memory": ["a"] * n}, "memory holds"),
        (lambda n: {"memory": [[1], [1, 2]]}, "must return a dict of arrays"),
        *(
            (lambda n, name=name: {name: np.zeros(n)}, "choose another name")
            for name in ("error", "feedback", "gate", "derivative", "x", "delta", "out")
        ),
    ],
)
def test_state_of_other_kinds_is_refused(Simulator, state, match):
    with pytest.raises(BuildError, match=match):
        Net(0, make_rule_with_state(state)).run(Simulator, 0.001)


@pytest.mark.parametrize("dtype", [bool, int, float])
def test_state_keeps_its_type(Simulator, dtype):
    class Counting(Hebbian):
        arrays = ("output", "memory")

        def make_state(self, n_neurons):
            return {"memory": np.zeros(n_neurons, dtype=dtype)}

        def make_step(self, out, output, memory):
            assert memory.dtype == dtype
            return lambda: np.copyto(out, memory)

    Net(0, Counting()).run(Simulator, 0.001)


def test_step_must_be_a_function(Simulator):
    class NoStep(Hebbian):
        arrays = ("output",)

        def make_step(self, out, output):
            np.negative(output, out=out)

    with pytest.raises(BuildError, match="NoStep.make_step must return a function"):
        Net(0, NoStep()).run(Simulator, 0.001)


def test_it_is_public():
    assert issubclass(FeedbackAlignment, nengo_fa.EncoderLearningRule)
    assert issubclass(nengo_fa.Backprop, nengo_fa.EncoderLearningRule)
    assert issubclass(nengo_fa.BurstLearning, nengo_fa.EncoderLearningRule)
