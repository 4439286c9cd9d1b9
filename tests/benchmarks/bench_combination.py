"""Speed of a combination: XENONnT SR0 and XENON1T SR1 in one likelihood, with their profiles fitted
once for every method but toys; there is no peer that does this."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Iterator

from benchmarking import Record, main, times

from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.combination.agreement import combination_record
from exonu.search.combination.joining import Part, join
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import discovery_record, limit_methods
from exonu.statistics import compile_workspace, profile_pair

METHODS = ("asymptotic", "two-sided", "delta-chi2", "bayes-integral")
CASES = {"magnetic moment": ("magnetic-moment", None), "dark photon, 10 MeV": ("dark-photon", 10.0)}


def records() -> Iterator[Record]:
    """CPU times, kernels compiled before."""
    experiments = [
        read_experiment(resource_path(f"published/{name}/experiment.yaml"))
        for name in ("xenonnt-sr0", "xenon1t-sr1")
    ]
    for name, (interaction, mass) in CASES.items():
        parts = [
            Part(one.name, made.spec, made.meaning)
            for one in experiments
            for made in build_workspaces(one, interaction, default_settings(), [("all", mass)])
        ]
        yield from _of(parts, name)


def _of(parts: list[Part], name: str) -> Iterator[Record]:
    joined = join(parts)
    ties = joined.meaning["poi_map"] or None

    def everything() -> None:
        pair = profile_pair(compile_workspace(join(parts).spec, poi_map=ties))
        limit_methods(pair, METHODS, 0.9)
        discovery_record(pair)

    def contributions() -> None:
        pair = profile_pair(compile_workspace(joined.spec, poi_map=ties))
        combination_record(joined.spec, joined.meaning, pair, 0.9)

    everything()
    contributions()
    what = f"two experiments, all methods but toys, {name}"
    floor = 20.0 if ties is None else None
    yield Record("combination", what, "ms", times("ms", everything, 5), floor=floor)
    what = f"contributions and agreement, {name}"
    yield Record("combination", what, "ms", times("ms", contributions, 5))


if __name__ == "__main__":
    main(records)
