"""Whatever goes wrong in a model is shown in the console of Nengo GUI."""

from pathlib import Path

import pytest

MODELS = Path(__file__).parent.parent.parent / "models"

# model under a name, and the last line in the console
AT_OPENING = {
    "syntax": ("model = = 2", "SyntaxError: invalid syntax"),
    "script": ("raise RuntimeError('broken script')", "RuntimeError: broken script"),
    "typo": ("model = nengo.Networks()", "has no attribute 'Networks'"),
    "declaration": (
        """
with nengo.Network() as model:
    rule = nengo_fa.FeedbackAlignment(1, learning_rate=-1)
""",
        "FeedbackAlignment.learning_rate: Value must be",
    ),
}

AT_BUILDING = {
    "build": (
        """
with nengo.Network() as model:
    stimulus = nengo.Node([0])
    ensemble = nengo.Ensemble(1, 1, neuron_type=nengo.Direct())
    rule = nengo_fa.FeedbackAlignment(1)
    nengo.Connection(stimulus, ensemble, learning_rule_type=rule)
""",
        "Give the ensemble another neuron type, such as nengo.LIF()",
    ),
}

WHILE_RUNNING = {
    "node": (
        """
def count(t):
    if t > 0.1:
        raise RuntimeError("broken node")

with nengo.Network() as model:
    nengo.Node(count, size_out=0)
""",
        "RuntimeError: broken node",
    ),
    "view": (
        """
def view(t):
    if t > 0.1:
        raise RuntimeError("broken view")
    view._nengo_html_ = f"<svg data-t='{t}'></svg>"

view._nengo_html_ = ""

with nengo.Network() as model:
    shown = nengo.Node(view, size_out=0)
""",
        "RuntimeError: broken view",
    ),
    "view of nengo_fa": (
        """
from nengo_fa.gui.nodes import View

class Broken(View):
    def make_step(self, model, arrays, dt):
        n_steps = 0

        def step(x, is_due):
            nonlocal n_steps
            n_steps += 1
            if n_steps > 100:
                raise RuntimeError("broken drawing")
            return f"<svg data-n='{n_steps}'></svg>" if is_due else None

        return step

with nengo.Network() as model:
    shown = Broken("shown")
""",
        "RuntimeError: broken drawing",
    ),
    "on_step": (
        """
model = nengo.Network()

def on_step(sim):
    if sim.time > 0.1:
        raise RuntimeError("broken on_step")
""",
        "RuntimeError: broken on_step",
    ),
}

LAYOUT = "_viz_0 = nengo_gui.components.HTMLView(shown)\n"


def write(folder, script):
    path = folder / "model.py"
    path.write_text(f"import nengo\nimport nengo_fa\n{script}")
    path.with_name("model.py.cfg").write_text(LAYOUT)
    return path


@pytest.mark.parametrize("name", AT_OPENING)
def test_error_at_opening(open_model, tmp_path, name):
    script, message = AT_OPENING[name]
    gui = open_model(write(tmp_path, script))
    gui.wait(lambda: gui.console_error, "the error")
    assert message in gui.console_error.splitlines()[-1]


@pytest.mark.parametrize("name", AT_BUILDING)
def test_error_at_building(open_model, tmp_path, name):
    script, message = AT_BUILDING[name]
    gui = open_model(write(tmp_path, script))
    gui.play()
    gui.wait(lambda: gui.console_error, "the error")
    assert message in gui.console_error.splitlines()[-1]
    assert gui.state == "error"
    assert gui.time == 0


@pytest.mark.parametrize("name", WHILE_RUNNING)
def test_error_while_running(open_model, tmp_path, name):
    script, message = WHILE_RUNNING[name]
    gui = open_model(write(tmp_path, script))
    assert gui.console_error == ""
    gui.play()
    gui.wait(lambda: gui.console_error, "the error")
    assert message in gui.console_error.splitlines()[-1]
    gui.wait(lambda: gui.state == "error", "the sign of an error")
    gui.wait(lambda: gui.time > 0.05, "the time of the error")
    # drawn, before it failed
    gui.wait(lambda: all(view.data for view in gui.views.values()), "the last drawing")
    with pytest.raises(AssertionError, match=message):
        gui.run(0.1)


@pytest.mark.parametrize(
    "path", sorted(MODELS.glob("*.py")), ids=lambda path: path.stem
)
def test_no_on_start(path):
    """If on_start raises, Nengo GUI tells nobody, and its clock stays at zero.

    What a model needs of its simulator, it gets in operators or in on_step.
    """
    assert "on_start" not in path.read_text()
