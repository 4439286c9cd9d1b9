"""The archive as a Workflow Run RO-Crate: `ro-crate-metadata.json` says in JSON-LD what was made by
what, and when.

Profiles: Provenance Run Crate 0.5 (the workflow, its engine, one step for each tool, one action for
    each job), which
contains Workflow Run Crate, Process Run Crate and Workflow RO-Crate
(https://www.researchobject.org/workflow-run-crate/). The JSON is written here and not by the
library `rocrate`, which
puts the present time and random identifiers into it: the same results and records give the same
    bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from exonu import __version__
from exonu.archive.container import CRATE, README
from exonu.core.types import Json

MAIN_WORKFLOW = "run/workflow/Snakefile"
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
_PROVENANCE = 2  # the profile that only holds where jobs are known
_LICENCE = "https://spdx.org/licenses/BSD-3-Clause"
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_ENGINE, _RUN, _AUTHORS = "https://snakemake.github.io", "#run", "#authors"
_CONFIGURATION = "payload/configuration/"
_RESULTS = "payload/results/"
_FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".tex": "application/x-tex",
    ".md": "text/markdown",
    ".tsv": "text/tab-separated-values",
}
_PARAMETERS: Mapping[str, Callable[[str], bool]] = {
    "#configuration": lambda member: member.startswith(_CONFIGURATION),
    "#limits": lambda member: member.startswith(_RESULTS) and member.endswith("/limits/limits.csv"),
}
"""Formal parameters of the workflow: which members stand for them."""
_STEP = re.compile(r"\bexonu\.steps\.(\w+\.\w+)")


class Job(NamedTuple):
    """A job of the workflow, from Snakemake's records.

    Attributes:
        rule: the rule's name.
        step: the module of `exonu.steps` that it ran.
        command: what the shell was told.
        start, end: when, in seconds since 1970.
        inputs, outputs: names of files, relative to the folder where it ran.
    """

    rule: str
    step: str
    command: str
    start: float
    end: float
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_jobs(records: Mapping[str, Mapping[str, Any]]) -> list[Job]:
    """The jobs behind some files, in the order of their start.

    Args:
        records: Snakemake's record of each file, by the file's name.
    """
    made_by: dict[tuple[Any, ...], list[str]] = {}
    for (
        made,
        record,
    ) in records.items():  # each output of a job has a record, with a time of its own
        key = (record["rule"], record.get("shellcmd") or "", tuple(sorted(record["input"])))
        made_by.setdefault(key, []).append(made)
    jobs = []
    for (rule, command, inputs), names in made_by.items():
        step = _STEP.search(command)
        start, end = (
            min(records[name]["starttime"] for name in names),
            max(records[name]["endtime"] for name in names),
        )
        jobs.append(
            Job(rule, step[1] if step else rule, command, start, end, inputs, tuple(sorted(names)))
        )
    return sorted(jobs, key=lambda job: (job.start, job.rule, job.outputs))


def crate_metadata(
    title: str,
    description: str,
    members: Mapping[str, tuple[str, int]],
    jobs: Iterable[Job],
    sources: Mapping[str, str],
    made: float,
    engine_version: str,
) -> Json:
    """The content of `ro-crate-metadata.json`.

    Args:
        title, description: of the whole.
        members: SHA-256 and size of every member of the archive, by name; the main workflow is
            `MAIN_WORKFLOW`.
        jobs: what made the results; without any, the run is described as a whole.
        sources: names of members, by the names that the jobs know them by.
        made: when the results were finished, in seconds since 1970.
        engine_version: version of Snakemake.
    """
    jobs = list(jobs)
    steps = list(dict.fromkeys(job.step for job in jobs))
    profiles = [profile for place, profile in enumerate(_PROFILES) if jobs or place != _PROVENANCE]
    actions = [_action(number, job, sources) for number, job in enumerate(jobs, 1)]
    return {
        "@context": [
            f"{_CRATE}/context",
            {"sha256": "http://schema.org/sha256"},
        ],  # 1.1 has no such term
        "@graph": [
            {
                "@id": CRATE,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": _links([_CRATE, _PROFILES[-1][0]]),
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": title,
                "description": description,
                "datePublished": _time(made),
                "license": {"@id": _LICENCE},
                "conformsTo": _links(url for url, _, _ in profiles),
                "mainEntity": {"@id": MAIN_WORKFLOW},
                "hasPart": _links(map(_identifier, sorted({*members, MAIN_WORKFLOW}))),
                "mentions": _links(
                    [
                        _RUN,
                        *(action["@id"] for action in actions),
                        *(["#organisation"] if jobs else []),
                    ]
                ),
            },
            *(
                {"@id": url, "@type": "CreativeWork", "name": name, "version": v}
                for url, name, v in profiles
            ),
            _contextual(
                _LICENCE, "CreativeWork", "BSD-3-Clause", "BSD 3-Clause 'New' or 'Revised' License"
            ),
            _workflow(steps, members),
            {
                "@id": _SNAKEMAKE,
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "url": {"@id": "https://snakemake.readthedocs.io"},
                "identifier": {"@id": "https://doi.org/10.12688/f1000research.29032.1"},
                "version": engine_version,
            },
            {
                "@id": _ENGINE,
                "@type": "SoftwareApplication",
                "name": "Snakemake",
                "softwareVersion": engine_version,
                "url": "https://snakemake.readthedocs.io",
            },
            {"@id": _AUTHORS, "@type": "Organization", "name": "The exonu developers"},
            *_parameters(members),
            *(_file(name, *members[name]) for name in sorted(members) if name != MAIN_WORKFLOW),
            _run(jobs, members, made),
            *_described_steps(steps),
            *actions,
            *_organisation(jobs, actions),
        ],
    }


def _identifier(member: str) -> str:
    """A member's name as a relative URI."""
    return quote(member, safe="/@=+,:-._~")


