"""The page of the command line, made from the parser itself: `python docs/cli_page.py >
docs/cli.md`."""

import argparse
from collections.abc import Iterator

from exonu import cli

HEAD = """\
# Reference of the command line

Made from the parser by `python docs/cli_page.py`; do not edit. `exonu --help` and `exonu COMMAND --help` say the same.
A fault in what you give ends a command with one `error:` line and status 1, a wrong call with status 2.

The Tab key completes commands, options, and names of interactions, flavours and models:
`pip install 'exonu[completion]'`, and `eval "$(register-python-argcomplete exonu)"` in `~/.bashrc`.
"""


def page() -> str:
    """The page in Markdown."""
    parser = cli._parser()
    [commands] = [
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    ]
    about = {action.dest: action.help for action in commands._choices_actions}
    parts = [HEAD, "## Options of every command\n", *_rows(parser)]
    for name, command in commands.choices.items():
        usage = (
            " ".join(command.format_usage().split()).removeprefix("usage: ").replace("[-h] ", "")
        )
        parts += [
            f"## exonu {name}\n",
            f"{_sentence(about[name])}\n",
            f"```text\n{usage}\n```\n",
            *_rows(command),
        ]
    return "\n".join(parts).rstrip() + "\n"


def _rows(parser: argparse.ArgumentParser) -> Iterator[str]:
    rows = [
        f"| `{_name(action)}` | {_cell(action)} |"
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
        and action.help != argparse.SUPPRESS
    ]
    if rows:
        yield "\n".join(["| argument | meaning |", "|---|---|", *rows]) + "\n"


def _name(action: argparse.Action) -> str:
    if not action.option_strings:
        return (
            (action.metavar or action.dest).upper()
            if isinstance(action.metavar or action.dest, str)
            else action.dest
        )
    shown = action.metavar or ("" if action.choices else action.dest.upper())
    value = "" if action.nargs == 0 or not shown else f" {shown}"
    return f"{action.option_strings[-1]}{value}"


def _cell(action: argparse.Action) -> str:
    words = [_sentence(action.help)] if action.help else []
    if action.choices and action.metavar is None:  # else they are what `exonu interactions` lists
        words.append(f"One of {', '.join(f'`{choice}`' for choice in action.choices)}.")
    if action.required and action.option_strings:
        words.append("Required.")
    elif (
        action.nargs != 0
        and action.default not in (None, argparse.SUPPRESS)
        and "default" not in (action.help or "")
    ):
        words.append(f"Default: `{action.default}`.")
    return " ".join(words).replace("|", "\\|")


def _sentence(text: str) -> str:
    begins_with_a_word = text[:2].isalpha()
    return (text[0].upper() if begins_with_a_word else text[0]) + text[1:].rstrip(".") + "."


if __name__ == "__main__":
    print(page(), end="")
