"""From rows of figures to the system of counts that `systeme` masks.

A *unit* is a figure's key (territory, indicator, axis, modality, segment) in one calendar year, with all its
periods: its sub-annual periods are decided together (see docs/secret.md). Each unit has four cells:
numerator, denominator, unknowns, and the complement of the numerator in its denominator. Only the
construction of cells and equations belongs here.
"""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from pipelines.secret.relations import Lien, Relations, Term
from pipelines.secret.systeme import Bools, Equations, Ints, System, distinct

KEY = ("epci_siren", "indicateur", "axe", "modalite", "segment_type", "segment")
NUM, DEN, INC, COMP = range(4)
CELLS = 4
LAYERS = (1, 2, 3)
# Periods that share out a year, in each layer.
PER_YEAR = {1: 1, 2: 2, 3: 4}
ABSENT = -1
_COST_STEP = 2**56
_PENALTY_STEP = 2**54
_COST_CAP = 2**54 - 1


@dataclass(frozen=True)
class LinkTable:
    """Unit-level sums: parent unit, child unit, number of the relation, and whether a remainder is known."""

    parent: Ints
    child: Ints
    relation: Ints
    partition: Bools


@dataclass
class Lot:
    """A batch of figures, coded: one entry per row, one per unit, and the four cells of each unit."""

    row_unit: Ints
    row_layer: Ints
    row_spill: Ints  # the same key in the year before, for a window that begins in it; -1 without
    n_units: int
    unit_block: Ints  # territory and year: no equation goes from one to another
    value: Ints  # per cell, the annual count; ABSENT when there is none
    small: dict[int, Bools]  # per layer, per cell: one of its periods is a small count
    present: dict[int, Bools]  # per layer, per unit: it has a figure there
    windows: "Windows"
    seuil: Ints  # per unit
    cost: Ints  # per cell
    links: LinkTable
    units: "Units"
    codes: "Codes"


