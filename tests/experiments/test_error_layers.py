"""Errors pass layer by layer with the given delays, and claims follow from them."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import ValidationError

from nengo_fa.experiments.error_layers import (
    ErrorLayerExperiment,
    check_claims,
    report,
    solve,
)
from nengo_fa.experiments.two_layers import (
    N_INPUTS,
    LayeredErrors,
    make_late_synapse,
    square,
)


def test_square_is_that_of_a_complex_number(rng):
    x = rng.randn(10, N_INPUTS)
    expected = (x[:, 0] + 1j * x[:, 1]) ** 2
    assert np.allclose(square(x), np.stack([expected.imag, expected.real], axis=1))


@pytest.mark.parametrize("delay", [0, 1, 40])
def test_late_synapse_is_a_lowpass_filter_and_a_delay(delay, rng):
    x = rng.randn(100, 2)
    late = make_late_synapse(0.005, delay).filt(x, dt=0.001, y0=0)
    prompt = nengo.Lowpass(0.005).filt(x, dt=0.001, y0=0)
    assert np.allclose(late[delay:], prompt[: len(x) - delay])
    assert np.allclose(late[:delay], 0)


def simulate(route, carrier, delay, **options):
    """Return the network, and the errors of the output, the decoders and the layers."""
    with nengo.Network(seed=1) as model:
        stimulus = nengo.Node(
            nengo.processes.WhiteSignal(2, high=2, rms=0.5, seed=1), size_out=N_INPUTS
        )
        network = LayeredErrors(
            route, carrier, delay, False, learning_rate=0, seed=1, **options
        )
        nengo.Connection(stimulus, network.input, synapse=None)
        rules = (
            network.decode.learning_rule,
            *(encode.learning_rule for encode in network.encodes[::-1]),
        )
        probes = [nengo.Probe(network.filtered_error)]
        probes += [nengo.Probe(rule, "error") for rule in rules if rule is not None]
    with nengo.Simulator(model, progress_bar=False) as sim:
        sim.run(0.6)
    return network, [sim.data[probe] for probe in probes]


@pytest.mark.parametrize("delay", [0, 1, 50])
@pytest.mark.parametrize("route, n_hops", [("direct", 1), ("relayed", 2)])
def test_errors_are_as_late_as_their_way_is_long(route, n_hops, delay):
    network, (error, of_decoders, of_last, of_first) = simulate(route, "node", delay)
    assert np.ptp(error) > 0.1
    assert np.array_equal(of_decoders, error)

    def make_late(values, delay):
        return np.concatenate([np.zeros((delay, 2)), values[: len(values) - delay]])

    assert np.allclose(of_last, make_late(error, delay), atol=1e-12)
    expected = make_late(error @ network.weights.T, n_hops * delay)
    assert np.allclose(of_first, expected, atol=1e-12)


def test_weights_of_the_way_back_are_random_and_keep_lengths():
    first, second = (LayeredErrors("relayed", "node", 0, False, seed=i) for i in (1, 2))
    assert np.allclose(first.weights @ first.weights.T, np.eye(2))
    assert not np.allclose(first.weights, second.weights, atol=0.01)


def test_populations_relay_the_error_in_spikes():
    _, (*_, exact) = simulate("relayed", "node", 30)
    expected = nengo.Alpha(0.005).filt(exact, dt=0.001, y0=0)  # of both populations
    noise = []
    for n_neurons in (25, 400):
        network, (*_, spiking) = simulate(
            "relayed", "population", 30, n_error_neurons=n_neurons
        )
        last, first = network.carriers
        assert isinstance(last, nengo.Ensemble) and isinstance(first, nengo.Ensemble)
        noise.append(np.median(np.abs(spiking - expected)))
    assert 2 * noise[1] < noise[0]
    for values, others in zip(expected.T, spiking.T):
        assert np.corrcoef(values, others)[0, 1] > 0.9
    # spikes take some more time, but not that of one hop more or less
    lags = np.arange(-20, 21)
    fit = [np.sum(np.roll(spiking, -lag, 0)[50:-50] * expected[50:-50]) for lag in lags]
    assert abs(lags[np.argmax(fit)]) < 10


def test_each_layer_has_the_trace_of_its_own_delay():
    network = LayeredErrors("relayed", "node", 40, True)
    taus = [encode.learning_rule_type.pre_synapse.tau for encode in network.encodes]
    assert np.allclose(taus, [0.04, 0.02])
    network = LayeredErrors("direct", "node", 40, True)
    taus = [encode.learning_rule_type.pre_synapse.tau for encode in network.encodes]
    assert np.allclose(taus, 0.02)


def test_conditions_differ_in_what_learns_alone():
    with nengo.Network(seed=1) as model:
        networks = [
            LayeredErrors(route, "population", 10, True, seed=2)
            for route in (None, "last layer", "direct", "relayed")
        ]
    taught = [
        [encode.learning_rule is not None for encode in network.encodes]
        for network in networks
    ]
    assert taught == [[False, False], [False, True], [True, True], [True, True]]
    with nengo.Simulator(model, progress_bar=False) as sim:
        for layers in zip(*(network.layers for network in networks)):
            for layer in layers[1:]:
                for name in ("scaled_encoders", "gain", "bias"):
                    values = [getattr(sim.data[it], name) for it in (layers[0], layer)]
                    assert np.array_equal(*values)


@pytest.mark.parametrize(
    "options",
    [
        {"n_trials": 0},
        {"seconds": 0},
        {"seconds": np.nan},
        {"seconds": np.inf},
        {"n_error_neurons": 0.5},
        {"learning_rate": -1},
        {"learning_rate": "3"},
        {"delays": (10, 30)},
        {"delays": 30},
    ],
    ids=str,
)
def test_refuses_parameters_of_no_layers(options):
    (name,) = options
    with pytest.raises(ValidationError, match=name):
        ErrorLayerExperiment(**options)


@pytest.mark.parametrize(
    "options",
    [{"route": "relay"}, {"carrier": "nodes"}, {"delay": -1}, {"delay": 1.5}],
    ids=str,
)
def test_refuses_a_network_of_no_layers(options):
    (name,) = options
    given = {"route": "relayed", "carrier": "node", "delay": 10, "trace": False}
    with pytest.raises(ValidationError) as info:
        LayeredErrors(**{**given, **options})
    assert info.value.attr == name


def test_late_synapse_refuses_a_delay_below_zero():
    with pytest.raises(ValidationError, match="integer, at least 0"):
        make_late_synapse(0.005, -3)


def test_trials_of_layers():
    experiment = ErrorLayerExperiment(
        n_trials=2, seconds=0.1, delays=(0, 10), n_neurons=5, n_error_neurons=10
    )
    data = experiment.run_here()
    assert not data.isnull().any().to_array().any()
    # a trial is the same whichever run with it
    again = experiment.run(trial=[1])
    assert np.array_equal(again["rmse"][..., 0], data["rmse"].sel(trial=1))
    assert np.all(data["rmse"].sel(trial=0) != data["rmse"].sel(trial=1))
    prompt = data["rmse"].sel(delay=0)
    assert np.array_equal(prompt.sel(way="relayed"), prompt.sel(way="traces"))
    # from nodes and without delay, there is nothing between the two routes
    nodes = prompt.sel(carrier="node")
    assert np.allclose(nodes.sel(way="direct"), nodes.sel(way="relayed"), rtol=1e-6)
    late = data["rmse"].sel(measure="solved", delay=10)
    for values in late.transpose("trial", ...).values.reshape(2, 8):
        assert len(np.unique(values)) == 8
    assert {claim.verdict for claim in check_claims(data)} == {"not shown"}


def test_solved_decoders_show_how_good_the_encoders_of_both_layers_are():
    relevant, others = np.eye(N_INPUTS)[:2], np.eye(N_INPUTS)[2:]
    signs = np.array([1, -1])[:, np.newaxis, np.newaxis]
    with nengo.Network(seed=1) as model:
        layers = [
            [
                nengo.Ensemble(
                    40, N_INPUTS, encoders=np.tile(vectors.reshape(4, 4), (10, 1))
                ),
                nengo.Ensemble(40, 40, neuron_type=nengo.LIF(), radius=100, seed=2),
            ]
            for vectors in (signs * relevant, signs * others)
        ]
    with nengo.Simulator(model, progress_bar=False) as sim:
        right, wrong = (solve(sim, those) for those in layers)
    assert right < 0.7 * wrong


@pytest.fixture
def layered(rng):
    """Routes, delays, and traces as claimed, in 9 trials."""
    experiment = ErrorLayerExperiment(n_trials=9)
    fixed = rng.uniform(0.9, 1.1, size=9)
    ratio = np.array([0.8, 0.5, 0.6, 0.6])[:, np.newaxis] + np.array(
        [[0, 0.05, 0.1]] * 3 + [[0, 0.025, 0.05]]
    )
    noise = rng.uniform(0.99, 1.01, size=(2, 4, 2, 1, 9))
    rmse = ratio[:, np.newaxis, :, np.newaxis] * noise * fixed
    data = experiment.make_template()
    return data.assign(
        rmse=(data["rmse"].dims, rmse),
        rmse_fixed=(data["rmse_fixed"].dims, [fixed, fixed]),
    )


def test_claims_about_layers_hold_where_they_are_true(layered):
    assert [claim.verdict for claim in check_claims(layered)] == ["held"] * 5
    # order of dimensions is not what decides
    claims = check_claims(layered.transpose())
    assert [claim.verdict for claim in claims] == ["held"] * 5


def test_claims_about_layers_do_not_hold_where_they_are_false(layered):
    other = layered.copy(deep=True)
    order = [1, 0, 2, 3]  # what is said of each way is measured with another
    other["rmse"] = layered["rmse"].isel(way=order).assign_coords(way=layered["way"])
    other["rmse"].loc[{"way": "traces"}] *= 1.5
    other["rmse"].loc[{"carrier": "population"}] *= 1.5
    other["rmse_fixed"] = 0.5 * layered["rmse_fixed"]
    assert [claim.verdict for claim in check_claims(other)] == ["opposite"] * 5


def test_report_of_layers(layered):
    lines = report(layered).splitlines()
    (line,) = [line for line in lines if line.split()[:3] == ["solved", "node", "100"]]
    assert np.allclose(list(map(float, line.split()[3:])), [0.9, 0.6, 0.7, 0.65], 0.015)
