"""Figures of an event-level analysis: same bytes, labelled, the cut marked, and what is missing
said in words."""

import numpy as np
import pandas as pd
import pytest
from event_tables_inputs import FIGURES, write_tables
from matplotlib.text import Text

from exonu.core.errors import InputError
from exonu.detector.geometry import geodesic_geometry
from exonu.events.one_event import OneEvent
from exonu.events.raw.raw_events import Events
from exonu.report.figures.colours import VERMILLION
from exonu.report.figures.events.all_event_figures import write_event_figures
from exonu.report.figures.events.calibration_source import draw_calibration
from exonu.report.figures.events.cut_flow_bars import draw_cut_efficiency, draw_cut_flow
from exonu.report.figures.events.cut_variables import draw_cut, draw_energy
from exonu.report.figures.events.event_display import draw_event, event_words
from exonu.report.figures.events.hit_map import draw_hit_map
from exonu.report.figures.events.optics_from_source import draw_optics
from exonu.report.figures.events.raw_variables import draw_hits
from exonu.report.figures.events.sphere import unfolded
from exonu.report.figures.events.vertex_plots import draw_vertices
from exonu.report.figures.style import save
from exonu.report.numbers.event_tables import EventTables


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.fixture
def tables(tmp_path):
    return EventTables.read(write_tables(tmp_path / "tables"))


def draw_all(folder):
    """Figures of data, by name."""
    tables = EventTables.read(folder)
    cuts = {f"cut_{cut['name']}": draw_cut(tables, cut["name"]) for cut in tables.record["cuts"]}
    return {
        "hit_map": draw_hit_map(tables), "hits": draw_hits(tables), "energy": draw_energy(tables),
        "vertices": draw_vertices(tables), "cut_flow": draw_cut_flow(tables.table("cut_flow"), tables), **cuts,
    }  # fmt: skip


# -- tables


def test_components_of_one_label_are_one_class(tables):
    counts = tables.histogram("energy")
    assert list(counts.classes) == ["²¹⁰Pb surface", "LXe"]
    np.testing.assert_array_equal(counts.data, [4, 8, 12, 16])
    np.testing.assert_array_equal(counts.classes["²¹⁰Pb surface"], 11 * np.arange(1, 5))
    np.testing.assert_allclose(counts.simulation_error, np.sqrt(18 * np.arange(1, 5)))
    assert counts.elsewhere["data"] == (0, 20, 24)
    np.testing.assert_array_equal(tables.histogram("energy", "after").data, [0, 8, 12, 16])


def test_a_folder_without_tables(tmp_path):
    with pytest.raises(InputError, match=r"events\.json: cannot be read"):
        EventTables.read(tmp_path)
    write_tables(tmp_path)
    (tmp_path / "hit_map.csv").unlink()
    with pytest.raises(InputError, match=r"hit_map\.csv: does not exist; make it with snakemake"):
        draw_hit_map(EventTables.read(tmp_path))


# -- figures


@pytest.mark.slow
def test_all_figures_with_the_same_bytes_twice(tmp_path):
    folder = write_tables(tmp_path / "tables")
    for run in ("first", "second"):
        names = write_event_figures(
            folder, folder / "cut_flow.csv", folder / "cut_efficiency.csv", tmp_path / run, 60
        )
        assert sorted(names) == sorted(FIGURES)
    for name in FIGURES:
        for suffix in ("png", "pdf"):
            content = (tmp_path / "first" / f"{name}.{suffix}").read_bytes()
            assert content == (tmp_path / "second" / f"{name}.{suffix}").read_bytes()
            assert b"CreationDate" not in content


def test_one_figure_with_the_same_bytes_twice(tables, tmp_path):
    for run in ("first", "second"):
        save(draw_cut(tables, "fiducial"), [tmp_path / f"{run}.png"], 50)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_every_figure_says_whose_events_and_in_what_state(tmp_path):
    plain = draw_all(write_tables(tmp_path / "plain"))
    marked = draw_all(write_tables(tmp_path / "marked", is_simulated=True, blinded=True))
    for name in plain:
        assert "Toy, 2.5 live days" in texts(plain[name]), name
        assert "simulated" not in texts(plain[name])
        assert "Asimov" not in texts(plain[name])
        assert "simulated data, blinded: Asimov data" in texts(marked[name]), name


