"""The reference page of the configuration, made from the schemas.

python -m exonu.core.reference > docs/configuration.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exonu.core.resources import schema_path
from exonu.core.settings import Settings, read_yaml, resolved

HEAD = """# Reference of the configuration

Made from `workflow/schemas/` by `python -m exonu.core.reference`; do not edit. A key without a default that is not
marked required may be left out. What is wrong in a file is said before any work starts, with file, field and remedy.
"""
FILES = (
    ("config/config.yaml", schema_path("config.yaml")),
    ("config/<name>.yaml or config/<name>/analysis.yaml", schema_path("analysis.yaml")),
    ("an experiment's YAML", schema_path("experiment.yaml")),
    ("the events file of an analysis that starts from ROOT files", schema_path("events.yaml")),
)


def reference_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for title, file in FILES:
        schema = read_yaml(file)  # what the catalogue fills in has a page of its own
        parts.append(
            f"\n## {title}\n\n{schema['description']}\n\n| key | meaning | values | default |\n|---|---|---|---|"
        )
        parts.extend(_rows(schema, schema, ""))
    return "\n".join(parts) + "\n"


def _rows(schema: Settings, root: Settings, prefix: str) -> Iterator[str]:
    required = schema.get("required", [])
    for key, part in schema.get("properties", {}).items():
        described = resolved(part, root)
        default = described.get("default")
        shown = (
            "**required**"
            if key in required
            else ""
            if default in (None, {})
            else f"`{json.dumps(default)}`"
        )
        meaning = described.get("description", "")
        shared = part.get("$ref", "").rpartition("/")[2]
        if prefix and shared in root["properties"]:
            yield f"| `{prefix}{key}` | {meaning} | like `{shared}` | {shown} |"
            continue
        yield f"| `{prefix}{key}` | {meaning} | {_values(described, root)} | {shown} |"
        yield from _rows(described, root, f"{prefix}{key}.")
        if described.get("type") == "array":
            yield from _rows(
                resolved(described.get("items", {}), root), root, f"{prefix}{key}.<n>."
            )
    for branch in schema.get("allOf", []):
        form = branch["if"]["properties"]["form"]["const"]
        only = {key: part for key, part in branch["then"]["properties"].items() if key != "form"}
        for row in _rows(
            {"properties": only, "required": branch["then"]["required"]}, root, prefix
        ):
            yield row.replace(" | ", f" | (`{form}`) ", 1)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict) and (rest := resolved(rest, root)).get("properties"):
        yield from _rows(rest, root, f"{prefix}<name>.")


def _values(part: dict[str, Any], root: Settings) -> str:
    if "const" in part:
        return f"`{part['const']}`"
    if "x-catalogue" in part and part.get("type") != "object":
        return ", ".join(
            [*(f"`{name}`" for name in part.get("enum", ())), "see `exonu interactions`"]
        )
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if part.get("type") == "array":
        items = part.get("items")
        return f"list of {_values(resolved(items, root), root)}" if items else "list"
    words = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {part[word]}" for word, sign in words.items() if word in part]
    kinds = part.get("type", "")
    names = {"object": "mapping", "string": "text"}
    shown = [str(names.get(kind, kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])]
    return " ".join([" or ".join(shown), *limits])


if __name__ == "__main__":
    print(reference_page(), end="")
