"""The controls, in a simulator: sliders are nodes whose output a test may set."""

import re

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

import nengo_fa
from nengo_fa import gui
from nengo_fa.gui import controls
from nengo_fa.gui.reset import LimitLengths
from nengo_fa.networks import Multiplication
from nengo_fa.rules import normalizations

NAMES = ("learning", "learning_rate", "rule", "normalization", "reset", "neuron")


class Controlled:
    """A multiplication network under controls, which schedules set for the simulation."""

    def __init__(self, seed, encoder_rule=None, **schedules):
        self.model = nengo.Network(seed=seed)
        with self.model:
            stimulus = nengo.Node(lambda t: [np.sin(9 * t), np.cos(13 * t)])
            self.product = product = Multiplication(
                20, encoder_rule=encoder_rule, learning=None, seed=seed
            )
            nengo.Connection(stimulus, product.input, synapse=None)
            self.controls = gui.Controls()
            nengo.Connection(self.controls.learning, product.learning, synapse=None)
            if encoder_rule is None:
                self.controls.teach(
                    product.encode,
                    product.decode,
                    product.error,
                    learning_rate=10,
                    backprop_rate=1000,
                )
            self.decoders = nengo.Probe(product.decode, "weights")
        for name, schedule in schedules.items():
            getattr(self.controls, name).output = schedule

    def get_encoders(self, sim):
        return sim.signals[sim.model.sig[self.product.hidden]["encoders"]].copy()


def test_frozen_when_off(Simulator, seed):
    it = Controlled(seed, learning=lambda t: t < 0.2)
    with Simulator(it.model) as sim:
        start = it.get_encoders(sim)
        sim.run(0.25)
        frozen = it.get_encoders(sim)
        assert np.abs(frozen - start).max() > 0.01
        sim.run(0.25)
        assert np.array_equal(it.get_encoders(sim), frozen)
        decoders = sim.data[it.decoders]
        assert np.array_equal(decoders[-1], decoders[210])
        assert not np.array_equal(decoders[0], decoders[210])


def test_learning_rate_is_a_factor(Simulator, seed, allclose):
    changes = []
    for factor in (0, 1, 2):
        it = Controlled(seed, learning_rate=[factor], normalization=[0])
        with Simulator(it.model) as sim:
            start = it.get_encoders(sim)
            sim.run_steps(10)
            changes.append(it.get_encoders(sim) - start)
    assert np.all(changes[0] == 0)
    assert np.abs(changes[1]).max() > 0
    assert allclose(changes[2], 2 * changes[1], rtol=0.05, atol=1e-5)


@pytest.mark.parametrize("rule", [0, 1])
@pytest.mark.parametrize("normalization", range(5))
def test_learns_as_the_chosen_rule_alone(
    Simulator, seed, rule, normalization, allclose
):
    """The same as a network with this one rule, and the same feedback weights."""
    names = None, "forced", "augmented", "homeostatic", "stabilized"
    chosen = names[normalization]
    # at ten times this rate, lengths run away from one
    rate = 0.1 if chosen == "homeostatic" else 1
    it = Controlled(
        seed, rule=[rule], normalization=[normalization], learning_rate=[rate]
    )
    with Simulator(it.model) as sim:
        rules = it.product.encode.learning_rule
        feedback = sim.data[rules[f"FA, {chosen}"]].feedback
        assert np.linalg.norm(feedback, axis=1) == pytest.approx(1)
        sim.run(0.3)
        encoders = it.get_encoders(sim)

    plain = Controlled(
        seed,
        nengo_fa.FeedbackAlignment(
            1, learning_rate=10 * rate, feedback=feedback, normalization=chosen
        ),
    )
    if rule == 1:
        encode, decode = plain.product.encode, plain.product.decode
        (to_rule,) = (
            c for c in plain.product.connections if c.post_obj == encode.learning_rule
        )
        plain.product.connections.remove(to_rule)
        encode.learning_rule_type = nengo_fa.Backprop(
            decode, learning_rate=1000 * rate, normalization=chosen
        )
        with plain.product:
            nengo.Connection(
                plain.product.gated_error, encode.learning_rule, synapse=None
            )
    with Simulator(plain.model) as sim:
        start = plain.get_encoders(sim)
        sim.run(0.3)
        assert allclose(encoders, plain.get_encoders(sim))
        assert np.abs(encoders - start).max() > 0.01


