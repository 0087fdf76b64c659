"""One network learns several tasks, each with other useful preferred directions.

In Nengo GUI, press play, choose a task with the slider, and watch the directions.
- product, x1 x2 (like XOR: do both have the same sign?): errors are largest on the two
  diagonals, and directions gather along both.
- ring (is |x| near 0.7?): all directions are equally useful. Directions move, but do not
  gather, and the error hardly falls below the error with fixed encoders.
- mean, (x1 + x2) / 2: only one diagonal matters. Half of the directions turn to its ends,
  and few stay near the other diagonal.
Decoders learn as well: the error jumps with a new task, and falls again. Reset takes the
directions back to the start. ``python models/tasks.py [seconds]`` learns one task after
the other, each from the start, and saves a figure.
"""

import nengo
import numpy as np

from nengo_fa import gui
from nengo_fa.geometry import preferred_directions
from nengo_fa.gui.controls import choose
from nengo_fa.gui.nodes import View
from nengo_fa.networks import MultiplicationComparison

TASKS = {
    "product": lambda x: x[0] * x[1],
    "ring": lambda x: np.exp(-(((np.hypot(*x) - 0.7) / 0.35) ** 2)),
    "mean": lambda x: (x[0] + x[1]) / 2,
}
FUNCTIONS = list(TASKS.values())


class Task(View):
    """Shows the name of the task, and sets the target of the view of errors."""

    def make_step(self, model, arrays, dt):
        targets = [np.array([[f(x)] for x in fields.points]) for f in FUNCTIONS]

        def step(x, is_due):
            if is_due:
                chosen = choose(TASKS, x[0])
                fields.targets = targets[chosen]
                return gui.views.choices("The task", {"task": list(TASKS)}, [chosen])

        return step


with nengo.Network(seed=1) as model:
    controls = gui.Controls(neuron=1)
    task = nengo.Node([0], label="task")
    target = nengo.Node(
        lambda t, x: FUNCTIONS[choose(TASKS, x[2])](x[:2]), size_in=3, label="target"
    )
    nengo.Connection(task, target[2], synapse=None)

    # two networks with the same input; their built-in target, the product, is not used
    pair = MultiplicationComparison(50, encoder_rule=None, learning=None, seed=1)
    pair.label = "networks"
    nengo.Connection(pair.stimulus, target[:2], synapse=None)
    nengo.Connection(controls.learning, pair.learning, synapse=None)
    learned, fixed = pair.learned, pair.fixed
    learned.output.label = "output, learned"
    encode, decode = learned.encode, learned.decode
    for net in (learned, fixed):
        net.target.output = lambda t, x: 0
        nengo.Connection(target, net.error, transform=-1, synapse=0.005)
    controls.teach(encode, decode, learned.error)

    with nengo.Network(label="views") as shown:
        note = gui.Note(
            "Press play, and choose a task with its slider. Each task needs other "
            "preferred directions."
        )
        name = Task("The task", size_in=1)
        nengo.Connection(task, name, synapse=None)
        directions = gui.PreferredDirections(
            encode, controls.neuron, label="Learned: preferred directions"
        )
        tuning = gui.TuningCurves(
            encode, controls.neuron, label="Learned: tuning curves"
        )
        fields = gui.ErrorFields(
            encode,
            decode,
            FUNCTIONS[0],
            controls.neuron,
            label="Learned: error that teaches",
        )
        errors = gui.ErrorHistory({"learned": learned.error, "fixed": fixed.error})

if __name__ == "__main__":
    from matplotlib.figure import Figure

    from nengo_fa import plots
    from nengo_fa.cli.shared import read_seconds

    seconds = read_seconds(40)
    with model:
        probes = [nengo.Probe(net.error, synapse=0.02) for net in (learned, fixed)]
    figure = Figure(figsize=(12, 4), layout="constrained")
    for i, (word, axes) in enumerate(zip(TASKS, figure.subplots(1, len(TASKS)))):
        task.output = [i]
        with nengo.Simulator(model) as sim:
            sim.run(seconds)
            start = sim.data[learned.hidden].encoders
            plots.draw_encoders(axes, start, preferred_directions(sim, learned.hidden))
            halves = [sim.data[probe][sim.n_steps // 2 :] for probe in probes]
        rmse, rmse_fixed = np.sqrt(np.mean(np.square(halves), axis=(1, 2)))
        axes.set_title(f"{word}: RMSE {rmse:.3f} (fixed: {rmse_fixed:.3f})")
        print(axes.get_title())
    figure.savefig("tasks.png", dpi=150)
    print("Figure: tasks.png")
