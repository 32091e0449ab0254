"""Typed texts as tables of the warehouse: one row per entry, and the rows that the public may read.

Each file read also has its row in `meta.verrou`, so that it is in the lock like any source.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import duckdb

from pipelines.saisies.modeles import FichierSaisies, Saisie, Saisies
from pipelines.sql import declare, identifier, qualified

TABLE, TABLE_PUBLIQUE = "saisies", "saisies_publiques"
SOURCE = "saisies"

COLONNES: dict[str, tuple[str, str]] = {
    "epci_siren": ("VARCHAR", "SIREN de l'intercommunalité."),
    "annee": ("INTEGER", "Année du bilan."),
    "rubrique": (
        "VARCHAR",
        "analyse, objectif, decision, action, instance, moyen, flux, relogement, motif_refus, "
        "motif_mutation, sru, experimentation, verification, validation, editeur ou donnees_fictives.",
    ),
    "rang": ("INTEGER", "Rang dans la rubrique, à partir de 1."),
    "chapitre": ("VARCHAR", "Chapitre du bilan dont le texte parle ; vide : aucun en particulier."),
    "chiffre": ("VARCHAR", "Indicateur, ou identifiant du chiffre cité ; vide : aucun."),
    "valeur": ("DOUBLE", "Valeur que le texte donne à ce chiffre, dans son unité ; vide : aucune."),
    "titre": (
        "VARCHAR",
        "Ce dont on parle : action, instance, moyen, réservataire, motif, commune (code Insee), affirmation, "
        "personne.",
    ),
    "texte": ("VARCHAR", "Le texte ; une ligne vide sépare deux paragraphes."),
    "complement": (
        "VARCHAR",
        "Obstacles d'un objectif, pilote d'une action, source d'une affirmation, d'un motif ou d'un taux.",
    ),
    "etat": ("VARCHAR", "a_faire, en_cours, faite ou abandonnee ; vide : sans objet."),
    "jour": (
        "DATE",
        "Jour de la décision, de la réunion, de l'échéance, de la validation ou de la situation de la "
        "commune.",
    ),
    "nombre": (
        "DOUBLE",
        "Présents d'une réunion, part convenue d'un flux en pourcentage, relogements prévus d'une "
        "opération, cas d'un motif, ou taux de logements sociaux d'une commune (loi SRU) en pourcentage.",
    ),
    "total": (
        "DOUBLE",
        "Convoqués d'une réunion, ou taux que la loi SRU demande à une commune, en %.",
    ),
    "avant": ("DOUBLE", "Reste à charge moyen d'un ménage avant son relogement, en euros par mois."),
    "apres": ("DOUBLE", "Reste à charge moyen d'un ménage après son relogement, en euros par mois."),
    "manquants": ("DOUBLE", "Logements sociaux qui manquent à une commune (loi SRU)."),
}
_COMMENTAIRES = {
    TABLE: "Ce que les personnes saisissent à côté des chiffres. Grain : une entrée d'un fichier de saisies.",
    TABLE_PUBLIQUE: "Les saisies que leurs auteurs ont marquées à publier. Grain : une entrée.",
}
# Key of the file → (name of the row's kind, fields that give title, text, complement, state, day, numbers).
_RUBRIQUES: dict[str, tuple[str, dict[str, str]]] = {
    "analyses": ("analyse", {}),
    "objectifs": ("objectif", {"texte": "raisons", "complement": "obstacles"}),
    "decisions": ("decision", {}),
    "actions": ("action", {"titre": "action", "complement": "pilote", "jour": "echeance"}),
    "instances": ("instance", {"titre": "instance", "nombre": "presents", "total": "convoques"}),
    "moyens": ("moyen", {"titre": "moyen"}),
    "flux": ("flux", {"titre": "reservataire", "nombre": "part"}),
    "relogements": (
        "relogement",
        {
            "titre": "operation",
            "nombre": "prevus",
            "avant": "reste_a_charge_avant",
            "apres": "reste_a_charge_apres",
        },
    ),
    "motifs_refus": ("motif_refus", {"titre": "motif", "nombre": "nombre", "complement": "source"}),
    "motifs_mutation": ("motif_mutation", {"titre": "motif", "nombre": "nombre", "complement": "source"}),
    "sru": (
        "sru",
        {
            "titre": "commune",
            "nombre": "taux",
            "total": "objectif",
            "manquants": "manquants",
            "complement": "source",
        },
    ),
    "experimentations": ("experimentation", {"titre": "experimentation"}),
    "verifications": ("verification", {"titre": "affirmation", "complement": "source"}),
}
_COMMUNS = {"texte": "texte", "etat": "etat", "jour": "date"}

Ligne = dict[str, Any]


def write_tables(con: duckdb.DuckDBPyConnection, saisies: Sequence[Saisies]) -> None:
    """Replace `meta.saisies` and `meta.saisies_publiques`; note each file in `meta.verrou`, which exists."""
    lignes = [(ligne, publier) for s in saisies for ligne, publier in _rows(s.contenu)]
    for table, gardees in (
        (TABLE, [ligne for ligne, _ in lignes]),
        (TABLE_PUBLIQUE, [ligne for ligne, publier in lignes if publier]),
    ):
        declare(con, qualified("meta", table), _COMMENTAIRES[table], COLONNES)
        marques = ", ".join("?" * len(COLONNES))
        for ligne in gardees:
            con.execute(
                f"insert into meta.{identifier(table)} values ({marques})",
                [ligne.get(nom) for nom in COLONNES],
            )
    con.execute("delete from meta.verrou where source = ?", [SOURCE])
    for s in saisies:
        nombre = sum(1 for _ in _rows(s.contenu))
        con.execute(
            "insert into meta.verrou (fichier, source, millesime, taille, sha256, lecteur, lignes_lues, "
            "lignes_gardees, lignes_fusionnees, lignes_quarantaine, lignes_doublons, corrections, "
            "cellules_ecartees) values (?, ?, ?, ?, ?, 'yaml', ?, ?, 0, 0, 0, 0, 0)",
            [s.fichier, SOURCE, s.contenu.annee, s.taille, s.empreinte, nombre, nombre],
        )


def _rows(contenu: FichierSaisies) -> Iterator[tuple[Ligne, bool]]:
    """Each entry as a row, and whether the public may read it."""
    commun = {"epci_siren": contenu.siren, "annee": contenu.annee}
    # What must be said to everybody is no text that someone chooses to publish.
    if contenu.donnees_fictives:
        yield {**commun, "rubrique": "donnees_fictives", "rang": 1}, True
    if contenu.editeur:
        yield {**commun, "rubrique": "editeur", "rang": 1, "titre": contenu.editeur}, True
    for cle, (rubrique, champs) in _RUBRIQUES.items():
        for rang, entree in enumerate(getattr(contenu, cle), 1):
            yield {**commun, **_row(rubrique, rang, entree, champs)}, entree.publier
    if contenu.validation:
        champs = {"titre": "par"}
        yield {**commun, **_row("validation", 1, contenu.validation, champs)}, contenu.validation.publier


def _row(rubrique: str, rang: int, entree: Saisie, champs: dict[str, str]) -> Ligne:
    ligne: Ligne = {
        "rubrique": rubrique,
        "rang": rang,
        "chapitre": entree.chapitre,
        "chiffre": entree.chiffre,
        "valeur": entree.valeur,
    }
    propres: Iterable[tuple[str, str]] = (_COMMUNS | champs).items()
    return ligne | {colonne: getattr(entree, champ, None) for colonne, champ in propres}
