"""SLURM on this machine alone, over loopback: Debian's packages, its own configuration, daemons
that end with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
DAEMONS = ("munged", "slurmctld", "slurmd")
MINE = "# one node for the tests of exonu"


def absent() -> str:
    """Why no SLURM can be brought up here; nothing if one can."""
    if os.geteuid() != 0:
        return "one-node SLURM needs root"
    missing = [name for name in (*DAEMONS, "sbatch") if shutil.which(name) is None]
    if missing:
        return (
            f"no {', '.join(missing)} here: `make test-slurm` installs SLURM from Debian's packages"
        )
    if CONFIGURATION.exists() and MINE not in CONFIGURATION.read_text():
        return f"{CONFIGURATION} belongs to somebody's cluster"
    return ""


@contextmanager
def one_node(folder: Path, cpus: int, memory_mb: int = 8000) -> Iterator[None]:
    """SLURM with one partition of this machine; logs and state in `folder`.

    Args:
        folder: an empty folder.
        cpus: how many it offers.
        memory_mb: likewise.
    """
    host = socket.gethostname().split(".")[0]
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(
        f"""{MINE}
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
MinJobAge=600
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb}
PartitionName=main Nodes={host} Default=YES
"""
    )
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    with ExitStack() as running:
        running.callback(CONFIGURATION.unlink)
        if subprocess.run(["munge", "-n"], capture_output=True).returncode:  # no munged yet
            for place in ("/run/munge", "/var/log/munge", "/var/lib/munge"):
                Path(place).mkdir(exist_ok=True)
                shutil.chown(place, "munge", "munge")
            running.enter_context(
                _daemon(folder, "runuser", "-u", "munge", "--", "munged", "--foreground")
            )
        running.enter_context(_daemon(folder, "slurmctld", "-D", "-c"))
        running.enter_context(_daemon(folder, "slurmd", "-D", "-c"))
        _until_idle(folder)
        yield


@contextmanager
def _daemon(folder: Path, *command: str) -> Iterator[None]:
    with (folder / f"{command[-2] if command[0] == 'runuser' else command[0]}.log").open(
        "w"
    ) as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def _until_idle(folder: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = subprocess.run(
            ["sinfo", "--noheader", "--format", "%T"], capture_output=True, text=True
        )
        if state.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(f"{file.name}:\n{file.read_text()}" for file in sorted(folder.glob("*.log")))
    raise RuntimeError(f"SLURM does not come up: {state.stdout} {state.stderr}\n{logs}")
