"""Whether it pays that hidden layers learn."""

import nengo
import numpy as np

from nengo_fa import FeedbackAlignment


def test_two_hidden_layers_learn_to_multiply(Simulator):
    """Spiking, by direct feedback alignment, against the same with fixed encoders."""

    def find_error(seed, learning_rate):
        """Root mean square error of the last third, relative to the target."""
        settings = dict(max_rates=nengo.dists.Uniform(50, 100))
        with nengo.Network(seed=seed) as model:
            signal = nengo.processes.WhiteSignal(6, high=4, rms=0.5, seed=seed)
            stimulus = nengo.Node(signal, size_out=2)
            target = nengo.Node(lambda t, x: 2 * x[0] * x[1], size_in=2)
            output, error = nengo.Node(size_in=1), nengo.Node(size_in=1)
            neuron_type = nengo.LIF(amplitude=0.01)
            first = nengo.Ensemble(20, 2, neuron_type=neuron_type, **settings)
            second = nengo.Ensemble(
                20,
                20,
                radius=1.5,
                intercepts=nengo.dists.Uniform(-0.5, 0.5),
                **settings,
            )
            rule = FeedbackAlignment(1, learning_rate)
            encodes = [
                nengo.Connection(pre, post, synapse=synapse, learning_rule_type=rule)
                for pre, post, synapse in (
                    (stimulus, first, None),
                    (first.neurons, second, 0.005),
                )
            ]
            decode = nengo.Connection(
                second,
                output,
                function=lambda x: 0,
                solver=nengo.solvers.NoSolver(),
                synapse=0.005,
                learning_rule_type=nengo.PES(2e-3),
            )
            nengo.Connection(stimulus, target, synapse=None)
            nengo.Connection(output, error, synapse=None)
            delay = nengo.Alpha(0.005)  # two synapses on the way to the output
            nengo.Connection(target, error, transform=-1, synapse=delay)
            for connection in (*encodes, decode):
                nengo.Connection(error, connection.learning_rule, synapse=0.005)
            probes = nengo.Probe(error, synapse=0.005), nengo.Probe(target)
        with Simulator(model) as sim:
            sim.run(6)
        error, target = (sim.data[probe][-2000:] for probe in probes)
        return np.sqrt(np.mean(error**2) / np.mean(target**2))

    errors = np.array(
        [[find_error(seed, rate) for rate in (0, 30)] for seed in range(5)]
    )
    fixed, learned = errors.T
    print("fixed", fixed.round(3), "learned", learned.round(3))
    assert np.all(learned < fixed)  # by chance, one in 32
    assert np.median(learned / fixed) < 0.7
