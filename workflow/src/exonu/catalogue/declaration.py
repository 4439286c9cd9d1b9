"""What the declaration of an interaction holds: its words, its parameter and its formula.

The formulas are plain arithmetic on a `Recoil`, which brings energies, masses and constants: a
declaration imports no library, so that commands and pages read the catalogue in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from exonu.core.errors import InputError

if TYPE_CHECKING:
    from exonu.core.types import Array

FLAVOURS = ("e", "mu", "tau")
"""Flavours, in the order of every array that has them."""
FLAVOUR_STATES = ("all", *FLAVOURS)
MASS_STATES = ("all", "1", "2", "3")
PAIRS = ("all", "12", "13", "23")


@dataclass(frozen=True)
class State:
    """Which neutrino interacts, in plain text (an index after `_`) and in TeX."""

    text: str
    latex: str


STATES = {
    "all": State("all flavours", "all flavours"),
    "e": State("ν_e", r"$\nu_e$"),
    "mu": State("ν_μ", r"$\nu_\mu$"),
    "tau": State("ν_τ", r"$\nu_\tau$"),
    **{name: State(f"ν_{name}", rf"$\nu_{name}$") for name in MASS_STATES[1:]},
    **{
        name: State(f"ν_{name[0]} to ν_{name[1]}", rf"$\nu_{name[0]}\to\nu_{name[1]}$")
        for name in PAIRS[1:]
    },
}


def braced(text: str) -> str:
    """A symbol with its index in braces, as the printed tables write it.

    >>> braced("g_B−L"), braced("cm²")
    ('g_{B−L}', 'cm²')
    """
    head, _, index = text.partition("_")
    return f"{head}_{{{index}}}" if index else text


@dataclass(frozen=True)
class Unit:
    """A unit: its name in tables, symbol, TeX and words."""

    name: str
    symbol: str
    latex: str
    words: str


UNITS = {
    unit.name: unit
    for unit in (
        Unit("mu_B", "μ_B", r"\mu_\mathrm{B}", "Bohr magnetons"),
        Unit("e", "e", "e", "elementary charges"),
        Unit("cm2", "cm²", r"\mathrm{cm}^2", "cm**2"),
        Unit("1", "", "", ""),
    )
}


@dataclass(frozen=True)
class Parameter:
    """The parameter that is searched for: its name in tables, unit, symbol (an index after `_`) and
    TeX."""

    name: str
    unit_name: str
    symbol: str
    latex: str

    @property
    def unit(self) -> Unit:
        """Its unit."""
        return UNITS[self.unit_name]


@dataclass(frozen=True)
class Recoil:
    """What a formula is given: all in MeV, and shapes that broadcast.

    Attributes:
        energy: T, energy of the recoil, shape (n,).
        mass: mass of the mediator (or of what else has one), shape (m, 1); 0 where there is none.
        electron: m_e.
        alpha: fine-structure constant.
        fermi: G_F in MeV⁻².
        hbar_c: ħc in MeV cm.
    """

    energy: Array
    mass: Array
    electron: float
    alpha: float
    fermi: float
    hbar_c: float


COUPLING_ATOMIC = ("stepping", "free", "rrpa")
"""Treatments of what shifts the weak couplings: a many-body ratio of the weak rate too."""

Chiral: TypeAlias = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Numbers for left- and right-handed electrons, each for ν_e, ν_μ, ν_τ."""


def on_electrons(left: float, right: float, flavours: tuple[float, float, float]) -> Chiral:
    """A product of the electron's two charges and the neutrinos' three.

    >>> on_electrons(1, -1, (0, 1, -1))
    ((0, 1, -1), (0, -1, 1))
    """
    a, b, c = flavours
    return (left * a, left * b, left * c), (right * a, right * b, right * c)


@dataclass(frozen=True)
class Shift:
    """A shift of the weak couplings, g_L,R → g_L,R + x · charge · profile; interference follows.

    Attributes:
        charges: of the electron's chirality and the neutrino's flavour.
        profile: δ for unit x, shape (n,) or (m, n).
        interferes: `always`, or `asked` where only the physics' setting
            `millicharge_weak_interference` adds the interference.
    """

    charges: Chiral
    profile: Callable[[Recoil], Array]
    interferes: str = "always"


