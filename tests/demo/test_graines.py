"""The reference data: declared, and equal to what the producers published."""

import csv
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.paths import DBT_PROJECT
from pipelines.references import territory

GRAINES = DBT_PROJECT / "seeds"
EPCI = {"247100589", "242100410", "200066918", "200059228", "200066009"}


def _lire(chemin: Path, delimiteur: str = ",") -> list[dict[str, str]]:
    with chemin.open(encoding="utf-8-sig", newline="") as flux:
        return list(csv.DictReader(flux, delimiter=delimiteur))


def _graine(nom: str) -> list[dict[str, str]]:
    return _lire(GRAINES / f"{nom}.csv")


def _descriptions() -> dict[str, dict[str, Any]]:
    declarees = yaml.safe_load((DBT_PROJECT / "models/staging/_references.yml").read_text(encoding="utf-8"))
    return {
        table.get("meta", {}).get("fichier", table["name"]): table
        for source in declarees["sources"]
        for table in source["tables"]
    }


def test_every_file_is_declared_with_its_columns_in_order() -> None:
    descriptions = _descriptions()
    assert sorted(descriptions) == sorted(chemin.stem for chemin in GRAINES.glob("*.csv"))
    for nom, table in descriptions.items():
        with (GRAINES / f"{nom}.csv").open(encoding="utf-8", newline="") as flux:
            assert [c["name"] for c in table["columns"]] == next(csv.reader(flux)), nom
        assert table["description"], nom
        assert all(c["data_type"] for c in table["columns"]), nom


def test_correspondence_holds_every_qpv_of_both_generations() -> None:
    lignes = _graine("ref_qpv_correspondance")
    quartiers = [q for siren in EPCI for q in territory(siren).quartiers]  # type: ignore[union-attr]
    for generation in ("2015", "2024"):
        attendus = {q.code for q in quartiers if q.generation == int(generation)}
        assert {r[f"code_qpv_{generation}"] for r in lignes} - {""} == attendus
    scissions = {r["code_qpv_2024"] for r in lignes if r["code_qpv_2015"] == "QP068005"}
    assert scissions == {"QN06805M", "QN06806M"}
    assert all(r["methode"] for r in lignes)


def test_thresholds_are_the_printed_ones(donnees_reelles: Path) -> None:
    imprimes = {
        (r["epci_siren"], r["seuil_eur"])
        for r in _lire(donnees_reelles / "referentiels/arrete_2020_extrait_annexe.csv")
    }
    graine = _graine("ref_seuils_q1")
    assert {(r["code"], r["seuil"]) for r in graine if r["annee"] == "2020"} == imprimes
    autres = {(r["annee"], r["code"]): r["seuil"] for r in graine if r["annee"] != "2020"}
    assert autres == {("2021", "247100589"): "8958", ("2022", "11"): "10674", ("2018", "200066918"): "6288"}
    assert all(r["source"] for r in graine)


def test_ceilings_are_the_published_ones_in_euros(donnees_reelles: Path) -> None:
    publies = {
        (r["produit"], "7" if r["categorie"] == "supp" else r["categorie"], r["zone"], r["date_effet"]): r[
            "plafond_eur"
        ]
        for r in _lire(donnees_reelles / "referentiels/plafonds_plus_plai.csv")
    }
    graine = {(r["produit"], r["categorie"], r["zone"], r["date_effet"]): r for r in _graine("ref_plafonds")}
    assert publies.keys() <= graine.keys()
    corriges = set()
    for cle, valeur in publies.items():
        ligne = graine[cle]
        assert ligne["valeur_publiee"] == valeur
        if ligne["devise_publiee"] == "FRF":
            assert float(ligne["plafond_eur"]) == pytest.approx(float(valeur) / 6.55957, abs=0.01)
        elif ligne["plafond_eur"] != valeur:
            corriges.add((cle, ligne["plafond_eur"]))
    assert corriges == {(("PLAI", "2", "paris_communes_limitrophes", "2022-01-01"), "21805")}


def test_ceilings_never_jump() -> None:
    """A misprint or a mixed currency shows as a jump between two years: euros alone move by less than 10
    %."""
    series: dict[tuple[str, str, str], list[tuple[str, float]]] = {}
    for r in _graine("ref_plafonds"):
        if r["date_effet"] >= "2010":
            cle = (r["produit"], r["categorie"], r["zone"])
            series.setdefault(cle, []).append((r["date_effet"], float(r["plafond_eur"])))
    for cle, valeurs in series.items():
        suites = [v for _, v in sorted(valeurs)]
        assert all(0.95 < apres / avant < 1.12 for avant, apres in pairwise(suites)), cle


def test_funding_codes_are_those_of_the_dictionary(donnees_reelles: Path) -> None:
    dictionnaire = (donnees_reelles / "rpls/dictionnaire_rpls_2018.csv").read_text(encoding="utf-8-sig")
    codes = {r["code"] for r in _graine("ref_financements")}
    assert codes == {
        "10",
        "11",
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "49",
        "50",
        "51",
        "52",
        "53",
        "54",
        "55",
        "99",
    }
    assert all(f"{code} = " in dictionnaire for code in codes)


def test_every_departement_belongs_to_a_region_that_exists() -> None:
    regions = {r["code_region"] for r in _graine("ref_regions")}
    departements = _graine("ref_departements")
    assert len(departements) == 101
    assert {d["code_region"] for d in departements} == regions
    plafonds = {r["code"]: r["zone"] for r in _graine("ref_zones_plafonds") if r["niveau"] == "departement"}
    assert plafonds.keys() == {d["code_departement"] for d in departements}
    assert {d for d, z in plafonds.items() if z == "ile_de_france"} == {
        "75",
        "77",
        "78",
        "91",
        "92",
        "93",
        "94",
        "95",
    }
