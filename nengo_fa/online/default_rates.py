"""Default learning rates, and a warning of learning rates that are far too high."""

import warnings

import numpy as np
from nengo.exceptions import NengoWarning

from nengo_fa.online.network_checks import describe, find_errors
from nengo_fa.rules.error_nodes import ErrorNode
from nengo_fa.rules.learning_rules import Backprop
from nengo_fa.rules.normalizations import get_normalization
from nengo_fa.rules.params import is_given
from nengo_fa.rules.responses import make_step_rates

#: Inputs along the encoder, over the radius, at which the derivative of a neuron is computed.
INPUTS = np.linspace(-1, 1, 51)

#: Radians in a time step, at an error and an input of one, that cause a warning: even an
#: error of one per cent turns encoders full circle. Errors are not known before a run.
FARTHEST = 1000


def find_learning_rate(model, rule):
    """Return the learning rate of a rule in a simulator, per second.

    A given rate is returned unchanged. The default suits a derivative of up to one, as for
    `.Step`. It is divided by the derivative of the neurons if this is larger, as for `.Rate`
    with high firing rates or amplitudes. `.Backprop` needs no such factor, because decoders
    are smaller by the same factor.

    If the normalization lets encoders grow without bound, the default is also divided by the
    root mean square of the gains: an error of one and an input as large as the radius then
    change encoders by one, their length, per second, on average over neurons.
    """
    rule_type = rule.learning_rule_type
    rate = rule_type.learning_rate
    if is_given(rate) or "derivative" not in rule_type.arrays:
        return float(rate)
    scales = [] if isinstance(rule_type, Backprop) else _find_scales(model, rule)
    if get_normalization(rule_type.normalization).lets_lengths_grow:
        gain = model.params[rule.connection.post_obj].gain
        scales.append(np.sqrt(np.mean(gain**2)))
    return rate / np.prod([max(1, scale) for scale in scales])


def _find_scales(model, rule):
    """Return the size of f' in a layer, and in the layers that its error passes through."""
    scales = [find_derivative(model, rule)]
    for wire in [] if model.toplevel is None else find_errors(model.toplevel, rule):
        node = wire.pre_obj
        if isinstance(node, ErrorNode) and node.gated and node.rule in model.params:
            scales += _find_scales(model, node.rule)
    return scales


def find_derivative(model, rule):
    """Return the root mean square of f' over the inputs at which it is not zero."""
    ensemble, derivative = rule.connection.post_obj, rule.learning_rule_type.derivative
    neuron_type, built = ensemble.neuron_type, model.params[ensemble]
    current, rates, out = np.zeros((3, ensemble.n_neurons))
    if derivative.signal == "output":
        step_rates = make_step_rates(neuron_type, current, rates)
        step = derivative.make_step(neuron_type, rates, out)
    else:
        step = derivative.make_step(neuron_type, current, out)
    found = []
    for x in INPUTS:
        current[...] = built.gain * x + built.bias
        if derivative.signal == "output":
            step_rates()
        step()
        found.append(out[out != 0])
    found = np.concatenate(found)
    return np.sqrt(np.mean(found**2)) if found.size else 1.0


def warn_about_rate(model, rule, feedback):
    """Warn of a given learning rate with which a step would turn encoders much too far."""
    rule_type, ensemble = rule.learning_rule_type, rule.connection.post_obj
    if not is_given(rule_type.learning_rate) or rule_type.learning_rate == 0:
        return
    if model.toplevel is not None and not find_errors(model.toplevel, rule):
        return  # nothing will be learned online, perhaps after learning offline
    weights = np.linalg.norm(feedback, axis=1) * model.params[ensemble].gain
    turn = rule_type.learning_rate * model.dt * np.sqrt(np.mean(weights**2))
    turn *= find_derivative(model, rule)
    if turn > FARTHEST:
        warnings.warn(
            f"With learning_rate={rule_type.learning_rate:g}, an error and an input of one "
            f"turn the encoders of {describe(ensemble)} by about {turn:.2g} radians in a "
            f"time step, through the rule of {describe(rule.connection)}. Use a lower "
            "learning rate, such as that from nengo_fa.suggest_learning_rate.",
            NengoWarning,
        )
