"""The record of choices and its messages."""

import pytest

from exonu.core.errors import InputError
from exonu.interactions import Physics

PAPER = ("weak", "magnetic-moment", "millicharge", "dark-photon")


def test_defaults():
    physics = Physics()
    assert physics.solar_model == "SFII-GS98"
    assert physics.beryllium_line == "double"
    assert [physics.atomic(name) for name in PAPER] == [
        "stepping",
        "stepping",
        "pai",
        "stepping",
    ]
    assert Physics.from_settings({}) == physics


def test_settings_and_back():
    settings = {
        "solar_model": "B16-AGSS09met",
        "beryllium_line": "single",
        "couplings": "tree-0.2386",
        "sources": ["pp", "be7"],
        "atomic": {"weak": "free", "millicharge": "pai-liquid"},
        "neutrino_mass_eV": 0.1,
        "millicharge_weak_interference": True,
    }
    physics = Physics.from_settings(settings)
    assert physics.sources == ("pp", "be7")
    assert physics.atomic("weak") == "free"
    assert (
        physics.to_settings().items()
        >= {k: v for k, v in settings.items() if k != "atomic"}.items()
    )
    assert Physics.from_settings(physics.to_settings()) == physics
    assert hash(physics) == hash(Physics.from_settings(settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"solar_modell": "B16-GS98"},
            r"solar_modell: is not a known key; did you mean `solar_model`\?",
        ),
        ({"xyz": 1}, r"xyz: is not a known key; known keys: solar_model"),
        (
            {"atomic": {"milicharge": "pai"}},
            r"atomic.milicharge: is not a known key; did you mean `millicharge`\?",
        ),
        ({"atomic": "pai"}, r"atomic: must be a mapping \(got 'pai'\)"),
        (
            {"atomic": {"millicharge": "rrpa"}},
            r"atomic.millicharge: must be one of pai, .* \(got 'rrpa'\)",
        ),
        (
            {"atomic": {"dark-photon": "pai"}},
            r"atomic.dark-photon: must be one of stepping, free, rrpa \(got",
        ),
        ({"weak_atomic": "free"}, r"weak_atomic: is not a known key"),
        ({"sources": "pp"}, r"sources: must be a list \(got 'pp'\); write \[pp, be7\]"),
        ({"sources": []}, r"sources: is empty; choose from pp, be7"),
        ({"sources": ["pp", "b8"]}, r"sources: must be one of pp, .* \(got 'b8'\)"),
        ({"sources": ["pp", "pp"]}, r"sources: names a source twice \(got pp, pp\)"),
        ({"couplings": "tree"}, r"couplings: must be one of radiative, .* \(got 'tree'\)"),
        ({"solar_model": "B16"}, r"solar_model: is not a solar model \(got 'B16'\)"),
        ({"beryllium_line": 1}, r"beryllium_line: must be double or single \(got 1\)"),
        (
            {"oscillation": "NuFIT-7"},
            r"oscillation: is not a set of oscillation parameters \(got 'NuFIT-7'\)",
        ),
        ({"neutrino_mass_eV": 0}, r"neutrino_mass_eV: must be a number in 0 < m ≤ 10 eV \(got 0\)"),
        ({"neutrino_mass_eV": "1 eV"}, r"neutrino_mass_eV: must be a number .*\(got '1 eV'\)"),
        (
            {"millicharge_weak_interference": "no"},
            r"millicharge_weak_interference: must be true or false \(got 'no'\)",
        ),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Physics.from_settings(settings)
