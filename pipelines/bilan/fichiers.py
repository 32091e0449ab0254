"""The figures of a document as data: CSV for a spreadsheet set to French, Parquet for a program.

Same columns and identifiers as `marts.indicateurs`, preceded by the anchor that the page uses.
"""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.affichable import affichable
from pipelines.bilan.document import Document
from pipelines.bilan.donnees import COLONNES

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
    with chemin.open("w", encoding="utf-8-sig", newline="") as flux:
        ecrivain = csv.writer(flux, delimiter=";", lineterminator="\r\n")
        ecrivain.writerow(("identifiant", *COLONNES))
        for chiffre in document.chiffres:
            valeurs = [getattr(chiffre, nom) for nom in COLONNES]
            ecrivain.writerow([chiffre.ancre, *(_ecrire(v) for v in valeurs)])


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
