"""The operators of encoder rules as OpenCL C."""

#: The factors of the update for each normalization. The update of the scaled encoder w is
#: ``grow * x - shrink * w``.
FACTORS = {
    None: "",
    "forced": """
    const real change = 2 * h * drive + h * h * squared_input;
    const real factor = sqrt(squared / (squared + change));
    grow = factor * h;
    shrink = change / ((squared + change) * (1 + factor));  // 1 - factor, without a bias
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

#: The change of an encoder, given h, by the input INPUT and the encoders ENCODERS.
CHANGE = """
    real drive = 0, squared = 0, squared_input = 0;
    for (int j = 0; j < INPUT_SIZE; j++) {
        const real w = ENCODERS(i, j);
        drive += w * INPUT(j);
        squared += w * w;
        squared_input += INPUT(j) * INPUT(j);
    }
    real grow = h, shrink = 0;
    FACTORS
    for (int j = 0; j < INPUT_SIZE; j++)
        RESULT grow * INPUT(j) - shrink * ENCODERS(i, j);
}
"""

#: The two vectors that describe the update; the first neuron copies the input.
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
    target(i, j) += delta_neurons(i) * delta_input(j);
}
"""


IN_PLACE = """
__kernel void change(__global real *data, __global const real *squared_scale)
{
    const int i = get_global_id(0);
    const real h = delta_neurons(i);
"""


def write_change(signals, normalization):
    """Return the kernel of `.SimEncodersInc`, without the names of its signals."""
    encoders = "encoders" if "encoders" in signals else "target"
    return IN_PLACE + _write_change(
        normalization, "delta_input", encoders, "target(i, j) +="
    )


def _write_change(normalization, x, encoders, result):
    return (
        CHANGE.replace("INPUT", x)
        .replace("ENCODERS", encoders)
        .replace("RESULT", result)
        .replace("FACTORS", FACTORS[normalization])
    )


def write_learning(signals, threshold, normalization):
    """Return the kernel of `.SimEncoderLearning`, without the names of its signals."""
    factor = "learning_signal(0)" if "learning_signal" in signals else "1"
    text = PRODUCT
    if "delta" in signals:
        text = _write_change(normalization, "x", "scaled_encoders", "delta(i, j) =")
    start = H.replace("THRESHOLD", f"(real){float(threshold)!r}")
    return start.replace("LEARNING_SIGNAL", factor) + text


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
