"""An experiment's YAML from a table of a spectrum alone, for `exonu init --from`: what each column is
guessed from its name and its numbers, and every guess is marked as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError
from exonu.core.tables import read_header_and_rows, read_numbers
from exonu.core.text_files import read_text
from exonu.core.types import Array

GUESSED = "# guessed:"
_ENERGY = r"(e|er|en|energy|kev|bin|recoil|edge)"
_PATTERNS = {
    "low": rf"({_ENERGY}.*(low|lower|min|left|lo|start)\b|\b(low|lower|left|min|start)\b)",
    "high": rf"({_ENERGY}.*(high|higher|upper|max|right|hi|up|stop|end)\b|\b(high|upper|right|max|stop)\b)",
    "centre": rf"(centre|center|mid|middle|\b{_ENERGY}\b)",
    "width": r"\bwidth\b",
    "error": r"(err|error|sigma|unc|uncertainty|stat|plus|minus)\b",
    "observed": r"(observed|obs|data|counts|count|events|n obs|nobs|measured)\b",
    "background": r"(background|backgrounds|bkg|bg|b0|model|expected|expectation|total)\b",
}
_OTHER_ENERGIES = ("eV", "MeV", "GeV")
_YAML_WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


@dataclass
class Guess:
    """What the columns of a table are.

    Attributes:
        bins: keys of `spectrum` by column (or a number).
        observed: column of the observed counts.
        backgrounds: columns of background components.
        ignored: columns that nothing uses.
        rounding: whether observed counts must be rounded.
        marks: why, by key.
    """

    bins: dict[str, str | float]
    observed: str
    backgrounds: list[str]
    ignored: list[str]
    rounding: bool
    marks: dict[str, str] = field(default_factory=dict)


def guess_columns(file: Path) -> Guess:
    """Guess what the columns of a table are.

    Raises:
        InputError: no table; no column that could hold energies or counts; energies that are not
            in keV.
    """
    header, _ = read_header_and_rows(file)
    columns = read_numbers(file, header)
    kinds = {name: _kind(name) for name in header}
    raise_if_other_unit([n for n in header if kinds[n] in ("low", "high", "centre")], file)
    bins = _guess_bins(header, kinds, columns, file)
    rest = [name for name in header if name not in bins.values()]
    observed = _first(rest, kinds, "observed") or _first_whole(rest, kinds, columns)
    if observed is None:
        raise InputError(
            "has no column that could be observed counts",
            file=file,
            remedy=f"name it `observed` in its header; the columns are {', '.join(header)}",
        )
    backgrounds = [name for name in rest if kinds[name] == "background" and name != observed]
    counts = columns[observed]
    return Guess(
        bins=bins,
        observed=observed,
        backgrounds=backgrounds,
        ignored=[name for name in rest if name not in (observed, *backgrounds)],
        rounding=bool(np.any(counts != np.rint(counts))),
    )


def raise_if_other_unit(names: Sequence[str], file: Path) -> None:
    """Refuse energies whose column says another unit than keV."""
    for name in names:
        for unit in _OTHER_ENERGIES:
            if re.search(rf"(?<![A-Za-z]){unit}(?![A-Za-z])", name.replace("_", " ")):
                raise InputError(
                    f"holds energies in {unit}",
                    file=file,
                    field=name,
                    remedy="convert the column to keV and name it so",
                )


def _kind(name: str) -> str | None:
    """Which kind of column has such a name; errors before what they are errors of.

    >>> [_kind(name) for name in ("E_low", "energy_high_keV", "Energy [keV]", "data", "bkg", "data_err")]
    ['low', 'high', 'centre', 'observed', 'background', 'error']
    """
    words = " ".join(re.findall(r"[a-z0-9]+", name.lower()))
    order = ("error", "width", "background", "observed", "low", "high", "centre")
    return next((kind for kind in order if re.search(_PATTERNS[kind], words)), None)


def _first(names: Sequence[str], kinds: dict[str, str | None], kind: str) -> str | None:
    return next((name for name in names if kinds[name] == kind), None)


def _first_whole(
    names: Sequence[str], kinds: dict[str, str | None], columns: dict[str, Array]
) -> str | None:
    whole = (n for n in names if kinds[n] is None and not np.any(columns[n] % 1))
    return next(whole, None)


def _guess_bins(
    header: list[str], kinds: dict[str, str | None], columns: dict[str, Array], file: Path
) -> dict[str, str | float]:
    low, high = (_first(header, kinds, kind) for kind in ("low", "high"))
    if low is not None and high is not None:
        return {"energy_low_keV": low, "energy_high_keV": high}
    centre = _first(header, kinds, "centre")
    if centre is None:
        raise InputError(
            "has no column that could be energies",
            file=file,
            remedy=f"name it `energy_keV` in its header; the columns are {', '.join(header)}",
        )
    width = _first(header, kinds, "width")
    if width is not None:
        return {"energy_centre_keV": centre, "width_keV": width}
    steps = np.diff(columns[centre])
    if steps.size == 0 or steps.min() <= 0 or steps.max() > 1.02 * steps.min():
        raise InputError(
            "holds energies at uneven steps, so that the bins are not known",
            file=file,
            field=centre,
            remedy="add a column `width`, or the edges as `low` and `high`",
        )
    return {"energy_centre_keV": centre, "width_keV": float(f"{np.mean(steps):.6g}")}


def guessed_experiment(file: Path, spectrum: str, name: str) -> str:
    """The YAML of an experiment of which only the table of its spectrum is known.

    Args:
        file: the table.
        spectrum: its name in the folder of the YAML.
        name: the experiment's name.

    Returns:
        Text in which every line that was guessed says so.
    """
    guess = guess_columns(file)
    bins = [
        f"  {key}: {_quoted(value)} {GUESSED} {_why(value)}" for key, value in guess.bins.items()
    ]
    observed = f"  observed: {_quoted(guess.observed)} {GUESSED} by its name or its whole numbers"
    if guess.rounding:
        observed = (
            f"  observed: {{column: {_quoted(guess.observed)}, rounding: nearest, status: digitised}} "
            f"{GUESSED} they are not whole"
        )
    ignored = ", ".join(map(_quoted, guess.ignored))
    return _EXPERIMENT.format(
        guessed=GUESSED,
        name=_quoted(name),
        spectrum=_quoted(spectrum),
        bins="\n".join(bins),
        observed=observed,
        ignored=f"  ignored_columns: [{ignored}]" + (f" {GUESSED} not used" if ignored else ""),
        backgrounds="\n".join(_backgrounds(file, guess)),
    )


def _backgrounds(file: Path, guess: Guess) -> list[str]:
    """Lines of the block `backgrounds`: the columns, or a flat rate with the events of all bins."""
    if guess.backgrounds:
        lines = []
        for column in guess.backgrounds:
            key = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_") or "background"
            lines += [
                f"  {key}:",
                f"    column: {_quoted(column)} {GUESSED} expected events, efficiency included",
                "    normalisation: {constraint: gaussian, uncertainty: 0.05, status: assumed} "
                f"{GUESSED} not in the table",
            ]
        return lines
    columns = read_numbers(file, read_header_and_rows(file)[0])
    if "energy_low_keV" in guess.bins:
        low, high = (columns[str(guess.bins[f"energy_{end}_keV"])] for end in ("low", "high"))
        span = float(np.sum(high - low))
    else:
        width = guess.bins["width_keV"]
        n = len(columns[guess.observed])
        span = n * width if isinstance(width, float) else float(np.sum(columns[width]))
    rate = float(f"{max(float(np.sum(columns[guess.observed])), 1.0) / span:.4g}")
    return [
        "  flat:",
        f'    rate: {{value: {rate}, unit: "events/(t y keV)", efficiency: included}} '
        f"{GUESSED} as many events as observed in 1 t y",
        f"    normalisation: {{constraint: free}} {GUESSED} its size is not known",
    ]


def marked_lines(file: Path) -> list[str]:
    """Keys of an experiment's YAML whose lines still have the mark of a guess.

    Args:
        file: the YAML.
    """
    lines = read_text(file, "experiment").splitlines()
    return [line.partition(":")[0].strip() for line in lines if GUESSED in line.partition(":")[2]]


def _quoted(value: str | float) -> str:
    """A column's name or a number as YAML has it."""
    if isinstance(value, float):
        return f"{value:g}"
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", value) and value.lower() not in _YAML_WORDS
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _why(value: str | float) -> str:
    return "the step of the centres" if isinstance(value, float) else "by its name"


