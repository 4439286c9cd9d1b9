"""Any spectrum of a file as a signal: energy_keV and rate_per_tonne_year_keV, straight between its
rows and zero outside. The parameter multiplies it."""

from exonu.catalogue.declaration import Interaction, Parameter, Tabulated

DECLARED = (
    Interaction(
        name="spectrum",
        title="spectrum of a file",
        quantity="multiple of the spectrum of a file",
        parameter=Parameter("multiple", "1", "m", "m"),
        power=1,
        reference_strength=1.0,
        source="the user's file",
        formula=Tabulated(),
        states=("all",),
        atomic=("file",),
        place=70,
    ),
)
