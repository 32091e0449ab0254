"""What people type: read, refused in a sentence, kept in the warehouse, set beside the figures it quotes."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import saisies
from pipelines.bilan import contenu, document, donnees, render
from pipelines.bilan.saisies import est_celui
from pipelines.edition import PUBLIQUE
from pipelines.errors import DonneesRefusees
from pipelines.ingestion.comptes import TABLES_META

EPCI, ANNEE = "247100589", 2021
FINE = "\u202f"
Atelier = Callable[..., Any]


def deposer(dossier: Path, texte: str, siren: str = EPCI, annee: int = ANNEE) -> Path:
    chemin = saisies.typed_path(dossier, siren, annee)
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_text(texte, encoding="utf-8")
    return chemin


def modele(rempli: bool = True) -> str:
    """The model as it is written, or with its examples kept."""
    texte = saisies.typed_template(EPCI, ANNEE)
    return re.sub(r"(?m)^#  ", "  ", texte) if rempli else texte


def with_typed(entrepot: Path, lues: list[saisies.Saisies]) -> Path:
    with duckdb.connect(str(entrepot)) as con:
        con.execute("drop table meta.verrou")
        colonnes = ", ".join(f"{nom} {genre}" for nom, (genre, _) in TABLES_META["verrou"][1].items())
        con.execute(f"create table meta.verrou ({colonnes})")
        saisies.write_tables(con, lues)
    return entrepot


def _texte(chemin: Path) -> str:
    brut = re.sub(r"<style>.*?</style>", "", chemin.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", brut))


def test_the_model_loads_empty_and_filled(tmp_path: Path) -> None:
    deposer(tmp_path, modele(rempli=False))
    (vide,) = saisies.load_typed(tmp_path, [EPCI])
    assert vide.contenu.analyses == ()
    assert vide.contenu.validation is None
    deposer(tmp_path, modele())
    (plein,) = saisies.load_typed(tmp_path, [EPCI])
    listes = [getattr(plein.contenu, cle) for cle in saisies.FichierSaisies.model_fields]
    assert all(listes[4:])
    assert plein.contenu.verifications[0].valeur == 12.04
    assert not plein.contenu.donnees_fictives


@pytest.mark.parametrize(
    ("avant", "apres", "dit"),
    [
        (
            "chapitre: hors-qpv",
            "chapitre: hors-qvp",
            r"ligne \d+, clé « analyses\[0\]\.chapitre » .*« hors-qpv »",
        ),
        (
            "chiffre: hors_qpv_q1",
            "chiffre: hors_qpv_q9",
            r"indicateur du catalogue, reçu « hors_qpv_q9 » ; vouliez",
        ),
        ("etat: en_cours", "etat: finie", r"a_faire, en_cours, faite, abandonnee, reçu « finie »"),
        (
            "presents: 34",
            "presents: 340",
            r"clé « instances\[0\]\.presents » : attendu au plus les 50 convoqués",
        ),
        (
            "valeur: 12.04",
            'valeur: "12,04"',
            r"clé « analyses\[0\]\.valeur » : attendu un nombre \(point décimal",
        ),
        ("part: 30", "part: 130", r"attendu un nombre d'au plus 100"),
        ("decisions:", "decision:", r"clé inconnue ; vouliez-vous écrire « decisions » \?"),
        ('commune: "71076"', "commune: Chalon", r"clé « sru\[0\]\.commune » : attendu un code Insee"),
        ("    source: Notification", "    texte: Notification", r"clé « sru\[0\]\.source »"),
        (f"annee: {ANNEE}", "annee: 2020", r"clé « annee » : attendu 2021, d'après la place du fichier"),
        ("date: 2021-06-15", "date: 2021-06-31", r"une date qui existe"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(tmp_path: Path, avant: str, apres: str, dit: str) -> None:
    assert avant in modele()
    deposer(tmp_path, modele().replace(avant, apres, 1))
    with pytest.raises(DonneesRefusees, match=dit):
        saisies.load_typed(tmp_path, [EPCI])


def test_where_a_file_stands_matters(tmp_path: Path) -> None:
    assert saisies.load_typed(tmp_path, [EPCI]) == []
    deposer(tmp_path, "n'importe quoi", siren="200066918")
    assert saisies.load_typed(tmp_path, [EPCI]) == []
    (tmp_path / "saisies" / EPCI).mkdir()
    (tmp_path / "saisies" / EPCI / "bilan.yml").write_text("siren: 1", encoding="utf-8")
    with pytest.raises(DonneesRefusees, match=r"attendu saisies/<siren>/<annee>\.yml"):
        saisies.load_typed(tmp_path, [EPCI])


def test_texts_are_cleaned_as_other_labels(tmp_path: Path) -> None:
    sale = f'siren: "{EPCI}"\nannee: {ANNEE}\ndecisions:\n  - texte: "a\\u202eb  c\\u200b\\n\\nE\\u0301t\\u00e9"\n'
    deposer(tmp_path, sale)
    (lue,) = saisies.load_typed(tmp_path, [EPCI])
    assert lue.contenu.decisions[0].texte == "a\\u202eb c\n\nÉté"


def test_rows_are_kept_with_their_file_and_only_marked_ones_are_public(
    tmp_path: Path, construire: Atelier
) -> None:
    texte = modele().replace("    texte: Réserver", "    publier: true\n    texte: Réserver")
    deposer(tmp_path, texte + "donnees_fictives: true\n")
    entrepot = with_typed(construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb"),
                          saisies.load_typed(tmp_path, [EPCI]))  # fmt: skip
    with duckdb.connect(str(entrepot), read_only=True) as con:
        toutes = {r for (r,) in con.execute("select rubrique from meta.saisies").fetchall()}
        publiques = con.execute("select rubrique, texte from meta.saisies_publiques order by 1").fetchall()
        verrou = con.execute(
            "select fichier, source, lignes_lues - lignes_gardees from meta.verrou"
        ).fetchall()
        nus = con.execute(
            "select count(*) from duckdb_columns() where table_name like 'saisies%' and comment is null"
        ).fetchall()
    assert len(toutes) == 15
    assert [r for r, _ in publiques] == ["decision", "donnees_fictives"]
    assert publiques[0][1].startswith("Réserver en priorité")
    assert verrou == [(f"saisies/{EPCI}/{ANNEE}.yml", "saisies", 0)]
    assert nus == [(0,)]


@pytest.fixture(scope="module")
def rempli(tmp_path_factory: pytest.TempPathFactory, construire: Atelier) -> Path:
    dossier = tmp_path_factory.mktemp("saisies")
    texte = modele().replace("    valeur: 12.04\n    texte", "    valeur: 13.5\n    texte", 1)
    texte = texte.replace("    texte: Réserver", "    publier: true\n    texte: Réserver")
    deposer(dossier, texte)
    entrepot = construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(dossier / "W.duckdb")
    return with_typed(entrepot, saisies.load_typed(dossier, [EPCI]))


def test_what_was_typed_stands_beside_the_figures(rempli: Path, tmp_path: Path) -> None:
    (chemin,) = render(rempli, EPCI, ANNEE, tmp_path)
    texte = _texte(chemin)
    chapitre = texte.partition("Attributions hors quartiers prioritaires")[2]
    assert "Le taux reste loin de l" in chapitre
    # The text says 13,5 and the figure is 12,04.
    assert (
        f"Le chiffre a changé : le texte dit 13,5{FINE}% ; les données donnent 12,04{FINE}%"
        in texte.replace(" .", ".")
    )
    assert f"Vérifié : 12,04{FINE}% ; les données donnent 12,04{FINE}%" in texte
    assert "Obstacles : Les dossiers arrivent incomplets" in texte
    for dit in ("Réserver en priorité", "Commission de coordination en cours", "34 50", "Location choisie"):
        assert dit in texte
    # Grounds, and the communes' legal share, beside the stock.
    assert re.search(rf"Quartier non souhaité 42 100,00{FINE}% Remontée des bailleurs", texte)
    assert re.search(rf"Logement trop petit 120 100,00{FINE}% Gestionnaire", texte)
    assert re.search(rf"18,40{FINE}% 20,00{FINE}% 310 01/01/2021 Notification de la préfecture", texte)
    assert "1 action : en cours, 1." in texte
    # Collectivités: 30 % agreed, beside what was signed.
    assert re.search(rf"État – prioritaires 30,00{FINE}% [\d,]+{FINE}%", texte)


def test_a_chapter_without_a_text_leaves_a_marked_place(entrepot: Path, tmp_path: Path) -> None:
    (chemin,) = render(entrepot, EPCI, ANNEE, tmp_path)
    source = chemin.read_text(encoding="utf-8")
    assert source.count('class="encadre vide"') == len(contenu.ANALYSES) + 2
    assert "Décisions de la conférence, à compléter" in source


def test_the_public_bilan_holds_the_marked_texts_alone(rempli: Path, tmp_path: Path) -> None:
    copie = tmp_path / "W.duckdb"
    copie.write_bytes(rempli.read_bytes())
    with duckdb.connect(str(copie)) as con:
        con.execute(
            "create schema diffusion; create table diffusion.objectifs as select epci_siren, periode_type, "
            "periode, indicateur, axe, modalite, modalite_libelle, segment_type, segment, numerateur, "
            "denominateur, valeur, unite, cible, operateur, atteint, statut, source, version_methode "
            "from marts.indicateurs where axe = 'epci' and segment = 'tous'"
        )
    (chemin,) = render(copie, EPCI, ANNEE, tmp_path, edition=PUBLIQUE)
    texte = _texte(chemin)
    assert "Réserver en priorité" in texte
    for tu in ("Le taux reste loin", "Commission de coordination", "Location choisie", "à compléter"):
        assert tu not in texte


@pytest.mark.parametrize(
    ("cite", "valeur", "attendu"),
    [
        (12.04, 12.0411, True),
        (12.0, 12.4, True),
        (12.0, 12.5, False),
        (12.04, 12.046, False),
        (1050.0, 1050.0, True),
    ],
)
def test_a_quoted_value_is_held_at_its_own_precision(
    entrepot: Path, cite: float, valeur: float, attendu: bool
) -> None:
    from dataclasses import replace

    with donnees.ouvrir(entrepot) as con:
        c = donnees.charger(con, EPCI, ANNEE).chiffre("hors_qpv_q1")
    assert c is not None
    assert est_celui(cite, replace(c, valeur=valeur)) is attendu


def test_every_chapter_that_can_be_named_is_one_of_the_bilan(entrepot: Path) -> None:
    with donnees.ouvrir(entrepot) as con:
        document = contenu.bilan(donnees.charger(con, EPCI, ANNEE))
    assert set(saisies.vocabulaire().chapitres) <= {s.ident for s in document.sections}


def test_grounds_that_nobody_typed_are_missing_once(entrepot: Path) -> None:
    from dataclasses import replace

    from pipelines.bilan import saisies as rendues

    with donnees.ouvrir(entrepot) as con:
        lues = donnees.charger(con, EPCI, ANNEE)
    assert len(rendues.motifs(lues, "mutations")) == 1
    assert rendues.motifs(lues, "volumes") == rendues.motifs(lues, "demande") == ()
    vide = donnees.Saisie("motif_mutation", 1, "", "", None, "Trop petit", "", "", "", "", None, None)
    typees = replace(lues, saisies=(vide, replace(vide, rang=2, nombre=4.0)))
    (tableau,) = rendues.motifs(typees, "mutations")
    # A share of what was only partly counted would be wrong.
    assert isinstance(tableau, document.Tableau)
    assert [c.titre for c in tableau.colonnes] == ["Motif", "Nombre", "Part des motifs donnés"]
    assert [document.texte(ligne.cellules[2]) for ligne in tableau.lignes] == ["–", "–"]
    assert len(rendues.motifs(typees, "volumes")) == 1


def test_the_sheet_of_a_commune_has_its_own_situation_alone(rempli: Path) -> None:
    from pipelines.bilan import saisies as rendues

    with donnees.ouvrir(rempli) as con:
        lues = donnees.charger(con, EPCI, ANNEE)
    assert rendues.sru(lues, "71076") != ()
    assert rendues.sru(lues, "71270") == ()


@pytest.mark.parametrize(("combien", "imprimees", "suivies"), [(8, 8, 0), (9, 8, 9)])
def test_many_decisions_leave_the_synthesis_short_and_are_all_printed_once(
    rempli: Path, combien: int, imprimees: int, suivies: int
) -> None:
    with donnees.ouvrir(rempli) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    une = next(s for s in d.saisies if s.rubrique == "decision")
    autres = tuple(s for s in d.saisies if s.rubrique != "decision")
    decisions = tuple(replace(une, texte=f"Décision {rang}") for rang in range(combien))
    papier = contenu.bilan(replace(d, saisies=(*autres, *decisions))).a_imprimer()
    lignes = {t.ident: len(t.lignes) for t in papier.tableaux()}
    assert lignes["t-saisie-decision"] == imprimees
    assert lignes.get("t-saisie-decisions", 0) == suivies
