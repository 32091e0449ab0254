"""Whether each source has the vintages that its calendar expects, as a check of that source."""

import csv
from pathlib import Path

import dagster as dg
import duckdb

from pipelines.definitions import build_defs
from pipelines.jobs import ALERTER, BILANS, CONSTRUIRE, FRAICHEUR, dated_sources
from pipelines.paths import DBT_PROJECT
from tests.entrepot_minimal import write_minimal

DAY = "2030-06-01"


def test_every_product_with_a_calendar_is_of_a_source_that_is_read() -> None:
    with (DBT_PROJECT / "seeds" / "ref_diffusion.csv").open(encoding="utf-8", newline="") as lines:
        products = {row["produit"] for row in csv.DictReader(lines)}
    graph = build_defs().resolve_asset_graph()
    read = {key.path[-1] for key in graph.get_all_asset_keys() if key.path[0] == "sources"}
    assert set(dated_sources()) <= read
    assert all(any(product.startswith(source) for source in dated_sources()) for product in products)
    assert {key.asset_key.path[-1] for key in graph.asset_check_keys if key.name == FRAICHEUR} == set(
        dated_sources()
    )


def test_they_run_with_the_alerts_and_not_with_a_build() -> None:
    """A build reads the published warehouse of before: it would judge that one."""
    nodes = {
        name: set(build_defs().resolve_job_def(name).graph.node_dict)
        for name in (ALERTER, BILANS, CONSTRUIRE)
    }
    assert {name for name, made in nodes.items() if FRAICHEUR in made} == {ALERTER}


def test_each_source_is_judged_by_its_own_calendar(tmp_path: Path) -> None:
    path = tmp_path / "cia.duckdb"
    write_minimal(path)
    with duckdb.connect(str(path)) as con:
        con.execute(
            "insert into meta.diffusion values ('sne_demandes', 2011, null, 1, 1, 1, 45), "
            "('rpls_logements', 2011, null, 1, 0, 12, 90)"
        )
        con.execute(
            "create table meta.produits as select 'sne_demandes' as produit, 'sne' as source, 2027 as millesime"
        )
        con.execute(
            "create table meta.convention_parametres (epci_siren varchar, parametre varchar, valeur varchar)"
        )
    with dg.DagsterInstance.ephemeral() as instance:
        done = (
            build_defs()
            .resolve_job_def(ALERTER)
            .execute_in_process(
                instance=instance,
                run_config={
                    "resources": {"parametres": {"config": {"entrepot": str(path)}}},
                    "ops": {name: {"config": {"jour": DAY}} for name in ("publication__alertes", FRAICHEUR)},
                },
            )
        )
    found = {e.asset_key.path[-1]: e for e in done.get_asset_check_evaluations() if e.check_name == FRAICHEUR}
    assert set(found) == set(dated_sources())
    for source, check in found.items():
        assert check.severity == dg.AssetCheckSeverity.WARN
        assert check.metadata["jour"].value == DAY
        assert check.passed == (source not in {"sne", "rpls"})
        assert {product.split("_")[0] for product in check.metadata["en_retard"].value} <= {source}
    assert found["sne"].metadata["en_retard"].value == {"sne_demandes": [2028, 2029]}
    assert "| rpls_logements | aucun |" in found["rpls"].metadata["millesimes"].value
