"""Tables for papers and notes: one table as CSV, LaTeX (booktabs) and Markdown.

A table is written once, in plain text with Unicode (``1.44 × 10⁻⁷``, ``μ_{ν}``); `latex` and
`markdown` turn that text into their own language, and escape what would mean something there. The
CSV beside them has the same rows unrounded."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from exonu.core.files import write_csv, write_text

if TYPE_CHECKING:
    import pandas as pd

NOTHING = "–"
"""What is printed where there is no number."""


@dataclass(frozen=True)
class PrintedTable:
    """A table.

    Attributes:
        name: file name without its ending.
        caption: what it shows, in sentences.
        headings: one per column, with the unit.
        rows: what is printed, one text per column.
        values: the same rows with unrounded numbers, for the CSV.
        texts: how many columns hold text, from the left; the others hold numbers.
        in_latex: tables that stand for it in LaTeX, each as wide as its place allows.
        wide: whether LaTeX sets it over both columns of a page.
        size: of the letters in LaTeX, with close columns; LaTeX's own if empty.

    A row of one cell goes over all columns.
    """

    name: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    values: pd.DataFrame
    texts: int = 1
    in_latex: tuple[PrintedTable, ...] = ()
    wide: bool = False
    size: str = ""


def write_table(folder: Path, table: PrintedTable, *, siunitx: bool = False) -> None:
    """Write ``<name>.csv``, ``<name>.tex`` and ``<name>.md``.

    Args:
        folder: where they go.
        table: what is written.
        siunitx: whether numbers in LaTeX are those of the package siunitx.
    """
    write_csv(folder / f"{table.name}.csv", table.values)
    write_text(folder / f"{table.name}.tex", latex(table, siunitx=siunitx))
    write_text(folder / f"{table.name}.md", markdown(table))


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, as a power of ten where it is very small or large.

    >>> number(1.44243e-7), number(433.0), number(0.05), number(-12345.6), number(None)
    ('1.44 × 10⁻⁷', '433', '0.0500', '−1.23 × 10⁴', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
    if -2 <= int(exponent) < digits:  # else zeros would look like digits
        return f"{Decimal(f'{mantissa}e{exponent}'):f}".replace("-", "−")
    power = str(int(exponent)).translate(_TO_SUPERSCRIPT)
    return f"{mantissa.replace('-', '−')} × 10{power}"


def with_error(value: float | None, error: float | None) -> str:
    """A number with its error: two digits of the error, and the number to the same place.

    >>> with_error(426.529, 25.605), with_error(0.11542, 0.98471), with_error(12346.0, 678.0), with_error(3.0, 0.0)
    ('427 ± 26', '0.12 ± 0.98', '12350 ± 680', '3.00')
    """
    if (
        value is None
        or error is None
        or not math.isfinite(value)
        or not math.isfinite(error)
        or error <= 0
    ):
        return number(value)
    place = int(f"{error:.1e}".partition("e")[2]) - 1  # of the error's second digit
    decimals = max(-place, 0)
    texts = (
        f"{round(entry, -place) + 0.0:.{decimals}f}".replace("-", "−") for entry in (value, error)
    )
    return " ± ".join(texts)


def percent(fraction: float | None) -> str:
    """A relative change with its sign, in percent.

    >>> percent(0.06), percent(-0.0123), percent(None)
    ('+6.00', '−1.23', '–')
    """
    text = number(None if fraction is None else 100 * fraction)
    return f"+{text}" if fraction and text[0].isdigit() else text


def shortest(value: float | None) -> str:
    """A number that is exact as it stands, such as a mass from the configuration: no zeros at its
    end.

    >>> shortest(1e-05), shortest(10.0), shortest(0.06813), shortest(433.0)
    ('1 × 10⁻⁵', '10', '0.06813', '433')
    """
    mantissa, times, power = number(value, digits=6).partition(" × ")
    return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa) + times + power


_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_TO_SUPERSCRIPT = str.maketrans({plain: raised for raised, plain in _SUPERSCRIPTS.items()})
_LOWERED = re.compile(r"_\{([\w−]+)\}")  # our own mark for a subscript
_POWER = r"(?: × 10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+))?"
_NUMBER = re.compile(rf"(?<![\w.])(−?)(\d+(?:\.\d+)?){_POWER}(?![\w.^])")
_RANGED = re.compile(
    rf"(\d[\d.]*)\^{{\+([\d.]+)}}_{{−([\d.]+)}}{_POWER}"
)  # our own mark for a range
_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "−": "$-$",
    "–": "--",
    "×": r"$\times$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "∫": r"$\int$",
    "\u202f": r"\,",
    "\u2003": r"\enspace ",
    "\n": " ",
}
_GREEK_CAPITALS = "ΓΔΘΛΞΠΣΥΦΨΩ"


def latex_text(text: str) -> str:
    """Plain text in LaTeX: special characters escaped, Greek, signs, and raised and lowered numbers
    in mathematics.

    >>> print(latex_text("5 % of μ_{B}² & q_ν < 1.4 × 10⁻¹²"))
    5 \\% of $\\mu_{\\mathrm{B}}^{2}$ \\& q\\_$\\nu$ \\textless{} 1.4 $\\times$ 10$^{-12}$
    >>> print(latex_text("g_{B−L}: 1.66^{+0.25}_{−0.21} × 10⁻⁷"))
    $g_{B-L}$: $1.66^{+0.25}_{-0.21}\\times10^{-7}$
    """
    if found := _RANGED.search(text):
        middle, above, below, power = found.groups()
        times = rf"\times10^{{{_lined(power)}}}" if power else ""
        written = rf"${middle}^{{+{above}}}_{{-{below}}}{times}$"
        return latex_text(text[: found.start()]) + written + latex_text(text[found.end() :])
    parts = _LOWERED.split(text)  # text and subscripts take turns
    pieces = []
    for before, below in zip(parts[::2], [*parts[1::2], ""], strict=True):
        symbol = re.search(r"(?<!\w)[A-Za-z]$", before) if below else None  # a variable is italic
        if symbol:
            before = before[:-1]
        pieces.append(_latex_characters(before))
        if below:
            pieces.append(f"${symbol[0] if symbol else ''}_{{{_lowered(below)}}}$")
    return re.sub(r"(?<!\\)\$\$", "", "".join(pieces))  # mathematics beside mathematics is one


def _lowered(index: str) -> str:
    """An index in mathematics: a name is upright, what is computed with is not."""
    if len(index) == 1 and _greek(index):
        return _greek(index)
    return index.replace("−", "-") if "−" in index else rf"\mathrm{{{index}}}"


def _latex_characters(text: str) -> str:
    """Text without subscripts of our own mark; raised and lowered numbers together, all else one by
    one."""
    result, position = [], 0
    for match in re.finditer(f"[{''.join(_SUPERSCRIPTS)}]+|[{''.join(_SUBSCRIPTS)}]+", text):
        result.append(_one_by_one(text[position : match.start()]))
        letters = _SUPERSCRIPTS if match[0][0] in _SUPERSCRIPTS else _SUBSCRIPTS
        sign = "^" if letters is _SUPERSCRIPTS else "_"
        result.append(f"${sign}{{{''.join(letters[char] for char in match[0])}}}$")
        position = match.end()
    return "".join([*result, _one_by_one(text[position:])])


def _one_by_one(text: str) -> str:
    return "".join(
        _LATEX.get(char) or (f"${_greek(char)}$" if _greek(char) else char) for char in text
    )


def _greek(char: str) -> str:
    """LaTeX's name of a Greek letter, empty for another character."""
    name = unicodedata.name(char, "")
    if name.startswith("GREEK SMALL LETTER ") or char in _GREEK_CAPITALS:
        word = name.rpartition(" ")[2].replace("LAMDA", "LAMBDA")
        return "\\" + (word.capitalize() if char in _GREEK_CAPITALS else word.lower())
    return ""


