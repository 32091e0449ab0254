"""What the six read sources have in common: read the landing folder, load the base, show the account.

How a file is read belongs in `pipelines.ingestion`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import duckdb

from assets.apercus import by_year
from pipelines import ingestion
from pipelines.errors import DonneesRefusees
from pipelines.resources import Atelier, progress

GROUP = "sources"
DEPOT = dg.AssetKey([GROUP, "depot"])
CHECK = "validation"


def source_asset(
    source: str, description: str, deps: Sequence[dg.AssetsDefinition] = ()
) -> dg.AssetsDefinition:
    """Return the asset that reads one source of the landing folder into the base under construction.

    `deps` are the assets whose tables are needed to tell what is one thing: landlords' mergers.
    """
    key = dg.AssetKey(["sources", source])

    @dg.asset(
        key=key,
        group_name=GROUP,
        deps=[DEPOT, *deps],
        description=description,
        kinds={"python", "duckdb"},
        check_specs=[
            dg.AssetCheckSpec(
                CHECK,
                asset=key,
                blocking=True,
                description="Lignes refusées, par règle, dans la tolérance de la source.",
            )
        ],
    )
    def read(atelier: Atelier) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[Any]]:
        parametres = atelier.parametres
        dossier = atelier.chantier.dossier
        with atelier.etape(f"sources/{source}", f"Lecture de {source}"):
            try:
                comptes = ingestion.ingest(
                    source,
                    parametres.landing_folder(),
                    dossier.magasin,
                    parametres.pseudonym_key(),
                    ingestion.Options(threads=parametres.threads(), progression=progress.info),
                )
            except DonneesRefusees as refusal:
                yield dg.AssetCheckResult(
                    check_name=CHECK,
                    asset_key=key,
                    passed=False,
                    metadata={"refus": dg.MetadataValue.text(str(refusal))},
                )
                raise
            with atelier.connect() as con:
                rows = ingestion.load(con, source, comptes)
                account = _account(con, source)
                rules = _failing_rules(con, rows)
                columns = _columns(con, rows)
                vintages = _vintages(con, source)
        yield dg.MaterializeResult(asset_key=key, metadata={**account, **vintages, **columns})
        yield dg.AssetCheckResult(check_name=CHECK, asset_key=key, passed=True, metadata=rules)

    return read


def _account(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, int]:
    files, *counts = con.execute(
        "select count(*), sum(lignes_lues), sum(lignes_gardees), sum(lignes_fusionnees), "
        "sum(lignes_quarantaine), sum(lignes_doublons) from meta.verrou where source = ?",
        [source],
    ).fetchall()[0]
    names = ("lignes_lues", "dagster/row_count", "lignes_fusionnees", "lignes_quarantaine", "lignes_doublons")
    return {"fichiers": int(files), **{name: int(n or 0) for name, n in zip(names, counts, strict=True)}}


def _vintages(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, Any]:
    """Rows kept of each product by vintage: what came, and what did not, is seen at once."""
    found: dict[str, list[tuple[int, int]]] = {}
    for produit, millesime, rows in con.execute(
        "select produit, millesime, sum(lignes_gardees) from meta.verrou "
        "where source = ? and produit is not null and millesime is not null group by all order by all",
        [source],
    ).fetchall():
        found.setdefault(str(produit), []).append((int(millesime), int(rows or 0)))
    return {f"{produit}/millesimes": dg.MetadataValue.md(by_year(rows)) for produit, rows in found.items()}


def _failing_rules(con: duckdb.DuckDBPyConnection, tables: dict[str, int]) -> dict[str, Any]:
    failing: dict[str, Any] = {}
    for table in sorted(tables):
        for rule, count in con.execute(
            "select regle, count(*) from query_table(?) group by all order by all", [f"quarantaine.{table}"]
        ).fetchall():
            failing[f"{table} : {rule}"] = int(count)
    return failing


def _columns(con: duckdb.DuckDBPyConnection, tables: dict[str, int]) -> dict[str, Any]:
    schemas = table_schemas(con)
    return {f"{table}/colonnes": schemas["sources", table] for table in sorted(tables)}


def table_schemas(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dg.TableSchemaMetadataValue]:
    """Return the columns of every table with their types and comments, as the Dagster page shows them."""
    columns: dict[tuple[str, str], list[dg.TableColumn]] = {}
    for schema, table, name, kind, comment in con.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append(dg.TableColumn(name, type=kind, description=comment))
    return {key: dg.MetadataValue.table_schema(dg.TableSchema(of_one)) for key, of_one in columns.items()}
