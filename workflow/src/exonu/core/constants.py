"""Physical constants: CODATA's recommended values of 2022, by the names that `scipy.constants` has
for them.

Importing that package takes 0.19 s of CPU, more than all else that `exonu rate` does; and its values
change with its version, which these do not.

>>> f"{alpha:.6e}", value("electron mass energy equivalent in MeV")
('7.297353e-03', 0.51099895069)
"""

from __future__ import annotations

from exonu.core.errors import InputError
from exonu.core.resources import resource_path

FILE = resource_path("physical_constants.csv")


def _read() -> dict[str, float]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.rsplit(",", 2) for line in lines if line and not line.startswith("#")]
    return {name: float(number) for name, number, _ in rows[1:]}


_VALUES = _read()


def value(name: str) -> float:
    """A constant by CODATA's name, in the unit of the table.

    Raises:
        InputError: if the table does not have it.
    """
    try:
        return _VALUES[name]
    except KeyError:
        raise InputError(f"does not have {name!r}", file=FILE, remedy="add it") from None


alpha = value("fine-structure constant")
N_A = value("Avogadro constant")
c = value("speed of light in vacuum")
e = value("elementary charge")
day = 24 * 3600.0
days_per_year = 365.25
Julian_year = days_per_year * day
