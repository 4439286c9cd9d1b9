"""Expressions of the configuration: cuts such as ``early_fraction < 0.6 or total_pe >= 200``.

A small language of its own, so that nothing of Python can be reached from a configuration file:
    numbers, names of
documented variables, ``+ - * / **``, comparisons (also chained, ``2 < energy_keVee < 15``), ``and
or not``, parentheses and the functions of `FUNCTIONS`. It is parsed by recursive descent into a
tree of numpy operations on whole columns. Every part is a number or a truth value, and is checked
to be so before any event is read.

Comparisons with NaN are false, as in IEEE 754.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError

Columns = Mapping[str, NDArray[Any]]
_Value = Callable[[Columns], Any]
_Function = Callable[..., Any]
MAX_LENGTH, MAX_DEPTH = 1000, 40


def _bit(word: Any, place: Any) -> Any:
    return np.right_shift(np.asarray(word).astype(np.int64), np.asarray(place).astype(np.int64)) & 1


FUNCTIONS: dict[str, tuple[int, bool, _Function, str]] = {
    "abs": (1, False, np.abs, "absolute value"),
    "sqrt": (1, False, np.sqrt, "square root"),
    "exp": (1, False, np.exp, "exponential"),
    "log": (1, False, np.log, "natural logarithm"),
    "log10": (1, False, np.log10, "decimal logarithm"),
    "min": (2, False, np.minimum, "the smaller of two"),
    "max": (2, False, np.maximum, "the larger of two"),
    "hypot": (2, False, np.hypot, "√(x² + y²)"),
    "bit": (2, False, _bit, "bit n (from 0) of a whole number, 0 or 1: bit(trigger, 1)"),
    "isfinite": (1, True, np.isfinite, "whether the value is there: neither NaN nor infinite"),
}
"""Name: number of arguments, whether it gives a truth value, the function, its meaning."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_.])|(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|`(?P<quoted>[^`]+)`|(?P<sign>\*\*|<=|>=|==|!=|[-+*/()<>,]))",
    re.ASCII,
)
_COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
_WORDS = ("and", "or", "not")
_HINTS = {
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`",
    "=": "write `==`",
    "^": "write `**`",
}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: int
    end: int


CONSTANT, LINEAR, OTHER = 0, 1, 2
"""How a number depends on the variables: not at all, as a·x + b·y + c, or otherwise."""


@dataclass(frozen=True)
class _Node:
    """A part of an expression: its value from the columns, whether that is a truth value, and how
    it depends on the variables."""

    value: _Value
    is_truth: bool
    place: int
    degree: int = OTHER


@dataclass(frozen=True)
class Comparison:
    """A comparison in an expression, with what varies on the left.

    Attributes:
        observable: a number as written, e.g. ``r_pe_cm``, or a difference where both sides vary.
        sign: e.g. ``<``.
        threshold: a number, 0 for a difference.
    """

    observable: str
    sign: str
    threshold: float


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: as written.
        names: the variables that it reads, in order of appearance.
        is_truth: whether it gives truth values (a cut) rather than numbers.
        comparisons: those in it, in order of appearance.
        is_linear: whether it is a·x + b·y + … + c with constants, so that what is added to a
            variable is added to the value, times a constant.

    >>> cut = parse("2 < energy and not veto", {"energy": False, "veto": True})
    >>> cut.names, cut.comparisons
    (('energy', 'veto'), (Comparison(observable='energy', sign='>', threshold=2.0),))
    >>> cut.evaluate({"energy": np.array([1.0, 3.0, 4.0]), "veto": np.array([False, False, True])})
    array([False,  True, False])
    """

    text: str
    names: tuple[str, ...]
    is_truth: bool
    _value: _Value
    comparisons: tuple[Comparison, ...] = ()
    is_linear: bool = False

    @property
    def is_name(self) -> bool:
        """Whether it is one bare name, whose column is then taken as it is."""
        return len(self.names) == 1 and self.text.strip().strip("`") == self.names[0]

    def evaluate(self, columns: Columns) -> NDArray[Any]:
        """Value for every row of the columns. Whole numbers stay whole in sums, differences and
        products as long as 64 bits hold them; all others come as float64, a bare name as its
        column is."""
        with np.errstate(all="ignore"):  # 0/0 is NaN, which no comparison passes
            return np.asarray(self._value(columns))


def parse(
    text: str,
    variables: Mapping[str, bool] | Collection[str] | None,
    *,
    want_truth: bool | None = None,
    file: str | Path | None = None,
    field: str | None = None,
) -> Expression:
    """Parse an expression and check it against the documented variables.

    Args:
        text: the expression.
        variables: names that it may use, with whether each is a truth value (numbers if only names
            are given); None allows all names, as numbers.
        want_truth: require a truth value (True), a number (False), or either (None).
        file, field: where it stands, for the messages.

    Raises:
        InputError: with the expression, a caret under the fault, and what to write instead.
    """
    try:
        return _Parser(text, variables).parsed(want_truth)
    except _Fault as fault:
        shown = "".join(
            sign if sign.isprintable() else " " for sign in text
        )  # one line, as it is placed
        shown = f"{shown}\n  {' ' * fault.place}^" if len(text) <= 200 else shown[:60] + "..."
        problem, remedy = (
            f"{fault.problem} at character {fault.place + 1}",
            f"{fault.remedy}\n  {shown}",
        )
        raise InputError(problem, file=file, field=field, remedy=remedy) from None


class _Fault(Exception):
    def __init__(self, problem: str, place: int, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.place, self.remedy = problem, place, remedy


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise _Fault(
            f"is longer than {MAX_LENGTH} characters", MAX_LENGTH, "split it into several cuts"
        )
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            at = len(text) - len(text[place:].lstrip(" \t\r\n\f\v"))
            sign = text[at]
            number = re.match(r"[\d.][\w.]*", text[at:], re.ASCII)
            problem = (
                f"{number.group()!r} is not a number"
                if number
                else f"{sign!a} is not part of the language"
            )
            raise _Fault(
                problem,
                at,
                "write an ordinary space: this one cannot be told from it by eye"
                if sign.isspace()
                else _HINTS.get(sign, "use numbers, names, + - * / **, comparisons, and, or, not"),
            )
        kind = str(match.lastgroup)
        word = match.group(kind)
        is_word = kind == "name" and word in _WORDS
        found.append(_Token("word" if is_word else kind, word, match.start(kind), match.end()))
        place = match.end()
    return [*found, _Token("end", "", end, end)]


class _Parser:
    """Recursive descent: or, and, not, comparison, sum, product, sign, power, atom."""

    def __init__(self, text: str, variables: Mapping[str, bool] | Collection[str] | None) -> None:
        self._text, self._variables = text, variables
        self._tokens, self._next, self._depth = _tokens(text), 0, 0
        self._names: list[str] = []
        self._comparisons: list[Comparison] = []

    def parsed(self, want_truth: bool | None) -> Expression:
        node = self._either()
        self._expect_end()
        if want_truth is not None and node.is_truth is not want_truth:
            wanted = "a truth value; compare it, e.g. `x < 3`" if want_truth else "a number"
            raise _Fault(f"is {_kind(node)}", node.place, f"it must be {wanted}")
        return Expression(
            self._text, tuple(self._names), node.is_truth, node.value, tuple(self._comparisons),
            is_linear=node.degree <= LINEAR,
        )  # fmt: skip

    # -- reading tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> _Token | None:
        token = self._token
        if token.kind in ("sign", "word") and token.text in texts:
            self._next += 1
            return token
        return None

    def _expect_end(self) -> None:
        if self._token.kind != "end":
            hint = "an operator is missing before it" if self._token.kind != "sign" else "remove it"
            raise _Fault(f"{self._token.text!r} does not belong", self._token.place, hint)

    def _expect(self, text: str) -> None:
        if self._take(text) is None:
            there = f"before {self._token.text!r}" if self._token.text else "at the end"
            raise _Fault(f"{text!r} is missing {there}", self._token.place, "close what is open")

    # -- the grammar

    def _nested(self, part: Callable[[], _Node]) -> _Node:
        """A part that may hold itself (parentheses, `not not …`, `--…`, `2**2**…`)."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Fault(
                f"is nested deeper than {MAX_DEPTH} levels", self._token.place, "write it flatter"
            )
        node = part()
        self._depth -= 1
        return node

    def _chain(
        self, signs: Mapping[str, _Function], part: Callable[[], _Node], *, truth: bool
    ) -> _Node:
        """Parts joined by operators of one rank, from left to right."""
        first, links = part(), []
        while sign := self._take(*signs):
            links.append((signs[sign.text], part()))
        if not links:
            return first
        operands = (first, *(node for _, node in links))
        start, *values = _values(operands, truth)

        def folded(columns: Columns) -> Any:
            value = start(columns)
            for (function, _), operand in zip(links, values, strict=True):
                value = function(value, operand(columns))
            return value

        divisors = [part for function, part in links if function is np.divide]
        degree = _degree(operands, divisors, is_sum="+" in signs)
        return _Node(folded, truth, first.place, OTHER if truth else degree)

    def _either(self) -> _Node:
        return self._nested(lambda: self._chain({"or": np.logical_or}, self._both, truth=True))

    def _both(self) -> _Node:
        return self._chain({"and": np.logical_and}, self._negated, truth=True)

    def _negated(self) -> _Node:
        if self._take("not"):
            return _applied(np.logical_not, [self._nested(self._negated)], truth=True)
        return self._comparison()

    def _comparison(self) -> _Node:
        starts, ends, signs = [self._next], [], []
        operands = [self._sum()]
        while sign := self._take(*_COMPARE):
            ends.append(self._next - 1)
            starts.append(self._next)
            signs.append(sign.text)
            operands.append(self._sum())
        if not signs:
            return operands[0]
        values = _values(operands, truth=False)
        sides = [
            self._side(*part) for part in zip(starts, [*ends, self._next], values, strict=True)
        ]
        links = [
            _comparison(*pair, sign) for pair, sign in zip(pairwise(sides), signs, strict=True)
        ]
        self._comparisons += [link for link in links if link is not None]

        def compared(columns: Columns) -> Any:
            numbers = [value(columns) for value in values]
            links = [
                _COMPARE[sign](*pair) for sign, pair in zip(signs, pairwise(numbers), strict=True)
            ]
            return np.logical_and.reduce(np.broadcast_arrays(*links))

        return _Node(compared, True, operands[0].place)

    def _side(self, start: int, end: int, value: _Value) -> str | float:
        """One side of a comparison: its text, or its number if nothing in it varies."""
        tokens = self._tokens[start:end]
        if not any(
            token.text in self._names and token.kind in ("name", "quoted") for token in tokens
        ):
            with np.errstate(all="ignore"):
                return float(value({}))
        first = tokens[0].place - (tokens[0].kind == "quoted")
        return self._text[first : tokens[-1].end]

    def _sum(self) -> _Node:
        return self._chain({"+": _plus, "-": _minus}, self._product, truth=False)

    def _product(self) -> _Node:
        return self._chain({"*": _times, "/": np.divide}, self._signed, truth=False)

    def _signed(self) -> _Node:
        if sign := self._take("-", "+"):
            part = self._nested(self._signed)
            signed = _applied(_negative if sign.text == "-" else np.positive, [part], truth=False)
            return replace(signed, degree=part.degree)
        base = self._atom()
        if self._take("**"):
            return _applied(_power, [base, self._nested(self._signed)], truth=False)
        return base

    def _atom(self) -> _Node:
        token = self._token
        if self._take("("):
            node = self._either()
            self._expect(")")
            return node
        self._next += 1
        if token.kind == "number":
            number = int(token.text) if token.text.isdigit() else float(token.text)
            return _Node(lambda columns: number, False, token.place, CONSTANT)
        if token.kind in ("name", "quoted"):
            if token.kind == "name" and self._take("("):
                return self._call(token)
            return self._variable(token)
        self._next -= 1
        what = "the end" if token.kind == "end" else repr(token.text)
        raise _Fault(f"a number or a variable is missing before {what}", token.place, "complete it")

    def _call(self, token: _Token) -> _Node:
        if token.text not in FUNCTIONS:
            remedy = _near(token.text, FUNCTIONS, "functions")
            raise _Fault(f"{token.text!r} is not a function", token.place, remedy)
        count, gives_truth, function, _ = FUNCTIONS[token.text]
        arguments = [self._either()]
        while self._take(","):
            arguments.append(self._either())
        self._expect(")")
        if len(arguments) != count:
            problem = (
                f"{token.text!r} takes {count} argument{'s'[: count > 1]} (got {len(arguments)})"
            )
            raise _Fault(problem, token.place, f"it is: {FUNCTIONS[token.text][3]}")
        return _Node(_applied(function, arguments, truth=False).value, gives_truth, token.place)

    def _variable(self, token: _Token) -> _Node:
        name = token.text
        if self._variables is not None and name not in self._variables:
            raise _Fault(
                f"{name!r} is not a documented variable",
                token.place,
                _near(name, self._variables, "variables"),
            )
        if name not in self._names:
            self._names.append(name)
        is_truth = bool(self._variables[name]) if isinstance(self._variables, Mapping) else False
        return _Node(lambda columns: columns[name], is_truth, token.place, LINEAR)


_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _comparison(left: str | float, right: str | float, sign: str) -> Comparison | None:
    if isinstance(left, str):
        if isinstance(right, str):
            return Comparison(f"{left} - ({right})", sign, 0.0)
        return Comparison(left, sign, right)
    return Comparison(right, _MIRRORED[sign], left) if isinstance(right, str) else None


def _degree(parts: Sequence[_Node], divisors: Sequence[_Node], *, is_sum: bool) -> int:
    """How a sum or a product depends on the variables."""
    varying = [part for part in parts if part.degree != CONSTANT]
    if is_sum or not varying:
        return max(part.degree for part in parts)
    if len(varying) > 1 or any(varying[0] is part for part in divisors):
        return OTHER
    return varying[0].degree


def _values(parts: Sequence[_Node], truth: bool) -> list[_Value]:
    """Values of parts of the right kind: truth values, or 64-bit numbers, whole ones as such."""
    for part in parts:
        if part.is_truth is not truth:
            wanted = "a truth value; compare it, e.g. `x < 3`" if truth else "a number"
            raise _Fault(f"is {_kind(part)}", part.place, f"here it must be {wanted}")

    def typed(value: _Value) -> _Value:
        if truth:
            return lambda columns: np.asarray(value(columns), dtype=np.bool_)
        return lambda columns: _in_64_bits(value(columns))

    return [typed(part.value) for part in parts]


def _in_64_bits(value: Any) -> NDArray[Any]:
    array = np.asarray(value)
    whole = {
        "u": np.uint64 if array.dtype.itemsize == 8 else np.int64,
        "i": np.int64,
        "b": np.int64,
    }
    kind: Any = whole.get(array.dtype.kind, np.float64)
    return np.asarray(array, dtype=kind)


def _range(array: NDArray[Any]) -> tuple[int, int]:
    return (int(array.min()), int(array.max())) if array.size else (0, 0)


def _whole(function: np.ufunc, bounds: Callable[..., list[int]]) -> _Function:
    """A function of whole numbers that no 64 bits wrap: in int64 or uint64 if the result is sure to
    fit, else in float64."""

    def exact(*operands: NDArray[Any]) -> Any:
        if all(operand.dtype.kind in "iu" for operand in operands):
            ranges = [_range(operand) for operand in operands]
            reached = [*bounds(*ranges), *(end for ends in ranges for end in ends)]
            for kind in (np.int64, np.uint64):
                if np.iinfo(kind).min <= min(reached) and max(reached) <= np.iinfo(kind).max:
                    return function(*(operand.astype(kind) for operand in operands))
        return function(*(operand.astype(np.float64) for operand in operands))

    return exact


_plus = _whole(np.add, lambda a, b: [a[0] + b[0], a[1] + b[1]])
_minus = _whole(np.subtract, lambda a, b: [a[0] - b[1], a[1] - b[0]])
_times = _whole(np.multiply, lambda a, b: [x * y for x in a for y in b])
_negative = _whole(np.negative, lambda a: [-a[0], -a[1]])


def _power(base: NDArray[Any], exponent: NDArray[Any]) -> Any:
    return np.power(base.astype(np.float64), exponent.astype(np.float64))


def _applied(function: _Function, parts: Sequence[_Node], *, truth: bool) -> _Node:
    """A function of parts."""
    values = _values(parts, truth)
    return _Node(
        lambda columns: function(*(value(columns) for value in values)), truth, parts[0].place
    )


def _kind(node: _Node) -> str:
    return "a truth value" if node.is_truth else "a number"


def _near(name: str, known: Collection[str], what: str) -> str:
    near = [quoted(word) for word in nearest(name, known, n=2, cutoff=0.5)]
    return f"did you mean {' or '.join(near)}?" if near else f"{what}: {', '.join(sorted(known))}"


_TRUTH = re.compile(r"(?i)(?:^|[^a-z])(?:true|truth|mc|sim|gen)(?:[^a-z]|$)")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


def nearest(name: str, known: Collection[str], *, n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Names that may have been meant. The truth of the simulation is never offered for what is
    reconstructed: data have none, and a cut on it would be a wrong efficiency.

    >>> nearest("energy_keV", ["true_energy_keV", "energy_keVee"], n=2)
    ['energy_keVee']
    >>> nearest("true_energy", ["true_energy_keV", "energy_keVee"])
    ['true_energy_keV']
    """
    wants_truth = bool(_TRUTH.search(name))
    fit = [word for word in known if wants_truth or not _TRUTH.search(word)]
    return difflib.get_close_matches(name, fit, n=n, cutoff=cutoff)


def quoted(name: str) -> str:
    """A name as an expression takes it: one that is not a plain word needs its back-ticks.

    >>> quoted("hit.pmt"), quoted("event/hits/q")
    ('`hit.pmt`', '`event/hits/q` (with its back-ticks)')
    """
    is_plain = _PLAIN_NAME.fullmatch(name) and name not in _WORDS
    return f"`{name}`" + ("" if is_plain else " (with its back-ticks)")
