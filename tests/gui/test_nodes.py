"""The nodes that show a network learning, in a simulator without Nengo GUI."""

import json
import re

import nengo
import numpy as np
import pytest
from nengo.exceptions import BuildError, ValidationError

import nengo_fa
from nengo_fa import geometry, gui
from nengo_fa.gui.nodes import SimView, View
from nengo_fa.gui.sessions import MOST_SAMPLES, Samples, make_samples
from nengo_fa.networks import BurstMultiplication, Multiplication


def read(view, name):
    """Return a ``data-*`` attribute of the document of a view."""
    return json.loads(re.search(rf' data-{name}="(.*?)"', view.output._nengo_html_)[1])


@pytest.fixture
def model(seed):
    """A network that learns to multiply, and its rule."""
    with nengo.Network(seed=seed) as model:
        model.stimulus = nengo.Node(lambda t: [np.sin(9 * t), np.cos(13 * t)])
        model.product = Multiplication(n_neurons=20, encoder_rule=None, seed=seed)
        nengo.Connection(model.stimulus, model.product.input, synapse=None)
    teach(model, nengo_fa.FeedbackAlignment(1, 10))
    return model


def teach(model, rule):
    product = model.product
    product.encode.learning_rule_type = rule
    with model:
        nengo.Connection(
            product.gated_error, product.encode.learning_rule, synapse=None
        )


@pytest.fixture
def pyramidal(seed):
    """A network whose encoders learn from bursts."""
    with nengo.Network(seed=seed) as pyramidal:
        stimulus = nengo.Node(lambda t: [np.sin(9 * t), np.cos(13 * t)])
        pyramidal.product = BurstMultiplication(20, seed=seed)
        nengo.Connection(stimulus, pyramidal.product.input, synapse=None)
    return pyramidal


class Count(View):
    """Shows how often it was drawn, with changes at given times only."""

    def __init__(self, times, period):
        super().__init__("count", period=period)
        self.times, self.drawn = times, 0

    def make_step(self, model, arrays, dt):
        def step(x, is_due):
            if not is_due:
                return None
            self.drawn += 1
            return str(sum(self.drawn > time for time in self.times))

        return step


def test_function_is_called_only_with_something_new(Simulator):
    with nengo.Network() as model:
        view = Count(times=[0, 3], period=0.01)
    screen, calls = view.output, []

    def gather(t, *x):
        screen(t, *x)
        calls.append((round(t, 3), screen._nengo_html_))

    view.output = gather
    with Simulator(model) as sim:
        view.output = screen
        sim.run(0.5)
    assert view.drawn == 50
    assert calls == [(0.001, "1"), (0.031, "2")]


@pytest.mark.parametrize("dt, n_drawn", [(0.01, 20), (0.02, 17), (0.03, 17), (0.1, 10)])
def test_no_more_often_than_the_period(Simulator, dt, n_drawn):
    """The period is rounded up to whole time steps."""
    with nengo.Network() as model:
        view = Count(times=[0], period=0.05)
    with Simulator(model, dt=dt) as sim:
        sim.run(1.0)
    assert view.drawn == n_drawn


def test_what_does_not_change_is_sent_again(Simulator):
    """Nengo GUI discards data after some seconds."""
    with nengo.Network() as model:
        view = Count(times=[0], period=0.1)
    screen, calls = view.output, []
    view.output = lambda t: calls.append(round(t, 3))
    with Simulator(model) as sim:
        sim.run(2.5)
    assert calls == [0.001, 1.001, 2.001]
    assert screen._nengo_html_ == "1"


def test_preferred_directions(Simulator, model, allclose):
    product = model.product
    with model:
        view = gui.PreferredDirections(product.encode, neuron=3, label="Before & after")
    with Simulator(model) as sim:
        sim.run(0.501)
        assert ">Before &amp; after</text>" in view.output._nengo_html_
        encoders = sim.signals[sim.model.sig[product.hidden]["encoders"]]
        encoders = encoders / sim.data[product.hidden].gain[:, np.newaxis]
        assert allclose(read(view, "direction"), encoders[3], atol=1e-5)
        assert allclose(
            read(view, "angle"), geometry.angle_to_axes(encoders).mean(), atol=1e-5
        )
        assert not allclose(encoders, sim.data[product.hidden].encoders, atol=1e-3)
        feedback = sim.data[product.encode.learning_rule].feedback
        assert allclose(read(view, "error-direction"), feedback[3])
        point = [np.sin(9 * 0.501), np.cos(13 * 0.501)]
        assert allclose(read(view, "point"), point, atol=1e-5)


