"""How learning signals become signals of a simulator."""

from nengo.builder import Builder, Signal
from nengo.builder.operator import Reset
from nengo.exceptions import BuildError

from nengo_fa.online.network_checks import find_encoder_rules
from nengo_fa.rules.learning_signals import LearningSignal


@Builder.register(LearningSignal)
def build_learning_signal(model, node):
    """Build a `.LearningSignal` into a model; sets ``model.params[node]`` to ``None``."""
    rule, network = node.rule, model.toplevel
    rules = find_encoder_rules(network, rule.connection.post_obj)
    if network is not None and rule not in rules:
        raise BuildError(
            f"Building {node}: its rule {rule} is not part of the model. Give the current "
            "rule of a connection in this network."
        )
    if "learning_signal" in model.sig[rule]:
        raise BuildError(
            f"Building {node}: {rule} has another LearningSignal. Connect all inputs that "
            "scale its learning rate to the same signal, which adds them up."
        )
    factor = Signal(shape=(1,), name=f"{node}.factor")
    model.add_op(Reset(factor, value=1.0))
    model.sig[rule]["learning_signal"] = factor
    model.sig[node]["in"] = model.sig[node]["out"] = factor
    model.params[node] = None
