"""ROOT as a peer, if `make crosscheck-root` has made its environment: this file is run by the
Python of .venv-root.

The model of `bench_inference` becomes HS3, as in the cross-check (tests/crosscheck), and ROOT fits
it with Minuit2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
PYTHON = TOP / ".venv-root" / "bin" / "python"
READER = """
#pragma cling optimize(3)
#include <TFile.h>
#include <TTreeReader.h>
#include <TTreeReaderArray.h>
#include <TTreeReaderValue.h>
double total(const char* name) {
  TFile file(name);
  TTreeReader reader("raw", &file);
  TTreeReaderValue<UInt_t> run(reader, "run");
  TTreeReaderValue<ULong64_t> event(reader, "event");
  TTreeReaderValue<Double_t> when(reader, "time_s");
  TTreeReaderValue<UChar_t> trigger(reader, "trigger");
  TTreeReaderArray<UShort_t> channel(reader, "channel");
  TTreeReaderArray<Float_t> charge(reader, "charge"), time(reader, "time");
  double sum = 0;
  while (reader.Next()) {
    sum += *run + *event + *when + *trigger;
    if (channel.GetSize()) sum += channel[0] + charge[0] + time[0];
  }
  return sum;
}
"""


def measured(*arguments: object) -> dict[str, Any]:
    """What `main` prints, run in ROOT's environment on one thread."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [str(PYTHON), __file__, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def reading(file: str) -> dict[str, list[float]]:
    """CPU seconds of reading all columns of a raw file, in compiled C++."""
    import ROOT

    ROOT.gInterpreter.Declare(READER)
    return {"read": _seconds(lambda: ROOT.total(file), 6)[1:]}


def inference() -> dict[str, Any]:
    """CPU seconds of free fits, by RooFit's defaults, and their minimum."""
    sys.path.insert(0, str(TOP / "tests" / "crosscheck"))
    from root_model import RootModel, root

    from exonu.statistics.examples import recoil_workspace
    from exonu.statistics.workspaces.hs3 import to_hs3

    ROOT, model = root(), RootModel(to_hs3(recoil_workspace(staterror=True), {}))

    def fit() -> None:
        model.reset()
        model.poi.setVal(0.1)
        minimiser = ROOT.RooMinimizer(model.likelihood)
        minimiser.setPrintLevel(-1)
        minimiser.minimize("Minuit2", "Migrad")

    return {"fit": _seconds(fit, 2), "minimum": float(model.likelihood.getVal()) + model.constant}


def _seconds(work: Any, repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return times


if __name__ == "__main__":
    tasks = {"reading": reading, "inference": inference}
    print(json.dumps(tasks[sys.argv[1]](*sys.argv[2:])), flush=True)
    os._exit(0)  # this ROOT may crash while Python takes its objects apart at the end
