"""Writing a document in the formats asked for, each file whole or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipelines.bilan import classeur, fichiers, html, pdf
from pipelines.bilan.document import Document, sans_manques
from pipelines.bilan.donnees import Donnees
from pipelines.edition import MENTIONS, PUBLIQUE, SIGNATAIRES
from pipelines.fichiers import replacing

FICTIVES = "Données fictives"
"""What every page says when the data says that it is made up."""


def ecrire(
    document: Document, d: Donnees, sortie: Path, formats: Sequence[str], edition: str = SIGNATAIRES
) -> list[Path]:
    """Write `<document.nom_fichier>.<format>` for each format, and return the paths in the same order.

    Every page says the edition, and for whom it is.
    """
    fictives = f"{FICTIVES}. " if d.fictives else ""
    document = replace(document, edition=f"{fictives}{MENTIONS[edition]}")
    if edition == PUBLIQUE:
        document = sans_manques(document)
    ecrits = []
    for format_ in dict.fromkeys(formats):
        ecrivain = partial(_ECRIVAINS[format_], document, d)
        ecrits.append(poser(sortie / f"{document.nom_fichier}.{format_}", ecrivain))
    return ecrits


def poser(chemin: Path, ecrivain: Callable[[Path], None]) -> Path:
    """Write one file beside its place, then put it there: nobody ever reads half of it."""
    chemin.parent.mkdir(parents=True, exist_ok=True)
    with replacing(chemin) as provisoire:
        ecrivain(provisoire)
    return chemin


def _html(document: Document, d: Donnees, chemin: Path) -> None:
    regles = {ident: i.definition for ident, i in d.catalogue.items()}
    chemin.write_text(html.rendre(document, regles), encoding="utf-8", newline="\n")


def _pdf(document: Document, _: Donnees, chemin: Path) -> None:
    chemin.write_bytes(pdf.rendre(document))


_ECRIVAINS: dict[str, Callable[[Document, Donnees, Path], None]] = {
    "html": _html,
    "pdf": _pdf,
    "xlsx": lambda document, _, chemin: classeur.ecrire(document, chemin),
    "csv": lambda document, _, chemin: fichiers.ecrire_csv(document, chemin),
    "parquet": lambda document, _, chemin: fichiers.ecrire_parquet(document, chemin),
}
