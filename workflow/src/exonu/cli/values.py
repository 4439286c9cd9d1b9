"""Values of options: numbers, grids, ranges, and names with their other spellings."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping, Sequence

MOST_NUMBERS = 10_000
"""Numbers of a grid: more are a slip."""
FLAVOUR_ALIASES = {
    "nue": "e", "numu": "mu", "nutau": "tau", "nu-e": "e", "nu-mu": "mu", "nu-tau": "tau",
    "electron": "e", "muon": "mu",
}  # fmt: skip
SOURCE_ALIASES = {
    "7be": "be7",
    "8b": "b8",
    "13n": "n13",
    "15o": "o15",
    "17f": "f17",
    "solar": "all",
}
INTERACTION_ALIASES = {
    "magneticmoment": "magnetic-moment", "mu-nu": "magnetic-moment", "mm": "magnetic-moment",
    "charge": "millicharge", "electric-charge": "millicharge", "milli-charge": "millicharge",
    "a-prime": "dark-photon", "darkphoton": "dark-photon", "b-l": "dark-photon",
}  # fmt: skip
"""Other spellings; of all names, capitals and underscores do not matter."""


def number(text: str) -> float:
    """A finite number."""
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value


def numbers(text: str) -> list[float]:
    """Numbers and grids separated by commas: `a:b:n` are n numbers from a to b, even in value, and
    `a:b:nlog` even in the logarithm.

    >>> numbers("0.5,1,2"), numbers("0:1:3"), [round(x, 9) for x in numbers("1e-2:1:3log")]
    ([0.5, 1.0, 2.0], [0.0, 0.5, 1.0], [0.01, 0.1, 1.0])
    """
    return [value for part in text.split(",") for value in _grid(part)]


def _grid(text: str) -> list[float]:
    low, colon, rest = text.partition(":")
    if not colon:
        return [number(text)]
    match = re.fullmatch(r"([^:]+):(\d+)\s*(log|lin)?", rest.strip())
    if match is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no grid; write a:b:n for n numbers, or a:b:nlog for n even in the logarithm"
        )
    first, last, count = number(low), number(match[1]), int(match[2])
    if not 2 <= count <= MOST_NUMBERS:
        raise argparse.ArgumentTypeError(f"{text!r} has {count} numbers; 2 to {MOST_NUMBERS} are")
    if first >= last:
        raise argparse.ArgumentTypeError(f"{text!r} does not rise: {first:g} is not below {last:g}")
    share = [k / (count - 1) for k in range(count)]
    if match[3] == "log":
        if first <= 0:
            raise argparse.ArgumentTypeError(
                f"{text!r} begins at {first:g}, which has no logarithm"
            )
        inner = [first ** (1 - x) * last**x for x in share[1:-1]]
    else:
        inner = [first + (last - first) * x for x in share[1:-1]]
    return [first, *inner, last]


def span(text: str) -> tuple[float, float]:
    """Two numbers that rise, `a:b`.

    >>> span("1:30")
    (1.0, 30.0)
    """
    ends = text.split(":")
    if len(ends) != 2:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; write a:b, as 1:30")
    low, high = map(number, ends)
    if low >= high:
        raise argparse.ArgumentTypeError(f"{text!r} does not rise: {low:g} is not below {high:g}")
    return low, high


number.__name__ = "number"  # what argparse calls it in its messages
numbers.__name__ = "comma-separated list of numbers"
span.__name__ = "range"


def one_of(names: Sequence[str], aliases: Mapping[str, str] | None = None) -> Callable[[str], str]:
    """The type of an option that takes one of some names, or another spelling of one.

    >>> one_of(("dark-photon", "weak"))("Dark_Photon"), one_of(("be7", "pp"), SOURCE_ALIASES)("7Be")
    ('dark-photon', 'be7')
    """
    known = {_plain(alias): name for alias, name in (aliases or {}).items() if name in names}
    known |= {_plain(name): name for name in names}

    def name_of(text: str) -> str:
        found = known.get(_plain(text))
        if found is None:
            near = difflib.get_close_matches(_plain(text), known, n=1)
            which = (
                f"did you mean {known[near[0]]!r}?" if near else f"choose from {', '.join(names)}"
            )
            raise argparse.ArgumentTypeError(f"invalid choice: {text!r} ({which})")
        return found

    return name_of


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().lower())


def setting(text: str) -> tuple[str, str]:
    """`key=value` with dots in the key.

    >>> setting("efficiency.uncertainty=0.1")
    ('efficiency.uncertainty', '0.1')
    """
    key, equals, value = text.partition("=")
    if not equals or not key.strip() or not value.strip():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no key=value; as efficiency.uncertainty=0.1 or physics.solar_model=B16-GS98"
        )
    return key.strip(), value.strip()
