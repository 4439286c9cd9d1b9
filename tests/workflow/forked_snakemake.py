"""The command `snakemake` in a fork of a process that has imported Snakemake: for dry runs, half of
whose time would be imports.

The library is no part of what is imported before: each fork imports it anew, from the repository
that its Snakefile belongs to. As a program, this file answers requests, a line of JSON each, with the
exit status and the modules that were imported."""

import atexit
import gc
import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

OURS = ("exonu", "__main__")


def answer(request):
    """Run the command of a request in a fork."""
    gc.freeze()  # what is imported is shared with the fork, which ends before garbage matters
    child = os.fork()
    if not child:
        gc.disable()
        status = 99
        try:
            status = run(**request)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(arguments, folder, environment, said, loaded):
    """The command with all that it says in the file `said`, and names of modules in `loaded`."""
    with Path(said).open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.stdout, sys.stderr = (os.fdopen(stream, "w", buffering=1) for stream in (1, 2))
    os.chdir(folder)
    os.environ.update(environment)
    sys.argv = ["snakemake", *arguments]
    from snakemake.cli import main

    try:
        main(arguments)
    except SystemExit as end:
        return end.code or 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        names = [name for name in sys.modules if name.partition(".")[0] not in OURS]
        Path(loaded).write_text("\n".join(names))
    return 99


def serve():
    import_module("snakemake.cli")
    for line in sys.stdin:
        request = json.loads(line)
        status = answer(request)
        print(status, flush=True)
        with suppress(FileNotFoundError):
            for name in Path(request["loaded"]).read_text().split():
                with suppress(Exception):  # made while it ran, as modules of numpy: not importable
                    import_module(name)


@cache
def server():
    """The process, of which each pytest worker has one, and a folder for what it says."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    started = subprocess.Popen(
        [sys.executable, __file__],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    place = TemporaryDirectory()
    atexit.register(place.cleanup)
    atexit.register(started.wait)
    atexit.register(started.stdin.close)
    return started, Path(place.name)


def forked_snakemake(folder, arguments, **environment):
    """`snakemake` in a folder, as `subprocess.run` has it: stdout and stderr together."""
    process, place = server()
    said, loaded = place / "said", place / "loaded"
    request = {
        "arguments": [str(argument) for argument in arguments],
        "folder": str(folder),
        "environment": environment,
        "said": str(said),
        "loaded": str(loaded),
    }
    print(json.dumps(request), file=process.stdin, flush=True)
    status = int(process.stdout.readline())
    text = said.read_text(encoding="utf-8", errors="replace")
    return subprocess.CompletedProcess(arguments, status, stdout=text, stderr="")


if __name__ == "__main__":
    serve()
