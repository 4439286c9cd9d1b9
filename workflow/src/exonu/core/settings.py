"""Settings: YAML read safely, checked against a schema with all faults at once, completed with its defaults.

The schemas in `workflow/schemas/` are the one source of what is allowed, what it means and what its default is; the
reference page of the documentation is made from them too.
"""

from __future__ import annotations

import copy
import difflib
import math
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from exonu.core.errors import InputError, raise_all

Settings = dict[str, Any]

CONFIG_VERSION = 1
"""Version of the layout of all configuration files."""


_SAFE_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where PyYAML was built with it


class _Loader(_SAFE_LOADER):  # type: ignore[misc]
    """YAML as people write numbers (`1e-5` is one), without duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is there twice or is no name", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)$"),
    list("-+0123456789."),
)


def read_yaml(path: str | Path) -> Settings:
    """Read a YAML file that holds a mapping; faults are `InputError`s with file and line."""
    try:
        content = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=_Loader)  # a SafeLoader
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", file=path, remedy="give an existing file") from None
    except UnicodeDecodeError:
        raise InputError("is not text in UTF-8", file=path, remedy="save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else f"line {mark.line + 1}"
        problem = getattr(error, "problem", None) or "is not YAML"
        raise InputError(str(problem), file=path, field=line, remedy="mind indentation, colons and brackets") from None
    if not isinstance(content, dict):
        raise InputError("holds no `key: value` lines", file=path, remedy="see config/README.md")
    return content


@cache
def read_schema(path: Path) -> Settings:
    """Read a schema of `workflow/schemas/`."""
    return read_yaml(path)


def merged(base: Mapping[str, Any], override: Mapping[str, Any]) -> Settings:
    """`base` with the keys of `override`, mappings merged key by key, everything else replaced.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    result = copy.deepcopy(dict(base))
    for key, value in override.items():
        old = result.get(key)
        both_maps = isinstance(old, Mapping) and isinstance(value, Mapping)
        result[key] = merged(old, value) if both_maps else copy.deepcopy(value)  # type: ignore[arg-type]
    return result


def checked(content: Settings, schema_file: Path, file: str | Path) -> Settings:
    """Check settings against a schema and complete them with its defaults.

    Args:
        content: the settings as read.
        schema_file: the schema.
        file: name used in the messages.

    Raises:
        InputError: one line per fault, each with file, field and remedy.
    """
    schema = read_schema(schema_file)
    _check_version(content, file)
    raise_all(_faults(content, schema, file))
    completed: Settings = _completed(content, schema, schema)
    return completed


def _check_version(content: Settings, file: str | Path) -> None:
    version = content.get("config_version")
    if version != CONFIG_VERSION:
        got = "missing" if version is None else f"{version!r}"
        raise InputError(
            f"is {got}, and this exonu reads {CONFIG_VERSION}",
            file=file,
            field="config_version",
            remedy=f"write `config_version: {CONFIG_VERSION}` and compare your keys with config/README.md",
        )


def _faults(content: Settings, schema: Settings, file: str | Path) -> Iterator[InputError]:
    import jsonschema  # here, since most commands read no settings

    yield from _not_finite(content, file)
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(content), key=lambda error: [str(part) for part in error.absolute_path])
    for error in errors:
        yield from _explained(_innermost(error), file)


def _not_finite(content: Any, file: str | Path, field: str = "") -> Iterator[InputError]:
    """Numbers that a schema cannot refuse: NaN and infinity compare with nothing."""
    if isinstance(content, float) and not math.isfinite(content):
        yield InputError(f"must be a finite number (got {content})", file=file, field=field, remedy="write a number")
    entries = (
        content.items() if isinstance(content, Mapping) else enumerate(content) if isinstance(content, list) else ()
    )
    for key, value in entries:
        yield from _not_finite(value, file, f"{field}.{key}" if field else str(key))