def test_all_normalizations_of_the_rules_can_be_chosen():
    assert controls.NORMALIZATIONS == tuple(normalizations.NORMALIZATIONS)


def test_reset_gives_back_the_start_to_the_last_bit(Simulator, seed):
    it = Controlled(seed, reset=lambda t: 0.2 < t <= 0.3)
    with Simulator(it.model) as sim:
        start = it.get_encoders(sim)
        sim.run(0.2)
        assert np.abs(it.get_encoders(sim) - start).max() > 0.01
        sim.run_steps(4)
        assert np.array_equal(it.get_encoders(sim), start)
        sim.run(0.095)
        assert np.array_equal(it.get_encoders(sim), start)
        sim.run(0.2)
        assert np.abs(it.get_encoders(sim) - start).max() > 0.01


def test_view_of_the_active_rule(Simulator, seed, allclose):
    """The view shows the preferred error direction of the rule that receives the error."""
    it = Controlled(seed, rule=lambda t: t > 0.2, learning=lambda t: t < 0.3)
    with it.model:
        view = gui.PreferredDirections(it.product.encode, neuron=2)

    def get_direction():
        words = re.search(r'data-error-direction="\[(.*?)\]"', view.output._nengo_html_)
        return float(words[1])

    with Simulator(it.model) as sim:
        rules = it.product.encode.learning_rule
        sim.run(0.151)
        assert get_direction() == sim.data[rules["FA, None"]].feedback[2, 0]
        for _ in range(2):  # with learning, and after
            sim.run(0.15)
            weights = sim.signals[sim.model.sig[it.product.decode]["weights"]]
            assert allclose(get_direction(), weights[0, 2], rtol=1e-5)