def test_preferred_directions_that_bursts_teach(Simulator, pyramidal, allclose):
    """The apical potential takes the place of the preferred error direction."""
    product = pyramidal.product
    with pyramidal:
        view = gui.PreferredDirections(product.encode, neuron=3)
        probe = nengo.Probe(product.hidden.neurons, "apical")
    potentials = []
    with Simulator(pyramidal) as sim:
        for _ in range(8):
            sim.run(0.05)
            sim.step()
            encoders = geometry.preferred_directions(sim, product.hidden)
            assert allclose(read(view, "direction"), encoders[3], atol=1e-5)
            (potential,) = read(view, "error-direction")
            assert allclose(potential, sim.data[probe][-1, 3], rtol=1e-5)
            words = f"neuron 3, apical potential {'+' if potential > 0 else '−'}"
            assert words in view.output._nengo_html_
            potentials.append(potential)
            sim.run(0.049)
        assert not allclose(encoders, sim.data[product.hidden].encoders, atol=1e-3)
    assert min(potentials) < 0 < max(potentials)


@pytest.mark.parametrize("rate", [0, 0.1])
def test_arrow_ends_where_the_encoder_would_be_in_two_seconds(
    Simulator, rate, allclose
):
    x, period = np.array([0.3, -0.4]), 0.1
    with nengo.Network(seed=1) as model:
        rule = nengo_fa.FeedbackAlignment(
            1, rate, feedback=[[1.0], [-1.0]], normalization=None
        )
        encode = nengo.Connection(
            nengo.Node(x),
            nengo.Ensemble(2, 2, gain=[1, 1], bias=[9, 9]),  # both fire all the time
            synapse=None,
            learning_rule_type=rule,
        )
        nengo.Connection(nengo.Node([1.0]), encode.learning_rule, synapse=None)
        views = [gui.PreferredDirections(encode, i, period=period) for i in range(2)]
    with Simulator(model) as sim:
        sim.run(6)
    for view, sign in zip(views, (1, -1)):
        turn = np.subtract(read(view, "ahead"), read(view, "direction"))
        assert allclose(turn, -2 * rate * sign * x, atol=1e-3)


def test_tuning_curves_of_pyramidal_neurons(Simulator, pyramidal, allclose):
    product = pyramidal.product
    with pyramidal:
        view = gui.TuningCurves(product.encode, neuron=4)
    with Simulator(pyramidal) as sim:
        sim.run(0.501)
        points, _ = geometry.disc(24)
        current = points @ sim.signals[sim.model.sig[product.hidden]["encoders"]][4]
        current = current + sim.data[product.hidden].bias[4]
        rates = nengo.LIF().rates(current.ravel(), 1, 0)
        assert allclose(read(view, "highest")[1], rates.max(), rtol=1e-5)
    assert read(view, "change") > 1


def test_bursts_know_of_no_error(pyramidal):
    product = pyramidal.product
    n_nodes = len(pyramidal.all_nodes)
    with (
        pyramidal,
        pytest.raises(
            ValidationError,
            match="does not use the error of an output.*PreferredDirections",
        ),
    ):
        gui.ErrorFields(product.encode, product.decode, np.prod)
    assert len(pyramidal.all_nodes) == n_nodes


def test_units_are_those_of_the_radius(Simulator, allclose):
    with nengo.Network() as model:
        stimulus = nengo.Node([2, -1])
        ensemble = nengo.Ensemble(
            3,
            2,
            radius=4,
            gain=[1, 0, 2],
            bias=[1, 2, 3],
            normalize_encoders=False,
            encoders=[[2, 1], [1, 2], [1, 1]],
        )
        encode = nengo.Connection(
            stimulus,
            ensemble,
            synapse=None,
            learning_rule_type=nengo_fa.FeedbackAlignment(1, normalization=None),
        )
        view = gui.PreferredDirections(encode, neuron=2)
    with Simulator(model) as sim:
        sim.step()
        assert allclose(read(view, "direction"), sim.data[ensemble].encoders[2])
        assert allclose(read(view, "point"), [0.5, -0.25])
        assert np.isfinite(read(view, "angle"))  # a neuron without gain is left out


def test_neuron_from_a_slider(Simulator, model):
    with model:
        slider = nengo.Node(lambda t: 7.4 if t < 0.1 else 99)
        views = [
            gui.PreferredDirections(model.product.encode, slider),
            gui.TuningCurves(model.product.encode, slider),
        ]
    with Simulator(model) as sim:
        for chosen in (7, 19):
            sim.run(0.1)
            assert [read(view, "chosen") for view in views] == [chosen, chosen]