def ranged(value: float | None, low: float | None, high: float | None) -> str:
    """A number with its range above and below, over one power of ten, with our own marks.

    >>> ranged(1.66e-7, 1.45e-7, 1.91e-7), ranged(None, 1.0, 2.0)
    ('1.66^{+0.25}_{−0.21} × 10⁻⁷', '–')
    """
    if value is None or low is None or high is None or not math.isfinite(value + low + high):
        return number(value)
    power = int(f"{value:.2e}".partition("e")[2]) if value else 0
    power = 0 if -1 <= power <= 2 else power
    middle, above, below = (entry / 10.0**power for entry in (value, high - value, value - low))
    times = f" × 10{str(power).translate(_TO_SUPERSCRIPT)}" if power else ""
    return f"{middle:.2f}^{{+{above:.2f}}}_{{−{below:.2f}}}{times}"


def _lined(raised: str) -> str:
    """Raised digits on the line."""
    return "".join(_SUPERSCRIPTS[char] for char in raised)


def latex(table: PrintedTable, *, siunitx: bool = False) -> str:
    """The table for LaTeX, or those that stand for it there; it needs `\\usepackage{booktabs}`, and
    siunitx if numbers are to be its."""
    packages = ["booktabs", *(["siunitx"] if siunitx else [])]
    lines = ["% needs " + " and ".join(rf"\usepackage{{{name}}}" for name in packages)]
    for part in table.in_latex or (table,):
        lines += _latex_table(part, siunitx)
    return "\n".join(lines) + "\n"


