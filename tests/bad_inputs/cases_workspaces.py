"""Bad pyhf workspaces, and bad pages beside them."""

# ruff: noqa: E501 (one case per line)

from bad_inputs import Case, removed, truncated, with_key, without_key, written

WORKSPACE = "workspace.json"
PAGE = "workspace.poi_map.yaml"
BACKGROUND, SIGNAL = "channels/0/samples/0", "channels/0/samples/1"


def _with(key, value, field, problem):
    return Case(with_key(WORKSPACE, key, value), WORKSPACE, field, problem)


def _without(key, field, problem):
    return Case(without_key(WORKSPACE, key), WORKSPACE, field, problem)


def _page(key, value, field, problem):
    return Case(with_key(PAGE, key, value), PAGE, field, problem)


def _linear(case):
    """The case without the page that ties `mu_sq`, which is missed first."""
    return case._replace(change=lambda folder: (case.change(folder), removed(PAGE)(folder)))


WORKSPACES = {
    "removed": Case(removed(WORKSPACE), WORKSPACE, "", "No such file"),
    "no bytes": Case(written(WORKSPACE, ""), WORKSPACE, "", "is not JSON"),
    "truncated": Case(truncated(WORKSPACE, 0.6), WORKSPACE, "", "is not JSON"),
    "binary": Case(written(WORKSPACE, bytes(range(256))), WORKSPACE, "", "is not JSON|is not text"),
    "a list": Case(written(WORKSPACE, "[]"), WORKSPACE, "", "is not a pyhf workspace"),
    "a number": Case(written(WORKSPACE, "3"), WORKSPACE, "", "is not a pyhf workspace"),
    "nested deeply": Case(written(WORKSPACE, "[" * 100_000 + "]" * 100_000), WORKSPACE, "", "is not JSON .maximum recursion depth"),
    "number of 5000 digits": Case(written(WORKSPACE, '{"channels": ' + "9" * 5000 + "}"), WORKSPACE, "", "digits|is not JSON"),
    "no channels": _linear(_with("channels", [], "channels", "no channels")),
    "channels as number": _with("channels", 5, ".*", "pyhf"),
    "channel without name": _without("channels/0/name", ".*", "name"),
    "channel without samples": _linear(_with("channels/0/samples", [], "channel spectrum", "has no samples")),
    "sample without data": _without(f"{BACKGROUND}/data", ".*", "no bins|data"),
    "sample without modifiers": _without(f"{BACKGROUND}/modifiers", ".*", "modifiers"),
    "sample twice": _with(f"{BACKGROUND}/name", "signal", "channel spectrum", "occurs twice"),
    "bins of another number": _with(f"{SIGNAL}/data", [1.0], "channel spectrum, sample signal, data", "has 1 bins"),
    "bin as text": _with(f"{BACKGROUND}/data", [1.0, "2"], ".*sample background, data", "not a finite number"),
    "bin nan": _with(f"{BACKGROUND}/data", [1.0, float("nan")], ".*sample background, data", "not a finite number"),
    "bin beyond floating point": _with(f"{BACKGROUND}/data", [1.0, 10**400], ".*sample background, data", "not a finite number"),
    "negative yield": _with(f"{BACKGROUND}/data", [-1.0, 2.0], ".*sample background, data", "negative yield"),
    "unknown modifier": _with(f"{BACKGROUND}/modifiers/0/type", "magic", ".*modifier norm", "not supported"),
    "modifier without data": _without(f"{BACKGROUND}/modifiers/0/data", ".*", ""),
    "modifier twice": _with(f"{BACKGROUND}/modifiers/2", {"name": "norm", "type": "normsys", "data": {"lo": 0.9, "hi": 1.1}}, ".*modifier norm", "occurs twice"),
    "factor of zero": _with(f"{BACKGROUND}/modifiers/0/data/lo", 0, ".*modifier norm", "must be a factor > 0"),
    "factor beyond 64 bits": Case(with_key(WORKSPACE, f"{BACKGROUND}/modifiers/0/data/hi", 10**400), WORKSPACE, ".*modifier norm", "must be a factor > 0"),
    "factor as text": _with(f"{BACKGROUND}/modifiers/0/data/lo", "0.9", ".*modifier norm", "must be a factor > 0"),
    "histosys of other bins": _with(f"{BACKGROUND}/modifiers/1/data/lo_data", [1.0], ".*modifier shape, lo_data", "has 1 bins"),
    "negative error": _with(f"{BACKGROUND}/modifiers/2/data", [-1.0, 1.0], ".*modifier mc", "negative uncertainty"),
    "no observation": _with("observations", [], "observations", "no observation"),
    "observation of other bins": _with("observations/0/data", [1], "observations, spectrum", "has 1 bins"),
    "observation negative": _with("observations/0/data", [-1, 3], "observations, spectrum", "negative number"),
    "observation nan": _with("observations/0/data", [float("nan"), 3], "observations, spectrum", "not a finite number"),
    "no measurement": _with("measurements", [], "measurements", "no measurement"),
    "two measurements": _with("measurements", [{"name": n, "config": {"poi": "mu", "parameters": []}} for n in "ab"], "measurements", "several measurements"),
    "poi of no parameter": _with("measurements/0/config/poi", "nu", ".*", "nu"),
    "poi as number": _with("measurements/0/config/poi", 3, ".*", ""),
    "bounds upside down": _with("measurements/0/config/parameters", [{"name": "mu", "bounds": [[10, 0]]}], ".*", ""),
    "quadratic signal without a page": Case(removed(PAGE), WORKSPACE, "normfactor mu_sq", "but no poi_map"),
    "page: empty": Case(written(PAGE, ""), PAGE, "", "holds no"),
    "page: no poi_map": Case(without_key(PAGE, "poi_map"), PAGE, "poi_map", "is missing"),
    "page: tied to something else": Case(with_key(PAGE, "poi_map", {"mu_sq": "mu**3"}), WORKSPACE, "poi_map", "cannot tie"),
    "page: tie of nothing": Case(with_key(PAGE, "poi_map", {"mu_sq": "mu**2", "nu": "mu**2"}), WORKSPACE, "poi_map", "no normfactor 'nu'"),
    "page: hostile tie": Case(with_key(PAGE, "poi_map", {"mu_sq": "__import__('os').system('true')"}), WORKSPACE, "poi_map", "cannot tie"),
    "page: strength as text": _page("reference_strength", "1e-6 g", "reference_strength", "number"),
    "page: power of zero": _page("power", 0, "power", ""),
    "page: unknown interaction": _page("interaction", "axion", "interaction", "one of"),
    "page: no interaction": Case(without_key(PAGE, "interaction"), PAGE, "interaction", ""),
}  # fmt: skip
