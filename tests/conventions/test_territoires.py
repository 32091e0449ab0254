"""The five shipped conventions and the legal core say what the published texts say."""

import csv
from datetime import date
from pathlib import Path

import pytest

from pipelines.conventions import Convention, LigneObjectif, default_convention, load_conventions
from pipelines.errors import MauvaisUsage
from pipelines.paths import DBT_PROJECT, TERRITOIRES

CHALON, DIJON, ALES, GPS, M2A = "247100589", "242100410", "200066918", "200059228", "200066009"


@pytest.fixture(scope="module")
def territoires() -> dict[str, Convention]:
    return {c.siren: c for c in load_conventions(TERRITOIRES)}


def in_force(convention: Convention, indicateur: str, axe: str, jour: date) -> list[LigneObjectif]:
    return [
        o
        for o in convention.objectifs
        if (o.indicateur, o.axe) == (indicateur, axe) and o.debut <= jour and (o.fin is None or jour <= o.fin)
    ]


def targets(
    convention: Convention, indicateur: str, axe: str, annee: int
) -> dict[str | None, tuple[str | None, float | None]]:
    lignes = in_force(convention, indicateur, axe, date(annee, 12, 31))
    return {o.modalite: (o.operateur, o.cible) for o in lignes}


def test_five_territories(territoires: dict[str, Convention]) -> None:
    assert {s: c.slug for s, c in territoires.items()} == {
        CHALON: "grand-chalon",
        DIJON: "grand-dijon-2015",
        ALES: "ales-agglomeration",
        GPS: "grand-paris-sud",
        M2A: "mulhouse-alsace",
    }


@pytest.mark.parametrize("annee", [2021, 2023, 2028, 2029])
def test_chalon_hors_qpv(territoires: dict[str, Convention], annee: int) -> None:
    assert targets(territoires[CHALON], "hors_qpv_q1", "epci", annee) == {None: (">=", 25.0)}


def test_chalon_priority_total(territoires: dict[str, Convention]) -> None:
    convention = territoires[CHALON]
    assert targets(convention, "prioritaires", "epci", 2023) == {None: (">=", 25.0)}
    (total,) = in_force(convention, "prioritaires", "epci", date(2023, 12, 31))
    assert "42,5 %" in (total.libelle or "")


def test_chalon_axes(territoires: dict[str, Convention]) -> None:
    convention = territoires[CHALON]
    assert targets(convention, "hors_qpv_q1", "commune", 2023) == {None: (">=", 25.0)}
    assert targets(convention, "hors_qpv_q1", "commune", 2021) == {}
    en_qpv = in_force(convention, "qpv_q234", "bailleur", date(2023, 12, 31))
    noms = {b.siren: b.nom for b in convention.contenu.bailleurs}
    assert {(noms.get(o.modalite or ""), o.statut, o.cible) for o in en_qpv} == {
        ("OPAC 71", "fixe", 50.0),
        ("Habellis", "fixe", 50.0),
        (None, "sans_objet", None),
    }
    assert convention.parametres["evenement_prioritaires"] == "effective"


def test_dijon(territoires: dict[str, Convention]) -> None:
    convention = territoires[DIJON]
    assert in_force(convention, "hors_qpv_q1", "epci", date(2018, 12, 31)) == []
    # The three targets are about QPV and QVA together, never about one neighbourhood.
    assert {
        (o.axe, o.segment_type, o.segment)
        for indicateur in ("bas_revenus", "porteurs_mixite", "mal_loges")
        for o in in_force(convention, indicateur, "epci", date(2018, 12, 31))
    } == {("epci", "secteur_elargi", "qpv_et_qva")}
    assert targets(convention, "bas_revenus", "qpv", 2018) == {}
    assert targets(convention, "bas_revenus", "epci", 2018) == {None: ("<=", 40.0)}
    assert targets(convention, "porteurs_mixite", "epci", 2018) == {None: (">=", 20.0)}
    assert targets(convention, "mal_loges", "epci", 2018) == {None: ("<=", 20.0)}
    assert targets(convention, "mal_loges", "epci", 2021) == {}
    assert targets(convention, "hors_qpv_q1", "epci", 2021) == {None: (">=", 25.0)}
    assert convention.parametres["mesure_revenu"] == "pct_plafond"
    assert [m.methode for m in convention.contenu.methodes] == [
        "dijon_2015_annexe1",
        "dijon_2015_annexe2",
        "dijon_2015_annexe2_corrigee",
    ]
    assert all(m.millesimes == {} for m in convention.contenu.methodes)


