"""The arm obeys physics, and the controller learns from its error."""

import nengo
import numpy as np
import pytest
from nengo.exceptions import SimulationError, ValidationError

import nengo_fa
from nengo_fa.networks import (
    AdaptiveController,
    ControlledArm,
    ScaleError,
    TwoJointArm,
)

FREE = {"damping": 0.0, "friction": 0.0}


def simulate(arm, torque, seconds, dt=0.001):
    """Angles and velocities over time, (n_steps, 4)."""
    state = arm.make_state((2,), (4,), dt)
    step = arm.make_step((2,), (4,), dt, None, state)
    return np.array([step(0, torque).copy() for _ in range(round(seconds / dt))])


def find_energy(arm, q, v):
    """Sum over many points of mass; from positions alone, and not from a formula."""
    fractions = (np.arange(2000) + 0.5) / 2000

    def place(q):
        upper, fore = (
            length * np.array([np.cos(angle), np.sin(angle)])
            for length, angle in zip(arm.lengths, (q[0], q[0] + q[1]))
        )
        links = [np.outer(fractions, upper), upper + np.outer(fractions, fore)]
        return np.vstack([*links, upper + fore])

    n = len(fractions)
    mass = np.concatenate([*(np.full(n, m / n) for m in arm.masses), [arm.load]])
    h = 1e-5
    velocity = (place(q + h * v) - place(q - h * v)) / (2 * h)
    kinetic = 0.5 * mass @ np.sum(velocity**2, axis=1)
    return kinetic + arm.gravity * mass @ place(q)[:, 1]


@pytest.mark.parametrize("load", [0.0, 1.5])
def test_energy_is_conserved_without_friction(load):
    arm = TwoJointArm(load, start=(0.7, 1.1), **FREE)
    states = simulate(arm, np.zeros(2), 2)
    energies = [find_energy(arm, x[:2], x[2:]) for x in states[::100]]
    swing = np.ptp(states[:, 2])
    assert swing > 5
    assert np.ptp(energies) < 1e-4
    # a load that is not in the equations would not conserve it
    wrong = TwoJointArm(load + 0.1, start=(0.7, 1.1), **FREE)
    energies = [find_energy(wrong, x[:2], x[2:]) for x in states[::100]]
    assert np.ptp(energies) > 0.1


def test_integrator_is_of_fourth_order():
    arm = TwoJointArm(1.0, start=(0.7, 1.1), **FREE)
    exact, *ends = (
        simulate(arm, np.ones(2), 0.4, dt)[-1] for dt in (0.0005, 0.02, 0.01)
    )
    coarse, fine = (np.abs(end - exact).max() for end in ends)
    assert 10 < coarse / fine < 24


def test_torque_holds_the_arm_against_gravity(allclose):
    arm = TwoJointArm(2.0, start=(0.3, 0.9), **FREE)
    fore = arm.gravity * 0.3 * (1.5 / 2 + 2) * np.cos(0.3 + 0.9)
    upper = arm.gravity * 0.3 * (2 / 2 + 1.5 + 2) * np.cos(0.3)
    states = simulate(arm, np.array([upper + fore, fore]), 0.05)
    assert allclose(states[:, :2], [0.3, 0.9], atol=1e-6)


def test_friction_brings_the_arm_to_rest():
    arm = TwoJointArm(gravity=0.0, start=(0.0, 1.0))
    state = arm.make_state((2,), (4,), 0.001)
    state["state"][2:] = [3, -3]
    step = arm.make_step((2,), (4,), 0.001, None, state)
    speeds = [np.abs(step(0, np.zeros(2))[2:]).max() for _ in range(2000)]
    assert speeds[-1] < 0.01 < speeds[0]


def test_muscles_have_a_limit():
    arm = TwoJointArm(max_torque=5.0)
    most, more = (simulate(arm, np.full(2, torque), 0.02) for torque in (5.0, 500.0))
    assert np.array_equal(most, more)


def test_a_further_load_is_a_load(Simulator):
    with nengo.Network() as model:
        one = nengo.Node(TwoJointArm(0.5), size_in=3)
        nengo.Connection(nengo.Node([1.0]), one[2], synapse=None)
        two = nengo.Node(TwoJointArm(1.5))
        probes = [nengo.Probe(node) for node in (one, two)]
    with Simulator(model) as sim:
        sim.run(0.1)
    assert np.array_equal(*(sim.data[probe] for probe in probes))


@pytest.mark.parametrize(
    "options",
    [
        {"load": -1},
        {"masses": (1, 0)},
        {"lengths": (0.3, np.nan)},
        {"friction": np.inf},
        {"start": (np.inf, 0)},
        {"start": (0, 0, 0)},
    ],
    ids=str,
)
def test_refuses_an_arm(options):
    (name,) = options
    with pytest.raises(ValidationError) as info:
        TwoJointArm(**options)
    assert info.value.attr == name


