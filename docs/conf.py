"""How the pages are built: Markdown by MyST, docstrings by autodoc, equations as MathML. Nothing needs a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from jaxopt_lab import __version__

project = "jaxopt_lab"
author = "The jaxopt_lab authors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "cyclopts.ext.sphinx",
    # of our own, in _ext
    "catalogue",
    "mathml",
    "pages",
    "references",
    "signatures",
]
exclude_patterns = ["_build"]
nitpicky = True
default_role = "py:obj"  # docstrings write `sweep`

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Reference", "References")]
napoleon_use_ivar = True
napoleon_attr_annotations = False  # the signature above says them
napoleon_use_rtype = False
python_maximum_signature_line_length = 100
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"jaxopt_lab {release}"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
