"""Expressions: the value of Python's own arithmetic, and nothing of Python beyond it."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.events.expressions import FUNCTIONS, MAX_DEPTH, MAX_LENGTH, parse

KINDS = {"x": False, "y": False, "ok": True, "energy_keVee": False}
COLUMNS = {
    "x": np.array([-2.0, 0.0, 0.5, 3.0, np.nan]),
    "y": np.array([1.0, 2.0, -0.5, 3.0, 1.0]),
    "ok": np.array([True, False, True, False, True]),
    "energy_keVee": np.array([1.0, 5.0, 20.0, 2.0, 15.0]),
}

CASES = {
    "x < 1": [True, True, True, False, False],
    "2 < energy_keVee < 15": [False, True, False, False, False],
    "2 <= energy_keVee <= 15 and ok": [False, False, False, False, True],
    "not ok": [False, True, False, True, False],
    "not ok or x > 0 and y > 0": [False, True, False, True, False],
    "(not ok or x > 0) and y > 0": [False, True, False, True, False],
    "x == 0 or x != x": [False, True, False, False, True],
    "x < 1 or not isfinite(x)": [True, True, True, False, True],
    "-x ** 2": [-4.0, 0.0, -0.25, -9.0, np.nan],
    "2 ** -1 ** 2 * y": [0.5, 1.0, -0.25, 1.5, 0.5],
    "1 - 2 - 3 + y": [-3.0, -2.0, -4.5, -1.0, -3.0],
    "8 / 2 / 2 * y": [2.0, 4.0, -1.0, 6.0, 2.0],
    "min(abs(x), y)": [1.0, 0.0, -0.5, 3.0, np.nan],
    "max(x, 1e-1) * 1E1": [1.0, 1.0, 5.0, 30.0, np.nan],
    "hypot(x, y) < 3": [True, True, True, False, False],
    "bit(energy_keVee, 2)": [0, 1, 1, 0, 1],
    "sqrt(x) + 0*log(y)": [np.nan, 0.0, np.nan, math.sqrt(3), np.nan],
    "`x` + .5": [-1.5, 0.5, 1.0, 3.5, np.nan],
    "y / 0 > 1": [True, True, False, True, True],
}


@pytest.mark.parametrize("text", CASES)
def test_value(text):
    np.testing.assert_array_equal(parse(text, KINDS).evaluate(COLUMNS), CASES[text])


LEAVES = st.one_of(
    st.sampled_from(["x", "y"]), st.integers(0, 20).map(str), st.floats(0, 9).map(repr)
)


def numbers(depth):
    if depth == 0:
        return LEAVES
    inner = numbers(depth - 1)
    return st.one_of(
        LEAVES,
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(" ".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    )


COMPARISONS = st.tuples(
    numbers(2), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers(2)
).map(" ".join)
TRUTHS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
        inner.map("not {}".format),
        inner.map("({})".format),
    ),
    max_leaves=6,
)


@given(TRUTHS)
def test_agrees_with_python(text):
    """Same grammar, ranks and short cuts of reading as Python's (its eval is the oracle here, of
    texts made above)."""
    if len(text) > MAX_LENGTH or text.count("(") + text.count("not") + text.count("-") > MAX_DEPTH:
        return
    found = np.broadcast_to(parse(text, KINDS, want_truth=True).evaluate(COLUMNS), 5)
    for place in range(4):
        values = {name: float(COLUMNS[name][place]) for name in ("x", "y")}
        assert found[place] == eval(text, {"__builtins__": {}}, values)  # noqa: S307


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_fault(text):
    with contextlib.suppress(InputError):
        parse(text, KINDS).evaluate(COLUMNS)


HOSTILE = {
    "attribute": ("x.__class__", r"'x.__class__' is not a documented variable at character 1"),
    "method": ("x.dump('/tmp/f')", r"'x.dump' is not a function|is not part of the language"),
    "builtin call": (
        "__import__(x)",
        r"'__import__' is not a function at character 1; functions: abs, bit",
    ),
    "eval": ("eval(x)", r"'eval' is not a function"),
    "open": (
        "open(`/etc/passwd`)",
        r"'/etc/passwd' is not a documented variable|'open' is not a function",
    ),
    "text": ("'os'", r"\"'\" is not part of the language at character 1"),
    "f-string": ('f"{x}"', r"'\"' is not part of the language at character 2"),
    "lambda": ("lambda: 1", r"':' is not part|'lambda' is not a documented variable"),
    "walrus": ("(y := 3)", r"':' is not part of the language at character 4"),
    "assignment": ("x = 3", r"'=' is not part of the language at character 3; write `==`"),
    "comprehension": ("[y for y in x]", r"'\[' is not part of the language at character 1"),
    "generator": ("(y for y in x)", r"'\)' is missing before 'for'"),
    "index": ("x[0]", r"'\[' is not part of the language at character 2"),
    "dictionary": ("{1: 2}", r"'\{' is not part"),
    "conditional": ("x if ok else y", r"'if' does not belong at character 3"),
    "bitwise": ("ok & x", r"'&' is not part of the language at character 4; write `and`"),
    "statement": ("ok; import os", r"';' is not part"),
    "newline comment": ("ok # x", r"'#' is not part"),
    "keyword argument": ("abs(x=3)", r"'=' is not part"),
    "star argument": ("max(*x)", r"a number or a variable is missing before '\*'"),
    "at": ("@x", r"'@' is not part"),
    "backslash": ("x\\", r"is not part"),
    "null byte": ("x\0", r"is not part of the language"),
    "full-width letters": ("ｘ < 1", r"'\\uff58' is not part of the language at character 1"),
    "greek": ("Εnergy_keVee > 2", r"'\\u0395' is not part"),
    "minus sign of unicode": ("x − 1 > 0", r"'\\u2212' is not part of the language at character 3"),
    "arabic digits": ("x < ٣", r"is not part"),
    "zero-width space": ("x\u200b< 1", r"'\\u200b' is not part"),
    "right-to-left": ("x \u202e< 1", r"'\\u202e' is not part"),
    "complex": ("3j > x", r"'3j' is not a number at character 1"),
    "hexadecimal": ("0x10 > x", r"'0x10' is not a number"),
    "underscore number": ("1_000 > x", r"'1_000' is not a number"),
    "two points": ("1.2.3 > x", r"'1.2.3' is not a number"),
    "many digits, no number": ("9" * 400 + "e9e", r"is not a number"),
    "too long": ("x + " * 400 + "x", rf"is longer than {MAX_LENGTH} characters"),
    "deep parentheses": ("(" * 400 + "x" + ")" * 400, rf"is nested deeper than {MAX_DEPTH} levels"),
    "deep not": ("not " * 100 + "ok", r"is nested deeper"),
    "deep minus": ("-" * 900 + "x", r"is nested deeper"),
    "deep powers": ("x" + "**2" * 300, r"is nested deeper"),
    "deep calls": ("abs(" * 180 + "x" + ")" * 180, r"is nested deeper"),
    "name not documented": ("energy_keV < 3", r"did you mean `energy_keVee`\?"),
    "case": ("X < 3", r"'X' is not a documented variable"),
    "nothing": ("   ", r"a number or a variable is missing before the end"),
    "half": ("x <", r"is missing before the end at character 4"),
    "number as cut": ("x + 1", r"is a number at character 1; it must be a truth value; compare it"),
    "number and truth": ("x and ok", r"is a number at character 1; here it must be a truth value"),
    "truth as number": ("ok + 1 > 0", r"is a truth value at character 1; here it must be a number"),
    "chained truth": ("(x < 1) < 2", r"is a truth value at character 2; here it must be a number"),
    "arguments": (
        "max(x) > 1",
        r"'max' takes 2 arguments \(got 1\) at character 1; it is: the larger of two",
    ),
    "missing operator": ("x 3 < 1", r"'3' does not belong at character 3; an operator is missing"),
    "dunder": ("__builtins__ < 1", r"'__builtins__' is not a documented variable"),
    "dunder in quotes": (
        "`__class__.__base__` < 1",
        r"'__class__.__base__' is not a documented variable",
    ),
    "attribute of a number": ("1 .real < 1", r"'\.' is not part|is not a number"),
    "attribute of a call": ("abs(x).__class__ < 1", r"'\.__class__' is not a number"),
    "call of a call": ("abs(x)(y) < 1", r"'\(' does not belong"),
    "subclasses": (
        "().__class__.__bases__[0].__subclasses__()",
        r"'\.__class__\.__bases__' is not a number",
    ),
    "getattr": ("getattr(x, y) < 1", r"'getattr' is not a function"),
    "huge power, half": ("9**9**9**", r"is missing before the end"),
    "million characters": (
        "x < 1 or " * 111_111 + "x < 1",
        rf"is longer than {MAX_LENGTH} characters",
    ),
    "million parentheses": ("(" * 1_000_000, rf"is longer than {MAX_LENGTH} characters"),
    "deep mixture": ("-abs(not " * 60, r"is nested deeper|a number or a variable|here it must"),
    "cyrillic letter in a name": (
        "energ\u0443_keVee > 2",
        r"'\\u0443' is not part|is not a documented variable",
    ),
    "ligature": ("\ufb01 < 1", r"'\\ufb01' is not part"),
    "combining accent": ("x\u0301 < 1", r"'\\u0301' is not part"),
    "mathematical letter": ("\U0001d465 < 1", r"is not part of the language"),
    "no-break space": (
        "x\u00a0< 1",
        r"'\\xa0' is not part of the language at character 2; write an ordinary space",
    ),
    "superscript": ("x² < 1", r"is not part of the language"),
    "full-width sign": ("x ＜ 1", r"is not part of the language"),
    "surrogate": ("x \ud800 < 1", r"is not part of the language"),
    "format": ("'{0.__class__}' < 1", r"\"'\" is not part"),
    "percent": ("x % 2 < 1", r"'%' is not part of the language"),
    "floor division": ("x // 2 < 1", r"a number or a variable is missing before '/'"),
    "matrix product": ("x @ y < 1", r"'@' is not part"),
    "await": ("await x", r"'await' is not a documented variable|does not belong"),
    "starred": ("*x < 1", r"a number or a variable is missing before '\*'"),
    "function as name": ("abs < 1", r"'abs' is not a documented variable"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile(text, message):
    with pytest.raises(InputError, match=message) as error:
        parse(text, KINDS, want_truth=True, file="events.yaml", field="cuts.2.keep")
    assert str(error.value).startswith("events.yaml: cuts.2.keep: ")


def test_caret_stands_under_the_fault():
    with pytest.raises(InputError) as error:
        parse("ok and r_pe < 20", {**KINDS, "r_pe_cm": False})
    assert str(error.value).splitlines()[1:] == ["  ok and r_pe < 20", "         ^"]


def test_huge_powers_are_infinite_at_once():
    """Numbers are float64: no integer of a billion digits."""
    assert not parse("9**9**9**9 * y < 1e300", KINDS).evaluate(COLUMNS)[0]


def test_long_flat_expressions_are_fine():
    text = "+".join(["x"] * (MAX_LENGTH // 2))
    np.testing.assert_allclose(parse(text, KINDS).evaluate(COLUMNS), 500 * COLUMNS["x"])
    text = " or ".join(["ok"] * 160)
    np.testing.assert_array_equal(parse(text, KINDS).evaluate(COLUMNS), COLUMNS["ok"])


def test_integers_do_not_wrap():
    columns = {"x": np.array([250], dtype=np.uint8), "y": np.array([10], dtype=np.uint8)}
    assert parse("x + y", KINDS).evaluate(columns) == 260
    assert parse("y - x", KINDS).evaluate(columns) == -240


def test_a_bare_name_keeps_its_type():
    event = np.array([2**53 + 1], dtype=np.uint64)
    assert parse("event", None).evaluate({"event": event})[0] == 2**53 + 1


def test_branch_names_with_dots_and_odd_signs():
    parsed = parse("hits.pmt + `a/b[c]`", None)
    assert parsed.names == ("hits.pmt", "a/b[c]")
    assert parsed.evaluate({"hits.pmt": np.array([1.0]), "a/b[c]": np.array([2.0])}) == 3


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_documented(name):
    count, _, _, meaning = FUNCTIONS[name]
    assert meaning
    assert parse(f"{name}({', '.join(['y'] * count)})", KINDS).evaluate(COLUMNS).shape == (5,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 < energy <= 15", [("energy", ">", 2), ("energy", "<=", 15)]),
        ("a < 0.6 or -energy/2 >= 2 * 10**2", [("a", "<", 0.6), ("-energy/2", ">=", 200)]),
        ("20 > hypot(a, b) and not (b == 1)", [("hypot(a, b)", "<", 20), ("b", "==", 1)]),
        ("(a + b) < energy + 3", [("(a + b) - (energy + 3)", "<", 0)]),
        ("`a` + 1 != -3", [("`a` + 1", "!=", -3)]),
        ("1 < 2 and a < 3 or not isfinite(b)", [("a", "<", 3)]),
        ("not isfinite(b)", []),
    ],
)
def test_comparisons_say_what_is_cut_where(text, expected):
    """An observable is itself an expression, so that it can be evaluated on its own."""
    comparisons = parse(text, ["a", "b", "energy"], want_truth=True).comparisons
    assert [(found.observable, found.sign, found.threshold) for found in comparisons] == expected
    for found in comparisons:
        assert not parse(found.observable, ["a", "b", "energy"]).is_truth
