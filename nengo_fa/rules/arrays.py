"""Arrays to work in, where NumPy is fastest."""

import math

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

#: Bytes of a line of the cache, and of the widest registers of today's processors.
LINE = 64


def empty(shape, dtype):
    """Return an array of NumPy that begins with a line of the cache, yet to be filled.

    NumPy begins large arrays 16 bytes behind one, where each access of a wide register
    takes two lines: the sum of two such arrays takes twice as long.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(n_bytes + LINE, dtype=np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + n_bytes].view(dtype).reshape(shape)


def empty_like(array):
    """Return an array like another one, of any library; that of NumPy is as of `empty`."""
    if is_numpy_array(array):
        return empty(array.shape, array.dtype)
    return array_namespace(array).empty_like(array)