def test_tuning_curves(Simulator, model, allclose):
    product = model.product
    with model:
        view = gui.TuningCurves(product.encode, neuron=4)
    with Simulator(model) as sim:
        points, _ = geometry.disc(24)
        before = geometry.tuning_curves(sim, product.hidden, points)[..., 4]
        sim.run(0.501)
        now = geometry.tuning_curves(sim, product.hidden, points)[..., 4]
        assert allclose(read(view, "highest"), [before.max(), now.max()], rtol=1e-5)
        assert allclose(read(view, "change"), np.abs(now - before).mean(), rtol=1e-4)
        assert read(view, "change") > 1


@pytest.mark.parametrize(
    "neuron_type",
    [
        nengo.RectifiedLinear(amplitude=0.01),
        nengo.RegularSpiking(nengo.RectifiedLinear(), amplitude=0.01),
    ],
    ids=repr,
)
def test_tuning_curves_are_in_hertz(Simulator, allclose, neuron_type):
    with nengo.Network() as model:
        ensemble = nengo.Ensemble(
            1, 2, max_rates=[100], intercepts=[0], encoders=[[1, 0]]
        )
        ensemble.neuron_type = neuron_type
        encode = nengo.Connection(
            nengo.Node([0, 0]),
            ensemble,
            learning_rule_type=nengo_fa.FeedbackAlignment(1),
        )
        view = gui.TuningCurves(encode)
    with Simulator(model) as sim:
        sim.step()
        assert allclose(read(view, "highest"), [100, 100])


@pytest.mark.parametrize("rule", ["feedback", "Kolen-Pollack", "backprop"])
def test_error_fields(Simulator, model, rule, allclose, monkeypatch):
    """The fields equal those computed from the simulator's own activities."""
    product = model.product
    rules = {
        "feedback": nengo_fa.FeedbackAlignment(1, 10),
        "Kolen-Pollack": nengo_fa.FeedbackAlignment(
            1, 10, feedback=nengo_fa.feedback.KolenPollack(product.decode, decay=3)
        ),
        "backprop": nengo_fa.Backprop(product.decode),
    }
    model.connections.pop()
    teach(model, rules[rule])
    with model:
        gui.ErrorFields(
            product.encode, product.decode, lambda x: 2 + x[0] - x[1], neuron=1
        )
    fields = []
    monkeypatch.setattr(
        "nengo_fa.gui.views.error_fields",
        lambda *args: fields.append(args[:2]) or "drawn",
    )
    with Simulator(model) as sim:
        sim.run(0.501)
        points, _ = geometry.disc(16)
        activities = geometry.tuning_curves(sim, product.hidden, points)
        decoders = sim.signals[sim.model.sig[product.decode]["weights"]]
        error = activities @ decoders.T - (2 + points[..., :1] - points[..., 1:])
        if rule == "backprop":
            feedback = decoders.T
        else:
            feedback = sim.data[product.encode.learning_rule].feedback
        if rule == "Kolen-Pollack":
            drawn = feedback
            feedback = sim.signals[
                sim.model.sig[product.encode.learning_rule]["feedback"]
            ].T
            assert not allclose(drawn, feedback, atol=0.1)
        projected = error @ feedback[1]
        assert allclose(fields[-1][0], projected)
        assert allclose(fields[-1][1], projected * (activities[..., 1] > 0))


def test_error_history(Simulator, model, allclose):
    """Of errors that do not change, the root mean square is right from the start."""
    with model:
        steady = nengo.Node([3, -3])
        turned = nengo.Node(lambda t: 1.0 if t < 1 else 0.0)
        view = gui.ErrorHistory({"a": steady, "b": turned}, tau=0.5, period=0.1)
    with Simulator(model) as sim:
        sim.run(0.05)
        assert allclose(read(view, "last"), [3, 1])
        sim.run(1.951)
        assert read(view, "samples") == 21
        remains = (1 - np.exp(-2)) * np.exp(-2) / (1 - np.exp(-4))
        assert allclose(read(view, "last"), [3, np.sqrt(remains)], rtol=0.01)


def test_angle_history(Simulator, model, allclose):
    product = model.product
    with model:
        view = gui.AngleHistory({"learned": product.hidden})
    with Simulator(model) as sim:
        sim.run(0.501)
        angle = geometry.angle_to_axes(
            geometry.preferred_directions(sim, product.hidden)
        )
        assert allclose(read(view, "last"), [angle.mean()], atol=1e-5)


def test_samples_stay_few():
    samples = Samples(**make_samples(1))
    for i in range(10 * MOST_SAMPLES):
        is_new = samples.add(i, [2 * i])
        assert not (is_new and len(samples.get()[0]) > MOST_SAMPLES)
    times, values = samples.get()
    assert MOST_SAMPLES // 2 <= len(times) < MOST_SAMPLES
    assert np.all(values == 2 * times)
    assert np.ptp(np.diff(times)) == 0


