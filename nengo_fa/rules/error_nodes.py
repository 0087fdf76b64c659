"""Nodes that hand the error of a taught layer on to the layers before it."""

from collections.abc import Callable

import nengo
import numpy as np
from nengo.connection import LearningRule
from nengo.exceptions import ValidationError
from nengo.node import Node
from nengo.params import BoolParam, Default, Parameter

from nengo_fa.equations import Array
from nengo_fa.rules.learning_rules import ProjectedErrorRule


class EncoderRuleParam(Parameter):
    """The learning rule of a connection, one that projects an error to the neurons."""

    kind = ProjectedErrorRule
    remedy = (
        "nengo_fa.FeedbackAlignment or nengo_fa.Backprop, with a learning rate of 0 if the "
        "layer is to stay as it is; of several rules, one"
    )

    def coerce(self, instance, rule):
        if not isinstance(rule, LearningRule) or not isinstance(
            rule.learning_rule_type, self.kind
        ):
            raise ValidationError(
                "Must be the encoder rule of a connection: connection.learning_rule, "
                f"after its learning_rule_type is set to {self.remedy} (got {rule!r})",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, rule)


def filled_by_the_simulator(t):
    """The function of an `ErrorNode`, which is built without it."""


class ErrorNode(Node):
    """Base class of the nodes that put out an error of a layer; not to be used by itself.

    It begins with the error of each neuron: what the rule of the layer has projected to
    the neurons, times the derivative if the node is gated.
    """

    rule = EncoderRuleParam("rule", readonly=True)
    gated = BoolParam("gated", default=True, readonly=True)

    def __init__(self, rule, gated=Default, label=Default):
        self.rule = rule  # first, as the size of the error follows from it
        # a function, as a node without one would pass on an input
        super().__init__(filled_by_the_simulator, size_out=self.get_size(), label=label)
        self.gated = gated

    def get_size(self):
        """Number of dimensions of the error, int."""
        raise NotImplementedError("Error nodes must provide get_size")

    def compute(self, projected_error, neuron_error, scaled_encoders):
        """Return the error for samples, in offline training.

        Parameters
        ----------
        projected_error, neuron_error : (n_samples, n_neurons) array
            What the rule has projected to the neurons; and the same times the derivative.
        scaled_encoders : (n_neurons, dimensions) array
            Of the layer of the rule.

        Returns
        -------
        error : (n_samples, size_out) array
            Not written to, as it may be one of those given.
        """
        return neuron_error if self.gated else projected_error

    def get_signals(self, model):
        """Return the signals that the error is computed from, a dict of str: Signal."""
        names = ["projected_error", "derivative"] if self.gated else ["projected_error"]
        return {name: model.sig[self.rule][name] for name in names}

    def make_step(self, arrays, out):
        """Bind the error to its arrays, as `nengo.builder.Operator.make_step` does.

        Parameters
        ----------
        arrays : list of ndarray
            The live values of the signals from `get_signals`; not to be written to.
        out : (size_out,) ndarray
            Where the error belongs.

        Returns
        -------
        step : callable
            Takes no argument.
        """
        projected_error, *derivative = arrays
        if not derivative:
            return lambda: np.copyto(out, projected_error)
        return lambda: np.multiply(projected_error, *derivative, out=out)


class NeuronError(ErrorNode):
    r"""The error of each neuron of a taught layer, to teach the layer before it.

    What the rule of the layer has projected to the neurons, in the same time step:

    .. math:: e_i = f'(J_i) \, \langle \vec b_i, \vec\delta \rangle

    Connected to a `FeedbackAlignment` rule of the layer before, this is *global feedback
    alignment*; without the derivative, ``gated=False``, it is *local* feedback alignment.

    Parameters
    ----------
    rule : nengo.connection.LearningRule
        The encoder rule of the layer, ``connection.learning_rule``.
    gated : bool, optional
        Whether the derivative f' of the layer is a factor of its error. Default: True.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If there is no such rule.

    See Also
    --------
    BackpropagatedError

    Notes
    -----
    The output has ``n_neurons`` dimensions. It is an error in the *currents* of the
    neurons: the derivative, if there is one, takes part in it, and the gains do not.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     first, second = nengo.Ensemble(20, 2), nengo.Ensemble(30, 2)
    ...     encode2 = nengo.Connection(
    ...         first, second, learning_rule_type=nengo_fa.FeedbackAlignment(1))
    ...     node = nengo_fa.NeuronError(encode2.learning_rule)
    >>> node.size_out
    30
    """

    def get_size(self) -> int:
        return self.rule.connection.post_obj.n_neurons


