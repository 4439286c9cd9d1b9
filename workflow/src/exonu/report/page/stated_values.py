"""Whose numbers an analysis rests on: every value of a YAML that carries a status, and every choice
of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exonu.core.settings import Settings, resolved

STATUSES = ("published", "derived", "assumed")


@dataclass(frozen=True)
class Stated:
    """One value.

    Attributes:
        place: its place in the YAML, e.g. ``backgrounds.B0.normalisation``.
        value: as it stands there, in short.
        status: `published`, `derived` or `assumed`.
        source: where it stands in the literature, or why it was assumed; may be empty.
    """

    place: str
    value: str
    status: str
    source: str


def stated(content: Any, place: str = "") -> Iterator[Stated]:
    """Every value with a status: a mapping with the key `status`, or a key beside its own
    `<key>_status`.

    >>> [row] = stated({"exposure": {"value": 1.16, "status": "published", "source": "a paper"}})
    >>> row.place, row.value, row.status
    ('exposure', '1.16', 'published')
    """
    if isinstance(content, Mapping):
        if content.get("status") in STATUSES:
            value = {key: part for key, part in content.items() if key not in ("status", "source")}
            text = shown(value["value"] if set(value) == {"value"} else value)
            yield Stated(place, text, str(content["status"]), str(content.get("source", "")))
        for key, part in content.items():
            if content.get(f"{key}_status") in STATUSES:
                yield Stated(
                    f"{place}.{key}".lstrip("."), shown(part), str(content[f"{key}_status"]), ""
                )
            if not (key == "value" and "status" in content):
                yield from stated(part, f"{place}.{key}".lstrip("."))
    elif isinstance(content, list):
        for index, part in enumerate(content):
            name = part.get("name", index) if isinstance(part, Mapping) else index
            yield from stated(part, f"{place}.{name}")


def injected_truth(events: Mapping[str, Any]) -> list[Stated]:
    """In what simulated data differ from the simulation that describes them: all of it is
    assumed."""
    truth = events.get("simulation", {}).get("truth", {})
    source = "in the simulated data, unlike in the simulation that describes them"
    return [
        Stated(f"simulation.truth.{place}", value, "assumed", source)
        for place, value in leaves(truth)
    ]


def leaves(content: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, str]]:
    """Dotted place and value of everything that is not a mapping.

    >>> list(leaves({"physics": {"atomic": {"weak": "free"}, "sources": ["pp", "be7"]}}))
    [('physics.atomic.weak', 'free'), ('physics.sources', 'pp, be7')]
    """
    for key, part in content.items():
        name = f"{place}.{key}".lstrip(".")
        if isinstance(part, Mapping) and part:
            yield from leaves(part, name)
        else:
            yield name, shown(part)


def shown(value: Any) -> str:
    """A value in a line.

    >>> shown({"constraint": "gaussian", "uncertainty": 0.06}), shown(True), shown(1e-11)
    ('constraint: gaussian, uncertainty: 0.06', 'yes', '1e-11')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(shown(part) for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Choice:
    """A setting, its value, what it means, and whether its meaning says that it is assumed."""

    place: str
    value: str
    meaning: str
    is_assumed: bool


def choices(settings: Settings, schema: Settings) -> list[Choice]:
    """The settings as merged, with the meaning that the schema gives them."""
    made = []
    for place, value in leaves(settings):
        meaning = _meaning(place.split("."), schema, schema)
        made.append(Choice(place, value, meaning.replace(" [assumed]", ""), "[assumed]" in meaning))
    return made


def _meaning(path: list[str], schema: Settings, root: Settings) -> str:
    """The description of a key; that of the nearest key above it where it has none."""
    part, found = resolved(schema, root), ""
    for key in path:
        inner = part.get("properties", {}).get(key)
        if inner is None:
            rest = part.get("additionalProperties")
            inner = rest if isinstance(rest, dict) else {}
        found = inner.get("description", "") or found
        part = resolved(inner, root)
        found = inner.get("description", "") or part.get("description", "") or found
    return found
