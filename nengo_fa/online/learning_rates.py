"""Learning rates for a network, from the changes that its rules would make."""

import warnings

import nengo
import numpy as np
from nengo.builder import Model, Operator, Signal
from nengo.builder.operator import Copy
from nengo.cache import get_default_decoder_cache
from nengo.connection import LearningRule
from nengo.exceptions import NengoWarning, ValidationError
from nengo.utils.numpy import is_iterable, maxseed

from nengo_fa.checks import check_count, check_network, is_number_within
from nengo_fa.online.encoders_inc import SimEncodersInc
from nengo_fa.online.network_checks import (
    describe,
    warn_about_stale_layers,
    warn_of_far_values,
)
from nengo_fa.online.operators import SimEncoderLearning
from nengo_fa.rules.connections import get_rule_types
from nengo_fa.rules.error_nodes import ErrorNode
from nengo_fa.rules.learning_rules import EncoderLearningRule
from nengo_fa.rules.learning_signals import LearningSignal
from nengo_fa.rules.normalizations import Augmented, Forced


class SuggestedRates(dict):
    """The learning rates from `nengo_fa.suggest_learning_rate`, by learning rule.

    ``rates[connection.learning_rule]`` is the rate of a rule. Printing the dict shows a
    table.

    Attributes
    ----------
    network : nengo.Network
        The network to which the rates belong.
    reasons : dict of nengo.connection.LearningRule to str
        The rules without a suggested rate, and the reasons.
    """

    def __init__(self, network: nengo.Network, rates: dict, reasons: dict) -> None:
        super().__init__(rates)
        self.network, self.reasons = network, reasons

    def __missing__(self, key):
        advice = "Print the rates to see the rules that have one"
        if isinstance(key, nengo.Connection):
            advice = (
                "Rates belong to learning rules: use rates[connection.learning_rule]"
            )
        elif key in self.reasons:
            advice = f"None can be suggested, because {self.reasons[key]}"
        raise KeyError(f"{key} has no suggested learning rate. {advice}.")

    def __str__(self):
        lines = [f"{rate:<12.3g} {_describe(rule)}" for rule, rate in self.items()]
        lines += [
            f"{'-':<12} {_describe(rule)}: {why}" for rule, why in self.reasons.items()
        ]
        return "\n".join(["rate         rule", *lines])

    def apply(self) -> None:
        """Set the learning rates of the rules in the network.

        The rule types on the connections are replaced by copies with these rates.
        Connections to the rules, probes of the rules, error nodes and learning signals are
        kept.
        """
        renewed = {rule: _replace_rate(rule, rate) for rule, rate in self.items()}
        holders = _find_holders(self.network)
        for connection in {rule.connection for rule in renewed}:
            connection.learning_rule_type = _replace_types(connection, renewed)
        for held in holders:
            held.learning_rule_type = renewed.get(held, held.learning_rule_type)
        rates = {LearningRule(r.connection, renewed[r]): self[r] for r in list(self)}
        self.clear()
        self.update(rates)


def _replace_rate(rule, rate):
    """Return a copy of the type of a rule with another learning rate."""
    kind = type(rule.learning_rule_type)
    renewed = kind.__new__(kind)
    renewed.__setstate__(
        {**rule.learning_rule_type.__getstate__(), "learning_rate": rate}
    )
    return renewed


def _replace_types(connection, renewed):
    """Return the rule types of a connection in their original form: one, list or dict."""

    def renew(kind):
        return renewed.get(LearningRule(connection, kind), kind)

    types = connection.learning_rule_type
    if isinstance(types, dict):
        return {name: renew(kind) for name, kind in types.items()}
    return [renew(kind) for kind in types] if is_iterable(types) else renew(types)


def _find_holders(network):
    """Return the learning rules that connections, probes and nodes hold."""
    held = [connection.post_obj for connection in network.all_connections]
    held += [probe.obj for probe in network.all_probes]
    kinds = (ErrorNode, LearningSignal)
    held += [node.rule for node in network.all_nodes if isinstance(node, kinds)]
    return [rule for rule in held if isinstance(rule, LearningRule)]


