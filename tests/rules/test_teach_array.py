"""Each ensemble of an array has its own rule, and its own part of the error."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError
from nengo.utils.progress import TerminalProgressBar

import nengo_fa
from nengo_fa.learned import get_live_signals


class Products:
    """Three ensembles, of which each is to multiply two numbers."""

    def __init__(self, with_error=True, variant="direct", **parameters):
        with nengo.Network(seed=1) as self.model:
            self.stimulus = nengo.Node(lambda t: np.sin(9 * t + np.arange(6)))
            self.error = nengo.Node(lambda t: np.cos(7 * t + np.arange(3)))
            self.array = nengo.networks.EnsembleArray(
                10, 3, ens_dimensions=2, neuron_type=nengo.LIFRate()
            )
            self.products = self.array.add_output("products", np.prod)
            nengo.Connection(self.stimulus, self.array.input, synapse=None)
            self.decodes = nengo_fa.teach_array(
                self.array,
                self.products,
                self.error if with_error else None,
                variant,
                **parameters,
            )
        into = self.array.all_connections
        self.encodes = [
            other for other in into if other.post_obj in self.array.ea_ensembles
        ]


def draw(rng, n_samples=40):
    x = rng.uniform(-1, 1, size=(n_samples, 6))
    return x, x[:, ::2] * x[:, 1::2]


@pytest.mark.parametrize(
    "variant, kind",
    [("direct", nengo_fa.FeedbackAlignment), ("backprop", nengo_fa.Backprop)],
)
def test_each_ensemble_has_a_rule(variant, kind):
    products = Products(variant=variant, learning_rate=0.5, normalization="forced")
    assert [decode.pre_obj for decode in products.decodes] == [
        encode.post_obj for encode in products.encodes
    ]
    for encode in products.encodes:
        rule = encode.learning_rule_type
        assert type(rule) is kind and rule.learning_rate == 0.5
        assert rule.normalization == "forced"


def test_each_learns_from_its_part_of_the_error(Simulator):
    """As three ensembles do that are connected by hand."""
    products = Products(learning_rate=0.5, decoder_rule=nengo.PES())
    by_hand = Products(with_error=False, learning_rate=0.5)
    with by_hand.model:
        for k, (encode, decode) in enumerate(zip(by_hand.encodes, by_hand.decodes)):
            decode.learning_rule_type = nengo.PES()
            for connection in encode, decode:
                nengo.Connection(
                    by_hand.error[k], connection.learning_rule, synapse=None
                )
    learned = []
    for network in products, by_hand:
        with network.model:
            probes = [nengo.Probe(e.learning_rule, "delta") for e in network.encodes]
            probes += [nengo.Probe(d, "weights") for d in network.decodes]
        with Simulator(network.model) as sim:
            sim.run(0.1)
        learned.append([sim.data[probe] for probe in probes])
    for one, other in zip(*learned):
        assert np.array_equal(one, other) and np.any(one[0] != one[-1])


@pytest.mark.parametrize("batch_size", [None, 15])
@pytest.mark.parametrize("validation", [None, 0.25])
def test_training_all_is_training_each(rng, batch_size, validation):
    x, y = draw(rng)
    together, alone = Products(False), Products(False)
    options = {
        "epochs": 3,
        "batch_size": batch_size,
        "progress_bar": False,
        "validation": validation,
        "test": draw(rng),
    }
    histories = nengo_fa.train(
        together.decodes, x, y, network=together.model, **options
    )
    x_test, y_test = options.pop("test")
    for k, decode in enumerate(alone.decodes):
        pair = x_test, y_test[:, k : k + 1]
        own = nengo_fa.train(
            decode, x, y[:, k : k + 1], network=alone.model, test=pair, **options
        )
        for name in ("rmse", "test_rmse", "encoders", "decoders"):
            expected = getattr(own, name)
            assert np.array_equal(getattr(histories[k], name), expected), name
    for one, other in zip(together.array.ea_ensembles, alone.array.ea_ensembles):
        assert np.array_equal(one.encoders, other.encoders)


def test_the_array_holds_what_it_learned(Simulator, allclose, rng):
    x, y = draw(rng, 200)
    products = Products(False)
    products.stimulus.output = x[0]
    histories = nengo_fa.train(
        products.decodes, x, y, 3, network=products.model, progress_bar=False
    )
    with products.model:
        probe = nengo.Probe(products.products)
    with Simulator(products.model) as sim:
        sim.run(0.01)
    expected = [
        nengo_fa.predict(decode, x[:1], network=products.model)[0, 0]
        for decode in products.decodes
    ]
    assert allclose(sim.data[probe][-1], expected)
    assert all(history.rmse[-1] != history.rmse[0] for history in histories)


class Nested:
    """An ensemble, and an array of two within the network, behind nodes that pass on."""

    def __init__(self, error=None, **relay):
        with nengo.Network(seed=1) as self.model:
            node = None if error is None else nengo.Node(error)
            stimulus = nengo.Node([0.5] * 6)
            with nengo.Network() as self.network:
                self.network.input = nengo.Node(size_in=6)
                self.network.output = nengo.Node(size_in=3)
                first = nengo.Ensemble(10, 2)
                self.inner = nengo.networks.EnsembleArray(10, 2, ens_dimensions=2)
                inner = self.inner.add_output("products", np.prod)
                for pre, post, options in (
                    (self.network.input[:2], first, {}),
                    (self.network.input[2:], self.inner.input, {}),
                    (first, self.network.output[1], {"function": np.prod}),
                    (inner, self.network.output[[2, 0]], relay),
                ):
                    nengo.Connection(pre, post, **{"synapse": None, **options})
            nengo.Connection(stimulus, self.network.input, synapse=None)
            self.decodes = nengo_fa.teach_array(
                self.network, self.network.output, node, learning_rate=1
            )


def test_arrays_within_an_array_learn_from_their_part_of_the_error(Simulator):
    nested = Nested([0.0, 0.0, 1.0])  # for the first ensemble of the inner array
    with Simulator(nested.model) as sim:
        sim.run(0.02)
        signals, _ = get_live_signals(sim)
        live = [
            np.array(signals[sim.model.sig[decode.pre_obj]["encoders"]])
            for decode in nested.decodes
        ]
        built = [sim.data[decode.pre_obj].scaled_encoders for decode in nested.decodes]
    has_learned = {
        decode.pre_obj: np.any(a != b.astype(a.dtype))
        for decode, a, b in zip(nested.decodes, live, built)
    }
    assert [has_learned[one] for one in nested.inner.ea_ensembles] == [True, False]
    assert sum(has_learned.values()) == 1


def test_arrays_within_an_array_are_trained_with_their_samples(rng):
    x, y = rng.uniform(-1, 1, size=(40, 6)), rng.uniform(-1, 1, size=(40, 3))
    together, alone = Nested(), Nested()
    options = {"epochs": 2, "progress_bar": False, "validation": 0.25}
    histories = nengo_fa.train(
        together.decodes, x, y, network=together.model, test=(x, y), **options
    )
    of_inner = dict(zip(together.inner.ea_ensembles, (2, 0)))
    for own, decode, history in zip(alone.decodes, together.decodes, histories):
        k = of_inner.get(decode.pre_obj, 1)
        pair = x if k == 1 else x[:, 2:], y[:, k : k + 1]
        expected = nengo_fa.train(own, *pair, network=alone.model, test=pair, **options)
        for name in ("rmse", "test_rmse", "encoders"):
            assert np.array_equal(getattr(history, name), getattr(expected, name))


@pytest.mark.parametrize("relay", [{"synapse": 0.01}, {"transform": 2}])
def test_what_an_array_passes_on_changed_is_refused(relay):
    with pytest.raises(ValidationError, match="with one input connection"):
        Nested(**relay)


def test_ctrl_c_ends_with_the_ensemble_that_it_interrupts(rng):
    products = Products(False)
    finished = []

    def interrupt(history):
        finished.append(history)
        if len(finished) == 5:  # in the second ensemble
            raise KeyboardInterrupt

    x, y = draw(rng)
    histories = nengo_fa.train(
        products.decodes,
        x,
        y,
        epochs=3,
        callback=interrupt,
        network=products.model,
        progress_bar=False,
    )
    assert [history.interrupted for history in histories] == [False, True]
    trained = [
        isinstance(ensemble.encoders, np.ndarray)
        for ensemble in products.array.ea_ensembles
    ]
    assert trained == [True, True, False]


def test_progress_bar(capsys, rng):
    products = Products(False)
    bar = TerminalProgressBar()
    options = {"network": products.model, "progress_bar": bar}
    nengo_fa.train(products.decodes, *draw(rng), 1, **options)
    assert capsys.readouterr().out.count("Training finished") == 1


def test_refuses_what_is_no_array():
    with nengo.Network() as model:
        node, ensemble = nengo.Node(size_in=2), nengo.Ensemble(10, 2)
        array = nengo.networks.EnsembleArray(10, 2)
        output, error = array.output, nengo.Node(size_in=3)
        nested = nengo.Network()
        with nested:
            inner = nengo.networks.EnsembleArray(10, 2)
            nested.output = nengo.Node(size_in=2)
            nengo.Connection(inner.output, nested.output)
        for arguments, attr in [
            ((ensemble, output), "array"),
            ((array, node), "output"),
            ((nested, nested.output), "output"),
            ((array, output, error), "error"),
        ]:
            with pytest.raises(ValidationError, match=attr):
                nengo_fa.teach_array(*arguments)
        nengo_fa.teach_array(array, output)
        with pytest.raises(ValidationError, match="learning rules yet"):
            nengo_fa.teach_array(array, output)
    assert len(model.connections) == 0


@pytest.mark.parametrize("variant", ["global", "local", "local backprop", "other"])
def test_refuses_variants_for_several_layers(variant):
    with pytest.raises(ValidationError, match="'direct' or 'backprop'"):
        Products(variant=variant)


def test_predict_takes_what_train_takes(rng):
    products, (x, y) = Products(False), draw(rng, 300)
    options = {"network": products.model}
    histories = nengo_fa.train(products.decodes, x, y, 3, progress_bar=False, **options)
    error = nengo_fa.predict(products.decodes, x, **options) - y
    found = np.sqrt(np.mean(error**2, axis=0))
    np.testing.assert_allclose(found, [h.rmse[-1] for h in histories], rtol=1e-9)


def test_training_refuses_connections_that_do_not_belong_together(rng):
    x, y = draw(rng)
    products = Products(False)
    with products.model:
        output, stimulus = nengo.Node(size_in=1), nengo.Node(size_in=6)
        ensemble = nengo.Ensemble(10, 2)
        elsewhere = nengo.Connection(
            products.decodes[0].pre_obj, output, function=np.prod
        )
        twice = nengo.Connection(
            products.decodes[1].pre_obj, products.products[0], function=np.prod
        )
        other_input = nengo.Connection(ensemble, products.products[0], function=np.prod)
        encode = nengo.Connection(stimulus[:2], ensemble)
        nengo_fa.teach_chain([encode], other_input)
    first, second, third = products.decodes
    for connections, match in [
        ([], "got none"),
        ([second, elsewhere], "another object"),
        ([first, twice], "same dimensions"),
        ([second, other_input], "enter at another"),
    ]:
        with pytest.raises(ValidationError, match=match):
            nengo_fa.train(
                connections, x, y, network=products.model, progress_bar=False
            )
    with pytest.raises(ValidationError, match="the desired input of"):
        nengo_fa.train(
            products.decodes, x, y[:, :2], network=products.model, progress_bar=False
        )
