"""Writes the public edition: reads the exact figures, protects them, prints the tables of the plan.

Only the order of the work and the printing belong here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines.diffusion import memoire as versions
from pipelines.diffusion.grille import COUNTS, FIGURE, nestings, planned, read_figures
from pipelines.diffusion.plan import EPCI, Plan
from pipelines.diffusion.protection import masks
from pipelines.sql import describe, qualified

SCHEMA = "diffusion"
_FIGURES = Path(__file__).with_name("figures.sql")
# A sum over a hidden row is short of it; one over several kinds of rows counts households twice.
_SOMME = (
    "Ne pas additionner d'un indicateur, d'un axe ni d'un type de période à l'autre, ni là où une ligne est "
    "masquée."
)
# What a table holds, in this order, and how its readers are told.
COLUMNS = {
    "epci_siren": "SIREN de l'intercommunalité (9 chiffres).",
    "periode_type": "Type de période : annee, semestre ou millesime (de la source).",
    "periode": "Année, semestre (suffixe -S1 ou -S2) ou millésime de la source.",
    "annee": "Année.",
    "indicateur": "Identifiant de l'indicateur.",
    "axe": "Axe de ventilation : epci, commune, qpv, bailleur, reservataire…",
    "modalite": "Code de la modalité de l'axe ; le SIREN de l'intercommunalité sur l'axe epci.",
    "modalite_libelle": "Nom de la modalité.",
    "segment_type": "Type de la ventilation supplémentaire ; « tous » s'il n'y en a pas.",
    "segment": "Valeur de la ventilation supplémentaire ; « tous » s'il n'y en a pas.",
    "numerateur": (
        f"Numérateur ; vide s'il est masqué ou si la figure n'est pas un rapport de nombres. {_SOMME}"
    ),
    "denominateur": (
        f"Dénominateur ; vide s'il est masqué ou si la figure n'est pas un rapport de nombres. {_SOMME}"
    ),
    "valeur": (
        "Valeur dans l'unité indiquée ; vide si elle est masquée ou indisponible, jamais 0 à la place. Ne "
        "pas additionner."
    ),
    "unite": "Unité : % (0 à 100), nombre, ratio, mois, eur_m2 ou eur_an_uc.",
    "cible": (
        "Cible de l'objectif ; vide s'il n'y en a pas, ou si elle est une autre figure qui est masquée. Ne "
        "pas additionner."
    ),
    "operateur": "Comparaison à la cible : >=, <=, >=N-1 (au moins le taux de l'année d'avant) ou approche.",
    "atteint": "La cible est-elle atteinte ? Vide sans cible ni valeur.",
    "statut": "Statut : publiable, secret, indisponible, sans_objet, rupture_serie ou provisoire.",
    "masque": (
        "Ce que le secret statistique masque : numerateur, denominateur, tout, valeur, ou producteur "
        "(masqué par la source) ; vide si rien ne l'est."
    ),
    "figee": (
        "Vrai si la ligne garde ce qu'une version antérieure publiait : l'année a changé de moins que le "
        "seuil, et ne sera mise à jour qu'à la clôture annuelle."
    ),
    "source": "Sources de la figure et leurs millésimes.",
    "version_methode": "Version de la définition de l'indicateur.",
}


@dataclass(frozen=True)
class Resume:
    """What a build of the public edition did; `memoire` is to be written once the edition is published."""

    tables: dict[str, int]
    lignes: int
    masquees: int
    figees: int
    memoire: pl.DataFrame


def exact_figures(con: duckdb.DuckDBPyConnection) -> str:
    """Name the exact figures of an open warehouse, as `build_public` reads them."""
    con.execute(_FIGURES.read_text(encoding="utf-8"))
    return "figures_a_diffuser"


def build_public(
    con: duckdb.DuckDBPyConnection, source: str, plan: Plan, memoires: Sequence[Path] = ()
) -> Resume:
    """Write the schema `diffusion` of `con` from the exact figures of the relation `source`.

    The same figures, plan and memory give the same tables. `memoires` are read, never written: `write_memory`
    does it with `Resume.memoire`, after the publication.
    """
    figures = read_figures(con, source, plan)
    memory = versions.read_memory(memoires)
    half = pl.col("periode_type") == "semestre"
    grid = planned(figures, plan).with_columns(
        bloc=pl.when(half)
        .then(pl.concat_str(pl.lit("annee "), "annee"))
        .otherwise(pl.concat_str("periode_type", pl.lit(" "), "periode"))
    )
    rows = versions.compare(grid, memory)
    live = rows.filter(~pl.col("figee"))
    found = masks(
        live,
        nestings(figures, plan),
        plan,
        versions.cells(live, hidden=True),
        versions.cells(live, hidden=False),
    )
    printed = _printed(rows.join(found, on="ligne", how="left", maintain_order="left"), figures, plan)
    con.execute(f"drop schema if exists {SCHEMA} cascade")
    con.execute(f"create schema {SCHEMA}")
    sizes = {name: _write(con, name, table.titre, printed) for name, table in plan.toutes().items()}
    return Resume(
        tables=sizes,
        lignes=printed.height,
        masquees=printed.filter(pl.col("masque").is_not_null()).height,
        figees=printed.filter("figee").height,
        memoire=versions.remember(printed, memory),
    )


def _printed(rows: pl.DataFrame, figures: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """What a reader sees of each row."""
    counts = pl.col("nature").is_in(COUNTS)
    small_base = (
        pl.col("base_menages") & ~counts & (pl.col("base_mesure").fill_null(0) < pl.col("seuil_secret"))
    )
    rows = _rents(rows, figures, plan).with_columns(
        *[
            # What was hidden stays so where a convention has no threshold any more: nothing is protected.
            (pl.col(m).fill_null(False) | pl.col(f"_avant_{m}").fill_null(False) & counts).alias(m)
            for m in ("masque_numerateur", "masque_denominateur")
        ],
        masque_valeur=small_base
        | pl.col("_loyer")
        | pl.col("_avant_masque_valeur").fill_null(False) & ~counts,
    )
    # A year that is kept shows what it showed; a figure it did not hold waits.
    kept, known = pl.col("figee"), pl.col("_connu")
    rows = rows.with_columns(
        *[
            pl.when(kept)
            .then(pl.col(f"_avant_masque_{m}").fill_null(True))
            .otherwise(f"masque_{m}")
            .alias(f"masque_{m}")
            for m in ("numerateur", "denominateur", "valeur")
        ],
        *[
            pl.when(kept & known).then(f"_avant_{name}").otherwise(name).alias(name)
            for name in ("numerateur", "denominateur", "valeur", "cible", "operateur", "atteint", "statut")
        ],
    )
    top = pl.col("masque_numerateur")
    base = pl.col("masque_denominateur") & (pl.col("nature") != "effectif")
    nobody = (pl.col("nature") == "taux") & ~top & (pl.col("numerateur") == 0)
    hidden = pl.col("masque_valeur") & ~counts | top | base & ~nobody
    producer = pl.col("statut") == "secret"
    rows = rows.with_columns(
        masque=pl.when(top & base).then(pl.lit("tout")).when(top).then(pl.lit("numerateur"))
        .when(base).then(pl.lit("denominateur")).when(hidden).then(pl.lit("valeur"))
        .when(producer).then(pl.lit("producteur")),
        numerateur=pl.when(~top).then("numerateur"),
        denominateur=pl.when(~base).then("denominateur"),
        valeur=pl.when(hidden).then(None).when(base & nobody).then(0.0).otherwise("valeur"),
        statut=pl.when(hidden).then(pl.lit("secret")).otherwise("statut"),
    )  # fmt: skip
    return _targets(rows, plan)


def _rents(rows: pl.DataFrame, figures: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """`_loyer`: a mean rent that rests on too few dwellings or landlords, or on an unknown number."""
    rule, place = plan.loyer, ["epci_siren", "periode_type", "periode", "axe", "modalite"]
    stock = figures.filter((pl.col("indicateur") == rule.base) & (pl.col("segment_type") == "tous"))
    crossed = f"{rule.axe_bailleur} x "
    of_each = stock.filter(pl.col("axe").str.starts_with(crossed)).with_columns(
        axe=pl.col("axe").str.strip_prefix(crossed),
        modalite=pl.col("modalite").str.splitn(" x ", 2).struct.field("field_1"),
    )
    of_all = stock.filter(pl.col("axe") == rule.axe_bailleur).with_columns(
        axe=pl.lit(EPCI), modalite=pl.col("epci_siren")
    )
    owners = (
        pl.concat([of_each, of_all])
        .filter(pl.col("numerateur") > 0)
        .group_by(place)
        .agg(pl.len().alias("_bailleurs"))
    )
    dwellings = stock.select(*place, pl.col("numerateur").alias("_logements"))
    own = pl.col("axe") == rule.axe_bailleur
    enough = (pl.col("_logements") >= rule.logements_minimum) & (
        own | (pl.col("_bailleurs") >= rule.bailleurs_minimum)
    )
    rent = pl.col("indicateur").is_in(rule.indicateurs) & pl.col("valeur").is_not_null()
    return (
        rows.join(dwellings, on=place, how="left", maintain_order="left")
        .join(owners, on=place, how="left", maintain_order="left")
        .with_columns(_loyer=rent & ~enough.fill_null(False))
    )


def _targets(rows: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """A target that is another figure is printed where that figure is; a comparison, where both are.

    Where the year before keeps what it said, so does the target that it is: the difference would be what has
    changed.
    """
    place = [name for name in FIGURE if name not in ("periode", "indicateur")]
    shown = (
        rows.filter(pl.col("valeur").is_not_null() & (pl.col("periode_type") == "annee"))
        .select(
            *place, "annee", "indicateur", pl.col("valeur").alias("_vu"), pl.col("figee").alias("_vu_figee")
        )
        .unique([*place, "annee", "indicateur"])
    )
    derived = pl.col("operateur").is_in(list(plan.cibles_derivees))
    others = {name: other for name, other in plan.cibles_derivees.items() if other}
    before = [name for name, other in plan.cibles_derivees.items() if not other]
    last_year = pl.col("operateur").is_in(before).fill_null(False)
    rows = rows.with_columns(
        _autre=pl.col("operateur").replace_strict(
            others, default=pl.col("indicateur"), return_dtype=pl.String
        ),
        _an=pl.col("annee") - last_year.cast(pl.Int32),
        _type=pl.lit("annee"),
    )  # fmt: skip
    keys = [*["_type" if name == "periode_type" else name for name in place], "_an", "_autre"]
    rows = rows.join(
        shown, left_on=keys, right_on=[*place, "annee", "indicateur"], how="left", maintain_order="left"
    )
    kept = last_year & pl.col("_vu_figee").fill_null(False) & ~pl.col("figee")
    rows = rows.with_columns(
        cible=pl.when(kept).then("_vu").when(derived & pl.col("_vu").is_null()).then(None).otherwise("cible"),
        atteint=pl.when(kept).then(pl.col("valeur") >= pl.col("_vu")).otherwise("atteint"),
    )
    return rows.with_columns(
        atteint=pl.when(pl.col("valeur").is_not_null() & pl.col("cible").is_not_null()).then("atteint")
    )


def _write(con: duckdb.DuckDBPyConnection, name: str, title: str, printed: pl.DataFrame) -> int:
    rows = printed.filter(pl.col("table") == name).select(list(COLUMNS)).sort(FIGURE)
    table = qualified(SCHEMA, name)
    con.register("_diffusion", rows.to_arrow())
    con.execute(f"create table {table} as select * from _diffusion")
    con.unregister("_diffusion")
    describe(con, table, f"{title}.", COLUMNS)
    return rows.height
