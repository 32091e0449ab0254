"""What a file opened for reading is, and which layout it has: the header row, the separator or sheet, and the
mapping that fit best.

Opening each container belongs in `textes`, `classeurs`, `parquets` and `geojson`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import (
    Appariement,
    Correspondance,
    column_words,
    match,
    normalise_label,
)
from pipelines.ingestion.landing import FichierDepose, settings
from pipelines.inspection import Etat

# A run of digits, an e-mail, a telephone, a date: a cell, not the name of a column.
_VALEUR = re.compile(r"\d{5,}|@|\d(?:[ .-]?\d){7,}")
# In the name of a sheet, years are usual.
_NUMERO = re.compile(r"\d(?:[ .-]?\d){8,}|@")
# A surname in capitals beside a given name, or a courtesy title.
_PERSONNE = re.compile(
    r"(?:M\.|Mme|Mlle|Monsieur|Madame|Mademoiselle) .*"
    r"|[A-ZÀ-Ý'’-]{2,}(?: [A-ZÀ-Ý'’-]{2,})* [A-ZÀ-Ý][a-zà-ÿ]+(?:-[A-ZÀ-Ý][a-zà-ÿ]+)?"
    r"|[A-ZÀ-Ý][a-zà-ÿ]+(?:-[A-ZÀ-Ý][a-zà-ÿ]+)?(?: [A-ZÀ-Ý'’-]{2,})+"
)
_NOM_MAX = 100
_CODE_MAX = 10  # `TP6021` has more digits than letters

Cellules = Sequence[str | None]


@dataclass(frozen=True)
class Entete:
    """One row that may be a header: its cells, and the physical lines that it takes."""

    cellules: Cellules
    debut: int
    fin: int


@dataclass(frozen=True)
class Ecart:
    """A line set aside while the file was opened, with the reason."""

    ligne: int
    colonne: str
    regle: str
    message: str


@dataclass(frozen=True)
class Ouverture:
    """A file opened far enough to know its layout(s); `appariements[0]` is the main one."""

    fichier: FichierDepose
    lecteur: str
    chemin: Path  # what is parsed: the file itself, or its decompressed copy
    etat: Etat
    appariements: tuple[Appariement, ...]
    ligne_entete: int = 1
    lignes_d_entete: int = 1  # physical lines of the header row itself
    separateur: str = ";"
    largeur_max: int = 0  # cells of the header row, those without a name at its end included
    feuille: str | None = None
    tableau: pl.DataFrame | None = None  # formats that are read at once (xlsx, geojson)
    autres_feuilles: tuple[str, ...] = ()
    ecarts: tuple[Ecart, ...] = ()
    alertes: tuple[tuple[str, str], ...] = field(default=())  # rule and message


class NonReconnu(Exception):
    """No product recognises the file; the message says what was expected, `entetes` are the rows that were
    tried. Raised to `executer`, never to users."""

    def __init__(self, message: str, entetes: Sequence[Entete] = ()) -> None:
        super().__init__(message)
        self.entetes = tuple(entetes)


@dataclass(frozen=True)
class Choix:
    """A header row and the mappings that fit it, the main one first."""

    entete: Entete
    appariements: tuple[Appariement, ...]
    score: tuple[Any, ...]


def quotable(a: Appariement, positions: Iterable[int]) -> tuple[str, ...]:
    """Of these columns, the names that a message may quote: a cell taken for a name is none.

    Where one cell of the header of a restricted file is no name, a line of rows may be joined to it: the
    columns that the mapping knows are the only ones of which that is sure.
    """
    sures = a.utilisees.union(*(r.positions for r in a.repetitions))
    suspect = a.correspondance.declaration.restreint and any(
        c.strip() and i not in sures and not looks_like_a_name(" ".join(c.split()))
        for i, c in enumerate(a.colonnes)
    )
    noms = [" ".join(a.colonnes[i].split()) for i in positions if i in sures or not suspect]
    return tuple(nom for nom in noms if looks_like_a_name(nom))


def printable_names(a: Appariement, positions: Sequence[int]) -> str:
    """The names of these columns that may be quoted, and how many may not."""
    noms = quotable(a, positions)
    tus = sum(1 for i in positions if a.colonnes[i].strip()) - len(noms)
    autres = f"{'et ' if noms else ''}{tus} dont le nom n'est pas cité"
    return ", ".join([*noms, *([autres] if tus else [])])


def looks_like_a_name(texte: str) -> bool:
    """Whether a header cell can be the name of a column: letters mostly, no run of digits, no address, no
    name of somebody unless one of its words is of those that columns are named with."""
    if not texte.isprintable() or len(texte) > _NOM_MAX or _VALEUR.search(texte):
        return False
    if _PERSONNE.fullmatch(texte) and column_words().isdisjoint(normalise_label(texte).split()):
        return False
    surtout_lettres = sum(c.isalpha() for c in texte) > sum(c.isdigit() for c in texte)
    return surtout_lettres or (texte[:1].isalpha() and len(texte) <= _CODE_MAX)


def sheet_name(nom: str) -> str:
    """The name of a sheet as a message quotes it: not one that is a number of someone or an address."""
    return "(un numéro ou une adresse)" if _NUMERO.search(nom) else nom


def check_width(fichier: FichierDepose, largeur: int) -> None:
    """Refuse a table with more columns than memory can hold.

    Raises:
        DonneesRefusees: with the limit.
    """
    limite = int(settings()["limites"]["colonnes"])
    if largeur > limite:
        raise DonneesRefusees(
            f"{fichier.relatif} : {largeur} colonnes, plus que les {limite} qui peuvent être lues. Gardez "
            "les colonnes utiles, ou découpez le fichier."
        )


def choose(fichier: FichierDepose, candidats: Sequence[Correspondance], lignes: Sequence[Entete]) -> Choix:
    """The header row and the mapping that fit best among the first rows of one table.

    A layout without all its columns may be returned: `settle` says whether it can be read.

    Raises:
        NonReconnu: nothing fits at all.
    """
    meilleur: Choix | None = None
    for rang, ligne in enumerate(lignes):
        if sum(1 for c in ligne.cellules if c and c.strip()) < 2:
            continue
        trouves = [a for c in candidats if (a := match(c, ligne.cellules, fichier.nom)) is not None]
        for a in trouves:
            connus = len(a.utilisees)
            if a.correspondance.complementaire or not connus:
                continue
            signature, nom = len(a.correspondance.signature), a.correspondance.correspondance
            score = (a.complet, connus, -len(a.manquants), signature, -rang, nom)
            if meilleur is None or score > meilleur.score:
                complements = [t for t in trouves if t.correspondance.complementaire and t.complet]
                meilleur = Choix(ligne, (a, *complements), score)
    if meilleur is None:
        raise NonReconnu(_unknown(fichier, candidats), lignes)
    return meilleur


def settle(fichier: FichierDepose, candidats: Sequence[Correspondance], choix: Choix) -> Choix:
    """The choice, once it is known that all the required columns are there.

    Raises:
        DonneesRefusees: a known layout lacks a required column.
        NonReconnu: too little is recognised to speak of a known layout.
    """
    a = choix.appariements[0]
    if a.complet:
        check_width(fichier, len(a.colonnes))
        return choix
    requis = [c for c in a.correspondance.declaration.champs if c.requis]
    proche = len(a.manquants) * 2 <= max(len(requis), 1)
    if proche or (a.correspondance.signature and len(a.positions) > len(a.manquants)):
        raise DonneesRefusees(
            f"{fichier.relatif} : colonne obligatoire absente pour {a.correspondance.produit} "
            f"({_nearest(a)}. Colonnes trouvées : {printable_names(a, range(len(a.colonnes)))}. Complétez le "
            "fichier, ou décrivez cette présentation dans correspondances/*.yml de votre dossier de dépôt "
            "(observatoire examiner --ebauche en propose une)."
        )
    raise NonReconnu(f"{_unknown(fichier, candidats)} ({_nearest(a)}")


def _unknown(fichier: FichierDepose, candidats: Sequence[Correspondance]) -> str:
    produits = ", ".join(sorted({c.produit for c in candidats})) or fichier.source
    return f"aucune présentation connue de {produits} ne correspond"


def _nearest(a: Appariement) -> str:
    """The layout that looks most like the header, and what it lacks; closes a bracket."""
    details = []
    for champ in a.manquants:
        alias = a.correspondance.alias.get(champ)
        if alias is None and champ in a.correspondance.derives:
            alias = a.correspondance.derives[champ].colonne
        details.append(f"« {champ} »" + (f" (noms essayés : {', '.join(alias)})" if alias else ""))
    return f"présentation la plus proche : {a.correspondance.correspondance}) : {' ; '.join(details)}"
