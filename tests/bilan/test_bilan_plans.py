"""The maps of a bilan: read without colour, no label on another, none where it would say nothing."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.bilan import donnees, graphiques, plans
from pipelines.bilan.document import Graphique
from pipelines.bilan.donnees import Contour, Donnees, Vise

EPCI, ANNEE = "247100589", 2021
HORS_QPV = Vise("hors_qpv_q1")


@pytest.fixture(scope="module")
def lues(entrepot: Path) -> Donnees:
    with donnees.ouvrir(entrepot) as con:
        return donnees.charger(con, EPCI, ANNEE)


def square(x: float, y: float, cote: float = 1.0) -> str:
    coins = [[x, y], [x + cote, y], [x + cote, y + cote], [x, y + cote], [x, y]]
    return json.dumps({"type": "Polygon", "coordinates": [coins]})


@pytest.fixture(scope="module")
def dessinees(lues: Donnees) -> Donnees:
    """Every commune of the figures as a square, far from the others."""
    noms = lues.modalites("commune", ["hors_qpv_q1"])
    return replace(
        lues,
        contours=tuple(
            Contour("commune", code, nom, square(3 * i, 46)) for i, (code, nom) in enumerate(noms)
        ),
    )


def test_the_largest_communes_are_named_with_their_result_and_sign(dessinees: Donnees) -> None:
    (image,) = plans.communes(dessinees, HORS_QPV)
    assert isinstance(image, Graphique)
    noms = dict(dessinees.modalites("commune", ["hors_qpv_q1"]))
    bases = {
        code: (c.denominateur or 0) if (c := dessinees.vise(HORS_QPV, "commune", code)) else 0
        for code in noms
    }
    largest = max(bases, key=lambda code: bases[code])
    assert noms[largest] in image.svg
    c = dessinees.vise(HORS_QPV, "commune", largest)
    assert c is not None
    assert ("✓" if c.atteint else "✗") in image.svg
    assert image.tableau == "t-hors_qpv_q1-commune"
    assert image.legende == graphiques.LEGENDE_COMMUNES


def test_without_a_target_the_shade_is_the_value_and_the_legend_says_so(dessinees: Donnees) -> None:
    sans = replace(
        dessinees,
        chiffres=tuple(replace(c, operateur=None, cible=None, atteint=None) for c in dessinees.chiffres),
    )
    (image,) = plans.communes(sans, HORS_QPV)
    assert isinstance(image, Graphique)
    assert image.legende == graphiques.LEGENDE_NUANCES
    assert "✓" not in image.svg
    assert "✗" not in image.svg


def test_a_map_of_nothing_is_none(lues: Donnees, dessinees: Donnees) -> None:
    seule = tuple(c for c in lues.chiffres if c.axe != "commune" or c.modalite == "71000")
    assert plans.communes(replace(lues, contours=(), chiffres=seule), HORS_QPV) == ()
    assert plans.communes(replace(dessinees, contours=dessinees.contours[:1]), HORS_QPV) == ()
    # Neighbourhoods alone, without the communes around them.
    seuls = tuple(replace(c, niveau="qpv", code="QP071005") for c in dessinees.contours[:1])
    assert plans.quartiers(replace(lues, contours=seuls)) == ()


def test_without_outlines_communes_are_ranked_with_their_target(lues: Donnees) -> None:
    (image,) = plans.communes(replace(lues, contours=()), HORS_QPV)
    assert isinstance(image, Graphique)
    attendus = [
        (c.valeur, nom)
        for code, nom in lues.modalites("commune", ["hors_qpv_q1"])
        if (c := lues.vise(HORS_QPV, "commune", code)) is not None and c.valeur is not None
    ]
    dits = [entree.partition(" : ")[0] for entree in image.description.partition(". ")[2].split(" ; ")]
    valeurs = {nom: valeur for valeur, nom in attendus}
    assert sorted(dits) == sorted(valeurs)
    assert [valeurs[nom] for nom in dits] == sorted(valeurs.values(), reverse=True)
    assert all(nom in image.svg for nom in dits if len(nom) < 38)
    assert image.legende.endswith(graphiques.LEGENDE_POINTS)
    assert image.tableau == "t-hors_qpv_q1-commune"


def test_the_trends_of_communes_share_a_scale_and_none_is_drawn_of_one_year(lues: Donnees) -> None:
    (image,) = plans.tendances(lues, HORS_QPV)
    assert isinstance(image, Graphique)
    assert f"De gauche à droite : {ANNEE - 2}, {ANNEE - 1} et {ANNEE}" in image.legende
    une = tuple(c for c in lues.chiffres if c.axe != "commune" or c.periode == str(ANNEE))
    assert plans.tendances(replace(lues, chiffres=une), HORS_QPV) == ()


def test_beyond_twenty_the_largest_communes_are_drawn_and_the_legend_says_so(lues: Donnees) -> None:
    une = next(c for c in lues.chiffres if c.axe == "commune" and c.indicateur == "hors_qpv_q1" and c.lisible)
    sortes = tuple(
        replace(une, modalite=f"{99000 + n}", modalite_libelle=f"Lieu {n:02d}", denominateur=n, periode=annee)
        for n in range(1, 31)
        for annee in (str(ANNEE - 1), str(ANNEE))
    )
    (image,) = plans.tendances(replace(lues, chiffres=sortes), HORS_QPV)
    assert isinstance(image, Graphique)
    assert "Lieu 11" in image.svg
    assert "Lieu 10" not in image.svg
    assert image.legende.startswith("Les 20 communes qui ont le plus d’attributions, sur 30.")


def test_a_label_that_would_fall_on_another_is_left_out() -> None:
    formes = [
        graphiques.Forme(square(x, 46, 0.1), "#ffffff", etiquette=nom, rang=rang)
        for x, nom, rang in ((0.0, "Seconde|1 %", 1), (0.01, "Première|2 %", 0), (8.0, "Loin|3 %", 2))
    ]
    svg = graphiques.carte("g", formes)
    assert "Première" in svg
    assert "Loin" in svg
    assert "Seconde" not in svg


def test_marks_have_the_shape_of_their_state() -> None:
    def drawn(etat: graphiques.Etat) -> str:
        return graphiques.carte("g", [graphiques.Forme(square(0, 46), "#ffffff", "1", etat)])

    assert len({drawn("atteint"), drawn("non_atteint"), drawn("suivi")}) == 3
    assert drawn("suivi") == drawn("absent")


def test_a_long_name_is_written_whole_beside_its_bar() -> None:
    nom = "Attributions aux ménages sous 40 % des plafonds PLUS (quartiers prioritaires et de veille)"
    svg = graphiques.barres("g", [graphiques.Barre(nom, 33.0, "33 %", 40.0, "atteint")])
    lignes = re.findall(r"<t(?:ext|span)[^>]*>([^<]+)</t", svg)
    assert nom in " ".join(lignes)
