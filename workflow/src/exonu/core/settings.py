"""Settings: YAML read safely, checked against a schema with all faults at once, completed with its
defaults.

The schemas in `workflow/schemas/` are the one source of what is allowed, what it means and what its
default is; the reference page of the documentation is made from them too."""

from __future__ import annotations

import copy
import difflib
import importlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from exonu.core.errors import InputError, raise_all
from exonu.core.yaml_files import check_values
from exonu.core.yaml_files import read_yaml as read_yaml

Settings = dict[str, Any]

CONFIG_VERSION = 1
"""Version of the layout of all configuration files."""


@cache
def read_schema(path: Path) -> Settings:
    """Read a schema of `workflow/schemas/`.

    The key `x-completed-by` names a module whose `complete` fills in what the schema leaves to it:
    choices that are declared in the library.
    """
    schema = read_yaml(path)
    module = schema.pop("x-completed-by", None)
    if module is not None:
        schema = importlib.import_module(module).complete(schema)
    return schema


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
    check_values(content, file)  # what came from elsewhere than `read_yaml`
    _check_version(content, file)
    require_form(content, schema_file, file)
    completed: Settings = _completed(content, schema, schema)
    return completed


def require_form(content: Any, schema_file: Path, file: str | Path) -> None:
    """Check content that is no settings against a schema.

    Raises:
        InputError: one line per fault, each with file, field and remedy.
    """
    raise_all(_faults(content, read_schema(schema_file), file))


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


def _faults(content: Any, schema: Settings, file: str | Path) -> Iterator[InputError]:
    validator = _validator()(schema)
    errors = sorted(
        validator.iter_errors(content),
        key=lambda error: [str(part) for part in error.absolute_path],
    )
    for error in errors:
        yield from _explained(_innermost(error), file, schema)


@cache
def _validator() -> Any:
    """A validator whose `$` is the end of the text, and not also the place before a last line
    break, as Python's is."""
    import jsonschema  # here, since most commands read no settings

    def pattern(validator: Any, rule: str, instance: Any, schema: Any) -> Iterator[Any]:
        whole = rule[:-1] + r"\Z" if rule.endswith("$") else rule
        if isinstance(instance, str) and not re.search(whole, instance):
            yield jsonschema.ValidationError(f"{instance!r} does not match {rule!r}")

    extend: Any = jsonschema.validators.extend
    return extend(jsonschema.Draft202012Validator, {"pattern": pattern})


def _innermost(error: Any) -> Any:
    """Of alternatives, the fault in the one that the user meant: the alternative whose type
    fits."""
    while error.context:
        fitting = [
            inner for inner in error.context if inner.validator not in ("type", "const", "required")
        ]
        error = fitting[0] if fitting else error.context[-1]
        if not fitting:
            break
    return error


def _explained(error: Any, file: str | Path, root: Settings) -> Iterator[InputError]:
    field = ".".join(str(part) for part in error.absolute_path) or None
    value, rule = error.instance, error.validator_value
    meaning = error.schema.get("description") if isinstance(error.schema, dict) else None
    if error.validator == "additionalProperties" or error.validator == "unevaluatedProperties":
        known = sorted(error.schema.get("properties", {}))
        for key in sorted(set(value) - set(known)):
            near = difflib.get_close_matches(str(key), known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
            yield InputError(
                "is not a known key",
                file=file,
                field=f"{field}.{key}" if field else str(key),
                remedy=remedy,
            )
        return
    if error.validator == "required":
        missing = re.findall(r"'([^']+)' is a required", error.message)
        name = missing[0] if missing else "a key"
        part = resolved(error.schema.get("properties", {}).get(name, {}), root)
        described = part.get("description", "see config/README.md")
        yield InputError(
            "is missing",
            file=file,
            field=f"{field}.{name}" if field else name,
            remedy=f"add it: {described}",
        )
        return
    template = _PROBLEMS.get(error.validator)
    if error.validator == "type":
        rule_text = _type_name(rule)
    else:
        rule_text = ", ".join(map(str, rule)) if isinstance(rule, list) else str(rule)
    problem = (
        error.message if template is None else template.format(rule=rule_text, got=_shown(value))
    )
    hint = f"it means: {meaning}" if meaning else "see config/README.md"
    if isinstance(value, str) and error.validator == "type" and rule in ("number", "integer"):
        hint = "write the bare number, without unit or quotes" + (
            f" ({meaning})" if meaning else ""
        )
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
    "maxItems": "must have at most {rule} entries (got {got})",
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
