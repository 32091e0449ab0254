"""The unit tests written beside the SQL models: a build does not run them, these tests do."""

import json
from pathlib import Path

from tests.modeles.magasin import Entrepot, dbt


def test_unit_tests_of_the_models_pass(entrepot: Entrepot, tmp_path: Path) -> None:
    # On the base of the scenarios: a unit test reads from the built tables the types of the columns it fills.
    fait = dbt(entrepot.base, tmp_path, "--quiet", "test", "--select", "test_type:unit")
    resultats = json.loads((tmp_path / "run_results.json").read_text(encoding="utf-8"))["results"]
    unitaires = {
        r["unique_id"].rpartition(".")[2]: r for r in resultats if r["unique_id"].startswith("unit_test.")
    }
    echecs = {nom: r["message"] for nom, r in unitaires.items() if r["status"] != "pass"}
    assert not echecs, fait.stdout[-6000:]
    assert len(unitaires) >= 10
