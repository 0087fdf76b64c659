"""A simulator of nengo-ocl that runs every operator."""

from typing import Any

import nengo
import nengo_ocl
import numpy as np
import pyopencl
from nengo_ocl.plan import Plan, PythonPlan

from nengo_fa.backends import ocl_kernels
from nengo_fa.rules.derivatives import Step


class Simulator(nengo_ocl.Simulator):
    """A ``nengo_ocl.Simulator`` that runs the learning rules as well.

    Operators and neuron types that nengo-ocl does not support run on the host, through
    NumPy. `.FeedbackAlignment` and `.Backprop` with the derivative `.Step` have kernels,
    unless they are ``sparse``, reach only some dimensions, have an eligibility trace, or
    teach an ensemble together with a rule that keeps lengths.

    Parameters
    ----------
    network, **kwargs
        As for ``nengo_ocl.Simulator``.
    """

    def __init__(self, network: nengo.Network, **kwargs: Any) -> None:
        self._on_host: list = []  # before the base class, which makes its plans in __init__
        super().__init__(network, **kwargs)

    def _plan_op_group(self, op_type, ops):
        if hasattr(self, f"_plan_{op_type.__name__}"):
            return super()._plan_op_group(op_type, ops)
        return [self._plan_on_host(op) for op in ops]

    def _plan_SimNeurons(self, ops):
        def is_known(op):
            return hasattr(self, f"_plan_{type(op.neurons).__name__}")

        return self._plan_known(ops, is_known, super()._plan_SimNeurons)

    def _plan_LinearFilter(self, ops):
        def is_vector(op):
            return op.output.ndim == 1

        return self._plan_known(ops, is_vector, super()._plan_LinearFilter)

    def _plan_SimEncoderLearning(self, ops):
        return self._plan_known(
            ops, is_known, lambda ops: [self._plan_learning(op) for op in ops]
        )

    def _plan_known(self, ops, is_known, plan):
        """Plan the known operators together, and the others on the host."""
        known = [op for op in ops if is_known(op)]
        others = [op for op in ops if op not in known]
        plans = plan(known) if known else []
        return [*plans, *(self._plan_on_host(op) for op in others)]

    def _plan_on_host(self, op):
        rng = np.random.RandomState(self.rng.randint(2**31 - 1))
        self._python_rngs[rng] = rng.get_state()
        self._on_host.append(HostOperator(op, self, rng))
        return PythonPlan(self._on_host[-1], name=type(op).__name__)

    def reset(self, seed: int | None = None) -> None:
        """Reset the simulator; see ``nengo_ocl.Simulator``."""
        super().reset(seed=seed)
        for operator in self._on_host:
            operator.bind()

    def _plan_learning(self, op):
        source = ocl_kernels.write_learning(
            op.signals,
            op.rule.derivative.get_threshold(op.neuron_type),
            op.normalization.name,
        )
        constants = -op.learning_rate * self.dt * op.scale**2, op.scale**2
        return self._plan_kernel("learn", op, source, op.scale.shape, constants)

    def _plan_SimEncodersInc(self, ops):
        return [self._plan_change(op) for op in ops]

    def _plan_change(self, op):
        if op.normalization.name is None:
            source, name = ocl_kernels.OUTER_PRODUCT, "add_outer_product"
            return self._plan_kernel(name, op, source, op.target.shape)
        source = ocl_kernels.write_change(op.signals, op.normalization.name)
        constants = (op.scale**2,)
        return self._plan_kernel("change", op, source, op.scale.shape, constants)

    def _plan_kernel(self, name, op, source, size, constants=()):
        """Plan a kernel that works on the signals of an operator, by their names."""
        data = self.all_data
        places = {
            name: [
                array[self.sidx[signal]]
                for array in (data.starts, data.stride0s, data.stride1s, data.shape0s)
            ]
            for name, signal in op.signals.items()
        }
        source = ocl_kernels.write_names(data.ctype, places) + source
        kernel = getattr(pyopencl.Program(self.context, source).build(), name)
        arrays = [self.Array(array, dtype=data.dtype) for array in constants]
        kernel.set_args(data.cl_buf.data, *(array.data for array in arrays))
        plan = Plan(self.queue, kernel, size, name=name)
        plan.arrays = arrays  # keeps the arrays on the device
        return plan


class HostOperator:
    """Runs an operator on the host, on copies of arrays from the device.

    Arrays that the device cannot store stay on the host: random states, which are integers,
    and arrays with three axes.
    """

    def __init__(self, op, sim, rng):
        self.op, self.sim, self.rng = op, sim, rng
        self.bind()

    def bind(self):
        """Set all arrays to their initial values."""
        self.arrays = {
            signal: np.array(signal.initial_value, dtype=self._find_dtype(signal))
            for signal in self.op.all_signals
        }
        self._step = self.op.make_step(self.arrays, self.sim.dt, self.rng)

    def _find_dtype(self, signal):
        return self.sim.all_data.dtype if is_on_device(signal) else signal.dtype

    def __call__(self):
        device = self.sim.signals
        for signal, array in self.arrays.items():
            if is_on_device(signal):
                array[...] = device[signal]
        self._step()
        for signal in {*self.op.sets, *self.op.incs, *self.op.updates}:
            if is_on_device(signal):
                device[signal] = self.arrays[signal]


def is_on_device(signal):
    """Return whether the device can store the values of a signal."""
    return np.issubdtype(signal.dtype, np.floating) and signal.ndim <= 2


def is_known(op):
    """Return whether the kernel can replace a `.SimEncoderLearning`."""
    return (
        op.is_standard
        and type(op.rule.derivative) is Step
        and op.columns is None
        and op.fields is None
        and not {"start", "eligible"} & set(op.signals)
    )
