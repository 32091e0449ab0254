"""What a build does not run, since it says nothing of the data: the unit tests of the models, the tests of the references."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.projet_dbt import REFERENCE_TESTS
from tests.modeles.magasin import Entrepot, dbt


def failed(entrepot: Entrepot, cible: Path, *selection: str) -> tuple[int, dict[str, str]]:
    """How many tests ran, and what the failed ones say."""
    # Tests of other files read the base at the same time, and dbt opens it for itself.
    base = cible / entrepot.base.name
    shutil.copy(entrepot.base, base)
    fait = dbt(base, cible, "--quiet", "test", *selection)
    resultats = json.loads((cible / "run_results.json").read_text(encoding="utf-8"))["results"]
    joues = [r for r in resultats if r["unique_id"].startswith(("unit_test.", "test."))]
    echecs = {
        r["unique_id"]: f"{r['message']}\n{fait.stdout[-3000:]}" for r in joues if r["status"] != "pass"
    }
    return len(joues), echecs


def test_unit_tests_of_the_models_pass(entrepot: Entrepot, tmp_path: Path) -> None:
    # On the base of the scenarios: a unit test reads from the built tables the types of the columns it fills.
    joues, echecs = failed(entrepot, tmp_path, "--select", "test_type:unit")
    assert not echecs
    assert joues >= 10


def test_the_files_that_the_project_ships_keep_their_rules(entrepot: Entrepot, tmp_path: Path) -> None:
    joues, echecs = failed(entrepot, tmp_path, "--select", REFERENCE_TESTS)
    assert not echecs
    assert joues >= 100


@pytest.mark.parametrize(("numeros", "etat"), [(0, "fail"), (1, "pass")])
def test_the_open_register_beside_the_restricted_one_stops(
    entrepot: Entrepot, tmp_path: Path, numeros: int, etat: str
) -> None:
    """The same commune and vintage in two layouts: dwellings would count twice where one of them has no number."""
    base = tmp_path / entrepot.base.name
    shutil.copy(entrepot.base, base)
    with duckdb.connect(str(base)) as con:
        con.execute(
            "insert into sources.rpls_logements by name select * replace ('ouvert' as disposition, "
            "case when ? = 1 then 'X' || ident_rep end as ident_rep) from sources.rpls_logements "
            "where ident_rep is not null limit 1",
            [numeros],
        )
    dbt(base, tmp_path, "--quiet", "test", "--select", "presentations_melees")
    lus = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    assert [r["status"] for r in lus if r["unique_id"].endswith(".presentations_melees")] == [etat]
