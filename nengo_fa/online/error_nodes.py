"""How error nodes become operators of a simulator."""

from nengo.builder import Builder, Signal
from nengo.exceptions import BuildError

from nengo_fa.online.operators import NamedSignalsOperator, SignalByName
from nengo_fa.rules.error_nodes import ErrorNode


class SimErrorNode(NamedSignalsOperator):
    """Compute the output of an error node.

    Parameters
    ----------
    node : ErrorNode
    model : nengo.builder.Model
    error : Signal
        Set to the output of the node, (size_out,).
    tag : str, optional
        A label associated with the operator, for debugging purposes.
    """

    projected_error, derivative, scaled_encoders, error = (
        SignalByName() for _ in range(4)
    )

    def __init__(self, node, model, error, tag=None):
        super().__init__(lambda: _find_signals(node, model), {"error": error}, tag=tag)
        self.node = node

    @property
    def _descstr(self):
        return str(self.node)

    def make_step(self, signals, dt, rng):
        arrays = [signals[signal] for signal in self.reads]
        return self.node.make_step(arrays, signals[self.error])


def _find_signals(node, model):
    if node.rule not in model.params:
        raise BuildError(
            f"Building {node}: its rule {node.rule} is not part of the model. Give the "
            "current rule of a connection in this network."
        )
    return node.get_signals(model)


@Builder.register(ErrorNode)
def build_error_node(model, node):
    """Build an `.ErrorNode` into a model; sets ``model.params[node]`` to ``None``."""
    output = Signal(shape=(node.size_out,), name=f"{node}.out")
    model.sig[node]["in"], model.sig[node]["out"] = None, output
    model.params[node] = None
    # add_op would ask for all signals, but the rule is not built yet
    model.operators.append(SimErrorNode(node, model, output))
