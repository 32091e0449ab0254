"""The page that says what would reach a missed target: its sentences, its order, and when there is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.bilan import donnees, leviers
from pipelines.bilan.document import Document, Paragraphe, Section, Tableau, texte
from pipelines.bilan.donnees import Donnees, Levier

EPCI, ANNEE = "247100589", 2021
ENSEMBLE = Levier(
    indicateur="hors_qpv_q1", segment_type="tous", segment="tous", axe="epci", modalite=EPCI,
    modalite_libelle="Le Grand Chalon", base=681, comptees=82, operateur=">=", cible=25.0, manque=89,
    base_semestre=278, comptees_semestre=31, manque_semestre=39, accessibles=509, accessibles_a_d_autres=454,
)  # fmt: skip


@pytest.fixture(scope="module")
def lues(entrepot: Path) -> Donnees:
    with donnees.ouvrir(entrepot) as con:
        return donnees.charger(con, EPCI, ANNEE)


def sentences(page: Section) -> list[str]:
    return [
        "".join(m if isinstance(m, str) else texte(m) for m in bloc.morceaux).replace("\u202f", " ")
        for partie in page.sections
        for bloc in partie.blocs
        if isinstance(bloc, Paragraphe)
    ]


def at(axe: str, nom: str, manque: int, **autres: object) -> Levier:
    return replace(ENSEMBLE, axe=axe, modalite=nom, modalite_libelle=nom, manque=manque, **autres)  # type: ignore[arg-type]


def test_every_number_of_the_sentences_is_counted(lues: Donnees) -> None:
    page = leviers.section(replace(lues, leviers=(ENSEMBLE,)))
    assert page is not None
    assert sentences(page) == [
        "En 2021, 82 attributions sur 681 comptent, soit 12,04 % (objectif : au moins 25 %) : il en fallait 171, "
        "soit 89 de plus.",
        "À nombre d’attributions égal, cela fait 89 attributions de plus en douze mois, soit 7 ou 8 par mois.",
        "Si le prochain semestre ressemblait au second de 2021 : 31 attributions sur 278 ; il "
        "en faudrait 70, soit 39 de plus.",
        "Hors des quartiers prioritaires, 509 baux de l’année portent sur un logement dont le loyer est à la "
        "portée d’un ménage du 1er quartile ; 454 sont allés à des ménages des autres quartiles.",
    ]


def test_of_a_cap_what_is_too_many_is_said(lues: Donnees) -> None:
    plafond = replace(ENSEMBLE, operateur="<=", cible=10.0, manque=14, manque_semestre=4, accessibles=None)
    actrice = replace(plafond, axe="bailleur", modalite="B", modalite_libelle="B", manque=2)
    page = leviers.section(replace(lues, leviers=(plafond, actrice)))
    assert page is not None
    constat, rythme, suite = sentences(page)
    assert constat.endswith("(objectif : au plus 10 %) : il en fallait au plus 68, soit 14 de moins.")
    assert rythme.endswith("cela fait 14 attributions de moins en douze mois, soit 1 ou 2 par mois.")
    assert suite.endswith("31 attributions sur 278 ; il en faudrait au plus 27, soit 4 de moins.")
    (tableau,) = [b for b in page.tous_les_blocs() if isinstance(b, Tableau)]
    assert tableau.legende == "Ce qui est de trop par bailleur, 2021"
    assert "De trop dans l’année" in [c.titre for c in tableau.colonnes]


def test_what_is_not_known_is_not_said(lues: Donnees) -> None:
    sans = replace(
        ENSEMBLE, base_semestre=None, comptees_semestre=None, manque_semestre=None, accessibles=None,
        accessibles_a_d_autres=None, manque=1,
    )  # fmt: skip
    page = leviers.section(replace(lues, leviers=(sans,)))
    assert page is not None
    constat, rythme = sentences(page)
    assert constat.endswith("il en fallait 83, soit 1 de plus.")
    assert rythme.endswith("cela fait 1 attribution de plus en douze mois, soit moins d’une par mois.")
    page = leviers.section(replace(lues, leviers=(replace(sans, manque=24),)))
    assert page is not None
    assert sentences(page)[1].endswith("24 attributions de plus en douze mois, soit 2 par mois.")
    atteint = replace(ENSEMBLE, manque_semestre=0)
    page = leviers.section(replace(lues, leviers=(atteint,)))
    assert page is not None
    assert sentences(page)[2].endswith(
        "31 attributions sur 278 ; l’objectif y serait atteint dans l’ensemble."
    )


def test_the_widest_gaps_first_and_who_reaches_it_is_not_named(lues: Donnees) -> None:
    noms = [at("commune", f"C{i}", i) for i in range(leviers.LIGNES_MAX + 3)]
    page = leviers.section(replace(lues, leviers=(ENSEMBLE, *noms, at("bailleur", "Atteint", 0))))
    assert page is not None
    (tableau,) = [b for b in page.tous_les_blocs() if not isinstance(b, Paragraphe)]
    premier = leviers.LIGNES_MAX + 2
    assert isinstance(tableau, Tableau)
    assert [ligne.cellules[0] for ligne in tableau.lignes] == [f"C{i}" for i in range(premier, 0, -1)]
    # Paper holds the first ones, and says of how many.
    document = Document("f", "t", "s", 2021, (), (), (page,))
    (imprime,) = document.a_imprimer().tableaux()
    assert [ligne.cellules[0] for ligne in imprime.lignes] == [f"C{i}" for i in range(premier, 2, -1)]
    assert imprime.legende == f"Ce qui manque par commune, 2021, {leviers.LIGNES_MAX} lignes sur {premier}"


def test_with_several_targets_missed_the_page_of_each_is_shorter(lues: Donnees) -> None:
    autre = "qpv_q234"
    noms = [at("commune", f"C{i}", i + 1) for i in range(leviers.LIGNES_MAX)]
    tous = (ENSEMBLE, *noms)
    deux = (*tous, *(replace(x, indicateur=autre) for x in tous))
    page = leviers.section(replace(lues, leviers=deux))
    assert page is not None
    imprimes = Document("f", "t", "s", 2021, (), (), (page,)).a_imprimer().tableaux()
    assert [len(t.lignes) for t in imprimes] == [leviers.LIGNES_MIN] * 2


def test_an_edition_without_the_counts_and_a_target_reached_have_no_page(lues: Donnees) -> None:
    assert lues.leviers == ()
    assert leviers.section(lues) is None
    assert leviers.section(replace(lues, leviers=(replace(ENSEMBLE, manque=0),))) is None