_EXPERIMENT = """\
# Written by `exonu init --from`. Every line with `{guessed}` is a guess: look at it, correct it, and take
# the mark away. All keys: docs or `config/README.md`.
config_version: 1
name: {name}
reference: arXiv:0000.00000 {guessed} write the paper
is_simulated: false {guessed} of a table nobody can tell
exposure: {{value: 1.0, unit: t y, status: assumed}} {guessed} not in the table; or kg day, t day, kg year

spectrum:
  file: {spectrum}
{bins}
{observed}
{ignored}

backgrounds:
{backgrounds}

backgrounds_include_solar_neutrinos: true {guessed} most backgrounds do

efficiency:
  file: efficiency.csv {guessed} 1 at all energies; write the published one
  energy_keV: energy_keV
  efficiency: efficiency
  argument: true-energy {guessed} or reconstructed-energy
  argument_status: assumed
  below: hold

resolution: {guessed} that of XENON1T (arXiv:2006.09721)
  form: sqrt-linear
  a: 0.310
  b: 0.0037
  status: assumed

true_energy_minimum_keV: {{value: 0.5, status: assumed}} {guessed} recoils of less energy leave no signal
"""
EFFICIENCY = "# guessed: everything is seen; write the published efficiency\nenergy_keV,efficiency\n0,1\n1000,1\n"
"""The table of an efficiency that nobody has given."""
