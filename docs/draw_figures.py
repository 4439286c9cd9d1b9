"""Draws the figures of the documentation from what `make` left in results/: `python
docs/draw_figures.py`.

Or from the results in another folder into another folder: `python docs/draw_figures.py RESULTS
    FOLDER`.
Limits of the two analyses of published data are drawn together, without the simulated demonstration,
by the steps of the workflow; the others are those of the run, copied."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
ANALYSES = ("xenonnt-sr0", "xenon1t-sr1")
FIGURES = ("limits", "coupling_mass")
SETTINGS = '{"plots": {"dpi": 160}}'
COPIED = {
    "spectrum": "xenonnt-sr0/figures/spectrum.png",
    "signals": "xenonnt-sr0/figures/signals.png",
    "diagnostics": "xenonnt-sr0/figures/diagnostics_magnetic-moment_all.png",
    "projections": "xenonnt-sr0/figures/projections.png",
    "planes": "xenonnt-sr0/figures/planes.png",
    "demonstration_spectrum": "xmass-demo/figures/spectrum.png",
    "demonstration_limits": "xmass-demo/figures/limits.png",
    "demonstration_vertices": "xmass-demo/figures/vertices.png",
    "demonstration_hit_map": "xmass-demo/figures/hit_map.png",
    "demonstration_cut_flow": "xmass-demo/figures/cut_flow.png",
    "demonstration_diagnostics": "xmass-demo/figures/diagnostics_magnetic-moment_all.png",
    "demonstration_parts": "xmass-demo/figures/parts.png",
    "combination": "combined/figures/combination.png",
    "comparison": "comparison/figures/limits.png",
}
"""Figures of the gallery by their name in docs/figures, and where the run leaves them."""


def draw(results: Path, folder: Path) -> None:
    """Draw or copy all figures into a folder.

    Args:
        results: the folder with the analyses' results.
        folder: where the PNG files go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in COPIED.items():
        shutil.copyfile(results / file, folder / f"{name}.png")
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