def test_histories_of_an_interrupted_simulation_go_on(Simulator, check_resumed, seed):
    with nengo.Network(seed=seed) as model:
        product = Multiplication(n_neurons=20, seed=seed)
        views = [
            gui.ErrorHistory({"error": product.error}, tau=0.1, period=0.01),
            gui.AngleHistory({"learned": product.hidden}, period=0.01),
        ]
        nengo.Connection(nengo.Node([0.5, -0.5]), product.input, synapse=None)
    with Simulator(model, seed=1) as whole:
        whole.run_steps(75)
    expected = [view.output._nengo_html_ for view in views]
    assert [read(view, "samples") for view in views] == [8, 8]
    sim = check_resumed(model, n_before=25, n_after=50)
    operators = [it for it in sim.model.operators if isinstance(it, SimView)]
    assert [it.view.output._nengo_html_ for it in operators] == expected


def test_simulators_do_not_mix(Simulator, model):
    with model:
        views = [
            gui.PreferredDirections(model.product.encode),
            gui.ErrorHistory({"error": model.product.error}),
        ]
    with Simulator(model) as one, Simulator(model) as other:
        one.run(1.0)
        alone = [view.output._nengo_html_ for view in views]
        for _ in range(10):
            other.run(0.1)
            one.run(0.1)
    with Simulator(model) as sim:
        sim.run(1.0)
        assert [view.output._nengo_html_ for view in views] == alone
        sim.reset()
        sim.step()
        assert read(views[1], "samples") == 1
        sim.reset()
        sim.run(1.0)
        assert [view.output._nengo_html_ for view in views] == alone


def test_bad_use_fails_at_once(model):
    product = model.product
    with model:
        line = nengo.Ensemble(10, 1)
        to_line = nengo.Connection(
            model.stimulus[0], line, learning_rule_type=nengo_fa.FeedbackAlignment(1)
        )
        wide = nengo.Connection(product.hidden, nengo.Node(size_in=2))
        slider = nengo.Node([0])
        elsewhere = nengo.Connection(line, nengo.Node(size_in=1))
        direct = nengo.Ensemble(1, 2, neuron_type=nengo.Direct())
        before = len(model.all_nodes), len(model.all_connections)
        for declare, words in (
            (lambda: gui.PreferredDirections(product.hidden), "nengo.Connection"),
            (lambda: gui.PreferredDirections(product.decode), "rule for the encoders"),
            (lambda: gui.TuningCurves(wide), "rule for the encoders"),
            (lambda: gui.TuningCurves(to_line), "must have 2 dimensions"),
            (lambda: gui.TuningCurves(product.encode, 20), "one of 20 neurons"),
            (lambda: gui.TuningCurves(product.encode, -1), "one of 20 neurons"),
            (lambda: gui.TuningCurves(product.encode, 0.5), "Must be an index"),
            (lambda: gui.TuningCurves(product.encode, model.stimulus), "one output"),
            (lambda: gui.ErrorFields(product.encode, wide, np.prod), "has 1"),
            (lambda: gui.ErrorFields(product.encode, elsewhere, np.prod), "leaves"),
            (
                lambda: gui.ErrorFields(product.encode, product.hidden, np.prod),
                "Connection",
            ),
            (
                # with a slider, which is not connected to what is refused
                lambda: gui.ErrorFields(
                    product.encode, product.decode, lambda x: x, slider
                ),
                "Must return 1",
            ),
            (lambda: gui.ErrorFields(product.encode, product.decode, 3), "function"),
            (lambda: gui.ErrorHistory({}), "1 to 6 curves"),
            (lambda: gui.ErrorHistory({"a": 3}), "another object with an output"),
            (lambda: gui.ErrorHistory({3: product.error}), "a name for each"),
            (lambda: gui.ErrorHistory([product.error]), "a name for each"),
            (lambda: gui.AngleHistory(product.hidden), "a name for each"),
            (lambda: gui.ErrorHistory({"a": product.error}, period=np.inf), "period"),
            (lambda: gui.AngleHistory({"a": product.encode}), "nengo.Ensemble"),
            (lambda: gui.AngleHistory({"a": line}), "must have 2 dimensions"),
            (lambda: gui.AngleHistory({"a": direct}), "direct mode"),
            (lambda: gui.TuningCurves(product.encode, period=0), "period"),
        ):
            with pytest.raises(ValidationError, match=words):
                declare()
        assert before == (len(model.all_nodes), len(model.all_connections))


def test_rule_that_is_replaced(Simulator, model):
    with model:
        gui.PreferredDirections(model.product.encode)
    model.connections.pop()
    teach(model, nengo_fa.Backprop(model.product.decode))
    with pytest.raises(BuildError, match="Create the view after you have set the rule"):
        Simulator(model)
