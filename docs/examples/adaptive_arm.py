"""
An arm that adapts to a load
============================

Two arms with two joints follow the same movement and carry a load that is unknown to their
controllers. In each controller, fifty spiking neurons learn the torques that are missing from
feedback control. The encoders of these neurons are learned in one arm, and fixed in the other.
"""

# %%
# `~nengo_fa.networks.ControlledArm` connects an `~nengo_fa.networks.AdaptiveController` to an arm:
# ``arm.target`` receives the desired angles and velocities, and ``arm.error`` is the tracking error of
# each joint. To control another body, connect it to an `~nengo_fa.networks.AdaptiveController`
# yourself. :doc:`/control` describes how the controller works.

import matplotlib.pyplot as plt
import nengo
import numpy as np

from nengo_fa.networks import ControlledArm, TwoJointArm
from nengo_fa.palette import FIXED, LEARNED

LOAD = 2.0  # kg
OMEGA = 2 * np.pi * np.array([0.5, 0.75])  # rad/s


def move(t):
    """Return the desired angles and velocities of both joints."""
    angles = [0.0, 1.2] + 0.8 * np.sin(OMEGA * t)
    return np.concatenate([angles, 0.8 * OMEGA * np.cos(OMEGA * t)])


with nengo.Network(seed=1) as model:
    target = nengo.Node(move)
    arms = {}
    for name, rules in ("fixed", {"encoder_rule": None}), ("learned", {}):
        body = TwoJointArm(LOAD, start=move(0)[:2])
        arms[name] = ControlledArm(body, seed=1, **rules)
        nengo.Connection(target, arms[name].target, synapse=None)
    errors = {
        name: nengo.Probe(arm.error, sample_every=0.01) for name, arm in arms.items()
    }
    angles = {
        name: nengo.Probe(arm.arm[:2], sample_every=0.01) for name, arm in arms.items()
    }

with nengo.Simulator(model) as sim:
    sim.run(20)

# %%
# At first, both hands sag. With learned encoders, the hand comes closer to its path.


def find_hand(angles, lengths=(0.3, 0.3)):
    """Return the position of the hand (..., 2) for the angles of the joints."""
    directions = np.cumsum(angles, axis=-1)
    return np.stack(
        [np.cos(directions) @ lengths, np.sin(directions) @ lengths], axis=-1
    )


times = sim.trange(sample_every=0.01)
path = find_hand(np.array([move(t)[:2] for t in times]))
colours = {"fixed": FIXED, "learned": LEARNED}
figure, (space, time) = plt.subplots(
    1, 2, figsize=(8, 3.4), width_ratios=[1, 1.5], layout="compressed"
)
space.plot(*path[-400:].T, color="0.8", linewidth=6, label="target")
for name, colour in colours.items():
    hand = find_hand(sim.data[angles[name]])
    space.plot(*hand[-400:].T, color=colour, linewidth=1.2, label=name)
    squares = np.sum(sim.data[errors[name]] ** 2, axis=1).reshape(20, 100)
    time.plot(
        np.arange(20) + 0.5, np.sqrt(squares.mean(axis=1)), color=colour, label=name
    )
space.set(
    xlabel="x of the hand (m)",
    ylabel="y of the hand (m)",
    aspect="equal",
    title="The last four seconds",
)
time.set(xlabel="Time (s)", ylabel="Tracking error (rad)", yscale="log")
ticks = [0.01, 0.02, 0.05, 0.1]
time.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
time.set_yticks([], minor=True)
time.legend(title="Encoders", frameon=False)
for axes in (space, time):
    axes.spines[["top", "right"]].set_visible(False)

# %%
# ``nengo-fa arm`` repeats this with other neurons, movements and loads, and chooses the best learning
# rate for fixed encoders.
