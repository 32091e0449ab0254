"""What the bilan shows of the other marts: readings, gaps, residences, criteria, publics, sectors."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.bilan import donnees, lieux, publics, saisies, semestriel, sensibilite
from pipelines.bilan.complements import (
    Complements,
    Critere,
    Croisee,
    Ecart,
    Evolution,
    Issue,
    Lecture,
    Profil,
    Residence,
    Secteur,
)
from pipelines.bilan.document import Bloc, Paragraphe, Section, Tableau, texte
from pipelines.bilan.donnees import Chiffre, Donnees, Saisie

EPCI, ANNEE = "247100589", 2021
LECTURE = Lecture(
    "hors_qpv_q1", "tous", "tous", 1, "evenement_hors_qpv", "bail_signe", True, 82, 681, 12.04, "%", False
)
AUTRE = replace(
    LECTURE,
    ordre=2,
    lecture="prononcee",
    est_retenue=False,
    numerateur=340,
    denominateur=1000,
    valeur=34.0,
    atteint=True,
)


@pytest.fixture(scope="module")
def lues(entrepot: Path) -> Donnees:
    with donnees.ouvrir(entrepot) as con:
        return donnees.charger(con, EPCI, ANNEE)


def avec(d: Donnees, **complements: object) -> Donnees:
    return replace(d, complements=Complements(**complements))  # type: ignore[arg-type]


def rows(tableau: Tableau | None) -> list[list[str]]:
    assert tableau is not None
    return [[texte(c).replace("\u202f", " ") for c in ligne.cellules] for ligne in tableau.lignes]


def phrases(blocs: tuple[Bloc, ...]) -> list[str]:
    return [
        "".join(m if isinstance(m, str) else texte(m) for m in b.morceaux)
        for b in blocs
        if isinstance(b, Paragraphe)
    ]


def tableau(blocs: tuple[Bloc, ...]) -> Tableau:
    (trouve,) = (b for b in blocs if isinstance(b, Tableau))
    return trouve


def test_a_warehouse_without_these_marts_shows_none_of_them(lues: Donnees) -> None:
    assert lues.complements == Complements()
    assert sensibilite.blocs(lues) == ()
    assert lieux.residences(lues) == []
    assert lieux.ecarts(lues) is None
    assert publics.profils(lues) == publics.profils_des_quartiers(lues) == []
    assert publics.issues(lues) is publics.tension_croisee(lues) is publics.evolutions(lues) is None
    assert semestriel.bilan(lues, 1) == []


def test_a_reading_stands_beside_the_published_figure_and_the_verdict_is_said(lues: Donnees) -> None:
    muette = [
        replace(LECTURE, ordre=3, parametre="egalite_seuil", lecture=x, est_retenue=x == "non_q1")
        for x in ("non_q1", "q1")
    ]
    blocs = sensibilite.blocs(avec(lues, lectures=(LECTURE, AUTRE, *muette)))
    assert rows(tableau(blocs)) == [
        ["Événement compté hors QPV : bail signé (retenu)", "12,04 %"],
        ["Événement compté hors QPV : attribution prononcée", "34,00 %"],
    ]
    dites = phrases(blocs)
    assert "l’objectif serait atteint sous « événement compté hors QPV : attribution prononcée »" in dites[1]
    assert dites[-1] == "Ne changent rien ici : Ressources égales au seuil du premier quartile."


@pytest.mark.parametrize(
    ("atteints", "dit"),
    [((True, True), "est atteint sous toutes ces lectures"), ((False, False), "n’est atteint sous aucune")],
)
def test_a_verdict_that_no_reading_changes(lues: Donnees, atteints: tuple[bool, bool], dit: str) -> None:
    lectures = tuple(replace(x, atteint=a) for x, a in zip((LECTURE, AUTRE), atteints, strict=True))
    assert dit in phrases(sensibilite.blocs(avec(lues, lectures=lectures)))[1]


def test_too_many_unknown_is_a_word(lues: Donnees) -> None:
    sans = replace(AUTRE, valeur=None, atteint=None)
    assert rows(tableau(sensibilite.blocs(avec(lues, lectures=(LECTURE, sans)))))[1][1] == "indisponible"


RESIDENCE = Residence(
    "2021-12-31",
    "2024-12-31",
    "indice_100",
    1,
    "Les Lilas",
    "Habellis",
    "Givry",
    "qpv",
    4.0,
    30,
    "fragile",
    "Classe la plus fragile",
    "Vacance",
)


def test_residences_that_several_methods_see_come_first(lues: Donnees) -> None:
    seule = replace(RESIDENCE, residence="Le Moulin", rang=1)
    vues = (seule, replace(RESIDENCE, rang=2), replace(RESIDENCE, methode="dijon_2015_annexe1", rang=3))
    (section,) = lieux.residences(avec(lues, residences=vues))
    lignes = rows(tableau(section.blocs))
    assert [(x[0], x[-1]) for x in lignes] == [("Les Lilas", "2 sur 2"), ("Le Moulin", "1 sur 2")]
    assert phrases(section.blocs)[0].startswith(
        "2 résidences sur la liste proposée au 31/12/2021, à renouveler le 31/12/2024"
    )


def test_what_weighs_most_of_a_place(lues: Donnees) -> None:
    c = Critere("indice_100", "qpv", "QP1", "Q", "stock", "vacance", "Vacance", 12.0, 2.0, None, "publiable")
    siens = (
        c,
        replace(c, critere="mobilite", critere_libelle="Mobilité", points=1.0),
        replace(c, bloc="flux", critere_libelle="Isolés", points=-0.5),
        replace(c, methode="autre", critere_libelle="Autre", points=9.0),
    )
    d = avec(lues, criteres=siens)
    assert lieux.pese(d, "indice_100", "qpv", "QP1") == "Vacance : 2,0"
    assert lieux.pese(d, "indice_100", "qpv", "QP2") == "–"


ECART = Ecart(
    "qpv", "QP071005", "Les Aubépins", "", "Chalon-sur-Saône", "parc", "vacance", "Vacance", "impact", "millesime", "2022",
    "tous", "tous", 12.0, "%", "publiable", False, 8.0, 7.0, None, 4.0, 5.0, None, "2019", -1.5,
)  # fmt: skip


def test_gaps_of_the_vintages_of_the_year_without_what_nobody_compares_to(lues: Donnees) -> None:
    millesime = lues.millesimes[ANNEE]["rpls"]
    siens = (replace(ECART, periode=millesime), replace(ECART, periode="1999", valeur=99.0))
    trouve = lieux.ecarts(avec(lues, ecarts=siens))
    assert rows(trouve) == [["Vacance", "Les Aubépins", "12,00 %", "4,0", "5,0", "2019", "−1,5"]]
    assert trouve is not None
    assert "Écart à la France" not in [c.titre for c in trouve.colonnes]


def test_a_portrait_holds_insee_s_latest_base_and_says_what_each_indicator_is(lues: Donnees) -> None:
    base = replace(
        ECART, domaine="emploi", indicateur="part_en_emploi", indicateur_libelle="En emploi", periode="2019"
    )
    contexte = replace(
        base,
        indicateur="population",
        indicateur_libelle="Population",
        type_indicateur="contexte",
        unite="nombre",
    )
    siens = (
        base,
        replace(base, periode="2017"),
        replace(base, periode="2022"),
        contexte,
        replace(base, modalite="QP2"),
    )
    lignes = rows(lieux.portrait(avec(lues, ecarts=siens), "qpv", "QP071005", "t"))
    assert [x[:3] for x in lignes] == [["Population", "contexte", "2019"], ["En emploi", "impact", "2019"]]


def test_publics_side_by_side_and_each_neighbourhood_s_households(lues: Donnees) -> None:
    p = Profil("epci", EPCI, "GC", "tous", "origine", "endogene", 40, 80.0, False)
    siens = (
        p,
        replace(p, valeur="ailleurs", baux=10),
        replace(p, public="q1", baux=3, petit_effectif=True),
        replace(
            p,
            axe="qpv",
            modalite="promelles",
            modalite_libelle="Promelles",
            dimension="tranche_age",
            valeur="25_34",
        ),
    )
    d = avec(lues, profils=siens)
    (section,) = publics.profils(d)
    assert rows(tableau(section.blocs)) == [
        ["habite l’intercommunalité", "40", "3*"],
        ["habite plus loin", "10", "0"],
    ]
    (quartiers,) = publics.profils_des_quartiers(d)
    assert rows(tableau(quartiers.blocs)) == [["Promelles", "40"]]


def test_outcomes_tension_and_changes(lues: Donnees) -> None:
    i = Issue("bailleur", "B", "Bailleur", "refus", 2, 8, 25.0, True)
    e = Evolution("hors_qpv_q1", "annee", "2021", "tous", "tous", "%", "2020", 11.0, 1.04, "")
    c = Croisee("tous", "Q1", "T2", 20, 4, 5.0, False)
    d = avec(
        lues,
        issues=(i, replace(i, axe="epci", modalite=EPCI, nb=8, part=100.0, petit_effectif=False)),
        evolutions=(
            e,
            replace(e, periode="2020"),
            replace(e, indicateur="baux", ecart=None),
            replace(e, indicateur="qpv_q234", ecart=None, rupture="R"),
        ),
        croisees=(c, replace(c, typologie="T5", baux=0, tension=None)),
    )
    assert rows(publics.issues(d)) == [
        ["Bailleur", "8", "25,00 %*"],
        ["Ensemble du territoire", "8", "100,00 %"],
    ]
    assert [(x[0], x[-1]) for x in rows(publics.evolutions(d))] == [
        ("Attributions hors QPV à des ménages du 1er quartile ou relogés", "1,0"),
        ("Attributions en QPV à des ménages des quartiles 2 à 4", "rupture de série"),
    ]
    croisee = publics.tension_croisee(d)
    assert isinstance(croisee, Section)
    assert rows(tableau(croisee.blocs)) == [["1er quartile", "5,00", "–"]]


def test_the_half_yearly_bilan_is_of_a_convention_that_asks_for_it(lues: Donnees) -> None:
    s = Secteur(
        "2021-S1",
        "Habellis",
        "Chenôve",
        "Bibracte",
        "aucune",
        "fragile",
        20,
        40.0,
        10.0,
        None,
        30.0,
        2,
        10.0,
        True,
    )
    d = avec(lues, secteurs=(s, replace(s, periode="2021-S2")), calendrier=frozenset({semestriel.RAPPORT}))
    (document,) = semestriel.bilan(d, 1)
    assert document.nom_fichier == f"bilan-semestriel-{EPCI}-2021-S1"
    (secteurs,) = (x for x in document.sections if x.ident == "secteurs-aucune")
    assert rows(tableau(secteurs.blocs)) == [
        [
            "Habellis",
            "Chenôve",
            "Bibracte",
            "fragile",
            "20*",
            "40,00 %*",
            "10,00 %*",
            "–",
            "30,00 %*",
            "2*",
            "10,00 %*",
        ]
    ]


def test_what_an_operation_planned_stands_beside_what_was_done(lues: Donnees) -> None:
    s = Saisie("relogement", 1, "", "", None, "npnru", "", "", "", "", 20.0, None, 210.0, 225.0)
    section = saisies.suivi(replace(lues, saisies=(s,)))
    lignes = rows(next(b for b in section.blocs if isinstance(b, Tableau)))
    assert lignes[0][0] == "renouvellement urbain (NPNRU)"
    assert lignes[0][1] == "20"
    assert lignes[0][-2:] == ["210 €", "225 €"]


def test_published_figures_of_the_departement_and_region_stand_beside(lues: Donnees) -> None:
    assert publics.references(lues) is None
    sienne = lues.chiffre("tension")
    assert sienne is not None
    publiee = replace(
        sienne, axe="region", modalite="27", modalite_libelle="Bourgogne-Franche-Comté", segment_type="reference",
        segment="territoire_entier", valeur=3.5,
    )  # fmt: skip
    lignes = rows(publics.references(replace(lues, chiffres=(*lues.chiffres, publiee))))
    assert [x[0] for x in lignes] == ["Bourgogne-Franche-Comté", "Ensemble du territoire"]
    assert lignes[0][2] == "3,50"


def test_what_is_accessible_stands_beside_how_fragile_the_place_is(lues: Donnees) -> None:
    modele = lues.chiffre("logements")
    assert modele is not None
    assert lieux.accessibles_et_fragiles(lues) == ()

    def chiffre(indicateur: str, par: str, segment: str, valeur: float, periode: str) -> Chiffre:
        return replace(
            modele,
            indicateur=indicateur,
            segment_type=f"methode x type_lieu x {par}",
            segment=segment,
            valeur=valeur,
            unite="%",
            periode_type="millesime" if par == "classe" else "annee",
            periode=periode,
        )

    an, millesime = str(ANNEE), str(modele.periode)
    siens = (
        chiffre("accessible_q1", "classe", "indice_100 x qpv x 2", 98.5, millesime),
        chiffre("accessible_q1", "classe", "indice_100 x qpv x non_classe", 40.0, millesime),
        chiffre("accessible_q1", "classe", "indice_100 x residence x 1", 80.0, millesime),
        chiffre("accessible_q1", "classe", "indice_100 x residence x 1", 1.0, "1999"),
        chiffre("baux_secteurs_fragiles", "public", "indice_100 x qpv x q1", 12.0, an),
    )
    catalogue = lues.catalogue | {"accessible_q1": lues.indicateur("logements")}
    _, trouve = lieux.accessibles_et_fragiles(
        replace(lues, chiffres=(*lues.chiffres, *siens), catalogue=catalogue)
    )
    assert isinstance(trouve, Tableau)
    # One method alone is not named on each row.
    assert [c.titre for c in trouve.colonnes] == [
        "Lieux",
        "Parc, classe 1",
        "Parc, classe 2",
        "Parc, non classé",
        "Baux, 1er quartile",
    ]
    assert rows(trouve) == [
        ["Quartiers prioritaires", "–", "98,50 %", "40,00 %", "12,00 %"],
        ["Résidences", "80,00 %", "–", "–", "–"],
    ]
