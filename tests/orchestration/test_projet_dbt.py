"""dbt called from Python: the rules read once, a failure that names what failed, nothing of the network."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest
import yaml

from pipelines import projet_dbt
from pipelines.errors import ObservatoireError

MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.o.indicateurs": {"name": "indicateurs", "schema": "marts", "alias": "indicateurs"},
        "model.o.fct_x": {"name": "fct_x", "schema": "entrepot", "alias": "fct_x"},
        "test.o.unique.1": {
            "name": "unique_indicateurs_cle",
            "column_name": "cle",
            "attached_node": "model.o.indicateurs",
        },
        "test.o.singular.2": {
            "name": "totaux",
            "depends_on": {"nodes": ["model.o.indicateurs", "model.o.fct_x"]},
        },
    },
    "unit_tests": {"unit_test.o.fct_x.seuil": {"name": "seuil", "depends_on": {"nodes": ["model.o.fct_x"]}}},
}


def sentences(tmp_path: Path, *results: dict[str, Any]) -> list[str]:
    path = tmp_path / "run_results.json"
    path.write_text(json.dumps({"results": list(results)}), encoding="utf-8")
    return projet_dbt.failures(path, MANIFEST)


def test_a_failed_test_names_test_column_model_and_rows(tmp_path: Path) -> None:
    found = sentences(
        tmp_path,
        {"unique_id": "test.o.unique.1", "status": "fail", "failures": 3, "message": "Got 3 results"},
        {"unique_id": "model.o.fct_x", "status": "success", "message": "OK"},
        {"unique_id": "test.o.singular.2", "status": "skipped", "message": None},
    )
    assert found == [
        "Le contrôle « unique_indicateurs_cle » de la colonne « cle » du modèle « marts.indicateurs » "
        "a échoué : 3 ligne(s) en défaut."
    ]


def test_other_failures_name_what_they_are_about(tmp_path: Path) -> None:
    found = sentences(
        tmp_path,
        {
            "unique_id": "unit_test.o.fct_x.seuil",
            "status": "fail",
            "failures": None,
            "message": "actual differs",
        },
        {"unique_id": "test.o.singular.2", "status": "fail", "failures": 1, "message": ""},
        {"unique_id": "model.o.fct_x", "status": "error", "message": "Binder Error"},
    )
    assert found == [
        "La table « entrepot.fct_x » n'a pas pu être calculée : Binder Error",
        "Le contrôle « totaux » du modèle « marts.indicateurs, entrepot.fct_x » "
        "a échoué : 1 ligne(s) en défaut.",
        "Le contrôle « seuil » du modèle « entrepot.fct_x » a échoué : actual differs.",
    ]


def test_a_check_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    result = {"unique_id": "test.o.somme", "status": "fail", "failures": 1, "message": ""}
    path.write_text(json.dumps({"results": [result]}), encoding="utf-8")
    manifest = {"nodes": {"test.o.somme": {"name": "somme", "description": "Corriger la base.\n"}}}
    assert projet_dbt.failures(path, manifest) == [
        "Le contrôle « somme » a échoué : 1 ligne(s) en défaut. Corriger la base."
    ]


def test_no_results_give_no_sentence(tmp_path: Path) -> None:
    assert projet_dbt.failures(tmp_path / "run_results.json", MANIFEST) == []


@pytest.fixture
def projet(tmp_path: Path) -> Path:
    folder = tmp_path / "projet"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "un.sql").write_text("select 1 as a", encoding="utf-8")
    (folder / "dbt_project.yml").write_text("name: essai\nprofile: essai\n", encoding="utf-8")
    (folder / "profiles.yml").write_text(
        "essai:\n  target: t\n  outputs:\n"
        "    t: {type: duckdb, path: \"{{ env_var('OBSERVATOIRE_BASE') }}\"}\n",
        encoding="utf-8",
    )
    return folder


def test_rules_are_read_once_and_again_when_a_file_changes(
    projet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    parse = projet_dbt._parse
    monkeypatch.setattr(projet_dbt, "_parse", lambda *args: (calls.append(1), parse(*args)))
    first = projet_dbt.read_rules(projet)
    assert projet_dbt.read_rules(projet) == first
    assert len(calls) == 1
    assert "model.essai.un" in first.manifest["nodes"]
    (projet / "models" / "deux.sql").write_text("select 2 as a", encoding="utf-8")
    second = projet_dbt.read_rules(projet)
    assert second.empreinte != first.empreinte
    assert first.lecture.is_file()
    shutil.rmtree(projet / "target")
    assert projet_dbt.read_rules(projet) == second


def test_rules_that_dbt_cannot_read_are_a_sentence(projet: Path) -> None:
    (projet / "models" / "un.sql").write_text("select * from {{ ref('absent') }}", encoding="utf-8")
    with pytest.raises(ObservatoireError, match="absent"):
        projet_dbt.read_rules(projet)


def test_dbt_keeps_quiet_towards_the_network(tmp_path: Path) -> None:
    environment = projet_dbt.dbt_environment(tmp_path / "b.duckdb")
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "False"
    assert environment["OBSERVATOIRE_BASE"].endswith("b.duckdb")
    assert Path(environment["OBSERVATOIRE_SPATIAL"]).is_file()


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux's /proc")
def test_dbt_does_not_outlive_the_build_that_asked_for_it(tmp_path: Path) -> None:
    """Killed, the build tells its children nothing; an orphan would write in the folder that the next one cleans."""
    waits = tmp_path / "manifeste"
    os.mkfifo(waits)  # read until someone writes: dbt is at work for ever
    build = subprocess.Popen(
        [
            sys.executable, "-c",
            "import os, subprocess, sys, time\n"
            "from pathlib import Path\n"
            "from pipelines import projet_dbt\n"
            "own = projet_dbt.dbt_environment(Path(sys.argv[1]))\n"
            "child = subprocess.Popen([projet_dbt.executable(), 'build'], env={**os.environ, **own, 'OBSERVATOIRE_MANIFESTE': sys.argv[2]})\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(600)",
            str(tmp_path / "w.duckdb"), str(waits),
        ],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert build.stdout is not None
    child = Path(f"/proc/{int(build.stdout.readline())}")
    # Its own watch begins with it: until then, it would see another parent, and end as well.
    time.sleep(1)
    assert child.exists()
    build.kill()
    build.wait()
    for _ in range(200):
        if not child.exists() or child.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        os.kill(int(child.name), signal.SIGKILL)
        pytest.fail("dbt is still there")


def node(
    kind: str, name: str, parents: tuple[str, ...] = (), materialized: str = "table", **config: str
) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "schema": "marts",
        "alias": name,
        "fqn": ["o", "marts", name],
        "config": {"materialized": materialized, **config},
        "depends_on": {"nodes": list(parents)},
    }


GRAPHE: dict[str, Any] = {
    "sources": {
        "source.o.sne": {"schema": "sources", "identifier": "sne"},
        "source.o.ops": {"schema": "sources", "identifier": "ops"},
        "source.o.codes": {"schema": "seeds", "identifier": "codes"},
    },
    "nodes": {
        "model.o.stg_sne": node("model", "stg_sne", ("source.o.sne",), "view"),
        "model.o.stg_ops": node("model", "stg_ops", ("source.o.ops",), "view"),
        "model.o.demandes": node("model", "demandes", ("model.o.stg_sne", "source.o.codes")),
        "model.o.occupation": node("model", "occupation", ("model.o.stg_ops",)),
        "model.o.tout": node("model", "tout", ("model.o.demandes", "model.o.occupation")),
        "test.o.t_demandes": node("test", "t_demandes", ("model.o.demandes",), "test"),
        "test.o.t_occupation": node("test", "t_occupation", ("model.o.occupation",), "test"),
        "test.o.t_lien": node("test", "t_lien", ("model.o.demandes", "model.o.occupation"), "test"),
        "test.o.t_alerte": node("test", "t_alerte", ("model.o.demandes",), "test", severity="warn"),
        "operation.o.on-run-start": node("operation", "hook"),
    },
}
GRAPHE["child_map"] = {
    parent: [u for u, n in GRAPHE["nodes"].items() if parent in n["depends_on"]["nodes"]]
    for parent in (*GRAPHE["sources"], *GRAPHE["nodes"])
}


@pytest.mark.parametrize(
    ("x", "geometrie", "spatial"), [("1.5", "'{}'", True), ("null", "'{}'", False), ("1.5", "null", False)]
)
def test_the_spatial_extension_is_for_dwellings_that_have_a_place(
    x: str, geometrie: str, spatial: bool
) -> None:
    with duckdb.connect() as con:
        con.execute("create schema sources")
        con.execute(f"create table sources.rpls_logements as select {x} as x, 48.0 as y")
        con.execute(f"create table sources.qpv_polygones as select {geometrie} as geometrie")
        assert projet_dbt.places_dwellings(con) is spatial


def test_a_build_without_dwellings_to_place_does_not_load_the_extension(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSERVATOIRE_SPATIAL", "/ailleurs/spatial")
    environment = projet_dbt.dbt_environment(tmp_path / "b.duckdb", spatial=False)
    assert "OBSERVATOIRE_SPATIAL" not in environment
    assert environment["OBSERVATOIRE_SANS_POLYGONES"] == "1"
    assert "OBSERVATOIRE_SANS_POLYGONES" not in projet_dbt.dbt_environment(tmp_path / "b.duckdb")


def test_only_what_depends_on_a_changed_source_is_made_again() -> None:
    found = projet_dbt.select_nodes(GRAPHE, {"sources.ops"})
    assert found.noeuds == {
        *("model.o.stg_sne", "model.o.stg_ops", "test.o.t_alerte"),
        *("model.o.occupation", "model.o.tout", "test.o.t_occupation", "test.o.t_lien"),
    }
    assert found.reprises == {"marts.demandes"}
    assert "fqn:o.marts.occupation" in found.selectors(GRAPHE)


def test_a_reference_that_changes_is_a_changed_source() -> None:
    found = projet_dbt.select_nodes(GRAPHE, {"seeds.codes"})
    assert {"model.o.demandes", "model.o.tout"} <= found.noeuds
    assert found.reprises == {"marts.occupation"}


def test_a_build_that_takes_nothing_over_runs_every_node() -> None:
    found = projet_dbt.select_all(GRAPHE)
    assert len(found.noeuds) == 9
    assert not found.reprises


def test_each_table_comes_after_those_it_is_made_from() -> None:
    order = projet_dbt.tables_in_order(GRAPHE)
    assert len(order) == 5
    assert order.index("model.o.stg_sne") < order.index("model.o.demandes") < order.index("model.o.tout")


def test_each_node_of_the_project_can_be_selected_alone() -> None:
    """dbt selects by name: a name that is the beginning of another one, or an operator, would take more."""
    nodes = projet_dbt.read_rules().manifest["nodes"].values()
    names = [tuple(n["fqn"]) for n in nodes if n["resource_type"] != "operation"]
    assert len(set(names)) == len(names)
    assert all(part.replace("_", "").isalnum() for name in names for part in name)
    assert not {name[:length] for name in names for length in range(1, len(name))} & set(names)


def test_the_engine_opens_with_the_settings_of_the_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt hands them to DuckDB as they are written: one that it does not understand stops every build."""
    for name in ("OBSERVATOIRE_FILS", projet_dbt.MEMORY_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    environment = projet_dbt.dbt_environment(tmp_path / "b.duckdb")
    environment["OBSERVATOIRE_FILS"] = environment[projet_dbt.CORES_VARIABLE]
    profile = (projet_dbt.DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")
    options = yaml.safe_load(profile)["observatoire"]["outputs"]["construction"]["config_options"]
    config = {
        name: jinja2.Template(str(value).replace(" | as_number", "")).render(
            env_var=lambda variable, default="": environment.get(variable, default)
        )
        for name, value in options.items()
    }
    with duckdb.connect(str(tmp_path / "b.duckdb"), config=config) as con:
        # With dbt's second thread, as many as there are processors.
        threads = max(1, (os.cpu_count() or 1) - 1)
        assert con.execute("select current_setting('threads')").fetchall() == [(threads,)]


@pytest.mark.parametrize("contenu", ["", '{"results": [{"unique_id": "mod', "{}"])
def test_results_that_a_full_disk_left_unfinished_are_none(tmp_path: Path, contenu: str) -> None:
    """What dbt could not write is no traceback: what it said tells the reason."""
    path = tmp_path / "run_results.json"
    path.write_text(contenu, encoding="utf-8")
    assert projet_dbt.durations(path, MANIFEST) == []
    assert projet_dbt.executed(path) == frozenset()
    assert projet_dbt.failures(path, MANIFEST) == []
    assert projet_dbt.warnings(path, MANIFEST) == []


def test_what_dbt_only_lists_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "run_results.json"
    listed = [
        {"unique_id": unique_id, "status": status}
        for unique_id, status in (
            ("operation.o.hook", "success"), ("model.o.fct_x", "success"), ("exposure.o.bilan", "no-op"),
        )
    ]  # fmt: skip
    path.write_text(json.dumps({"results": listed}), encoding="utf-8")
    assert projet_dbt.executed(path) == {"model.o.fct_x"}
    assert projet_dbt.failures(path, MANIFEST) == []
