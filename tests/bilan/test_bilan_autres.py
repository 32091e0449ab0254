"""Half-year follow-up, quarterly dashboard, mid-term evaluation, comparison and dictionary."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest

from pipelines import bilan
from pipelines.cli.actions import compared
from pipelines.errors import DonneesRefusees, MauvaisUsage

EPCI, ANNEE, AUTRE = "247100589", 2021, "242100410"
FINE = "\u202f"
Atelier = Callable[..., Any]
Ecrire = Callable[[Path, Iterable[Any]], Path]


@pytest.fixture(scope="module")
def deux(construire: Atelier, ecrire_plusieurs: Ecrire, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two territories, a landlord with a dangerous name, and a follow-up that finds one landlord at fault."""
    chemin = tmp_path_factory.mktemp("deux") / "W.duckdb"
    un = construire(nb_communes=3, nb_bailleurs=3, noms_bailleurs=("=cmd|' /C calc'!A0",)).remplir()
    siren = un.acteurs()["bailleur"][0][0]
    for code, nom, num, den in ((f"{siren} x 71000", "=cmd x Chalon-sur-Saône", 4, 31),):
        un.ajouter(
            "hors_qpv_q1",
            ("bailleur x commune", code, nom),
            ANNEE,
            num,
            den,
            cible=25.0,
            operateur=">=",
            periode=("semestre", "2021-S1"),
        )
    autre = construire(epci=AUTRE, nom="Grand Dijon", nb_communes=2, nb_bailleurs=2).remplir()
    ecrire_plusieurs(chemin, [un, autre])
    con = duckdb.connect(str(chemin))
    con.execute(
        """
        create table marts.suivi_semestriel as
        select ? as epci_siren, '2021-S1' as semestre, ? as bailleur_siren, date '2021-06-30' as date_arrete,
               date '2021-07-15' as date_limite_transmission, date '2021-07-20' as date_transmission,
               'tardive' as transmission, true as en_suivi_renforce, true as manquement
        """,
        [EPCI, siren],
    )
    con.execute(
        "update meta.convention_parametres set valeur = 'inclus' where epci_siren = ? and parametre like "
        "'inc%'",
        [AUTRE],
    )
    con.close()
    return chemin


