"""An attacker: every published figure, every relation known to hold, and two solvers.

Independent of the masking code on purpose: it places figures in time and links them by its own means. The
unmasked figures serve only to know which relations hold (an attacker guesses that the communes share out the
territory), which masked counts are small, and whether the answer found is the true one.

`attaquer` returns the small counts that can be computed, by exact elimination (`par = "elimination"`) or
because no other whole number is possible (`par = "bornes"`), and the values from which a fraction gives a
masked numerator.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
import polars as pl

PRIME = 2**61 - 1
MEASURES = ("numerateur", "denominateur", "inconnus")
Key = tuple[str, str, str, str, str, str]  # epci, indicateur, axe, modalite, segment_type, segment
Var = tuple[Key, str, int]  # key, measure, atom of time


@dataclass(frozen=True)
class Trouve:
    """A small count that the attacker knows for certain."""

    epci: str
    periode: str
    figure: str
    mesure: str
    valeur: int
    par: str


@dataclass(frozen=True)
class Lien:
    """A total and its parts (terms are keys with a measure); `exact` when nothing is left over."""

    nom: tuple[str, ...]
    total: tuple[Key, str]
    parties: tuple[tuple[Key, str], ...]


def mois(kind: str, name: str) -> tuple[int, int] | None:
    """First month and last month + 1 of a period, counted from year 0; None outside the calendar."""
    year = int(name[:4])
    if kind == "annee":
        return 12 * year, 12 * year + 12
    if kind in ("semestre", "trimestre"):
        span = 6 if kind == "semestre" else 3
        rank = int(name[-1])
        return 12 * year + span * (rank - 1), 12 * year + span * rank
    found = re.fullmatch(r"glissant_(\d+)m", kind)
    if found:
        end = 12 * year + int(name[-2:])
        return end - int(found[1]), end
    return None


def attaquer(
    figures: pl.DataFrame,
    publie: pl.DataFrame,
    relations: Any,
    imbrications: pl.DataFrame | None = None,
    avec_bornes: bool = True,
) -> list[Trouve]:
    """Attack each territory apart; both frames have the columns of `marts.indicateurs`."""
    trouves: list[Trouve] = []
    for siren in sorted(set(figures["epci_siren"])):
        mine = pl.col("epci_siren") == siren
        nested = imbrications.filter(mine) if imbrications is not None else None
        trouves += _Attaque(figures.filter(mine), publie.filter(mine), relations, nested).mener(avec_bornes)
    return trouves


class _Attaque:
    def __init__(
        self, figures: pl.DataFrame, publie: pl.DataFrame, relations: Any, imbrications: pl.DataFrame | None
    ) -> None:
        self.relations = relations
        self.nested = imbrications
        cuts: set[int] = set()
        for kind, name in figures.select("periode_type", "periode").unique().iter_rows():
            span = mois(kind, name)
            if span:
                cuts |= set(span)
        self.cuts = sorted(cuts)
        self.seuil: dict[Key, int] = {}
        self.truth: dict[tuple[Key, str, str], dict[str, int]] = {}
        self.known: dict[tuple[Key, str, str], dict[str, int]] = {}
        self.parts_of_whole: set[Key] = set()
        self.spans: dict[tuple[str, str], list[int]] = {}
        columns = [
            "epci_siren", "indicateur", "axe", "modalite", "segment_type", "segment",
            "periode_type", "periode", *MEASURES, "unite",
        ]  # fmt: skip
        seuils = figures.get_column("seuil_secret").to_list() if "seuil_secret" in figures.columns else []
        for i, row in enumerate(figures.select(columns).iter_rows()):
            key: Key = row[:6]
            self.truth[key, row[6], row[7]] = self._counts(key, row)
            self.seuil[key] = seuils[i] if seuils else 11
        for row in publie.select(columns).iter_rows():
            self.known[row[:6], row[6], row[7]] = self._counts(row[:6], row)
        self.keys = sorted({key for key, _, _ in self.truth})
        self.windows: dict[Key, list[tuple[str, str]]] = defaultdict(list)
        for key, kind, name in self.truth:
            self.windows[key].append((kind, name))

    def _counts(self, key: Key, row: tuple[Any, ...]) -> dict[str, int]:
        counts = {m: row[8 + i] for i, m in enumerate(MEASURES) if row[8 + i] is not None}
        unit = row[11]
        if unit not in self.relations.unites_de_comptes:
            counts.pop("numerateur", None)
        if unit in self.relations.unites_de_parts:
            self.parts_of_whole.add(key)
            if "numerateur" in counts and "denominateur" in counts:
                counts["complement"] = counts["denominateur"] - counts["numerateur"]
        return counts

    def atoms(self, kind: str, name: str) -> list[int]:
        """The pieces of time a period is made of; a period outside the calendar is one piece of its own."""
        if (kind, name) not in self.spans:
            span = mois(kind, name)
            if span is None:
                self.spans[kind, name] = [-1 - len(self.spans)]
            else:
                start, end = self.cuts.index(span[0]), self.cuts.index(span[1])
                self.spans[kind, name] = list(range(start, end))
        return self.spans[kind, name]

    # -- relations
    # ------------------------------------------------------------------------------------------------

    def liens(self) -> Iterator[Lien]:
        """Every sum that could hold, found from the keys alone."""
        sep, whole, all_ = self.relations.separateur, self.relations.axe_total, self.relations.segment_total
        present = set(self.keys)
        totals = {(k[1], k[4], k[5]): k for k in self.keys if k[2] == whole}
        groups: dict[tuple[Any, ...], list[Key]] = defaultdict(list)
        for key in self.keys:
            epci, indicator, axis, modality, kind, segment = key
            if axis != whole and (indicator, kind, segment) in totals:
                groups["axe", axis, indicator, totals[indicator, kind, segment]].append(key)
            names, values = axis.split(sep), modality.split(sep)
            if len(names) > 1 and len(names) == len(values):
                for mask in range(1, 2 ** len(names) - 1):
                    kept = [i for i in range(len(names)) if mask >> i & 1]
                    parent = (
                        epci, indicator, sep.join(names[i] for i in kept), sep.join(values[i] for i in kept),
                        kind, segment,
                    )  # fmt: skip
                    if parent in present:
                        groups["croise", f"{axis}/{mask}", indicator, parent].append(key)
            if kind != all_ and self.relations.segments.lien(kind) != "sans_lien":
                parent = (epci, indicator, axis, modality, all_, all_)
                if parent in present:
                    groups["segment", kind, indicator, parent].append(key)
        if self.nested is not None:
            inside: dict[tuple[str, str, str], list[str]] = defaultdict(list)
            for row in self.nested.iter_rows(named=True):
                inside[row["axe_fin"], row["modalite_fine"], row["axe"]].append(row["modalite"])
            axes = sorted({(fine, axis) for fine, _, axis in inside})
            for key in self.keys:
                for fine, axis in axes:
                    if key[2] == fine and len(inside[fine, key[3], axis]) == 1:
                        parent = (*key[:2], axis, inside[fine, key[3], axis][0], *key[4:])
                        if parent in present:
                            groups["nid", f"{fine}/{axis}", key[1], parent].append(key)
        for (*name, parent), children in groups.items():
            for measure in MEASURES:
                yield Lien(
                    (*name, measure), (parent, measure), tuple((child, measure) for child in sorted(children))
                )
        yield from self._declared()

    def _declared(self) -> Iterator[Lien]:
        present = set(self.keys)

        def at(term: Any, key: Key) -> tuple[Key, str]:
            kind, segment = (term.segment_type, term.segment) if term.segment_type else key[4:]
            return (key[0], term.indicateur, key[2], key[3], kind, segment), MEASURES[term.mesure]

        groups = [(t, p) for t, p in self.relations.sum_terms()]
        for same in self.relations.equal_terms():
            groups += [(a, [b]) for i, a in enumerate(same) for b in same[i + 1 :]]
        for number, (total, parts) in enumerate(groups):
            named = any(t.segment_type for t in (total, *parts))
            for key in self.keys:
                if key[1] != total.indicateur or total.segment_type:
                    continue
                if named and key[4] != self.relations.segment_total:
                    continue
                terms = [at(part, key) for part in parts]
                terms = [term for term in terms if term[0] in present]
                if terms:
                    yield Lien(("declare", str(number), key[2]), (key, MEASURES[total.mesure]), tuple(terms))
        for key in self.keys:
            if key in self.parts_of_whole:
                yield Lien(("ligne",), (key, "denominateur"), ((key, "numerateur"), (key, "complement")))

    def usable(self) -> list[tuple[Lien, bool]]:
        """The sums that hold, as equalities or as inequalities, over all that bears the same name."""
        state: dict[tuple[str, ...], str] = {}
        liens = []
        for lien in self.liens():
            key, measure = lien.total
            seen = False
            for kind, name in self.windows[key]:
                total = self.truth[key, kind, name].get(measure)
                values = [self.truth.get((k, kind, name), {}).get(m) for k, m in lien.parties]
                if total is None or all(v is None for v in values):
                    continue
                if any(v is None for v in values):
                    state[lien.nom] = "rien"
                    continue
                seen = True
                left = total - sum(v for v in values if v is not None)
                now = "egal" if left == 0 else "moins" if left > 0 else "rien"
                before = state.get(lien.nom, "egal")
                state[lien.nom] = max(before, now, key=("egal", "moins", "rien").index)
            if seen:
                liens.append(lien)
        return [(lien, state[lien.nom] == "egal") for lien in liens if state[lien.nom] != "rien"]

    # -- equations
    # ------------------------------------------------------------------------------------------------

    def mener(self, avec_bornes: bool) -> list[Trouve]:
        index: dict[Var, int] = {}
        rows: list[tuple[dict[int, int], int]] = []
        targets: list[tuple[dict[int, int], int, tuple[str, str, str]]] = []
        truth_of_window: dict[tuple[Key, str, str], dict[str, int]] = self.truth

        def var(key: Key, measure: str, atom: int) -> int:
            return index.setdefault((key, measure, atom), len(index))

        published: set[tuple[Key, str, str, str]] = set()
        for (key, kind, name), counts in self.known.items():
            for measure, value in counts.items():
                published.add((key, kind, name, measure))
                rows.append(({var(key, measure, a): 1 for a in self.atoms(kind, name)}, value))
        for (key, kind, name), counts in truth_of_window.items():
            for measure, value in counts.items():
                if 0 < value < self.seuil[key]:
                    expression = {var(key, measure, a): 1 for a in self.atoms(kind, name)}
                    label = (f"{kind} {name}", " · ".join(key[1:]), measure)
                    targets.append((expression, value, label))
        slack = 0
        for lien, exact in self.usable():
            key, measure = lien.total
            done: set[int] = set()
            for kind, name in self.windows[key]:
                done |= set(self.atoms(kind, name))
            rest: dict[int, int] = {}
            for atom in sorted(done):
                row = {var(key, measure, atom): -1}
                for part, of in lien.parties:
                    row[var(part, of, atom)] = row.get(var(part, of, atom), 0) + 1
                if not exact:
                    slack += 1
                    rest[atom] = index.setdefault((key, f"reste {slack}", atom), len(index))
                    row[rest[atom]] = 1
                rows.append(({i: c for i, c in row.items() if c}, 0))
            if not exact and lien.nom[0] == "declare":
                for kind, name in self.windows[key]:
                    counts = truth_of_window[key, kind, name]
                    parts = [truth_of_window.get((k, kind, name), {}).get(m) for k, m in lien.parties]
                    if measure not in counts or any(p is None for p in parts):
                        continue
                    left = counts[measure] - sum(p for p in parts if p is not None)
                    if 0 < left < self.seuil[key]:
                        label = (f"{kind} {name}", " · ".join(key[1:]), f"reste de {lien.nom}")
                        targets.append(({rest[a]: 1 for a in self.atoms(kind, name)}, left, label))
        epci = self.keys[0][0]
        found = [
            Trouve(epci, *label, value, "elimination")
            for (_, value, label), hit in zip(targets, determined(rows, [t[0] for t in targets]), strict=True)
            if hit
        ]
        if avec_bornes:
            already = {(t.periode, t.figure, t.mesure) for t in found}
            left_over = [t for t in targets if t[2] not in already]
            for (_, value, label), hit in zip(
                left_over, pinned(rows, len(index), [(t[0], t[1]) for t in left_over]), strict=True
            ):
                if hit:
                    found.append(Trouve(epci, *label, value, "bornes"))
        return found


def determined(rows: list[tuple[dict[int, int], int]], targets: list[dict[int, int]]) -> list[bool]:
    """For each target expression, whether the equations alone fix it (elimination in exact arithmetic)."""
    by_pivot: dict[int, dict[int, int]] = {}

    def reduce(row: dict[int, int]) -> dict[int, int]:
        row = dict(row)
        while True:
            pivots = [i for i in row if i in by_pivot]
            if not pivots:
                return row
            pivot = min(pivots, key=order.__getitem__)
            factor = row[pivot]
            for i, c in by_pivot[pivot].items():
                value = (row.get(i, 0) - factor * c) % PRIME
                if value:
                    row[i] = value
                else:
                    row.pop(i, None)

    degree: dict[int, int] = defaultdict(int)
    for row, _ in rows:
        for i in row:
            degree[i] += 1
    order = {i: n for n, i in enumerate(sorted(degree, key=lambda i: (degree[i], i)))}
    for target in targets:
        for i in target:
            order.setdefault(i, len(order))
    # A variable that a single equation holds is eliminated with it at no cost for the others: those go first.
    for row, _ in sorted(rows, key=lambda r: len(r[0])):
        left = reduce({i: c % PRIME for i, c in row.items()})
        if not left:
            continue
        pivot = min(left, key=order.__getitem__)
        inverse = pow(left[pivot], -1, PRIME)
        by_pivot[pivot] = {i: c * inverse % PRIME for i, c in left.items()}
    return [not reduce({i: c % PRIME for i, c in target.items()}) for target in targets]


def pinned(
    rows: list[tuple[dict[int, int], int]],
    n: int,
    targets: list[tuple[dict[int, int], int]],
    tirages: int = 24,
) -> list[bool]:
    """For each target, whether its true value is the only whole number that counts of zero or more allow."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n, len(rows)
    lp.col_cost_ = np.zeros(n)
    lp.col_lower_ = np.zeros(n)
    lp.col_upper_ = np.full(n, highspy.kHighsInf)
    constants = np.array([float(value) for _, value in rows])
    lp.row_lower_, lp.row_upper_ = constants, constants
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.cumsum([0, *[len(row) for row, _ in rows]])
    lp.a_matrix_.index_ = np.array([i for row, _ in rows for i in row], dtype=np.int32)
    lp.a_matrix_.value_ = np.array([float(c) for row, _ in rows for c in row.values()])
    solver.passModel(lp)
    low = np.array([float(value) for _, value in targets])
    high = low.copy()

    def values(solution: np.ndarray) -> np.ndarray:
        return np.array([sum(c * solution[i] for i, c in t.items()) for t, _ in targets])

    def solve(cost: np.ndarray) -> np.ndarray:
        solver.changeColsCost(n, np.arange(n, dtype=np.int32), cost)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kUnbounded:
            return np.full(n, np.inf)
        assert status == highspy.HighsModelStatus.kOptimal, status
        return np.array(solver.getSolution().col_value)

    def free() -> np.ndarray:
        return np.floor(high + 1e-6) - np.ceil(low - 1e-6) >= 1

    rng = np.random.default_rng(7)
    solver.changeObjectiveSense(highspy.ObjSense.kMinimize)
    for _ in range(tirages):
        if free().all():
            break
        cost = np.zeros(n)
        for (target, _), done in zip(targets, free(), strict=True):
            if not done:
                weight = rng.normal()
                for i in target:
                    cost[i] += weight
        point = solve(cost + 1e-3 * rng.random(n))
        if np.isfinite(point).all():
            seen = values(point)
            low, high = np.minimum(low, seen), np.maximum(high, seen)
    for t, (target, _) in enumerate(targets):
        for sense in (1.0, -1.0):
            if free()[t]:
                break
            cost = np.zeros(n)
            for i, c in target.items():
                cost[i] = sense * c
            point = solve(cost)
            if not np.isfinite(point).all():
                low[t], high[t] = (0.0, np.inf)
                break
            seen = values(point)
            low, high = np.minimum(low, seen), np.maximum(high, seen)
    return [not done for done in free()]


