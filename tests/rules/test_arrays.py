"""Arrays that begin where NumPy is fastest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nengo_fa.rules.arrays import LINE, empty, empty_like


@given(
    shape=st.lists(st.integers(0, 7), max_size=3).map(tuple),
    dtype=st.sampled_from([np.float16, np.float32, np.float64, bool]),
)
def test_arrays_begin_with_a_line(shape, dtype):
    like = np.zeros(shape, dtype=dtype)
    for array in (empty(shape, dtype), empty_like(like)):
        assert (array.shape, array.dtype) == (shape, like.dtype)
        assert array.flags.c_contiguous and array.flags.writeable
        assert array.size == 0 or array.ctypes.data % LINE == 0
