"""The form of pyhf's workspaces, by the schema that pyhf ships.

pyhf itself is not imported: that takes ten times as long as to read and compile a workspace."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from exonu.core.files import read_json

VERSION = "1.0.0"
"""Version of pyhf's form of workspaces that is read, as of pyhf 0.7."""


def form_fault(spec: Any) -> tuple[str, str] | None:
    """What pyhf's schema finds wrong with a workspace first, and where; None if it is of that form.

    Args:
        spec: the workspace as JSON.

    >>> form_fault({"version": "1.0.0", "channels": [{"name": "c"}], "measurements": [], "observations": []})
    ("'samples' is a required property", 'channels[0]')
    """
    fault = next(_validator().iter_errors(spec), None)
    if fault is None:
        return None
    steps = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in fault.absolute_path)
    return fault.message.rstrip(". "), "".join(steps).removeprefix(".")


@cache
def _validator() -> Any:
    import jsonschema  # here, since only few commands check a form

    found = find_spec("pyhf")
    [folder] = (found and found.submodule_search_locations) or [""]
    schema = read_json(Path(folder) / "schemas" / VERSION / "defs.json")
    return jsonschema.Draft6Validator({**schema, "$ref": "#/definitions/workspace"})
