"""Files of pyhf workspaces and of HS3, one made from the other; for `exonu hs3`."""

from __future__ import annotations

from pathlib import Path

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json, write_text
from exonu.core.types import Json
from exonu.core.yaml_files import check_values
from exonu.search.limit_records import read_model, refuse_other_form
from exonu.search.strengths import meaning_file
from exonu.statistics import compile_workspace
from exonu.statistics.workspaces.hs3 import from_hs3, to_hs3


def convert_file(file: Path, output: Path) -> Json:
    """Convert a pyhf workspace to HS3, or HS3 to a workspace, by what the file holds.

    The sidecar file of a workspace says which normfactor is the square of another: HS3 has a function
    for it, and a workspace made from HS3 gets such a page.

    Returns:
        What was written.

    Raises:
        InputError: a file that is neither, or what the other form cannot say.
    """
    content = read_json(file)
    check_values(content, file)  # JSON has no infinity, and readers make one of 1e400
    if isinstance(content, dict) and {"distributions", "likelihoods"} <= content.keys():
        workspace, ties = from_hs3(content, file)
        compile_workspace(workspace, poi_map=ties or None, file=file)  # what it says is a model
        write_json(output, workspace)
        if ties:
            lines = ["poi_map:", *(f"  {name}: {tie}" for name, tie in ties.items())]
            write_text(meaning_file(output), "\n".join(lines) + "\n")
        return {"written": str(output), "form": "pyhf workspace", "poi_map": ties}
    if isinstance(content, dict) and len(content.get("measurements") or ()) > 1:
        raise InputError(
            "has several measurements",
            file=file,
            field="measurements",
            remedy="keep the one that is meant",
        )
    _, meaning = read_model(file)
    refuse_other_form(content, file)
    ties = (meaning or {}).get("poi_map") or {}
    write_json(output, to_hs3(content, ties))
    return {"written": str(output), "form": "HS3", "poi_map": ties}
