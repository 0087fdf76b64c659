"""Run a chain in NIR with NIR's own equations, without Nengo."""

import nir
import numpy as np


def integrate(graph, x, dt):
    """Return the output of each node of a chain in all time steps, by its name.

    In a time step the input of a node does not change, and its differential equation is
    solved exactly. What leaves a leaky integrator is its voltage when the step begins. A
    spike is a 1 that lasts for one step. The input, x, has shape (n_steps, size_in).
    """
    following = dict(graph.edges)
    name, outputs = following["input"], {}
    while name != "output":
        outputs[name] = x = STEPS[type(graph.nodes[name])](graph.nodes[name], x, dt)
        name = following[name]
    return outputs


def _linear(node, x, dt):
    return x @ node.weight.T


def _affine(node, x, dt):
    return x @ node.weight.T + node.bias


def _move(node, voltage, current, dt):
    target = node.v_leak + node.r * current
    return target + (voltage - target) * np.exp(-dt / node.tau)


def _leaky(node, x, dt):
    voltages = [np.array(node.v_leak)]
    for current in x:
        voltages.append(_move(node, voltages[-1], current, dt))
    return np.array(voltages[:-1])


def _leaky_and_fire(node, x, dt):
    voltage, spikes = node.v_leak, np.zeros(x.shape)
    for step, current in enumerate(x):
        voltage = _move(node, voltage, current, dt)
        spikes[step] = voltage > node.v_threshold
        voltage = np.where(spikes[step], node.v_reset, voltage)
    return spikes


STEPS = {
    nir.Linear: _linear,
    nir.Affine: _affine,
    nir.LI: _leaky,
    nir.LIF: _leaky_and_fire,
}
