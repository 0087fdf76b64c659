"""How the layers of a chain learn: measured beside the training, without effect on it."""

from dataclasses import dataclass

import numpy as np

from nengo_fa.equations import weight_gradient
from nengo_fa.geometry import alignment_angle, selectivity
from nengo_fa.offline.activities import make_inputs
from nengo_fa.offline.devices import to_numpy
from nengo_fa.offline.passes import Pass

#: Number of samples, at most, that metrics are measured with.
N_SAMPLES = 1000


@dataclass(frozen=True)
class LayerMetrics:
    """How a layer learns, at some point of the training.

    Attributes
    ----------
    alignment : float
        Angle between the update of the encoders that the rule would make now and the one
        of backpropagation with the same weights and decoders, in radians. NaN if one of
        them is zero, as with a learning rate of zero.
    weight_ratio : float
        The norm of the weights from this layer to the next, or to the output if that is
        where the error of the layer comes from, over the norm of what takes the error back
        in their place.
    selectivity : float
        Mean `.geometry.selectivity` of the neurons that have one.
    dead : float
        Fraction of the neurons that are silent for all samples.
    """

    alignment: float
    weight_ratio: float
    selectivity: float
    dead: float


class Metrics:
    """Measures how the layers of a chain learn, from a forward and a backward pass.

    The chain is of one network, and stays as it is. Samples x, (n_samples, dimensions), are
    what reaches the first layer; ``N_SAMPLES`` of them are used at most, chosen by ``rng``,
    which must not be that of the training: it is to be the same with metrics and without.
    """

    def __init__(self, chain, x, y, rng, measures=None):
        chosen = rng.permutation(len(x))[:N_SAMPLES]
        device = chain.device
        self._chain = chain
        self._inputs = make_inputs(device, (len(chosen), x.shape[1]))
        self._inputs[:, :-1] = device.array(x[chosen])
        self._y = device.array(y[chosen])
        self._pass = Pass(chain, len(chosen), measures)

    def find_updates(self):
        """Return what the rules would change now, (n_neurons, dimensions) each."""
        error = self._run()
        return self._to_updates(self._pass.backward(0, error))

    def measure(self):
        """Return the `LayerMetrics` of each layer as it is."""
        error = self._run()
        references = self._to_updates(self._pass.backpropagate(0, error))
        updates = self._to_updates(self._pass.backward(0, error))
        targets, metrics = to_numpy(self._y), []
        for work, update, reference, (forward, back, feedback) in zip(
            self._pass.layers, updates, references, self._find_ways()
        ):
            activities = to_numpy(work.activities)
            metrics.append(
                LayerMetrics(
                    alignment=float(alignment_angle(update, reference)),
                    weight_ratio=np.linalg.norm(forward) / np.linalg.norm(back),
                    selectivity=_get_mean(selectivity(activities, targets, feedback)),
                    dead=np.mean(~np.any(activities, axis=0)),
                )
            )
        return metrics

    def _run(self):
        """The error of the output, (n_samples, size_out)."""
        activities = self._pass.forward(0, self._inputs)
        return activities @ self._chain.decoders[0] - self._y

    def _to_updates(self, neuron_errors):
        """The updates of the encoders of each layer for the errors of its neurons."""
        return [
            to_numpy(
                layer.find_update(weight_gradient(delta, work.inputs[:, :-1])[None])[0]
            )
            for layer, delta, work in zip(
                self._chain.layers, neuron_errors, self._pass.layers
            )
        ]

    def _find_ways(self):
        """Find the ways forward from each layer, back to it, and back from the output.

        Returns the weights to where the error comes from, and those that take it back, both
        (n_neurons, n), and all that the error of the output is projected by, (n_neurons,
        size_out).
        """
        layers = self._chain.layers
        to_output = to_numpy(self._chain.decoders[0])
        feedback = self._get_feedback(layers[-1])
        ways = [(to_output, feedback, feedback)]
        weights = [
            to_numpy(layer.find_weights(0, to_neurons=True)) for layer in layers[1:]
        ]
        for k in reversed(range(len(layers) - 1)):
            layer, behind = layers[k], layers[k + 1]
            to_output = weights[k] @ to_output
            back = self._get_feedback(layer)
            if layer.source is None:
                forward, feedback = to_output, back
            else:
                # what a node makes of the error of each neuron by itself
                alone = np.eye(len(feedback))
                scaled_encoders = to_numpy(behind.weights[0, :-1]).T
                back = back @ layer.source.compute(alone, alone, scaled_encoders).T
                forward, feedback = weights[k], back @ feedback
            ways.insert(0, (forward, back, feedback))
        return ways

    def _get_feedback(self, layer):
        """Return the feedback weights of a layer, NaN for a rule that needs no error."""
        if layer.projects:
            return to_numpy(self._chain.get_feedback(layer, 0))
        return np.full((layer.encoders.shape[1], self._y.shape[1]), np.nan)


def _get_mean(values):
    """The mean of what is known, NaN if nothing is."""
    known = values[~np.isnan(values)]
    return known.mean() if len(known) else np.nan
