"""The operators of encoder rules for nengo-torch, on its device and for all samples at once.

PyTorch is not imported here: nengo-torch passes the tensors, (n_samples, ...).
"""

import contextlib
import sys
from functools import cached_property

from array_api_compat import array_namespace

from nengo_fa.online.encoders_inc import SimEncodersInc
from nengo_fa.online.error_nodes import SimErrorNode
from nengo_fa.online.operators import SimEncoderLearning
from nengo_fa.online.soma import SimSomaCurrent
from nengo_fa.rules.derivatives import Rate, Step
from nengo_fa.rules.response_functions import Response
from nengo_fa.rules.responses import get_response


def register_torch_kernels():
    """Register the kernels with nengo-torch, if it has been imported.

    Operators without a kernel run through NumPy, sample by sample, like all operators that
    nengo-torch does not know.
    """
    if "nengo_torch" not in sys.modules:
        return
    with contextlib.suppress(ImportError):  # from versions with other modules
        from nengo_torch.builder import TorchBuilder

        for operator_class, kernel in KERNELS.items():
            TorchBuilder.register(operator_class, kernel)


def run_through_numpy(sim):
    """Let a simulator of nengo-torch run with NumPy what has a kernel, to compare the two.

    Parameters
    ----------
    sim : Simulator
        Of nengo-torch; changed in place, before its first step.
    """
    sim.operators = [
        _run_through_numpy(found.op, dt=sim.dt) if isinstance(found, Kernel) else found
        for found in sim.operators
    ]


def _run_through_numpy(op, **context):
    from nengo_torch.op_builders.fallback_operator import TorchOperatorFallback

    return TorchOperatorFallback.from_nengo(op, **context)


class Kernel:
    """Base class of the kernels, each of which runs one operator on tensors."""

    compile_safe = False
    compile_reason = "the kernels of nengo_fa keep no gradients"

    def __init__(self, op, dt):
        self.op, self.dt = op, dt

    @classmethod
    def from_nengo(cls, op, **context):
        """Return the kernel of an operator, or a kernel that runs it through NumPy."""
        if cls.is_known(op):
            return cls(op, context["dt"])
        return _run_through_numpy(op, **context)

    @staticmethod
    def is_known(op):
        """Return whether the kernel supports everything that the operator does."""
        return True

    def __call__(self, signals):
        """Run the operator, given the tensors by their signals."""
        found = self._signals.items()
        self.run(**{name: signals[signal].detach() for name, signal in found})

    @cached_property
    def _signals(self):
        return self.op.signals

    def run(self, **tensors):
        """Run the operator on the tensors of its signals, by their names."""
        raise NotImplementedError("Kernels must provide run")


class EncodersIncKernel(Kernel):
    """`.SimEncodersInc`, whose normalization is always one of nengo_fa."""

    _squared_scale = None

    def run(self, delta_neurons, delta_input, target, encoders=None):
        encoders = target if encoders is None else encoders
        x = delta_input.unsqueeze(-2)
        squared_scale = self._find_squared_scale(target)
        find_factors = FACTORS[self.op.normalization.name]
        grow, shrink = find_factors(delta_neurons, x, encoders, squared_scale)
        if shrink is not None:
            target.addcmul_(shrink.unsqueeze(-1), encoders, value=-1)
        target.baddbmm_(grow.unsqueeze(-1), x)

    def _find_squared_scale(self, like):
        known = self._squared_scale
        if known is None or (known.dtype, known.device) != (like.dtype, like.device):
            self._squared_scale = like.new_tensor(self.op.scale**2)
        return self._squared_scale


class SomaCurrentKernel(Kernel):
    """`.SimSomaCurrent`."""

    def __call__(self, signals):
        op = self.op
        out, current = signals[op.soma_current].detach(), signals[op.current]
        states = [signals[state].detach() for state in op.states]
        previous = [signals[state].detach() for state in op.previous]
        n_now = len(states) - len(previous)
        out.copy_(current.detach())
        for factor, state in zip(op.factors, states[:n_now] + previous):
            out.add_(state, alpha=factor)
        for before, state in zip(previous, states[n_now:]):
            before.copy_(state)


class ErrorNodeKernel(Kernel):
    """`.SimErrorNode`."""

    def run(self, error, projected_error, derivative=None, scaled_encoders=None):
        projected_error = neuron_error = projected_error.unsqueeze(-2)
        if derivative is not None:
            neuron_error = projected_error * derivative.unsqueeze(-2)
        found = self.op.node.compute(projected_error, neuron_error, scaled_encoders)
        error.copy_(found.squeeze(-2))


