"""Which masked cells can be computed exactly from the published ones, over a whole batch at once.

A masked cell can be computed if and only if it does not move along any direction in which the masked cells
may move without changing what is published. One random direction, drawn in the integers modulo a large prime,
is enough to see them all: it is found by Gaussian elimination, every round of which eliminates as many cells
as can be eliminated independently of one another, over all territories together, those that cost the least
first. A cell reported as safe does move, for certain; a cell reported as computable is so but for one chance
in two thousand million.

Only linear algebra belongs here: signs are handled by the caller, who gives masked zeros as known.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from pipelines.secret.systeme import Bools, Ints, System, distinct, ranges

PRIME = 2**31 - 1
_SEED = 20220221
_SHARE = 4


@dataclass
class _Entries:
    """Equations in play, sorted by equation: entry i is coef[i] × cell[i] in equation eq[i]."""

    eq: Ints
    cell: Ints
    coef: Ints

    def where(self, kept: Bools) -> "_Entries":
        """Some of the entries."""
        return _Entries(self.eq[kept], self.cell[kept], self.coef[kept])


@dataclass
class _Step:
    """One round: pivot[k] × coef = − Σ of the other entries of its equation, which are numbered k."""

    pivot: Ints
    scale: Ints  # − 1 / coefficient of the pivot, modulo the prime
    others: _Entries  # eq holds k
    own: Ints  # the number of its equation


def computable(system: System, masked: Bools, among: Ints, block: Ints) -> Bools:
    """For each cell, whether it is masked and can be computed from the cells that are not.

    `among` gives the equations to look at, which share no cell with the others; `block`, for each cell, a
    number that cells linked by equations share.
    """
    entries, cells = _entries(system, among, masked)
    peeled, core = _peel(entries, len(among), len(cells))
    steps, _ = _reduce(core, np.ones(len(cells), dtype=bool), block[cells])
    steps = peeled + steps
    z = np.random.default_rng(_SEED).integers(1, PRIME, size=len(cells), dtype=np.int64)
    for step in reversed(steps):
        total = np.zeros(len(step.pivot), dtype=np.int64)
        np.add.at(total, step.others.eq, (step.others.coef * z[step.others.cell]) % PRIME)
        z[step.pivot] = (total % PRIME * step.scale) % PRIME
    found = np.zeros(len(masked), dtype=bool)
    found[cells] = z == 0
    return found


def remedies(system: System, masked: Bools, found: Ints, among: Ints, block: Ints) -> Ints:
    """The published cells to mask so that each of the cells found can be computed no more.

    Every cell found is a combination of published cells: it is enough to mask one of them, the cheapest. A
    cell whose combination holds a cell already chosen needs none. Which combination is found depends on the
    order of the eliminations, and that on the cells of the same block alone: a territory is masked alike in
    whatever company it is worked on.
    """
    # An equation with a masked cell of its own tells of no other cell: only the others take part, and those
    # whose own cell is sought. What such an equation holds besides is sought in turn, in those peeled later.
    masked_entries, masked_cells = _entries(system, among, masked)
    peeled, core = _peel(masked_entries, len(among), len(masked_cells))
    useful = np.zeros(len(among), dtype=bool)
    useful[core.eq] = True
    sought = np.zeros(len(masked), dtype=bool)
    sought[found] = True
    for step in peeled:
        wanted = sought[masked_cells[step.pivot]]
        useful[step.own[wanted]] = True
        sought[masked_cells[step.others.cell[wanted[step.others.eq]]]] = True
    entries, cells = _entries(system, among[useful], np.ones(len(masked), dtype=bool))
    hidden = masked[cells]
    number = np.full(len(masked), -1, dtype=np.int64)
    number[cells] = np.arange(len(cells))
    asked = np.zeros(len(cells), dtype=bool)
    asked[number[found]] = True
    _, left = _reduce(entries, hidden & ~asked, block[cells])
    chosen: set[int] = set()
    rows: dict[int, dict[int, int]] = {}
    bounds = np.flatnonzero(np.diff(left.eq, prepend=-1, append=-1))
    for start, end in itertools.pairwise(bounds.tolist()):
        row = dict(zip(left.cell[start:end].tolist(), left.coef[start:end].tolist(), strict=True))
        _solve(row, rows, asked)
    for target in sorted(rows, key=lambda t: (int(system.value[cells[t]]), t)):
        support = [cell for cell in rows[target] if not asked[cell]]
        free = [cell for cell in support if not system.virtual[cells[cell]]]
        if free and chosen.isdisjoint(support):
            chosen.add(min(free, key=lambda cell: (int(system.cost[cells[cell]]), cell)))
    return distinct(cells[np.array(sorted(chosen), dtype=np.int64)])


def _solve(row: dict[int, int], rows: dict[int, dict[int, int]], asked: Bools) -> None:
    """Add an equation to a system kept solved for its asked cells (each row has one, of coefficient 1)."""
    for pivot in [cell for cell in row if cell in rows]:
        _subtract(row, rows[pivot], row[pivot])
    candidates = [cell for cell in row if asked[cell]]
    if not candidates:
        return
    pivot = min(candidates)
    inverse = pow(row[pivot], -1, PRIME)
    row = {cell: coef * inverse % PRIME for cell, coef in row.items()}
    for other in rows.values():
        if pivot in other:
            _subtract(other, row, other[pivot])
    rows[pivot] = row


def _subtract(row: dict[int, int], other: dict[int, int], factor: int) -> None:
    for cell, coef in other.items():
        value = (row.get(cell, 0) - factor * coef) % PRIME
        if value:
            row[cell] = value
        else:
            row.pop(cell, None)


def _entries(system: System, among: Ints, which: Bools) -> tuple[_Entries, Ints]:
    """The entries of some equations restricted to some cells, and the cells that they number."""
    eqs = system.equations
    entry, rank = eqs.entries(among)
    kept = which[eqs.cell[entry]]
    entry, rank = entry[kept], rank[kept]
    present = np.zeros(len(which), dtype=bool)
    present[eqs.cell[entry]] = True
    number = np.cumsum(present) - 1
    return _Entries(rank, number[eqs.cell[entry]], eqs.coef[entry] % PRIME), np.flatnonzero(present)


def _peel(entries: _Entries, n_eqs: int, n_cells: int) -> tuple[list[_Step], _Entries]:
    """Eliminate the cells that one equation alone holds, as long as there are some; the cheap first part."""
    ptr = np.zeros(n_eqs + 1, dtype=np.int64)
    np.cumsum(np.bincount(entries.eq, minlength=n_eqs), out=ptr[1:])
    degree = np.bincount(entries.cell, minlength=n_cells)
    cell_ptr = np.zeros(n_cells + 1, dtype=np.int64)
    np.cumsum(degree, out=cell_ptr[1:])
    by_cell = np.argsort(entries.cell, kind="stable")
    alive = np.ones(n_eqs, dtype=bool)
    steps: list[_Step] = []
    fresh = np.flatnonzero(degree == 1)
    while len(fresh):
        held = by_cell[ranges(cell_ptr[fresh], cell_ptr[fresh + 1] - cell_ptr[fresh])]
        held = held[alive[entries.eq[held]]]
        eqs, first = np.unique(entries.eq[held], return_index=True)
        chosen = held[first]
        lengths = ptr[eqs + 1] - ptr[eqs]
        inside = ranges(ptr[eqs], lengths)
        rank = np.repeat(np.arange(len(eqs)), lengths)
        other = inside != chosen[rank]
        scale = (PRIME - _inverse(entries.coef[chosen])) % PRIME
        others = _Entries(rank[other], entries.cell[inside[other]], entries.coef[inside[other]])
        steps.append(_Step(entries.cell[chosen], scale, others, eqs))
        alive[eqs] = False
        touched = entries.cell[inside]
        np.subtract.at(degree, touched, 1)
        fresh = distinct(touched)
        fresh = fresh[degree[fresh] == 1]
    return steps, entries.where(alive[entries.eq])


def _reduce(entries: _Entries, eliminable: Bools, block: Ints) -> tuple[list[_Step], _Entries]:
    """Eliminate cells until no equation holds one that may be; returns the rounds and the equations left."""
    n_cells = len(eliminable)
    steps: list[_Step] = []
    left: list[_Entries] = []
    done = 0
    while len(entries.eq):
        entries, n_eqs = _renumber(entries)
        open_eq = np.zeros(n_eqs, dtype=bool)
        open_eq[entries.eq[eliminable[entries.cell]]] = True
        if not open_eq.all():
            closed = entries.where(~open_eq[entries.eq])
            left.append(_Entries(closed.eq + done, closed.cell, closed.coef))
            done += n_eqs
            entries, n_eqs = _renumber(entries.where(open_eq[entries.eq]))
            if n_eqs == 0:
                break
        chosen = _pivots(entries, n_eqs, eliminable, block)
        step, entries = _eliminate(entries, chosen, n_eqs, n_cells)
        steps.append(step)
    none = np.empty(0, dtype=np.int64)
    return steps, _Entries(
        np.concatenate([none, *[one.eq for one in left]]),
        np.concatenate([none, *[one.cell for one in left]]),
        np.concatenate([none, *[one.coef for one in left]]),
    )


def _renumber(entries: _Entries) -> tuple[_Entries, int]:
    """Number the equations that are left from 0; they are sorted."""
    new = np.ones(len(entries.eq), dtype=bool)
    new[1:] = entries.eq[1:] != entries.eq[:-1]
    return _Entries(np.cumsum(new) - 1, entries.cell, entries.coef), int(new.sum())


def _pivots(entries: _Entries, n_eqs: int, eliminable: Bools, block: Ints) -> Ints:
    """The entries to eliminate in this round, at most one per equation.

    The cost of a pivot is the number of entries its elimination may add; pivots of a round do not touch each
    other.
    """
    n_cells = len(eliminable)
    degree = np.bincount(entries.cell, minlength=n_cells)
    starts = np.flatnonzero(np.diff(entries.eq, prepend=-1))
    size = np.diff(starts, append=len(entries.eq))
    order = np.where(eliminable, degree, len(entries.eq) + 1)
    rank = order[entries.cell] * len(entries.eq) + np.arange(len(entries.eq))
    best = np.minimum.reduceat(rank, starts) % len(entries.eq)
    cost = (degree[entries.cell[best]] - 1) * (size - 1)
    # The cheapest share of a block's equations is allowed, so that every round eliminates a share of what is
    # left.
    of_eq = block[entries.cell[starts]]
    by_block = np.lexsort((cost, of_eq))
    first = np.flatnonzero(np.diff(of_eq[by_block], prepend=-1))
    length = np.diff(first, append=n_eqs)
    limit = cost[by_block[first + np.minimum(length - 1, length // _SHARE)]]
    allowed = np.empty(n_eqs, dtype=bool)
    allowed[by_block] = cost[by_block] <= np.repeat(limit, length)
    # Two equations may want the same cell; an equation that holds the pivot of a better one waits its turn.
    number = np.empty(n_eqs, dtype=np.int64)
    number[np.argsort(of_eq, kind="stable")] = np.arange(n_eqs) - np.repeat(first, length)
    mix = (number * 2654435761) % (2**31)
    priority = np.where(allowed, (np.minimum(cost, 2**30) << 31) + mix, np.iinfo(np.int64).max)
    wanted = np.full(n_cells, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(wanted, entries.cell[best[allowed]], priority[allowed])
    winner = allowed & (wanted[entries.cell[best]] == priority)
    pivot_of_cell = np.full(n_cells, -1, dtype=np.int64)
    eqs = np.flatnonzero(winner)
    pivot_of_cell[entries.cell[best[eqs]]] = eqs
    touching = pivot_of_cell[entries.cell]
    # An equation touched by the pivot of a better equation is modified by it, so it cannot be used in this
    # round.
    foreign = (touching >= 0) & (touching != entries.eq)
    least = np.full(n_eqs, np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(least, entries.eq[foreign], priority[touching[foreign]])
    local = winner & (priority < least)
    kept_of_cell = np.zeros(n_cells, dtype=bool)
    kept_of_cell[entries.cell[best[local]]] = True
    own = np.zeros(len(entries.eq), dtype=bool)
    own[best[local]] = True
    hit = np.zeros(n_eqs, dtype=bool)
    hit[entries.eq[kept_of_cell[entries.cell] & ~own]] = True
    chosen: Ints = best[local & ~hit]
    return chosen


def _eliminate(entries: _Entries, chosen: Ints, n_eqs: int, n_cells: int) -> tuple[_Step, _Entries]:
    """Take the chosen pivots out of every equation; returns what gives them back, and the equations left."""
    pivot = entries.cell[chosen]
    of_eq = np.full(n_eqs, -1, dtype=np.int64)
    of_eq[entries.eq[chosen]] = np.arange(len(chosen))
    of_cell = np.full(n_cells, -1, dtype=np.int64)
    of_cell[pivot] = np.arange(len(chosen))
    scale = (PRIME - _inverse(entries.coef[chosen])) % PRIME
    inside = of_eq[entries.eq] >= 0
    is_pivot = of_cell[entries.cell] >= 0
    removed = entries.where(inside & ~is_pivot)
    step = _Step(pivot, scale, _Entries(of_eq[removed.eq], removed.cell, removed.coef), entries.eq[chosen])
    hit = entries.where(is_pivot & ~inside)
    left = entries.where(~inside & ~is_pivot)
    if len(hit.eq) == 0:
        return step, left
    by = of_cell[hit.cell]
    factor = hit.coef * scale[by] % PRIME
    lengths = np.bincount(step.others.eq, minlength=len(chosen))
    starts = np.cumsum(lengths) - lengths
    spans = lengths[by]
    offset = np.arange(int(spans.sum())) - np.repeat(np.cumsum(spans) - spans, spans)
    source = np.repeat(starts[by], spans) + offset
    added = _Entries(
        np.repeat(hit.eq, spans),
        step.others.cell[source],
        step.others.coef[source] * np.repeat(factor, spans) % PRIME,
    )
    changed = np.zeros(n_eqs, dtype=bool)
    changed[hit.eq] = True
    moved = changed[left.eq]
    still, old = left.where(~moved), left.where(moved)
    key = np.concatenate([old.eq, added.eq]) * n_cells + np.concatenate([old.cell, added.cell])
    coef = np.concatenate([old.coef, added.coef])
    order = np.argsort(key, kind="stable")
    key, coef = key[order], coef[order]
    if len(key):
        first = np.flatnonzero(np.diff(key, prepend=-1))
        coef, key = np.add.reduceat(coef, first) % PRIME, key[first]
        key, coef = key[coef != 0], coef[coef != 0]
    eq = np.concatenate([still.eq, key // n_cells])
    order = np.argsort(eq, kind="stable")
    cell = np.concatenate([still.cell, key % n_cells])[order]
    return step, _Entries(eq[order], cell, np.concatenate([still.coef, coef])[order])


def _inverse(values: Ints) -> Ints:
    """Inverses modulo the prime (Fermat)."""
    result = np.ones_like(values)
    power, exponent = values.copy(), PRIME - 2
    while exponent:
        if exponent & 1:
            result = result * power % PRIME
        power = power * power % PRIME
        exponent >>= 1
    return result
