"""Measures of how the layers of a chain learn, which do not influence the training."""

from dataclasses import dataclass

import numpy as np

from nengo_fa.equations import weight_gradient
from nengo_fa.geometry import alignment_angle, selectivity
from nengo_fa.offline.activities import make_inputs
from nengo_fa.offline.devices import to_numpy
from nengo_fa.offline.passes import Pass

#: Largest number of samples for metrics.
N_SAMPLES = 1000


@dataclass(frozen=True)
class LayerMetrics:
    """Measures of how a layer learns at a point of the training.

    Attributes
    ----------
    alignment : float
        Angle between the current update of the encoders by the rule and the update by
        backpropagation with the same weights and decoders, in radians. NaN if one of the
        updates is zero, for example with a learning rate of zero.
    weight_ratio : float
        The norm of the weights from this layer to the next layer (or to the output, if the
        error of the layer comes from there), divided by the norm of the feedback weights.
    selectivity : float
        Mean `.geometry.selectivity` of the neurons for which it is defined.
    dead : float
        Fraction of the neurons that are silent for all samples.
    """

    alignment: float
    weight_ratio: float
    selectivity: float
    dead: float


class Metrics:
    """Measures how the layers of a chain learn, from a forward and a backward pass.

    The chain belongs to one network, and is not changed. Samples x, (n_samples, dimensions),
    are the inputs of the first layer; at most ``N_SAMPLES`` are used, chosen by ``rng``,
    which must differ from the generator of the training, so that metrics do not change it.
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
        """Return the current updates of the rules, (n_neurons, dimensions) each."""
        error = self._run()
        return self._to_updates(self._pass.backward(0, error))

    def measure(self):
        """Return the current `LayerMetrics` of each layer."""
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
        """Return the error of the output, (n_samples, size_out)."""
        activities = self._pass.forward(0, self._inputs)
        return activities @ self._chain.decoders[0] - self._y

    def _to_updates(self, neuron_errors):
        """Return the updates of the encoders of each layer for the errors of its neurons."""
        return [
            to_numpy(
                layer.find_update(weight_gradient(delta, work.inputs[:, :-1])[None])[0]
            )
            for layer, delta, work in zip(
                self._chain.layers, neuron_errors, self._pass.layers
            )
        ]

    def _find_ways(self):
        """Return the weights forward from each layer, back to it, and from the output.

        These are the weights to the place where the error comes from and the weights that
        take it back, both (n_neurons, n), and the total weights with which the error of the
        output is projected, (n_neurons, size_out).
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
                # the output of the node for the error of each single neuron
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
    """Return the mean of all values but NaN, or NaN if all values are NaN."""
    known = values[~np.isnan(values)]
    return known.mean() if len(known) else np.nan
