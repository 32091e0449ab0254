"""One system of counts (a territory, a year, counts that are linked) and what must be masked in it.

A *line* is a modality, a *node* one of the counts published on it. A masked small count is proved free by
exhibiting *moves*: households that pass from one line to another, or from one node to another of a line, so
that nothing published changes. A move is counted one household at a time, so a range found here is one of
consecutive whole values. What is masked in addition is what makes such a move possible at the least cost.
Nothing here knows a figure's meaning.
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KEPT = 10.0**12  # the cost of what a reader has already: masking it would hide nothing
FREE = 10.0**9  # a count the reader knows nothing of
_DEVIATIONS = 3


@dataclass(frozen=True)
class Forest:
    """The nodes of a family and, for some, the ways they are shared out: (whole, parts, complete).

    `complete` says that the parts and their missing answers make the whole, so that a smaller sum is
    another count.
    """

    nodes: list[str]
    shares: list[tuple[int, list[int], bool]]


@dataclass
class Group:
    """Lines that add up to a parent (-1: none): the modalities of an axis, the half-years of a year."""

    lines: list[int]
    present: Bools
    parent: int = -1
    # Nodes that add up to another line than the parent.
    elsewhere: dict[int, int] = field(default_factory=dict)


@dataclass
class Nest:
    """Lines of a fine axis that lie inside lines of a larger one; their sums differ by what lies outside."""

    parents: list[int]
    members: list[int]


@dataclass
class Bloc:
    """The exact counts of a system and what is published; `protect` changes `published` only."""

    forest: Forest
    value: Floats  # line × node; FREE where the reader has nothing and nothing is planned
    missing: Floats  # line × node: answers missing, beside a denominator
    published: Bools  # line × node
    cost: Floats  # line × node: what masking costs
    groups: list[Group]
    nests: list[Nest]
    threshold: int
    width: int  # how many consecutive whole values must stay possible
    sensitive: Bools  # line × node: masked because nobody is outside it; its complement must stay free


class _Side:
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
        for whole, parts in self.links:
            row = np.eye(n)[whole].copy()
            row[parts] -= 1
            rows.append(row)
            self.complement.append(bloc.forest.nodes[whole].endswith(".denominateur") and len(parts) == 1)
            self.node_of.append(parts[0])
        self.matrix = np.array(rows).reshape(len(rows), n)

    def label(self, k: int) -> tuple[int, ...]:
        """What a quantity is on any side: a node, or a whole without parts."""
        if k < self.n_nodes:
            return (self.node_of[k],)
        whole, parts = self.links[k - self.n_nodes]
        return (whole, -1, *parts)


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


def _directions(n: int, links: list[tuple[int, list[int]]]) -> list[tuple[int, ...]]:
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
class _Ring:
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

    def lone_for(self, line: int) -> Bools:
        """Who would know too much of this line: not the household that it counts itself."""
        if line not in self.same:
            return self.lone
        lone = self.lone.copy()
        lone[self.rest] &= ~self.same[line]
        return lone


@dataclass
class _Sum:
    """Lines that move together, per direction: how far, at what price, the bundles to mask (-1: none)."""

    up: Floats
    down: Floats
    price: Floats
    parts: list[tuple[_Ring, Ints]]

    def at(self, way: int) -> list[tuple[_Ring, int]]:
        """The bundles to mask in one direction."""
        return [(ring, int(chosen[way])) for ring, chosen in self.parts if chosen[way] >= 0]


class _Proof:
    """What is proved free in a bloc as it is published, and what masking more would prove."""

    def __init__(self, bloc: Bloc) -> None:
        self.bloc = bloc
        self.n_lines = len(bloc.value)
        self.sides: list[_Side] = []
        self.side_of = np.full(self.n_lines, -1, dtype=np.int64)
        covered = {line for group in bloc.groups for line in group.lines}
        for line in range(self.n_lines):
            if line not in covered:
                self._add_side([line], bloc.value[line] < FREE)
        for group in bloc.groups:
            self._add_side(group.lines, group.present)
        self.roots = sorted({group.parent for group in bloc.groups if group.parent >= 0})
        self.moves = self._directions()
        self._outsides()
        self._rooms()
        self._rings()
        self.moved = (self.moves != 0).astype(float)
        self._start()

    def _add_side(self, lines: list[int], present: Bools) -> None:
        self.side_of[lines] = len(self.sides)
        self.sides.append(_Side(self.bloc, lines, present))

    def _directions(self) -> Ints:
        pool: dict[tuple[int, ...], None] = {}
        n = len(self.bloc.forest.nodes)
        for links in {repr(side.links): side.links for side in self.sides}.values():
            for move in _directions(n, links):
                if any(move) and tuple(-x for x in move) not in pool:
                    pool.setdefault(move)
        return np.array(list(pool), dtype=np.int64).reshape(len(pool), n)

    # -- lines, and the lines of what lies outside a group or a nest, which are never published
    # --------------------------------------------------------------------------------------------

    def _outsides(self) -> None:
        bloc = self.bloc
        self.outside: list[Floats] = []
        sides = list(self.side_of)
        self.group_rest: list[int] = []
        for group in bloc.groups:
            if group.parent < 0:
                self.group_rest.append(-1)
                continue
            parent = bloc.value[group.parent].copy()
            for node, line in group.elsewhere.items():
                parent[node] = bloc.value[line, node]
            known = group.present & (parent < FREE)
            rest = np.where(known, parent - bloc.value[group.lines].sum(axis=0), FREE)
            self.group_rest.append(self._outside(rest, sides, group.lines[0]))
        self.nest_rest: list[int] = []
        for nest in bloc.nests:
            both = self._present(nest.parents[0]) & self._present(nest.members[0])
            rest = bloc.value[nest.parents].sum(axis=0) - bloc.value[nest.members].sum(axis=0)
            self.nest_rest.append(self._outside(np.where(both, rest, FREE), sides, nest.parents[0]))
        self.side = np.array(sides, dtype=np.int64)

    def _present(self, line: int) -> Bools:
        return self.sides[int(self.side_of[line])].present

    def _outside(self, rest: Floats, sides: list[np.int64], like: int) -> int:
        # A sum that the exact counts do not satisfy is no relation.
        self.outside.append(np.where(rest < 0, FREE, rest))
        sides.append(self.side_of[like])
        return self.n_lines + len(self.outside) - 1

    def _rooms(self) -> None:
        """How many households each line can give or take in each direction; the small counts to protect."""
        total, n_moves = len(self.side), len(self.moves)
        self.up, self.down = np.full((total, n_moves), FREE), np.full((total, n_moves), FREE)
        self.lone = np.zeros((total, n_moves), dtype=bool)
        small_lines: list[Ints] = []
        small_moves: list[Bools] = []
        everything = np.vstack([self.bloc.value, *self.outside])
        # Of what lies outside: the counts of one household, and the directions that change each.
        self.ones: dict[int, dict[tuple[int, ...], Bools]] = defaultdict(dict)
        for rank, side in enumerate(self.sides):
            lines = np.flatnonzero(self.side == rank)
            raw, inner = everything[lines], (lines < self.n_lines)[:, None]
            unknown = ((raw >= FREE).astype(float) @ np.abs(side.matrix).T) > 0
            value = np.where(unknown, FREE, raw @ side.matrix.T)
            is_node = np.arange(len(side.matrix)) < side.n_nodes
            floor = np.where(
                inner & (is_node | np.array(side.complement, dtype=bool))[None, :], np.minimum(1, value), 0
            )
            step = self.moves @ side.matrix.T
            for k in range(len(side.matrix)):
                moved = step[:, k] != 0
                capacity = np.floor(
                    (value[:, k] - floor[:, k])[:, None] / np.maximum(np.abs(step[:, k]), 1)[None, :]
                )
                up = np.where((step[:, k] < 0)[None, :], capacity, FREE)
                down = np.where((step[:, k] > 0)[None, :], capacity, FREE)
                if is_node[k]:
                    still = (value[:, k] == 0)[:, None] & moved[None, :]
                    up, down = np.where(still, 0, up), np.where(still, 0, down)
                self.up[lines], self.down[lines] = (
                    np.minimum(self.up[lines], up),
                    np.minimum(self.down[lines], down),
                )
                self.lone[lines] |= (value[:, k] == 1)[:, None] & moved[None, :]
                for line in lines[(value[:, k] == 1) & ~inner[:, 0]]:
                    self.ones[int(line)][side.label(k)] = moved
                small = (value[:, k] >= 1) & (value[:, k] < self.bloc.threshold)
                if side.complement[k]:
                    small |= (value[:, k] == 0) & self._shared_by_all(lines, side.node_of[k])
                small_lines.append(lines[small])
                small_moves.append(np.repeat(moved[None, :], int(small.sum()), axis=0))
        # The small counts: the line of each, and the directions that change it.
        self.small_line = np.concatenate(small_lines)
        self.small_moves = np.concatenate(small_moves)

    def _shared_by_all(self, lines: Ints, node: int) -> Bools:
        found = np.zeros(len(lines), dtype=bool)
        inner = lines < self.n_lines
        found[inner] = self.bloc.sensitive[lines[inner], node]
        return found

    # -- exchanges
    # --------------------------------------------------------------------------------------------

    def _rings(self) -> None:
        bloc = self.bloc
        above = {line: i for i, nest in enumerate(bloc.nests) for line in nest.parents}
        under = {line: i for i, nest in enumerate(bloc.nests) for line in nest.members}
        # What lies outside a nest serves several lines: each may count on its share only.
        share = np.ones(len(self.side))
        for rest, nest in zip(self.nest_rest, bloc.nests, strict=True):
            share[rest] = max(len(nest.parents), len(nest.members))
        self.share = share
        self.rings: list[_Ring] = []
        # The bundles of each group that are of no nest.
        self.outer: list[_Ring | None] = []
        for group, rest in zip(bloc.groups, self.group_rest, strict=True):
            bundles = []
            for line in group.lines:
                of = above.get(line, under.get(line, -1))
                outside = -1 if of < 0 else self.nest_rest[of]
                bundles.append((line, outside, 1 if line in above else -1, of))
            if rest >= 0:
                bundles.append((rest, -1, 1, -1))
            ring = self._ring(bundles)
            if rest >= 0:
                self._same_household(ring, rest)
            free_ones = [bundle for bundle in bundles if bundle[1] < 0]
            self.outer.append(self._ring(free_ones, keep=False) if free_ones else None)
        # The ring that stands for two groups at once: a line and one that lies inside it.
        pairs = [
            (c, q, 1, i) for i, nest in enumerate(bloc.nests) for c in nest.parents for q in nest.members
        ]
        self.joint = self._ring(pairs, together=False) if pairs else None
        for nest in bloc.nests:
            for lines in (nest.parents, nest.members):
                if len(lines) > 1:
                    self._ring([(line, -1, 1, -1) for line in lines])

    def _same_household(self, ring: _Ring, rest: int) -> None:
        """Where who is alone outside a group is alone outside a nest of it: the same household."""
        ring.rest = len(ring.first) - 1
        for line in {int(x) for x in ring.second if x >= 0}:
            others = [moved for label, moved in self.ones[rest].items() if label not in self.ones[line]]
            same = self.lone[rest] & ~np.any(others, axis=0) if others else self.lone[rest]
            if self.ones[rest] and same.any():
                ring.same[line] = same

    def _ring(
        self, bundles: list[tuple[int, int, int, int]], together: bool = True, keep: bool = True
    ) -> _Ring:
        first, second, sign, nest = (
            np.array(column, dtype=np.int64) for column in zip(*bundles, strict=True)
        )
        # A line of no nest is one of its own.
        nest = np.where(nest < 0, len(self.bloc.nests) + np.arange(len(nest)), nest)
        apart = len(set(nest.tolist())) == len(nest)
        nest = np.arange(len(nest)) if apart else np.unique(nest, return_inverse=True)[1]
        ring = _Ring(first, second, sign, together, nest, apart)
        has, plus, other = (second >= 0)[:, None], (sign > 0)[:, None], np.maximum(second, 0)
        part = self.share[other][:, None]
        other_up = np.floor(np.where(plus, self.up[other], self.down[other]) / part)
        other_down = np.floor(np.where(plus, self.down[other], self.up[other]) / part)
        ring.up = np.where(has, np.minimum(self.up[first], other_up), self.up[first])
        ring.down = np.where(has, np.minimum(self.down[first], other_down), self.down[first])
        ring.lone = self.lone[first] | (has & self.lone[other])
        if keep:
            self.rings.append(ring)
        return ring

    def _start(self) -> None:
        """Everything that depends on what is published, computed once; `update` keeps it."""
        self.prices = np.zeros(self.up.shape)
        self.proofs = np.zeros(self.up.shape, dtype=np.int64)
        self.follow: dict[int, tuple[Floats, Floats]] = {}
        self.known_sums: dict[tuple[int, int, tuple[int, ...]], tuple[int, _Sum]] = {}
        self.of_line: dict[int, list[int]] = {}
        for rank, ring in enumerate(self.rings):
            ring.good = ring.good_second = np.zeros(ring.up.shape, dtype=bool)
            for line in {*ring.first.tolist(), *ring.second.tolist()} - {-1}:
                self.of_line.setdefault(line, []).append(rank)
        for line in range(self.n_lines):
            self._price(line)
        self._refresh(list(range(len(self.rings))))

    def update(self, lines: list[int]) -> None:
        """Take into account what has been masked, or published again, on some lines."""
        for line in lines:
            self._price(line)
        self._refresh(sorted({rank for line in lines for rank in self.of_line.get(line, [])}))

    def _price(self, line: int) -> None:
        """What a line must mask for each direction, as the bloc is published now."""
        bloc = self.bloc
        shown = bloc.published[line] & self._present(line) & (bloc.value[line] > 0)
        self.prices[line] = self.moved @ np.where(shown, bloc.cost[line], 0)

    def _ring_price(self, ring: _Ring) -> Floats:
        other = self.prices[np.maximum(ring.second, 0)]
        return self.prices[ring.first] + np.where((ring.second >= 0)[:, None], other, 0)

    def _refresh(self, ranks: list[int]) -> None:
        todo = list(ranks)
        for rank in ranks:
            self.rings[rank].age += 1
            # A line that a group's lines add up to moves with them.
            if rank < len(self.bloc.groups) and self.bloc.groups[rank].elsewhere:
                group, ring = self.bloc.groups[rank], self.rings[rank]
                for line in set(group.elsewhere.values()):
                    nodes = [node for node, at in group.elsewhere.items() if at == line]
                    parts = self._follow(group, ring, nodes)
                    moves = parts.price == 0
                    self.follow[line] = (np.where(moves, parts.up, 0), np.where(moves, parts.down, 0))
                    todo += [other for other in self.of_line.get(line, []) if other not in todo]
        for rank in todo:
            self.rings[rank].age += 1
            self._recompute(self.rings[rank])

    def _recompute(self, ring: _Ring) -> None:
        free = self._ring_price(ring) == 0
        up, down = np.where(free, ring.up, 0), np.where(free, ring.down, 0)
        for line, (most_up, most_down) in self.follow.items():
            at = ring.first == line
            up[at], down[at] = np.minimum(up[at], most_up), np.minimum(down[at], most_down)
        ring.can_up, ring.can_down, ring.free = up, down, free
        ring.others_up, ring.others_down = _others(up, ring, ring.lone), _others(down, ring, ring.lone)
        self._count(ring, -1)
        ring.good = self._enough(np.minimum(up, ring.others_down) + np.minimum(down, ring.others_up))
        ring.good_second = ring.good
        for line in ring.same:
            there = (ring.second == line)[:, None]
            ring.good_second = np.where(there, self._wide(ring, ring.lone_for(line)), ring.good_second)
        self._count(ring, 1)

    def _wide(self, ring: _Ring, lone: Bools) -> Bools:
        """Whether each bundle and the others can exchange enough households."""
        up, down = ring.can_up, ring.can_down
        return self._enough(
            np.minimum(up, _others(down, ring, lone)) + np.minimum(down, _others(up, ring, lone))
        )

    def _enough(self, width: Floats) -> Bools:
        return np.asarray(width >= self.bloc.width - 1)

    def _count(self, ring: _Ring, sign: int) -> None:
        np.add.at(self.proofs, ring.first, ring.good.astype(np.int64) * sign)
        two = ring.second >= 0
        if two.any():
            np.add.at(self.proofs, ring.second[two], ring.good_second[two].astype(np.int64) * sign)

    def unproved(self) -> list[int]:
        """The ranks of the small counts that are not proved free as the bloc is published."""
        good = self.proofs[self.small_line] > 0
        left = np.flatnonzero(~(good & self.small_moves).any(axis=1))
        if len(left):
            more = np.zeros(self.up.shape, dtype=bool)
            self._vertical(more, np.asarray(self.small_moves[left].any(axis=0)))
            left = left[~(more[self.small_line[left]] & self.small_moves[left]).any(axis=1)]
        return [int(i) for i in left]

    def _vertical(self, good: Bools, wanted: Bools) -> None:
        """Where a whole that is masked moves with its parts, add it to what the bundles of a ring can do."""
        for root in self.roots:
            if not ((self.prices[root] == 0) & wanted & (self.up[root] + self.down[root] > 0)).any():
                continue
            for ring, whole, moves_second in self._wholes(root):
                free = whole.price == 0
                up, down = np.where(free, whole.up, 0), np.where(free, whole.down, 0)
                if ring is None:
                    good[root] |= up + down >= self.bloc.width - 1
                    continue
                width = np.minimum(ring.can_up, ring.others_down + up)
                width += np.minimum(ring.can_down, ring.others_up + down)
                enough = ring.free & (width >= self.bloc.width - 1)
                np.logical_or.at(good, ring.first, enough)
                two = ring.second >= 0
                if moves_second and two.any():
                    np.logical_or.at(good, ring.second[two], enough[two])

    def _wholes(self, root: int) -> list[tuple[_Ring | None, _Sum, bool]]:
        """What stands against each ring of a whole: the whole itself, and a part of it in every other group.

        The last item says that the second line of a bundle moves too: what lies outside a nest may not,
        where a line of the same nest moves in the other group.
        """
        bloc = self.bloc
        ranks = [i for i, group in enumerate(bloc.groups) if group.parent == root]
        own_nodes = {
            i: [int(n) for n in np.flatnonzero(bloc.groups[i].present) if n not in bloc.groups[i].elsewhere]
            for i in ranks
        }
        sums = {i: self._sum(i, self.rings[i], own_nodes[i]) for i in ranks}
        nested = {int(self.side_of[x]) for nest in bloc.nests for x in (nest.parents[0], nest.members[0])}
        pair = [i for i in ranks if int(self.side_of[bloc.groups[i].lines[0]]) in nested]
        own = _Sum(self.up[root], self.down[root], self.prices[root], [])
        plain = [i for i in ranks if i not in pair]
        both = [sums[i] for i in pair]
        if self.joint is not None and len(pair) == 2:
            joint = self._sum(pair[0], self.joint, list(range(len(bloc.forest.nodes))))
            either = [_cheaper(_all_of(both), joint, self.bloc.width - 1)]
        else:
            either = both
        found: list[tuple[_Ring | None, _Sum, bool]] = []
        found.append((None, _all_of([own, *[sums[i] for i in plain], *either]), False))
        for i in plain:
            found.append((self.rings[i], _all_of([own, *[sums[j] for j in plain if j != i], *either]), False))
        for i in pair:
            rest = [own, *[sums[j] for j in plain]]
            found.append((self.rings[i], _all_of([*rest, *[sums[j] for j in pair if j != i]]), False))
            others = [(j, self.outer[j]) for j in pair if j != i]
            beside = [self._sum(j, o, own_nodes[j]) for j, o in others if o is not None]
            if len(beside) == len(others):
                found.append((self.rings[i], _all_of([*rest, *beside]), True))
        if self.joint is not None and pair:
            found.append((self.joint, _all_of([own, *[sums[i] for i in plain]]), True))
        return found

    def _sum(self, rank: int, ring: _Ring, nodes: list[int]) -> _Sum:
        """`_follow`, once for as long as nothing changes on the lines of the group and of the ring."""
        key = (rank, id(ring), tuple(nodes))
        age = self.rings[rank].age + (self.joint.age if ring is self.joint and self.joint is not None else 0)
        found = self.known_sums.get(key)
        if found is None or found[0] != age:
            found = age, self._follow(self.bloc.groups[rank], ring, nodes)
            self.known_sums[key] = found
        return found[1]

    def _follow(self, group: Group, ring: _Ring, nodes: list[int]) -> _Sum:
        """How far a sum moves with its parts, and the cheapest part to mask for it.

        It moves freely where it has none of the counts, and not at all where only some of them are its own.
        """
        mine, present, need = np.zeros(len(group.present), dtype=bool), group.present, self.bloc.width - 1
        mine[nodes] = True
        touches = (self.moves[:, mine & present] != 0).any(axis=1)
        mixed = touches & (self.moves[:, present & ~mine] != 0).any(axis=1)
        price = self._ring_price(ring)
        free = price == 0
        ways = []
        for capacity in (np.where(free, ring.up, 0), np.where(free, ring.down, 0)):
            single = np.where(ring.lone, capacity, 0)
            if ring.together:
                ways.append(capacity.sum(axis=0) - single.max(axis=0))
            else:
                ways.append((capacity - single).max(axis=0))
        short = touches & (ways[0] + ways[1] < need)
        able = ~ring.lone & (ring.up + ring.down >= need) & (price < KEPT)
        asked = np.where(able, price, np.inf)
        best, at = np.argmin(asked, axis=0), np.arange(len(self.moves))
        useful = short & np.isfinite(asked[best, at])
        up, down = (
            np.where(touches, np.where(mixed, 0, way + np.where(useful, room[best, at], 0)), FREE)
            for way, room in zip(ways, (ring.up, ring.down), strict=True)
        )
        cost = np.where(short, asked[best, at], 0)
        return _Sum(
            np.minimum(up, FREE),
            np.minimum(down, FREE),
            np.where(mixed, np.inf, cost),
            [(ring, np.where(useful, best, -1))],
        )

    # -- masking more
    # --------------------------------------------------------------------------------------------

    def mask_for(self, rank: int) -> None:
        """Mask what makes one small count free at the least cost, if an exchange can."""
        line, moved = int(self.small_line[rank]), self.small_moves[rank]
        best: tuple[float, int, list[tuple[_Ring, int]], int] | None = None
        ways = np.flatnonzero(moved)
        against: dict[int, list[tuple[int, _Sum | None, bool]]] = defaultdict(lambda: [(-1, None, True)])
        for root in self.roots:
            for ring, whole, moves_second in self._wholes(root):
                if ring is not None:
                    against[id(ring)].append((root, whole, moves_second))
                elif line == root:
                    wide = whole.up[ways] + whole.down[ways] >= self.bloc.width - 1
                    cost = np.where(wide, whole.price[ways], np.inf)
                    way = int(ways[np.argmin(cost)])
                    if cost.min() < KEPT:
                        best = (float(cost.min()), way, whole.at(way), root)
        for ring in self.rings:
            for own in np.flatnonzero((ring.first == line) | (ring.second == line)):
                for root, turned, moves_second in against[id(ring)]:
                    if ring.first[own] != line and not moves_second:
                        continue
                    found = self._cheapest(ring, int(own), ways, turned, line)
                    if found is None or (best is not None and found[0] >= best[0]):
                        continue
                    price, bundles, way, used = found
                    chosen = [(ring, b) for b in bundles]
                    if used and turned is not None:
                        chosen += turned.at(way)
                    best = (price, way, chosen, root if used else -1)
        if best is None:
            return
        _, way, chosen, root = best
        changed = {int(at) for ring, b in chosen for at in (ring.first[b], ring.second[b])} | {root}
        self._hide(sorted(line for line in changed if 0 <= line < self.n_lines), self.moves[way] != 0)

    def _hide(self, lines: list[int], nodes: Bools) -> None:
        at = np.ix_(np.array(lines, dtype=np.int64), np.flatnonzero(nodes))
        self.bloc.published[at] &= self.bloc.value[at] == 0
        self.update(lines)

    def mask_around(self, rank: int) -> None:
        """Mask, on every line like it, the counts that move with a small count: the last resort but one."""
        line, moved = int(self.small_line[rank]), self.small_moves[rank]
        side = self.sides[int(self.side[line])]
        nodes = (self.moves[moved] != 0).any(axis=0) & side.present
        self._hide(side.lines, nodes)

    def mask_all(self) -> None:
        """Mask every count of the bloc but zeros: it is too small for a figure to be published."""
        self._hide(list(range(self.n_lines)), np.ones(len(self.bloc.forest.nodes), dtype=bool))

    def _cheapest(
        self, ring: _Ring, own: int, ways: Ints, whole: "_Sum | None", line: int
    ) -> tuple[float, list[int], int, bool] | None:
        """Cost, bundles, direction and use of the whole of the cheapest exchange that frees a line."""
        price = self._ring_price(ring)[:, ways]
        base, up, down = price[own].copy(), ring.up[:, ways], ring.down[:, ways]
        price[ring.nest == ring.nest[own]] = np.inf
        lone = ring.lone_for(line)[:, ways]
        last = len(price)
        if whole is not None:
            # The whole takes what the bundle gives: it is one more bundle, turned round.
            row = np.where((whole.up + whole.down)[ways] > 0, whole.price[ways], np.inf)
            price, lone = np.vstack([price, row]), np.vstack([lone, np.zeros((1, len(ways)), dtype=bool)])
            up, down = np.vstack([up, whole.down[ways]]), np.vstack([down, whole.up[ways]])
        order = np.argsort(price, axis=0, kind="stable")

        def sort(x: Floats) -> Floats:
            return np.take_along_axis(x, order, axis=0)

        paid = np.cumsum(sort(price), axis=0)
        lone, reach = np.take_along_axis(lone, order, axis=0), []
        for capacity in (sort(down), sort(up)):
            single = np.where(lone, capacity, 0)
            if ring.together:
                total = np.cumsum(np.where(lone, 0, capacity), axis=0)
                total += np.cumsum(single, axis=0) - np.maximum.accumulate(single, axis=0)
            else:
                total = np.maximum.accumulate(np.where(lone, 0, capacity), axis=0)
            reach.append(total)
        width = np.minimum(up[own][None, :], reach[0]) + np.minimum(down[own][None, :], reach[1])
        enough = (width >= self.bloc.width - 1) & (paid + base[None, :] < KEPT)
        if not enough.any():
            return None
        first = np.argmax(enough, axis=0)
        columns = np.arange(len(ways))
        cost = np.where(enough.any(axis=0), base + paid[first, columns], np.inf)
        way = int(np.argmin(cost))
        used = [int(b) for b in order[: first[way] + 1, way]]
        return float(cost[way]), [own, *[b for b in used if b < last]], int(ways[way]), last in used


def _all_of(sums: list[_Sum]) -> _Sum:
    """Several sums that move together."""
    return _Sum(
        np.minimum.reduce([x.up for x in sums]),
        np.minimum.reduce([x.down for x in sums]),
        np.sum([x.price for x in sums], axis=0),
        [part for x in sums for part in x.parts],
    )


def _cheaper(a: _Sum, b: _Sum, need: int) -> _Sum:
    """Whichever of two sums costs less, direction by direction, where it moves enough."""
    cost = [np.where(x.up + x.down >= need, x.price, np.inf) for x in (a, b)]
    first = (cost[0] < cost[1]) | ((cost[0] == cost[1]) & (a.up + a.down >= b.up + b.down))
    parts = [(ring, np.where(first, at, -1)) for ring, at in a.parts]
    parts += [(ring, np.where(first, -1, at)) for ring, at in b.parts]
    return _Sum(
        np.where(first, a.up, b.up), np.where(first, a.down, b.down), np.where(first, a.price, b.price), parts
    )


def _others(capacity: Floats, ring: _Ring, lone: Bools) -> Floats:
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


def _by_nest(how: np.ufunc, x: Floats, ring: _Ring) -> Floats:
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


def protect(bloc: Bloc) -> None:
    """Mask in `bloc.published` what the small counts need to stay free."""
    proof = _Proof(bloc)
    given = ~bloc.published
    left = proof.unproved()
    while left:
        before = int(bloc.published.sum())
        proof.mask_for(left[0])
        if int(bloc.published.sum()) == before:
            proof.mask_around(left[0])
        if int(bloc.published.sum()) == before:
            proof.mask_all()
        if int(bloc.published.sum()) == before:
            return
        left = proof.unproved()
    _unmask(proof, given)


def _unmask(proof: _Proof, given: Bools) -> None:
    """Publish again what turned out not to be needed, the dearest first."""
    bloc = proof.bloc
    hidden = np.argwhere(~bloc.published & ~given & (bloc.value < FREE))
    order = sorted(hidden.tolist(), key=lambda at: (-bloc.cost[at[0], at[1]], at))
    for line, node in order:
        bloc.published[line, node] = True
        proof.update([line])
        if proof.unproved():
            bloc.published[line, node] = False
            proof.update([line])
