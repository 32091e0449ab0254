"""The vectorised elimination finds exactly the cells that exact elimination finds."""

import attaque
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.secret.audit import computable, remedies
from pipelines.secret.systeme import Equations, System


def _system(rows: list[dict[int, int]], n: int) -> System:
    ptr = np.cumsum([0, *[len(row) for row in rows]]).astype(np.int64)
    cell = np.array([i for row in rows for i in sorted(row)], dtype=np.int64)
    coef = np.array([row[i] for row in rows for i in sorted(row)], dtype=np.int64)
    none = np.full(len(rows), -1, dtype=np.int64)
    zero = np.zeros(len(rows), dtype=np.int64)
    equations = Equations(ptr, cell, coef, none, zero, np.zeros(len(rows), dtype=bool))
    return System(np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool), equations)


def _computable(system: System, masked: np.ndarray) -> np.ndarray:
    return computable(system, masked, np.arange(system.equations.size), _one_block(system))


def _one_block(system: System) -> np.ndarray:
    return np.zeros(len(system.value), dtype=np.int64)


def test_three_pairs_give_everything_though_no_equation_does() -> None:
    system = _system([{0: 1, 1: 1}, {1: 1, 2: 1}, {0: 1, 2: 1}], 4)
    assert _computable(system, np.ones(4, dtype=bool)).tolist() == [True, True, True, False]
    assert _computable(system, np.array([True, True, False, False])).tolist() == [True, True, False, False]


def test_a_masked_rectangle_gives_nothing() -> None:
    system = _system([{0: 1, 1: 1}, {2: 1, 3: 1}, {0: 1, 2: 1}, {1: 1, 3: 1}], 4)
    assert not _computable(system, np.ones(4, dtype=bool)).any()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_agrees_with_exact_elimination(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 40))
    rows = []
    for _ in range(int(rng.integers(1, n + 5))):
        cells = rng.choice(n, int(rng.integers(2, min(n, 6) + 1)), replace=False)
        rows.append({int(i): int(rng.choice([-1, 1, 1])) for i in cells})
    masked = rng.random(n) < 0.7
    seen = [({i: c for i, c in row.items() if masked[i]}, 0) for row in rows]
    exact = attaque.determined([one for one in seen if one[0]], [{i: 1} for i in range(n)])
    assert _computable(_system(rows, n), masked).tolist() == [bool(masked[i] and exact[i]) for i in range(n)]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_masking_the_remedies_leaves_less_to_compute(seed: int) -> None:
    """Each round of remedies takes effect, until nothing can be computed or nothing is left to mask."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 40))
    rows = []
    for _ in range(int(rng.integers(2, n))):
        cells = rng.choice(n, int(rng.integers(2, min(n, 6) + 1)), replace=False)
        rows.append({int(i): int(rng.choice([-1, 1, 1])) for i in cells})
    system = _system(rows, n)
    masked = rng.random(n) < 0.5
    among = np.arange(system.equations.size)
    found = np.flatnonzero(computable(system, masked, among, _one_block(system)))
    first = found
    while len(found):
        more = remedies(system, masked, found, among, _one_block(system))
        if len(more) == 0:
            # Equations alone fix what is left, whatever is masked.
            assert _computable(system, np.ones(n, dtype=bool))[found].all()
            break
        assert not masked[more].any()
        masked[more] = True
        found = np.intersect1d(first, np.flatnonzero(computable(system, masked, among, _one_block(system))))


def _table(rows: int, columns: int) -> list[dict[int, int]]:
    """The equations of a table with its margins: cells line by line, then lines, columns, the total."""
    line, column, total = rows * columns, rows * columns + rows, rows * columns + rows + columns
    return [
        *[{**{i * columns + j: 1 for j in range(columns)}, line + i: -1} for i in range(rows)],
        *[{**{i * columns + j: 1 for i in range(rows)}, column + j: -1} for j in range(columns)],
        {**{line + i: 1 for i in range(rows)}, total: -1},
        {**{column + j: 1 for j in range(columns)}, total: -1},
    ]


def _masked_more(
    rows: list[dict[int, int]], masked: np.ndarray, protect: np.ndarray, block: np.ndarray
) -> set[int]:
    system = _system(rows, len(masked))
    among = np.arange(system.equations.size)
    found = np.flatnonzero(computable(system, masked, among, block) & protect)
    return set(remedies(system, masked, found, among, block).tolist())


def test_the_remedies_of_a_block_do_not_depend_on_the_others() -> None:
    """What is masked in a territory is the same built alone, or with the country, in any batch."""
    rng = np.random.default_rng(3)
    apart: set[int] = set()
    shifted: list[dict[int, int]] = []
    masks, protects, blocks = [], [], []
    start = 0
    for number in range(40):
        rows = _table(int(rng.integers(2, 12)), int(rng.integers(2, 12)))
        n = max(max(row) for row in rows) + 1
        masked, protect = rng.random(n) < 0.3, rng.random(n) < 0.5
        apart |= {start + cell for cell in _masked_more(rows, masked, protect, np.zeros(n, dtype=np.int64))}
        shifted += [{start + cell: coef for cell, coef in row.items()} for row in rows]
        masks.append(masked)
        protects.append(protect)
        blocks.append(np.full(n, number, dtype=np.int64))
        start += n
    masked, protect, block = np.concatenate(masks), np.concatenate(protects), np.concatenate(blocks)
    assert _masked_more(shifted, masked, protect, block) == apart
    # Mixed with those of the others, the eliminations of a block do find something else.
    assert _masked_more(shifted, masked, protect, np.zeros(start, dtype=np.int64)) != apart
