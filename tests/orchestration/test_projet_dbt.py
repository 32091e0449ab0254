"""dbt called from Python: the rules read once, a failure that names what failed, nothing of the network."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from assets.entrepot import build_command
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


def test_no_results_give_no_sentence(tmp_path: Path) -> None:
    assert projet_dbt.failures(tmp_path / "run_results.json", MANIFEST) == []


def test_a_build_runs_everything_with_its_tests() -> None:
    command = build_command()
    assert command[0] == "build"
    assert "--select" not in command
    assert "--vars" not in command
    # Data tests run, unit tests of the models do not.
    assert command[command.index("--exclude-resource-type") + 1] == "unit_test"


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
