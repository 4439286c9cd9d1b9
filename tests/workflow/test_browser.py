"""The summary page and Snakemake's report in a browser: no error, nothing loaded, figures visible,
plots that answer.

Debian's Chromium (`apt-get install chromium`) is driven without a network. Screenshots at 1400 and
400 pixels are left in pytest's temporary folder, to be looked at."""

import subprocess
import sys

import pytest
from chromium import PROGRAM, Browser, axe_source
from helpers import ROOT, snakemake

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        PROGRAM is None, reason="no chromium on this machine: apt-get install chromium"
    ),
]
WIDTHS = [1400, 400]
VISIBLE = "[...document.images].every(image => image.complete && image.naturalWidth > 0 && image.clientWidth > 0)"
FITS = "document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture(scope="module")
def pages(finished, tmp_path_factory):
    """The summary page of the finished run, and Snakemake's report of it."""
    place = finished.copy(tmp_path_factory.mktemp("pages"))
    for arguments in (["results/alpha/summary.html"], ["--report", "report.html"]):
        ended = snakemake(place, *arguments)
        assert ended.returncode == 0, ended.stdout
    return place.folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def looked_at(browser, file, width, also=("warning",)):
    picture = file.with_name(f"{file.stem}_{width}.png")
    browser.screenshot(picture)
    assert picture.stat().st_size > 20_000, "an empty page"
    assert browser.errors(also) == []
    assert browser.requests() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_summary_page(browser, pages, width):
    file = pages / "results" / "alpha" / "summary.html"
    browser.open(file, width)
    browser.wait(
        "document.querySelectorAll('.plot svg[role=img]').length === 2 && document.querySelector('.plot svg circle')"
    )
    assert browser.evaluate("document.images.length") >= 3
    assert browser.evaluate(VISIBLE)
    assert browser.evaluate(FITS), "the page is wider than the window"
    assert browser.evaluate("[...document.images].every(image => image.alt.length > 20)")
    looked_at(browser, file, width)


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The source of axe-core, from the npm registry."""
    return axe_source(tmp_path_factory.mktemp("axe"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_accessible(browser, pages, axe, width, scheme):
    """axe-core finds no serious and no critical violation, contrast included."""
    browser.prefer(scheme)
    browser.open(pages / "results" / "alpha" / "summary.html", width)
    browser.wait("document.querySelector('.plot svg circle')")
    assert browser.violations(axe) == []
    browser.prefer("light")


def test_marks_do_not_overlap_on_a_narrow_page(browser, pages):
    """Of the rows of this work: observed limit, expected median and its band are apart."""
    browser.open(pages / "results" / "alpha" / "summary.html", 400)
    holder = "document.getElementById('plot-magnetic-moment')"
    browser.wait(f"{holder} && {holder}.querySelector('g circle')")
    overlaps = browser.evaluate(
        f"""(() => {{
          const boxes = [...{holder}.querySelectorAll('svg[role=img] g > :is(circle, path, rect:not([opacity]))')]
            .map((mark) => mark.getBoundingClientRect());
          return boxes.filter((one, i) => boxes.some((other, j) => i < j && one.left < other.right
            && other.left < one.right && one.top < other.bottom && other.top < one.bottom)).length;
        }})()"""
    )
    assert overlaps == 0


def test_a_plot_answers_to_mouse_keys_and_boxes(browser, pages):
    browser.open(pages / "results" / "alpha" / "summary.html", 1400)
    holder = "document.getElementById('plot-dark-photon')"
    said = f"{holder}.querySelector('output').textContent"
    browser.wait(f"{holder} && {holder}.querySelector('svg path')")
    hint = browser.evaluate(said)
    browser.evaluate(
        f"{holder}.querySelector('svg').scrollIntoView({{block: 'center', behavior: 'instant'}})"
    )
    box = browser.evaluate(
        f"(({{x, y, width, height}}) => [x, y, width, height])({holder}.querySelector('svg').getBoundingClientRect())"
    )
    browser.move(box[0] + box[2] / 2, box[1] + box[3] / 2)
    browser.wait(f"{said} !== {hint!r}")
    assert "coupling" in browser.evaluate(said)

    browser.evaluate(f"{holder}.querySelector('svg').focus()")
    before = browser.evaluate(said)
    browser.press("ArrowRight")
    after = browser.evaluate(said)
    assert after != before
    browser.press("ArrowDown")
    assert browser.evaluate(said).split(":")[0] != after.split(":")[0]  # another curve

    curves = f"{holder}.querySelectorAll('g path').length"
    shown = browser.evaluate(curves)
    label = (
        f"[...{holder}.querySelectorAll('label')].find(label => label.textContent === 'observed')"
    )
    browser.evaluate(f"{label}.querySelector('input').click()")
    assert browser.evaluate(curves) == shown - 1
    path = f"{holder}.querySelector('g path').getAttribute('d')"
    logarithmic = browser.evaluate(path)
    browser.evaluate(f"{holder}.querySelector('input').click()")
    assert browser.evaluate(path) != logarithmic
    assert browser.errors() == []


def test_without_a_script_the_page_still_tells_the_limits(browser, pages):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages / "results" / "alpha" / "summary.html", 400)
        assert browser.evaluate("document.querySelectorAll('#limits tbody tr').length") >= 4
        assert "JavaScript" in browser.evaluate("document.querySelector('#plots').innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


CLICK = """[...document.querySelectorAll('*')]
    .filter(element => element.childElementCount === 0 && element.textContent.trim() === '{text}').at(-1).click()"""
SHOW = """[...document.querySelectorAll('tr')]
    .find(row => row.innerText.trim() === 'limits').querySelector('a[iconname=eye]').click()"""


@pytest.mark.parametrize("width", WIDTHS)
def test_report(browser, pages, width):
    """The graph of the workflow, the categories, the figures of one, and one figure."""
    file = pages / "report.html"
    browser.open(file, width)
    said = "document.body.innerText"
    for word in ("Workflow", "alpha", "beta", "comparison"):
        browser.wait(f"{said}.includes('{word}')")
    browser.wait(
        "document.querySelector('canvas, svg.marks')?.clientWidth > 200"
    )  # the graph, drawn
    source = file.read_text(encoding="utf-8")
    assert all(
        rule in source for rule in ("limits_table", "workspaces_alpha_dark_photon", "summary")
    )
    looked_at(
        browser, file, width, also=()
    )  # Snakemake's page warns of the way in which it was built
    for category in ("alpha", "search"):
        browser.wait(f"{said}.includes('{category}')")
        browser.evaluate(CLICK.format(text=category))
    browser.wait(f"{said}.includes('coupling and mass') && {said}.includes('summary page')")
    browser.evaluate(SHOW)
    figure = "[...document.images].find(image => image.src.startsWith('data:image/png') && image.naturalWidth > 200)"
    browser.wait(f"{figure} && {figure}.complete")
    if width == 400:  # on a phone the menu lies over the figure until it is closed
        browser.evaluate("document.querySelectorAll('a[type=button]')[1].click()")
    browser.wait(f"{figure}.clientWidth > 200")
    looked_at(browser, file.with_stem("report_figure"), width, also=())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The documentation, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-d", folder / "trees"]
    subprocess.run([*command, ROOT / "docs", folder / "html"], check=True)
    return folder / "html"


PAGES = [
    *("index", "tutorial", "notebooks/own-spectrum", "api", "gallery", "glossary", "files"),
    *("physics", "validation", "search"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES)
def test_pages_of_the_documentation(browser, site, axe, page, width, scheme):
    """No page is wider than the window, none has an error or a serious fault of access."""
    browser.prefer(scheme)
    browser.open(site / f"{page}.html", width)
    assert browser.evaluate(FITS)
    assert browser.evaluate(VISIBLE) or page == "gallery"  # pictures further down load later
    assert browser.violations(axe) == []
    assert browser.errors() == []
    browser.screenshot(site.parent / f"{page.replace('/', '_')}_{width}_{scheme}.png")
    browser.prefer("light")


def test_the_search_of_the_site_finds_the_page_that_explains_cls(browser, site):
    browser.open(site / "search.html", 1400, query="?q=CLs")
    browser.wait("document.querySelectorAll('ul.search li a').length > 2")
    found = browser.evaluate(
        "[...document.querySelectorAll('ul.search li a')].map((link) => link.getAttribute('href'))"
    )
    assert "glossary.html#cls" in found[:4]