def test_vertices_beyond_the_simulated_liquid_are_grey(tmp_path):
    """R³ beyond 20³/1000 = 8, with a label there and in both planes."""
    whole = draw_vertices(EventTables.read(write_tables(tmp_path / "whole")))
    assert "liquid simulated" not in texts(whole)
    part = draw_vertices(EventTables.read(write_tables(tmp_path / "part", simulated_to_cm=20.0)))
    assert texts(part).count("liquid simulated to 20 cm") == 3
    for axes in part.axes[:2]:
        [grey] = [patch for patch in axes.patches if patch.get_facecolor()[:3] == (0.9, 0.9, 0.9)]
        left, right = grey.get_xy()[0], grey.get_xy()[0] + grey.get_width()
        assert (left, right) == (8.0, axes.get_xlim()[1])


def test_the_cut_is_marked_and_written_out(tables):
    figure = draw_cut(tables, "fiducial")
    assert "fiducial: r_pe_cm < 20" in texts(figure)
    upper, lower = figure.axes
    for axes in (upper, lower):
        lines = [line.get_xdata()[0] for line in axes.lines if line.get_color() == VERMILLION]
        assert lines == [2, 1]


def test_a_users_variable_is_shown_under_its_own_name(tables):
    figure = draw_cut(tables, "veto")
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert "veto_pe" in labels
    assert "outer detector triggered" in labels
    assert [tick.get_text() for tick in figure.axes[-1].get_xticklabels()] == ["no", "yes"]


def test_events_beyond_the_axis_are_said(tables):
    """Of 4 · (1 + … + 6) = 84 events, 20 are above and 24 have no value."""
    assert "data: 24 % above, 29 % without a value" in texts(draw_cut(tables, "fiducial"))


def test_a_cut_that_compares_nothing(tables):
    assert "compares no variable with a number" in texts(draw_cut(tables, "odd"))


def test_without_simulation_or_hits(tmp_path):
    folder = write_tables(tmp_path, simulation=False)
    draw_all(folder)
    tables = EventTables.read(folder)
    assert "no simulation here" in texts(draw_energy(tables))
    assert "data / simulation" not in texts(draw_hit_map(tables))
    del tables.record["histograms"]["hit_charge"], tables.record["histograms"]["hit_time"]
    assert "no events with hits were read" in texts(draw_hits(tables))


def test_dead_photomultipliers_are_marked(tables):
    assert "dead in some runs" in texts(draw_hit_map(tables))


def test_cut_flow_shows_no_blinded_events_after_all_cuts(tmp_path):
    for blinded, expected in ((False, 4), (True, 3)):
        tables = EventTables.read(write_tables(tmp_path / str(blinded), blinded=blinded))
        figure = draw_cut_flow(tables.table("cut_flow"), tables)
        (points,) = [box for box in figure.axes[0].containers if box.get_label() == "data"]
        assert len(points.lines[0].get_xdata()) == expected


def test_signal_is_not_in_the_cut_flow(tables):
    assert "signal" not in texts(draw_cut_flow(tables.table("cut_flow"), tables))
    assert "signal simulation" in texts(draw_cut_efficiency(tables.table("cut_efficiency"), tables))


def test_projection_keeps_areas():
    """Area of a patch on the plane over that on the sphere, anywhere."""
    rng = np.random.default_rng(2)
    longitude, latitude, step = rng.uniform(-170, 170, 50), rng.uniform(-80, 80, 50), 1e-3
    x, y = unfolded(longitude, latitude)
    east, north = unfolded(longitude + step, latitude), unfolded(longitude, latitude + step)
    area = (east[0] - x) * (north[1] - y) - (east[1] - y) * (north[0] - x)
    np.testing.assert_allclose(
        area, np.radians(step) ** 2 * np.cos(np.radians(latitude)), rtol=1e-3
    )


