"""What a simulator has learned by now."""

from collections import defaultdict

import numpy as np
from nengo.connection import LearningRule
from nengo.exceptions import SimulatorClosed, ValidationError

from nengo_fa.learned.parts import find_parts, get_shapes
from nengo_fa.online.outer_product import make_step_add_outer


def get_live_signals(sim):
    """The arrays of a simulator as they are now, and the model that names them."""
    if getattr(sim, "closed", False):
        raise SimulatorClosed(
            "What a simulator has learned is gone when it is closed. Call this inside "
            "'with nengo.Simulator(...) as sim:', after sim.run."
        )
    signals = getattr(sim, "signals", None)
    model = getattr(sim, "model", None)
    if signals is None or model is None:
        _refuse(sim)
    return signals, model


def _refuse(sim):
    raise ValidationError(
        f"Must be a nengo.Simulator, or one that keeps its arrays in 'signals' "
        f"(got {type(sim).__name__})",
        attr="sim",
    )


def read_learned(sim, network):
    """Return the arrays that a simulator holds of each ensemble and connection."""
    parts = find_parts(network).values()
    signals, model = get_live_signals(sim)
    pending = _find_pending(model)

    def read(part, name):
        signal = model.sig[part][name]
        if not isinstance(signals[signal], np.ndarray):
            _refuse(sim)
        value = np.array(signals[signal])
        for change in pending.get((part, name), ()):
            _add_change(value, *(signals[found] for found in change))
        if not np.all(np.isfinite(value)):
            raise ValidationError(
                f"The {name} of {part} hold NaN or infinity. Lower the learning rate, "
                "or look for the input that causes it.",
                attr=name,
                obj=part,
            )
        return value

    learned = {}
    for part in parts:
        shapes = get_shapes(part)
        live = {"encoders", "weights"} & set(shapes)
        if part not in model.seeds or not live <= set(model.sig[part]):
            raise ValidationError(
                f"{part} is not part of this simulator. Give the network that the "
                "simulator was built from, as it was then.",
                attr="network",
                obj=network,
            )
        arrays = {name: read(part, name) for name in live}
        if "encoders" in live:
            arrays = _unscale(part, sim.data[part], **arrays)
        learned[part] = {**arrays, "seed": np.array(model.seeds[part])}
    return learned


def _add_change(value, *change):
    """Add what a simulator adds: an array, or the outer product of two."""
    if len(change) == 2:
        make_step_add_outer(*change, value)()
    else:
        value += change[0]


def _unscale(ensemble, built, encoders):
    """The parameters of an ensemble, given its scaled encoders."""
    scale = (built.gain / ensemble.radius)[:, np.newaxis]
    encoders = np.divide(
        encoders, scale, out=np.array(built.encoders), where=scale != 0
    )
    gain, bias = np.array(built.gain), np.array(built.bias)
    return {"encoders": encoders, "gain": gain, "bias": bias}


def _find_pending(model):
    """The changes that the next step adds, in tuples, by what it adds them to.

    A rule that updates its delta does so at the end of a step. One that sets or
    increments it does so before the delta is added, in the same step.
    """
    updated, set_anew = defaultdict(list), defaultdict(list)
    for operator in model.operators:
        for found, signals in (updated, operator.updates), (set_anew, operator.sets):
            for signal in signals:
                found[signal.base].append(signal)

    def is_among(delta, found):
        # a simulator joins signals: the same base may hold the deltas of many rules
        return any(map(delta.may_share_memory, found[delta.base]))

    pending = defaultdict(list)
    for rule, built in model.sig.items():
        # delta, or the two of which it is the outer product
        names = "delta", "delta_neurons", "delta_input"
        change = tuple(built[name] for name in names if name in built)
        if isinstance(rule, LearningRule) and change:
            delta = change[0]
            if is_among(delta, updated) and not is_among(delta, set_anew):
                teaches_encoders = rule.modifies == "encoders"
                target = (
                    rule.connection.post_obj if teaches_encoders else rule.connection
                )
                name = "encoders" if teaches_encoders else "weights"
                pending[target, name].append(change)
    return pending
