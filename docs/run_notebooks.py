"""Runs the notebooks of the documentation and writes their outputs into them: `python
docs/run_notebooks.py [NOTEBOOK …]`, all of them without names.

As a notebook's kernel does it: a cell prints, and shows the value of its last line, but in one
process without Jupyter, which nothing else here needs. Figures become PNG."""

import ast
import base64
import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import nbformat
from matplotlib.figure import Figure

FOLDER = Path(__file__).resolve().parent / "notebooks"


def run(notebook: Any) -> None:
    """Execute all cells of a notebook from the top, and put their outputs into it."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), start=1):
        cell.execution_count = number
        cell.outputs = outputs_of(cell.source, names, number)


def outputs_of(source: str, names: dict[str, Any], number: int) -> list[Any]:
    """What one cell prints and shows."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), f"<cell {number}>", "exec"), names)
        value = None
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"<cell {number}>", "eval"), names)  # noqa: S307
    made = []
    if printed.getvalue():
        made.append(nbformat.v4.new_output("stream", name="stdout", text=printed.getvalue()))
    if value is not None:
        data = displayed(value)
        made.append(nbformat.v4.new_output("execute_result", data, execution_count=number))
    return made


def displayed(value: Any) -> dict[str, str]:
    """A value as text, and as HTML or a picture where it has one."""
    if isinstance(value, Figure):
        picture = io.BytesIO()
        value.savefig(picture, format="png", dpi=90, metadata={"Software": None})
        encoded = base64.b64encode(picture.getvalue()).decode("ascii")
        return {"text/plain": "<Figure>", "image/png": encoded}
    data = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        data["text/html"] = value._repr_html_()
    return data


def main(files: list[str]) -> None:
    for file in map(Path, files) if files else sorted(FOLDER.glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)
        run(notebook)
        nbformat.validate(notebook)
        nbformat.write(notebook, file)


if __name__ == "__main__":
    main(sys.argv[1:])
