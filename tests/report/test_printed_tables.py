"""Printed tables: digits, escaping, and what stands in the tables of an analysis."""

import math
import re
import shutil
import subprocess

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.events.selection import cut_flow as events
from exonu.report.numbers.figure_records import Heading
from exonu.report.printed_tables.result_tables import (
    activities_table,
    caption,
    cut_flow_table,
    decades,
    limits_table,
    relative_change,
    systematics_table,
    yields_table,
)
from exonu.report.printed_tables.writing import (
    PrintedTable,
    latex,
    latex_text,
    markdown,
    markdown_text,
    number,
    percent,
    shortest,
    with_error,
    write_table,
)

REAL = Heading("XENONnT SR0", "arXiv:2207.11330", 1.16, is_simulated=False, blinded=False)
MADE_UP = Heading("Mine & yours", "none", 1.0, is_simulated=True, blinded=True)
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")
ESCAPES = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textbar{}": "|",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    **{f"\\{char}": char for char in "&%$#_{}"},
}


def as_float(text):
    """A printed number, read as a person reads it."""
    mantissa, _, power = text.translate(SUPERSCRIPTS).partition(" × 10")
    return float(mantissa) * 10.0 ** int(power or 0)


@given(st.floats(min_value=1e-300, max_value=1e300), st.sampled_from([1, -1]), st.integers(1, 6))
def test_a_number_has_its_significant_digits(size, sign, digits):
    text = number(sign * size, digits)
    assert as_float(text) == pytest.approx(sign * size, rel=0.5000001 * 10 ** (1 - digits))
    shown = text.partition(" ×")[0].lstrip("−0.").replace(".", "")
    assert len(shown) == digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (9999.0, "1.00 × 10⁴"),
        (999.6, "1.00 × 10³"),
        (999.4, "999"),
        (0.01, "0.0100"),
        (0.00999, "9.99 × 10⁻³"),
        (6.4e-12, "6.40 × 10⁻¹²"),
        (-2.5, "−2.50"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (99.96, 1.0, "100.0 ± 1.0"),
        (433.0, 0.999, "433.0 ± 1.0"),
        (-1e-6, 1.0, "0.0 ± 1.0"),
        (-3.21, 0.1, "−3.21 ± 0.10"),
        (3.0, None, "3.00"),
        (None, 1.0, "–"),
    ],
)
def test_numbers_with_errors(value, error, text):
    assert with_error(value, error) == text


