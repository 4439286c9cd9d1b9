"""The figure of the dead-PMT correction shows what the correction holds."""

from pathlib import Path

import numpy as np
import pytest

from exonu.report.figures.events.dead_pmt_ratio import draw_dead_pmt
from exonu.report.figures.style import save
from exonu.templates.dead_pmt.correction import CorrectionSettings, DeadPmtCorrection, measure
from exonu.templates.dead_pmt.probes import Probes


def probes(*bins: tuple[float, int, int]) -> Probes:
    energy = np.repeat([e for e, _, _ in bins], [n for _, n, _ in bins])
    leaked = np.concatenate([np.arange(n) < k for _, n, k in bins])
    return Probes(energy, leaked, np.ones(len(energy)), np.zeros(len(energy), dtype=np.int64))


def correction(*, is_simulated: bool = True) -> DeadPmtCorrection:
    data = probes((3, 1000, 80), (5, 1000, 40), (7, 1000, 0))
    simulation = probes((3, 9000, 400), (5, 9000, 300), (7, 900, 3))
    return measure(
        data, simulation, CorrectionSettings(edges_keV=(2, 4, 6, 8)), is_simulated=is_simulated
    )


def test_points_and_steps_are_those_of_the_correction() -> None:
    figure = draw_dead_pmt(correction(), "test")
    above, below = figure.axes
    points = [line.get_ydata() for line in above.get_lines() if line.get_marker() == "o"]
    assert points[0].tolist() == pytest.approx([0.08, 0.04])
    steps = below.patches[-1].get_data().values
    assert steps.tolist() == pytest.approx([0.08 / (4 / 90), 0.04 / (3 / 90), 1])
    assert {text.get_text() for text in below.get_legend().get_texts()} == {
        "68.27 %",
        "not measured: assumed",
    }
    assert any("simulated" in text.get_text() for text in above.texts)


def test_real_data_are_not_called_simulated() -> None:
    above = draw_dead_pmt(correction(is_simulated=False), "test").axes[0]
    assert not any("simulated" in text.get_text() for text in above.texts)
    assert {text.get_text() for text in above.get_legend().get_texts()} == {"data", "simulation"}


def test_files_are_written(tmp_path: Path) -> None:
    save(draw_dead_pmt(correction(), "test"), [tmp_path / "a.png", tmp_path / "a.pdf"], 60)
    assert (tmp_path / "a.png").stat().st_size > 1000
    assert (tmp_path / "a.pdf").stat().st_size > 1000
