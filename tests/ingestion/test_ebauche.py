"""A first mapping from the names of the columns: what is proposed, what is left to a person, what is never said."""

import io
from pathlib import Path

import pytest
import xlsxwriter

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import draft_mappings
from tests.ingestion.conftest import Depot

# The header of a tool that no layout knows: some names alike, some not.
EXPORT = (
    "N° unique de demande;Date du premier dépôt;Etat du dossier;Commune du premier choix;"
    "Revenu fiscal référence;Nb personnes à loger;Couleur du guichet\n"
    "071001000000000001;2020-05-04;En cours;71076;18000;3;bleu\n"
    "071001000000000002;2021-06-05;Radiée;71076;21000;2;vert\n"
)
SECRETS = ("071001000000000001", "18000", "bleu", "2020-05-04", "71076")


def drafted(depot: Depot, nom: str = "sne/2022/logiciel.csv") -> Path:
    (faite,) = draft_mappings(depot.donnees, [nom])
    assert faite.refus is None
    assert faite.chemin is not None
    return faite.chemin


def complete(brouillon: Path) -> None:
    """What a person does: check, name the missing column, give a title, tell the labels."""
    texte = brouillon.read_text(encoding="utf-8")
    assert "  statut: [à compléter]" in texte
    texte = texte.replace("  statut: [à compléter]", "  statut: [Etat du dossier]")
    brouillon.write_text(texte.replace("titre: à compléter", "titre: Export du logiciel"), encoding="utf-8")


def test_a_draft_is_completed_then_read(depot: Depot) -> None:
    depot.drop("sne/2022/logiciel.csv", EXPORT)
    with pytest.raises(DonneesRefusees, match="examiner --ebauche"):
        depot.read("sne")
    brouillon = drafted(depot)
    with pytest.raises(
        DonneesRefusees, match=r"ebauche_logiciel\.yml : ébauche à compléter : titre, champ statut"
    ):
        depot.read("sne")
    complete(brouillon)
    depot.load("sne")
    assert depot.rows(
        "SELECT statut, commune_choix1, rfr, nb_personnes FROM sources.sne_demandes ORDER BY date_premier_depot"
    ) == [("active", "71076", 18000, 3), ("radiee", "71076", 21000, 2)]


def test_the_title_alone_keeps_a_draft_refused(depot: Depot) -> None:
    depot.drop("sne/2022/logiciel.csv", EXPORT.replace("Etat du dossier", "Statut"))
    brouillon = drafted(depot)
    lignes = brouillon.read_text(encoding="utf-8").splitlines()
    assert not [ligne for ligne in lignes if "[à compléter]" in ligne and "# " not in ligne[:4]]
    with pytest.raises(DonneesRefusees, match=r"ébauche à compléter : titre\. "):
        depot.read("sne")


def test_no_cell_is_written_and_what_fits_nothing_is_a_comment(depot: Depot) -> None:
    depot.drop("sne/2022/logiciel.csv", EXPORT)
    texte = drafted(depot).read_text(encoding="utf-8")
    assert not [s for s in SECRETS if s in texte]
    assert "# - Couleur du guichet" in texte
    assert "# - Etat du dossier" in texte
    assert "# cotation: [à compléter]" in texte


def test_a_name_that_is_near_in_letters_alone_is_not_proposed(depot: Depot) -> None:
    depot.drop("sne/2022/logiciel.csv", EXPORT.replace("Couleur du guichet", "Nom du demandeur"))
    assert "# - Nom du demandeur" in drafted(depot).read_text(encoding="utf-8")


def test_a_workbook_is_drafted_from_the_sheet_that_holds_the_header(depot: Depot) -> None:
    octets = io.BytesIO()
    with xlsxwriter.Workbook(octets, {"in_memory": True}) as classeur:
        classeur.add_worksheet("Notice").write_row(0, 0, ["Ceci est une notice", "du logiciel"])
        feuille = classeur.add_worksheet("Export")
        for rang, ligne in enumerate(EXPORT.splitlines()):
            feuille.write_row(rang + 2, 0, ligne.split(";"))
    depot.drop("sne/2022/logiciel.xlsx", octets.getvalue())
    complete(drafted(depot, "sne/2022/logiciel.xlsx"))
    assert depot.load("sne")["sne_demandes"] == 2


@pytest.mark.parametrize(
    "contenu",
    [
        EXPORT.partition("\n")[2],
        EXPORT.replace("Couleur du guichet", "06 12 34 56 78"),
        EXPORT.replace("Couleur du guichet", "jeanne@exemple.fr"),
    ],
)
def test_rows_of_persons_are_no_header(depot: Depot, contenu: str) -> None:
    depot.drop("sne/2022/logiciel.csv", contenu)
    (faite,) = draft_mappings(depot.donnees, ["."])
    assert faite.chemin is None
    assert "ne ressemble à un en-tête" in (faite.refus or "")
    assert not (depot.donnees / "correspondances").exists()


def test_what_is_read_needs_none_and_what_was_written_stays(depot: Depot) -> None:
    depot.drop("sne/2022/logiciel.csv", EXPORT)
    brouillon = drafted(depot)
    complete(brouillon)
    avant = brouillon.read_bytes()
    (faite,) = draft_mappings(depot.donnees, ["sne"])
    assert (faite.chemin, faite.refus) == (None, None)
    assert "ebauche_logiciel" in (faite.deja or "")
    depot.drop("sne/2023/logiciel.csv", EXPORT.replace("Etat du dossier", "Situation"))
    (autre,) = draft_mappings(depot.donnees, ["sne/2023/logiciel.csv"])
    assert "existe déjà" in (autre.refus or "")
    assert brouillon.read_bytes() == avant


def test_one_layout_is_drafted_once(depot: Depot) -> None:
    depot.drop("sne/2022/a.csv", EXPORT)
    depot.drop("sne/2023/b.csv", EXPORT)
    premiere, seconde = draft_mappings(depot.donnees, ["."])
    assert premiere.chemin is not None
    assert seconde.deja == "mêmes colonnes, même ébauche : ebauche_a.yml"


def test_a_file_outside_what_is_asked_is_left(depot: Depot) -> None:
    depot.drop("sne/2022/a.csv", EXPORT)
    assert draft_mappings(depot.donnees, ["sne/2023"]) == []


def test_usual_words_of_other_tools_are_the_same_words(depot: Depot) -> None:
    """The order of words, abbreviations and what the tools call things do not hide a field."""
    entete = (
        "N° unique départemental;Date CALEOL;Signature du bail;SIRET organisme;Commune logt (INSEE);En QPV ?;"
        "Code quartier;Mode de financement;Nb enfants < 14 ans;Composition du foyer;Décision"
    )
    depot.drop("sne/2024/att.csv", entete + "\n" + ";" * entete.count(";") + "\n")
    texte = drafted(depot, "sne/2024/att.csv").read_text(encoding="utf-8")
    for champ, colonne in (
        ("demandeur_id", "N° unique départemental"),
        ("date_decision", "Date CALEOL"),
        ("date_signature_bail", "Signature du bail"),
        ("bailleur_siren", "SIRET organisme"),
        ("code_commune_logement", "Commune logt (INSEE)"),
        ("qpv_declare", "En QPV ?"),
        ("code_qpv", "Code quartier"),
        ("financement", "Mode de financement"),
        ("nb_moins_14", "Nb enfants < 14 ans"),
        ("composition", "Composition du foyer"),
    ):
        assert f'  {champ}: ["{colonne}"]' in texte, champ
    assert "# - Décision" in texte
