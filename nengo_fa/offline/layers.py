"""Layers of neurons that learn offline, in chains from an input to an output."""

import numpy as np

from nengo_fa.offline.devices import Device
from nengo_fa.offline.paths import deliver, find_decoders
from nengo_fa.online.network_checks import has_solved_decoders
from nengo_fa.rules.feedback import (
    Feedback,
    make_feedback_state,
    make_feedback_step,
)
from nengo_fa.rules.learning_rules import ProjectedErrorRule
from nengo_fa.rules.normalizations import get_normalization


class Layer:
    """One layer of neurons in several networks, which are computed side by side.

    Parameters
    ----------
    rule : EncoderLearningRule
        The learning rule type.
    neuron_type : nengo.neurons.NeuronType
    encoders : (n_networks, n_neurons, dimensions) array_like
        Initial encoders.
    scale : (n_networks, n_neurons) array_like
        Gain divided by radius.
    bias : (n_networks, n_neurons) array_like
    feedback : (n_networks, n_neurons, size_in) array_like or None
        Feedback weights. None stands for the current decoders of the output.
    feedback_seeds : sequence of list of int, optional
        Seeds of each network, for feedback weights that follow the forward weights.
    incoming : (n_networks, n_before, size) array_like, optional
        Decoders or weights from the previous layer to the output of the connection between
        the layers. Default: there is no previous layer.
    source : ErrorNode, optional
        The node of the next layer that delivers the error. Default: the layer receives the
        error of the output.
    before_decoders : bool, optional
        Whether the next layer receives decoders that were solved for, which do not learn.
    reached : slice or list of int, optional
        The dimensions to which the connection with the rule leads; the same columns of the
        encoders learn. Default: all.
    device : Device, optional
        The device of all arrays. Default: NumPy.

    Attributes
    ----------
    encoders : (n_networks, n_neurons, dimensions) array
    learning_rate : float or (n_networks, 1, 1) array
        The learning rate of the rule, until `set_learning_rates` replaces it.
    projects : bool
        Whether the rule projects an error.
    is_first : bool
        Whether there is no previous layer.
    before_decoders : bool
    scale : (n_networks, n_neurons) array
    weights : (n_networks, dimensions + 1, n_neurons) array
        Encoders times scale, transposed, with the bias as the last row. The bias is the
        weight of an input of one, so that one matrix product computes the currents.
    """

    def __init__(
        self,
        rule,
        neuron_type,
        encoders,
        scale,
        bias,
        feedback=None,
        feedback_seeds=None,
        incoming=None,
        before_decoders=False,
        reached=slice(None),
        source=None,
        device=None,
    ):
        self.device = Device() if device is None else device
        self.neuron_type = neuron_type
        self.rule = rule
        self.source = source
        self.learning_rate = rule.learning_rate
        self._factor = 1.0
        self._normalization = get_normalization(rule.normalization)
        self.scale = self.device.array(scale)
        n_networks, n_neurons, dimensions = np.shape(encoders)
        columns = np.zeros(dimensions)
        columns[reached] = 1
        self._columns = None if columns.all() else self.device.array(columns)
        self._fields = None
        if rule.sparse:
            self._fields = self.device.array(np.not_equal(encoders, 0))
        self.feedback = None if feedback is None else self.device.array(feedback)
        self.projects = isinstance(rule, ProjectedErrorRule)
        self.is_first = incoming is None
        self.before_decoders = before_decoders
        if not self.is_first:
            self._decoders = self.device.array(incoming)
            incoming = deliver(np.asarray(incoming), reached, dimensions)
            self._incoming = self.device.array(incoming)
            # If neurons drive dimensions one to one, this avoids a slow product with the
            # identity.
            self._passes_on = _is_identity(incoming)
        self._takes_all = feedback is not None and _is_identity(feedback)
        self.following = None
        if isinstance(getattr(rule, "feedback", None), Feedback):
            self._takes_all = False
            self.following = [
                FollowingFeedback(rule.feedback, matrix, seed)
                for matrix, seed in zip(self.feedback, feedback_seeds)
            ]
        self.weights = self.device.empty((n_networks, dimensions + 1, n_neurons))
        self.weights[:, -1, :] = self.device.array(bias)
        self.set_encoders(encoders)

    def receive(self, i, activities):
        """Return the input of the layer in network i, (n_samples, dimensions).

        It may be the given array, the activities of the previous layer, (n_samples,
        n_before).
        """
        return activities if self._passes_on else activities @ self._incoming[i]

    def find_weights(self, i, to_neurons):
        """Return the weights from the previous layer in network i, transposed.

        They lead from the neurons of the previous layer to the neurons of this layer,
        (n_before, n_neurons), or to its input, (n_before, size).
        """
        if to_neurons:
            weights = self.weights[i, :-1]
            return weights if self._passes_on else self._incoming[i] @ weights
        return self._decoders[i]

    def project(self, error, feedback, out):
        """Project errors, (n_samples, size_in), to neurons, (n_samples, n_neurons)."""
        if self._takes_all:
            out[...] = error
        elif error.shape[1] == 1:
            self.device.outer(error, feedback.T, out)
        else:
            self.device.namespace.matmul(error, feedback.T, out=out)

    def set_encoders(self, encoders):
        """Set the encoders, to (n_networks, n_neurons, dimensions) array_like."""
        self.encoders = self.device.array(encoders)
        self._set_weights()

    def set_learning_rates(self, rates):
        """Set the learning rate of each network, (n_networks,) array_like."""
        self.learning_rate = self._spread(rates)

    def scale_learning_rates(self, factor):
        """Set a factor on the learning rate of all later updates."""
        self._factor = factor

    def find_update(self, gradient, rates=None):
        """Return the change of the encoders for gradients in the input weights.

        Both are (n_networks, n_neurons, dimensions); the gradients are overwritten. By
        default, the learning rates are those of the layer; otherwise (n_networks,)
        array_like.
        """
        rate = (
            self._factor * self.learning_rate if rates is None else self._spread(rates)
        )
        if self._fields is not None:
            gradient *= self._fields
        update = self._normalization.find_update(
            gradient, self.encoders, self.scale, rate
        )
        if self._columns is not None:
            update *= self._columns
        return update

    def update(self, gradient):
        """Take a step down gradients, as for `find_update`."""
        self.encoders += self.find_update(gradient)
        self._set_weights()

    def _spread(self, rates):
        """Return rates as a number for a single network, or as an array that broadcasts."""
        if len(rates) == 1:
            return float(rates[0])
        return self.device.array(rates)[:, None, None]

    def _set_weights(self):
        xp = self.device.namespace
        encoders = xp.matrix_transpose(self.encoders)
        scale = self.scale[:, None, :]
        xp.multiply(encoders, scale, out=self.weights[:, :-1, :])