@dataclass(frozen=True)
class Windows:
    """The counts of each sub-annual period, for the units that have some.

    `place` gives the line of a unit in `counts` (-1 without), `counts` is by line, period of the year and
    measure (0 where there is no figure), `layer` the layer of each period of the year.
    """

    place: Ints
    counts: Ints
    layer: Ints

    def of(self, cells: Ints) -> Ints:
        """The counts of some cells over the periods of the year, one line per cell."""
        place = self.place[cells // CELLS]
        found = self.counts[np.maximum(place, 0), :, cells % CELLS]
        found[place < 0] = 0
        return found


class Codes:
    """Whole numbers in place of the strings of a key, in the order of the strings."""

    def __init__(self, frame: pl.DataFrame, calendar: "_Calendar") -> None:
        self.labels: dict[str, pl.Series] = {}
        self.columns: dict[str, Ints] = {}
        for name in KEY:
            self.labels[name], self.columns[name] = _coded(frame.get_column(name))
        self.labels["_fenetre"], self.columns["_fenetre"] = calendar.labels, calendar.fenetre
        self.radix = {name: len(labels) for name, labels in self.labels.items()}

    def of(self, name: str, label: str) -> int:
        """The number of a label, -1 when the batch has none."""
        at = self.labels[name].search_sorted(label)
        return at if at < self.radix[name] and self.labels[name][at] == label else -1

    def many(self, name: str, labels: pl.Series) -> Ints:
        """The numbers of several labels, -1 where the batch has none."""
        known = self.labels[name]
        if len(known) == 0 or len(labels) == 0:
            return np.full(len(labels), -1, dtype=np.int64)
        lookup = pl.DataFrame({"label": known, "code": np.arange(len(known), dtype=np.int64)})
        joined = pl.DataFrame({"label": labels}).join(lookup, on="label", how="left", maintain_order="left")
        return joined.get_column("code").fill_null(-1).to_numpy().astype(np.int64)

    def combine(self, parts: dict[str, Ints]) -> Ints:
        """One number per key, so that equal keys have equal numbers; -1 where a part is missing."""
        size = next(iter(parts.values())).shape
        total = np.zeros(size, dtype=np.int64)
        missing = np.zeros(size, dtype=bool)
        for name, part in parts.items():
            total = total * self.radix[name] + part
            missing |= part < 0
        total[missing] = -1
        return total


@dataclass
class Units:
    """The distinct units, sorted by code, with the code of each part of their key."""

    codes: Codes
    parts: dict[str, Ints]
    code: Ints

    def find(self, replaced: dict[str, Ints], at: Ints) -> Ints:
        """The unit whose key is that of `at` with some parts replaced; -1 without."""
        parts = {name: replaced.get(name, part[at]) for name, part in self.parts.items()}
        wanted = self.codes.combine(parts)
        place = np.searchsorted(self.code, wanted)
        place[place == len(self.code)] = 0
        return np.where((wanted >= 0) & (self.code[place] == wanted), place, -1).astype(np.int64)


def build(frame: pl.DataFrame, relations: Relations, imbrications: pl.DataFrame | None) -> Lot:
    """Code a batch of sensitive figures (whole territories) and find what links them.

    `frame` has the columns of `entrepot.indicateurs` that `decision` selects, only rows with a threshold.
    """
    calendar = _place(frame, relations)
    codes = Codes(frame, calendar)
    row_code = codes.combine(codes.columns)
    unit_code, first, row_unit = np.unique(row_code, return_index=True, return_inverse=True)
    units = Units(codes, {name: column[first] for name, column in codes.columns.items()}, unit_code)
    n_units = len(unit_code)
    row_unit = row_unit.astype(np.int64)
    layer = calendar.couche
    value, small, present, seuil = _measures(frame, row_unit, layer, n_units, relations)
    spill = np.full(len(row_unit), -1, dtype=np.int64)
    over = calendar.avant >= 0
    spill[over] = units.find({"_fenetre": calendar.avant[over]}, row_unit[over])
    return Lot(
        row_unit=row_unit,
        row_layer=layer,
        row_spill=spill,
        n_units=n_units,
        unit_block=units.parts["epci_siren"] * codes.radix["_fenetre"] + units.parts["_fenetre"],
        value=value,
        small=small,
        present=present,
        windows=_windows(frame, row_unit, calendar, n_units, relations),
        seuil=seuil,
        cost=_costs(frame, row_unit, units, value, relations),
        links=_links(units, relations, imbrications),
        units=units,
        codes=codes,
    )


def _coded(column: pl.Series) -> tuple[pl.Series, Ints]:
    """The distinct values in order, and the number of each value."""
    labels = column.unique().sort()
    return labels, column.cast(pl.Enum(labels)).to_physical().to_numpy().astype(np.int64)


@dataclass(frozen=True)
class _Calendar:
    """The place of each row in time.

    The year it ends in (a number in `labels`), the year before when it begins there (else -1), how fine its
    bounds are, and the number of its period among those of a year.
    """

    labels: pl.Series
    fenetre: Ints
    avant: Ints
    couche: Ints
    rang: Ints


def _place(frame: pl.DataFrame, relations: Relations) -> _Calendar:
    kinds, kind = _coded(frame.get_column("periode_type"))
    names, name = _coded(frame.get_column("periode"))
    pairs, row = np.unique(kind * len(names) + name, return_inverse=True)
    placed = [relations.fenetre(kinds[int(p) // len(names)], names[int(p) % len(names)]) for p in pairs]
    own = [f"{one.serie}:{one.annee}" for one in placed]
    labels = sorted(set(own))
    number = {label: i for i, label in enumerate(labels)}
    before = [
        number.get(f"{one.serie}:{int(one.annee) - 1:04d}", -1) if one.deborde else -1 for one in placed
    ]
    within = [
        f"{kinds[int(p) // len(names)]}{names[int(p) % len(names)].removeprefix(one.annee)}"
        for p, one in zip(pairs, placed, strict=True)
    ]
    ranks = {name: i for i, name in enumerate(sorted(set(within)))}
    return _Calendar(
        pl.Series(labels, dtype=pl.String),
        np.array([number[label] for label in own], dtype=np.int64)[row],
        np.array(before, dtype=np.int64)[row],
        np.array([one.couche for one in placed], dtype=np.int64)[row],
        np.array([ranks[name] for name in within], dtype=np.int64)[row],
    )


def _measures(
    frame: pl.DataFrame, row_unit: Ints, layer: Ints, n_units: int, relations: Relations
) -> tuple[Ints, dict[int, Bools], dict[int, Bools], Ints]:
    """Counts per cell: the annual value, and per layer whether a period is small and the least of the
    periods.
    """
    cells = frame.select(
        *_cell_counts(relations),
        pl.col("seuil_secret").cast(pl.Int64).alias("seuil"),
        pl.Series("unit", row_unit),
        pl.Series("layer", layer),
    )
    grouped = cells.group_by("unit", "layer").agg(
        *[pl.col(f"m{m}").max().alias(f"max{m}") for m in range(CELLS)],
        *[
            ((pl.col(f"m{m}") > 0) & (pl.col(f"m{m}") < pl.col("seuil"))).any().alias(f"small{m}")
            for m in range(CELLS)
        ],
        pl.col("seuil").max(),
    )
    grouped = grouped.sort("layer", "unit")
    value = np.full(n_units * CELLS, ABSENT, dtype=np.int64)
    seuil = np.zeros(n_units, dtype=np.int64)
    small: dict[int, Bools] = {}
    present: dict[int, Bools] = {}
    for number in LAYERS:
        part_of = grouped.filter(pl.col("layer") == number)
        unit = part_of.get_column("unit").to_numpy()
        present[number] = np.zeros(n_units, dtype=bool)
        present[number][unit] = True
        small[number] = np.zeros(n_units * CELLS, dtype=bool)
        np.maximum.at(seuil, unit, part_of.get_column("seuil").to_numpy())
        for m in range(CELLS):
            at = unit * CELLS + m
            small[number][at] = part_of.get_column(f"small{m}").fill_null(False).to_numpy()
            # The annual figure; where a unit has none, its widest period stands for it.
            top = part_of.get_column(f"max{m}").fill_null(ABSENT).to_numpy()
            value[at] = top if number == 1 else np.where(value[at] == ABSENT, top, value[at])
    return value, small, present, seuil


def _cell_counts(relations: Relations) -> list[pl.Expr]:
    """The four counts of a figure; empty where the figure has none."""
    counted = pl.col("unite").is_in(relations.unites_de_comptes)
    part = pl.col("unite").is_in(relations.unites_de_parts) & (pl.col("denominateur") >= pl.col("numerateur"))
    return [
        pl.when(counted).then(pl.col("numerateur")).alias("m0"),
        pl.col("denominateur").alias("m1"),
        pl.col("inconnus").alias("m2"),
        pl.when(part).then(pl.col("denominateur") - pl.col("numerateur")).alias("m3"),
    ]


def _windows(
    frame: pl.DataFrame, row_unit: Ints, calendar: _Calendar, n_units: int, relations: Relations
) -> Windows:
    """The sub-annual counts of a batch."""
    fine = calendar.couche > 1
    n_ranks = int(calendar.rang.max()) + 1 if len(row_unit) else 0
    place = np.full(n_units, -1, dtype=np.int64)
    lines = distinct(row_unit[fine])
    place[lines] = np.arange(len(lines))
    counts = np.zeros((max(len(lines), 1), n_ranks, CELLS), dtype=np.int64)
    values = frame.select(_cell_counts(relations)).fill_null(0)
    counts[place[row_unit[fine]], calendar.rang[fine]] = values.to_numpy()[fine]
    layer = np.zeros(n_ranks, dtype=np.int64)
    layer[calendar.rang[fine]] = calendar.couche[fine]
    return Windows(place, counts, layer)


def _costs(frame: pl.DataFrame, row_unit: Ints, units: Units, value: Ints, relations: Relations) -> Ints:
    """Order in which published cells are given up: the class of the figure, then its size."""
    axes = units.codes.labels["axe"].to_list()
    classes = relations.classes
    crossed = np.array([relations.separateur in axe for axe in axes], dtype=bool)[units.parts["axe"]]
    fine = np.array([axe in relations.axes_fins for axe in axes], dtype=bool)[units.parts["axe"]]
    total = units.parts["axe"] == units.codes.of("axe", relations.axe_total)
    whole = units.parts["segment_type"] == units.codes.of("segment_type", relations.segment_total)
    rank = np.where(whole, classes.axe, classes.axe_segment)
    rank = np.where(fine, np.where(whole, classes.axe_fin, classes.axe_fin_segment), rank)
    rank = np.where(crossed, np.where(whole, classes.croisement, classes.croisement_segment), rank)
    rank = np.where(total, np.where(whole, classes.total, classes.total_segment), rank).astype(np.int64)
    aimed = np.zeros(len(rank), dtype=bool)
    aimed[row_unit[frame.get_column("cible").is_not_null().to_numpy()]] = True
    rank = np.where(aimed & total, 15, rank)
    names = units.codes.labels["indicateur"].to_list()
    first = np.array([name in relations.principaux for name in names], dtype=bool)
    rank = 2 * rank + first[units.parts["indicateur"]]
    cost = np.repeat(rank, CELLS) * _COST_STEP + np.minimum(np.maximum(value, 0), _COST_CAP)
    # A denominator takes its numerator with it; a numerator without complement hides nothing.
    bare = np.zeros((len(rank), CELLS), dtype=bool)
    bare[:, DEN] = True
    bare[:, NUM] = value.reshape(-1, CELLS)[:, COMP] == 0
    return cost + np.where(bare.ravel(), _PENALTY_STEP, 0)


def _links(units: Units, relations: Relations, imbrications: pl.DataFrame | None) -> LinkTable:
    """Every sum of units over an axis, a crossing, a segment or a nested axis."""
    found: list[tuple[Ints, Ints, bool]] = []
    found += _axis_links(units, relations)
    found += _segment_links(units, relations)
    if imbrications is not None and imbrications.height:
        found += _nested_links(units, imbrications)
    empty = np.empty(0, dtype=np.int64)
    return LinkTable(
        np.concatenate([empty, *[parent for parent, _, _ in found]]),
        np.concatenate([empty, *[child for _, child, _ in found]]),
        np.concatenate([empty, *[np.full(len(p), i, dtype=np.int64) for i, (p, _, _) in enumerate(found)]]),
        np.array([partition for _, _, partition in found], dtype=bool),
    )


def _axis_links(units: Units, relations: Relations) -> list[tuple[Ints, Ints, bool]]:
    codes = units.codes
    total = codes.of("axe", relations.axe_total)
    at_total = np.flatnonzero(units.parts["axe"] == total)
    # The modality of the total axis is the territory itself, whatever its spelling.
    anonymous = {name: part for name, part in units.parts.items() if name not in ("axe", "modalite")}
    total_code = codes.combine({name: part[at_total] for name, part in anonymous.items()})
    order = np.argsort(total_code, kind="stable")
    at_total, total_code = at_total[order], total_code[order]

    def to_total(children: Ints) -> Ints:
        if len(at_total) == 0:
            return np.full(len(children), -1, dtype=np.int64)
        wanted = codes.combine({name: part[children] for name, part in anonymous.items()})
        place = np.minimum(np.searchsorted(total_code, wanted), len(total_code) - 1)
        return np.where(total_code[place] == wanted, at_total[place], -1)

    found: list[tuple[Ints, Ints, bool]] = []
    for code, axe in enumerate(codes.labels["axe"]):
        if code == total:
            continue
        children = np.flatnonzero(units.parts["axe"] == code)
        parts = axe.split(relations.separateur)
        parents = _crossing_parents(units, relations, children, parts) if len(parts) > 1 else []
        if not any((parent >= 0).any() for parent, _ in parents):
            kinds = {relations.axes.lien(part) for part in parts}
            kind = relations.axes.lien(axe) if len(parts) == 1 else _weakest(kinds)
            parents = [(to_total(children), kind)]
        for parent, kind in parents:
            held = parent >= 0
            if kind != "sans_lien" and held.any():
                found.append((parent[held], children[held], kind == "partition"))
    return found


def _weakest(kinds: set[Lien]) -> Lien:
    """How the modalities of a crossing relate to what is left of it, from how those of the summed axes do."""
    if "sans_lien" in kinds:
        return "sans_lien"
    return "partition" if kinds == {"partition"} else "sous_ensemble"


def _crossing_parents(
    units: Units, relations: Relations, children: Ints, parts: list[str]
) -> list[tuple[Ints, Lien]]:
    """For a crossed axis, the unit each child belongs to when some of the crossed axes are summed out.

    Fewest first: summing out more says nothing new where what remains lies in a crossing already used.
    """
    codes = units.codes
    distinct, back = np.unique(units.parts["modalite"][children], return_inverse=True)
    pieces = [str(codes.labels["modalite"][int(m)]).split(relations.separateur) for m in distinct]
    result: list[tuple[Ints, Lien]] = []
    used: list[set[int]] = []
    for size in range(len(parts) - 1, 0, -1):
        for kept in itertools.combinations(range(len(parts)), size):
            if any(set(kept) <= larger for larger in used):
                continue
            axe_code = codes.of("axe", relations.separateur.join(parts[i] for i in kept))
            names = [
                relations.separateur.join(piece[i] for i in kept) if len(piece) == len(parts) else None
                for piece in pieces
            ]
            modality = codes.many("modalite", pl.Series(names, dtype=pl.String))[back]
            parent = units.find({"axe": np.full(len(children), axe_code), "modalite": modality}, children)
            if (parent >= 0).any():
                summed = {relations.axes.lien(part) for i, part in enumerate(parts) if i not in kept}
                result.append((parent, _weakest(summed)))
                used.append(set(kept))
    return result


def _segment_links(units: Units, relations: Relations) -> list[tuple[Ints, Ints, bool]]:
    """Sums over segments; a crossed one (`population x secteur`) adds up to each of the two it crosses."""
    codes = units.codes
    total_type = codes.of("segment_type", relations.segment_total)
    total = codes.of("segment", relations.segment_total)
    found: list[tuple[Ints, Ints, bool]] = []
    for code, name in enumerate(codes.labels["segment_type"]):
        parts = name.split(relations.separateur)
        if code == total_type:
            continue
        children = np.flatnonzero(units.parts["segment_type"] == code)
        distinct, back = np.unique(units.parts["segment"][children], return_inverse=True)
        pieces = [str(codes.labels["segment"][int(one)]).split(relations.separateur) for one in distinct]
        crossed = [kept for size in range(len(parts) - 1, 0, -1) for kept in _choices(len(parts), size)]
        done = False
        for kept in (*crossed, ()):
            kinds = {relations.segments.lien(part) for i, part in enumerate(parts) if i not in kept}
            if "sans_lien" in kinds or (not kept and done):
                continue
            if kept:
                left = codes.of("segment_type", relations.separateur.join(parts[i] for i in kept))
                names = [
                    relations.separateur.join(piece[i] for i in kept) if len(piece) == len(parts) else None
                    for piece in pieces
                ]
                segment = codes.many("segment", pl.Series(names, dtype=pl.String))[back]
            else:
                left, segment = total_type, np.full(len(children), total)
            replaced = {"segment_type": np.full(len(children), left), "segment": segment}
            parent = units.find(replaced, children)
            held = parent >= 0
            if held.any():
                done = True
                found.append((parent[held], children[held], kinds == {"partition"}))
    return found


def _choices(size: int, kept: int) -> list[tuple[int, ...]]:
    return list(itertools.combinations(range(size), kept))


def _nested_links(units: Units, imbrications: pl.DataFrame) -> list[tuple[Ints, Ints, bool]]:
    """Sums over the modalities of a fine axis that lie inside one modality of a coarse axis."""
    codes = units.codes
    keys = ["epci_siren", "axe_fin", "modalite_fine", "axe"]
    # A fine modality over two coarse ones shares itself out between them: no sum can use it.
    single = (
        imbrications.select(*keys, "modalite")
        .unique()
        .filter(pl.len().over(keys) == 1)
        .sort(*keys, "modalite")
    )
    epci = codes.many("epci_siren", single.get_column("epci_siren"))
    fine_axis = codes.many("axe", single.get_column("axe_fin"))
    fine = codes.many("modalite", single.get_column("modalite_fine"))
    axis = codes.many("axe", single.get_column("axe"))
    coarse = codes.many("modalite", single.get_column("modalite"))
    known = (epci >= 0) & (fine_axis >= 0) & (fine >= 0) & (axis >= 0) & (coarse >= 0)
    found: list[tuple[Ints, Ints, bool]] = []
    pairs = np.unique(np.stack([fine_axis[known], axis[known]]), axis=1)
    for of_fine, of_axis in pairs.T:
        mine = known & (fine_axis == of_fine) & (axis == of_axis)
        table = epci[mine] * codes.radix["modalite"] + fine[mine]
        order = np.argsort(table, kind="stable")
        table, target = table[order], coarse[mine][order]
        children = np.flatnonzero(units.parts["axe"] == of_fine)
        inside = units.parts["epci_siren"][children] * codes.radix["modalite"]
        wanted = inside + units.parts["modalite"][children]
        place = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
        modality = np.where(table[place] == wanted, target[place], -1)
        parent = units.find({"axe": np.full(len(children), of_axis), "modalite": modality}, children)
        held = parent >= 0
        if held.any():
            found.append((parent[held], children[held], False))
    return found


@dataclass
class Assembly:
    """The system of a batch and what ties its cells to the figures.

    `of_cell` gives, for each cell of each unit, the cell of the system that stands for it (several units may
    share one: the same count under several names). Cells from `n_real` on are remainders: counts that follow
    from an equation without being a figure; `rest` names the remainder of each equation (-1 without).
    """

    system: System
    of_cell: Ints
    n_real: int
    rest: Ints
    rest_small: dict[int, Bools]
    block: Ints


class _Collector:
    """Entries of equations as they are found, before cells that are the same count are merged."""

    def __init__(self, n_real: int) -> None:
        self.n_real = n_real
        self.eq: list[Ints] = []
        self.cell: list[Ints] = []
        self.coef: list[Ints] = []
        self.parent: list[Ints] = []
        self.floor: list[Ints] = []
        self.rest: list[Ints] = []
        self.open_end: list[Bools] = []
        self.rest_value: list[Ints] = []
        self.rest_unit: list[Ints] = []
        self.rest_small: dict[int, list[Bools]] = {number: [] for number in LAYERS}
        self.n_eq = 0
        self.n_rest = 0

    def add_sums(
        self, lot: Lot, total: Ints, eq: Ints, part: Ints, *, partition: Bools, governed: bool
    ) -> None:
        """Add sums: `total` cell per equation; `eq` and `part` say which cells are its parts.

        A sum that the counts do not satisfy (parts above the total) is not one, and is left out.
        """
        value = lot.value
        positive = value[part] > 0
        eq, part = eq[positive], part[positive]
        sums = np.zeros(len(total), dtype=np.int64)
        np.add.at(sums, eq, value[part])
        left = value[total] - sums
        seuil = lot.seuil[total // CELLS]
        known = partition & (left >= seuil)
        holds = (value[total] > 0) & (sums > 0) & (left >= 0)
        small = _small_remainders(lot, total, (eq, part), left, holds & (left > 0) & ~known)
        kept = holds & (known | (left == 0) | np.any(list(small.values()), axis=0))
        renumber = np.cumsum(kept) - 1
        mine = kept[eq]
        eq, part = renumber[eq[mine]], part[mine]
        total, left, known, seuil = total[kept], left[kept], known[kept], seuil[kept]
        n = len(total)
        with_rest = (left > 0) & ~known
        rest = np.full(n, -1, dtype=np.int64)
        rest[with_rest] = self.n_real + self.n_rest + np.arange(int(with_rest.sum()))
        self.n_rest += int(with_rest.sum())
        self.rest_value.append(left[with_rest])
        self.rest_unit.append(total[with_rest] // CELLS)
        for number in LAYERS:
            self.rest_small[number].append(small[number][kept][with_rest])
        at = np.arange(n, dtype=np.int64)
        self.eq.append(np.concatenate([eq, at, at[with_rest]]) + self.n_eq)
        self.cell.append(np.concatenate([part, total, rest[with_rest]]))
        signs = [np.ones(len(eq)), -np.ones(n), np.ones(int(with_rest.sum()))]
        self.coef.append(np.concatenate(signs).astype(np.int64))
        self.parent.append(total if governed else np.full(n, -1, dtype=np.int64))
        self.floor.append(seuil if governed else np.zeros(n, dtype=np.int64))
        self.rest.append(rest)
        self.open_end.append(known)
        self.n_eq += n

    def add_balances(self, lot: Lot, n: int, left: tuple[Ints, Ints], right: tuple[Ints, Ints]) -> None:
        """Add equalities between two sums; each side says which cells are in which of the `n` equations."""
        eq = np.concatenate([left[0], right[0]])
        cell = np.concatenate([left[1], right[1]])
        coef = np.concatenate([np.ones(len(left[0])), -np.ones(len(right[0]))]).astype(np.int64)
        positive = lot.value[cell] > 0
        eq, cell, coef = eq[positive], cell[positive], coef[positive]
        difference = np.zeros(n, dtype=np.int64)
        np.add.at(difference, eq, coef * lot.value[cell])
        total = np.zeros(n, dtype=np.int64)
        np.add.at(total, eq, lot.value[cell])
        kept = (difference == 0) & (total > 0)
        renumber = np.cumsum(kept) - 1
        mine = kept[eq]
        self.eq.append(renumber[eq[mine]] + self.n_eq)
        self.cell.append(cell[mine])
        self.coef.append(coef[mine])
        size = int(kept.sum())
        self.parent.append(np.full(size, -1, dtype=np.int64))
        self.floor.append(np.zeros(size, dtype=np.int64))
        self.rest.append(np.full(size, -1, dtype=np.int64))
        self.open_end.append(np.zeros(size, dtype=bool))
        self.n_eq += size


def _small_remainders(
    lot: Lot, total: Ints, parts: tuple[Ints, Ints], left: Ints, doubtful: Bools
) -> dict[int, Bools]:
    """Per layer, whether what the parts leave over is a small count in one of its periods."""
    eq, part = parts
    seuil = lot.seuil[total // CELLS]
    small = {1: doubtful & (left < seuil)}
    asked = np.flatnonzero(doubtful)
    number = np.full(len(total), -1, dtype=np.int64)
    number[asked] = np.arange(len(asked))
    mine = number[eq] >= 0
    remainder = lot.windows.of(total[asked])
    np.subtract.at(remainder, number[eq[mine]], lot.windows.of(part[mine]))
    found = (remainder > 0) & (remainder < seuil[asked, None])
    for layer in LAYERS[1:]:
        small[layer] = np.zeros(len(total), dtype=bool)
        small[layer][asked] = found[:, lot.windows.layer == layer].any(axis=1)
    return small


def assemble(lot: Lot, relations: Relations) -> Assembly:
    """The equations between the cells of a batch.

    Counts of zero are taken as known to the reader, which is the safe side: what is then still free stays
    free when a reader knows that no count is negative.
    """
    found = _Collector(lot.n_units * CELLS)
    _sum_equations(lot, found)
    _row_equations(lot, found)
    for total, parts in relations.sum_terms():
        _declared_equations(lot, relations, total, parts, found)
    for left, right in relations.balance_terms():
        _balance_equations(lot, relations, left, right, found)
    return _close(lot, relations, found)


def _sum_equations(lot: Lot, found: _Collector) -> None:
    """Sums over axes, crossings, segments and nested axes, for each measure."""
    links = lot.links
    if len(links.parent) == 0:
        return
    base = int(links.relation.max()) + 1
    group, eq = np.unique(links.parent * base + links.relation, return_inverse=True)
    parent = group // base
    partition = links.partition[group % base]
    for measure in (NUM, DEN, INC):
        found.add_sums(
            lot,
            parent * CELLS + measure,
            eq.astype(np.int64),
            links.child * CELLS + measure,
            partition=partition,
            governed=True,
        )


def _row_equations(lot: Lot, found: _Collector) -> None:
    """Inside one figure: numerator + complement = denominator."""
    value = lot.value.reshape(-1, CELLS)
    unit = np.flatnonzero((value[:, COMP] >= 0) & (value[:, DEN] > 0))
    eq = np.tile(np.arange(len(unit), dtype=np.int64), 2)
    part = np.concatenate([unit * CELLS + NUM, unit * CELLS + COMP])
    none = np.zeros(len(unit), dtype=bool)
    found.add_sums(lot, unit * CELLS + DEN, eq, part, partition=none, governed=False)


def _resolved(relations: Relations, terms: list[Term]) -> list[Term]:
    """The terms of one relation: when one names a segment, those that name none are on the total."""
    if all(term.segment_type is None for term in terms):
        return terms
    total = relations.segment_total
    return [term if term.segment_type else replace(term, segment_type=total, segment=total) for term in terms]


def _anchors(lot: Lot, first: Term) -> Ints:
    """The units a relation starts from: those of its first term, on any segment unless it names one."""
    codes, parts = lot.codes, lot.units.parts
    at = parts["indicateur"] == codes.of("indicateur", first.indicateur)
    if first.segment_type is not None:
        at &= parts["segment_type"] == codes.of("segment_type", first.segment_type)
        at &= parts["segment"] == codes.of("segment", str(first.segment))
    return np.flatnonzero(at)


def _term_cells(lot: Lot, term: Term, anchor: Ints) -> Ints:
    """The cell of a term for each anchor unit, -1 where the figure does not exist."""
    codes = lot.codes
    replaced = {"indicateur": np.full(len(anchor), codes.of("indicateur", term.indicateur), dtype=np.int64)}
    if term.segment_type is not None:
        replaced["segment_type"] = np.full(len(anchor), codes.of("segment_type", term.segment_type))
        replaced["segment"] = np.full(len(anchor), codes.of("segment", str(term.segment)))
    unit = lot.units.find(replaced, anchor)
    return np.where(unit >= 0, unit * CELLS + term.mesure, -1)


def _side(lot: Lot, terms: list[Term], anchor: Ints) -> tuple[Ints, Ints]:
    """The existing cells of some terms, and the rank of the anchor of each."""
    cells = [np.empty(0, dtype=np.int64), *[_term_cells(lot, term, anchor) for term in terms]]
    eq = np.tile(np.arange(len(anchor), dtype=np.int64), len(terms))
    cell = np.concatenate(cells)
    return eq[cell >= 0], cell[cell >= 0]


def _declared_equations(
    lot: Lot, relations: Relations, total: Term, parts: list[Term], found: _Collector
) -> None:
    """A declared total and its parts, on every axis, segment and year where both exist."""
    total, *parts = _resolved(relations, [total, *parts])
    anchor = _anchors(lot, total)
    if len(anchor):
        eq, part = _side(lot, parts, anchor)
        none = np.zeros(len(anchor), dtype=bool)
        found.add_sums(lot, anchor * CELLS + total.mesure, eq, part, partition=none, governed=False)


def _balance_equations(
    lot: Lot, relations: Relations, left: list[Term], right: list[Term], found: _Collector
) -> None:
    """Two declared sums that are the same count, wherever they are equal."""
    terms = _resolved(relations, [*left, *right])
    anchor = _anchors(lot, terms[0])
    if len(anchor):
        found.add_balances(
            lot, len(anchor), _side(lot, terms[: len(left)], anchor), _side(lot, terms[len(left) :], anchor)
        )


def _same_counts(lot: Lot, relations: Relations) -> tuple[Ints, Ints]:
    """Pairs of cells declared to be the same count, where they are equal and not zero."""
    left: list[Ints] = [np.empty(0, dtype=np.int64)]
    right: list[Ints] = [np.empty(0, dtype=np.int64)]
    for group in relations.equal_terms():
        # Each pair is tried, for the first name of a group may be missing from a batch.
        for one, two in itertools.combinations(group, 2):
            first, other = _resolved(relations, [one, two])
            anchor = _anchors(lot, first)
            if len(anchor) == 0:
                continue
            cell, twin = anchor * CELLS + first.mesure, _term_cells(lot, other, anchor)
            equal = (twin >= 0) & (lot.value[cell] > 0) & (lot.value[cell] == lot.value[twin])
            left.append(cell[equal])
            right.append(twin[equal])
    return np.concatenate(left), np.concatenate(right)


def _unite(label: Ints, left: Ints, right: Ints) -> Ints:
    """Give one label, the least, to cells joined by pairs."""
    if len(left) == 0:
        return label
    label = label.copy()
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, before[left], low)
        np.minimum.at(label, before[right], low)
        label = label[label]
        if np.array_equal(label, before):
            return label


def _close(lot: Lot, relations: Relations, found: _Collector) -> Assembly:
    """Merge the cells that are the same count, drop the equations that say the same thing twice."""
    n_real = found.n_real
    n_cells = n_real + found.n_rest
    empty = np.empty(0, dtype=np.int64)
    eq = np.concatenate([empty, *found.eq])
    raw = np.concatenate([empty, *found.cell])
    coef = np.concatenate([empty, *found.coef])
    rest = np.concatenate([empty, *found.rest])
    open_end = np.concatenate([np.empty(0, dtype=bool), *found.open_end])
    label = _unite(np.arange(n_cells, dtype=np.int64), *_same_counts(lot, relations))
    while True:
        keys, where = np.unique(eq * n_cells + label[raw], return_inverse=True)
        sums = np.zeros(len(keys), dtype=np.int64)
        np.add.at(sums, where, coef)
        keys, sums = keys[sums != 0], sums[sums != 0]
        eq_of, cell_of = keys // n_cells, keys % n_cells
        size = np.bincount(eq_of, minlength=found.n_eq)
        # Two counts left in an equation without remainder are the same count.
        pair = (size == 2) & (rest < 0) & ~open_end
        inside = pair[eq_of]
        ends = cell_of[inside].reshape(-1, 2)
        opposed = sums[inside].reshape(-1, 2).sum(axis=1) == 0
        if not opposed.any():
            break
        label = _unite(label, ends[opposed, 0], ends[opposed, 1])
    rng = np.random.default_rng(0)
    mark = rng.integers(0, 2**63, size=n_cells, dtype=np.uint64)
    real = cell_of < n_real
    signature = np.zeros(found.n_eq, dtype=np.uint64)
    np.add.at(signature, eq_of[real], sums[real].astype(np.uint64) * mark[cell_of[real]])
    alive = np.flatnonzero(size > 0)
    _, first = np.unique(signature[alive], return_index=True)
    kept = np.sort(alive[first])
    renumber = np.full(found.n_eq, -1, dtype=np.int64)
    renumber[kept] = np.arange(len(kept))
    mine = renumber[eq_of] >= 0
    ptr = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(np.bincount(renumber[eq_of[mine]], minlength=len(kept)), out=ptr[1:])
    parent = np.concatenate([empty, *found.parent])[kept]
    parent = np.where(parent >= 0, label[np.maximum(parent, 0)], -1)
    floor = np.concatenate([empty, *found.floor])[kept]
    rest_unit = np.concatenate([empty, *found.rest_unit])
    cost = np.zeros(n_cells, dtype=np.int64)
    np.maximum.at(cost, label[:n_real], lot.cost)
    virtual = np.zeros(n_cells, dtype=bool)
    virtual[n_real:] = True
    value = np.concatenate([lot.value, *found.rest_value])
    system = System(
        value=value,
        cost=cost,
        virtual=virtual,
        equations=Equations(ptr, cell_of[mine], sums[mine], parent, floor, open_end[kept]),
    )
    owner = np.concatenate([np.repeat(np.arange(lot.n_units), CELLS), rest_unit])
    return Assembly(
        system=system,
        of_cell=label,
        n_real=n_real,
        rest=rest[kept],
        rest_small={n: np.concatenate([np.empty(0, dtype=bool), *found.rest_small[n]]) for n in LAYERS},
        block=lot.unit_block[owner],
    )
