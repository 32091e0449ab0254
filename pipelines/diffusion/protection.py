"""From the grid of exact figures to what is masked in it: the blocs, their protection, then the printed rows.

A bloc is a territory, a year (its half-years with it) and the counts that the plan links. What a bloc is
made of belongs here; how one is protected is `masquage`.
"""

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import polars as pl

from pipelines.diffusion.bloc import FREE, KEPT, Bloc, Bools, Forest, Group, Ints, Nest
from pipelines.diffusion.grille import COUNTS
from pipelines.diffusion.masquage import protect
from pipelines.diffusion.plan import EPCI, TOUS, Plan

LINE = ["axe", "modalite", "segment_type", "segment", "periode_type", "periode"]
BLOC = ["epci_siren", "bloc", "famille"]
# From so many blocs on, other processes gain more than they cost.
_MANY = 300


@dataclass(frozen=True)
class Families:
    """The nodes of each family of linked counts, how they are shared out, the family of each indicator."""

    forests: dict[int, Forest]
    of_node: dict[str, int]


def families(plan: Plan, rates: list[str], others: list[str]) -> Families:
    """The counts of some indicators, put together where the plan links them, or a rate does."""
    links = [(link.tout, link.parties, link.complet) for link in plan.contenus]
    names = sorted(
        {f"{i}.{m}" for i in [*rates, *others] for m in ("numerateur", "denominateur", "complement")}
    )
    known = set(names)
    pairs = [(name, part) for name, parts, _ in links for part in parts]
    pairs += [(a.split("@")[0], b) for a, b in plan.memes.items()]
    pairs += [(f"{i}.denominateur", f"{i}.{m}") for i in rates for m in ("numerateur", "complement")]
    root = {name: name for name in known}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for a, b in pairs:
        if a in known and b in known:
            root[find(b)] = find(a)
    numbers = {top: rank for rank, top in enumerate(sorted({find(name) for name in names}))}
    members: dict[int, list[str]] = defaultdict(list)
    for name in names:
        if not name.endswith(".complement"):
            members[numbers[find(name)]].append(name)
    forests = {}
    for number, nodes in members.items():
        rank = {name: i for i, name in enumerate(nodes)}
        shares = [(rank[t], [rank[p] for p in ps if p in rank], whole) for t, ps, whole in links if t in rank]
        for name in rates:
            # A rate whose denominator has another name has its complement there too.
            bases = {f"{name}.denominateur", plan.memes.get(f"{name}.denominateur", "")}
            shares += [(rank[b], [rank[f"{name}.numerateur"]], False) for b in sorted(bases) if b in rank]
        forests[number] = Forest(nodes, [share for share in shares if share[1]])
    return Families(forests, {name: numbers[find(name)] for name in names})


def masks(
    grid: pl.DataFrame, nested: pl.DataFrame, plan: Plan, hidden: pl.DataFrame, kept: pl.DataFrame
) -> pl.DataFrame:
    """What is masked: `ligne`, `masque_numerateur`, `masque_denominateur` of each row about households.

    `hidden` and `kept` (`ligne`, `mesure`) are what an earlier version masked, and what it published
    unchanged.
    """
    cells = _cells(grid, plan)
    if cells.is_empty():
        return pl.DataFrame(
            schema={"ligne": pl.UInt32, "masque_numerateur": pl.Boolean, "masque_denominateur": pl.Boolean}
        )
    is_rate = pl.col("nature") == "taux"
    rates, others = (grid.filter(f)["indicateur"].unique().sort().to_list() for f in (is_rate, ~is_rate))
    known = families(plan, rates, others)
    cells = cells.with_columns(famille=pl.col("noeud").replace_strict(known.of_node, return_dtype=pl.Int64))
    for frame, name in ((hidden, "_cache"), (kept, "_garde")):
        cells = cells.join(
            frame.select("ligne", "mesure").unique().with_columns(pl.lit(True).alias(name)),
            on=["ligne", "mesure"], how="left",
        ).with_columns(pl.col(name).fill_null(False))  # fmt: skip
    cells = _costs(_primary(cells, plan), plan)
    inside: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for siren, *rest in nested.iter_rows():
        inside[siren].append(tuple(rest))
    parts = cells.sort([*BLOC, "ligne", "mesure"]).partition_by(BLOC, as_dict=True, maintain_order=True)
    systems = [
        _system(rows, known.forests[int(family)], inside[str(siren)], plan)
        for (siren, _, family), rows in parts.items()
    ]
    found = []
    for rows, system, published in zip(
        parts.values(), systems, _protect_all([system.bloc for system in systems]), strict=True
    ):
        shown = published[system.line, system.node] & published[system.line, system.numerator]
        found.append(rows.select("ligne", "mesure").with_columns(masque=pl.Series(~shown)))
    wide = pl.concat(found).pivot(
        on="mesure",
        on_columns=["numerateur", "denominateur"],
        index="ligne",
        values="masque",
        aggregate_function="max",
    )
    return wide.select(
        "ligne",
        pl.col("numerateur").fill_null(False).alias("masque_numerateur"),
        pl.col("denominateur").fill_null(False).alias("masque_denominateur"),
    )