def _links(identifiers: Iterable[str]) -> Json | list[Json]:
    """References; a single one stands without brackets, as RO-Crate wants it."""
    links = [{"@id": identifier} for identifier in identifiers]
    return links[0] if len(links) == 1 else links


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _contextual(identifier: str, kind: str, name: str, description: str) -> Json:
    return {"@id": identifier, "@type": kind, "name": name, "description": description}


def _file(name: str, checksum: str, size: int) -> Json:
    kind = _FORMATS.get(PurePosixPath(name).suffix, "text/plain")
    entity = {
        "@id": _identifier(name),
        "@type": "File",
        "name": name,
        "contentSize": str(size),
        "sha256": checksum,
    }
    stands_for = [parameter for parameter, belongs in _PARAMETERS.items() if belongs(name)]
    about = {"about": {"@id": "./"}} if name == README else {}
    return (
        {**entity, "encodingFormat": kind}
        | about
        | ({"exampleOfWork": _links(stands_for)} if stands_for else {})
    )


def _workflow(steps: list[str], members: Mapping[str, tuple[str, int]]) -> Json:
    checksum, size = members[MAIN_WORKFLOW]
    entity = {
        **_file(MAIN_WORKFLOW, checksum, size),
        "@type": [
            "File",
            "SoftwareSourceCode",
            "ComputationalWorkflow",
            *(["HowTo"] if steps else []),
        ],
        "name": "exonu: exotic interactions of solar neutrinos in liquid-xenon detectors",
        "version": __version__,
        "license": {"@id": _LICENCE},
        "creator": {"@id": _AUTHORS},
        "programmingLanguage": {"@id": _SNAKEMAKE},
        "input": _links(["#configuration"]),
        "output": _links(["#limits"]),
    }
    if steps:
        entity |= {"hasPart": _links(map(_tool, steps)), "step": _links(map(_how, steps))}
    return entity


def _parameters(members: Mapping[str, tuple[str, int]]) -> list[Json]:
    """The formal input and output of the workflow, with the files that stand for them here."""
    return [
        {
            "@id": identifier,
            "@type": "FormalParameter",
            "additionalType": "File",
            "name": identifier[1:],
            "workExample": _links(_identifier(name) for name in sorted(members) if belongs(name)),
        }
        for identifier, belongs in _PARAMETERS.items()
    ]


def _run(jobs: list[Job], members: Mapping[str, tuple[str, int]], made: float) -> Json:
    """The run as a whole: from configuration to results."""
    times = {"startTime": _time(min(job.start for job in jobs))} if jobs else {}
    return {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": "Run of the workflow",
        "description": "From the configuration to all results of the analysis.",
        "instrument": {"@id": MAIN_WORKFLOW},
        "object": _links(
            _identifier(name) for name in sorted(members) if name.startswith(_CONFIGURATION)
        ),
        "result": _links(
            _identifier(name) for name in sorted(members) if name.startswith(_RESULTS)
        ),
        **times,
        "endTime": _time(made),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _tool(step: str) -> str:
    return f"#tool/{step}"


def _how(step: str) -> str:
    return f"#step/{step}"


def _described_steps(steps: list[str]) -> Iterable[Json]:
    for position, step in enumerate(steps, 1):
        yield {
            "@id": _tool(step),
            "@type": "SoftwareApplication",
            "name": f"exonu.steps.{step}",
            "softwareVersion": __version__,
        }
        yield {
            "@id": _how(step),
            "@type": "HowToStep",
            "position": str(position),
            "workExample": {"@id": _tool(step)},
        }


def _action(number: int, job: Job, sources: Mapping[str, str]) -> Json:
    """What one job read and wrote, as far as it is in the archive."""
    return {
        "@id": f"#job/{number}",
        "@type": "CreateAction",
        "name": f"Job of rule {job.rule}",
        "description": job.command,
        "instrument": {"@id": _tool(job.step)},
        "object": _links(_identifier(sources[name]) for name in job.inputs if name in sources),
        "result": _links(_identifier(sources[name]) for name in job.outputs if name in sources),
        "startTime": _time(job.start),
        "endTime": _time(job.end),
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def _organisation(jobs: list[Job], actions: list[Json]) -> Iterable[Json]:
    """How the engine had the jobs done."""
    if not jobs:
        return
    controls = [f"#control/{number}" for number in range(1, len(jobs) + 1)]
    for control, job, action in zip(controls, jobs, actions, strict=True):
        yield {
            "@id": control,
            "@type": "ControlAction",
            "name": f"Snakemake runs rule {job.rule}",
            "instrument": {"@id": _how(job.step)},
            "object": {"@id": action["@id"]},
        }
    yield {
        "@id": "#organisation",
        "@type": "OrganizeAction",
        "name": "Snakemake runs the workflow",
        "instrument": {"@id": _ENGINE},
        "object": _links(controls),
        "result": {"@id": _RUN},
    }
