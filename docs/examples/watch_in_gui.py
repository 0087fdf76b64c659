"""
Watch a network learn in Nengo GUI
==================================

Save this script, run ``pip install nengo-gui``, and open the script in a browser with
``nengo watch_in_gui.py``. Press play. To see a view, right-click on its box and choose *HTML*.
"""

# %%
# A view is a node of the network. These three views show how the connection with the rule learns.

import nengo

import nengo_fa
from nengo_fa import gui

with nengo.Network(seed=1) as model:
    stimulus = nengo.Node(
        nengo.processes.WhiteSignal(60, high=2, rms=0.5, seed=1), size_out=2
    )
    product = nengo_fa.networks.Multiplication(seed=1)
    nengo.Connection(stimulus, product.input, synapse=None)

    directions = gui.PreferredDirections(product.encode, neuron=3)
    errors = gui.ErrorHistory({"learned": product.error})
    angles = gui.AngleHistory({"learned": product.hidden})

# %%
# A view also works without Nengo GUI: it contains the document that the browser would show. These are
# the documents after 40 seconds.


class Show:
    """Shows views in a notebook."""

    def __init__(self, *views):
        self.views = views

    def _repr_html_(self):
        documents = [view.output._nengo_html_ for view in self.views]
        cells = "".join(f'<div style="width: 33%">{text}</div>' for text in documents)
        return f'<div style="display: flex; background: white">{cells}</div>'


if __name__ == "__main__":
    with nengo.Simulator(model) as sim:
        sim.run(40)

Show(directions, errors, angles)

# %%
# The folder ``models`` of the repository contains larger models with sliders; ``nengo-fa models FOLDER``
# copies them. :doc:`/gui` describes all views, and how to write your own.

# sphinx_gallery_thumbnail_path = '_static/front_page.png'
