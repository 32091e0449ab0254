"""What may move together in a system, and how far: sides, bundles of lines, sums of lines.

A *side* is what the lines of one group have: their counts and the remainders of the shares that hold there.
A *direction* is one household that passes from a count to another. A *ring* is bundles of lines that may
exchange households. Plain arithmetic on arrays: what is published is known by those who call.
"""

import itertools
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from pipelines.diffusion.bloc import Bloc, Bools, Floats, Ints

_DEVIATIONS = 3


class Side:
    """The quantities of the lines of one group: nodes, and remainders of the shares that hold there."""

    def __init__(self, bloc: Bloc, lines: list[int], present: Bools) -> None:
        self.lines, self.present = lines, present
        self.links = _holding(bloc, lines, present)
        rows: list[Floats] = []
        n = len(bloc.forest.nodes)
        for node in np.flatnonzero(present):
            rows.append(np.eye(n)[node])
        self.n_nodes = len(rows)
        self.complement: list[bool] = [False] * self.n_nodes
        self.node_of: list[int] = [int(i) for i in np.flatnonzero(present)]
        self.labels: list[tuple[int, ...]] = [(node,) for node in self.node_of]
        for whole, parts in self.links:
            # What follows from the whole and some of its parts only is a count too: all the others together.
            for some in (parts, *([[part] for part in parts] if len(parts) > 1 else [])):
                row = np.eye(n)[whole].copy()
                row[some] -= 1
                rows.append(row)
                self.complement.append(bloc.forest.nodes[whole].endswith(".denominateur") and len(parts) == 1)
                self.node_of.append(some[0])
                self.labels.append((whole, -1, *some))
        self.matrix = np.array(rows).reshape(len(rows), n)

    def label(self, k: int) -> tuple[int, ...]:
        """What a quantity is on any side: a node, or a whole without parts."""
        return self.labels[k]


def _holding(bloc: Bloc, lines: list[int], present: Bools) -> list[tuple[int, list[int]]]:
    """The shares that the exact counts of some lines satisfy, their missing answers counted."""
    kept: list[tuple[int, list[int]]] = []
    for whole, parts, complete in bloc.forest.shares:
        if not present[whole]:
            continue
        room = bloc.value[lines, whole].copy()
        held: list[int] = []
        for part in parts:
            if not present[part]:
                continue
            left = room - bloc.value[lines, part] - bloc.missing[lines, part]
            if (left >= 0).all():
                room, held = left, [*held, part]
        if held and not (complete and (room != 0).any()):
            kept.append((whole, held))
    return kept


@cache
def directions(n: int, links: tuple[tuple[int, tuple[int, ...]], ...]) -> list[tuple[int, ...]]:
    """Every way to add one household to a node, or to move one between its parts, the shares respected."""

    def ways(node: int) -> list[Ints]:
        one = np.zeros(n, dtype=np.int64)
        one[node] = 1
        mine = [parts for whole, parts in links if whole == node]
        options = [
            [np.zeros(n, dtype=np.int64), *itertools.chain(*(ways(p) for p in parts))] for parts in mine
        ]
        found = []
        for combination in itertools.product(*[range(len(o)) for o in options]):
            if sum(1 for rank in combination if rank) <= _DEVIATIONS:
                found.append(one + sum(options[i][rank] for i, rank in enumerate(combination)))
        return found

    inside = {part for _, parts in links for part in parts}
    moves = [move for node in range(n) if node not in inside for move in ways(node)]
    for _, parts in links:
        options = [np.zeros(n, dtype=np.int64), *itertools.chain(*(ways(p) for p in parts))]
        moves += [b - a for a, b in itertools.combinations(options, 2)]
    return [tuple(int(x) for x in move) for move in moves]