@dataclass(frozen=True)
class Form:
    """A cross-section that adds without interference, dσ/dT = x · profile · Σ_k c_k(T) E^−k.

    Attributes:
        coefficients: c_0, c_1 and c_2 in cm² MeV^(k−1), shape (n,) each or a number.
        profile: shape (n,) or (m, n); 1 if left out.
    """

    coefficients: Callable[[Recoil], tuple[Any, Any, Any]]
    profile: Callable[[Recoil], Array] | None = None


@dataclass(frozen=True)
class MassiveForm:
    """The same where a heavy neutrino leaves: coefficients and threshold depend on its mass.

    Attributes:
        coefficients: c_0, c_1 and c_2 in cm² MeV^(k−1), shape (m, n) each.
        minimum_energy: lowest neutrino energy that gives the recoil, in MeV, shape (m, n).
    """

    coefficients: Callable[[Recoil], tuple[Any, Any, Any]]
    minimum_energy: Callable[[Recoil], Array]


@dataclass(frozen=True)
class Nucleus:
    """What a formula of nuclear recoils is given: all in MeV, and shapes that broadcast.

    Attributes:
        energy: T, energy of the nucleus, shape (n,).
        mass: mass of the mediator (or of what else has one), shape (m, 1); 0 where there is none.
        nucleus: M, mass of the nucleus.
        protons: their number.
        scalar_charge: coupling of a scalar whose coupling to every quark is 1.
        electron, alpha, fermi, hbar_c: as in `Recoil`.
    """

    energy: Array
    mass: Array
    nucleus: float
    protons: float
    scalar_charge: float
    electron: float
    alpha: float
    fermi: float
    hbar_c: float


@dataclass(frozen=True)
class NuclearShift:
    """What a `Shift` does to a nucleus: its vector coupling changes by 2x · profile · (Z p + N n) for
    each flavour's charge, where the profile has the mass of the nucleus instead of the electron's.

    Attributes:
        proton, neutron: p and n, the charges of the nucleons over that of the electron.
    """

    proton: float
    neutron: float


@dataclass(frozen=True)
class NuclearForm:
    """A cross-section on a point-like nucleus that adds without interference, like a `Form`.

    Attributes:
        coefficients: c_0, c_1 and c_2 in cm² MeV^(k−1), shape (n,) each or a number.
        profile: shape (n,) or (m, n); 1 if left out.
    """

    coefficients: Callable[[Nucleus], tuple[Any, Any, Any]]
    profile: Callable[[Nucleus], Array] | None = None


@dataclass(frozen=True)
class Halo:
    """What the rate of an absorbed particle of the halo is given, at the energy of its mass.

    Attributes:
        mass: in MeV, shape (m,).
        photoabsorption: σ_γ at that energy in cm² per atom, shape (m,).
        density: local density of dark matter in MeV/cm³.
        atoms: per tonne.
        seconds: of a year.
        light: speed of light in cm/s.
        electron, alpha: as in `Recoil`.
    """

    mass: Array
    photoabsorption: Array
    density: float
    atoms: float
    seconds: float
    light: float
    electron: float
    alpha: float


@dataclass(frozen=True)
class Line:
    """All of a particle's mass is deposited: a line at that energy.

    Attributes:
        rate: events per tonne and year for unit x, shape (m,).
    """

    rate: Callable[[Halo], Array]


@dataclass(frozen=True)
class AbsorbedFlux:
    """Fast particles of the Sun that an atom absorbs with all their energy.

    Attributes:
        rate: per tonne, year and keV for unit x, where `mass` is the energy, shape (n,).
        table: their flux, a name of `exonu.interactions.absorption`.
    """

    rate: Callable[[Halo, Array], Array]
    table: str


