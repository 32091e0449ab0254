"""What must be masked in a system: the cheapest counts that make each small one free, and no more."""

from collections import defaultdict

import numpy as np

from pipelines.diffusion.bloc import FREE, KEPT, Bloc, Bools, Floats, Ints
from pipelines.diffusion.faisceaux import Ring, Sum
from pipelines.diffusion.preuve import Proof


def protect(bloc: Bloc) -> None:
    """Mask in `bloc.published` what the small counts need to stay free."""
    proof = Proof(bloc)
    given = ~bloc.published
    left = proof.unproved()
    while left:
        before = int(bloc.published.sum())
        _mask_for(proof, left[0])
        if int(bloc.published.sum()) == before:
            _mask_around(proof, left[0])
        if int(bloc.published.sum()) == before:
            _mask_all(proof)
        if int(bloc.published.sum()) == before:
            return
        left = proof.unproved()
    _unmask(proof, given)


def _unmask(proof: Proof, given: Bools) -> None:
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


def _mask_for(proof: Proof, rank: int) -> None:
    """Mask what makes one small count free at the least cost, if an exchange can."""
    line, moved = int(proof.small_line[rank]), proof.small_moves[rank]
    best: tuple[float, int, list[tuple[Ring, int]], int] | None = None
    ways = np.flatnonzero(moved)
    against: dict[int, list[tuple[int, Sum | None, bool]]] = defaultdict(lambda: [(-1, None, True)])
    for root in proof.roots:
        for ring, whole, moves_second in proof.wholes(root):
            if ring is not None:
                against[id(ring)].append((root, whole, moves_second))
            elif line == root:
                wide = whole.up[ways] + whole.down[ways] >= proof.bloc.width - 1
                cost = np.where(wide, whole.price[ways], np.inf)
                way = int(ways[np.argmin(cost)])
                if cost.min() < KEPT:
                    best = (float(cost.min()), way, whole.at(way), root)
    for ring in proof.rings:
        for own in np.flatnonzero((ring.first == line) | (ring.second == line)):
            for root, turned, moves_second in against[id(ring)]:
                if ring.first[own] != line and not moves_second:
                    continue
                found = _cheapest(proof, ring, int(own), ways, whole=turned, line=line)
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
    _hide(proof, sorted(line for line in changed if 0 <= line < proof.n_lines), proof.moves[way] != 0)


def _hide(proof: Proof, lines: list[int], nodes: Bools) -> None:
    at = np.ix_(np.array(lines, dtype=np.int64), np.flatnonzero(nodes))
    proof.bloc.published[at] &= proof.bloc.value[at] == 0
    proof.update(lines)


def _mask_around(proof: Proof, rank: int) -> None:
    """Mask, on every line like it, the counts that move with a small count: the last resort but one."""
    line, moved = int(proof.small_line[rank]), proof.small_moves[rank]
    side = proof.sides[int(proof.side[line])]
    nodes = (proof.moves[moved] != 0).any(axis=0) & side.present
    _hide(proof, side.lines, nodes)


def _mask_all(proof: Proof) -> None:
    """Mask every count of the bloc but zeros: it is too small for a figure to be published."""
    _hide(proof, list(range(proof.n_lines)), np.ones(len(proof.bloc.forest.nodes), dtype=bool))


def _cheapest(
    proof: Proof, ring: Ring, own: int, ways: Ints, *, whole: Sum | None, line: int
) -> tuple[float, list[int], int, bool] | None:
    """Cost, bundles, direction and use of the whole of the cheapest exchange that frees a line."""
    price = proof.ring_price(ring)[:, ways]
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
    enough = (width >= proof.bloc.width - 1) & (paid + base[None, :] < KEPT)
    if not enough.any():
        return None
    first = np.argmax(enough, axis=0)
    columns = np.arange(len(ways))
    cost = np.where(enough.any(axis=0), base + paid[first, columns], np.inf)
    way = int(np.argmin(cost))
    used = [int(b) for b in order[: first[way] + 1, way]]
    return float(cost[way]), [own, *[b for b in used if b < last]], int(ways[way]), last in used
