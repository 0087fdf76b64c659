"""The current parameters of a simulator."""

from collections import defaultdict

import numpy as np
from nengo.connection import LearningRule
from nengo.exceptions import SimulatorClosed, ValidationError

from nengo_fa.learned.parts import find_parts, get_shapes
from nengo_fa.online.encoders_inc import make_step_in_place
from nengo_fa.rules.normalizations import get_normalization


class LiveArrays:
    """The current arrays of a simulator, by their signals.

    Arrays of other libraries, such as the tensors of nengo-torch, are copied to NumPy. They
    have an additional axis for the samples of a batch, which must have one sample.
    """

    def __init__(self, sim):
        self.sim = sim

    def __getitem__(self, signal):
        live = self.sim.signals[signal]
        if isinstance(live, np.ndarray):
            return live
        array = _convert(live)
        if array is None:
            _refuse(self.sim)
        if array.ndim == len(signal.shape) + 1:
            self._check_batch(signal, len(array))
            array = array[0]
        return array

    def _check_batch(self, signal, n_samples):
        if n_samples != 1:
            raise ValidationError(
                f"The simulator has {n_samples} samples in a batch, each with its own "
                f"{signal.name}, but only one array can be kept. Create the simulator with "
                "minibatch_size=1.",
                attr="sim",
            )


def _convert(live):
    """Return a tensor as a NumPy array, or None if its type is unknown."""
    if hasattr(live, "detach"):  # of PyTorch
        return live.detach().cpu().numpy().copy()
    return None


def get_live_signals(sim):
    """Return the `LiveArrays` of a simulator, and the model that names them."""
    if getattr(sim, "closed", False):
        raise SimulatorClosed(
            "A closed simulator does not keep the learned parameters. Call this inside "
            "'with nengo.Simulator(...) as sim:', after sim.run."
        )
    signals = getattr(sim, "signals", None)
    model = getattr(sim, "model", None)
    if signals is None or model is None:
        _refuse(sim)
    return LiveArrays(sim), model


def _refuse(sim):
    raise ValidationError(
        f"Must be a nengo.Simulator, or one that keeps its arrays in 'signals' "
        f"(got {type(sim).__name__})",
        attr="sim",
    )


def read_learned(sim, network):
    """Return the current arrays of each ensemble and connection in a simulator."""
    parts = find_parts(network).values()
    signals, model = get_live_signals(sim)
    pending = _find_pending(model)

    def read(part, name):
        signal = model.sig[part][name]
        value = np.array(signals[signal])
        for rule, change in pending.get((part, name), ()):
            _add_change(model, rule, value, [signals[found] for found in change])
        if not np.all(np.isfinite(value)):
            raise ValidationError(
                f"The {name} of {part} contain NaN or infinity. Lower the learning rate, "
                "or look for the input that causes these values.",
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
                "simulator was built from, without later changes.",
                attr="network",
                obj=network,
            )
        arrays = {name: read(part, name) for name in live}
        if "encoders" in live:
            arrays = _unscale(part, sim.data[part], **arrays)
        if "scale" in shapes:
            arrays["mean"], arrays["scale"] = part.function.mean, part.function.scale
        learned[part] = {**arrays, "seed": np.array(model.seeds[part])}
    return learned


def _add_change(model, rule, value, change):
    """Add the change by a rule: an array, or the two vectors that describe it."""
    if len(change) == 1:
        value += change[0]
        return
    ensemble = rule.connection.post_obj
    scale = model.params[ensemble].gain / ensemble.radius
    normalization = get_normalization(rule.learning_rule_type.normalization)
    make_step_in_place(normalization, scale, *change, value)()


def _unscale(ensemble, built, encoders):
    """Return the parameters of an ensemble, given its scaled encoders."""
    scale = (built.gain / ensemble.radius)[:, np.newaxis]
    encoders = np.divide(
        encoders, scale, out=np.array(built.encoders), where=scale != 0
    )
    gain, bias = np.array(built.gain), np.array(built.bias)
    return {"encoders": encoders, "gain": gain, "bias": bias}


def _find_pending(model):
    """Return the changes that the next step adds, with their rules, by what changes.

    A rule that updates its delta does so at the end of a step. A rule that sets or
    increments its delta does so before the delta is added, in the same step.
    """
    updated, set_anew = defaultdict(list), defaultdict(list)
    for operator in model.operators:
        for found, signals in (updated, operator.updates), (set_anew, operator.sets):
            for signal in signals:
                found[signal.base].append(signal)

    def is_among(delta, found):
        # a simulator merges signals: the same base may contain the deltas of many rules
        return any(map(delta.may_share_memory, found[delta.base]))

    pending = defaultdict(list)
    for rule, built in model.sig.items():
        # delta, or the two vectors that describe it
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
                pending[target, name].append((rule, change))
    return pending
