"""Finds and reads the typed files of a landing folder.

Rules about where a file stands are here; those of its content in `modeles`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pipelines.conventions.reading import read, refuse, validate
from pipelines.errors import DonneesRefusees
from pipelines.saisies.modeles import FichierSaisies, Saisies

FOLDER = "saisies"


def typed_path(donnees: Path, siren: str, annee: int) -> Path:
    """Where the file of a territory and year stands."""
    return donnees / FOLDER / siren / f"{annee}.yml"


def load_typed(donnees: Path, sirens: Iterable[str]) -> list[Saisies]:
    """Read the typed files of these territories, by SIREN and year; a territory without one is absent.

    Raises:
        DonneesRefusees: every error of every file, or a file that is not `<siren>/<annee>.yml`.
    """
    racine = donnees / FOLDER
    if not racine.is_dir():
        return []
    voulus = set(sirens)
    lues, erreurs = [], []
    for chemin in sorted(p for p in racine.rglob("*") if p.is_file() and not p.name.startswith((".", "~"))):
        relatif = chemin.relative_to(donnees)
        siren, annee = relatif.parts[1], chemin.stem
        if re.fullmatch(r"[0-9]{9}", siren, re.ASCII) and siren not in voulus:
            continue
        try:
            lues.append(_read(chemin, donnees, siren, annee))
        except DonneesRefusees as erreur:
            erreurs.append(str(erreur))
    if erreurs:
        raise DonneesRefusees("\n".join(erreurs))
    return lues


def _read(chemin: Path, donnees: Path, siren: str, annee: str) -> Saisies:
    relatif = chemin.relative_to(donnees)
    if not chemin.resolve().is_relative_to(donnees.resolve()):
        raise refuse(relatif, "lien vers l'extérieur du dossier de dépôt ; déposer le fichier lui-même")
    attendu = f"{FOLDER}/<siren>/<annee>.yml"
    if len(relatif.parts) != 3 or not re.fullmatch(r"[0-9]{4}", annee, re.ASCII) or chemin.suffix != ".yml":
        raise refuse(relatif, f"attendu {attendu}")
    document = read(chemin)
    contenu = validate(FichierSaisies, document, {})
    for cle, dit, place in (
        ("siren", contenu.siren, siren),
        ("annee", str(contenu.annee), annee),
    ):
        if dit != place:
            message = f"attendu {place}, d'après la place du fichier ({attendu}), reçu {dit}"
            raise refuse(chemin, message, document.line_of((cle,)), cle)
    return Saisies(contenu, relatif.as_posix(), chemin.stat().st_size, document.empreinte)