def _latex_table(table: PrintedTable, siunitx: bool) -> list[str]:
    kind = "table*" if table.wide else "table"
    numbers = "r" * (len(table.headings) - table.texts)
    return [
        rf"\begin{{{kind}}}",
        r"\centering",
        rf"\caption{{{latex_text(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        *([rf"\{table.size}", r"\setlength{\tabcolsep}{2pt}"] if table.size else []),
        rf"\begin{{tabular}}{{@{{}}{'l' * table.texts}{numbers}@{{}}}}",
        r"\toprule",
        rf"{' & '.join(map(latex_text, table.headings))} \\",
        r"\midrule",
        *(rf"{_latex_row(row, table, siunitx)} \\" for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\end{{{kind}}}",
    ]


def _latex_row(row: tuple[str, ...], table: PrintedTable, siunitx: bool) -> str:
    if len(row) == 1 < len(table.headings):
        return rf"\multicolumn{{{len(table.headings)}}}{{@{{}}l}}{{{latex_text(row[0])}}}"
    return " & ".join(
        latex_numbers(cell, siunitx=siunitx)
        if place >= table.texts or _NUMBER.match(cell.lstrip())
        else latex_text(cell)
        for place, cell in enumerate(row)
    )


def latex_numbers(text: str, *, siunitx: bool) -> str:
    r"""A cell with its numbers each in one piece, as mathematics or as siunitx has them; ranges are
    mathematics.

    >>> print(latex_numbers("−1.44 × 10⁻⁷ to 427 ± 26", siunitx=True))
    \num{-1.44e-7} to \num{427} $\pm$ \num{26}
    >>> print(latex_numbers("−1.44 × 10⁻⁷ to 427 ± 26", siunitx=False))
    $-1.44\times10^{-7}$ to 427 $\pm$ 26
    """
    if _RANGED.search(text):
        return latex_text(text)
    parts, end = [], 0
    for found in _NUMBER.finditer(text):
        sign, digits, power = found.groups()
        digits = "-" * len(sign) + digits
        exponent = _lined(power or "")
        if siunitx:
            written = rf"\num{{{digits}{'e' if exponent else ''}{exponent}}}"
        else:
            written = rf"${digits}\times10^{{{exponent}}}$" if exponent else latex_text(found[0])
        parts += [latex_text(text[end : found.start()]), written]
        end = found.end()
    return "".join([*parts, latex_text(text[end:])])


def markdown_text(text: str) -> str:
    """Plain text in Markdown: special characters escaped, subscripts as HTML.

    >>> print(markdown_text("a_b | μ_{B}²"))
    a\\_b \\| μ<sub>B</sub>²
    """
    parts = _LOWERED.split(text)
    escaped = (
        re.sub(r"([\\`*_\[\]<>|#$~])", r"\\\1", part).replace("\n", " ") for part in parts[::2]
    )
    lowered = (f"<sub>{part}</sub>" for part in parts[1::2])
    return "".join(text for pair in zip(escaped, [*lowered, ""], strict=True) for text in pair)


def markdown(table: PrintedTable) -> str:
    """The table for Markdown (GitHub, pandoc), its caption above it."""
    rules = ["---"] * table.texts + ["---:"] * (len(table.headings) - table.texts)
    rows = [[markdown_text(cell) for cell in row] for row in (table.headings, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:])]
    return f"{markdown_text(table.caption)}\n\n" + "\n".join(lines) + "\n"
