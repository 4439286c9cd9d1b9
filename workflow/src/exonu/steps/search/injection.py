"""Injection through the whole chain: signals as fitted to the data with their selected events
added."""

from pathlib import Path

import numpy as np
import pandas as pd

from exonu.core.files import read_json, write_csv, write_json
from exonu.search.studies.injection import CHAIN_NOTES, chain_rows, energies_by_bin, summary
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("workspaces", type=Path, nargs="+")
    arguments.add_argument(
        "--limits", type=Path, nargs="+", required=True, help="limits of their interactions"
    )
    arguments.add_argument(
        "--selected", type=Path, nargs="*", default=[], help="<case>/selected/<run>.root"
    )
    arguments.add_argument("--toys", type=Path, required=True, help="toys.csv")
    arguments.add_argument("--output", type=Path, required=True, help="injection.csv")
    arguments.add_argument("--record", type=Path, required=True, help="injection.json")
    given = arguments.parse_args()
    edges = np.array(given.settings["edges_keV"], dtype=np.float64)
    records = [record for file in given.limits for record in read_json(file)]
    files: dict[str, list[Path]] = {}
    for file in given.selected:
        files.setdefault(file.parents[1].name, []).append(file)
    added = {case: energies_by_bin(of_case, edges) for case, of_case in files.items()}
    chain = pd.DataFrame(
        [row for file in given.workspaces for row in chain_rows(file, records, added, edges)]
    )
    write_csv(given.output, chain, CHAIN_NOTES)
    write_json(given.record, summary(pd.read_csv(given.toys, comment="#"), chain))


if __name__ == "__main__":
    run(main)
