"""Counts linked by equations, and which of them to mask so that the masked ones cannot be computed.

Knows nothing of indicators: cells with a value, equations with coefficients. Everything is arrays over a
whole batch of territories, and each pass touches only the equations whose cells have just been masked, so
that the cost follows the number of rows.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Concatenate the integer ranges [start, start + length) in one array."""
    total = int(lengths.sum())
    if total == 0:
        return np.empty(0, dtype=np.int64)
    offsets = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.arange(total, dtype=np.int64) - offsets + np.repeat(starts, lengths)


def distinct(numbers: Ints) -> Ints:
    """The numbers met, each once, in order. (`np.unique` hashes first: 10 times slower on millions.)"""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


@dataclass
class Equations:
    """Sparse equations Σ coef × cell = a constant that a reader knows.

    `parent` is the entry's cell that is the total (-1 when the equation has none that a group of parts must
    hide under), `floor` the smallest count that masked parts may add up to (0: no such rule), `open_end` true
    when the parts leave over a count that is not published.
    """

    ptr: Ints
    cell: Ints
    coef: Ints
    parent: Ints
    floor: Ints
    open_end: Bools

    @property
    def size(self) -> int:
        """How many equations."""
        return len(self.ptr) - 1

    def entries(self, which: Ints) -> tuple[Ints, Ints]:
        """The entries of some equations, and for each the rank of its equation in `which`."""
        lengths = self.ptr[which + 1] - self.ptr[which]
        return ranges(self.ptr[which], lengths), np.repeat(np.arange(len(which), dtype=np.int64), lengths)


@dataclass
class System:
    """The cells of a batch and their equations.

    value: the count; cost: order in which cells are masked when one more is needed; virtual: counts that
    nobody publishes (a remainder, a complement of a numerator): never chosen, but never known either.
    """

    value: Ints
    cost: Ints
    virtual: Bools
    equations: Equations
    _by_cell: tuple[Ints, Ints] = field(init=False)

    def __post_init__(self) -> None:
        eq_of_entry = np.repeat(np.arange(self.equations.size, dtype=np.int64), np.diff(self.equations.ptr))
        order = np.argsort(self.equations.cell, kind="stable")
        counts = np.bincount(self.equations.cell, minlength=len(self.value)).astype(np.int64)
        ptr = np.zeros(len(self.value) + 1, dtype=np.int64)
        np.cumsum(counts, out=ptr[1:])
        self._by_cell = (ptr, eq_of_entry[order])

    def equations_of(self, cells: Ints) -> Ints:
        """The equations that hold one of these cells."""
        ptr, eqs = self._by_cell
        return distinct(eqs[ranges(ptr[cells], ptr[cells + 1] - ptr[cells])])

    def choose(self, active: Ints, masked: Bools, weight: Ints) -> Ints:
        """The cells to mask next so that none of these equations gives a masked cell back at once.

        A total is hidden by its parts when at least two of them are masked and what they add up to reaches
        the floor; any other equation needs two masked cells or none.
        """
        eqs = self.equations
        entry, rank = eqs.entries(active)
        cell = eqs.cell[entry]
        is_parent = cell == eqs.parent[active][rank]
        hidden = masked[cell]
        part = hidden & ~is_parent
        n_parts = np.bincount(rank[part], minlength=len(active))
        n_hidden = np.bincount(rank[hidden], minlength=len(active))
        weights = np.zeros(len(active), dtype=np.int64)
        np.add.at(weights, rank[part], weight[cell[part]])
        floor = eqs.floor[active]
        parent_hidden = n_hidden > n_parts
        governed = (floor > 0) & ~parent_hidden
        short = governed & (n_parts > 0) & ((n_parts < 2) | (weights < floor))
        alone = ~governed & (n_hidden == 1)
        need = short | alone
        if not need.any():
            return np.empty(0, dtype=np.int64)
        candidate = need[rank] & ~hidden & ~self.virtual[cell] & ~(is_parent & governed[rank])
        chosen = _cheapest(rank[candidate], cell[candidate], self.cost)
        served = np.zeros(len(active), dtype=bool)
        served[rank[candidate]] = True
        # No part left to mask: the total goes, unless what it has beside its parts is published nowhere.
        stuck = need & governed & ~served & (n_parts == 1) & ~eqs.open_end[active]
        if stuck.any():
            fallback = stuck[rank] & is_parent & ~self.virtual[cell]
            chosen = distinct(np.concatenate([chosen, cell[fallback]]))
        return chosen


def _cheapest(group: Ints, cell: Ints, cost: Ints) -> Ints:
    """In each group the cell of least cost (ties: the first cell), each cell once."""
    if len(group) == 0:
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((cell, cost[cell], group))
    group, cell = group[order], cell[order]
    first = np.ones(len(group), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    return distinct(cell[first])
