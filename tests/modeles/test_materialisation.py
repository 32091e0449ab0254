"""How a table is made: under its name, in the order of its contract, or refused with the column that breaks it."""

import json
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.paths import BASE_NAME, DBT_PROJECT
from pipelines.projet_dbt import dbt_environment, executable

COLUMNS = [
    {"name": "cle", "data_type": "bigint", "description": "Clé.", "constraints": [{"type": "not_null"}]},
    {
        "name": "part",
        "data_type": "decimal(6, 2)",
        "description": "La part d'un « groupe ».",
        "config": {"meta": {"valeurs": ["0.50", "0.25"]}},
    },
]
MODELS = {
    "bon": "select cast(0.5 as decimal(6, 2)) as part, cast(1 as bigint) as cle",
    "autre_type": "select cast(0.5 as decimal(6, 2)) as part, 1 as cle",
    "en_trop": "select cast(0.5 as decimal(6, 2)) as part, cast(1 as bigint) as cle, 2 as intruse",
    "sans_part": "select cast(1 as bigint) as cle",
    "cle_double": "select cast(0.5 as decimal(6, 2)) as part, cast(1 as bigint) as cle union all select 0.25, 1",
    "autre_valeur": "select cast(0.7 as decimal(6, 2)) as part, cast(1 as bigint) as cle",
    "valeur_absente": "select cast(0.5 as decimal(6, 2)) as part, cast(null as bigint) as cle",
}


@pytest.fixture
def projet(tmp_path: Path) -> Path:
    """A project of one contract, with the product's own way to make a table."""
    dossier = tmp_path / "projet"
    (dossier / "models").mkdir(parents=True)
    (dossier / "macros").mkdir()
    shutil.copy(DBT_PROJECT / "macros" / "materialisation.sql", dossier / "macros")
    docs = {"relation": True, "columns": True}
    reglages = {"name": "essai", "profile": "observatoire", "models": {"essai": {"+materialized": "table"}}}
    reglages["models"]["essai"]["+persist_docs"] = docs  # type: ignore[index]
    (dossier / "dbt_project.yml").write_text(yaml.safe_dump(reglages), encoding="utf-8")
    reglage = {"contract": {"enforced": True}, "meta": {"cle": ["cle"]}}
    contrat = {"config": reglage, "description": "Une table.", "columns": COLUMNS}
    decrits = [{"name": nom, **contrat} for nom in MODELS]
    (dossier / "models" / "m.yml").write_text(yaml.safe_dump({"models": decrits}), encoding="utf-8")
    for nom, sql in MODELS.items():
        (dossier / "models" / f"{nom}.sql").write_text(sql, encoding="utf-8")
    return dossier


def test_a_table_has_the_columns_of_its_contract_or_is_refused(projet: Path, tmp_path: Path) -> None:
    base = tmp_path / BASE_NAME
    commande = [executable(), "--quiet", "run", "--full-refresh", "--project-dir", str(projet)]
    commande += ["--profiles-dir", str(DBT_PROJECT)]
    commande += ["--target-path", str(tmp_path / "t"), "--log-path", str(tmp_path / "t")]
    # Twice: what is there is replaced.
    for _ in range(2):
        subprocess.run(commande, env=dbt_environment(base), capture_output=True, check=False)
        lus = json.loads((tmp_path / "t" / "run_results.json").read_text(encoding="utf-8"))["results"]
        messages = {r["unique_id"].rpartition(".")[2]: (r["status"], r["message"]) for r in lus}
        assert messages.pop("bon")[0] == "success"
        assert {statut for statut, _ in messages.values()} == {"error"}
        assert "cle is INTEGER, the contract says bigint" in messages["autre_type"][1]
        assert "intruse is not in the contract" in messages["en_trop"][1]
        assert "part" in messages["sans_part"][1]
        assert "1 groupe(s) de lignes partagent une clé (cle)" in messages["cle_double"][1]
        assert "1 ligne(s) où « part » n'est pas une des valeurs admises" in messages["autre_valeur"][1]
        assert "NOT NULL constraint failed: valeur_absente.cle" in messages["valeur_absente"][1]
    with duckdb.connect(str(base), read_only=True) as con:
        assert con.execute("select table_name, comment from duckdb_tables()").fetchall() == [
            ("bon", "Une table.")
        ]
        assert con.execute(
            "select column_name, data_type, is_nullable, comment from duckdb_columns() where not internal"
        ).fetchall() == [
            ("cle", "BIGINT", False, "Clé."),
            ("part", "DECIMAL(6,2)", True, "La part d'un « groupe »."),
        ]