class FollowingFeedback:
    """Feedback weights that follow the forward weights, update by update.

    They are an ndarray, (n_neurons, size_in), that is changed in place. The seed is the seed
    of the rule, as in online learning.
    """

    def __init__(self, kind, feedback, seed):
        self.kind = kind
        self._feedback = feedback
        self._seed = seed
        self._weights = None

    def follow(self, weights):
        """Update the feedback weights for forward weights of the same shape."""
        if self._weights is None:
            self._weights = weights.copy()
            shown = self._weights.view()
            shown.setflags(write=False)
            # the same random states as in a simulator
            rng, state_rng = (np.random.RandomState([*self._seed, k]) for k in (1, 2))
            state = make_feedback_state(self.kind, self._feedback, state_rng)
            self._step = make_feedback_step(
                self.kind, shown, self._feedback, 1.0, rng, state
            )
        self._weights[...] = weights
        self._step()


class Chain:
    """A sequence of layers from the input to the output.

    Attributes
    ----------
    layers : tuple of Layer
    decoders : list of (n_neurons, size_out) array
        Decoders of each network, after they have been solved for.
    """

    def __init__(self, layers):
        self.layers = tuple(layers)
        self.decoders = [None] * self.n_networks

    @property
    def n_networks(self):
        return len(self.layers[0].encoders)

    @property
    def device(self):
        return self.layers[0].device

    @property
    def is_finite(self):
        """Whether all encoders are finite."""
        xp = self.device.namespace
        return all(xp.all(xp.isfinite(layer.encoders)) for layer in self.layers)

    def get_feedback(self, layer, i):
        """Return the feedback weights of a layer in network i, (n_neurons, size_in)."""
        return self.decoders[i] if layer.feedback is None else layer.feedback[i]

    def follow(self, i):
        """Update the feedback weights of network i that follow the forward weights.

        Call this once for each update, before the first `.Pass.backward`.
        """
        for layer, behind in zip(self.layers, (*self.layers[1:], None)):
            if layer.following is None:
                continue
            following, weights = layer.following[i], self.decoders[i]
            if behind is not None:
                weights = behind.find_weights(i, following.kind.to_neurons)
            following.follow(weights)

    def update(self, gradients):
        """Take a step down gradients, one for each layer; they are overwritten."""
        for layer, gradient in zip(self.layers, gradients):
            layer.update(gradient)


def make_chain(paths, device=None):
    """Return the taught layers of similar paths, a `Chain`.

    The paths may differ only in their random parameters. The default device is NumPy.
    """
    stages = zip(*(path.stages for path in paths))
    models = [path.model for path in paths]
    following = [stage.encode for stage in paths[0].stages[1:]]
    return Chain(
        _make_layer(
            alike,
            models,
            device,
            is_first=k == 0,
            before_decoders=any(map(has_solved_decoders, following[k : k + 1])),
        )
        for k, alike in enumerate(stages)
    )


def _make_layer(stages, models, device, is_first, before_decoders):
    """Make the layer that the same stage of each path describes."""
    ensemble, encode = stages[0].ensemble, stages[0].encode
    built = [model.params[stage.ensemble] for model, stage in zip(models, stages)]
    incoming = None
    if not is_first:
        incoming = [
            find_decoders(model, stage.encode) for model, stage in zip(models, stages)
        ]
    return Layer(
        rule=stages[0].rule,
        neuron_type=ensemble.neuron_type,
        encoders=[params.encoders for params in built],
        scale=[params.gain / ensemble.radius for params in built],
        bias=[params.bias for params in built],
        feedback=None
        if stages[0].feedback is None
        else [stage.feedback for stage in stages],
        feedback_seeds=[stage.feedback_seed for stage in stages],
        incoming=incoming,
        before_decoders=before_decoders,
        reached=encode.post_slice,
        source=stages[0].source,
        device=device,
    )


def _is_identity(matrices):
    """Return whether the matrices of all networks are the identity."""
    identity = np.eye(np.shape(matrices)[1])
    return all(np.array_equal(matrix, identity) for matrix in matrices)
