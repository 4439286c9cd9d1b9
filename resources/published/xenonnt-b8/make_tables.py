"""Make the tables of this folder from XENONnT's data release of its ⁸B search.

    git clone https://github.com/XENONnT/cevns_data_release   (commit 60d230d)
    python resources/published/xenonnt-b8/make_tables.py cevns_data_release

The 3 × 3 × 3 × 3 bins of each science run stand one after the other: 243 bins. A template of the release is an
efficiency in these bins for recoils of one energy, at light and charge yields by standard deviations; here it is
weighted by the run's share of the exposure."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import yaml

EXPOSURES = {
    "sr0": 1.174398,
    "sr1": 2.342593,
    "sr2": 3.249665,
}  # tonne·year, plot.ipynb of the release
ENERGIES = [*np.arange(5, 20) / 10, *np.arange(20, 51, 3) / 10]
FLAT_ER = (
    15.8  # events/(t y keV), arXiv:2207.11330: what the release's ER template is the selection of
)
ER_SHAPE = {
    0.2: 0.0,
    0.6: 2.5,
    1.0: 0.0,
}  # 1/keV [assumed]: where electrons pass an S2 of 4 to 16 electrons and two S1 hits
HERE = Path(__file__).parent
TOTAL = sum(EXPOSURES.values())


def template(release, run, kind, name):
    with h5py.File(
        release / "templates" / run / kind / f"template_XENONnT_{run}_{name}.h5"
    ) as file:
        return file["templates/template"][()].ravel()


def recoils(release, light, charge):
    rows = []
    for energy in ENERGIES:
        name = f"mono_{energy:.3f}_cevns_tly_{light:.1f}_tqy_{charge:.1f}"
        seen = [template(release, run, "mono", name) * of / TOTAL for run, of in EXPOSURES.items()]
        rows.append(np.concatenate(seen))
    return np.array(rows)


def observed(release, run):
    edges = list(yaml.safe_load((release / "binning" / f"{run}.yaml").read_text()).values())
    data = pd.read_csv(release / "data" / f"{run}.csv", index_col=0)
    counts, _ = np.histogramdd(data.to_numpy(), bins=edges)
    assert counts.sum() == len(data)
    return counts.ravel()


def write(name, what, energies, rows):
    head = (
        f"# {what}; made by make_tables.py from XENONnT's release (CC BY 4.0). See ../SOURCES.md.\n"
    )
    columns = [f"b{place}" for place in range(rows.shape[1])]
    lines = [",".join(["energy_keV", *columns])]
    lines += [
        ",".join([f"{e:g}", *(f"{x:.3g}" for x in row)])
        for e, row in zip(energies, rows, strict=True)
    ]
    (HERE / name).write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def main(release):
    counts = {"observed": np.concatenate([observed(release, run) for run in EXPOSURES])}
    for column, kind, name in (
        ("accidental", "ac", "ac_cevns"),
        ("electrons", "er", "er_cevns"),
        ("neutrons", "rg", "rg_cevns_tly_0.0_tqy_0.0"),
    ):
        parts = [of * template(release, run, kind, name) for run, of in EXPOSURES.items()]
        counts[column] = np.concatenate(parts)
    table = pd.DataFrame(counts)
    table.insert(0, "low", np.arange(len(table)))
    table.insert(1, "high", np.arange(len(table)) + 1)
    table["observed"] = table["observed"].astype(int)
    head = (
        "# XENONnT's search for 8B neutrinos, SR0 to SR2: events and expected backgrounds in 3 x 81 bins of cS2,\n"
        "# S2 shadow and the scores of S1 and S2; made by make_tables.py from XENONnT's release (CC BY 4.0).\n"
    )
    (HERE / "spectrum.csv").write_text(
        head + table.to_csv(index=False, float_format="%.4g"), encoding="utf-8"
    )
    for name, light, charge in (
        ("recoils", 0, 0),
        ("light_up", 1, 0),
        ("light_down", -1, 0),
        ("charge_up", 0, 1),
        ("charge_down", 0, -1),
    ):
        what = f"Efficiency of nuclear recoils by bin, light and charge yield at {light} and {charge} sigma"
        write(f"{name}.csv", what, ENERGIES, recoils(release, light, charge))
    keV = table["electrons"].to_numpy() / FLAT_ER / TOTAL
    rows = np.outer(list(ER_SHAPE.values()), keV)
    write(
        "electrons.csv",
        "Efficiency of electrons by bin, its size from the ER template, its shape [assumed]",
        ER_SHAPE,
        rows,
    )


main(Path(sys.argv[1]))
