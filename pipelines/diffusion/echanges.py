"""The exchanges of households that a system allows, whatever is published: directions, rooms, rings."""

from collections import defaultdict

import numpy as np

from pipelines.diffusion.bloc import FREE, Bloc, Bools, Floats, Ints
from pipelines.diffusion.faisceaux import Ring, Side, directions


class Exchanges:
    """The lines of a system, with those that lie outside its groups, and what each can give or take."""

    def __init__(self, bloc: Bloc) -> None:
        self.bloc = bloc
        self.n_lines = len(bloc.value)
        self.sides: list[Side] = []
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

    def _add_side(self, lines: list[int], present: Bools) -> None:
        self.side_of[lines] = len(self.sides)
        self.sides.append(Side(self.bloc, lines, present))

    def _directions(self) -> Ints:
        pool: dict[tuple[int, ...], None] = {}
        n = len(self.bloc.forest.nodes)
        for links in dict.fromkeys(
            tuple((whole, tuple(parts)) for whole, parts in side.links) for side in self.sides
        ):
            for move in directions(n, links):
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
        self.rings: list[Ring] = []
        # The bundles of each group that are of no nest.
        self.outer: list[Ring | None] = []
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

    def _same_household(self, ring: Ring, rest: int) -> None:
        """Where who is alone outside a group is alone outside a nest of it: the same household."""
        ring.rest = len(ring.first) - 1
        for line in {int(x) for x in ring.second if x >= 0}:
            others = [moved for label, moved in self.ones[rest].items() if label not in self.ones[line]]
            same = self.lone[rest] & ~np.any(others, axis=0) if others else self.lone[rest]
            if self.ones[rest] and same.any():
                ring.same[line] = same

    def _ring(
        self, bundles: list[tuple[int, int, int, int]], together: bool = True, keep: bool = True
    ) -> Ring:
        first, second, sign, nest = (
            np.array(column, dtype=np.int64) for column in zip(*bundles, strict=True)
        )
        # A line of no nest is one of its own.
        nest = np.where(nest < 0, len(self.bloc.nests) + np.arange(len(nest)), nest)
        apart = len(set(nest.tolist())) == len(nest)
        nest = np.arange(len(nest)) if apart else np.unique(nest, return_inverse=True)[1]
        ring = Ring(first, second, sign, together, nest, apart)
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
