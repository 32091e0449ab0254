"""Which masked cells can be computed exactly from the published ones, over a whole batch at once.

A masked cell can be computed if and only if it does not move along any direction in which the masked cells
may move without changing what is published. One random direction, drawn in the integers modulo a large prime,
is enough to see them all: it is found by Gaussian elimination, every round of which eliminates as many cells
as can be eliminated independently of one another, over all territories together, those that cost the least
first. A cell reported as safe does move, for certain; a cell reported as computable is so but for one chance
in two thousand million.

Only linear algebra belongs here: signs are handled by the caller, who gives masked zeros as known.
"""

from dataclasses import dataclass

import numpy as np

from pipelines.secret.systeme import Bools, Ints, System

PRIME = 2**31 - 1
_SEED = 20220221


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


def computable(system: System, masked: Bools, among: Ints | None = None) -> Bools:
    """For each cell, whether it is masked and can be computed from the cells that are not.

    `among` restricts the question to some equations, which share no cell with the others.
    """
    eqs = system.equations
    which = np.arange(eqs.size, dtype=np.int64) if among is None else among
    entry, rank = eqs.entries(which)
    kept = masked[eqs.cell[entry]]
    entry, rank = entry[kept], rank[kept]
    cells = np.zeros(len(masked), dtype=bool)
    cells[eqs.cell[entry]] = True
    number = np.cumsum(cells) - 1
    entries = _Entries(rank, number[eqs.cell[entry]], eqs.coef[entry] % PRIME)
    direction = _random_direction(entries, len(which), int(cells.sum()))
    found = np.zeros(len(masked), dtype=bool)
    found[cells] = direction == 0
    return found


def _random_direction(entries: _Entries, n_eqs: int, n_cells: int) -> Ints:
    """A random solution of the homogeneous equations."""
    steps: list[_Step] = []
    ceiling = 0
    while len(entries.eq):
        entries, n_eqs = _renumber(entries)
        chosen, ceiling = _pivots(entries, n_eqs, n_cells, ceiling)
        step, entries = _eliminate(entries, chosen, n_eqs, n_cells)
        steps.append(step)
    z = np.random.default_rng(_SEED).integers(1, PRIME, size=n_cells, dtype=np.int64)
    for step in reversed(steps):
        total = np.zeros(len(step.pivot), dtype=np.int64)
        np.add.at(total, step.others.eq, (step.others.coef * z[step.others.cell]) % PRIME)
        z[step.pivot] = (total % PRIME * step.scale) % PRIME
    return z


def _renumber(entries: _Entries) -> tuple[_Entries, int]:
    """Number the equations that are left from 0; they are sorted."""
    new = np.ones(len(entries.eq), dtype=bool)
    new[1:] = entries.eq[1:] != entries.eq[:-1]
    return _Entries(np.cumsum(new) - 1, entries.cell, entries.coef), int(new.sum())


def _pivots(entries: _Entries, n_eqs: int, n_cells: int, ceiling: int) -> tuple[Ints, int]:
    """The entries to eliminate in this round, at most one per equation, and the cost allowed from now on.

    The cost of a pivot is the number of entries its elimination may add; pivots of a round do not touch each
    other.
    """
    degree = np.bincount(entries.cell, minlength=n_cells)
    starts = np.flatnonzero(np.diff(entries.eq, prepend=-1))
    size = np.diff(starts, append=len(entries.eq))
    rank = degree[entries.cell] * len(entries.eq) + np.arange(len(entries.eq))
    best = np.minimum.reduceat(rank, starts) % len(entries.eq)
    cost = (degree[entries.cell[best]] - 1) * (size - 1)
    if not (cost == 0).any():
        ceiling = max(ceiling, 2 * int(cost.min()))
        allowed = cost <= ceiling
    else:
        allowed = cost == 0
    # Two equations may want the same cell; an equation that holds the pivot of a better one waits its turn.
    mix = (np.arange(n_eqs, dtype=np.int64) * 2654435761) % (2**31)
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
    return best[local & ~hit], ceiling


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
    step = _Step(pivot, scale, _Entries(of_eq[removed.eq], removed.cell, removed.coef))
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