def test_refuses_a_node_of_another_size(Simulator):
    with nengo.Network() as model:
        nengo.Node(TwoJointArm(), size_in=4)
    with pytest.raises(ValidationError, match="size_in=2, or 3"):
        Simulator(model)


def test_says_that_time_steps_are_too_long(Simulator):
    with nengo.Network() as model:
        torques = nengo.Node([50.0, -50.0])
        arm = nengo.Node(TwoJointArm(start=(0, 1)))
        nengo.Connection(torques, arm, synapse=None)
    with Simulator(model, dt=1.0) as sim:
        with pytest.raises(SimulationError, match="smaller dt"):
            sim.run_steps(100)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_scaled_error_has_no_unit(Simulator, unit, allclose):
    with nengo.Network() as model:
        error = nengo.Node(lambda t: unit * np.exp(-t / 0.02) * np.array([3, 4]))
        scaled = nengo.Node(ScaleError(2))
        nengo.Connection(error, scaled, synapse=None)
        probe = nengo.Probe(scaled)
    with Simulator(model) as sim:
        sim.run(0.1)
    # the largest mean is that of the first step
    expected = np.exp(-(sim.trange() - sim.dt) / 0.02)[:, np.newaxis] * [0.6, 0.8]
    assert allclose(sim.data[probe], expected)


def make_model(seed=1, **options):
    with nengo.Network(seed=seed) as model:
        target = nengo.Node(lambda t: [np.sin(3 * t), 1.2, 3 * np.cos(3 * t), 0])
        model.arm = ControlledArm(TwoJointArm(1.0), seed=seed, **options)
        nengo.Connection(target, model.arm.target, synapse=None)
        model.controller = model.arm.controller
    return model


def test_control_signal_is_as_declared(Simulator, allclose):
    model = make_model(learning=0.0)
    with model:
        state = nengo.Probe(model.arm.arm)
        output = nengo.Probe(model.controller.output)
        drive = nengo.Probe(model.controller.population)
        target = nengo.Probe(model.arm.target)
    with Simulator(model) as sim:
        sim.run(0.1)
    miss = sim.data[target] - sim.data[state]
    assert allclose(sim.data[output], 40 * miss[:, :2] + 6 * miss[:, 2:])
    assert np.ptp(sim.data[output]) > 1 and drive in sim.data


def test_population_sees_the_normalized_state(Simulator, allclose):
    model = make_model()
    with model:
        state = nengo.Probe(model.arm.arm)
        seen = nengo.Probe(model.controller.population, "input")
    with Simulator(model) as sim:
        sim.run(0.05)
    expected = (sim.data[state] - [0, 1.2, 0, 0]) / [0.6, 0.6, 2.5, 2.5] / 2
    assert allclose(sim.data[seen], expected)


def test_learning_is_switched_off_exactly(Simulator):
    model = make_model(learning=lambda t: t <= 0.05)
    with model:
        rule = model.controller.encode.learning_rule
        probes = [
            nengo.Probe(rule, "scaled_encoders"),
            nengo.Probe(model.controller.decode, "weights"),
        ]
    with Simulator(model) as sim:
        sim.run(0.1)
    for probe in probes:
        moving = np.any(np.diff(sim.data[probe], axis=0), axis=(1, 2))
        assert np.any(moving[:50]) and not np.any(moving[51:])


def test_rules_are_all_that_differs(Simulator):
    built = []
    for rule in (None, nengo_fa.FeedbackAlignment(2, 0)):
        model = make_model(encoder_rule=rule)
        with model:
            error = nengo.Probe(model.arm.error)
        with Simulator(model) as sim:
            sim.run(0.1)
        ensemble = sim.data[model.controller.population]
        built.append((ensemble.encoders, ensemble.bias, sim.data[error]))
    for one, other in zip(*built):
        assert np.allclose(one, other)


def test_goes_on_after_an_interruption(check_resumed):
    model = make_model()
    with model:
        nengo.Probe(model.arm.error)
        nengo.Probe(model.controller.output)
        nengo.Probe(model.controller.encode.learning_rule, "scaled_encoders")
    model.nodes[0].output = [0.5, 1.0, 0.0, 0.0]  # functions here cannot be pickled
    check_resumed(model)


@pytest.mark.parametrize(
    "options",
    [
        {"dimensions": 0},
        {"center": (0, 0, 0)},
        {"spread": 0},
        {"spread": "wide"},
        {"proportional": np.nan},
        {"derivative": [1, 2]},
    ],
    ids=str,
)
def test_refuses_a_controller(options):
    (name,) = options
    with nengo.Network(), pytest.raises(ValidationError) as info:
        gains = {"proportional": 1, "derivative": 1}
        AdaptiveController(**{"dimensions": 2, **gains, **options})
    assert info.value.attr == name
