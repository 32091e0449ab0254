"""The rows of the public tables: a complete grid of what the plan names, with the exact counts.

A modality without households has a row of zeros, so that the existence of a row says nothing. No mask is
decided here.
"""

import duckdb
import polars as pl

from pipelines.diffusion.plan import EPCI, TOUS, Plan
from pipelines.errors import MauvaisUsage
from pipelines.sql import identifier

FIGURE = ["epci_siren", "periode_type", "periode", "indicateur", "axe", "modalite", "segment_type", "segment"]
_READ = [
    *FIGURE, "annee", "modalite_libelle", "numerateur", "denominateur", "inconnus", "valeur", "unite",
    "cible", "operateur", "atteint", "statut", "source", "version_methode", "base_menages", "seuil_secret",
    "nature", "base_mesure",
]  # fmt: skip
COUNTS = ["effectif", "taux", "ratio"]


def read_figures(con: duckdb.DuckDBPyConnection, source: str, plan: Plan) -> pl.DataFrame:
    """The exact figures that the plan may need: its own, and those that tell modalities and nestings."""
    tables = plan.toutes().values()
    indicators = sorted({i for table in tables for i in table.indicateurs} | {plan.loyer.base})
    axes = sorted(
        {a for table in tables for a in table.axes}
        | {EPCI}
        | {axe.contenu_dans.croisement for axe in plan.axes.values() if axe.contenu_dans}
        | {f"{plan.loyer.axe_bailleur} x {axis}" for axis in plan.axes}
    )
    segments = sorted({s for table in tables for s in table.segments} | {TOUS})
    periods = sorted({p for table in tables for p in table.periodes})
    name = ".".join(identifier(part) for part in source.split("."))
    return con.execute(
        f"select {', '.join(_READ)} from {name} where list_contains(?, indicateur) and list_contains(?, axe) "
        "and list_contains(?, segment_type) and list_contains(?, periode_type) order by all",
        [indicators, axes, segments, periods],
    ).pl()


def planned(figures: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """One row per table and figure of the plan, those without a figure included."""
    wanted = pl.DataFrame(
        [
            (siren, rank, name, indicator, axis, segment, period)
            for siren in figures["epci_siren"].unique().sort()
            for rank, (name, table) in enumerate(plan.tables_de(siren).items())
            for indicator in table.indicateurs
            for axis in table.axes
            for segment in table.segments
            for period in table.periodes
        ],
        schema=["epci_siren", "rang", "table", "indicateur", "axe", "segment_type", "periode_type"],
        orient="row",
    )
    plain = figures.filter(~pl.col("axe").str.contains(" x ", literal=True))
    facts = plain.group_by("epci_siren", "indicateur", "periode_type", "periode").agg(
        pl.col(
            "annee", "unite", "base_menages", "nature", "version_methode", "seuil_secret", "source"
        ).first()
    )
    _refuse_closed_levels(wanted, facts, plan)
    rows = (
        wanted.join(facts, on=["epci_siren", "indicateur", "periode_type"])
        .join(_modalities(plain, plan), on=["epci_siren", "axe"])
        .filter((pl.col("annee") >= pl.col("_debut")) & (pl.col("annee") <= pl.col("_fin")))
        .join(_segments(plain, plan), on=["indicateur", "segment_type"])
    )
    own = figures.select(
        *FIGURE, "numerateur", "denominateur", "inconnus", "valeur", "cible", "operateur", "atteint",
        "statut", pl.col("source").alias("_source"), "base_mesure",
    )  # fmt: skip
    rows = rows.join(own, on=FIGURE, how="left").with_columns(
        source=pl.coalesce("_source", "source"), _absent=pl.col("statut").is_null()
    )
    # Nobody is counted where the source of the figure was read and says nothing; a measure is not 0 for that.
    nobody = pl.col("_absent") & pl.col("nature").is_in(COUNTS)
    zero = pl.lit(0, dtype=pl.Int64)
    return (
        rows.with_columns(
            numerateur=pl.when(nobody).then(zero).otherwise("numerateur"),
            denominateur=pl.when(nobody & (pl.col("nature") != "effectif"))
            .then(zero)
            .otherwise("denominateur"),
            valeur=pl.when(nobody & (pl.col("nature") == "effectif")).then(0.0).otherwise("valeur"),
            statut=pl.when(nobody & (pl.col("nature") == "effectif"))
            .then(pl.lit("publiable"))
            .otherwise(pl.col("statut").fill_null("indisponible")),
        )
        .drop("_debut", "_fin", "_source", "_absent")
        .sort("rang", *FIGURE)
        .with_row_index("ligne")
    )


def _refuse_closed_levels(wanted: pl.DataFrame, facts: pl.DataFrame, plan: Plan) -> None:
    """Above the territory only what a producer publishes: our figures would be sums of territories."""
    above = [name for name, axe in plan.axes.items() if axe.donnees_ouvertes]
    ours = wanted.filter(pl.col("axe").is_in(above)).join(
        facts.filter(pl.col("base_menages") | (pl.col("nature") != "mesure")), on=["epci_siren", "indicateur"]
    )
    if ours.height:
        table, indicator = ours.sort("rang").select("table", "indicateur").row(0)
        raise MauvaisUsage(
            f"plan de diffusion, table « {table} » : {indicator} ne se publie pas au-dessus de "
            "l'intercommunalité ; seules les statistiques publiées par leur producteur le sont"
        )


def _modalities(plain: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """The modalities of each axis of a territory, the years they are listed for, their most recent name."""
    always = [name for name, axe in plan.axes.items() if axe.grille == "toujours"]
    found = (
        plain.filter(~pl.col("modalite").is_in(plan.modalites_exclues))
        .sort("annee", "modalite_libelle")
        .group_by("epci_siren", "axe", "modalite")
        .agg(
            pl.col("modalite_libelle").last(),
            pl.col("annee").min().alias("_debut"),
            pl.col("annee").max().alias("_fin"),
        )
    )
    whole = pl.col("axe").is_in(always)
    return found.with_columns(
        _debut=pl.when(whole).then(pl.col("_debut").min()).otherwise("_debut"),
        _fin=pl.when(whole).then(pl.col("_fin").max()).otherwise("_fin"),
    )


def _segments(plain: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    return (
        plain.filter(~pl.col("segment").is_in(plan.modalites_exclues))
        .select("indicateur", "segment_type", "segment")
        .unique()
    )


def nestings(figures: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Which modality of a fine axis lies in which of a larger one, from the figures of their crossing."""
    found = [
        pl.DataFrame(schema=dict.fromkeys(("epci_siren", "axe", "modalite", "axe_large", "large"), pl.String))
    ]
    for name, axe in plan.axes.items():
        if axe.contenu_dans is None:
            continue
        fine_first = axe.contenu_dans.croisement.split(" x ")[0] == name
        parts = pl.col("modalite").str.splitn(" x ", 2)
        fine, large = ("field_0", "field_1") if fine_first else ("field_1", "field_0")
        found.append(
            figures.filter(pl.col("axe") == axe.contenu_dans.croisement)
            .select(
                "epci_siren",
                pl.lit(name).alias("axe"),
                parts.struct.field(fine).alias("modalite"),
                pl.lit(axe.contenu_dans.axe).alias("axe_large"),
                parts.struct.field(large).alias("large"),
            )
            .unique()
        )
    return pl.concat(found).sort("epci_siren", "axe", "modalite", "large")