def test_percent_and_exact_numbers():
    assert [percent(value) for value in (0.0, 0.5, -0.5, 1e-5)] == [
        "0",
        "+50.0",
        "−50.0",
        "+1.00 × 10⁻³",
    ]
    assert [shortest(value) for value in (100.0, 1.5, 2.154e-5, None)] == [
        "100",
        "1.5",
        "2.154 × 10⁻⁵",
        "–",
    ]


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)).filter(
        lambda text: "_{" not in text
    )
)
def test_every_ascii_text_survives_latex(text):
    """Each special character becomes a command of its own, and nothing else is one."""
    written = latex_text(text)
    commands = "|".join(map(re.escape, sorted(ESCAPES, key=len, reverse=True)))
    pieces = re.findall(rf"({commands})|([^\\&%$#_{{}}~^<>|])", written)
    assert "".join(ESCAPES.get(command, plain) for command, plain in pieces) == text
    assert "".join(command + plain for command, plain in pieces) == written


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126)).filter(
        lambda text: "_{" not in text
    )
)
def test_every_ascii_text_survives_markdown(text):
    written = markdown_text(text)
    assert re.sub(r"\\(.)", r"\1", written) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[|*_`\[\]<>#]", written)


def test_signs_in_latex():
    assert (
        latex_text("μ_{ν} = 6 × 10⁻¹² μ_{B}")
        == r"$\mu_{\nu}$ = 6 $\times$ 10$^{-12}$ $\mu_{\mathrm{B}}$"
    )
    assert latex_text("−2Δln L, χ²") == r"$-$2$\Delta$ln L, $\chi^{2}$"
    assert latex_text("g_{B−L}, ±1σ – H₂O") == r"$g_{B-L}$, $\pm$1$\sigma$ -- H$_{2}$O"
    assert latex_text("€5 ΛΩλ") == r"€5 $\Lambda\Omega\lambda$"
    assert latex_text(r"$μ") == r"\$$\mu$"


def test_a_table_in_three_forms(tmp_path):
    values = pd.DataFrame({"name": ["a_b"], "size": [1.0 / 3.0]})
    table = PrintedTable("mine", "Sizes in %.", ("Name", "Size"), (("a_b", "0.333"),), values)
    write_table(tmp_path, table)
    assert (tmp_path / "mine.csv").read_text() == "name,size\na_b,0.333333333\n"
    assert (
        tmp_path / "mine.md"
    ).read_text() == "Sizes in %.\n\n| Name | Size |\n| --- | ---: |\n| a\\_b | 0.333 |\n"
    assert (tmp_path / "mine.tex").read_text().splitlines() == [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        r"\caption{Sizes in \%.}",
        r"\label{tab:mine}",
        r"\begin{tabular}{@{}lr@{}}",
        r"\toprule",
        r"Name & Size \\",
        r"\midrule",
        r"a\_b & 0.333 \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def test_captions_say_what_is_simulated():
    assert caption(REAL, "Text.") == "XENONnT SR0, arXiv:2207.11330. Text."
    assert "Simulated data. Blinded: " in caption(MADE_UP, "Text.")
    yields = pd.DataFrame([YIELD])
    for form in (latex, markdown):
        assert "Simulated data" in form(yields_table(yields, MADE_UP))
        assert "Simulated" not in form(yields_table(yields, REAL))


YIELD = {
    "hypothesis": "millicharge_all",
    "channel": "recoil",
    "sample": "total",
    "before": 426.529,
    "before_error": 25.6,
    "after": 430.4,
    "after_error": 16.02,
    "observed": 433.0,
}


def test_yields():
    table = yields_table(pd.DataFrame([{**YIELD, "sample": "B0"}, YIELD]), REAL)
    assert table.rows == (
        ("millicharge_all", "recoil", "B0", "427 ± 26", "430 ± 16", ""),
        ("millicharge_all", "recoil", "total", "427 ± 26", "430 ± 16", "433"),
    )


def limit_row(method, observed, **changes):
    row = {
        "analysis": "a",
        "interaction": "millicharge",
        "flavour": "e",
        "mass_MeV": math.nan,
        "parameter": "q_nu",
    }
    row |= {"unit": "e", "method": method, "confidence_level": 0.9, "observed": observed}
    row |= {
        "expected_minus1": 1e-13,
        "expected": 2e-13,
        "expected_plus1": 3e-13,
        "published": math.nan,
    }
    return {**row, "published_source": "", "blinded": False, "is_simulated": False, **changes}


def test_limits_side_by_side():
    heavy = {
        "interaction": "dark-photon",
        "flavour": "all",
        "mass_MeV": 10.0,
        "parameter": "g_BL",
        "unit": "1",
    }
    rows = [
        limit_row("asymptotic", 1.65e-13, published=1.5e-12),
        limit_row("delta-chi2", 1.43e-13),
        limit_row("asymptotic", math.nan, **heavy),
        limit_row("delta-chi2", 2.6e-5, **heavy),
    ]
    table = limits_table(pd.DataFrame(rows), REAL)
    assert table.headings[-2:] == ("−2Δln L = 2.71", "Published")
    one, other = table.rows
    band = "1.00 × 10⁻¹³ to 3.00 × 10⁻¹³"
    shown = ("1.65 × 10⁻¹³", "2.00 × 10⁻¹³", band, "1.43 × 10⁻¹³", "1.50 × 10⁻¹²")
    assert one == ("millicharge", "e", "–", "q_{ν} (e)", *shown)
    assert other[:5] == ("dark photon", "all", "10", "g_{B−L}", "–")
    assert table.values["delta_chi2"].tolist() == [1.43e-13, 2.6e-5]
    assert "90 % confidence level" in table.caption


def test_projected_limits_beside_the_published_one():
    rows = [
        limit_row("asymptotic", 1.65e-13, published=1.5e-12),
        limit_row("asymptotic-711d", math.nan, expected=5e-14),
        limit_row("asymptotic-711d-no-mc", math.nan, expected=4.5e-14),
        limit_row("asymptotic-711d-stat", math.nan, expected=4e-14),
    ]
    known = Heading("Mine", "none", 1.0, is_simulated=True, blinded=False, live_days=3.0)
    table = limits_table(pd.DataFrame(rows), known)
    assert table.headings[-4:] == (
        "Expected at 711 d",
        "Expected at 711 d, without MC statistics",
        "Expected at 711 d, statistics alone",
        "Published",
    )
    [row] = table.rows
    assert row[-4:] == ("5.00 × 10⁻¹⁴", "4.50 × 10⁻¹⁴", "4.00 × 10⁻¹⁴", "1.50 × 10⁻¹²")
    columns = ["expected", "expected_711d", "expected_711d_no_mc", "expected_711d_stat"]
    assert table.values[columns].iloc[0].tolist() == [2e-13, 5e-14, 4.5e-14, 4e-14]
    assert (
        "All other limits of this work are of 3 d. Expected at 711 d are medians for Asimov data"
        in table.caption
    )
    assert "simulated templates" in table.caption
    plain = limits_table(pd.DataFrame(rows[:1]), known)
    assert "Asimov" not in plain.caption
    assert not [name for name in plain.values if "711" in name]


def test_of_many_masses_those_nearest_decades():
    assert decades([3.0, 1.0]) == [1.0, 3.0]
    assert decades([10 ** (k / 6 - 5) for k in range(43)]) == pytest.approx(
        [10.0**k for k in range(-5, 3)]
    )


def selected(source, passed):
    """A record of the selection: 100 events, of which so many pass the first and both cuts."""
    cuts = [{"name": "trigger"}, {"name": "fiducial"}]
    return {
        "source": source,
        "cuts": cuts,
        "edges_keV": [],
        "sums": [[100.0, *passed]] * 3,
        "binned": None,
    }


def test_cut_flow():
    runs = [{"kind": "data", "stream": "physics", "run": number} for number in ("1", "2")]
    sample = {"kind": "simulation", "sample": "s1", "component": "copper", "variation": "nominal"}
    records = [
        selected(source, passed)
        for source, passed in zip([*runs, sample], [(80, 20), (60, 0), (90, 0)], strict=True)
    ]
    table = cut_flow_table(events.cut_flow_table(records, live_days=2.0), MADE_UP)
    assert table.headings == (
        "Source",
        "Kind",
        "Before cuts",
        "After trigger",
        "After fiducial",
        "Efficiency (%)",
    )
    assert table.rows == (
        ("physics", "data", "200 ± 14", "140 ± 12", "20.0 ± 4.5", "10.0"),
        ("copper", "simulation", "200 ± 20", "180 ± 19", "0", "0"),
    )
    assert table.values["source"].tolist() == ["physics"] * 3 + ["copper"] * 3
    assert "Simulated data." in table.caption


MODIFIERS = [
    ({"type": "normsys", "data": {"lo": 0.9, "hi": 1.2}}, (-0.1, 0.2)),
    ({"type": "histosys", "data": {"lo_data": [1, 2], "hi_data": [2, 4]}}, (-0.25, 0.5)),
    ({"type": "shapesys", "data": [0.6, 0.8]}, (-0.25, 0.25)),
    ({"type": "lumi", "name": "lumi", "data": None}, (-0.02, 0.02)),
    ({"type": "normfactor", "data": None}, (None, None)),
]


@pytest.mark.parametrize(("modifier", "change"), MODIFIERS)
def test_relative_changes(modifier, change):
    spec = {"measurements": [{"config": {"parameters": [{"name": "lumi", "sigmas": [0.02]}]}}]}
    found = relative_change({"data": [1.0, 3.0]}, modifier, spec)
    assert (
        found == (pytest.approx(change[0]), pytest.approx(change[1]))
        if change[0]
        else found == change
    )


@pytest.mark.parametrize("modifier", [modifier for modifier, _ in MODIFIERS])
def test_a_sample_without_counts_has_no_relative_change(modifier):
    assert relative_change({"data": [0.0, 0.0]}, modifier, {}) == (None, None)


def test_systematics():
    modifiers = [
        {"name": "mu", "type": "normfactor", "data": None},
        {"name": "flux", **MODIFIERS[0][0]},
    ]
    samples = [
        {"name": "B0", "data": [4.0], "modifiers": []},
        {"name": "signal", "data": [4.0], "modifiers": modifiers},
    ]
    spec = {
        "channels": [{"name": "c", "samples": samples}],
        "measurements": [{"config": {"poi": "mu"}}],
    }
    record = {
        "meaning": {"poi_map": {}, "pruned": {"flux_f17": 1e-5}},
        "pulls": [{"name": "flux", "pull": 0.5, "constraint": 0.9}],
        "impacts": {
            "mu_error": 2.0,
            "parameters": [{"name": "flux", "post_down": -1.0, "post_up": 1.0}],
        },
    }
    table = systematics_table([("millicharge_all", spec, record)], MADE_UP)
    assert table.rows == (
        (
            "millicharge_all",
            "flux",
            "signal",
            "normsys",
            "−10.0 / +20.0",
            "0.50 ± 0.90",
            "−0.50 / 0.50",
        ),
        (
            "millicharge_all",
            "flux_f17",
            "signal",
            "left out",
            "−1.00 × 10⁻³ / +1.00 × 10⁻³",
            "–",
            "–",
        ),
    )
    assert table.values["is_simulated"].all()


def test_activities_before_and_after_the_fit():
    """A log-normal prior of 50 % that is pulled by −1 leaves 1/1.5; a free activity is what was
    fitted."""
    background = {
        "label": "²¹⁰Pb",
        "component": "wall",
        "normalisation": {"activity": 2.0, "uncertainty": 0.5},
    }
    free = {
        "label": "LXe",
        "component": "line",
        "normalisation": {"activity": 1.0, "uncertainty": None},
    }
    experiment = {"order": ["wall", "line"], "backgrounds": {"wall": background, "line": free}}
    fit = {
        "values": {"wall_norm": -1.0, "line_norm": 0.7},
        "errors": {"wall_norm": 0.5, "line_norm": 0.1},
    }
    record = {
        "name": "some_fit",
        "pulls": [{"name": "wall_norm", "value": -1.0, "error": 0.5}],
        "fit": fit,
    }
    table = activities_table(experiment, record, MADE_UP)
    assert table.values["after"].tolist() == pytest.approx([2 / 1.5, 0.7])
    assert table.values["after_error"].tolist() == pytest.approx(
        [2 / 1.5 * 0.5 * math.log(1.5), 0.1]
    )
    assert [row[2] for row in table.rows] == ["2.0 ± 1.0", "1 (free)"]
    assert "some_fit" in table.caption


def test_the_brief_table_of_limits_fits_a_column():
    """No row is wider than a column of 86 mm at eight points, where a sign takes at most 1.5 mm."""
    rows = [limit_row("asymptotic", 1.65e-13, published=1.5e-12), limit_row("delta-chi2", 1.43e-13)]
    text = latex(limits_table(pd.DataFrame(rows), REAL))
    assert text.count(r"\begin{table}") == text.count(r"\begin{table*}") == 1
    brief = text[: text.index(r"\begin{table*}")]
    assert r"$2.00^{+1.00}_{-1.00}\times10^{-13}$" in brief
    lines = [line for line in brief.splitlines() if " & " in line]
    assert len(lines) == 2
    for line in lines:
        seen = re.sub(r"\\[a-z]+|[\\${}^_&]", "", line)
        assert len(seen) * 1.5 + 3 * 2.1 < 86
    assert "beside other" not in brief


def test_numbers_of_siunitx(tmp_path):
    """On request, and every number then stands in one command."""
    rows = [
        limit_row("asymptotic", 1.65e-13, published=1.5e-12),
        limit_row("delta-chi2", 1.43e-13),
    ]
    table = limits_table(pd.DataFrame(rows), REAL)
    write_table(tmp_path, table, siunitx=True)
    text = (tmp_path / "limits.tex").read_text(encoding="utf-8")
    assert text.splitlines()[0] == r"% needs \usepackage{booktabs} and \usepackage{siunitx}"
    assert r"\num{1.65e-13} & $2.00^{+1.00}_{-1.00}\times10^{-13}$ & \num{1.50e-12} \\" in text
    assert r"$2.00^{+1.00}_{-1.00}\times10^{-13}$ & \num{1.43e-13} & \num{1.50e-12} \\" in text
    [row] = [line for line in text[text.rindex("midrule") :].splitlines() if " & " in line]
    bare = re.sub(r"\\num\{[-\d.e]+\}|\$[^$]*\$", "", row)
    assert not re.search(r"\d", bare), bare
    assert r"\num" not in latex(table)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pdflatex") is None,
    reason="LaTeX is not in the package index: apt install texlive-latex-base texlive-science",
)
@pytest.mark.parametrize("siunitx", [False, True])
def test_tables_of_limits_fit_their_place(tmp_path, siunitx):
    """Set by LaTeX in columns of 86 mm, with every method and a projection: nothing sticks out."""
    package = r"\usepackage{siunitx}" if siunitx else ""
    if siunitx and not subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True).stdout:
        pytest.skip("siunitx is not in the package index: apt install texlive-science")
    methods = ("asymptotic", "toys", "two-sided", "feldman-cousins", "delta-chi2", "bayes-integral")
    methods += tuple(f"asymptotic-711d{end}" for end in ("", "-no-mc", "-stat"))
    coupling = {
        "interaction": "dark-photon", "flavour": "all", "mass_MeV": 2.154e-5, "parameter": "g_BL",
        "unit": "1",
    }  # fmt: skip
    rows = [limit_row(method, 1.65e-13, published=1.5e-12) for method in methods]
    rows += [limit_row(method, 1.65e-13, published=1.5e-12, **coupling) for method in methods]
    write_table(tmp_path, limits_table(pd.DataFrame(rows), REAL), siunitx=siunitx)
    (tmp_path / "paper.tex").write_text(
        r"\documentclass[twocolumn]{article}\usepackage{booktabs}" + package
        + r"\textwidth178mm\columnsep6mm\columnwidth86mm\begin{document}\input{limits.tex}\end{document}"
    )  # fmt: skip
    command = ["pdflatex", "-interaction=nonstopmode", "paper.tex"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    said = (tmp_path / "paper.log").read_text(encoding="latin-1")
    assert (tmp_path / "paper.pdf").is_file()
    assert "Overfull" not in said, re.findall(r"Overfull.*", said)
