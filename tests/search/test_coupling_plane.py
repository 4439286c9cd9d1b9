"""Limits in a plane of two couplings."""

import json

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.interactions import chiral_couplings
from exonu.report.figures.scans.coupling_planes import draw_planes
from exonu.report.figures.style import save
from exonu.report.numbers.figure_records import Heading
from exonu.search.analysis import default_settings, read_analysis
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_of_experiment
from exonu.search.studies.coupling_plane import (
    PlaneScan,
    contours,
    in_direction,
    plane_limits,
    plane_scan,
    plane_tables,
)

SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")


def test_along_the_axes_they_are_the_limits_of_each_sign():
    quarter = np.pi / 2
    points = plane_limits(
        read_experiment(SR0),
        default_settings(),
        "nsi-left",
        "nsi-right",
        flavour="e",
        angles=[0.0, quarter, 2 * quarter, 3 * quarter],
    )
    names = ("nsi-left", "nsi-right", "nsi-left-negative", "nsi-right-negative")
    want = [limit_of_experiment(SR0, name, flavour="e")["observed"] for name in names]
    assert np.hypot(*points.T) == pytest.approx(want, rel=1e-6)
    assert points[1] == pytest.approx([0.0, want[1]], abs=1e-9)


def test_couplings_of_other_profiles_make_no_plane():
    with pytest.raises(InputError, match="charge-radius and nsi-left do not shift the couplings"):
        in_direction("charge-radius", "nsi-left", 0.3)


def test_all_signs_turned_round_are_the_standard_model():
    """ε = −2g turns g_L and g_R to −g_L and −g_R, of which no rate knows."""
    left, right = chiral_couplings("radiative")[:, 0]
    angle, reach = np.arctan2(-right, -left), 2 * np.hypot(left, right)
    scan = plane_scan(
        read_experiment(SR0), default_settings(), "nsi-left", "nsi-right",
        flavour="e", reach=reach, angles=[angle, 0.0], radii=3,
    )  # fmt: skip
    assert scan.twice_delta[0, 2] == pytest.approx(scan.twice_delta[0, 0], abs=1e-6)
    assert scan.twice_delta[1, 0] == pytest.approx(scan.twice_delta[0, 0], abs=1e-6)
    assert scan.twice_delta[0, 1] > 1  # half way nothing is left of the ν_e


def test_contours_are_those_of_two_parameters():
    """Of a parabola the 90 % region is the circle of 4.605."""
    phi, r = np.linspace(0, 2 * np.pi, 72, endpoint=False), np.linspace(0, 3, 61)
    x, y = np.outer(np.cos(phi), r), np.outer(np.sin(phi), r)
    [curve] = contours(PlaneScan(x, y, x**2 + y**2, (0.0, 0.0)), 0.9)
    assert np.hypot(*curve.T) == pytest.approx(np.sqrt(-2 * np.log(0.1)), rel=2e-3)
    assert curve[0] == pytest.approx(curve[-1])


def test_tables_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr("exonu.search.studies.coupling_plane.plane_scan", small_scan)
    plane = {"interactions": ["nsi-left", "nsi-right"], "flavours": ["e"], "reach": 2.0}
    grid, curves = plane_tables(read_experiment(SR0), default_settings(), [plane])
    assert len(grid) == 12 * 9
    assert set(curves["first"]) == {"eps_L"}
    assert curves["confidence_level"].unique().tolist() == [0.9]
    figure = draw_planes(curves, Heading("XENONnT SR0", "arXiv", 1.16, False, False))
    save(figure, [tmp_path / "planes.png"], 60)
    assert (tmp_path / "planes.png").stat().st_size > 5000


def small_scan(*args, **kwargs):
    return plane_scan(*args, **kwargs, angles=12, radii=9)


def test_planes_are_checked_before_any_work(tmp_path):
    file = tmp_path / "mine.yaml"
    plane = {"interactions": ["nsi-left", "magnetic-moment"]}
    block = {"config_version": 1, "experiment": str(SR0), "statistics": {"planes": [plane]}}
    file.write_text(json.dumps(block))
    with pytest.raises(
        InputError, match=r"statistics\.planes\.0\.interactions: nsi-left and magnetic"
    ):
        read_analysis("mine", file)
    plane["interactions"] = ["nsi-left", "nsi-right"]
    del block["experiment"]
    file.write_text(json.dumps(block | {"experiments": ["a", "b"]}))
    with pytest.raises(InputError, match=r"statistics\.planes: are scanned with one experiment"):
        read_analysis("mine", file)
