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
    return computable(system, masked, np.arange(system.equations.size))


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
    found = np.flatnonzero(computable(system, masked, among))
    first = found
    while len(found):
        more = remedies(system, masked, found, among)
        if len(more) == 0:
            # Equations alone fix what is left, whatever is masked.
            assert _computable(system, np.ones(n, dtype=bool))[found].all()
            break
        assert not masked[more].any()
        masked[more] = True
        found = np.intersect1d(first, np.flatnonzero(computable(system, masked, among)))