@dataclass(frozen=True)
class Tabulated:
    """A recoil spectrum from a file of the user: energy_keV and rate_per_tonne_year_keV for unit
    x."""


@dataclass(frozen=True)
class MassGrid:
    """Masses that are searched by default, even in the logarithm, and further ones, in MeV."""

    minimum: float
    maximum: float
    number: int
    more: tuple[float, ...] = ()


@dataclass(frozen=True)
class Interaction:
    """An interaction, declared once: commands, settings, tables, figures and pages read it here.

    Attributes:
        name: in commands, settings and files.
        title: in words, e.g. `magnetic moment`.
        quantity: what the parameter is, e.g. `neutrino magnetic moment`.
        parameter: what is searched for.
        power: x = strength**power; the rate is N_SM + x I + x² P, or N_SM + x I.
        reference_strength: a round number near today's limits, at which tables show the rate.
        source: paper and equation.
        formula: the cross-section; None for the weak interaction, which is the Standard Model's.
        nuclear: what it does to nuclei; None where that is nothing, or too little to be declared.
        states: which neutrinos may interact alone, `all` first.
        masses: grid of masses, where there is a mass.
        atomic: treatments of bound electrons that apply, the default first.
        compared_atomic: treatments that the signal figure shows side by side.
        signed: whether the parameter may be negative; its negative values are searched for under
            the name `<name>-negative`.
        sign: −1 for these, else +1.
        phrases: keywords for HEPData.
        place: order in tables and pages.
    """

    name: str
    title: str
    quantity: str
    parameter: Parameter
    power: int
    reference_strength: float
    source: str
    formula: Shift | Form | MassiveForm | Line | AbsorbedFlux | Tabulated | None
    nuclear: NuclearShift | NuclearForm | None = None
    states: tuple[str, ...] = FLAVOUR_STATES
    masses: MassGrid | None = None
    atomic: tuple[str, ...] = ("stepping", "free")
    compared_atomic: tuple[str, ...] = ()
    signed: bool = False
    sign: int = 1
    phrases: tuple[str, ...] = ()
    place: int = 100

    @property
    def settings_name(self) -> str:
        """The name under which settings treat its electrons: the same for both signs."""
        return self.name.removesuffix("-negative") if self.sign < 0 else self.name

    @property
    def has_mass(self) -> bool:
        """Whether a mass belongs to the hypothesis."""
        return self.masses is not None

    @property
    def by_neutrinos(self) -> bool:
        """Whether neutrinos scatter; else a rate comes from elsewhere, and no flux belongs to
        it."""
        return not isinstance(self.formula, Line | AbsorbedFlux | Tabulated)

    @property
    def is_linear(self) -> bool:
        """Whether the rate is proportional to x, at least where nothing asks for interference."""
        return not isinstance(self.formula, Shift) or self.formula.interferes == "asked"

    @property
    def interferes(self) -> bool:
        """Whether the rate may have a part that interferes with the weak interaction."""
        return isinstance(self.formula, Shift)

    def negative(self) -> Interaction:
        """The search for negative values of the parameter."""
        parameter = self.parameter
        return replace(
            self,
            name=f"{self.name}-negative",
            title=f"negative {self.title}",
            quantity=f"{self.quantity}, negative",
            parameter=replace(
                parameter,
                name=f"minus_{parameter.name}",
                symbol=f"−{parameter.symbol}",
                latex=f"-{parameter.latex}",
            ),
            signed=False,
            sign=-self.sign,
        )


def shifts_of_plane(first: Interaction, second: Interaction) -> tuple[Shift, Shift]:
    """The shifts of two interactions that a plane of couplings can hold: those of one profile.

    Raises:
        InputError: for interactions of another kind.
    """
    a, b = first.formula, second.formula
    if not (isinstance(a, Shift) and isinstance(b, Shift)) or a.profile is not b.profile:
        raise InputError(
            f"{first.name} and {second.name} do not shift the couplings alike",
            field="interactions",
            remedy="a plane holds couplings of one profile, such as nsi-left and nsi-right",
        )
    return a, b
