"""The operators of encoder rules as OpenCL C."""

#: The factors of the update for each normalization. The update of the scaled encoder w is
#: ``grow * x - shrink * w``.
FACTORS = {
    None: "",
    "forced": """
    const real moved = squared + 2 * h * drive + h * h * squared_input;
    grow = sqrt(squared / moved) * h;
    shrink = 1 - sqrt(squared / moved);
    """,
    "augmented": "shrink = h * drive / squared;",
    "homeostatic": "shrink = h * drive / squared_scale[i];",
    "stabilized": """
    shrink = h * drive / squared_scale[i];
    shrink += 2 * fmin(shrink, (real)0) * (1 - squared / squared_scale[i]);
    """,
}

H = """
__kernel void learn(
    __global real *data, __global const real *step_size,
    __global const real *squared_scale)
{
    const int i = get_global_id(0);
    real projected = 0;
    for (int k = 0; k < error_SIZE; k++)
        projected += error(k) * feedback(k, i);
    const real firing = gate(i) > THRESHOLD;
    projected_error(i) = projected;
    derivative(i) = firing;
    const real h = step_size[i] * LEARNING_SIGNAL * firing * projected;
"""

DELTA = """
    real drive = 0, squared = 0, squared_input = 0;
    for (int j = 0; j < x_SIZE; j++) {
        const real w = scaled_encoders(i, j);
        drive += w * x(j);
        squared += w * w;
        squared_input += x(j) * x(j);
    }
    real grow = h, shrink = 0;
    FACTORS
    for (int j = 0; j < x_SIZE; j++)
        delta(i, j) = grow * x(j) - shrink * scaled_encoders(i, j);
}
"""

#: The two vectors whose outer product is the update; the first neuron copies the input.
PRODUCT = """
    delta_neurons(i) = h;
    if (i == 0)
        for (int j = 0; j < x_SIZE; j++)
            delta_input(j) = x(j);
}
"""

OUTER_PRODUCT = """
__kernel void add_outer_product(__global real *data)
{
    const int i = get_global_id(0), j = get_global_id(1);
    target(i, j) += left(i) * right(j);
}
"""


def write_learning(signals, threshold, normalization):
    """Return the kernel of `.SimEncoderLearning`, without the names of its signals."""
    factor = "learning_signal(0)" if "learning_signal" in signals else "1"
    text = H + (DELTA if "delta" in signals else PRODUCT)
    return (
        text.replace("THRESHOLD", f"(real){float(threshold)!r}")
        .replace("LEARNING_SIGNAL", factor)
        .replace("FACTORS", FACTORS[normalization])
    )


def write_names(ctype, places):
    """Return the C macros that name the entries of signals.

    Parameters
    ----------
    ctype : str
        Type of real numbers.
    places : dict of str: (int, int, int, int)
        The start of each signal in the buffer ``data``, its two strides, and the length of
        its first axis.
    """
    lines = [f"#define real {ctype}"]
    for name, (start, stride, inner, size) in places.items():
        lines += [
            f"#define {name}_SIZE {size}",
            f"#define {name}_AT(i, j, ...) data[{start} + (i) * {stride} + (j) * {inner}]",
            f"#define {name}(...) {name}_AT(__VA_ARGS__, 0, 0)",
        ]
    return "\n".join(lines)