def _cells(grid: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """One row per count of households printed, with the node it is and the line it is on."""
    rows = grid.filter(pl.col("base_menages") & pl.col("nature").is_in(COUNTS) & (pl.col("seuil_secret") > 0))
    found = []
    for measure in ("numerateur", "denominateur"):
        part = rows.filter(pl.col(measure).is_not_null())
        found.append(
            part.with_columns(
                mesure=pl.lit(measure),
                valeur=pl.col(measure),
                autre=pl.col("denominateur") if measure == "numerateur" else pl.col("numerateur"),
                manquants=pl.col("inconnus").fill_null(0)
                if measure == "denominateur"
                else pl.lit(0, dtype=pl.Int64),
                propre=pl.concat_str("indicateur", pl.lit(f".{measure}")),
            )
        )
    cells = pl.concat(found)
    exact = pl.concat_str("propre", pl.lit("@"), "segment_type", pl.lit("/"), "segment")
    cells = cells.with_columns(
        noeud=exact.replace_strict(
            plan.memes, default=pl.col("propre").replace(plan.memes), return_dtype=pl.String
        ),
        _tout=exact.is_in(list(plan.memes)),
    ).with_columns(
        segment_type=pl.when("_tout").then(pl.lit(TOUS)).otherwise("segment_type"),
        segment=pl.when("_tout").then(pl.lit(TOUS)).otherwise("segment"),
    )
    # Two names of one count, unless the exact figures say otherwise.
    key = ["epci_siren", "bloc"]
    first = cells.filter(pl.col("noeud") == pl.col("propre")).select(
        *key, *LINE, "noeud", pl.col("valeur").alias("_vrai")
    )
    cells = cells.join(first.unique([*key, *LINE, "noeud"]), on=[*key, *LINE, "noeud"], how="left")
    wrong = (pl.col("_vrai") != pl.col("valeur")).any().over(*key, "propre") & ~pl.col("_tout")
    return cells.with_columns(noeud=pl.when(wrong.fill_null(False)).then("propre").otherwise("noeud")).drop(
        "_vrai"
    )


def _protect_all(blocs: list[Bloc]) -> list[Bools]:
    """What is published in each bloc, once protected: each alone, so on as many processors as there are."""
    if len(blocs) < _MANY:
        return [_protected(bloc) for bloc in blocs]
    # Not a fork: threads of the engines would be in it, stopped for ever.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        return list(pool.map(_protected, blocs, chunksize=16))


def _protected(bloc: Bloc) -> Bools:
    protect(bloc)
    return bloc.published


@dataclass(frozen=True)
class _System:
    """A bloc, and where each of its cells is in it: line, node, the node of its numerator."""

    bloc: Bloc
    line: Ints
    node: Ints
    numerator: Ints


def _system(
    rows: pl.DataFrame, forest: Forest, inside: list[tuple[str, str, str, str]], plan: Plan
) -> _System:
    """The bloc that some cells are."""
    lines = rows.select(LINE).unique(maintain_order=True).with_row_index("_ln")
    at = (
        rows.select(LINE)
        .join(lines, on=LINE, how="left", maintain_order="left")["_ln"]
        .to_numpy()
        .astype(np.int64)
    )
    rank = {name: i for i, name in enumerate(forest.nodes)}
    # A complement is published where the two counts it follows from are.
    twin = rows["noeud"].str.ends_with(".complement").to_numpy()
    names = rows["noeud"].str.replace(r"\.complement$", ".denominateur").to_list()
    node = np.array([rank[name] for name in names])
    numerator = np.array([rank[name.replace(".denominateur", ".numerateur")] if t else i
                          for name, t, i in zip(names, twin, node, strict=True)])  # fmt: skip
    shape = (lines.height, len(forest.nodes))
    value, missing = np.full(shape, FREE), np.zeros(shape)
    published, cost, sensitive = np.ones(shape, dtype=bool), np.zeros(shape), np.zeros(shape, dtype=bool)
    counts, plain = rows["valeur"].to_numpy().astype(float), ~twin
    value[at[plain], node[plain]] = counts[plain]
    np.maximum.at(missing, (at[plain], node[plain]), rows["manquants"].to_numpy().astype(float)[plain])
    np.add.at(cost, (at, node), rows["_cout"].to_numpy())
    seuil = int(rows["seuil_secret"].max() or 0)  # type: ignore[arg-type]
    hide, all_share = rows["_petit"].to_numpy() | rows["_cache"].to_numpy(), rows["_partage"].to_numpy()
    np.logical_and.at(published, (at[plain], node[plain]), ~hide[plain])
    np.logical_or.at(sensitive, (at[plain], node[plain]), all_share[plain])
    kept = rows["_garde"].to_numpy() & plain
    cost[at[kept], node[kept]] = KEPT
    for name, axe in plan.axes.items():
        on_axis = (lines["axe"] == name).to_numpy()
        for indicator in axe.nuls:
            for measure in ("numerateur", "denominateur"):
                if f"{indicator}.{measure}" in rank:
                    value[on_axis, rank[f"{indicator}.{measure}"]] = 0
    groups, nests = _structure(lines, value, rank, inside, plan)
    bloc = Bloc(forest, value, missing, published, cost, groups, nests, seuil, plan.valeurs_libres, sensitive)
    return _System(bloc, at, node, numerator)


def _primary(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """`_petit`: small itself, or all of a group share a sensitive trait (`_partage`)."""

    def small(name: str) -> pl.Expr:
        return (pl.col(name) >= 1) & (pl.col(name) < pl.col("seuil_secret"))

    is_rate, is_top = pl.col("nature") == "taux", pl.col("mesure") == "numerateur"
    everybody = is_rate & is_top & pl.col("indicateur").is_in(plan.sensibles) & (pl.col("valeur") > 0)
    everybody &= pl.col("valeur") == pl.col("autre")
    rest = pl.col("autre") - pl.col("valeur")
    of_small = is_rate & is_top & (pl.col("valeur") > 0) & (
        small("autre") | ((rest >= 1) & (rest < pl.col("seuil_secret")))
    )  # fmt: skip
    return rows.with_columns(
        _petit=(small("valeur") | of_small | everybody).fill_null(False), _partage=everybody.fill_null(False)
    )


def _costs(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """`_cout`: what masking each count costs, by its axis, its target, its size, and how recent it is."""
    axes = pl.col("axe").replace_strict({n: a.cout for n, a in plan.axes.items()}, return_dtype=pl.Float64)
    base = (
        pl.when(pl.col("segment_type") != TOUS)
        .then(pl.lit(plan.couts.segment))
        .when(pl.col("periode_type") == "semestre")
        .then(pl.lit(plan.couts.semestre))
        .otherwise(axes)
    )
    aimed = pl.col("cible").is_not_null()
    target = (
        pl.when(aimed & (pl.col("axe") == EPCI))
        .then(pl.lit(plan.couts.cible_epci))
        .when(aimed)
        .then(pl.lit(plan.couts.cible))
        .otherwise(1.0)
    )
    size = 1 + (1 + pl.col("valeur").cast(pl.Float64)).log10() / 4
    recent = 1 + pl.col("periode").str.slice(-1).cast(pl.Float64, strict=False).fill_null(0) / 1000
    factors = {f"{axis} {i}": f for axis, axe in plan.axes.items() for i, f in axe.facteurs.items()}
    factor = pl.concat_str("axe", pl.lit(" "), "indicateur").replace_strict(
        factors, default=1.0, return_dtype=pl.Float64
    )
    return rows.with_columns(_cout=base * target * size * recent * factor)


def _structure(
    lines: pl.DataFrame,
    value: np.ndarray,
    rank: Mapping[str, int],
    inside: list[tuple[str, str, str, str]],
    plan: Plan,
) -> tuple[list[Group], list[Nest]]:
    """The lines that add up to others: axes, segments, half-years to the year, neighbourhoods to communes."""
    root, members, place = -1, defaultdict(list), {}
    for ln, axe, modality, kind, _, period_type, _ in lines.iter_rows():
        place[axe, modality] = ln
        if axe == EPCI and kind == TOUS and period_type != "semestre":
            root = ln
        else:
            members[axe, kind, period_type == "semestre"].append(ln)
    groups = []
    for (axe, kind, half), own in members.items():
        present = np.asarray((value[own] < FREE).any(axis=0))
        value[np.ix_(own, np.flatnonzero(present))] = np.where(
            value[np.ix_(own, np.flatnonzero(present))] >= FREE,
            0,
            value[np.ix_(own, np.flatnonzero(present))],
        )
        group = Group(own, present, root)
        for link in plan.sommes:
            if link.axe == axe and kind == TOUS and not half:
                total = place.get((link.total.axe, link.total.modalite), -1)
                nodes = [
                    rank[n] for m in ("numerateur", "denominateur") if (n := f"{link.indicateur}.{m}") in rank
                ]
                if total >= 0 and all((value[own, n].sum() == value[total, n]) for n in nodes):
                    group.elsewhere = dict.fromkeys(nodes, total)
        groups.append(group)
    return groups, _nests(place, inside)


def _nests(place: Mapping[tuple[str, str], int], inside: list[tuple[str, str, str, str]]) -> list[Nest]:
    """Modalities of a fine axis and of a larger one that touch, put together where one touches several."""
    touching: list[tuple[set[int], set[int]]] = []
    for axe, modality, larger, name in inside:
        fine, large = place.get((axe, modality)), place.get((larger, name))
        if fine is None or large is None:
            continue
        found = ({large}, {fine})
        apart = []
        for other in touching:
            if other[0] & found[0] or other[1] & found[1]:
                found = (found[0] | other[0], found[1] | other[1])
            else:
                apart.append(other)
        touching = [*apart, found]
    return [Nest(sorted(large), sorted(fine)) for large, fine in touching]