# -- event display, calibration


def one_event(channel, **changes):
    events = Events.of(
        [channel], [[1.0 + place for place in channel]], [[3.0 * place for place in channel]]
    )
    known = {
        "events": events,
        "geometry": geodesic_geometry(),
        "name": "Toy",
        "is_simulated": None,
        "numbers": {},
    }
    return OneEvent(**(known | changes))


def test_event_display_says_what_is_known():
    numbers = {
        "x_pe_cm": 3.0,
        "y_pe_cm": 0.0,
        "z_pe_cm": 4.0,
        "energy_keVee": 5.5,
        "r_t_cm": np.nan,
    }
    words = event_words(one_event([0, 5, 9], numbers=numbers))
    assert words == [
        "Toy", "run 1, event 0, 0 s", "3 hits, 17 PE", r"energy 5.5 keV$_\mathrm{ee}$",
        "vertex (3.0, 0.0, 4.0) cm, $R$ = 5.0 cm",
    ]  # fmt: skip
    assert "simulated event" not in texts(draw_event(one_event([0, 5, 9], numbers=numbers)))
    assert "simulated event" in texts(draw_event(one_event([0, 5, 9], is_simulated=True)))
    assert "no hits" in texts(draw_event(one_event([])))


def test_event_display_has_the_same_bytes_twice(tmp_path):
    for run in ("first", "second"):
        save(draw_event(one_event([1, 2, 300])), [tmp_path / f"{run}.png"], 50)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_calibration_figure_gives_the_numbers():
    one = {
        "mean_keVee": 121.0, "mean_error_keVee": 0.1, "resolution": 0.039, "resolution_error": 0.001, "chi2": 50.0,
        "degrees": 56,
    }  # fmt: skip
    scale = {"difference": -0.01, "error": 0.002}
    record = {
        "name": "Toy",
        "is_simulated": True,
        "data": one,
        "simulation": one,
        "energy_scale": scale,
    }
    edges = np.linspace(110, 130, 11)
    columns = {
        "low": edges[:-1],
        "high": edges[1:],
        "data": 5,
        "simulation": 4.5,
        "simulation_error": 0.5,
    }
    columns |= {"fit_data": 5.0, "fit_simulation": 4.0}
    names = ("energy_keVee", "x_cm", "y_cm", "z_cm")
    spectrum = pd.concat([pd.DataFrame({"quantity": name, **columns}) for name in names])
    figure = draw_calibration(record, spectrum)
    assert "data / simulation − 1 = (−1.00 ± 0.20) %" in texts(figure)
    assert "simulated data" in texts(figure)


def test_optics_figure_gives_the_numbers_and_both_stages():
    rows = pd.DataFrame({
        "z_cm": np.repeat([-30.0, 0.0, 30.0], 4), "cosine": np.tile([-0.7, -0.2, 0.2, 0.7], 3), "ratio": 1.02,
        "ratio_error": 0.01, "fitted": 1.015,
    })  # fmt: skip
    record = {
        "name": "Toy", "is_simulated": True, "order": ["scattering"], "chi2": 11.0, "degrees": 11, "p_value": 0.44,
        "parameters": {"scattering": {"central": -0.5, "error": 0.2}},
        "vertex_scale": {"difference": -0.004, "error": 0.003},
    }  # fmt: skip
    figure = draw_optics(record, rows)
    for words in (
        "scattering\n−0.50 ± 0.20",
        "scale of $R$(PE): −0.40 ± 0.30 %",
        "simulated data",
        "z = −30 cm",
    ):
        assert words in texts(figure)
    top = figure.axes[0]
    np.testing.assert_allclose(np.asarray(top.lines[1].get_ydata(), float), 1.5)
    of_data = top.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(np.asarray(of_data, float), 2.0)
    without = draw_optics(record | {"vertex_scale": None}, rows)
    assert "scale of" not in texts(without)
