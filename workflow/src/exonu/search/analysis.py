"""An analysis: its settings, and the workspaces that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exonu.catalogue import SEARCHED, shifts_of_plane
from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_yaml
from exonu.interactions.absorption import read_curve
from exonu.interactions.cross_section_table import read_cross_section_table
from exonu.sources.flux_table import read_flux_table
from exonu.targets import TARGETS

CONFIG_SCHEMA = schema_path("config.yaml")
ANALYSIS_SCHEMA = schema_path("analysis.yaml")


@dataclass(frozen=True)
class Analysis:
    """One analysis of `config/`.

    Attributes:
        name: its name, and that of its folder in `results/`.
        file: its YAML.
        settings: all settings, defaults included.
    """

    name: str
    file: Path
    settings: Settings

    @property
    def starts_from_events(self) -> bool:
        """Whether it starts from ROOT files, not from a published spectrum."""
        return "events" in self.settings

    @property
    def experiments(self) -> tuple[str, ...]:
        """The analyses whose experiments it combines; none if it has an experiment of its own."""
        return tuple(self.settings.get("experiments", ()))

    @property
    def experiment_file(self) -> Path:
        """The YAML of the published spectrum.

        Raises:
            InputError: if the analysis starts from events, or combines several experiments.
        """
        if self.experiments:
            raise InputError(
                "combines several experiments and has no spectrum of its own",
                file=self.file,
                field="experiments",
                remedy=f"ask for one of {', '.join(self.experiments)}",
            )
        if self.starts_from_events:
            raise InputError(
                "starts from events, whose spectrum is not known before they are selected",
                file=self.file,
                field="events",
                remedy="run the workflow, then use results/<analysis>/workspaces",
            )
        return self.file.parent / str(self.settings["experiment"])

    @property
    def events_file(self) -> Path:
        """The YAML of an analysis that starts from events."""
        return self.file.parent / str(self.settings["events"])


def find_analysis(name: str, folder: Path) -> Path:
    """The file of an analysis: `<folder>/<name>.yaml` or `<folder>/<name>/analysis.yaml`."""
    candidates = [folder / f"{name}.yaml", folder / name / "analysis.yaml"]
    found = [candidate for candidate in candidates if candidate.is_file()]
    if len(found) != 1:
        problem = "has no file" if not found else "has two files"
        raise InputError(
            f"the analysis {name!r} {problem} ({' and '.join(map(str, found or candidates))})",
            file=folder / "config.yaml",
            field="analyses",
            remedy="write one of them (`exonu init` makes a template)" if not found else "keep one",
        )
    return found[0]


def read_analysis(name: str, file: Path, overrides: Mapping[str, Any] | None = None) -> Analysis:
    """Read and check the settings of an analysis.

    Args:
        name: its name.
        file: its YAML.
        overrides: settings that replace those of the file.

    Raises:
        InputError: one line per fault.
    """
    settings = checked(merged(read_yaml(file), overrides or {}), ANALYSIS_SCHEMA, file)
    if sum(key in settings for key in ("experiment", "events", "experiments")) != 1:
        raise InputError(
            "must name either `experiment` or `events`, or `experiments` to combine",
            file=file,
            field="experiment",
            remedy="the YAML of a published spectrum, or that of ROOT files, or names of analyses",
        )
    raise_all(_combination_faults(settings, file))
    complete(settings, file)
    for variant in settings["variants"].values():
        _read_tables(variant["settings"], file.parent)
    if "experiment" in settings:
        settings["physics"] |= _target_of(file.parent / str(settings["experiment"]))
    return Analysis(name, file, settings)


def complete(settings: Settings, file: Path) -> None:
    """Check the masses of settings that fit the schema, and read the tables that they name into
    them.

    Args:
        settings: of an analysis, changed in place.
        file: their YAML, for messages; its folder is that of the tables.

    Raises:
        InputError: masses or a table that are not what they should be.
    """
    raise_all(_mass_faults(settings["interactions"], file))
    raise_all(_plane_faults(settings["statistics"]["planes"], file))
    _read_tables(settings, file.parent)


def _read_tables(settings: Settings, folder: Path) -> None:
    """Read the tables that settings, or what a variant changes of them, name: their numbers are
    settings too, so that jobs need no file and run again when the numbers change."""
    physics = _mapping(settings.get("physics"))
    readers: list[tuple[Any, Callable[[Path], list[list[float]]]]] = [
        (physics.get("flux_table"), read_flux_table),
        *((one, read_cross_section_table) for one in _blocks(physics.get("cross_sections"))),
        *((one, read_curve) for one in _blocks(settings.get("interactions"))),
    ]
    for given, read in readers:
        block = _mapping(given)
        if isinstance(block.get("file"), str):
            block["rows"] = read(folder / block["file"])


def _mapping(value: Any) -> Settings:
    """A block of settings; an empty one for what is none, which the schema refuses elsewhere."""
    return value if isinstance(value, dict) else {}


def _blocks(value: Any) -> Iterable[Any]:
    return _mapping(value).values()


def _target_of(experiment_file: Path) -> dict[str, str]:
    """What the experiment is made of, if it says so: rates before any detector need it too."""
    try:
        target = read_yaml(experiment_file).get("target")
    except InputError:
        return {}  # whoever reads the experiment says what is wrong with it
    if not isinstance(target, str):
        return {}
    return {"target": target if target in TARGETS else str(experiment_file.parent / target)}


def _mass_faults(interactions: Mapping[str, Any], file: Path) -> Iterator[InputError]:
    for name, block in interactions.items():
        grid = block.get("masses_MeV")
        if grid and grid["minimum"] >= grid["maximum"]:
            yield InputError(
                f"must be < maximum (got {grid['minimum']:g} and {grid['maximum']:g})",
                file=file,
                field=f"interactions.{name}.masses_MeV.minimum",
                remedy="swap them, or list single masses in more_masses_MeV",
            )


def _combination_faults(settings: Settings, file: Path) -> Iterator[InputError]:
    """What belongs to one experiment and not to several together."""
    if "experiments" not in settings:
        return
    for name, block in settings["interactions"].items():
        if "fit_range_keV" in block:
            yield InputError(
                "belongs to an experiment, and this analysis combines several",
                file=file,
                field=f"interactions.{name}.fit_range_keV",
                remedy="set it in the analysis of the experiment, which the combination follows",
            )
    if settings["statistics"]["projections"]:
        yield InputError(
            "scale the exposure of one experiment, and this analysis combines several",
            file=file,
            field="statistics.projections",
            remedy="set them in the analysis of the experiment",
        )
    if settings["statistics"]["planes"]:
        yield InputError(
            "are scanned with one experiment, and this analysis combines several",
            file=file,
            field="statistics.planes",
            remedy="set them in the analysis of the experiment",
        )
    if settings["variants"]:
        yield InputError(
            "change one experiment, and this analysis combines several",
            file=file,
            field="variants",
            remedy="leave them out, or make a combination of its own for each",
        )


def _plane_faults(planes: list[Settings], file: Path) -> Iterator[InputError]:
    """Pairs of couplings that no plane holds."""
    for place, plane in enumerate(planes):
        first, second = (SEARCHED[name] for name in plane["interactions"])
        try:
            shifts_of_plane(first, second)
        except InputError as error:
            field = f"statistics.planes.{place}.interactions"
            yield InputError(error.problem, file=file, field=field, remedy=error.remedy)


def _member_faults(analyses: list[Analysis]) -> Iterator[InputError]:
    """Each experiment of a combination is another analysis of the run, with an experiment of its
    own."""
    known = {analysis.name: analysis for analysis in analyses}
    for analysis in analyses:
        for number, name in enumerate(analysis.experiments):
            if name not in known or known[name].experiments:
                problem = "is itself a combination" if name in known else "is not one of `analyses`"
                single = ", ".join(one for one in known if not known[one].experiments)
                yield InputError(
                    f"{name!r} {problem}",
                    file=analysis.file,
                    field=f"experiments.{number}",
                    remedy=f"choose of {single}, or add it to `analyses` of config.yaml",
                )


def read_config(config: Mapping[str, Any], file: Path) -> list[Analysis]:
    """All analyses of `config/config.yaml`.

    Args:
        config: its content, as Snakemake merged it with `--configfile` and `--config`.
        file: the file, whose folder holds the analyses.
    """
    settings = checked(dict(config), CONFIG_SCHEMA, file)
    if "comparison" in settings["analyses"]:
        raise InputError(
            "'comparison' is the folder of figures of all analyses",
            file=file,
            field="analyses",
            remedy="rename it",
        )
    strangers = sorted(set(settings["overrides"]) - set(settings["analyses"]))
    if strangers:
        raise InputError(
            "is not one of the analyses",
            file=file,
            field=f"overrides.{strangers[0]}",
            remedy="add it to `analyses`",
        )
    folder = file.parent
    analyses = [
        read_analysis(name, find_analysis(name, folder), settings["overrides"].get(name))
        for name in settings["analyses"]
    ]
    raise_all(_member_faults(analyses))
    return analyses


def default_settings() -> Settings:
    """The settings of an analysis that chooses nothing."""
    return checked({"config_version": 1, "experiment": "-"}, ANALYSIS_SCHEMA, "defaults")
