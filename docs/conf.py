"""Builds the documentation: `make docs`. Warnings are errors, and nothing is loaded from a network,
ever."""

import json
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
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".ipynb": "markdown"}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
# Types of other libraries are named, not linked: an inventory of links would have to be loaded.
nitpick_ignore_regex = [("py:.*", ".*")]
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


def notebook_as_markdown(app, name, source):
    """A notebook as a page: its text, its code, and the outputs that it holds."""
    if not name.startswith("notebooks/"):
        return
    parts = []
    for cell in json.loads(source[0])["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(text)
            continue
        parts.append(f"```python\n{text}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {"text/plain": output.get("text", "")})
            if "image/png" in data:
                address = f"data:image/png;base64,{data['image/png'].strip()}"
                parts.append(f'<p><img alt="figure of the cell above" src="{address}"></p>')
            elif "text/html" in data:
                parts.append(f"<div>{''.join(data['text/html'])}</div>")
            else:
                parts.append(f"```text\n{''.join(data['text/plain']).rstrip()}\n```")
    source[0] = "\n\n".join(parts)


def formula(translator, node):
    """A formula as MathML, which browsers draw without a script.

    An index alone is one with an empty exponent: without a font for mathematics Chromium does not
    lower it otherwise."""
    display = "block" if isinstance(node, nodes.math_block) else "inline"
    written = convert(node.astext(), display=display)
    written = written.replace("<msub>", "<msubsup>").replace("</msub>", "<mrow></mrow></msubsup>")
    translator.body.append(written)
    raise nodes.SkipNode


ACCESSIBLE = {
    '<p class="caption" role="heading">': '<p class="caption" role="heading" aria-level="2">',
    "<pre>": '<pre tabindex="0">',
    '<div class="math-wrapper': '<div tabindex="0" class="math-wrapper',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}
"""What the theme leaves out: a heading has a level, and what scrolls can be reached by keys."""


def make_accessible(app, exception):
    """Complete the finished pages."""
    if exception is None and app.builder.format == "html":
        for page in Path(app.outdir).rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for plain, complete in ACCESSIBLE.items():
                text = text.replace(plain, complete)
            page.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("build-finished", make_accessible)
    app.add_html_math_renderer(
        "mathml", inline_renderers=(formula, None), block_renderers=(formula, None)
    )
    app.connect("source-read", notebook_as_markdown, priority=100)
    app.connect("source-read", point_into_the_site)
    app.connect(
        "include-read", lambda app, path, name, source: point_into_the_site(app, name, source)
    )
