"""How the tables that dbt makes, or that a build takes over, are shown to the orchestrator.

What is computed and what is not belongs in `entrepot`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from assets.apercus import by_year
from assets.lecture import table_schemas
from pipelines import projet_dbt
from pipelines.sql import identifier

TAKEN_OVER = {"reprise": True}


class Traducteur(DagsterDbtTranslator):
    """Groups follow the folders of the project; several dbt sources are one asset, which loads them.

    A check says what it proves: by its description, or by its rule where the rule is dbt's own.
    """

    def __init__(self) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder of a model (`marts`, …); what is between has a group for each subject."""
        folder, *subjects = dbt_resource_props["fqn"][1:-1]
        return "_".join([str(folder), *subjects]) if folder == "intermediate" else str(folder)

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """Return a check as dagster-dbt makes it, described."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=projet_dbt.describe_test(manifest["nodes"][unique_id]))


def all_tables(
    events: Iterable[Any], manifest: Mapping[str, Any], checks: Iterable[dg.AssetCheckSpec]
) -> Iterator[Any]:
    """Yield every table of the project, made or taken over, each after those it reads; then the checks.

    A blocking check that did not run passed when the tables that were taken over were published.
    """
    made: dict[str, Any] = {}
    results: list[dg.AssetCheckResult] = []
    others: list[Any] = []
    for event in events:
        if isinstance(event, dg.Output):
            made[str(event.metadata["unique_id"].value)] = event
        elif isinstance(event, dg.AssetCheckResult):
            results.append(event)
        else:
            others.append(event)
    for node in projet_dbt.tables_in_order(manifest):
        key = Traducteur().get_asset_key(manifest["nodes"][node])
        yield made.get(node) or dg.MaterializeResult(asset_key=key, metadata=TAKEN_OVER)
    yield from (*others, *results)
    evaluated = {(result.asset_key, result.check_name) for result in results}
    for check in checks:
        if check.blocking and (check.asset_key, check.name) not in evaluated:
            yield dg.AssetCheckResult(
                passed=True, asset_key=check.asset_key, check_name=check.name, metadata=TAKEN_OVER
            )


def with_tables(
    events: Iterable[Any], manifest: Mapping[str, Any], con: duckdb.DuckDBPyConnection
) -> list[Any]:
    """Add to the materialization of each table its row count and its columns; a view has neither here."""
    schemas = table_schemas(con)
    return [_with_table(event, manifest, con, schemas) for event in events]


def _with_table(
    event: Any,
    manifest: Mapping[str, Any],
    con: duckdb.DuckDBPyConnection,
    schemas: Mapping[tuple[str, str], dg.TableSchemaMetadataValue],
) -> Any:
    if not isinstance(event, dg.Output):
        return event
    node = manifest["nodes"][str(event.metadata["unique_id"].value)]
    if node["config"]["materialized"] not in {"table", "incremental"}:
        return event
    ((rows,),) = con.execute("select count(*) from query_table(?)", [projet_dbt.relation(node)]).fetchall()
    metadata: dict[str, Any] = {
        **event.metadata,
        "dagster/row_count": int(rows),
        "dagster/column_schema": schemas[node["schema"], node["alias"]],
    }
    if year := _year(schemas[node["schema"], node["alias"]]):
        counts = con.execute(
            f"select {identifier(year)} as annee, count(*) from query_table(?) where annee is not null "
            "group by all order by all",
            [projet_dbt.relation(node)],
        ).fetchall()
        if counts:
            metadata["lignes_par_annee"] = dg.MetadataValue.md(by_year(counts))
    return dg.Output(event.value, event.output_name, metadata=metadata)


def _year(schema: dg.TableSchemaMetadataValue) -> str | None:
    """The column that says of which year a row is; None without any."""
    whole = {column.name for column in schema.schema.columns if column.type == "INTEGER"}
    return next((name for name in ("annee", "millesime") if name in whole), None)
