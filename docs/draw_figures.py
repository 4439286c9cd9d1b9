"""Draws the figures of docs/validation.md from what `make` left in results/: `python
docs/draw_figures.py`.

Or from the results in another folder into another folder: `python docs/draw_figures.py RESULTS
    FOLDER`.
Those of the two analyses of published data, by the steps of the workflow; the simulated
demonstration is not in them."""

import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
ANALYSES = ("xenonnt-sr0", "xenon1t-sr1")
FIGURES = ("limits", "coupling_mass")
SETTINGS = '{"plots": {"dpi": 160}}'


def draw(results: Path, folder: Path) -> None:
    """Draw both figures into a folder.

    Args:
        results: the folder with the analyses' results.
        folder: where the PNG files go.
    """
    limits, counts = (
        [results / name / file for name in ANALYSES]
        for file in ("limits/limits.csv", "spectra/counts.csv")
    )
    for figure in FIGURES:
        step = [
            sys.executable,
            "-m",
            f"exonu.steps.report.figure_{figure}",
            "--settings",
            SETTINGS,
            "--limits",
            *limits,
        ]
        with tempfile.TemporaryDirectory() as unused:
            drawn = ["--png", folder / f"{figure}.png", "--pdf", Path(unused) / f"{figure}.pdf"]
            subprocess.run([*step, "--counts", *counts, *drawn], check=True)


if __name__ == "__main__":
    draw(*map(Path, sys.argv[1:]) if sys.argv[1:] else (TOP / "results", TOP / "docs" / "figures"))