@dataclass(eq=False)
class Ring:
    """Bundles that may exchange households: a line, and one that moves with it (`sign` 1) or against it."""

    first: Ints
    second: Ints
    sign: Ints
    # The other bundles may all serve at once; without it, one at a time.
    together: bool
    # Bundles of one nest have the same number; `apart` when no two have.
    nest: Ints
    apart: bool
    # The bundle of what lies outside the group; -1 without. Where the lone household there is the one that
    # lies outside a nest too: by second line, the directions.
    rest: int = -1
    same: dict[int, Bools] = field(default_factory=dict)
    up: Floats = field(init=False)
    down: Floats = field(init=False)
    lone: Bools = field(init=False)
    # As the bloc is published now: what each bundle can do, whether it is free to, where that is enough.
    can_up: Floats = field(init=False)
    can_down: Floats = field(init=False)
    free: Bools = field(init=False)
    good: Bools = field(init=False)
    good_second: Bools = field(init=False)
    # What the other bundles can do against each; how many times any of this has changed.
    others_up: Floats = field(init=False)
    others_down: Floats = field(init=False)
    age: int = 0
    # Which bundles have a second line; whether no line is the first of two.
    two: Bools = field(init=False)
    once: bool = field(init=False)

    def __post_init__(self) -> None:
        self.two = self.second >= 0
        self.once = len(set(self.first.tolist())) == len(self.first)

    def lone_for(self, line: int) -> Bools:
        """Who would know too much of this line: not the household that it counts itself."""
        if line not in self.same:
            return self.lone
        lone = self.lone.copy()
        lone[self.rest] &= ~self.same[line]
        return lone


@dataclass
class Sum:
    """Lines that move together, per direction: how far, at what price, the bundles to mask (-1: none)."""

    up: Floats
    down: Floats
    price: Floats
    parts: list[tuple[Ring, Ints]]

    def at(self, way: int) -> list[tuple[Ring, int]]:
        """The bundles to mask in one direction."""
        return [(ring, int(chosen[way])) for ring, chosen in self.parts if chosen[way] >= 0]


def all_of(sums: list[Sum]) -> Sum:
    """Several sums that move together."""
    return Sum(
        np.minimum.reduce([x.up for x in sums]),
        np.minimum.reduce([x.down for x in sums]),
        np.sum([x.price for x in sums], axis=0),
        [part for x in sums for part in x.parts],
    )


def cheaper(a: Sum, b: Sum, need: int) -> Sum:
    """Whichever of two sums costs less, direction by direction, where it moves enough."""
    cost = [np.where(x.up + x.down >= need, x.price, np.inf) for x in (a, b)]
    first = (cost[0] < cost[1]) | ((cost[0] == cost[1]) & (a.up + a.down >= b.up + b.down))
    parts = [(ring, np.where(first, at, -1)) for ring, at in a.parts]
    parts += [(ring, np.where(first, -1, at)) for ring, at in b.parts]
    return Sum(
        np.where(first, a.up, b.up), np.where(first, a.down, b.down), np.where(first, a.price, b.price), parts
    )


def others(capacity: Floats, ring: Ring, lone: Bools) -> Floats:
    """What the bundles of other nests can do together, one lone household at most left out: it knows itself.

    Two bundles of one nest share what lies outside it, or a line: between them it does not move.
    """
    plain, single = np.where(lone, 0, capacity), np.where(lone, capacity, 0)
    if not ring.together:
        return _largest_other(_by_nest(np.maximum, plain, ring))[ring.nest]
    most = _by_nest(np.maximum, single, ring)
    plain, single = _by_nest(np.add, plain, ring), _by_nest(np.add, single, ring)
    total = plain.sum(axis=0)[None, :] - plain + single.sum(axis=0)[None, :] - single
    return np.asarray((total - _largest_other(most))[ring.nest])


def _by_nest(how: np.ufunc, x: Floats, ring: Ring) -> Floats:
    if ring.apart:
        return x
    found = np.zeros((int(ring.nest.max()) + 1, x.shape[1]))
    how.at(found, ring.nest, x)
    return found


def _largest_other(x: Floats) -> Floats:
    """For each row, the largest of the other rows."""
    if len(x) == 1:
        return np.zeros_like(x)
    first, at = np.argmax(x, axis=0), np.arange(x.shape[1])
    most = x[first, at]
    rest = x.copy()
    rest[first, at] = -1
    found = np.repeat(most[None, :], len(x), axis=0)
    found[first, at] = rest.max(axis=0)
    return found