def fractions_revelees(figures: pl.DataFrame, publie: pl.DataFrame, relations: Any) -> list[Trouve]:
    """Published rates whose fraction, brought to the true base, gives a small numerator or complement."""
    found: list[Trouve] = []
    key = ["epci_siren", "periode_type", "periode", "indicateur", "axe", "modalite", "segment_type"]
    rates = publie.filter(pl.col("valeur").is_not_null() & pl.col("unite").is_in(relations.unites_de_parts))
    joined = rates.join(figures, on=[*key, "segment"], how="inner", suffix="_vrai")
    for row in joined.iter_rows(named=True):
        num, den, seuil = row["numerateur_vrai"], row["denominateur_vrai"], row["seuil_secret"]
        if not den:
            continue
        guess = Fraction(row["valeur"] / 100).limit_denominator(10_000)
        exact = guess * den
        if exact.denominator != 1:
            continue
        for count in (int(exact), den - int(exact)):
            if 0 < count < seuil and count in (num, den - num):
                where = (row["epci_siren"], row["periode"], row["indicateur"])
                found.append(Trouve(*where, "valeur", count, "fraction"))
    return found


def petits_publies(publie: pl.DataFrame) -> Iterable[dict[str, Any]]:
    """Published counts of 1 to threshold - 1: there must be none."""
    small = [(pl.col(name) > 0) & (pl.col(name) < pl.col("seuil_secret")) for name in MEASURES]
    return publie.filter(pl.any_horizontal(*small) & pl.col("base_menages")).to_dicts()
