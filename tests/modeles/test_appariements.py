"""The controls of matching on both sides of a bound, and what is said when one stops the build."""

import json
import shutil
from pathlib import Path

import duckdb

from pipelines import projet_dbt
from pipelines.paths import BASE_NAME
from tests.modeles.magasin import Entrepot, dbt
from tests.modeles.scenarios import A_LA_BORNE, COMMUNES, NOMS, SOUS_LA_BORNE

CONTROLE = "logement_au_repertoire"


def juge(entrepot: Entrepot, epci: str) -> list[tuple[object, ...]]:
    return entrepot.lire(
        "select annee, nombre, total, etat from meta.appariements where controle = ? and epci_siren = ?",
        [CONTROLE, epci],
    )


def test_at_the_bound_is_right_under_it_warns(entrepot: Entrepot) -> None:
    assert juge(entrepot, A_LA_BORNE) == [(2021, 32, 40, "conforme")]
    assert juge(entrepot, SOUS_LA_BORNE) == [(2021, 31, 40, "alerte")]


def test_a_year_without_its_register_is_not_judged(entrepot: Entrepot) -> None:
    lus = entrepot.lire(
        "select count(*) from meta.appariements as a where controle = ? and not exists "
        "(select 1 from entrepot.fct_logement as l where l.ident_rep is not null "
        "and l.epci_siren = a.epci_siren and l.millesime = a.annee + 1)",
        [CONTROLE],
    )
    assert lus == [(0,)]


def test_none_at_all_stops_and_says_which_rows_which_figures_and_what_to_do(
    entrepot: Entrepot, tmp_path: Path
) -> None:
    base = tmp_path / BASE_NAME
    shutil.copy(entrepot.base, base)
    commune = COMMUNES[SOUS_LA_BORNE][0]
    with duckdb.connect(str(base)) as con:
        con.execute(
            "update entrepot.fct_attribution set logement_id = null where code_commune = ?", [commune]
        )
    models = ("int_appariements", "meta_appariements", "dim_territoire")
    dbt(
        base,
        tmp_path / "dbt",
        "--quiet",
        "build",
        "--select",
        *models,
        "--exclude-resource-type",
        "unit_test",
    )
    results = tmp_path / "dbt" / "run_results.json"
    manifest = json.loads((tmp_path / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(base), read_only=True) as con:
        (said,) = projet_dbt.failures(results, manifest, con)
    (line,) = entrepot.lire(
        "select min(_ligne) from entrepot.fct_attribution where code_commune = ?", [commune]
    )[0]
    assert said.startswith(
        f"{NOMS[SOUS_LA_BORNE]}, 2021 : Baux dont le logement est au répertoire : 0 sur 40"
    )
    assert f"sne_attributions.csv, ligne {line}" in said
    assert "En cause : situation en QPV" in said
    assert "IDENT_REP" in said
