import sys
from pathlib import Path

from nengo_fa.version import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "nengo_fa"
author = copyright = "The nengo_fa developers"
version = release = __version__

extensions = [
    "mathml",
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
default_role = "py:obj"
autodoc_mock_imports = ["nengo_ocl", "pyopencl"]
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_ivar = True
plot_html_show_formats = False
plot_html_show_source_link = True
plot_formats = [("png", 150)]

html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_theme = "furo"
html_title = f"nengo_fa {release}"
exclude_patterns = ["_build"]