class EncoderLearningKernel(Kernel):
    """`.SimEncoderLearning` of a rule with a projected error.

    Each normalization changes the scaled encoders w by a multiple of the input and a multiple
    of the encoder, ``grow x - shrink w``.
    """

    _kind = None

    @staticmethod
    def is_known(op):
        derivative = op.rule.derivative
        return op.is_standard and _is_derivative_known(derivative, op.neuron_type)

    def run(self, **tensors):
        kind = tensors["gate"].dtype, tensors["gate"].device
        if kind != self._kind:
            self._kind, self._constants = kind, self._make_constants(tensors["gate"])
            self._step_derivative = self._bind_derivative(tensors["gate"])
        h = self._find_h(tensors)
        if "delta" in tensors:
            self._set_delta(tensors, h)
        else:
            tensors["delta_neurons"].copy_(h)
            tensors["delta_input"].copy_(tensors["x"])
            if self.op.columns is not None:
                tensors["delta_input"].mul_(self._constants["columns"])

    def _make_constants(self, like):
        op = self.op
        arrays = {
            "step_size": -op.learning_rate * self.dt * op.scale**2,
            "squared_scale": op.scale**2,
            "columns": op.columns,
            "fields": op.fields,
        }
        arrays = {name: array for name, array in arrays.items() if array is not None}
        return {name: like.new_tensor(array) for name, array in arrays.items()}

    def _bind_derivative(self, like):
        """Bind the derivative to separate tensors, because nengo-torch may replace others."""
        gate, derivative = like.clone(), like.clone()
        neuron_type = self.op.neuron_type
        step = self.op.rule.derivative.make_step(neuron_type, gate, derivative)

        def step_derivative(signal):
            gate.copy_(signal)
            step()
            return derivative

        return step_derivative

    def _find_h(self, tensors):
        """Set the projected error and the derivative, and return h of each neuron."""
        projected = (tensors["error"].unsqueeze(-2) @ tensors["feedback"]).squeeze(-2)
        derivative = self._step_derivative(tensors["gate"])
        tensors["projected_error"].copy_(projected)
        tensors["derivative"].copy_(derivative)
        h = projected * self._constants["step_size"]
        if "eligible" in tensors:
            x = tensors["x"].unsqueeze(-2)
            tensors["eligible"].copy_(derivative.unsqueeze(-1) * x)
        else:
            h = h * derivative
        return h * tensors["learning_signal"] if "learning_signal" in tensors else h

    def _set_delta(self, tensors, h):
        delta, start = tensors["delta"], tensors.get("start")
        encoders, normalization = tensors["scaled_encoders"], self.op.normalization
        if start is not None and normalization.keeps_lengths:
            encoders = start
        x = tensors.get("eligibility", tensors["x"].unsqueeze(-2))
        if self.op.fields is not None:
            x = x * self._constants["fields"]
        find_factors = FACTORS[normalization.name]
        grow, shrink = find_factors(h, x, encoders, self._constants["squared_scale"])
        array_namespace(delta).multiply(grow.unsqueeze(-1), x, out=delta)
        if shrink is not None:
            delta.addcmul_(shrink.unsqueeze(-1), encoders, value=-1)
        if self.op.columns is not None:
            delta.mul_(self._constants["columns"])
        if start is not None:
            tensors["moved"].copy_(start).add_(delta)


def _free(h, x, encoders, squared_scale):
    return h, None


def _forced(h, x, encoders, squared_scale):
    squared = _square_lengths(encoders)
    change = 2 * h * _dot(encoders, x) + h.square() * _square_lengths(x)
    factor = (squared / (squared + change)).sqrt()
    # 1 - factor, without the subtraction, which would round with a bias
    return factor * h, change / ((squared + change) * (1 + factor))


def _augmented(h, x, encoders, squared_scale):
    return h, h * _dot(encoders, x) / _square_lengths(encoders)


def _homeostatic(h, x, encoders, squared_scale):
    return h, h * _dot(encoders, x) / squared_scale


def _stabilized(h, x, encoders, squared_scale):
    _, along = _homeostatic(h, x, encoders, squared_scale)
    missing = 1 - _square_lengths(encoders) / squared_scale
    return h, along + 2 * along.clamp(max=0) * missing


def _square_lengths(vectors):
    return vectors.norm(dim=-1).square()


def _dot(encoders, x):
    """Return the dot product of each encoder with the input or its eligibility trace."""
    if x.shape[-2] == 1:
        return (encoders @ x.mT).squeeze(-1)
    return (encoders * x).sum(-1)


#: The factors ``grow`` and ``shrink`` of each normalization, both (n_samples, n_neurons).
FACTORS = {
    None: _free,
    "forced": _forced,
    "augmented": _augmented,
    "homeostatic": _homeostatic,
    "stabilized": _stabilized,
}

KERNELS = {
    SimEncoderLearning: EncoderLearningKernel,
    SimEncodersInc: EncodersIncKernel,
    SimErrorNode: ErrorNodeKernel,
    SimSomaCurrent: SomaCurrentKernel,
}


def _is_derivative_known(derivative, neuron_type):
    """Return whether a derivative can be computed on tensors."""
    if type(derivative) is not Rate:
        return type(derivative) is Step
    response = get_response(getattr(neuron_type, "base_type", neuron_type))
    return type(response).make_step_derivative is not Response.make_step_derivative