def suggest_learning_rate(
    network: nengo.Network,
    turn: float = 0.7,
    halving_time: float = 0.2,
    duration: float = 2.0,
    dt: float = 0.001,
    seed: int | None = None,
    simulator: type = nengo.Simulator,
) -> SuggestedRates:
    r"""Suggest a learning rate for each rule of a network, from a run without learning.

    The network runs with learning switched off, and the changes that its rules would make
    are measured. At the suggested rate of an encoder rule, the encoders turn by ``turn`` per
    second. The turn is measured by its effect on the inputs :math:`\vec x` of the run:

    .. math:: \sqrt{\frac{\langle (\Delta \vec p_i \cdot \vec x)^2 \rangle}
                         {\langle (\vec p_i \cdot (\vec x - \langle \vec x \rangle))^2 \rangle}}

    with encoders :math:`\vec p_i` of length one, the change :math:`\Delta \vec p_i` that
    the rule would make in the whole run, and averages over neurons and time. If inputs vary
    equally in all directions, this is the root mean square angle over neurons. If inputs
    have a mean, like the activities of another layer, a small angle may change the input
    currents of the neurons by more than the currents vary. The rate takes the scale of the
    error, inputs, gains, feedback weights and firing rates into account. For a `nengo.PES`
    rule, the suggested rate halves a constant error in ``halving_time``,

    .. math:: \kappa = \frac{n \, \ln 2}{T \, \langle |\vec a|^2 \rangle}

    with the filtered activities :math:`\vec a` of n neurons.

    Parameters
    ----------
    network : nengo.Network
        The network, which is not changed. Its functions are called as in every simulation.
    turn : float, optional
        Turn of the encoders in radians per second of simulated time.
    halving_time : float, optional
        Time in which a PES rule halves a constant error, in seconds.
    duration : float, optional
        Length of the run in seconds. The inputs during this time should be typical.
    dt : float, optional
        Time step in seconds.
    seed : int, optional
        Seed of the simulator, as for `nengo.Simulator`.
    simulator : type, optional
        The class of the simulator, which must accept a built model like `nengo.Simulator`.

    Returns
    -------
    rates : SuggestedRates
        A dict of nengo.connection.LearningRule: float. ``rates.apply()`` sets these rates
        in the network.

    Raises
    ------
    nengo.exceptions.ValidationError
        If the network has no encoder rule of nengo_fa and no PES rule, if a number is not
        positive, or if a time is less than a time step.

    Warns
    -----
    nengo.exceptions.NengoWarning
        If no rate can be suggested for a rule, because its error is zero, its neurons are
        silent, or values are infinite or undefined. The rates then do not contain the rule.
        Also if decoders between two taught layers do not learn, because encoders that turn
        at the suggested rates may then increase the error, and if most inputs in the run lie
        far outside the radius of a taught ensemble.

    Notes
    -----
    Other rules, such as `nengo.Voja`, are also switched off during the run. The rates are
    those for the current error. While decoders are zero, no error passes back through them,
    so that no rate can be suggested for `Backprop`; let the decoders learn first, and call
    `freeze_params`. If the network has no seed, its neurons differ between runs.

    Examples
    --------
    >>> with nengo.Network(seed=1) as model:
    ...     stimulus = nengo.Node([0.5, -0.5])
    ...     product = nengo_fa.networks.Multiplication(seed=1)
    ...     _ = nengo.Connection(stimulus, product.input, synapse=None)
    >>> rates = nengo_fa.suggest_learning_rate(model, duration=0.5)
    >>> sorted(type(rule.learning_rule_type).__name__ for rule in rates)
    ['FeedbackAlignment', 'PES']
    >>> rates.apply()
    """
    numbers = {
        "turn": turn,
        "halving_time": halving_time,
        "duration": duration,
        "dt": dt,
    }
    for name, number in numbers.items():
        _check_positive(name, number)
    _check_steps(turn, halving_time, duration, dt)
    if seed is not None:
        check_count("seed", seed, 0, maxseed)
    check_network(network)
    model = Model(dt=float(dt), decoder_cache=get_default_decoder_cache())
    model.build(network)
    known = [rule for rule in _find_rules(network) if _is_known(rule)]
    if not known:
        raise ValidationError(
            "Has neither an encoder learning rule of nengo_fa nor a nengo.PES rule. Give a "
            "connection a learning_rule_type, such as nengo_fa.FeedbackAlignment(1)",
            attr="network",
        )
    _switch_off(model, _find_rules(network))
    probes = {rule: _add_totals(model, rule, duration) for rule in known}
    if seed is None and network.seed is not None:
        seed = network.seed + 1
    with simulator(None, dt=dt, seed=seed, model=model, progress_bar=False) as sim:
        is_finite = _run(sim, duration)
        time = sim.n_steps * dt
        sums = {}
        if is_finite:
            sums = {rule: _read_sums(sim, rule, probes[rule]) for rule in known}
    rates, reasons = {}, {} if is_finite else dict.fromkeys(known, NOT_FINITE)
    for rule, found in sums.items():
        is_pes = _is_pes(rule)
        # per second, for a learning rate of one
        speed = _find_halvings(found, time, dt) if is_pes else _find_turns(found, time)
        reason = _find_reason(found, speed)
        if reason is None:
            rates[rule] = (1 / halving_time if is_pes else turn) / speed
        else:
            reasons[rule] = reason
    warn_about_stale_layers(network, [rule for rule in rates if not _is_pes(rule)])
    _warn_of_far_inputs(sums)
    for rule, reason in reasons.items():
        warnings.warn(
            f"No learning rate can be suggested for {_describe(rule)}: {reason}.",
            NengoWarning,
        )
    return SuggestedRates(network, rates, reasons)


