"""Devices for arrays: NumPy, or another library on another device."""

from importlib.util import find_spec

import array_api_compat
import array_api_compat.numpy
import numpy as np
from nengo.exceptions import ValidationError
from nengo.rc import rc

from nengo_fa.rules import arrays


class Device:
    """Makes arrays of real numbers, in Nengo's precision, for a device.

    Parameters
    ----------
    name : str, optional
        ``"cpu"``: NumPy. ``"cuda"``: a GPU, through PyTorch or, if PyTorch is not
        installed, through CuPy. ``"cuda:1"``: another GPU, through PyTorch. ``"torch:"``
        followed by any device of PyTorch, such as ``"torch:cpu"``.

    Attributes
    ----------
    name : str
    namespace : module
        The array functions, which are those of the Python array API standard.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the device does not exist, or if Nengo's precision is 16 bits, in which decoders
        cannot be solved for.
    """

    def __init__(self, name="cpu"):
        if rc.float_dtype.itemsize < 4:
            raise ValidationError(
                "Decoders cannot be solved for in 16 bits, Nengo's precision at present. Use "
                "nengo.rc['precision']['bits'] = '32'.",
                attr="device",
            )
        self.name = name
        library, _, device = str(name).partition(":")
        if name == "cpu":
            self.namespace, self._device = _find_numpy(), "cpu"
        elif library == "torch":
            self.namespace, self._device = _find_torch(device)
        elif library == "cuda":
            self.namespace, self._device = _find_gpu(name)
        else:
            raise ValidationError(
                f"Must be 'cpu', 'cuda', a GPU with its number, such as 'cuda:1', or a "
                f"device of PyTorch, such as 'torch:cpu' (got {name!r})",
                attr="device",
            )

    def array(self, values):
        """Copy values, array_like, to the device."""
        values = np.array(values, dtype=rc.float_dtype)
        return self.namespace.asarray(values, device=self._device)

    def empty(self, shape):
        """Return an array of a shape without initial values."""
        if self.name == "cpu":
            return arrays.empty(shape, rc.float_dtype)
        dtype = getattr(self.namespace, rc.float_dtype.name)
        return self.namespace.empty(shape, dtype=dtype, device=self._device)

    def outer(self, column, row, out):
        """Write the product of a column, (n, 1), and a row, (1, m), to ``out``."""
        if self.name == "cpu":
            np.dot(column, row, out=out)  # twice as fast as multiply, in NumPy
        else:
            self.namespace.multiply(column, row, out=out)


def to_numpy(array):
    """Return an array of any device as an ndarray, which may share its memory."""
    return np.asarray(array_api_compat.to_device(array, "cpu"))


def _find_numpy():
    # from version 2.0, NumPy has these functions itself, which are faster
    return np if hasattr(np, "vecdot") else array_api_compat.numpy


def _find_torch(device):
    try:
        import torch  # slow to import, and optional
        from array_api_compat import torch as namespace
    except ImportError as error:
        raise ValidationError(
            f"PyTorch is not installed ({error}). Install it with "
            "pip install torch, or use 'cpu'.",
            attr="device",
        ) from error
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (AssertionError, RuntimeError) as error:
        raise ValidationError(
            f"PyTorch does not find {device!r} ({error}). Use 'cpu', or install a "
            "version of PyTorch for this device.",
            attr="device",
        ) from error
    return namespace, found


def _find_gpu(name):
    if find_spec("torch") is not None or find_spec("cupy") is None:
        return _find_torch(name)
    if name != "cuda":
        raise ValidationError(
            f"A GPU with a number needs PyTorch: install it with pip install "
            f"torch, or use 'cuda' with CUDA_VISIBLE_DEVICES (got {name!r})",
            attr="device",
        )
    try:
        import cupy
        from array_api_compat import cupy as namespace

        cupy.empty(1)
    except Exception as error:  # raised by a driver or a library
        raise ValidationError(
            f"CuPy does not find a GPU ({error}). Use 'cpu'.", attr="device"
        ) from error
    return namespace, cupy.cuda.Device()
