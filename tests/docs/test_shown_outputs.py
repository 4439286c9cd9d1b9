"""What the documentation shows is what a reader sees: the tutorial's commands and their outputs, the
notebooks, and the messages of the troubleshooting page."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.cli import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIAL = (DOCS / "tutorial.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def blocks(language, text=TUTORIAL):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def shown(name):
    """The output that the tutorial shows under a name."""
    return re.search(rf"<!-- output: {name} -->\n```\w*\n(.*?)\n```", TUTORIAL, re.DOTALL)[1]


def assert_alike(found, stated):
    """The same text, with numbers equal to the digits that are shown."""
    assert NUMBER.sub("#", found).split() == NUMBER.sub("#", stated).split()
    pairs = zip(NUMBER.findall(found), NUMBER.findall(stated), strict=True)
    for one, other in pairs:
        assert float(one) == pytest.approx(float(other), rel=6e-4, abs=1e-30), (one, other)


def the_table():
    [table] = [block for block in blocks("") if block.startswith("energy_low_keV")]
    return table


FIRST = TUTORIAL[: TUTORIAL.index("## 2.")]
COMMANDS = [line for block in blocks("sh", FIRST) for line in block.splitlines()]


def test_a_limit_takes_fewer_than_five_commands():
    assert len(COMMANDS) == 4
    assert COMMANDS[0].startswith("python3 -m venv")
    assert COMMANDS[-1].split()[1] == "limit"


@pytest.fixture
def exonu(tmp_path, monkeypatch, capsys):
    """Run a command of the tutorial in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(command):
        program, *words = shlex.split(command)
        assert program.endswith("exonu")
        assert main(words) == 0
        return capsys.readouterr().out

    return run


def test_the_tutorial_s_limit_and_the_same_in_python(exonu, capsys):
    exonu(COMMANDS[2])
    Path("my-experiment/spectrum.csv").write_text(the_table())
    answer, stated = json.loads(exonu(COMMANDS[3])), json.loads(shown("limit"))
    assert list(answer) == list(stated)
    assert_alike(json.dumps(answer), json.dumps(stated))
    for key in stated:
        if key not in ("experiment", "interaction", "flavour", "mass_MeV", "parameter", "unit"):
            assert f"`{key}`" in TUTORIAL or key == "confidence_level"
    [code] = blocks("python")
    exec(compile(code, "tutorial", "exec"), {})
    assert_alike(capsys.readouterr().out, shown("python"))


def test_the_tutorial_s_rates(exonu):
    rates = [line for block in blocks("sh") for line in block.splitlines() if " rate " in line]
    assert_alike("".join(exonu(line) for line in rates), shown("rate"))


def test_the_commands_of_a_new_interaction_take_the_module_of_its_page(monkeypatch, capsys):
    """Its declaration is put into the catalogue, where a module of the folder would have it."""
    page = (ROOT / "docs/howto/interaction.md").read_text(encoding="utf-8")
    [module] = [block for block in blocks("python", page) if "DECLARED" in block]
    namespace = {}
    exec(compile(module, "my_boson.py", "exec"), namespace)
    [declared] = namespace["DECLARED"]
    for known in (INTERACTIONS, SEARCHED):
        monkeypatch.setitem(known, declared.name, declared)
    monkeypatch.chdir(ROOT)
    [commands] = [block for block in blocks("bash", page) if "exonu rate" in block]
    of_it = [line for line in commands.splitlines() if declared.name in line]
    assert [line.split()[1] for line in of_it] == ["rate", "limit"]
    for line in of_it:
        assert main(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    assert "my-boson" in capsys.readouterr().out


def test_notebooks_show_what_they_make(tmp_path):
    """All cells run from the top, in a process of their own."""
    notebooks = sorted((DOCS / "notebooks").glob("*.ipynb"))
    assert len(notebooks) == 4
    copies = [shutil.copy(file, tmp_path) for file in notebooks]
    subprocess.run([sys.executable, DOCS / "run_notebooks.py", *copies], check=True)
    for file in notebooks:
        old, new = (
            [cell for cell in nbformat.read(one, 4).cells if cell.cell_type == "code"]
            for one in (file, tmp_path / file.name)
        )
        assert all(cell.outputs for cell in old[1:]), f"{file.name} was not run"
        for before, after in zip(old, new, strict=True):
            for kept, made in zip(before.outputs, after.outputs, strict=True):
                texts = [one.get("text") or one["data"]["text/plain"] for one in (made, kept)]
                assert_alike(*texts)


def test_the_first_notebook_has_five_cells_and_all_are_on_the_page():
    cells = nbformat.read(DOCS / "notebooks" / "first-limit.ipynb", 4).cells
    assert sum(cell.cell_type == "code" for cell in cells) == 5
    listed = re.findall(r"^notebooks/([\w-]+)$", (DOCS / "notebooks.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(file.stem for file in (DOCS / "notebooks").glob("*.ipynb"))


def test_the_program_says_what_the_troubleshooting_page_quotes():
    """Each quoted message stands in the source in one piece, or is what a test has the program say."""
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert len(quoted) > 20
    folders = ROOT / "workflow" / "src" / "exonu", ROOT / "tests"
    files = [file for folder in folders for file in folder.rglob("*.py")]
    said = "\n".join(file.read_text(encoding="utf-8") for file in files).replace("\\", "")
    assert [message for message in quoted if message not in said] == []


@pytest.mark.slow
def test_a_new_user_makes_the_limit_in_a_fresh_clone(tmp_path):
    """The commands of the first section as they stand, in bash, with pip and its index."""
    clone = tmp_path / "exonu"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    outside = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in outside}
    for command in COMMANDS:
        ended = subprocess.run(
            ["bash", "-c", command], cwd=clone, env=environment, capture_output=True, text=True
        )
        assert ended.returncode == 0, f"{command}\n{ended.stderr}"
        if " init " in command:
            (clone / "my-experiment" / "spectrum.csv").write_text(the_table())
    answer = json.dumps(json.loads(ended.stdout))
    assert_alike(answer, json.dumps(json.loads(shown("limit"))))
