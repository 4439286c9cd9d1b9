"""The weak interaction of the Standard Model, which every other one adds to.

dσ/dT = (2G_F²m/π)[g_L² + g_R²(1 − T/E)² − g_L g_R mT/E²] (Bahcall, Kamionkowski & Sirlin, PRD 51,
6146 (1995)): `exonu.interactions.cross_sections.bilinear_form` of the couplings in
`resources/couplings`."""

from exonu.catalogue.declaration import COUPLING_ATOMIC, Interaction, Parameter

DECLARED = (
    Interaction(
        name="weak",
        title="Standard Model",
        quantity="weak interaction",
        parameter=Parameter("G_F", "1", "G_F", r"G_\mathrm{F}"),
        power=2,
        reference_strength=1.0,
        source="Bahcall, Kamionkowski & Sirlin, PRD 51, 6146 (1995)",
        formula=None,
        atomic=COUPLING_ATOMIC,
        place=0,
    ),
)