class BackpropagatedError(ErrorNode):
    r"""The error of the input of a taught layer, through the live encoders of the layer.

    Connected to a `Backprop` rule of the layer before, this is backpropagation through
    all layers. With the scaled encoders :math:`W` of the layer and what its rule has
    projected to the neurons, all as they are in the same time step,

    .. math:: \vec e = W^T \left( f'(\vec J) \, B \vec\delta \right)

    with the decoders in place of the feedback weights B if the rule is `Backprop`. Without
    the derivative, ``gated=False``, it is *local* backpropagation: each layer learns through
    its own derivative only.

    Parameters
    ----------
    rule, gated, label
        As for `NeuronError`.

    See Also
    --------
    NeuronError

    Notes
    -----
    The output has as many dimensions as the connection of the rule delivers, its
    ``size_out``. That is the error a rule ``Backprop(connection)`` asks for.

    Examples
    --------
    >>> with nengo.Network() as model:
    ...     stimulus, output = nengo.Node([0.5, -0.5]), nengo.Node(size_in=1)
    ...     error = nengo.Node([1.0])
    ...     first, second = nengo.Ensemble(20, 2), nengo.Ensemble(30, 2)
    ...     encode1 = nengo.Connection(stimulus, first)
    ...     encode2 = nengo.Connection(first, second)
    ...     decode = nengo.Connection(second, output, function=np.prod)
    ...     encode1.learning_rule_type = nengo_fa.Backprop(encode2)
    ...     encode2.learning_rule_type = nengo_fa.Backprop(decode)
    ...     _ = nengo.Connection(error, encode2.learning_rule)
    ...     _ = nengo.Connection(
    ...         nengo_fa.BackpropagatedError(encode2.learning_rule),
    ...         encode1.learning_rule,
    ...         synapse=None,
    ...     )
    """

    def get_size(self) -> int:
        return self.rule.connection.size_out

    def compute(
        self, projected_error: Array, neuron_error: Array, scaled_encoders: Array
    ) -> Array:
        error = super().compute(projected_error, neuron_error, scaled_encoders)
        reached = self._find_reached(scaled_encoders)
        if reached is not None:
            # by their numbers, as PyTorch has no slices that go backwards
            scaled_encoders = scaled_encoders[..., reached.tolist()]
        return error @ scaled_encoders

    def _find_reached(self, scaled_encoders):
        """Return the dimensions that the connection leads to; None for all as they are."""
        dimensions = np.arange(scaled_encoders.shape[1])
        reached = dimensions[self.rule.connection.post_slice]
        return None if np.array_equal(reached, dimensions) else reached

    def get_signals(
        self, model: nengo.builder.Model
    ) -> dict[str, nengo.builder.Signal]:
        scaled_encoders = model.sig[self.rule]["scaled_encoders"]
        return {**super().get_signals(model), "scaled_encoders": scaled_encoders}

    def make_step(
        self, arrays: list[np.ndarray], out: np.ndarray
    ) -> Callable[[], None]:
        *arrays, scaled_encoders = arrays
        neuron_error = np.empty_like(arrays[0])
        step_neuron_error = super().make_step(arrays, neuron_error)
        reached = self._find_reached(scaled_encoders)

        def step():
            step_neuron_error()
            np.dot(neuron_error, scaled_encoders, out=out)

        if reached is None:
            return step

        everywhere = np.empty_like(scaled_encoders[0])

        def step_reached():
            step_neuron_error()
            np.dot(neuron_error, scaled_encoders, out=everywhere)
            # clipping nothing, but NumPy would allocate a buffer without it
            np.take(everywhere, reached, out=out, mode="clip")

        return step_reached