#: Number of times at which inputs are recorded.
N_INPUTS = 1000

#: Lower bound for the variation of inputs, relative to their root mean square, because some
#: inputs are nearly constant in a short run.
LEAST_VARIATION = 1 / 3

NOT_FINITE = "values in the run are NaN or infinite"


def _run(sim, duration):
    """Run a simulator; return False if Nengo stopped because of values that are not finite."""
    try:
        with np.errstate(over="ignore"):
            sim.run(duration)
    except FloatingPointError:
        return False
    return True


def _warn_of_far_inputs(sums):
    """Warn of inputs of the run that are far outside the radius of their ensemble."""
    reached = {
        rule.connection.post_obj: found["inputs"]
        for rule, found in sums.items()
        if "inputs" in found
    }
    for ensemble, inputs in reached.items():
        # other encoders may be weights, for inputs of any length
        if ensemble.normalize_encoders:
            warn_of_far_values(ensemble, inputs, "inputs", "Scale the inputs")


def _find_rules(network):
    return [
        LearningRule(connection, kind)
        for connection in network.all_connections
        for kind in get_rule_types(connection)
        if kind is not None
    ]


def _is_known(rule):
    return isinstance(rule.learning_rule_type, (EncoderLearningRule, nengo.PES))


def _is_pes(rule):
    return isinstance(rule.learning_rule_type, nengo.PES)


def _describe(rule):
    name = type(rule.learning_rule_type).__name__
    return f"the {name} rule of {describe(rule.connection)}"


class SimSquares(Operator):
    """Add up the squares of signals over time.

    Parameters
    ----------
    signals, totals : list of Signal
        The signals that are read, and the sums that are updated.
    """

    def __init__(self, signals, totals):
        super().__init__()
        self.sets, self.incs, self.reads, self.updates = [], [], signals, totals

    def make_step(self, signals, dt, rng):
        values = [signals[signal] for signal in self.reads]
        totals = [signals[total] for total in self.updates]

        def step_simsquares():
            for value, total in zip(values, totals):
                total += value**2

        return step_simsquares


def _switch_off(model, rules):
    """Keep rules from changing a model, and set the rate of encoder rules to one."""
    deltas = {model.sig[rule].get("delta") for rule in rules}
    for operator in list(model.operators):
        is_change = isinstance(operator, Copy) and operator.src in deltas
        if is_change or isinstance(operator, SimEncodersInc):
            model.operators.remove(operator)
        elif isinstance(operator, SimEncoderLearning):
            operator.learning_rate = 1.0
            operator.normalization = _make_proportional(operator.normalization)


def _make_proportional(normalization):
    """Return a normalization whose change is proportional to the learning rate."""
    # the same for small steps
    return Augmented() if isinstance(normalization, Forced) else normalization


