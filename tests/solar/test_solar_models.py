"""Solar models: the tables and their messages."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.solar import LineSpectrum, solar_models, solar_sources


@pytest.mark.parametrize("model", solar_models())
@pytest.mark.parametrize("line", ["single", "double"])
def test_every_model_has_all_sources(model, line):
    sources = solar_sources(model, line)
    assert [source.name for source in sources] == ["pp", "be7", "pep", "n13", "o15", "f17"]
    for source in sources:
        assert 0 < source.relative_uncertainty < 0.3
        _, weight = source.spectrum.nodes(np.array([0.0]), np.array([np.inf]), 64)
        assert weight.sum() == pytest.approx(1, rel=1e-9)  # lines sum to the flux


def test_fluxes_of_the_paper():
    flux = {source.name: source.flux_per_cm2_s for source in solar_sources("SFII-GS98")}
    assert flux["pp"] == 5.98e10
    assert flux["be7"] == 5.00e9


def test_luminosity_constraint_holds_roughly():
    """Each pp or pep neutrino stands for 13.1 MeV of sunlight, each 7Be for 12.6 MeV more (Bahcall,
    PRC 65, 025801)."""
    energy = {
        "pp": 13.0987,
        "pep": 11.9193,
        "be7": 12.6008,
        "n13": 3.4577,
        "o15": 21.5706,
        "f17": 2.363,
    }
    solar_constant_MeV = 8.4946e11
    for model in solar_models():
        total = sum(energy[source.name] * source.flux_per_cm2_s for source in solar_sources(model))
        assert total == pytest.approx(solar_constant_MeV, rel=0.01)


def test_beryllium_line_setting():
    double, single = (solar_sources("SFII-GS98", line)[1].spectrum for line in ("double", "single"))
    assert isinstance(double, LineSpectrum)
    assert isinstance(single, LineSpectrum)
    assert double.energies_MeV == pytest.approx((0.8618, 0.3843))
    assert single.energies_MeV == pytest.approx((0.8618,))


def test_unknown_model_and_line_are_refused():
    with pytest.raises(
        InputError, match=r"solar_model: is not a solar model \(got 'BP2004'\); choose"
    ):
        solar_sources("BP2004")
    with pytest.raises(
        InputError, match=r"beryllium_line: must be double or single \(got 'triple'\)"
    ):
        solar_sources("SFII-GS98", "triple")
