"""The words of the synthesis that its reader may not know, each with its definition, from the glossary."""

import re
from collections.abc import Sequence

from pipelines import libelles
from pipelines.bilan import formats
from pipelines.bilan.document import PETIT, Bloc, Cartes, Colonne, Ligne, Mesure, Reperes, Tableau, texte

_MOTIFS = (
    ("QPV", r"\bQPV\b"),
    ("QVA", r"\bQVA\b"),
    ("Premier quartile", r"[Qq]uartile"),
    ("Relogement", r"[Rr]elog"),
    ("Public prioritaire", r"[Pp]rioritaires?\b"),
    ("Réservataire", r"[Rr]éservataire"),
    ("Mutation", r"[Mm]utation"),
    ("Travailleur essentiel", r"[Tt]ravailleurs? essentiel"),
    ("Tension", r"[Tt]ension"),
    ("Sans objet", r"[Ss]ans objet"),
    ("Inconnus", r"[Ii]nconnu"),
    ("Il manque", r"[Ii]l manque"),
)
"""Term of the glossary → how a text speaks of it."""


def tableau(blocs: Sequence[Bloc], toujours: Sequence[str] = ()) -> Tableau | None:
    """What the words and marks of these blocks mean, and `toujours`, which stand elsewhere on their pages;
    None when none needs it."""
    dits = "\n".join(_textes(blocs))
    definitions = dict(libelles.glossaire())
    termes = [terme for terme, motif in _MOTIFS if re.search(motif, dits)]
    lignes = [Ligne((terme, definitions[terme])) for terme in (*termes, *toujours)]
    if re.search(rf"\d\S*{re.escape(PETIT)}|%{re.escape(PETIT)}", dits):
        petit = next(phrase for phrase in libelles.lecture() if phrase.startswith(PETIT))
        lignes.append(Ligne((PETIT, formats.majuscule(petit.removeprefix(f"{PETIT} : ")))))
    if not lignes:
        return None
    entetes = (Colonne("Mot"), Colonne("Ce qu’il veut dire"))
    return Tableau(
        "t-mots", "Pour lire ces pages", entetes, tuple(lignes), "Pour lire ces pages", entier=True
    )


def _textes(blocs: Sequence[Bloc]) -> list[str]:
    dits: list[str] = []
    for bloc in blocs:
        if isinstance(bloc, Tableau):
            dits += [colonne.titre for colonne in bloc.colonnes]
            dits += [texte(cellule) for ligne in bloc.lignes for cellule in ligne.cellules]
        elif isinstance(bloc, Cartes):
            for carte in bloc.cartes:
                dits += [carte.titre, carte.objectif, carte.detail, texte(carte.mesure)]
        elif isinstance(bloc, Reperes):
            for libelle, mesure in bloc.elements:
                dits += [libelle, texte(mesure) if isinstance(mesure, Mesure) else ""]
    return dits
