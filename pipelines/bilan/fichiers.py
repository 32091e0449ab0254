"""The figures of a document as data: CSV for a spreadsheet set to French, Parquet for a program.

Same columns and identifiers as `marts.indicateurs`, preceded by the anchor that the page uses. And its
tables, a CSV file each, as the workbook has them.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import libelles
from pipelines.affichable import affichable
from pipelines.bilan import document as modele
from pipelines.bilan import formats
from pipelines.bilan.document import Cellule, Document, Ligne, Mesure, Nombre, Tableau
from pipelines.bilan.donnees import COLONNES
from pipelines.bilan.feuilles import tableaux

_TYPES = {
    "numerateur": pa.int64(),
    "denominateur": pa.int64(),
    "inconnus": pa.int64(),
    "manque": pa.int64(),
    "valeur": pa.float64(),
    "cible": pa.float64(),
    "atteint": pa.bool_(),
    "petit_effectif": pa.bool_(),
}
# The wide forms too: some spreadsheets make them narrow before they look.
_DANGEREUX = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def ecrire_csv(document: Document, chemin: Path) -> None:
    """Write the figures as CSV: semicolons, decimal commas, UTF-8 with its mark, ready for a double-click.

    A text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    lignes = (
        [chiffre.ancre, *(_ecrire(getattr(chiffre, nom)) for nom in COLONNES)]
        for chiffre in document.chiffres
    )
    _poser_lignes(chemin, [("identifiant", *COLONNES), *lignes])


_SOMMAIRE = "00-sommaire.csv"
_NOM_MAX = 70


def ecrire_tableaux(document: Document, dossier: Path) -> None:
    """Write each table in a file of its own, numbered in reading order and named after its caption, and the
    list of them.

    Numbers are as precise as the page shows them; what the page says with a mark after a number is said in a
    last column.
    """
    sommaire: list[Sequence[str]] = [("fichier", "chapitre", "tableau", "lignes")]
    for section in document.sections:
        for tableau, _ in tableaux(section):
            nom = f"{len(sommaire):02d}-{_nom(tableau.legende)}.csv"
            _poser_lignes(dossier / nom, _en_lignes(tableau))
            textes = (nom, section.titre, tableau.legende)
            sommaire.append((*map(texte_sur, textes), str(len(tableau.lignes))))
    _poser_lignes(dossier / _SOMMAIRE, sommaire)


def _nom(legende: str) -> str:
    mots = re.sub(r"[^a-z0-9]+", "-", formats.sans_accents(legende).casefold()).strip("-")
    return mots if len(mots) <= _NOM_MAX else mots[:_NOM_MAX].rpartition("-")[0]


def _en_lignes(tableau: Tableau) -> list[list[str]]:
    titres = [colonne.titre for colonne in tableau.colonnes]
    remarques = [_remarques(titres, ligne) for ligne in tableau.lignes]
    lignes = [[*map(_cellule, ligne.cellules)] for ligne in tableau.lignes]
    if any(remarques):
        titres = [*titres, "Remarques"]
        lignes = [[*ligne, remarque] for ligne, remarque in zip(lignes, remarques, strict=True)]
    return [[texte_sur(titre) for titre in titres], *lignes]


def _cellule(cellule: Cellule) -> str:
    """A number without separators nor marks; a percentage keeps its sign, which a spreadsheet reads."""
    valeur = modele.nombre(cellule)
    if (
        isinstance(cellule, str)
        or valeur is None
        or (isinstance(cellule, Mesure) and cellule.champ == "cible")
    ):
        return texte_sur(modele.texte(cellule))
    unite = _unite(cellule)
    ecrit = formats.valeur(valeur, unite or "nombre").replace(formats.SIGNE_MOINS, "-")
    nombre = re.match(r"-?[\d,\u202f]+", ecrit)
    return (nombre.group(0).replace(formats.FINE, "") if nombre else ecrit) + ("%" if unite == "%" else "")


def _unite(cellule: Cellule) -> str:
    """The unit of the number of a cell; nothing where it is a word, a target, or a count of a figure."""
    if isinstance(cellule, str) or modele.nombre(cellule) is None:
        return ""
    if isinstance(cellule, Nombre):
        return cellule.unite
    return cellule.chiffre.unite if cellule.chiffre is not None and cellule.champ == "valeur" else ""


def _remarques(titres: Sequence[str], ligne: Ligne) -> str:
    """What the page says of the numbers of a row with a mark, and their unit where it is not a count."""
    dits: dict[str, list[str]] = {}
    for titre, cellule in zip(titres, ligne.cellules, strict=True):
        if modele.est_petit(cellule):
            dits.setdefault("petit effectif", []).append(titre)
        if (unite := _unite(cellule)) not in ("", "%") and (mot := libelles.unite(unite, "court")):
            dits.setdefault(f"en {mot}", []).append(titre)
        if modele.en_rupture(cellule):
            dits.setdefault("rupture de série", []).append(titre)
    return " ; ".join(f"{mots} : {', '.join(colonnes)}" for mots, colonnes in dits.items())


def _poser_lignes(chemin: Path, lignes: Iterable[Sequence[str]]) -> None:
    with chemin.open("w", encoding="utf-8-sig", newline="") as flux:
        csv.writer(flux, delimiter=";", lineterminator="\r\n").writerows(lignes)


def ecrire_parquet(document: Document, chemin: Path) -> None:
    """Write the figures as Parquet, with the types of the contract."""
    schema = pa.schema(
        [("identifiant", pa.string()), *((nom, _TYPES.get(nom, pa.string())) for nom in COLONNES)]
    )
    colonnes = {
        "identifiant": [c.ancre for c in document.chiffres],
        **{nom: [getattr(c, nom) for c in document.chiffres] for nom in COLONNES},
    }
    pq.write_table(pa.table(colonnes, schema=schema), chemin, compression="zstd")


def _ecrire(valeur: object) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, float):
        return repr(valeur).replace(".", ",")
    return texte_sur(str(valeur))


def texte_sur(texte: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    sur = affichable(texte)
    return f"'{sur}" if sur.lstrip().startswith(_DANGEREUX) else sur
