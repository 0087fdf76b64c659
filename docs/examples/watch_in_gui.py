"""
Watch it learn in Nengo GUI
===========================

Save this script, then ``pip install nengo-gui`` and ``nengo watch_in_gui.py`` open it in a browser.
Press play. Right-click on the box of a view and choose *HTML* to see it.
"""

# %%
# A view is a node of the network. These three are about the connection that is taught.

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
# Outside Nengo GUI a view works as well: it holds the document that the browser would show. This is
# what it shows after 40 seconds.


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
# ``models`` in the repository has larger ones with sliders; ``nengo-fa models FOLDER`` copies them.
# :doc:`/gui` has all views, and how to write your own.

# sphinx_gallery_thumbnail_path = '_static/front_page.png'
