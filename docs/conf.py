import logging
import sys
from pathlib import Path

import nengo
from sphinx_gallery.sorting import ExplicitOrder

from nengo_fa.version import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "nengo_fa"
author = copyright = "The nengo_fa developers"
version = release = __version__

extensions = [
    "mathml",
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
default_role = "py:obj"
autodoc_mock_imports = ["nengo_ocl", "pyopencl"]
autodoc_typehints = "none"  # docstrings say types, with shapes
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_ivar = True
plot_html_show_formats = False
plot_html_show_source_link = True
plot_formats = [("png", 150)]

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "",  # all of them are computed
    "within_subsection_order": ExplicitOrder(
        [
            "first_network.py",
            "regression.py",
            "digits.py",
            "adaptive_arm.py",
            "recurrent_dynamics.py",
            "product.py",
            "several_layers.py",
            "own_rule.py",
            "watch_in_gui.py",
            "deploy.py",
        ]
    ),
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "image_srcset": ["2x"],
    "min_reported_time": float("inf"),
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,  # a page that needs a network
}
logging.getLogger("nengo").setLevel(logging.WARNING)
# what examples show is what they print; builds side by side do not share a cache
nengo.rc["progress"]["progress_bar"] = nengo.rc["decoder_cache"]["enabled"] = "False"

# The inventories are kept here, as text, and hold what these pages refer to.
intersphinx_mapping = {
    name: (address, str(HERE / "inventories" / f"{name}.txt"))
    for name, address in {
        "matplotlib": "https://matplotlib.org/stable/",
        "nengo": "https://www.nengo.ai/nengo/",
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
        "sklearn": "https://scikit-learn.org/stable/",
        "xarray": "https://docs.xarray.dev/en/stable/",
    }.items()
}
nitpicky = True
nitpick_ignore_regex = [
    # words and shapes in the types of docstrings, such as "optional" and "(n_neurons, d)"
    ("py:class", r"[^.]*|.*[ ={].*"),
    # names that Nengo's own docstrings use, where methods inherit them
    ("py:obj", r"get_signals|make_state|Process\..*"),
    # where classes are defined, as in annotations; their pages have shorter names
    ("py:class", r"nengo\.(builder\.builder\.Model|(connection|network)\.\w+)"),
    # without a reference to link to
    ("py:class", r"nir\.NIRGraph"),
]

html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_theme = "furo"
html_title = f"nengo_fa {release}"
exclude_patterns = ["_build", "examples", "inventories"]
