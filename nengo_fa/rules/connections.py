"""Checks and look-ups for connections with encoder rules, online and offline."""

import numpy as np
from nengo.connection import LearningRule
from nengo.ensemble import Ensemble, Neurons
from nengo.exceptions import BuildError
from nengo.neurons import Direct
from nengo.transforms import Dense, NoTransform
from nengo.utils.numpy import is_iterable

from nengo_fa.rules.feedback import Feedback
from nengo_fa.rules.learning_rules import Backprop


def get_rule_types(connection):
    """Return the learning rule types on a connection, in order: [None] without a rule."""
    types = connection.learning_rule_type
    if isinstance(types, dict):
        return list(types.values())
    return list(types) if is_iterable(types) else [types]


def find_seed(model, rule):
    """Return the seed of the feedback weights of a rule, a list of int."""
    # It differs from the seed of the connection, which determines the decoders, and it
    # differs between rules, so that two errors are not projected in the same way.
    index = get_rule_types(rule.connection).index(rule.learning_rule_type)
    return [model.seeds[rule.connection], index]


def get_forward_connection(rule):
    """Return the connection whose current weights a rule reads, or None."""
    if isinstance(rule, Backprop):
        return rule.connection
    feedback = getattr(rule, "feedback", None)
    return feedback.connection if isinstance(feedback, Feedback) else None


def find_encoder_rules(network, ensemble):
    """Return all rules in a network that change the encoders of an ensemble."""
    if network is None:
        return []
    return [
        LearningRule(connection, rule_type)
        for connection in network.all_connections
        if connection.post_obj is ensemble
        for rule_type in get_rule_types(connection)
        if rule_type is not None and rule_type.modifies == "encoders"
    ]


def get_taught_ensemble(rule):
    """Return the ensemble whose encoders a rule changes; refuse one without encoders."""
    connection, ensemble = rule.connection, rule.connection.post_obj
    if isinstance(connection.pre_obj, Ensemble) and connection.solver.weights:
        raise BuildError(
            f"Building {rule}: the solver of the connection has weights=True, so that "
            "the connection bypasses the encoders. Use a solver with weights=False."
        )
    if get_rule_types(connection).count(rule.learning_rule_type) > 1:
        raise BuildError(
            f"Building {rule}: there are equal rules on the connection, which Nengo "
            "treats as a single rule. Give them different parameters, or use one rule "
            "with the sum of the errors."
        )
    if isinstance(ensemble.neuron_type, Direct):
        raise BuildError(
            f"Building {rule}: the connection leads to {ensemble}, which has neuron type "
            "Direct and therefore no encoders. Give the ensemble another neuron type, such "
            "as nengo.LIF()."
        )
    return ensemble


def find_reason_against_decoders(connection, ensemble):
    """Return the reason why a connection has no decoder for each neuron, or None."""
    if connection.pre_obj not in (ensemble, ensemble.neurons):
        return (
            f"leaves {connection.pre_obj}, but the rule teaches the neurons of {ensemble}. "
            "Give the connection from there to the next layer."
        )
    neurons = np.arange(ensemble.n_neurons)
    if isinstance(connection.pre_obj, Neurons) and not np.array_equal(
        neurons[connection.pre_slice], neurons
    ):
        return (
            "leaves only some of the neurons, or in another order. Connect from all "
            "neurons, with zero weights where there is no synapse."
        )
    if connection.solver.weights and isinstance(connection.post_obj, Ensemble):
        return (
            "solves for full weights, through which an error of its output dimensions "
            "cannot be projected. Use a solver with weights=False."
        )
    if not isinstance(connection.transform, (Dense, NoTransform)):
        return (
            f"has a {type(connection.transform).__name__} transform. Use a dense "
            "transform, or FeedbackAlignment with fixed feedback weights."
        )
    if isinstance(connection.pre_obj, Neurons) and (
        isinstance(connection.transform, NoTransform)
        or len(connection.transform.init_shape) < 2
    ):
        return (
            "has no weight matrix. Give it a two-dimensional transform, such as "
            "np.eye(n_neurons)."
        )
    return None
