"""Read an experiment: from what it published (one YAML and its CSVs), or from what an analysis of
events made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import Settings, read_yaml
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.from_events import read_event_experiment
from exonu.search.experiment.published import read_published_experiment


def experiment_files(file: str | Path) -> list[Path]:
    """The experiment's file and every CSV that it names: what a rule has to watch."""
    file = Path(file)
    if file.suffix == ".json":
        return [file]
    settings = read_yaml(file)
    blocks = [settings.get(key) for key in ("spectrum", "efficiency", "resolution", "response")]
    blocks += _nuclear_blocks(settings.get("nuclear_recoils"))
    components = settings.get("backgrounds")
    for component in components.values() if isinstance(components, dict) else ():
        if isinstance(component, dict):
            blocks += [component.get(key) for key in ("curve", "covariance")]
    names = [
        block["file"]
        for block in blocks
        if isinstance(block, dict) and isinstance(block.get("file"), str)
    ]
    return list(dict.fromkeys([file, *(file.parent / name for name in names)]))


def _nuclear_blocks(nuclear: Any) -> list[Any]:
    """The blocks of nuclear recoils that may name a file."""
    if not isinstance(nuclear, dict):
        return []
    blocks = [nuclear.get(key) for key in ("quenching", "efficiency", "response")]
    response = blocks[-1]
    varied = response.get("variations") if isinstance(response, dict) else None
    both = varied.values() if isinstance(varied, dict) else ()
    pairs = [one for one in both if isinstance(one, dict)]
    return blocks + [{"file": one.get(side)} for one in pairs for side in ("up", "down")]


def read_experiment(file: str | Path, overrides: Settings | None = None) -> Experiment:
    """Read and check an experiment.

    Args:
        file: its YAML file, of the form `workflow/schemas/experiment.yaml`, or the
            `experiment.json` that an analysis of events makes.
        overrides: settings that replace those of the file (a variant of an analysis).

    Raises:
        InputError: one line per fault, with file, field and remedy.
    """
    read = read_event_experiment if Path(file).suffix == ".json" else read_published_experiment
    return read(Path(file), overrides)


def published_experiment(name: str) -> Experiment:
    """A published spectrum that comes with exonu.

    Args:
        name: one of the folders of `resources/published`.

    Raises:
        InputError: if there is none of that name.

    >>> published_experiment("xenonnt-sr0").exposure_tonne_year
    1.16
    """
    folder = resource_path("published")
    known = sorted(file.parent.name for file in folder.glob("*/experiment.yaml"))
    if name not in known:
        remedy = f"choose one of {', '.join(known)}; read_experiment reads a file of your own"
        raise InputError(f"does not come with exonu ({name!r})", field="name", remedy=remedy)
    return read_experiment(folder / name / "experiment.yaml")
