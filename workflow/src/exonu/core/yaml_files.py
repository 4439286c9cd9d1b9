"""YAML read safely: plain values only, and no file that is small on disk and endless in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from exonu.core.errors import InputError, raise_all
from exonu.core.text_files import read_text

MAX_DEPTH = 50
"""Levels of nesting; deeper ones exhaust the stack of the parser, which ends Python without a
word."""
MAX_VALUES = 1_000_000
"""Values with all aliases expanded: ten lines can stand for billions."""

_SAFE_LOADER: Any = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # in C, where PyYAML was built with it
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class _Loader(_SAFE_LOADER):  # type: ignore[misc]
    """YAML 1.2 (PyYAML reads 1.1, where `1:30` is 90 and `no` is false), without duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is there twice or is not a name", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _whole_number(loader: Any, node: yaml.ScalarNode) -> int:
    """`010` is 8 in YAML 1.1 and 10 in YAML 1.2: whoever wrote it is asked."""
    text = str(node.value)
    if re.fullmatch("[-+]?0[0-9]+", text):
        raise yaml.constructor.ConstructorError(
            None,
            None,
            f"{text} is 8-based to some programs and not to others: write it without the leading zero, or in quotes",
            node.start_mark,
        )
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text, base)


_TYPES = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}
"""How YAML 1.2 (core schema, section 10.3.2) writes truth values and numbers; all else is text."""

_Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0].rpartition(":")[2] not in _TYPES]
    for first, rules in _SAFE_LOADER.yaml_implicit_resolvers.items()
}
for _kind, (_pattern, _first) in _TYPES.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"(?:{_pattern})\Z"), list(_first)
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping; faults are `InputError`s with file and line."""
    text = read_text(path, "YAML")
    try:
        _check_depth(text, path)
        content = yaml.load(text, Loader=_Loader)  # a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else f"line {mark.line + 1}"
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "is not YAML"
        raise InputError(
            str(problem), file=path, field=line, remedy="mind indentation, colons and brackets"
        ) from None
    except InputError:
        raise
    except ValueError as error:  # 31 February, or a number of thousands of digits
        problem = str(error).partition(";")[0]
        raise InputError(
            f"holds an impossible value ({problem})", file=path, remedy="quote texts"
        ) from None
    if not isinstance(content, dict):
        raise InputError("holds no `key: value` lines", file=path, remedy="see config/README.md")
    check_values(content, path)
    return content


def parse_value(text: str, field: str) -> Any:
    """One value as YAML writes it, of the command line.

    Raises:
        InputError: text that is no value.

    >>> parse_value("0.1", "x"), parse_value("[1, 30]", "x"), parse_value("1:30", "x")
    (0.1, [1, 30], '1:30')
    """
    if len(text) > 10_000:
        raise InputError("is too long for a value", field=field, remedy="write it into the file")
    try:
        _check_depth(text, field)
        value = yaml.load(text, Loader=_Loader)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error)
        raise InputError(
            f"is no value of YAML ({problem}: {text!r})", field=field, remedy="mind the quotes"
        ) from None
    check_values(value, field)
    return value


def _check_depth(text: str, path: str | Path) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_SAFE_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark = event.start_mark
            line = None if mark is None else f"line {mark.line + 1}"
            raise InputError(
                f"is nested deeper than {MAX_DEPTH} levels",
                file=path,
                field=line,
                remedy="mind the brackets",
            )


def check_values(content: Any, file: str | Path) -> None:
    """Refuse what settings never hold and no schema can refuse.

    Raises:
        InputError: endless aliases, or one line per value that is neither text nor finite number
            nor truth value.
    """
    if _size(content, {}, file) > MAX_VALUES:
        raise InputError(
            f"stands for more than {MAX_VALUES} values",
            file=file,
            remedy="write them out instead of aliases (*name)",
        )
    raise_all(_odd_values(content, file))


def _size(content: Any, known: dict[int, int | None], file: str | Path) -> int:
    """Number of values with aliases expanded; `known` holds that of each collection, None while it
    is counted."""
    if not isinstance(content, Mapping | list):
        return 1
    place = id(content)
    if place not in known:
        known[place] = None
        parts = content.values() if isinstance(content, Mapping) else content
        known[place] = 1 + sum(_size(part, known, file) for part in parts)
    found = known[place]
    if found is None:
        raise InputError(
            "contains itself", file=file, remedy="write it out instead of an alias (*name)"
        )
    return found


def _odd_values(content: Any, file: str | Path, field: str | None = None) -> Iterator[InputError]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            place = f"{field}.{key}" if field else str(key)
            if not isinstance(key, str):
                yield InputError(
                    "is not a name",
                    file=file,
                    field=place,
                    remedy=f"if it is meant, quote it: '{key}'",
                )
            else:
                yield from _odd_values(value, file, place)
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from _odd_values(value, file, f"{field}.{number}" if field else str(number))
    elif isinstance(content, int | float):
        if not _is_finite(content):
            yield InputError(
                f"must be a finite number (got {str(content)[:20]})",
                file=file,
                field=field,
                remedy="write a number",
            )
    elif isinstance(content, str):
        if found := _NO_TEXT.search(content):
            problem = f"holds the character {found.group()!a}, which is not a text"
            yield InputError(problem, file=file, field=field, remedy="remove it")
    elif content is not None:
        yield InputError(
            f"is a {type(content).__name__} ({str(content)[:40]})",
            file=file,
            field=field,
            remedy="quote it as a text",
        )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond floating point
        return False
