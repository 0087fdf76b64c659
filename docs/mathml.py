"""An extension of Sphinx that writes equations as MathML.

Browsers draw MathML themselves, so that pages need neither a script nor a network.
"""

from docutils import nodes
from latex2mathml.converter import convert


def visit_math(self, node):
    """Write an equation within a line."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def visit_math_block(self, node):
    """Write an equation of its own."""
    math = convert(node.astext(), display="block")
    self.body.append(f'<div class="math">{math}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Register the renderer; Sphinx calls this."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
