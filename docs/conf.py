"""Builds the documentation: `make docs`. Warnings are errors, and nothing is loaded from a network,
ever."""

import re
import sys
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "workflow" / "src"))

from exonu import __version__ as release  # noqa: E402

# GitHub draws these graphs; a page that loads nothing from a network shows their text.
lexers["mermaid"] = TextLexer()

project = "exonu"
author = "The exonu developers"
project_copyright = "The exonu developers, BSD 3-Clause"
version = release
extensions = ["myst_parser"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"exonu {release}"
html_math_renderer = "mathml"
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["_build"]
nitpicky = True

PAGES = {
    "docs/": "",
    "config/README.md": "config.md",
    "results/README.md": "results.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Where the pages of this site are that other files of the repository link to."""


def point_into_the_site(app, name, source):
    """Links that work in the repository, in pages that are included here from elsewhere, work on
    the site too."""
    for folder, page in PAGES.items():
        source[0] = re.sub(rf"\]\((?:\.\./)*{re.escape(folder)}", f"]({page}", source[0])
    source[0] = re.sub(
        r"^#+ [^`\n]*$",
        lambda heading: heading[0].replace("<", r"\<"),
        source[0],
        flags=re.MULTILINE,
    )


def formula(translator, node):
    """A formula as MathML, which browsers draw without a script."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    translator.body.append(convert(node.astext(), display=display))
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer(
        "mathml", inline_renderers=(formula, None), block_renderers=(formula, None)
    )
    app.connect("source-read", point_into_the_site)
    app.connect(
        "include-read", lambda app, path, name, source: point_into_the_site(app, name, source)
    )
