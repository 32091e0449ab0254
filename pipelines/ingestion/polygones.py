"""Polygons that a column of a table holds: each judged, and brought to one writing (GeoJSON).

What a polygon must be belongs in `projections`; files that are GeoJSON themselves, in `geojson`.
"""

from pathlib import Path

import duckdb
import polars as pl

from pipelines.ingestion.declarations import Produit, ident, quote
from pipelines.ingestion.ouverture import Ecart
from pipelines.ingestion.projections import UNUSABLE, judge, polygon_warnings


def settle_polygons(
    con: duckdb.DuckDBPyConnection, produit: Produit, lignes: str, parquet: Path
) -> tuple[list[Ecart], list[tuple[str, str]]]:
    """Take out of the normalised rows those whose polygon is none; the others have it as GeoJSON.

    Args:
        con: a connection.
        produit: the product.
        lignes: SQL of the normalised rows, with `_rang` and `_ligne`.
        parquet: where they are; written again when they hold a polygon.

    Returns:
        The lines taken out, and the warnings: rule and message.
    """
    ecarts: list[Ecart] = []
    alertes: list[tuple[str, str]] = []
    for champ in produit.champs:
        if champ.polygone is None:
            continue
        nom = ident(champ.nom)
        lues = con.execute(
            f"SELECT _rang, _ligne, {nom} FROM {lignes} WHERE {nom} IS NOT NULL AND ({champ.polygone}) "
            "ORDER BY _rang"
        ).fetchall()
        if not lues:
            continue
        polygones = judge([texte for _, _, texte in lues])
        juges = [(rang, ligne, p) for (rang, ligne, _), p in zip(lues, polygones, strict=True)]
        ecarts += [Ecart(ligne, champ.nom, UNUSABLE, p.defaut) for _, ligne, p in juges if p.defaut]
        alertes += polygon_warnings([(ligne, p) for _, ligne, p in juges], "lignes")
        vus = pl.DataFrame(
            [(rang, p.texte, bool(p.defaut)) for rang, _, p in juges],
            schema={"_rang": pl.Int64, "texte": pl.String, "ecarte": pl.Boolean},
            orient="row",
        )
        con.register("polygones_vus", vus)
        ecrit = parquet.with_name("polygones.parquet")
        con.execute(
            f"COPY (SELECT r.* EXCLUDE (_rang) REPLACE (coalesce(p.texte, r.{nom}) AS {nom}) "
            f"FROM {lignes} AS r LEFT JOIN polygones_vus AS p USING (_rang) "
            "WHERE p.ecarte IS NOT TRUE ORDER BY r._rang) "
            f"TO {quote(str(ecrit))} (FORMAT parquet, COMPRESSION zstd)"
        )
        con.unregister("polygones_vus")
        ecrit.replace(parquet)
    return ecarts, alertes
