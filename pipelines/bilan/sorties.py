"""Writing a document in the formats asked for, each file whole or not at all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

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

    With the CSV goes a folder of that name that holds one file per table. Every page says the edition, and
    for whom it is.
    """
    prete = _prete(document, d, edition)
    ecrits = _poser_tous([prete], d, sortie, formats)
    if "csv" in formats:
        poser_dossier(sortie / f"{document.nom_fichier}-tableaux", partial(fichiers.ecrire_tableaux, prete))
    return ecrits


def ecrire_tous(
    documents: Iterable[Document],
    d: Donnees,
    sortie: Path,
    formats: Sequence[str],
    edition: str = SIGNATAIRES,
) -> list[Path]:
    """Write each document as `ecrire` does, without the folders: the formats of the first, of the second…"""
    return _poser_tous([_prete(document, d, edition) for document in documents], d, sortie, formats)


def _poser_tous(prets: Sequence[Document], d: Donnees, sortie: Path, formats: Sequence[str]) -> list[Path]:
    composes = pdf.rendre_tous(prets) if "pdf" in formats else iter(())
    ecrits = []
    for document in prets:
        for format_ in dict.fromkeys(formats):
            if format_ == "pdf":
                compose = next(composes)
                ecrivain = partial(_octets, compose)
            else:
                ecrivain = partial(_ECRIVAINS[format_], document, d)
            ecrits.append(poser(sortie / f"{document.nom_fichier}.{format_}", ecrivain))
    return ecrits


def _prete(document: Document, d: Donnees, edition: str) -> Document:
    prete = replace(document, edition=MENTIONS[edition])
    if d.fictives:
        # Said where the title is, and in the footer of every page.
        titre = f"{document.titre} – {FICTIVES.lower()}"
        prete = replace(prete, edition=f"{FICTIVES}. {prete.edition}", titre=titre)
    return sans_manques(prete) if edition == PUBLIQUE else prete


def poser_dossier(chemin: Path, ecrivain: Callable[[Path], None]) -> Path:
    """Write a folder beside its place, then put it there: nothing is left of the one before it."""
    chemin.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".observatoire-", dir=chemin.parent) as voisin:
        neuf, ancien = Path(voisin) / "neuf", Path(voisin) / "ancien"
        neuf.mkdir()
        ecrivain(neuf)
        if chemin.exists():
            chemin.rename(ancien)
        neuf.rename(chemin)
    return chemin


def poser(chemin: Path, ecrivain: Callable[[Path], None]) -> Path:
    """Write one file beside its place, then put it there: nobody ever reads half of it."""
    chemin.parent.mkdir(parents=True, exist_ok=True)
    with replacing(chemin) as provisoire:
        ecrivain(provisoire)
    return chemin


def _html(document: Document, d: Donnees, chemin: Path) -> None:
    regles = {ident: i.definition for ident, i in d.catalogue.items()}
    chemin.write_text(html.rendre(document, regles), encoding="utf-8", newline="\n")


def _octets(contenu: bytes, chemin: Path) -> None:
    chemin.write_bytes(contenu)


_ECRIVAINS: dict[str, Callable[[Document, Donnees, Path], None]] = {
    "html": _html,
    "xlsx": lambda document, _, chemin: classeur.ecrire(document, chemin),
    "csv": lambda document, _, chemin: fichiers.ecrire_csv(document, chemin),
    "parquet": lambda document, _, chemin: fichiers.ecrire_parquet(document, chemin),
}
