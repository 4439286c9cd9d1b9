"""Where the facts are: the repository's `resources/`, or their copy inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def _data_folder(name: str, in_repository: Path) -> Path:
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else in_repository


def resource_path(name: str) -> Path:
    """Path of a file in `resources/`, e.g. ``resource_path("solar/fluxes.csv")``.

    The name is always a literal: the digest of a step (`core.digest`) reads it from the source, so
        that a changed
    fact re-runs the jobs that use it and no others. A test holds that.
    """
    return _data_folder("resources", _PACKAGE.parents[2] / "resources") / name


def schema_path(name: str) -> Path:
    """Path of a JSON schema, e.g. ``schema_path("experiment.yaml")``; always a literal, as for
    `resource_path`."""
    return _data_folder("schemas", _PACKAGE.parents[1] / "schemas") / name
