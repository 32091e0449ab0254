"""A stranger who has the whole public edition, knows what each indicator counts, and a linear programme.

Independent of the product on purpose: the equations below are written from the definitions of the indicators, not read from
its plan. The exact figures serve only to know which counts are small, which relations a convention makes true (an objective
may count leases or committee decisions), and whether the answer is right.

`attaquer` returns what the stranger learns: small counts that have fewer than `libres` possible whole values. With a
former version (`avant`), the stranger kept it, and takes it that late files only add households: a count is not less than
it was, and where nothing printed has changed nothing has.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import polars as pl

Var = tuple[str, str, str, str, str]  # period, axis, modality, segment, count (indicateur.mesure)
Terms = dict[Var, float]
LINE = ["periode", "axe", "modalite", "segment"]
INF = highspy.kHighsInf
OCCUPATION = (
    "part_isoles", "part_monoparentales", "part_familles_nombreuses", "part_minima_sociaux", "part_moins_40_plus",
    "part_75_ans_et_plus",
)  # fmt: skip
SENSIBLES = ("prioritaires", "dalo", "mal_loges", "part_minima_sociaux")
# Axes of which the modalities share out the territory; neighbourhoods cover a part of it.
PARTAGES = ("commune", "bailleur", "reservataire")


@dataclass(frozen=True)
class Fuite:
    """A small count of which the stranger knows too much."""

    epci: str
    quoi: str
    vrai: int
    bas: float
    haut: float

    @property
    def exacte(self) -> bool:
        return self.haut - self.bas < 0.5


@dataclass
class _Relation:
    termes: Terms
    bas: float
    haut: float


def attaquer(
    publie: pl.DataFrame,
    exact: pl.DataFrame,
    communes_des_qpv: Iterable[tuple[str, str]],
    libres: int = 5,
    avant: tuple[pl.DataFrame, pl.DataFrame] | None = None,
) -> list[Fuite]:
    """Attack each territory and year apart; `publie` and `exact`, of the former version too, have the columns of a
    public table."""
    fuites: list[Fuite] = []
    pairs = sorted(communes_des_qpv)
    counted, exact = _counted(publie, exact)
    former = None if avant is None else _counted(*avant)
    for siren in sorted(set(counted["epci_siren"])):
        mine = pl.col("epci_siren") == siren
        years = (
            counted.filter(mine)
            .select("annee", ops=pl.col("periode_type") == "millesime")
            .unique()
            .sort("annee", "ops")
        )
        for year, ops in years.iter_rows():
            when = mine & (pl.col("annee") == year) & ((pl.col("periode_type") == "millesime") == ops)
            attack = _Attaque(siren, counted.filter(when), exact.filter(when), pairs, libres)
            before = None if former is None else [rows.filter(when) for rows in former]
            if before is not None and not before[0].is_empty():
                attack.se_souvenir(_Attaque(siren, before[0], before[1], pairs, libres))
            else:
                attack.poser()
            fuites += attack.mener()
    return fuites


def _counted(publie: pl.DataFrame, exact: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    counted = publie.filter(pl.col("unite").is_in(["%", "nombre", "ratio"]))
    on = ["epci_siren", *LINE, "segment_type", "periode_type", "indicateur"]
    return counted, exact.join(counted, on=on, how="semi")


class _Attaque:
    def __init__(
        self, siren: str, publie: pl.DataFrame, exact: pl.DataFrame, pairs: list[tuple[str, str]], libres: int
    ) -> None:
        self.siren, self.pairs, self.libres = siren, pairs, libres
        self.known, self.printed = self._read(publie), publie
        self.truth = self._read(exact)
        self.missing = {
            (*row[:4], f"{row[4]}.denominateur"): row[5] or 0
            for row in exact.select(*LINE, "indicateur", "inconnus").iter_rows()
        }
        # What a stranger has in hand: the counts of the tables, printed or not.
        self.asked: set[Var] = set()
        rates = {
            "%": ("numerateur", "denominateur"),
            "ratio": ("numerateur", "denominateur"),
            "nombre": ("numerateur",),
        }
        for *line, indicator, unit in publie.select(*LINE, "indicateur", "unite").iter_rows():
            self.asked |= {(*line, f"{indicator}.{measure}") for measure in rates[unit]}
        # A grid is complete: what has no exact figure counts nobody.
        for var in self.asked:
            self.truth.setdefault(var, 0)
        self.relations: list[_Relation] = []
        self.targets: dict[str, Terms] = {}
        self.year = min((v[0] for v in self.asked), key=len)

    @staticmethod
    def _read(rows: pl.DataFrame) -> dict[Var, int]:
        found = {}
        for *line, indicator, top, base in rows.select(
            *LINE, "indicateur", "numerateur", "denominateur"
        ).iter_rows():
            for measure, count in (("numerateur", top), ("denominateur", base)):
                if count is not None:
                    found[*line, f"{indicator}.{measure}"] = count
        return found

    # -- what the definitions say
    # ------------------------------------------------------------------------------------------------

    def lines(self) -> list[tuple[str, str, str, str]]:
        return sorted({v[:4] for v in self.asked})

    def has(self, *variables: Var) -> bool:
        return all(v in self.asked for v in variables)

    def true(self, terms: Terms) -> float:
        return sum(f * self.truth[v] for v, f in terms.items())

    def equal(self, a: Var, b: Var) -> None:
        if self.has(a, b) and self.truth[a] == self.truth[b]:
            self.relations.append(_Relation({a: 1, b: -1}, 0, 0))

    def contains(self, name: str, whole: Var, parts: list[Var], *, exact: bool = False) -> None:
        """The parts have nobody in common and lie in the whole: what is left over is a count of its own."""
        parts = [part for part in parts if part in self.asked]
        if whole not in self.asked or not parts:
            return
        terms = {whole: 1.0, **dict.fromkeys(parts, -1.0)}
        left = self.true(terms)
        if left < 0:
            return
        nothing = exact and left == 0
        self.relations.append(_Relation(terms, 0, 0 if nothing else INF))
        if left >= 1:
            self.targets[f"{name} {whole} - {[p[1:] for p in parts][:3]}"] = terms

    def on_a_line(self) -> None:
        for line in self.lines():

            def v(count: str, line=line) -> Var:  # type: ignore[no-untyped-def]
                return (*line, count)

            names = {w[4].split(".")[0] for w in self.asked if w[:4] == line}
            for name in names:
                if name != "tension":
                    self.contains("complément", v(f"{name}.denominateur"), [v(f"{name}.numerateur")])
                if name in SENSIBLES and self.truth.get(v(f"{name}.denominateur"), 0) > 0:
                    terms = {v(f"{name}.denominateur"): 1.0, v(f"{name}.numerateur"): -1.0}
                    if self.true(terms) == 0:
                        self.targets[f"tous {name} {line}"] = terms
            # Every lease is that of a household that moves inside the stock, comes from outside, or is not known.
            self.contains("situation inconnue", v("baux.numerateur"), [v("mutations.denominateur")])
            for name in ("prioritaires", "travailleurs_essentiels"):
                if self.counts_leases(name):
                    self.contains("inconnus", v("baux.numerateur"), [v(f"{name}.denominateur")])
            if self.counts_leases("qpv_q234") and self.counts_leases("hors_qpv_q1"):
                self.contains(
                    "quartile inconnu", v("baux.numerateur"),
                    [v("hors_qpv_q1.denominateur"), v("qpv_q234.denominateur")],
                )  # fmt: skip
                # Who has the leases and one of the two bases has what the other and the unknown make together.
                self.contains("en QPV ou inconnu", v("baux.numerateur"), [v("hors_qpv_q1.denominateur")])
                self.contains("hors QPV ou inconnu", v("baux.numerateur"), [v("qpv_q234.denominateur")])
            self.contains("deuxième quartile", v("qpv_q234.numerateur"), [v("qpv_q34.numerateur")])
            self.equal(v("qpv_q234.denominateur"), v("qpv_q34.denominateur"))
            self.contains("dalo", v("prioritaires.numerateur"), [v("dalo.numerateur")])
            self.equal(v("tension.numerateur"), v("demandes.numerateur"))
            self.equal(v("tension.denominateur"), v("baux.numerateur"))
            self.contains("demandes", v("demandes.numerateur"), [v("part_mutations_demande.denominateur")])
            self.contains("demandes", v("demandes.numerateur"), [v("part_endogene.denominateur")])
            for name in OCCUPATION[1:]:
                self.equal(v("part_isoles.denominateur"), v(f"{name}.denominateur"))
                self.contains("ménages", v("part_isoles.denominateur"), [v(f"{name}.denominateur")])
            # A person alone is neither a lone parent nor a large family.
            alone = v("part_isoles.numerateur")
            for other in ("part_monoparentales.numerateur", "part_familles_nombreuses.numerateur"):
                if self.has(alone, v(other)) and alone in self.truth:
                    terms = {v("part_isoles.denominateur"): 1.0, alone: -1.0, v(other): -1.0}
                    if self.true(terms) >= 0:
                        self.relations.append(_Relation(terms, 0, INF))

    def counts_leases(self, name: str) -> bool:
        """Whether the objective counts leases, not committee decisions: a convention is public, and says it."""
        base = f"{name}.denominateur"
        on = [
            w
            for w in self.asked
            if w[4] == base and w[1] != "bailleur" and (*w[:4], "baux.numerateur") in self.asked
        ]
        gaps = [self.truth[*w[:4], "baux.numerateur"] - self.truth[w] - self.missing.get(w, 0) for w in on]
        if name in ("hors_qpv_q1", "qpv_q234"):
            return all(gap >= 0 for gap in gaps) and self._quartiles_fit()
        return all(gap == 0 for gap in gaps)

    def _quartiles_fit(self) -> bool:
        for line in self.lines():
            both = [(*line, f"{n}.denominateur") for n in ("hors_qpv_q1", "qpv_q234")]
            whole = (*line, "baux.numerateur")
            if self.has(whole, *both):
                known = sum(self.truth[v] + self.missing.get(v, 0) for v in both)
                if known > self.truth[whole]:
                    return False
        return True

    def sums(self) -> None:
        """What adds up over an axis, over half-years and over segments."""
        groups: dict[tuple[str, str, str], list[Var]] = defaultdict(list)
        for var in sorted(self.asked):
            groups[var[0], var[1], var[4]].append(var)
        for (period, axis, count), parts in groups.items():
            whole = (period, "epci", self.siren, "tous", count)
            if axis in PARTAGES:
                own = ("prioritaires.numerateur", "prioritaires.denominateur")
                if axis == "bailleur" and count in own:
                    shares = (period, "reservataire", "7", "tous", count)
                    if shares in self.truth and self.true({shares: 1, **dict.fromkeys(parts, -1)}) == 0:
                        whole = shares
                self.contains(f"{axis} non connu", whole, parts, exact=True)
            elif axis == "qpv":
                self.contains("hors QPV", whole, parts, exact=True)
            elif axis == "epci" and period == self.year:
                sizes = [p for p in parts if p[3].startswith("T")]
                self.contains("taille non connue", whole, sizes, exact=True)
                self.contains(
                    "demandeur non connu", whole, [p for p in parts if p[3] in ("mutation", "primo")]
                )
        halves: dict[Var, list[Var]] = defaultdict(list)
        for var in sorted(self.asked):
            if "-S" in var[0]:
                halves[(self.year, *var[1:])].append(var)
        for whole, parts in halves.items():
            self.contains("semestre", whole, parts, exact=True)
        moving = (self.year, "epci", self.siren, "mutation")
        home = (self.year, "epci", self.siren, "primo")
        all_ = (self.year, "epci", self.siren, "tous")
        for base, top in (
            ("tension.denominateur", "mutations"),
            ("tension.numerateur", "part_mutations_demande"),
        ):
            self.equal((*moving, base), (*all_, f"{top}.numerateur"))
            terms = {
                (*home, base): 1.0,
                (*all_, f"{top}.denominateur"): -1.0,
                (*all_, f"{top}.numerateur"): 1.0,
            }
            if self.has(*terms) and self.true(terms) == 0:
                self.relations.append(_Relation(terms, 0, 0))

    def places(self) -> None:
        """A neighbourhood lies in its communes; what a commune has outside is a count too."""
        towns: list[tuple[set[str], set[str]]] = []
        for qpv, commune in self.pairs:
            found = ({commune}, {qpv})
            apart = []
            for other in towns:
                if other[0] & found[0] or other[1] & found[1]:
                    found = (other[0] | found[0], other[1] | found[1])
                else:
                    apart.append(other)
            towns = [*apart, found]
        for communes, quarters in towns:
            for count in sorted({w[4] for w in self.asked if w[1] == "qpv"}):
                large = [(self.year, "commune", c, "tous", count) for c in sorted(communes)]
                large = [v for v in large if v in self.asked]
                fine = [(self.year, "qpv", q, "tous", count) for q in sorted(quarters)]
                fine = [v for v in fine if v in self.asked]
                if not large or not fine:
                    continue
                terms = {**dict.fromkeys(large, 1.0), **dict.fromkeys(fine, -1.0)}
                left = self.true(terms)
                if left < 0:
                    continue
                self.relations.append(_Relation(terms, 0, 0 if left == 0 else INF))
                if left >= 1:
                    self.targets[f"hors QPV {count} {sorted(communes)}"] = terms
                if count == "baux.numerateur" and self.counts_leases("hors_qpv_q1"):
                    outside = [(*v[:4], "hors_qpv_q1.denominateur") for v in large]
                    if self.has(*outside) and left >= sum(self.truth[v] for v in outside):
                        self.relations.append(_Relation({**terms, **dict.fromkeys(outside, -1.0)}, 0, INF))

    def printed_values(self) -> None:
        """A printed rate, a comparison to a printed target: each says something of a masked count."""
        columns = [*LINE, "indicateur", "unite", "valeur", "cible", "operateur", "atteint"]
        for *line, name, unit, value, target, operator, reached in self.printed.select(columns).iter_rows():
            top, base = (*line, f"{name}.numerateur"), (*line, f"{name}.denominateur")
            factor = {"%": 100.0, "ratio": 1.0}.get(unit)
            if factor is None or (top in self.known and base in self.known):
                continue
            if value is not None:
                self.relations.append(_Relation({top: factor, base: -(value - 0.005)}, 0, INF))
                self.relations.append(_Relation({top: factor, base: -(value + 0.005)}, -INF, 0))
            if reached is not None and target is not None and operator is not None:
                up = (operator.startswith(">=")) == reached
                self.relations.append(
                    _Relation({top: factor, base: -target}, 0 if up else -INF, INF if up else 0)
                )

    def small(self) -> None:
        for var in self.asked:
            if var not in self.known:
                self.targets[f"masqué {var}"] = {var: 1.0}

    # -- the programme
    # ------------------------------------------------------------------------------------------------

    def poser(self) -> None:
        """Write the equations, and what the stranger would like to know."""
        self.on_a_line()
        self.sums()
        self.places()
        self.printed_values()
        self.small()

    def se_souvenir(self, former: "_Attaque") -> None:
        """Write the equations of this version, those of the former one beside them, and what links the two."""
        for attack in (self, former):
            attack.poser()
        both = self.asked & former.asked
        unchanged = all(
            self.known[v] == former.known[v] for v in both if v in self.known and v in former.known
        )
        same = unchanged and all(self.truth[v] == former.truth[v] for v in both)
        late = all(self.truth[v] >= former.truth[v] for v in both)
        for relation in former.relations:
            terms = {_before(v): f for v, f in relation.termes.items()}
            self.relations.append(_Relation(terms, relation.bas, relation.haut))
        self.targets |= {
            f"avant, {name}": {_before(v): f for v, f in terms.items()}
            for name, terms in former.targets.items()
        }
        self.asked |= {_before(v) for v in former.asked}
        self.known |= {_before(v): count for v, count in former.known.items()}
        self.truth |= {_before(v): count for v, count in former.truth.items()}
        if not (same or late):
            return
        for var in both:
            self.relations.append(_Relation({var: 1, _before(var): -1}, 0, 0 if same else INF))
            if not same and not {var, _before(var)} <= set(self.known):
                self.targets[f"arrivés depuis {var}"] = {var: 1.0, _before(var): -1.0}

    def mener(self, seuil: int = 11) -> list[Fuite]:
        everyone = ("tous ", "avant, tous ")
        targets = {
            name: terms
            for name, terms in self.targets.items()
            if 1 <= self.true(terms) < seuil or name.startswith(everyone)
        }
        variables = sorted(
            {v for r in self.relations for v in r.termes} | {v for t in targets.values() for v in t}
        )
        rank = {v: i for i, v in enumerate(variables)}
        n, names = len(variables), sorted(targets)
        total = n + len(names)
        low, high = np.zeros(total), np.full(total, INF)
        low[n:] = -INF
        for var, i in rank.items():
            if var in self.known:
                low[i] = high[i] = self.known[var]
            elif self.truth[var] > 0:
                low[i] = 1  # a zero would have been printed
        rows = [(r.termes, r.bas, r.haut, -1) for r in self.relations]
        rows += [(targets[name], 0.0, 0.0, n + i) for i, name in enumerate(names)]
        starts, index, coefficients = [0], [], []
        for terms, _, _, own in rows:
            index += [rank[v] for v in terms] + ([own] if own >= 0 else [])
            coefficients += [*terms.values()] + ([-1.0] if own >= 0 else [])
            starts.append(len(index))
        solver = _solver((low, high), rows, starts, index, coefficients)
        fuites = []
        for i, name in enumerate(names):
            bounds = [_optimum(solver, n + i, sense) for sense in (1.0, -1.0)]
            truth = self.true(targets[name])
            bas, haut = bounds
            if not (bas - 1e-6 <= truth <= haut + 1e-6):
                raise AssertionError(
                    f"{self.siren} {name} : {truth} hors de [{bas}, {haut}] ; une équation est fausse"
                )
            if (
                math.isfinite(haut - bas)
                and math.floor(haut + 1e-6) - math.ceil(bas - 1e-6) + 1 < self.libres
            ):
                fuites.append(Fuite(self.siren, f"{self.year} {name}", int(truth), bas, haut))
        return fuites


def _before(var: Var) -> Var:
    return (f"avant {var[0]}", *var[1:])


def _solver(
    bounds: tuple[Any, Any], rows: list[Any], starts: list[int], index: list[int], coefficients: list[float]
) -> highspy.Highs:
    low, high = bounds
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(low), len(rows)
    model.col_cost_ = np.zeros(len(low))
    model.col_lower_, model.col_upper_ = low, high
    model.row_lower_ = np.array([r[1] for r in rows], dtype=float)
    model.row_upper_ = np.array([r[2] for r in rows], dtype=float)
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.array(starts)
    model.a_matrix_.index_ = np.array(index)
    model.a_matrix_.value_ = np.array(coefficients)
    solver.passModel(model)
    return solver


def _optimum(solver: highspy.Highs, column: int, sense: float) -> float:
    """The least (sense 1) or greatest (sense -1) value of a column; infinite when nothing bounds it."""
    solver.changeColCost(column, sense)
    solver.run()
    status = solver.getModelStatus()
    value = solver.getSolution().col_value[column]
    solver.changeColCost(column, 0.0)
    if status == highspy.HighsModelStatus.kOptimal:
        return float(value)
    if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return -INF * sense
    raise AssertionError(f"programme linéaire : {status}")
