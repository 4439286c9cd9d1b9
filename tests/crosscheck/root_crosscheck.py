"""Compare exonu's inference with ROOT's on the same workspaces: `make crosscheck-root`.

For every model of `models.all_cases`, both sides start from the same pyhf JSON; ROOT gets it as HS3
(`exonu.statistics.workspaces.hs3`). Prints a Markdown table and ends with status 1 if a difference is larger than its
tolerance; with `--write FILE` it also renews what is between the two marks of that document."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from models import Case, all_cases
from root_model import RootModel, root

from exonu.statistics import Limit, Model, compile_workspace, fit, upper_limit
from exonu.statistics.workspaces.hs3 import to_hs3

CONFIDENCE_LEVEL = 0.90
POINTS = 40
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"

# -ln L is the same formula in double precision. q, its minimum and μ̂ carry Minuit2's distance to
# its minimum (1e-7 in -ln L is asked for, 1e-6 what Minuit2 accepts), RooStats' limits that of its
# own fits (2e-4 in the limit).
TOLERANCES = {
    "nll": 1e-9,
    "minimum": 1e-5,
    "q": 1e-5,
    "best_fit": 2e-3,
    "observed": 1e-3,
    "expected": 1e-3,
}
HEADINGS = {
    "nll": "Δ(-ln L)",
    "minimum": "Δ(-ln L) at the minimum",
    "q": "Δq",
    "best_fit": "Δμ̂ / limit",
    "observed": "observed limits, relative",
    "expected": "expected limits, relative",
}


@dataclass(frozen=True)
class Comparison:
    """Largest absolute difference of each kind, by the keys of TOLERANCES."""

    case: Case
    model: Model
    limit: Limit
    root_limits: list[float]
    differences: dict[str, float]
    seconds: float

    @property
    def failures(self) -> list[str]:
        """What is outside its tolerance; NaN (one side has a crossing that the other has not)
        is."""
        return [
            kind for kind, value in self.differences.items() if not abs(value) <= TOLERANCES[kind]
        ]


def random_points(
    model: Model, highest_mu: float, rng: np.random.Generator
) -> list[dict[str, float]]:
    """Parameters all over the model: α to ±3 (interpolation and extrapolation), γ within 5 %, μ to
    highest_mu."""
    points = []
    for _ in range(POINTS):
        point = {name: float(np.clip(1.5 * rng.normal(), -3.0, 3.0)) for name in model.parameters}
        point |= {
            name: float(rng.uniform(0.95, 1.05)) for name in model.parameters if name.endswith("]")
        }
        points.append(point | {model.poi: float(rng.uniform(0.0, highest_mu))})
    return [
        {name: value for name, value in point.items() if name not in model.tied} for point in points
    ]


def compare(case: Case) -> Comparison:
    """All comparisons of one model."""
    begin = time.perf_counter()
    model = compile_workspace(case.workspace, poi_map=case.poi_map)
    limit = upper_limit(model, confidence_level=CONFIDENCE_LEVEL)
    best = limit.best_fit
    scale = limit.observed
    other = RootModel(to_hs3(case.workspace, case.poi_map))

    points = random_points(model, 3.0 * scale, np.random.default_rng(20240101))
    nll = [other.nll(point) - model.nll(point) for point in points]

    lowest, mu_hat = min(
        other.minimum(start=fraction * scale) for fraction in (0.05, 0.3, 0.6, 1.0)
    )
    q = []
    for mu in np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.0]) * scale:
        conditional = fit(model, fixed={model.poi: mu})
        q.append(2.0 * (other.minimum(mu)[0] - lowest) - 2.0 * (conditional.nll - best.nll))

    # The free fit of RooStats starts once; a start at 0 would stay there, at the bound of Minuit's
    # sine.
    start = max(best.values[model.poi], 0.05 * scale)
    reach = 1.3 * max(scale, float(limit.expected[-1]))
    observed, bands = other.crossings(reach, start, CONFIDENCE_LEVEL)
    differences = {
        "nll": largest(nll),
        "minimum": lowest - best.nll,
        "q": largest(q),
        "best_fit": (mu_hat - best.values[model.poi]) / scale,
        "observed": relative(observed, limit.record["crossings"]),
        "expected": largest(
            [
                relative(*pair)
                for pair in zip(bands, limit.record["expected_crossings"], strict=True)
            ]
        ),
    }
    return Comparison(case, model, limit, observed, differences, time.perf_counter() - begin)


def largest(values: list[float] | np.ndarray) -> float:
    """The value of the largest size; NaN if one is."""
    values = np.asarray(values, dtype=float)
    return float(values[np.argmax(np.abs(values))])


def relative(theirs: list[float], ours: list[float]) -> float:
    """The largest relative difference of two lists of crossings; NaN if one has a crossing that the
    other has not."""
    if not ours or len(theirs) != len(ours):
        return float("nan")
    return largest(np.array(theirs) / np.array(ours) - 1.0)


def report(comparisons: list[Comparison]) -> str:
    """Date, machine, versions, and the tables, in Markdown."""
    versions = [
        f"ROOT {root().__version__} (package root {version('root')})",
        f"exonu {version('exonu')}",
    ]
    versions += [f"{name} {version(name)}" for name in ("numpy", "scipy", "numba")]
    lines = [
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, {processor()}, "
        f"one core; Python {platform.python_version()}, {', '.join(versions)}.",
        "",
        "| model | bins | parameters | 90 % CLs limit on μ: exonu | ROOT | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for one in comparisons:
        ours, theirs = (
            ", ".join(f"{x:.5f}" for x in xs) for xs in (one.limit.crossings, one.root_limits)
        )
        names = zip(one.model.parameters, one.model.fixed, strict=True)
        free = sum(not fixed and name not in one.model.tied for name, fixed in names)
        lines.append(
            f"| {one.case.label} | {one.model.n_bins} | {free} | {ours} | {theirs} | {one.seconds:.1f} |"
        )
    kinds = list(TOLERANCES)
    lines += ["", "Largest differences, ROOT - exonu:", ""]
    lines += [
        "| model | " + " | ".join(HEADINGS[kind] for kind in kinds) + " |",
        "|---" * (len(kinds) + 1) + "|",
    ]
    for one in comparisons:
        cells = [
            f"{one.differences[kind]:.1e}" + (" **(!)**" if kind in one.failures else "")
            for kind in kinds
        ]
        lines.append(f"| {one.case.label} | " + " | ".join(cells) + " |")
    lines.append(
        "| *tolerance* | " + " | ".join(f"*{TOLERANCES[kind]:.0e}*" for kind in kinds) + " |"
    )
    return "\n".join(lines)


def processor() -> str:
    """The processor's name, where the system tells."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        "processor unknown",
    )


def write(file: Path, table: str) -> None:
    """Replace what is between the marks of a document."""
    before, rest = file.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    file.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Compare, print, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", metavar="FILE", type=Path, help="document to renew")
    arguments = parser.parse_args()
    comparisons = [compare(case) for case in all_cases()]
    table = report(comparisons)
    print(table)
    if arguments.write:
        write(arguments.write, table)
    failures = [
        f"{one.case.label}: {HEADINGS[kind]}" for one in comparisons for kind in one.failures
    ]
    for failure in failures:
        print(f"outside its tolerance: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # this ROOT may crash while Python takes its objects apart at the end
