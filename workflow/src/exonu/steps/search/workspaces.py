"""pyhf workspaces of one interaction: every flavour and mass, each with a page that says what its μ
means."""

from pathlib import Path

from exonu.core.files import write_json
from exonu.search.build_workspaces import build_workspaces, write_meaning
from exonu.search.experiment.read_experiment import read_experiment
from exonu.steps._step import parser, run


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--experiment", type=Path, required=True, help="the experiment's YAML")
    arguments.add_argument("--interaction", required=True)
    arguments.add_argument(
        "--output", type=Path, required=True, help="folder for <hypothesis>.json"
    )
    given = arguments.parse_args()
    experiment = read_experiment(given.experiment)
    for workspace in build_workspaces(experiment, given.interaction, given.settings):
        write_meaning(given.output, workspace)
        write_json(given.output / f"{workspace.name}.json", workspace.spec)


if __name__ == "__main__":
    run(main)
