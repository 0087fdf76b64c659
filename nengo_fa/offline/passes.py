"""Forward passes of samples through a chain of layers, and backward passes of errors."""

from nengo_fa.equations import backpropagated_error
from nengo_fa.offline.activities import Activities


class Pass:
    """A pass of a fixed number of samples through a chain, and of their errors backward.

    The list ``layers`` contains the `.Activities` of each layer. They are measured if
    ``measures`` contains arguments for them.
    """

    def __init__(self, chain, n_samples, measures=None):
        measures = [None] * len(chain.layers) if measures is None else measures
        self._chain = chain
        self.layers = [
            Activities(layer, n_samples, measure)
            for layer, measure in zip(chain.layers, measures)
        ]

    def forward(self, i, inputs, with_derivative=True):
        """Pass samples through network i; return the activities of the last layer.

        The inputs are (n_samples, dimensions + 1), with a one for the bias. Backward passes
        need f', which is computed if ``with_derivative`` is True.
        """
        for work in self.layers:
            work.compute(i, inputs, with_derivative)
            inputs = work.activities
        return inputs

    def backward(self, i, error):
        r"""Return the error of each neuron by the rules, an array for each layer.

        For an error of the output, (n_samples, size_out), it is :math:`f' \, B \vec\delta`
        (eqs. 2 and 3), unless a user's own rule computes another error. Overwrites f' and
        the currents.
        """
        layers, works = self._chain.layers, self.layers
        for k in reversed(range(len(layers))):
            layer, work, layer_error = layers[k], works[k], error
            if layer.source is not None:
                behind, weights = works[k + 1], layers[k + 1].weights[i, :-1]
                layer_error = layer.source.compute(
                    behind.projected_error, behind.find_gated_error(), weights.T
                )
            if layer.projects:
                feedback = self._chain.get_feedback(layer, i)
                layer.project(layer_error, feedback, work.projected_error)
            work.step_error()
        return [work.neuron_error for work in works]

    def backpropagate(self, i, error):
        """Return the error of each neuron by backpropagation through all layers (eq. 2).

        Call this before `backward`, which overwrites f'.
        """
        weights, neuron_errors = self._chain.decoders[i], []
        for layer, work in zip(self._chain.layers[::-1], self.layers[::-1]):
            error = backpropagated_error(error, weights.T, work.derivative)
            neuron_errors.insert(0, error)
            if not layer.is_first:
                weights = layer.find_weights(i, to_neurons=True)
        return neuron_errors
