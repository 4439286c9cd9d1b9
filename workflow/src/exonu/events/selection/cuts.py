"""Selection: cuts in their order, and what each leaves over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.expressions import Expression, parse
from exonu.events.raw.root_files import CHUNK_BYTES, open_tree, read_metadata
from exonu.events.raw.writer import ColumnWriter
from exonu.events.selection.cut_conditions import ConditionCounts
from exonu.events.variables import known_variables

TREE = "events"


@dataclass(frozen=True)
class Cut:
    """One cut: an event is kept where `keep` is true."""

    name: str
    keep: Expression
    status: str


@dataclass(frozen=True)
class Selection:
    """Cuts in their order.

    >>> selection = Selection.from_settings([{"name": "fiducial", "keep": "r_pe_cm < 20", "status": "published"}])
    >>> selection.kept({"r_pe_cm": np.array([3.0, 25.0])})
    array([ True, False])
    """

    cuts: tuple[Cut, ...]

    @classmethod
    def from_settings(
        cls, cuts: Sequence[Settings], extra: Iterable[str] = (), file: str | Path | None = None
    ) -> Selection:
        """The `cuts` of an events file.

        Args:
            cuts: their settings.
            extra: the user's own variables, `branches.extra`.
            file: for messages.

        Raises:
            InputError: one message per fault, with a caret under it.
        """
        known = known_variables(extra)
        parsed, faults = [], []
        for number, cut in enumerate(cuts):
            try:
                keep = parse(
                    cut["keep"],
                    known,
                    want_truth=True,
                    file=file,
                    field=f"cuts.{number}.keep ({cut['name']})",
                )
                parsed.append(Cut(cut["name"], keep, cut["status"]))
            except InputError as fault:
                faults.append(fault)
        for name, count in Counter(cut["name"] for cut in cuts).items():
            if count > 1:
                faults.append(
                    InputError(
                        "names two cuts", file=file, field=f"cuts: {name}", remedy="rename one"
                    )
                )
        raise_all(faults)
        return cls(tuple(parsed))

    def instead(self, name: str, keep: Expression) -> Selection:
        """With another condition for one of the cuts."""
        return Selection(
            tuple(Cut(c.name, keep, c.status) if c.name == name else c for c in self.cuts)
        )

    def without(self, name: str) -> Selection:
        """With one of the cuts left out."""
        return Selection(tuple(cut for cut in self.cuts if cut.name != name))

    @property
    def wanted(self) -> dict[str, str]:
        """The variables that the cuts read, each with the first cut that does."""
        pairs = [
            (name, f"the cut {cut.name!r}")
            for cut in reversed(self.cuts)
            for name in cut.keep.names
        ]
        return dict(pairs)

    def passed(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Whether each event passes each cut on its own, shape (n_cuts, n)."""
        n = len(next(iter(columns.values())))
        return np.array(
            [np.broadcast_to(cut.keep.evaluate(columns), n) for cut in self.cuts], dtype=bool
        ).reshape(-1, n)

    def kept(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Whether each event passes all cuts, shape (n,)."""
        kept: NDArray[np.bool_] = np.logical_and.reduce(self.passed(columns), axis=0)
        return kept


class CutCounts:
    """Events and weights before all cuts and after each, summed over chunks; also in bins of true
    energy.

    Args:
        selection: the cuts.
        edges_keV: edges of the bins of true energy, shape (n_bins + 1,).
        ranges_keVee: of `cut_conditions.ConditionCounts`.

    Attributes:
        sums: events, Σw and Σw² after 0 … n cuts, shape (3, n_cuts + 1).
        conditions: each cut taken last, too.
        binned: the same in bins of true energy, shape (3, n_cuts + 1, n_bins); None without true
            energies.
    """

    def __init__(
        self,
        selection: Selection,
        edges_keV: Sequence[float],
        ranges_keVee: Sequence[float] = (),
    ) -> None:
        self.conditions = ConditionCounts([cut.keep.names for cut in selection.cuts], ranges_keVee)
        self._selection, self._edges = selection, np.asarray(edges_keV, dtype=np.float64)
        self.sums = np.zeros((3, len(selection.cuts) + 1))
        self.binned: Array | None = None

    def add(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        """Count a chunk; returns which of its events pass all cuts."""
        n = len(next(iter(columns.values())))
        weight = np.asarray(columns.get("weight", np.ones(n)), dtype=np.float64)
        powers = np.stack([np.ones(n), weight, weight**2])
        passed = self._selection.passed(columns)
        self.conditions.add(columns, passed)
        after = np.logical_and.accumulate(np.vstack([np.ones(n, dtype=bool), passed]), axis=0)
        self.sums += powers @ after.T
        energy = columns.get("true_energy_keV")
        if energy is not None:
            if self.binned is None:
                self.binned = np.zeros((*self.sums.shape, len(self._edges) - 1))
            for power in range(3):
                for cut in range(len(after)):
                    chosen = after[cut]
                    self.binned[power, cut] += np.histogram(
                        energy[chosen], self._edges, weights=powers[power, chosen]
                    )[0]
        kept: NDArray[np.bool_] = after[-1]
        return kept

    def as_json(self, source: Settings) -> Settings:
        """A record for the cut flow.

        Args:
            source: what was counted: `kind` (data or simulation) and `stream` and `run`, or
                `sample`, `component` and `variation`.
        """
        return {
            "source": source,
            "cuts": [
                {"name": cut.name, "keep": cut.keep.text, "status": cut.status}
                for cut in self._selection.cuts
            ],
            "sums": self.sums.tolist(),
            "edges_keV": self._edges.tolist(),
            "ranges_keVee": self.conditions.ranges_keVee.tolist(),
            "conditions": self.conditions.sums.tolist(),
            "binned": None if self.binned is None else self.binned.tolist(),
        }


def select(
    selection: Selection, path: str | Path, output: str | Path, source: Settings, edges_keV: Sequence[float],
    *, ranges_keVee: Sequence[float] = (), chunk_bytes: int = CHUNK_BYTES,
) -> Settings:  # fmt: skip
    """Write the events of a file that pass all cuts, and count.

    Args:
        selection: the cuts.
        path: reconstructed events: the tree `events` of a ROOT file, with any columns.
        output: file for the kept events, with all columns that hold one number per event.
        source, edges_keV, ranges_keVee: see `CutCounts`.
        chunk_bytes: about how many uncompressed bytes to read at a time.

    Returns:
        The record of the cut flow.

    Raises:
        InputError: a cut reads a variable that the file does not hold.
    """
    counts = CutCounts(selection, edges_keV, ranges_keVee)
    metadata = read_metadata(path)
    with open_tree(path, TREE, allow_empty=True) as tree:
        tree.require(tuple(selection.wanted), selection.wanted)
        names = [name for name in tree.branches if tree.is_number(name) and name != "nhit"]
        lists = [name for name in selection.wanted if name not in names]
        raise_all(
            InputError(
                f"is a list, and {selection.wanted[name]} needs a number",
                file=path,
                field=f"branch {name}",
            )
            for name in lists
        )
        writer = ColumnWriter(output, TREE, metadata)
        with writer, Progress(f"select {Path(path).name}", tree.n_entries) as progress:
            nothing = {name: np.empty(0, dtype=tree.dtype(name)) for name in names}
            writer.write(nothing)  # the columns are there even if no event is
            for _, read in tree.chunks(names, chunk_bytes):
                columns = {
                    name: column for name, column in read.items() if isinstance(column, np.ndarray)
                }
                kept = counts.add(columns)
                writer.write({name: column[kept] for name, column in columns.items()})
                progress.add(len(kept))
    return counts.as_json(source)
