"""A small analysis with results, and its archive: what the tests of archives share."""

import json
import shutil
from base64 import urlsafe_b64encode
from pathlib import Path

from exonu.archive.container import files_below
from exonu.archive.contents import archive_results
from exonu.core.files import write_csv, write_json
from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import experiment_files, read_experiment
from exonu.search.limit_records import limit_record
from exonu.search.limit_rows import limit_rows

CASES = {"millicharge": ("e", None), "dark-photon": ("all", 10.0)}
TEMPLATE = resource_path("template")
ROOT = Path(__file__).resolve().parents[2]


def make_results(folder):
    """Workspaces, limits and one figure of an analysis `mine`, as the workflow lays them out."""
    settings, experiment = default_settings(), read_experiment(TEMPLATE / "experiment.yaml")
    records = []
    for interaction, case in CASES.items():
        [workspace] = build_workspaces(experiment, interaction, settings, [case])
        file = folder / "workspaces" / f"{workspace.name}.json"
        write_json(file, workspace.spec)
        write_meaning(file.parent, workspace)
        records.append(limit_record(file, ["asymptotic", "delta-chi2"], 0.9))
    write_csv(folder / "limits" / "limits.csv", limit_rows("mine", experiment.name, records))
    (folder / "figures").mkdir()
    (folder / "figures" / "limits.png").write_bytes(b"\x89PNG made up")
    for kind in ("logs", "benchmarks"):
        (folder / kind).mkdir()
        (folder / kind / "limits.txt").write_text("one run's own")
        (folder / kind / "archive.txt").write_text("still being written")


def make_archive(folder, name="mine-1.zip"):
    """The archive of what is below `folder`."""
    made = [
        path for kind in ("workspaces", "limits", "figures") for path in files_below(folder / kind)
    ]
    file = folder / "archive" / name
    archive_results(
        file,
        made,
        TEMPLATE / "analysis.yaml",
        experiment_files(TEMPLATE / "experiment.yaml"),
        default_settings(),
        ROOT / "envs" / "requirements.lock",
        folder / "records",
    )
    return file


def still_repository(folder):
    """A copy of what an archive takes from the repository, which somebody may be editing."""
    shutil.copytree(ROOT / "workflow" / "rules", folder / "workflow" / "rules")
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


def write_records(folder, start):
    """Snakemake's records of the results: two jobs, one after the other, as `.snakemake/metadata`
    has them."""
    workspaces = sorted(
        path for path in (folder / "workspaces").iterdir() if path.suffix == ".json"
    )
    experiment = [str(file) for file in experiment_files(TEMPLATE / "experiment.yaml")]
    jobs = [
        ("workspaces_mine", "search.workspaces", experiment, workspaces, start),
        (
            "limits_table",
            "search.limits_table",
            list(map(str, workspaces)),
            [folder / "limits" / "limits.csv"],
            start + 10,
        ),
    ]
    (folder / "records").mkdir(exist_ok=True)
    for rule, step, inputs, outputs, begun in jobs:
        for place, output in enumerate(outputs):
            record = {
                "rule": rule,
                "input": inputs,
                "shellcmd": f"python -m exonu.steps.{step} --output x",
            }
            record |= {"starttime": begun + 0.001 * place, "endtime": begun + 5 + 0.001 * place}
            name = urlsafe_b64encode(str(output).encode()).decode()
            (folder / "records" / name).write_text(json.dumps(record))
