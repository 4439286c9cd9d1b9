"""A one-flavour limit is the all-flavour limit over √P_f, with P_f weighted over sources and fit
range."""

import numpy as np
import pytest

from exonu.core.resources import resource_path
from exonu.interactions import RecoilSpectra
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_of_experiment
from exonu.solar import FLAVOURS, flavour_probabilities, oscillation, solar_sources

FILES = {
    "xenonnt": resource_path("published/xenonnt-sr0/experiment.yaml"),
    "xenon1t": resource_path("published/xenon1t-sr1/experiment.yaml"),
}


def weighted_probabilities(experiment, interaction):
    """P_f of each source, averaged over its neutrino spectrum, weighted with the source's share of
    the signal."""
    spectra = RecoilSpectra(experiment.response.true_energy_keV)
    share = experiment.response.fold(spectra.rate(interaction)).sum(axis=1)
    probabilities = []
    for source in solar_sources("SFII-GS98"):
        energy, weight = source.spectrum.nodes(np.array([0.0]), np.array([np.inf]), 64)
        of_energy = flavour_probabilities(
            energy.ravel(), source.electron_density_mol_per_cm3, oscillation("NuFIT-6.0-NO")
        )
        probabilities.append(of_energy @ weight.ravel() / weight.sum())
    return share @ np.array(probabilities) / share.sum()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("interaction", ["magnetic-moment", "millicharge"])
def test_limit_of_a_flavour(name, interaction):
    probabilities = weighted_probabilities(read_experiment(FILES[name]), interaction)
    all_ = limit_of_experiment(FILES[name], interaction)
    for flavour, probability in zip(FLAVOURS, probabilities, strict=True):
        one = limit_of_experiment(FILES[name], interaction, flavour=flavour)
        assert one["observed"] / all_["observed"] == pytest.approx(probability**-0.5, rel=0.01)
        np.testing.assert_allclose(
            np.divide(one["expected"], all_["expected"]), probability**-0.5, rtol=0.01
        )