def test_words_for_what_is_chosen(Simulator, seed):
    it = Controlled(seed, rule=lambda t: t > 0.2, normalization=lambda t: 5 * t // 1)
    with Simulator(it.model) as sim:
        for rule, normalization in (
            ("FA", "none"),
            ("BP", "forced"),
            ("BP", "augmented"),
            ("BP", "homeostatic"),
            ("BP", "stabilized"),
        ):
            sim.run(0.19)
            html = it.controls.chosen.output._nengo_html_
            assert f'data-rule="{rule}"' in html
            assert f'data-normalization="{normalization}"' in html
            assert 'data-learning="on"' in html and 'data-reset="no"' in html


def test_each_slider_has_a_name_and_a_constant():
    """Nengo GUI makes a slider of it."""
    with nengo.Network():
        controls = gui.Controls(rule=1, neuron=3)
    sliders = [getattr(controls, name) for name in NAMES]
    assert len({slider.label for slider in sliders}) == len(NAMES)
    outputs = [slider.output.tolist() for slider in sliders]
    assert outputs == [[1], [1], [1], [2], [0], [3]]


def test_several_outputs(Simulator, seed):
    with nengo.Network(seed=seed) as model:
        hidden = nengo.Ensemble(20, 2, seed=seed)
        output = nengo.Node(size_in=3)
        error = nengo.Node([1, 2, 3])
        encode = nengo.Connection(nengo.Node([0.5, 0.5]), hidden, synapse=None)
        decode = nengo.Connection(hidden, output, function=lambda x: [0, 0, 0])
        controls = gui.Controls()
        controls.teach(encode, decode, error, synapse=None)
        arrived = nengo.Probe(encode.learning_rule["FA, augmented"], "error")
        others = nengo.Probe(encode.learning_rule["BP, augmented"], "error")
    with Simulator(model) as sim:
        sim.run_steps(3)
        assert np.array_equal(sim.data[arrived][-1], [1, 2, 3])
        assert np.all(sim.data[others] == 0)


def test_what_cannot_be_taught(seed):
    it = Controlled(seed)
    product = it.product
    for encode, words in (
        (product.encode, "Must not be set"),
        (product.decode, "Ensemble"),
    ):
        with pytest.raises(ValidationError, match=words):
            it.controls.teach(encode, product.decode, product.error)


@pytest.mark.parametrize("name", ["learning", "learning_rate"])
def test_below_zero_is_off(Simulator, name):
    """Sliders without a layout go below; errors are never climbed."""
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node([0.5, -0.5])
        product = nengo_fa.networks.Multiplication(encoder_rule=None)
        nengo.Connection(stimulus, product.input, synapse=None)
        controls = gui.Controls(**{name: -1})
        controls.teach(product.encode, product.decode, product.error)
    with Simulator(model) as sim:
        before = sim.signals[sim.model.sig[product.hidden]["encoders"]].copy()
        sim.run(0.1)
        after = sim.signals[sim.model.sig[product.hidden]["encoders"]]
        assert np.array_equal(before, after)
    shown = "off" if name == "learning" else "on"
    assert f'data-learning="{shown}"' in controls.chosen.output._nengo_html_


def test_errors_that_do_not_fit():
    with nengo.Network():
        product = nengo_fa.networks.Multiplication(encoder_rule=None)
        controls = gui.Controls()
        n_nodes = len(controls.nodes)
        with pytest.raises(ValidationError, match="Must have 1 dimensions"):
            controls.teach(product.encode, product.decode, product.input)
        part = nengo.Connection(product.input[0], product.hidden[0])
        with pytest.raises(ValidationError, match="all dimensions"):
            controls.teach(part, product.decode, product.error)
        assert product.encode.learning_rule_type is None
        assert len(controls.nodes) == n_nodes


@pytest.mark.parametrize("normalization", [3, 4])
def test_a_switch_of_normalization_does_not_end_in_an_error(
    Simulator, seed, normalization
):
    """However long encoders have become; all of them come near one."""
    it = Controlled(seed, normalization=lambda t: normalization * (t > 0.5))
    with Simulator(it.model) as sim:
        gain = sim.data[it.product.hidden].gain
        sim.run(0.5)
        encoders = sim.signals[sim.model.sig[it.product.hidden]["encoders"]]
        encoders.setflags(write=True)
        encoders *= 20  # as after minutes
        sim.run(0.3)
        lengths = np.linalg.norm(it.get_encoders(sim), axis=1) / gain
        assert 0.4 < lengths.min() and lengths.max() < 1.7


def test_lengths_are_left_alone_within_limits_or_without_learning(Simulator, seed):
    with nengo.Network(seed=seed) as model:
        button = nengo.Node(lambda t: t > 0.005)
        hidden = nengo.Ensemble(3, 2, encoders=[[1, 0], [0.7, 0.8], [0, -1]])
        encode = nengo.Connection(
            nengo.Node([0, 0]), hidden, learning_rule_type=LimitLengths()
        )
        nengo.Connection(button, encode.learning_rule, synapse=None)
    with Simulator(model) as sim:
        encoders = sim.signals[sim.model.sig[hidden]["encoders"]]
        encoders.setflags(write=True)
        start = encoders.copy()
        encoders *= [[3.0], [1.2], [0.1]]
        far = encoders.copy()
        sim.run_steps(4)
        assert np.array_equal(encoders, far)
        sim.run_steps(5)
        assert np.allclose(encoders[[0, 2]], start[[0, 2]])
        assert np.array_equal(encoders[1], far[1])
