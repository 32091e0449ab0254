"""One system of counts: a territory, a year, counts that are linked.

A *line* is a modality, a *node* one of the counts published on it. Only what a system is made of belongs
here: what can move in it is `faisceaux` and `echanges`, what is proved free is `preuve`, what is masked is
`masquage`. Nothing of these knows a figure's meaning.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

KEPT = 10.0**12  # the cost of what a reader has already: masking it would hide nothing
FREE = 10.0**9  # a count the reader knows nothing of


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
