"""The built layers between an input and an output that learn offline."""

from dataclasses import dataclass

import nengo
import numpy as np
from nengo.builder import Model
from nengo.ensemble import Ensemble, Neurons
from nengo.neurons import Direct

from nengo_fa.offline.activities import make_step_measured
from nengo_fa.rules.error_nodes import ErrorNode
from nengo_fa.rules.learning_rules import EncoderLearningRule
from nengo_fa.rules.relays import is_whole
from nengo_fa.rules.responses import make_step_rates


@dataclass(frozen=True)
class Stage:
    """A taught layer on a path in a built network.

    Attributes
    ----------
    encode : nengo.Connection
        The connection with the encoder rule, into the taught ensemble.
    rule : EncoderLearningRule
        The encoder learning rule type.
    source : ErrorNode or None
        The node of the next layer that delivers the error; None for the error of the
        output.
    feedback : (n_neurons, size_in) ndarray or None
        Weights that project the error to the neurons; None for the decoders of the output.
    feedback_seed : list of int
        Seed of the rule, for feedback weights that follow the forward weights.
    """

    encode: nengo.Connection
    rule: EncoderLearningRule
    source: ErrorNode
    feedback: np.ndarray
    feedback_seed: list

    @property
    def ensemble(self):
        """The taught ensemble."""
        return self.encode.post_obj


@dataclass(frozen=True)
class Path:
    """The path from the input of the first taught layer to the output of ``decode``.

    Attributes
    ----------
    stages : tuple of Stage
        The taught layers, from the input to the output.
    decode : nengo.Connection
        The output connection.
    model : nengo.builder.Model
        The built network, with its sampled parameters and seeds.
    """

    stages: tuple
    decode: nengo.Connection
    model: Model

    @property
    def encode(self):
        """The connection where the path begins."""
        return self.stages[0].encode

    @property
    def ensembles(self):
        """The ensemble at which the path begins, if there is one, and the taught ensembles."""
        before = get_ensemble(self.encode.pre_obj)
        ensembles = [stage.ensemble for stage in self.stages]
        return ensembles if before is None else [before, *ensembles]

    @property
    def objects(self):
        """The connections and ensembles on the path."""
        return [*self.ensembles, *(stage.encode for stage in self.stages), self.decode]

    def make_measures(self, presentation_time, dt, rng):
        """Return the arguments of `.make_step_measured`, or None without a presentation time.

        The first value is for an ensemble at the beginning of the path. The second value is
        a list for all layers.
        """
        before, *measures = (
            make_measure(connection, presentation_time, dt, rng)
            for connection in (*(stage.encode for stage in self.stages), self.decode)
        )
        return before, measures

    def get_ensemble_input(self, x, measure=None):
        """Return the input of the first taught ensemble for samples.

        Takes (n_samples, size_in) and returns (n_samples, dimensions), which may share
        memory. If the path begins at an ensemble, its activities are rates unless
        ``measure`` is given.
        """
        return transmit(self.model, self.encode, x, measure)


def make_measure(connection, presentation_time, dt, rng):
    """Return how to measure the activities before a connection.

    Returns arguments of `.make_step_measured`, or None without a presentation time.
    """
    if presentation_time is None:
        return None
    return {
        "synapse": connection.synapse,
        "noise": getattr(get_ensemble(connection.pre_obj), "noise", None),
        "presentation_time": presentation_time,
        "dt": dt,
        "rng": rng,
    }


def transmit(model, connection, x, measure=None):
    """Return the input of the object to which a connection leads, for samples.

    The samples, (n_samples, size_in), are outputs of the node before the connection, or
    values that the ensemble before it represents. The result, (n_samples, dimensions), may
    share memory with them. Activities of an ensemble are rates unless ``measure`` is given.
    """
    values = send(model, connection, x, measure)
    return deliver(values, connection.post_slice, connection.post_obj.size_in)


def send(model, connection, x, measure=None):
    """Return the output of a connection, (n_samples, size_out); otherwise as `transmit`."""
    ensemble = get_ensemble(connection.pre_obj)
    if ensemble is None or isinstance(ensemble.neuron_type, Direct):
        values = x[:, connection.pre_slice]
        if connection.function is not None:
            values = np.array(
                # a copy, because a function may change its argument
                [np.ravel(connection.function(row.copy())) for row in values]
            )
    else:
        values = _get_activities(model, ensemble, x, measure)
        if isinstance(connection.pre_obj, Neurons):
            values = values[:, connection.pre_slice]
    return apply_weights(model, connection, values)


def _get_activities(model, ensemble, x, measure):
    built = model.params[ensemble]
    current = x @ built.scaled_encoders.T + built.bias
    activities = np.empty_like(current)
    if measure is None:
        make_step_rates(ensemble.neuron_type, current, activities)()
    else:
        make_step_measured(ensemble.neuron_type, current, activities, **measure)()
    return activities


def find_decoders(model, connection):
    """Return the decoders of a connection, an ndarray, (n_neurons, size_out).

    The connection begins at an ensemble or at its neurons. Transforms are included.
    """
    activities = np.eye(get_ensemble(connection.pre_obj).n_neurons)
    if isinstance(connection.pre_obj, Neurons):
        activities = activities[:, connection.pre_slice]
    return apply_weights(model, connection, activities)


def apply_weights(model, connection, values):
    """Multiply values, (n_samples, size) ndarray, by the built weights of a connection."""
    weights = model.sig[connection]["weights"]
    if weights is None:
        return values
    weights = weights.initial_value
    return values @ weights.T if weights.ndim == 2 else values * weights


def deliver(values, post_slice, size):
    """Return the input of an object for the output of a connection that leads to it.

    Values, (..., size_out), that reach the same dimension of the object add up. The result,
    (..., size), may share memory with them.
    """
    # whole arrays are not copied, because there may be many samples
    if is_whole(post_slice, size):
        return values
    # the same precision as the values
    delivered = np.zeros((*values.shape[:-1], size), dtype=values.dtype)
    for k, dimension in enumerate(np.arange(size)[post_slice]):
        delivered[..., dimension] += values[..., k]
    return delivered


def get_ensemble(obj):
    """Return an object if it is an ensemble, the ensemble of neurons, or else None."""
    if isinstance(obj, Neurons):
        return obj.ensemble
    return obj if isinstance(obj, Ensemble) else None
