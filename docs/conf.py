from nengo_fa.version import __version__

project = "nengo_fa"
author = copyright = "The nengo_fa developers"
version = release = __version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
default_role = "py:obj"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = True
napoleon_use_ivar = True
plot_html_show_formats = False
plot_html_show_source_link = True
plot_formats = [("png", 150)]

html_theme = "furo"
html_title = f"nengo_fa {release}"
exclude_patterns = ["_build"]