def _innermost(error: Any) -> Any:
    """Of alternatives, the fault in the one that the user meant: the alternative whose type fits."""
    while error.context:
        fitting = [inner for inner in error.context if inner.validator not in ("type", "const", "required")]
        error = fitting[0] if fitting else error.context[-1]
        if not fitting:
            break
    return error


def _explained(error: Any, file: str | Path) -> Iterator[InputError]:
    field = ".".join(str(part) for part in error.absolute_path) or None
    value, rule = error.instance, error.validator_value
    meaning = error.schema.get("description") if isinstance(error.schema, dict) else None
    if error.validator == "additionalProperties" or error.validator == "unevaluatedProperties":
        known = sorted(error.schema.get("properties", {}))
        for key in sorted(set(value) - set(known)):
            near = difflib.get_close_matches(str(key), known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
            yield InputError(
                "is not a known key", file=file, field=f"{field}.{key}" if field else str(key), remedy=remedy
            )
        return
    if error.validator == "required":
        missing = re.findall(r"'([^']+)' is a required", error.message)
        name = missing[0] if missing else "a key"
        described = error.schema.get("properties", {}).get(name, {}).get("description", "see config/README.md")
        yield InputError(
            "is missing", file=file, field=f"{field}.{name}" if field else name, remedy=f"add it: {described}"
        )
        return
    template = _PROBLEMS.get(error.validator)
    if error.validator == "type":
        rule_text = _type_name(rule)
    else:
        rule_text = ", ".join(map(str, rule)) if isinstance(rule, list) else str(rule)
    problem = error.message if template is None else template.format(rule=rule_text, got=_shown(value))
    hint = f"it means: {meaning}" if meaning else None
    if isinstance(value, str) and error.validator == "type" and rule in ("number", "integer"):
        hint = "write the bare number, without unit or quotes" + (f" ({meaning})" if meaning else "")
    yield InputError(problem, file=file, field=field, remedy=hint)


_PROBLEMS = {
    "type": "must be {rule} (got {got})",
    "enum": "must be one of {rule} (got {got})",
    "const": "must be {rule} (got {got})",
    "minimum": "must be ≥ {rule} (got {got})",
    "maximum": "must be ≤ {rule} (got {got})",
    "exclusiveMinimum": "must be > {rule} (got {got})",
    "exclusiveMaximum": "must be < {rule} (got {got})",
    "minItems": "must have at least {rule} entries (got {got})",
    "minProperties": "must have at least {rule} entries (got {got})",
    "multipleOf": "must be a multiple of {rule} (got {got})",
    "minLength": "must not be empty",
    "uniqueItems": "has an entry twice (got {got})",
    "pattern": "{got} does not fit the pattern {rule}",
}


def _type_name(rule: str | list[str]) -> str:
    names = {
        "number": "a number",
        "integer": "a whole number",
        "string": "a text",
        "object": "a mapping `key: value`",
        "array": "a list",
        "boolean": "true or false",
        "null": "empty",
    }
    return " or ".join(names[name] for name in ([rule] if isinstance(rule, str) else rule))


def _shown(value: Any) -> str:
    text = f"the text {value!r}" if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def resolved(schema: Settings, root: Settings) -> Settings:
    """A part of a schema with its `$ref` followed."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Any = root
    for part in str(reference).removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _completed(content: Any, schema: Settings, root: Settings) -> Any:
    """`content` with the schema's defaults filled in at every depth."""
    schema = resolved(schema, root)
    if isinstance(content, list) and isinstance(schema.get("items"), dict):
        return [_completed(entry, schema["items"], root) for entry in content]
    if not isinstance(content, Mapping):
        return content
    result = dict(content)
    for key, part in schema.get("properties", {}).items():
        part = resolved(part, root)
        if key not in result and "default" in part:
            result[key] = copy.deepcopy(part["default"])
        if key in result:
            result[key] = _completed(result[key], part, root)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        known = schema.get("properties", {})
        for key in result.keys() - known.keys():
            result[key] = _completed(result[key], rest, root)
    return result