def test_ales_steps(territoires: dict[str, Convention]) -> None:
    convention = territoires[ALES]
    cibles = {annee: targets(convention, "qpv_q234", "epci", annee)[None][1] for annee in range(2019, 2028)}
    assert cibles == {
        2019: 50,
        2020: 60,
        2021: 60,
        2022: 70,
        2023: 70,
        2024: 70,
        2025: 70,
        2026: 70,
        2027: 50,
    }
    assert convention.parametres["evenement_qpv"] == "prononcee"
    (promelles,) = convention.contenu.zones
    assert (promelles.zone, promelles.type) == ("promelles", "assimile")
    assert (promelles.debut, promelles.fin) == (convention.debut, convention.fin)


def test_grand_paris_sud(territoires: dict[str, Convention]) -> None:
    convention = territoires[GPS]
    assert targets(convention, "qpv_q234", "epci", 2023) == {None: (">=", 81.0)}
    assert targets(convention, "qpv_q234", "epci", 2021) == {None: (">=", 50.0)}
    assert targets(convention, "qpv_q34", "epci", 2023) == {None: (">=", 52.0)}
    assert targets(convention, "qpv_q34", "commune", 2023) == {None: (">=N-1", None)}
    assert targets(convention, "prioritaires", "reservataire", 2023) == {
        None: (">=", 25.0),
        "2": (">=", 100.0),
    }
    (mutations,) = in_force(convention, "mutations", "epci", date(2023, 12, 31))
    assert (mutations.operateur, mutations.cible_indicateur) == ("approche", "part_mutations_demande")
    assert convention.parametres["portee_seuil_q1"] == "region"


@pytest.mark.parametrize("annee", [2019, 2024])
def test_mulhouse_has_the_legal_core_only(territoires: dict[str, Convention], annee: int) -> None:
    legale = default_convention(M2A, "m2A")
    assert territoires[M2A].objectifs == legale.objectifs
    assert targets(legale, "hors_qpv_q1", "epci", annee) == {None: (">=", 25.0)}
    assert targets(legale, "qpv_q234", "epci", annee) == {None: (">=", 50.0)}
    assert targets(legale, "prioritaires", "reservataire", annee) == {None: (">=", 25.0), "2": (">=", 100.0)}
    assert targets(legale, "prioritaires", "bailleur", annee) == {None: (">=", 25.0)}


def test_legal_defaults_have_no_file_and_a_stable_fingerprint() -> None:
    une, deux = default_convention(M2A, "Un"), default_convention(CHALON, "Deux")
    assert (une.fichier, une.debut, une.fin) == (None, None, None)
    assert une.empreinte == deux.empreinte
    assert len(une.empreinte) == 64
    (essentiels,) = in_force(une, "travailleurs_essentiels", "epci", date(2022, 12, 31))
    assert (essentiels.statut, essentiels.cible) == ("suivi", None)
    assert in_force(une, "travailleurs_essentiels", "epci", date(2021, 12, 31)) == []


@pytest.mark.parametrize(
    ("siren", "nom"), [("12345678", "N"), ("abcdefghi", "N"), (CHALON, "  "), (CHALON, "x" * 300)]
)
def test_legal_defaults_refuse_what_is_not_an_epci(siren: str, nom: str) -> None:
    with pytest.raises(MauvaisUsage):
        default_convention(siren, nom)


def test_national_calendar(territoires: dict[str, Convention]) -> None:
    convention = territoires[CHALON]
    jours = {e.rapport: (e.stops(convention.debut), e.delai_jours) for e in convention.calendrier}
    assert jours["suivi_semestriel"] == (["06-30", "12-31"], 15)
    assert jours["bilan_annuel"] == (["12-31"], None)
    assert jours["tableau_de_bord"] == (["03-31", "06-30", "09-30", "12-31"], None)
    assert jours["evaluation_mi_parcours"] == (["2025-12-31"], None)
    assert jours["evaluation_finale"] == (["2028-12-31"], None)
    assert "bilan_semestriel" in {e.rapport for e in territoires[DIJON].calendrier}


def test_territories_are_real_epci(donnees_reelles: Path, territoires: dict[str, Convention]) -> None:
    with (donnees_reelles / "geo" / "epci_membres_2024.csv").open(encoding="utf-8", newline="") as fichier:
        epci = {ligne["epci_siren"] for ligne in csv.DictReader(fichier)}
    assert set(territoires) <= epci


def test_every_indicator_of_the_shipped_files_is_in_the_catalogue(territoires: dict[str, Convention]) -> None:
    with (DBT_PROJECT / "seeds" / "ref_indicateurs.csv").open(encoding="utf-8", newline="") as fichier:
        catalogue = {ligne["indicateur"] for ligne in csv.DictReader(fichier)}
    assert {o.indicateur for c in territoires.values() for o in c.objectifs} <= catalogue