def _texte(chemin: Path) -> str:
    brut = re.sub(r"<style>.*?</style>", "", chemin.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", brut))


def _liens_perdus(chemin: Path) -> set[str]:
    source = chemin.read_text(encoding="utf-8")
    return set(re.findall(r'href="#([^"]+)"', source)) - set(re.findall(r'\sid="([^"]+)"', source))


def test_the_follow_up_has_one_document_and_one_statement_per_landlord(deux: Path, tmp_path: Path) -> None:
    chemins = bilan.render(deux, EPCI, ANNEE, tmp_path, ("html", "csv"), semestre=1)
    noms = [c.name for c in chemins]
    assert noms[:2] == [f"suivi-{EPCI}-2021-S1.html", f"suivi-{EPCI}-2021-S1.csv"]
    assert len(noms) == 2 + 3 * 2
    ensemble = _texte(chemins[0])
    assert "situation arrêtée au 30/06/2021" in ensemble
    assert not _liens_perdus(chemins[0])
    releve = next(c for c in chemins[2:] if c.suffix == ".html" and "suivi renforcé" in _texte(c))
    texte = _texte(releve)
    assert (
        "À transmettre au plus tard le 15/07/2021. Transmission : tardive. Le bailleur est en suivi renforcé."
        in texte
    )
    assert "Chalon-sur-Saône" in texte
    assert "× Chalon" not in texte
    assert "Six derniers mois" in texte


def test_a_statement_holds_no_figure_of_another_landlord(deux: Path, tmp_path: Path) -> None:
    chemins = bilan.render(deux, EPCI, ANNEE, tmp_path, ("csv",), semestre=2)
    for chemin in chemins[1:]:
        siren = chemin.stem.rsplit("-", 1)[-1]
        lignes = csv.DictReader(io.StringIO(chemin.read_text(encoding="utf-8-sig")), delimiter=";")
        assert {ligne["modalite"].split(" x ")[0] for ligne in lignes} == {siren}


def test_the_statement_is_one_printed_page(deux: Path, tmp_path: Path) -> None:
    chemins = bilan.render(deux, EPCI, ANNEE, tmp_path, ("pdf",), semestre=1)
    pages = pypdf.PdfReader(chemins[1]).pages
    premiere, deuxieme = pages[0].extract_text(), pages[1].extract_text()
    assert "Situation arrêtée au 30/06/2021" in premiere
    passes = premiere.partition("Semestres précédents")[2]
    assert "2d semestre 2020" in passes
    assert "2d semestre 2021" not in passes
    assert "Provenance" in deuxieme


def test_the_dashboard_sets_the_quarter_beside_the_year_before(deux: Path, tmp_path: Path) -> None:
    (chemin,) = bilan.render_trimestre(deux, EPCI, ANNEE, 3, tmp_path)
    assert chemin.name == f"tableau-de-bord-{EPCI}-2021-T3.html"
    texte = _texte(chemin)
    assert "Le Grand Chalon – 3e trimestre 2021" in texte
    assert "T1 2021 T2 2021 T3 2021 T3 2020" in texte
    assert not _liens_perdus(chemin)


def test_the_evaluation_compares_each_year_with_its_own_target(construire: Atelier, tmp_path: Path) -> None:
    atelier = construire(nb_communes=2, nb_bailleurs=2).remplir()
    rangs = [
        i
        for i, ligne in enumerate(atelier.lignes)
        if ligne[2:5] == ("2019", "qpv_q234", "epci") and ligne[1] == "annee"
    ]
    assert rangs
    for rang in rangs:
        ligne = list(atelier.lignes[rang])
        ligne[14], ligne[16], ligne[17] = 60.0, False, 18
        atelier.lignes[rang] = tuple(ligne)
    atelier.lignes = [
        (*x[:14], None, None, None, None, *x[18:]) if x[3:5] == ("prioritaires", "epci") else x
        for x in atelier.lignes
    ]
    entrepot = atelier.ecrire(tmp_path / "W.duckdb")
    (chemin,) = bilan.render_evaluation(entrepot, EPCI, ANNEE, tmp_path)
    assert chemin.name == f"evaluation-{EPCI}-2019-2021.html"
    texte = _texte(chemin)
    # The catalogue writes its breaks as sentences.
    assert (
        "Rupture de série : avant 2021, certains taux publiés ne comptaient pas les ménages relogés. "
        in texte
    )
    assert f"objectif au moins 60{FINE}% au moins 50{FINE}% au moins 50{FINE}%" in texte.replace(" : ", " ")
    # What no target judges has no row of dashes under it.
    assert "1er quartile ou relogés : objectif" in texte
    assert "publics prioritaires" in texte
    assert "publics prioritaires : objectif" not in texte
    assert "publics prioritaires : atteint" not in texte
    assert not _liens_perdus(chemin)


@pytest.mark.parametrize(
    ("debut", "attendu"),
    [("2019-01-01", 3), ("2020-06-01", 3), ("2016-01-01", 6), ("2010-01-01", 6), ("", 3)],
)
def test_the_evaluation_covers_three_to_six_years(debut: str, attendu: int) -> None:
    from pipelines.bilan.evaluation import profondeur

    assert profondeur(debut, 2021) == attendu


def test_the_comparison_shows_what_differs_in_method(deux: Path, tmp_path: Path) -> None:
    (chemin,) = bilan.render_comparaison(deux, [EPCI, AUTRE], ANNEE, tmp_path)
    texte = _texte(chemin)
    assert "Le Grand Chalon et Grand Dijon – 2021" in texte
    assert "exclues du dénominateur et comptées à part comptées au dénominateur" in texte
    assert "Nombre d’attributions manquantes" not in texte
    assert not _liens_perdus(chemin)
    with pytest.raises(MauvaisUsage, match="au moins deux EPCI"):
        bilan.render_comparaison(deux, [EPCI, EPCI], ANNEE, tmp_path)
    with pytest.raises(DonneesRefusees, match="EPCI 111111111"):
        bilan.render_comparaison(deux, [EPCI, "111111111"], ANNEE, tmp_path)


def test_a_region_or_a_departement_chooses_what_is_compared(deux: Path) -> None:
    def choose(annee: int = ANNEE, **place: str) -> list[str]:
        return compared(deux, annee, "signataires", **{"departement": None, "region": None, **place})

    assert choose(region="27") == [AUTRE, EPCI]
    with pytest.raises(
        MauvaisUsage, match=r"le département 71 en 2021, l'entrepôt a : Le Grand Chalon \(247100589\)"
    ):
        choose(departement="71")
    with pytest.raises(MauvaisUsage, match=r"la région 11 en 2021, l'entrepôt a : aucun\.$"):
        choose(region="11")
    with pytest.raises(MauvaisUsage, match=r"Sans chiffres cette année-là : Grand Dijon .*, Le Grand Chalon"):
        choose(1999, region="27")


def test_the_dictionary_describes_indicators_and_columns(deux: Path, tmp_path: Path) -> None:
    page, donnees = bilan.write_dictionary(deux, tmp_path)
    texte = _texte(page)
    assert "Se somme non : ne jamais additionner ni moyenner" in texte
    assert f"Exemple 12,04{FINE}% (82 sur 681)" in texte
    assert "epci_siren VARCHAR SIREN de l’intercommunalité" in texte
    assert not _liens_perdus(page)
    lignes = list(csv.DictReader(io.StringIO(donnees.read_text(encoding="utf-8-sig")), delimiter=";"))
    natures = {ligne["nature"] for ligne in lignes}
    assert natures == {"indicateur", "colonne"}
    assert next(x for x in lignes if x["nom"] == "baux")["additif"] == "oui"


def test_what_can_be_rendered_is_listed(deux: Path) -> None:
    assert bilan.lister(deux) == [
        (AUTRE, "Grand Dijon", [2019, 2020, 2021]),
        (EPCI, "Le Grand Chalon", [2019, 2020, 2021]),
    ]


@pytest.mark.parametrize(("semestre", "trimestre"), [(3, None), (0, None), (None, 5)])
def test_a_period_that_does_not_exist_is_a_usage_error(
    deux: Path, tmp_path: Path, semestre: int | None, trimestre: int | None
) -> None:
    if trimestre is None:
        with pytest.raises(MauvaisUsage, match="un nombre de 1 à 2"):
            bilan.render(deux, EPCI, ANNEE, tmp_path, semestre=semestre)
    else:
        with pytest.raises(MauvaisUsage, match="un nombre de 1 à 4"):
            bilan.render_trimestre(deux, EPCI, ANNEE, trimestre, tmp_path)


def test_reports_of_a_year_without_those_periods_say_so(construire: Atelier, tmp_path: Path) -> None:
    atelier = construire(nb_communes=2, nb_bailleurs=2).remplir()
    atelier.lignes = [ligne for ligne in atelier.lignes if ligne[1] in ("annee", "millesime")]
    entrepot = atelier.ecrire(tmp_path / "W.duckdb")
    (suivi,) = bilan.render(entrepot, EPCI, ANNEE, tmp_path, semestre=2)
    assert "aucune attribution hors QPV par bailleur au 31/12/2021" in _texte(suivi)
    (tableau,) = bilan.render_trimestre(entrepot, EPCI, ANNEE, 1, tmp_path)
    assert "Pas de chiffre pour ce trimestre" in _texte(tableau)


@pytest.mark.parametrize(
    ("debut", "annee", "dit"),
    [
        (
            "2020-01-01",
            2021,
            r"au moins 3 années.*01/01/2020.*: 2020, 2021 \(années de l’entrepôt : 2019, 2020, 2021\)",
        ),
        ("2023-01-01", 2021, "jusqu’à 2021 : aucune"),
        (None, 2021, "ne donne pas de « debut »"),
    ],
)
def test_an_evaluation_needs_the_dates_and_three_years_of_the_convention(
    construire: Atelier, tmp_path: Path, debut: str | None, annee: int, dit: str
) -> None:
    entrepot = construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    with duckdb.connect(str(entrepot)) as con:
        con.execute("update meta.conventions set debut = ?", [debut])
    with pytest.raises(DonneesRefusees, match=dit):
        bilan.render_evaluation(entrepot, EPCI, annee, tmp_path / "sortie")
    assert not (tmp_path / "sortie").exists()


def test_two_parts_of_one_indicator_have_each_their_chapter(construire: Atelier, tmp_path: Path) -> None:
    """In the evaluation too, an identifier is that of one place of the page, and a heading names one thing."""
    from pipelines.bilan import donnees, evaluation
    from pipelines.bilan.donnees import Vise

    entrepot = construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    with donnees.ouvrir(entrepot) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    vises = (Vise("prioritaires"), Vise("prioritaires", "sous_public", "dalo"))
    sections = [evaluation._objectif(d, vise) for vise in vises]
    assert len({s.ident for s in sections}) == len({s.titre for s in sections}) == 2
