"""Many workspaces as one pyhf patchset: the background once, and for each hypothesis the patch that
adds its signal.

The form is pyhf's own (`pyhf.PatchSet`, schema 1.0.0): JSON patches (RFC 6902) on a background-only
workspace that is known by its digest. Each patch carries what its parameters mean, since a mass has
a reference strength of its own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from exonu.core.errors import InputError
from exonu.core.types import Json
from exonu.report.numbers.counts import is_signal

NO_RECORD = "ins0000000"
"""Stands for the INSPIRE number of a paper that has none yet; pyhf's schema wants one."""


def patch_name(hypothesis: str) -> str:
    """A name that pyhf allows: letters, digits and underscores.

    >>> patch_name("dark-photon_all_2.154e-05MeV")
    'dark_photon_all_2_154e_05MeV'
    """
    return re.sub(r"[^a-zA-Z0-9_]", "_", hypothesis)


def digest(workspace: Mapping[str, Any]) -> str:
    """SHA-256 of a workspace, as `pyhf.utils.digest` has it."""
    return hashlib.sha256(
        json.dumps(workspace, sort_keys=True, ensure_ascii=False).encode()
    ).hexdigest()


def background_only(spec: Mapping[str, Any], meaning: Mapping[str, Any]) -> Json:
    """A workspace without its signal; it has no parameter of interest.

    Args:
        spec: the workspace.
        meaning: its sidecar file.
    """
    [measurement] = spec["measurements"]
    scales = {measurement["config"]["poi"], *meaning["poi_map"]}
    parameters = [
        entry for entry in measurement["config"]["parameters"] if entry["name"] not in scales
    ]
    channels = [
        {
            **channel,
            "samples": [
                sample for sample in channel["samples"] if not is_signal(sample, spec, meaning)
            ],
        }
        for channel in spec["channels"]
    ]
    config = {"poi": "", "parameters": parameters}
    return {
        **spec,
        "channels": channels,
        "measurements": [{"name": "background", "config": config}],
    }


def patchset(
    cases: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Any]]],
    labels: Sequence[str],
    description: str,
) -> tuple[Json, Json]:
    """Workspaces that differ in their signal alone, as background and patches.

    Args:
        cases: name, workspace and meaning of each hypothesis, at least one.
        labels: keys of the meanings in which the hypotheses differ, e.g. ``["mass_MeV"]``.
        description: what the patchset is of.

    Returns:
        The background-only workspace, and the patchset.

    Raises:
        InputError: if two hypotheses have the same name in pyhf's letters, or other backgrounds.
    """
    background = background_only(*cases[0][1:])
    names = [patch_name(name) for name, _, _ in cases]
    patches = []
    for place, (hypothesis, spec, meaning) in enumerate(cases):
        if names[place] in names[:place]:
            raise InputError(
                f"{hypothesis} has the same name in a patchset as another", remedy="change a mass"
            )
        if background_only(spec, meaning) != background:
            raise InputError(
                f"{hypothesis} has another background than {cases[0][0]}", remedy="make both anew"
            )
        metadata = {
            "name": names[place],
            "values": [meaning[label] for label in labels],
            "hypothesis": hypothesis,
            "meaning": dict(meaning),
        }
        patches.append({"metadata": metadata, "patch": _patch(spec, meaning)})
    head = {
        "references": {"hepdata": NO_RECORD},
        "digests": {"sha256": digest(background)},
        "labels": list(labels),
        "description": description,
    }
    return background, {"metadata": head, "patches": patches, "version": "1.0.0"}


def _patch(spec: Mapping[str, Any], meaning: Mapping[str, Any]) -> list[Json]:
    """What makes the workspace of the background: each signal sample at its place, and the
    measurement."""
    added = [
        {"op": "add", "path": f"/channels/{i}/samples/{j}", "value": sample}
        for i, channel in enumerate(spec["channels"])
        for j, sample in enumerate(channel["samples"])
        if is_signal(sample, spec, meaning)
    ]
    return [*added, {"op": "replace", "path": "/measurements/0", "value": spec["measurements"][0]}]
