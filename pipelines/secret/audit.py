"""Which masked cells can be computed exactly from the published ones, over a whole batch at once.

A masked cell can be computed if and only if it does not move along any direction in which the masked cells may move
without changing what is published. One random direction, drawn in the integers modulo a large prime, is enough to
see them all. It is built by eliminating, in rounds over all equations together, the cells that only one equation still
holds; when every remaining cell is held twice, one equation per independent block is set aside, and a small dense
system per block brings the set-aside ones back. A cell reported as safe does move, for certain; a cell reported as
computable is so but for one chance in two thousand million.

Only linear algebra belongs here: signs are handled by the caller, who gives masked zeros as known.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.secret.systeme import Bools, Ints, System, ranges

PRIME = 2**31 - 1
_SEED = 20220221


@dataclass
class _Sub:
    """The masked part of the equations: entries sorted by equation, with local numbers."""

    eq: Ints
    cell: Ints
    coef: Ints
    n_eq: int
    n_cell: int


def computable(system: System, masked: Bools) -> Bools:
    """For each cell, whether it is masked and can be computed from the cells that are not."""
    eqs = system.equations
    entry_eq = np.repeat(np.arange(eqs.size, dtype=np.int64), np.diff(eqs.ptr))
    kept = masked[eqs.cell]
    cell_ids, cell = np.unique(eqs.cell[kept], return_inverse=True)
    eq_ids, eq = np.unique(entry_eq[kept], return_inverse=True)
    sub = _Sub(eq.astype(np.int64), cell.astype(np.int64), eqs.coef[kept], len(eq_ids), len(cell_ids))
    moves = _random_direction(sub)
    found = np.zeros(len(masked), dtype=bool)
    found[cell_ids] = moves == 0
    return found


@dataclass
class _Step:
    """One round of elimination: `cell[i]` is computed from the other entries of `eq[i]`."""

    eq: Ints
    cell: Ints


class _Peeler:
    """Equations still in play, and what has been eliminated from them."""

    def __init__(self, sub: _Sub) -> None:
        self.sub = sub
        self.alive = np.ones(sub.n_eq, dtype=bool)
        self.degree = np.bincount(sub.cell, minlength=sub.n_cell).astype(np.int64)
        order = np.argsort(sub.cell, kind="stable")
        self.cell_ptr = np.zeros(sub.n_cell + 1, dtype=np.int64)
        np.cumsum(self.degree, out=self.cell_ptr[1:])
        self.cell_entry = order.astype(np.int64)
        self.eq_ptr = np.zeros(sub.n_eq + 1, dtype=np.int64)
        np.cumsum(np.bincount(sub.eq, minlength=sub.n_eq), out=self.eq_ptr[1:])
        self.fresh: Ints = np.flatnonzero(self.degree == 1)

    def remove(self, eqs: Ints) -> None:
        """Take equations out of play and note the cells that only one equation still holds."""
        self.alive[eqs] = False
        entry = ranges(self.eq_ptr[eqs], self.eq_ptr[eqs + 1] - self.eq_ptr[eqs])
        cells = self.sub.cell[entry]
        np.subtract.at(self.degree, cells, 1)
        touched = np.unique(cells)
        self.fresh = np.union1d(self.fresh, touched[self.degree[touched] == 1])

    def peel(self) -> list[_Step]:
        """Eliminate until every cell is held by two equations or none."""
        steps: list[_Step] = []
        while len(self.fresh):
            cells = self.fresh[self.degree[self.fresh] == 1]
            self.fresh = np.empty(0, dtype=np.int64)
            lengths = self.cell_ptr[cells + 1] - self.cell_ptr[cells]
            entry = self.cell_entry[ranges(self.cell_ptr[cells], lengths)]
            entry = entry[self.alive[self.sub.eq[entry]] & (np.abs(self.sub.coef[entry]) == 1)]
            if len(entry) == 0:
                continue
            eqs, first = np.unique(self.sub.eq[entry], return_index=True)
            steps.append(_Step(eqs, self.sub.cell[entry][first]))
            self.remove(eqs)
        return steps


def _blocks(sub: _Sub, alive: Bools) -> tuple[Ints, Ints]:
    """The equations still in play and the number of the independent block of each."""
    inside = alive[sub.eq]
    eq, cell = sub.eq[inside], sub.cell[inside]
    eq_ids, eq = np.unique(eq, return_inverse=True)
    _, cell = np.unique(cell, return_inverse=True)
    label = np.arange(len(eq_ids), dtype=np.int64)
    while True:
        low = np.full(int(cell.max()) + 1, len(eq_ids), dtype=np.int64)
        np.minimum.at(low, cell, label[eq])
        new = label.copy()
        np.minimum.at(new, eq, low[cell])
        np.minimum.at(new, label, new.copy())
        new = new[new]
        if np.array_equal(new, label):
            return eq_ids, np.unique(label, return_inverse=True)[1].astype(np.int64)
        label = new


def _random_direction(sub: _Sub) -> Ints:
    rng = np.random.default_rng(_SEED)
    z = rng.integers(1, PRIME, size=sub.n_cell, dtype=np.int64)
    peeler = _Peeler(sub)
    outer = peeler.peel()
    if peeler.alive.any():
        _solve_core(sub, peeler, z, rng)
    one = z[:, None]
    _substitute(sub, peeler.eq_ptr, outer, one)
    return one[:, 0]


def _substitute(sub: _Sub, eq_ptr: Ints, steps: list[_Step], z: Ints) -> None:
    """Compute the eliminated cells, last eliminated first; `z` holds one direction per column."""
    for step in reversed(steps):
        lengths = eq_ptr[step.eq + 1] - eq_ptr[step.eq]
        entry = ranges(eq_ptr[step.eq], lengths)
        cell, coef = sub.cell[entry], sub.coef[entry]
        own = np.repeat(step.cell, lengths) == cell
        terms = np.where(own[:, None], 0, (coef[:, None] * z[cell]) % PRIME)
        starts = np.cumsum(lengths) - lengths
        total = np.add.reduceat(terms, starts, axis=0) % PRIME
        z[step.cell] = (-coef[own][:, None] * total) % PRIME


def _solve_core(sub: _Sub, peeler: _Peeler, z: Ints, rng: np.random.Generator) -> None:
    """Give the cells of the core, where each is held by several equations, a direction that keeps them all."""
    eq_ids, block = _blocks(sub, peeler.alive)
    block_of_eq = np.full(sub.n_eq, -1, dtype=np.int64)
    block_of_eq[eq_ids] = block
    core_entry = peeler.alive[sub.eq]
    block_of_cell = np.full(sub.n_cell, -1, dtype=np.int64)
    block_of_cell[sub.cell[core_entry]] = block_of_eq[sub.eq[core_entry]]
    size = np.diff(peeler.eq_ptr)
    steps: list[_Step] = []
    aside: list[Ints] = []
    while peeler.alive.any():
        left, part = _blocks(sub, peeler.alive)
        order = np.lexsort((left, -size[left], part))
        first = np.ones(len(order), dtype=bool)
        first[1:] = part[order][1:] != part[order][:-1]
        widest = left[order[first]]
        aside.append(widest)
        peeler.remove(widest)
        steps += peeler.peel()
    set_aside = np.concatenate(aside)
    n_aside = np.bincount(block_of_eq[set_aside], minlength=int(block.max()) + 1)
    # Blocks that need as many directions are worked together; the number of directions grows by doubling.
    low = 0
    while low <= int(n_aside.max()):
        high = max(1, 2 * low)
        blocks = (n_aside > low) & (n_aside <= high)
        if blocks.any():
            _solve_blocks(
                sub, peeler.eq_ptr, steps, set_aside, block_of_eq, block_of_cell, blocks, high + 1, z, rng
            )
        low = high
        if low >= int(n_aside.max()):
            break


def _solve_blocks(
    sub: _Sub,
    eq_ptr: Ints,
    steps: list[_Step],
    set_aside: Ints,
    block_of_eq: Ints,
    block_of_cell: Ints,
    chosen: Bools,
    width: int,
    z: Ints,
    rng: np.random.Generator,
) -> None:
    cells = np.flatnonzero((block_of_cell >= 0) & chosen[block_of_cell])
    local = np.full(sub.n_cell, -1, dtype=np.int64)
    local[cells] = np.arange(len(cells))
    eqs_in = (block_of_eq >= 0) & chosen[block_of_eq]
    eqs = np.flatnonzero(eqs_in)
    local_eq = np.full(sub.n_eq, -1, dtype=np.int64)
    local_eq[eqs] = np.arange(len(eqs))
    lengths = eq_ptr[eqs + 1] - eq_ptr[eqs]
    entry = ranges(eq_ptr[eqs], lengths)
    ptr = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    small = _Sub(local_eq[sub.eq[entry]], local[sub.cell[entry]], sub.coef[entry], len(eqs), len(cells))
    many = rng.integers(1, PRIME, size=(len(cells), width), dtype=np.int64)
    inner = []
    for step in steps:
        mine = eqs_in[step.eq]
        if mine.any():
            inner.append(_Step(local_eq[step.eq[mine]], local[step.cell[mine]]))
    _substitute(small, ptr, inner, many)
    aside = local_eq[set_aside[eqs_in[set_aside]]]
    spans = ptr[aside + 1] - ptr[aside]
    inside = ranges(ptr[aside], spans)
    terms = (small.coef[inside][:, None] * many[small.cell[inside]]) % PRIME
    residual = np.add.reduceat(terms, np.cumsum(spans) - spans, axis=0) % PRIME
    aside_block = block_of_eq[eqs[aside]]
    cell_block = block_of_cell[cells]
    order = np.argsort(aside_block, kind="stable")
    bounds = np.flatnonzero(np.diff(aside_block[order])) + 1
    weights = np.zeros((len(chosen), width), dtype=np.int64)
    for rows in np.split(order, bounds):
        weights[aside_block[rows[0]]] = _null_combination(residual[rows], rng)
    combined = np.zeros(len(cells), dtype=np.int64)
    for column in range(width):
        combined = (combined + many[:, column] * weights[cell_block, column]) % PRIME
    z[cells] = combined


def _null_combination(matrix: Ints, rng: np.random.Generator) -> Ints:
    """A random vector that the matrix sends to zero, modulo the prime; there are more columns than rows."""
    work = matrix.copy()
    n_rows, n_cols = work.shape
    pivots: list[int] = []
    row = 0
    for column in range(n_cols):
        if row == n_rows:
            break
        nonzero = np.flatnonzero(work[row:, column])
        if len(nonzero) == 0:
            continue
        swap = row + int(nonzero[0])
        if swap != row:
            work[[row, swap]] = work[[swap, row]]
        work[row] = (work[row] * pow(int(work[row, column]), -1, PRIME)) % PRIME
        factors = work[:, column].copy()
        factors[row] = 0
        hit = np.flatnonzero(factors)
        if len(hit):
            work[hit] = (work[hit] - (factors[hit][:, None] * work[row][None, :]) % PRIME) % PRIME
        pivots.append(column)
        row += 1
    result = rng.integers(1, PRIME, size=n_cols, dtype=np.int64)
    result[pivots] = 0
    for line, column in enumerate(pivots):
        result[column] = (-int(((work[line] * result) % PRIME).sum())) % PRIME
    return result
