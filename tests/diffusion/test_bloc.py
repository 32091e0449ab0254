"""One system of counts: what is masked in addition, and who would know too much."""

import numpy as np

from pipelines.diffusion.bloc import FREE, Bloc, Forest, Group, Nest
from pipelines.diffusion.masquage import protect

THRESHOLD, WIDTH = 11, 5


def bloc(
    values: list[float], groups: list[tuple[list[int], int]], nests: list[Nest], hidden: tuple[int, ...] = ()
) -> Bloc:
    """A system of one count: lines, groups of lines with their total, lines inside lines."""
    value = np.array(values, dtype=float)[:, None]
    published = np.ones_like(value, dtype=bool)
    small = (value >= 1) & (value < THRESHOLD)
    published[small] = False
    published[list(hidden)] = False
    present = np.array([True])
    return Bloc(
        Forest(["baux.numerateur"], []),
        value,
        np.zeros_like(value),
        published,
        np.linspace(2, 1, len(values))[:, None],
        [Group(lines, present, parent) for lines, parent in groups],
        nests,
        THRESHOLD,
        WIDTH,
        np.zeros_like(value, dtype=bool),
    )


def masked(made: Bloc) -> list[int]:
    protect(made)
    return [int(line) for line in np.flatnonzero(~made.published[:, 0])]


def test_a_small_count_is_masked_with_one_other() -> None:
    assert masked(bloc([100, 60, 35, 5], [([1, 2, 3], 0)], [])) == [2, 3]


def test_nothing_is_masked_where_nothing_is_small() -> None:
    assert masked(bloc([100, 60, 40, 0], [([1, 2, 3], 0)], [])) == []


def test_what_is_left_over_is_a_count_of_its_own() -> None:
    """100 of which 57 and 40: three households are of no known place."""
    assert masked(bloc([100, 57, 40], [([1, 2], 0)], [])) == [2]


def test_a_lone_household_gives_nobody_back() -> None:
    """5 and 1 hide each other from everybody but the household that is alone: a third count hides them from it."""
    assert masked(bloc([106, 100, 5, 1], [([1, 2, 3], 0)], [])) == [1, 2, 3]


def test_who_is_alone_outside_a_nest_and_outside_the_group_is_one_household() -> None:
    """One lease of the only town with neighbourhoods is outside them: these hide it, the totals stay."""
    town, quarters = [1, 2], [3, 4]
    found = masked(bloc([60, 60, 0, 30, 29], [(town, 0), (quarters, 0)], [Nest([1], quarters)]))
    assert found == [3, 4]


def test_a_total_that_is_nowhere_gives_nothing_back() -> None:
    assert masked(bloc([FREE, 60, 5], [([1, 2], 0)], [])) == [2]


def test_what_was_hidden_stays_hidden() -> None:
    assert masked(bloc([100, 60, 40], [([1, 2], 0)], [], hidden=(1, 2))) == [1, 2]
