"""Nodes that pass the error of a taught layer on to the layers before it."""

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
    """The learning rule of a connection; the rule must project an error to the neurons."""

    kind = ProjectedErrorRule
    remedy = (
        "nengo_fa.FeedbackAlignment or nengo_fa.Backprop, with a learning rate of 0 if the "
        "layer must not change. If the connection has several rules, give one of them"
    )

    def coerce(self, instance, rule):
        if not isinstance(rule, LearningRule) or not isinstance(
            rule.learning_rule_type, self.kind
        ):
            raise ValidationError(
                f"Must be the encoder rule of a connection (got {rule!r}): give "
                "connection.learning_rule, and set the learning_rule_type of the "
                f"connection to {self.remedy}",
                attr=self.name,
                obj=instance,
            )
        return super().coerce(instance, rule)


def filled_by_the_simulator(t):
    """Placeholder function of an `ErrorNode`, whose output the builder computes."""


class ErrorNode(Node):
    """Base class of the nodes whose output is an error of a layer; use its subclasses.

    The error is computed from the projected error of the rule of the layer, times the
    derivative if the node is gated.
    """

    rule = EncoderRuleParam("rule", readonly=True)
    gated = BoolParam("gated", default=True, readonly=True)

    def __init__(self, rule, gated=Default, label=Default):
        self.rule = rule  # first, because it determines the size of the error
        # a node without a function would pass on an input
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
            The error that the rule projects to the neurons; and the same times the
            derivative.
        scaled_encoders : (n_neurons, dimensions) array
            Scaled encoders of the layer of the rule.

        Returns
        -------
        error : (n_samples, size_out) array
            Must not be written to, because it may be one of the arguments.
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
            The step writes the error into this array.

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

    The output is the error that the rule of the layer projects to the neurons in the same
    time step:

    .. math:: e_i = f'(J_i) \, \langle \vec b_i, \vec\delta \rangle

    If you connect it to a `FeedbackAlignment` rule of the previous layer, this is *global
    feedback alignment*; without the derivative, ``gated=False``, it is *local* feedback
    alignment.

    Parameters
    ----------
    rule : nengo.connection.LearningRule
        The encoder rule of the layer, ``connection.learning_rule``.
    gated : bool, optional
        Whether the error includes the derivative f' of the layer. Default: True.
    label : str, optional
        A name for the node.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the connection has no such rule.

    See Also
    --------
    BackpropagatedError

    Notes
    -----
    The output has ``n_neurons`` dimensions. It is an error in the *currents* of the
    neurons: it includes the derivative if the node is gated, and does not include the gains.

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
    r"""The error of the input of a taught layer, through the current encoders of the layer.

    If you connect it to a `Backprop` rule of the previous layer, this is backpropagation
    through all layers. With the scaled encoders :math:`W` of the layer and the error that
    its rule projects to the neurons, all in the same time step, the output is

    .. math:: \vec e = W^T \left( f'(\vec J) \, B \vec\delta \right)

    If the rule of the layer is `Backprop`, its decoders replace the feedback weights B.
    Without the derivative, ``gated=False``, it is *local* backpropagation: each layer learns
    through its own derivative only.

    Parameters
    ----------
    rule, gated, label
        As for `NeuronError`.

    See Also
    --------
    NeuronError

    Notes
    -----
    The output has ``size_out`` dimensions of the connection with the rule. A rule
    ``Backprop(connection)`` of the previous layer needs an error of this size.

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
            # by index, because PyTorch has no slices with negative steps
            scaled_encoders = scaled_encoders[..., reached.tolist()]
        return error @ scaled_encoders

    def _find_reached(self, scaled_encoders):
        """Return the dimensions that the connection leads to; None for all in order."""
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
            # no index is out of range, but NumPy would allocate a buffer without clipping
            np.take(everywhere, reached, out=out, mode="clip")

        return step_reached
