"""Everything that dbt makes from the sources: staging, intermediate, entrepot and marts, with their tests.

Rules of calculation belong in `dbt_project/`; this says how the graph is shown and how a failure reads.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import (
    DagsterDbtCliRuntimeError,
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    dbt_assets,
)

from assets.lecture import table_schema
from pipelines import projet_dbt, publication
from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.publication import Etape, explain_disk_text, record_checks
from pipelines.resources import Atelier, progress

NAME = "entrepot"
TAKEN_OVER = {"reprise": True}


class Traducteur(DagsterDbtTranslator):
    """Groups follow the folders of the project; several dbt sources are one asset, which loads them."""

    def __init__(self) -> None:
        super().__init__(settings=DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder of a model (`marts`, …), `seeds` for a seed."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        folder = dbt_resource_props["fqn"][1]
        return str(folder)


def build_command(*, full_refresh: bool = True) -> list[str]:
    """Return the arguments of dbt for one build: everything, from nothing, with the tests of the data.

    The unit tests of the models say nothing of the data: they run with the project's own tests.
    """
    arguments = ["build", "--no-use-colors", "--exclude-resource-type", "unit_test"]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def entrepot_assets(regles: projet_dbt.Regles) -> dg.AssetsDefinition:
    """Return the assets of the dbt project as it was read."""
    manifest = regles.manifest
    source_tables = sorted(
        str(node["identifier"]) for node in manifest["sources"].values() if node["schema"] == "sources"
    )

    @dbt_assets(manifest=manifest, name=NAME, dagster_dbt_translator=Traducteur())
    def entrepot(context: dg.AssetExecutionContext, atelier: Atelier, dbt: DbtCliResource) -> Iterator[Any]:
        base, target = atelier.chantier.base, atelier.chantier.lieu / "dbt"
        with atelier.etape("entrepot", "Calcul de l'entrepôt et contrôles"):
            with atelier.connect() as con:
                atelier.require_sources(con, source_tables)
                selection = _plan(con, atelier, regles)
            if selection is None:
                yield from _all_tables([], manifest, context.assets_def.check_specs)
                return
            events: list[Any] = []
            failure: str | None = None
            with projet_dbt.dbt_base(base, regles, _selectors(selection, manifest, atelier.chantier.lieu)):
                total = sum(not node.startswith("test.") for node in selection.noeuds)
                try:
                    for event in dbt.cli(build_command(), context=context, target_path=target).stream():
                        events.append(event)
                        if isinstance(event, dg.Output):
                            _report(sum(isinstance(e, dg.Output) for e in events), total)
                except DagsterDbtCliRuntimeError as error:
                    failure = str(error)
            durations = projet_dbt.durations(target / "run_results.json", manifest)
            atelier.account(Etape(table, seconds) for table, seconds in durations)
            if failure is None:
                with atelier.connect() as con:
                    record_checks(con, projet_dbt.warnings(target / "run_results.json", manifest))
            with duckdb.connect(str(base), read_only=True) as con:
                events = [_with_table(event, manifest, con) for event in events]
            if failure is not None:
                yield from events
                raise _failure(failure, target, manifest, atelier.chantier.dossier.root)
            if projet_dbt.executed(target / "run_results.json") != selection.noeuds:
                raise RuntimeError("dbt did not run the nodes that were selected")
            yield from _all_tables(events, manifest, context.assets_def.check_specs)

    return entrepot


def _all_tables(
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


def _plan(
    con: duckdb.DuckDBPyConnection, atelier: Atelier, regles: projet_dbt.Regles
) -> projet_dbt.Selection | None:
    """Say what to compute, once what has not changed was taken over; None when nothing at all has changed."""
    manifest = regles.manifest
    everything = projet_dbt.select_all(manifest)
    publie = atelier.published(regles.empreinte)
    if publie is None:
        return everything
    if publication.is_unchanged(con, publie):
        atelier.leave(publie)
        return None
    read = projet_dbt.source_relations(manifest)
    selection = projet_dbt.select_nodes(manifest, publication.changed_tables(con, publie, read))
    # What a model leaves beside its own table is known to no manifest.
    known = {projet_dbt.relation(node) for node in manifest["nodes"].values()}
    others = {t for t in publie.empreintes.keys() - known if t.startswith("intermediate.")}
    if not publication.take_over(con, publie, selection.reprises | others):
        return everything
    if selection.reprises:
        progress.info("%d tables reprises de la version %d", len(selection.reprises), publie.version)
    return selection


def _selectors(selection: projet_dbt.Selection, manifest: Mapping[str, Any], lieu: Path) -> Path | None:
    """Write what dbt must select; None when it is everything."""
    if not selection.reprises:
        return None
    path = lieu / "selection.txt"
    path.write_text("\n".join(selection.selectors(manifest)), encoding="utf-8")
    return path


def _report(done: int, total: int) -> None:
    progress.info("table %d sur %d", done, total, extra={"fait": done, "total": total})


def _with_table(event: Any, manifest: Mapping[str, Any], con: duckdb.DuckDBPyConnection) -> Any:
    """Add to the materialization of a table its row count and its columns; a view has neither here."""
    if not isinstance(event, dg.Output):
        return event
    node = manifest["nodes"][str(event.metadata["unique_id"].value)]
    if node["config"]["materialized"] not in {"table", "seed", "incremental"}:
        return event
    name = f"{node['schema']}.{node['alias']}"
    ((rows,),) = con.execute("select count(*) from query_table(?)", [name]).fetchall()
    metadata: dict[str, Any] = {
        **event.metadata,
        "dagster/row_count": int(rows),
        "dagster/column_schema": table_schema(con, node["schema"], node["alias"]),
    }
    return dg.Output(event.value, event.output_name, metadata=metadata)


def _failure(said: str, target: Path, manifest: Mapping[str, Any], lieu: Path) -> ObservatoireError:
    """Return the sentences of what failed; without results, what dbt said after its command line."""
    sentences = projet_dbt.failures(target / "run_results.json", manifest)
    explained = explain_disk_text(" ".join(sentences) or said, lieu)
    if explained is not None:
        return explained
    reason = said.rpartition("Errors parsed from dbt logs:")[2].strip()
    sentences = sentences or [f"Les règles de calcul n'ont pas pu être exécutées : {reason}"]
    return DonneesRefusees("\n".join([*sentences, "L'entrepôt publié n'a pas changé."]))
