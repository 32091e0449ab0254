"""What is proved free in a system as it is published.

A masked small count is proved free by exhibiting *moves*: households that pass from one line to another, or
from one node to another of a line, so that nothing published changes. A move is counted one household at a
time, so a range found here is one of consecutive whole values.
"""

import numpy as np

from pipelines.diffusion.bloc import FREE, KEPT, Bloc, Bools, Floats, Group
from pipelines.diffusion.echanges import Exchanges
from pipelines.diffusion.faisceaux import Ring, Sum, all_of, cheaper, others


class Proof(Exchanges):
    """What is proved free in a bloc as it is published, and what masking more would prove."""

    def __init__(self, bloc: Bloc) -> None:
        super().__init__(bloc)
        self._start()

    def _start(self) -> None:
        """Everything that depends on what is published, computed once; `update` keeps it."""
        self.prices = np.zeros(self.up.shape)
        self.proofs = np.zeros(self.up.shape, dtype=np.int64)
        self.follow: dict[int, tuple[Floats, Floats]] = {}
        self.age = 0
        self.known_wholes: dict[int, tuple[int, list[tuple[Ring | None, Sum, bool]]]] = {}
        self.known_sums: dict[tuple[int, int, tuple[int, ...]], tuple[int, Sum]] = {}
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
        self.age += 1
        for line in lines:
            self._price(line)
        self._refresh(sorted({rank for line in lines for rank in self.of_line.get(line, [])}))

    def _price(self, line: int) -> None:
        """What a line must mask for each direction, as the bloc is published now."""
        bloc = self.bloc
        shown = bloc.published[line] & self._present(line) & (bloc.value[line] > 0)
        self.prices[line] = self.moved @ np.where(shown, bloc.cost[line], 0)

    def ring_price(self, ring: Ring) -> Floats:
        """What each bundle of a ring must mask for each direction, as the bloc is published now."""
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

    def _recompute(self, ring: Ring) -> None:
        free = self.ring_price(ring) == 0
        up, down = np.where(free, ring.up, 0), np.where(free, ring.down, 0)
        for line, (most_up, most_down) in self.follow.items():
            at = ring.first == line
            up[at], down[at] = np.minimum(up[at], most_up), np.minimum(down[at], most_down)
        ring.can_up, ring.can_down, ring.free = up, down, free
        ring.others_up, ring.others_down = others(up, ring, ring.lone), others(down, ring, ring.lone)
        self._count(ring, -1)
        ring.good = self._enough(np.minimum(up, ring.others_down) + np.minimum(down, ring.others_up))
        ring.good_second = ring.good
        for line in ring.same:
            there = (ring.second == line)[:, None]
            ring.good_second = np.where(there, self._wide(ring, ring.lone_for(line)), ring.good_second)
        self._count(ring, 1)

    def _wide(self, ring: Ring, lone: Bools) -> Bools:
        """Whether each bundle and the others can exchange enough households."""
        up, down = ring.can_up, ring.can_down
        return self._enough(
            np.minimum(up, others(down, ring, lone)) + np.minimum(down, others(up, ring, lone))
        )

    def _enough(self, width: Floats) -> Bools:
        return np.asarray(width >= self.bloc.width - 1)

    def _count(self, ring: Ring, sign: int) -> None:
        if ring.once:
            self.proofs[ring.first] += ring.good.astype(np.int64) * sign
        else:
            np.add.at(self.proofs, ring.first, ring.good.astype(np.int64) * sign)
        if ring.two.any():
            np.add.at(self.proofs, ring.second[ring.two], ring.good_second[ring.two].astype(np.int64) * sign)

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
            for ring, whole, moves_second in self.wholes(root):
                free = whole.price == 0
                up, down = np.where(free, whole.up, 0), np.where(free, whole.down, 0)
                if ring is None:
                    good[root] |= up + down >= self.bloc.width - 1
                    continue
                width = np.minimum(ring.can_up, ring.others_down + up)
                width += np.minimum(ring.can_down, ring.others_up + down)
                enough = ring.free & (width >= self.bloc.width - 1)
                if ring.once:
                    good[ring.first] |= enough
                else:
                    np.logical_or.at(good, ring.first, enough)
                if moves_second and ring.two.any():
                    np.logical_or.at(good, ring.second[ring.two], enough[ring.two])

    def wholes(self, root: int) -> list[tuple[Ring | None, Sum, bool]]:
        """What stands against each ring of a whole: the whole itself, and a part of it in every other group.

        The last item says that the second line of a bundle moves too: what lies outside a nest may not,
        where a line of the same nest moves in the other group.
        """
        found = self.known_wholes.get(root)
        if found is None or found[0] != self.age:
            found = self.age, self._all_wholes(root)
            self.known_wholes[root] = found
        return found[1]

    def _all_wholes(self, root: int) -> list[tuple[Ring | None, Sum, bool]]:
        bloc = self.bloc
        ranks = [i for i, group in enumerate(bloc.groups) if group.parent == root]
        own_nodes = {
            i: [int(n) for n in np.flatnonzero(bloc.groups[i].present) if n not in bloc.groups[i].elsewhere]
            for i in ranks
        }
        sums = {i: self._sum(i, self.rings[i], own_nodes[i]) for i in ranks}
        nested = {int(self.side_of[x]) for nest in bloc.nests for x in (nest.parents[0], nest.members[0])}
        pair = [i for i in ranks if int(self.side_of[bloc.groups[i].lines[0]]) in nested]
        own = Sum(self.up[root], self.down[root], self.prices[root], [])
        plain = [i for i in ranks if i not in pair]
        both = [sums[i] for i in pair]
        if self.joint is not None and len(pair) == 2:
            joint = self._sum(pair[0], self.joint, list(range(len(bloc.forest.nodes))))
            either = [cheaper(all_of(both), joint, self.bloc.width - 1)]
        else:
            either = both
        found: list[tuple[Ring | None, Sum, bool]] = []
        found.append((None, all_of([own, *[sums[i] for i in plain], *either]), False))
        for i in plain:
            found.append((self.rings[i], all_of([own, *[sums[j] for j in plain if j != i], *either]), False))
        for i in pair:
            rest = [own, *[sums[j] for j in plain]]
            found.append((self.rings[i], all_of([*rest, *[sums[j] for j in pair if j != i]]), False))
            others = [(j, self.outer[j]) for j in pair if j != i]
            beside = [self._sum(j, o, own_nodes[j]) for j, o in others if o is not None]
            if len(beside) == len(others):
                found.append((self.rings[i], all_of([*rest, *beside]), True))
        if self.joint is not None and pair:
            found.append((self.joint, all_of([own, *[sums[i] for i in plain]]), True))
        return found

    def _sum(self, rank: int, ring: Ring, nodes: list[int]) -> Sum:
        """`_follow`, once for as long as nothing changes on the lines of the group and of the ring."""
        key = (rank, id(ring), tuple(nodes))
        age = self.rings[rank].age + (self.joint.age if ring is self.joint and self.joint is not None else 0)
        found = self.known_sums.get(key)
        if found is None or found[0] != age:
            found = age, self._follow(self.bloc.groups[rank], ring, nodes)
            self.known_sums[key] = found
        return found[1]

    def _follow(self, group: Group, ring: Ring, nodes: list[int]) -> Sum:
        """How far a sum moves with its parts, and the cheapest part to mask for it.

        It moves freely where it has none of the counts, and not at all where only some of them are its own.
        """
        mine, present, need = np.zeros(len(group.present), dtype=bool), group.present, self.bloc.width - 1
        mine[nodes] = True
        touches = (self.moves[:, mine & present] != 0).any(axis=1)
        mixed = touches & (self.moves[:, present & ~mine] != 0).any(axis=1)
        price = self.ring_price(ring)
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
        return Sum(
            np.minimum(up, FREE),
            np.minimum(down, FREE),
            np.where(mixed, np.inf, cost),
            [(ring, np.where(useful, best, -1))],
        )
