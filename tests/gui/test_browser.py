"""The controls of Nengo GUI work, which the tests of models require."""

import pytest

MODEL = """
import nengo

def show(t, x):
    show._nengo_html_ = f"<svg data-t='{t}' data-x='{x[0]}'></svg>"

show._nengo_html_ = ""

with nengo.Network() as model:
    slider = nengo.Node([1.0], label="slider")
    view = nengo.Node(show, size_in=1, size_out=0, label="view")
    nengo.Connection(slider, view, synapse=None)
"""

LAYOUT = """
_viz_0 = nengo_gui.components.HTMLView(view)
_viz_1 = nengo_gui.components.Slider(slider)
_viz_config[_viz_1].width = 0.1
_viz_config[_viz_1].height = 0.2
_viz_config[_viz_1].x = 0.2
_viz_config[_viz_1].y = 0.5
_viz_config[_viz_1].label_visible = True
_viz_config[_viz_1].min_value = 0
_viz_config[_viz_1].max_value = 1
"""


@pytest.fixture
def gui(open_model, tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "model.py.cfg").write_text(LAYOUT)
    return open_model(tmp_path / "model.py")


def test_slider_and_reset(gui):
    assert gui.state == "paused"
    gui.run(0.1)
    assert gui.time >= 0.1
    assert gui.views["view"].data["x"] == "1.0"

    gui.set_slider("slider", 0.25)
    gui.run(0.1)
    assert gui.views["view"].data["x"] == "0.25"

    gui.reset()
    assert gui.time == 0
    gui.run(0.1)
    assert gui.views["view"].data["x"] == "1.0"


def test_errors_of_the_page(gui):
    assert gui.javascript_errors == []
    gui.browser.execute_script("setTimeout(() => undefined_function())")
    gui.wait(lambda: gui.javascript_errors, "the error")
    assert "undefined_function is not defined" in gui.javascript_errors[0]


def test_screenshot(gui, tmp_path):
    gui.screenshot(tmp_path / "screenshot.png")
    assert (tmp_path / "screenshot.png").stat().st_size > 10_000
