"""Tables and figure of docs/statistics.md, from the workspaces that `make` left in results/: `python
docs/compare_conventions.py [RESULTS [FOLDER]]`; about ten minutes on one core.

Prints both tables and draws FOLDER/conventions.png."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from exonu.report.figures.colours import BLACK, BLUE, GREY, ORANGE, SKY
from exonu.report.figures.fit_diagnostics import hypothesis_text
from exonu.report.figures.style import new_figure, save, styled
from exonu.search.limit_records import read_search
from exonu.search.strengths import strength
from exonu.statistics import (
    convention_coverage,
    discovery,
    feldman_cousins,
    power_constrained,
    profile_pair,
    two_sided_interval,
    upper_limit,
)

TOP = Path(__file__).resolve().parents[1]
ANALYSES = ("xenonnt-sr0", "xenon1t-sr1")
HYPOTHESES = (
    *("magnetic-moment_all", "millicharge_all"),
    *("dark-photon_all_0.001MeV", "dark-photon_all_10MeV"),
)
TOYS, COVERAGE_TOYS, SEED = 2000, 5000, 1
CONVENTIONS = ("cls", "two-sided", "xenon-lz-2021", "feldman-cousins")
TRUE_VALUES = (0.5, 1.0, 2.0)
Row = dict[str, Any]


def compared(file: Path) -> Row:
    """All statements about one hypothesis, in the physical parameter."""
    model, meaning = read_search(file)

    def physical(mu: float) -> float:
        return strength(float(mu), meaning) if np.isfinite(mu) else float("nan")

    pair = profile_pair(model)
    limit, two_sided = upper_limit(model, pair), two_sided_interval(model, pair)
    found, exact = discovery(model, pair), feldman_cousins(model, TOYS, SEED, pair)
    held = power_constrained(two_sided.high, two_sided.expected.tolist(), -1)
    truth = [multiple * limit.observed for multiple in TRUE_VALUES]
    coverage = convention_coverage(model, truth, COVERAGE_TOYS, SEED, pair)
    return {
        "data": meaning["experiment"],
        "parameter": hypothesis_text(dict(meaning)),
        "significance": found.significance,
        "expected": physical(limit.expected[2]),
        "cls": (0.0, physical(limit.observed)),
        "two-sided": (physical(two_sided.low), physical(two_sided.high)),
        "xenon-lz-2021": (
            physical(two_sided.low) if found.significance >= 3.0 else 0.0,
            physical(held if held is not None else float("nan")),
        ),
        "feldman-cousins": (physical(exact.low), physical(exact.high)),
        "coverage": {
            method: [(c.fraction, c.error) for c in coverage if c.method == method]
            for method in CONVENTIONS
        },
    }


def tables(rows: list[Row]) -> str:
    """Both tables in Markdown."""
    lines = [
        "| data | parameter | Z | CLs | two-sided | xenon-lz-2021 | Feldman–Cousins |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ends = [_ends(*row[name]) for name in CONVENTIONS]
        lines.append(
            f"| {row['data']} | {row['parameter']} | {row['significance']:.2f} | {' | '.join(ends)} |"
        )
    lines += [
        "",
        f"| data | parameter | true/limit | {' | '.join(CONVENTIONS)} |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        for place, multiple in enumerate(TRUE_VALUES):
            points = [row["coverage"][name][place] for name in CONVENTIONS]
            cells = [f"{value:.3f} ± {error:.3f}" for value, error in points]
            lines.append(
                f"| {row['data']} | {row['parameter']} | {multiple:g} | {' | '.join(cells)} |"
            )
    return "\n".join(lines)


def _ends(low: float, high: float) -> str:
    return f"{low:.3g} – {high:.3g}" if low > 0.0 else f"< {high:.3g}"


def draw(rows: list[Row], file: Path) -> None:
    """Every statement as a bar, in units of the median expected CLs limit."""
    looks = {
        "cls": (BLACK, "90 % CL$_\\mathrm{s}$ limit"),
        "two-sided": (ORANGE, "two-sided interval, asymptotic"),
        "xenon-lz-2021": (SKY, "the same, as XENON and LZ state it"),
        "feldman-cousins": (BLUE, "Feldman–Cousins, from toys"),
    }
    with styled():
        figure = new_figure(0.5 * len(rows) + 1.3, 5.6)
        axes = figure.add_subplot()
        for place, row in enumerate(rows):
            for k, name in enumerate(CONVENTIONS):
                colour, label = looks[name]
                low, high = (end / row["expected"] for end in row[name])
                axes.plot(
                    *([low, high], [place + 0.18 * (k - 1.5)] * 2), color=colour, linewidth=2.6,
                    solid_capstyle="butt", label=label if place == 0 else None,
                )  # fmt: skip
        axes.axvline(1.0, linestyle=":", color=GREY, linewidth=0.9, zorder=0)
        labels = [f"{row['data']}\n{row['parameter']}" for row in rows]
        axes.set_yticks(range(len(rows)), labels, fontsize=8)
        axes.tick_params(axis="y", which="both", length=0)
        axes.set_xlim(0.0, None)
        axes.invert_yaxis()
        axes.set_xlabel(r"parameter / median expected CL$_\mathrm{s}$ limit")
        figure.legend(loc="outside upper center", ncols=2, fontsize=8)
        save(figure, [file], 160)


if __name__ == "__main__":
    results = Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "results"
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else TOP / "docs" / "figures"
    found = [
        compared(results / analysis / "workspaces" / f"{hypothesis}.json")
        for analysis in ANALYSES
        for hypothesis in HYPOTHESES
    ]
    print(tables(found))
    draw(found, folder / "conventions.png")
