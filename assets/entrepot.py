"""Everything that dbt makes from the sources: staging, intermediate, entrepot and marts, with their tests.

Rules of calculation belong in `dbt_project/`; this says how the graph is shown and how a failure reads.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import (
    DagsterDbtCliRuntimeError,
    DbtCliResource,
    dbt_assets,
)

from assets.tables import Traducteur, all_tables, with_tables
from pipelines import journal, projet_dbt, publication
from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.publication import Etape, explain_disk_text, record_checks
from pipelines.resources import Atelier, progress

NAME = "entrepot"


def build_command(*, full_refresh: bool = True) -> list[str]:
    """Return the arguments of dbt for one build: everything, from nothing, with the tests of the data.

    The unit tests of the models and the tests of the references, which the project ships, say nothing of the
    data: they run with the project's own tests.
    """
    arguments = ["build", "--no-use-colors", "--exclude-resource-type", "unit_test"]
    arguments += ["--exclude", projet_dbt.REFERENCE_TESTS]
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
                spatial = projet_dbt.places_dwellings(con)
            if selection is None:
                yield from all_tables([], manifest, context.assets_def.check_specs)
                return
            events: list[Any] = []
            failure: str | None = None
            chosen = _selectors(selection, manifest, atelier.chantier.lieu)
            with projet_dbt.dbt_base(base, regles, chosen, spatial=spatial):
                total = sum(not node.startswith("test.") for node in selection.noeuds)
                try:
                    with journal.output_in_lines():
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
                events = with_tables(events, manifest, con)
            if failure is not None:
                yield from events
                with duckdb.connect(str(base), read_only=True) as con:
                    raise _failure(failure, target, manifest, con, atelier.chantier.dossier.root)
            if projet_dbt.executed(target / "run_results.json") != selection.noeuds:
                raise RuntimeError("dbt did not run the nodes that were selected")
            yield from all_tables(events, manifest, context.assets_def.check_specs)

    return entrepot


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
    if not publication.take_over(con, publie, selection.reprises):
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


def _failure(
    said: str, target: Path, manifest: Mapping[str, Any], con: duckdb.DuckDBPyConnection, lieu: Path
) -> ObservatoireError:
    """Return the sentences of what failed; without results, what dbt said after its command line."""
    sentences = projet_dbt.failures(target / "run_results.json", manifest, con)
    explained = explain_disk_text(" ".join(sentences) or said, lieu)
    if explained is not None:
        return explained
    reason = said.rpartition("Errors parsed from dbt logs:")[2].strip()
    sentences = sentences or [f"Les règles de calcul n'ont pas pu être exécutées : {reason}"]
    return DonneesRefusees("\n".join([*sentences, "L'entrepôt publié n'a pas changé."]))