SQUARED = ("error", "projected_error", "derivative", "activities")


def _add_totals(model, rule, duration):
    """Add up the changes that a rule would make, and the squares of the signals it reads.

    Returns a probe of the inputs of the encoders that the rule would change, or None.
    """
    signals = model.sig[rule]
    squared = [name for name in SQUARED if name in signals]
    for name in squared:
        signals[f"total {name}"] = Signal(np.zeros_like(signals[name].initial_value))
    squares = [signals[f"total {name}"] for name in squared]
    model.add_op(SimSquares([signals[name] for name in squared], squares))
    if rule.modifies != "encoders":
        return None
    ensemble = rule.connection.post_obj
    encoders = model.sig[ensemble]["encoders"].initial_value
    total = signals["total delta"] = Signal(np.zeros_like(encoders))
    if "delta" in signals:
        model.add_op(Copy(signals["delta"], total, inc=True))
    else:
        operator = SimEncodersInc(
            rule.learning_rule_type,
            model.params[ensemble].gain / ensemble.radius,
            signals["delta_neurons"],
            signals["delta_input"],
            total,
            model.sig[ensemble]["encoders"],
        )
        operator.normalization = _make_proportional(operator.normalization)
        model.add_op(operator)
    every = max(model.dt, duration / N_INPUTS)
    probe = nengo.Probe(ensemble, "input", sample_every=every, add_to_container=False)
    model.build(probe)
    return probe


def _read_sums(sim, rule, probe):
    def read(signal):  # some simulators have a batch with one sample
        return np.reshape(np.array(sim.signals[signal]), signal.shape)

    # by name, because Nengo's optimizer replaces signals
    sums = {
        name.removeprefix("total "): read(signal)
        for name, signal in sim.model.sig[rule].items()
        if name.startswith("total ")
    }
    if rule.modifies == "encoders":
        ensemble = rule.connection.post_obj
        sums["encoders"] = read(sim.model.sig[ensemble]["encoders"])
        sums["inputs"] = np.reshape(sim.data[probe], (-1, ensemble.dimensions))
    return sums


def _find_turns(sums, time):
    """Return radians per second, root mean square over neurons and inputs."""
    lengths = np.linalg.norm(sums["encoders"], axis=1, keepdims=True)
    has_length = lengths[:, 0] > 0
    encoders, changes = (
        sums[name][has_length] / lengths[has_length] for name in ("encoders", "delta")
    )
    inputs = sums["inputs"]
    varying = np.linalg.norm((inputs - inputs.mean(axis=0)) @ encoders.T)
    varying = max(varying, LEAST_VARIATION * np.linalg.norm(inputs @ encoders.T))
    return np.linalg.norm(inputs @ changes.T) / varying / time if varying else 0.0


def _find_halvings(sums, time, dt):
    """Return how often a constant error is halved per second."""
    return np.mean(sums["activities"]) * dt / time / np.log(2)


def _find_reason(sums, speed):
    """Return the reason why no rate follows from a speed, or None."""
    if not all(np.all(np.isfinite(values)) for values in [*sums.values(), speed]):
        return NOT_FINITE
    if "error" in sums and not np.any(sums["error"]):
        return "its error is zero"
    if "projected_error" in sums and not np.any(sums["projected_error"]):
        return "its error does not reach the neurons, because the feedback weights are zero"
    if speed == 0:
        return "its neurons are silent, its input is zero, or a LearningSignal switches it off"
    return None


def _check_steps(turn, halving_time, duration, dt):
    """Refuse a run without a time step, and turns that are too large for one step."""
    for name, seconds in {"halving_time": halving_time, "duration": duration}.items():
        if seconds < dt:
            raise ValidationError(
                f"Must be at least one time step, {dt:g} s (got {seconds!r})", attr=name
            )
    if turn * dt > 2 * np.pi:
        raise ValidationError(
            "Must be in radians per second, and not more than a full circle in each time "
            f"step (got {turn!r})",
            attr="turn",
        )


def _check_positive(name, number):
    if not is_number_within(number, 0, np.inf):
        raise ValidationError(f"Must be a positive number (got {number!r})", attr=name)
