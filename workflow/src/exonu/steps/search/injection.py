"""Injection through the whole chain: signals as fitted to the data with their selected events
added."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from exonu.core.files import read_json, write_csv, write_json
from exonu.search.studies.injection import CHAIN_NOTES, chain_rows, energies_by_bin, summary
from exonu.steps._step import Files, Settings, step


@step
def main(
    settings: Settings,
    workspaces: Annotated[Files, "of the injected hypotheses"],
    limits: Annotated[Files, "limits of their interactions"],
    toys: Annotated[Path, "toys.csv"],
    table: Annotated[Path, "injection.csv"],
    record: Annotated[Path, "injection.json"],
    selected: Annotated[Files, "<case>/selected/<run>.root"] = (),
) -> None:
    edges = np.array(settings["edges_keV"], dtype=np.float64)
    records = [record for file in limits for record in read_json(file)]
    files: dict[str, list[Path]] = {}
    for file in selected:
        files.setdefault(file.parents[1].name, []).append(file)
    added = {case: energies_by_bin(of_case, edges) for case, of_case in files.items()}
    chain = pd.DataFrame(
        [row for file in workspaces for row in chain_rows(file, records, added, edges)]
    )
    write_csv(table, chain, CHAIN_NOTES)
    write_json(record, summary(pd.read_csv(toys, comment="#"), chain))
