"""What lies in the landing folder: which files belong to which source and vintage.

Only names are looked at here, and nothing outside the folder is ever followed; contents belong in
`inspection`.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import declarations, load_yaml

_ANNEE_DOSSIER = re.compile(r"(?:19|20)\d{2}")
_DATE_NOM = re.compile(
    r"(?<!\d)(?:\d{1,2}(?P<x>[._-])\d{1,2}(?P=x)(?:19|20)\d{2}|(?:19|20)\d{2}(?P<y>[._-]?)(?:0[1-9]|1[0-2])"
    r"(?:(?P=y)\d{2})?)(?!\d)"
)
_ANNEE_NOM = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")


@dataclass(frozen=True)
class FichierDepose:
    """One file of the landing folder, or one member of a zip (`relatif` is then `archive.zip#membre`)."""

    chemin: Path
    relatif: str
    source: str
    dossier: str
    millesime: int | None
    taille: int = 0  # of the deposited bytes, once they are hashed
    sha256: str = ""

    @property
    def nom(self) -> str:
        """The file's own name, that of the member for a zip."""
        return self.relatif.rsplit("/", 1)[-1].rsplit("#", 1)[-1]

    @property
    def extension(self) -> str:
        """Lower-case extension, `.csv.gz` counted as one."""
        return extension(self.nom)

    def member(self, chemin: Path, nom: str) -> "FichierDepose":
        """A file extracted from this archive."""
        annee = year_in_name(nom.rsplit("/", 1)[-1])
        return replace(
            self, chemin=chemin, relatif=f"{self.relatif}#{nom}", millesime=self.millesime or annee
        )


def extension(nom: str) -> str:
    """Lower-case extension of a name, `.csv.gz` and `.geojson.gz` counted as one."""
    bas = nom.lower()
    for double in (".csv.gz", ".geojson.gz"):
        if bas.endswith(double):
            return double
    return Path(bas).suffix


@cache
def settings() -> dict[str, Any]:
    """The lists of `landing.yml`."""
    contenu: dict[str, Any] = load_yaml(Path(__file__).with_name("landing.yml").read_text(encoding="utf-8"))[
        0
    ]
    return contenu


def is_documentation(nom: str) -> bool:
    """Whether a file is a notice or a dictionary that producers put beside the data."""
    bas = nom.lower()
    motifs = settings()["documentation"]
    return (
        any(fnmatch.fnmatchcase(bas, m) for m in motifs)
        or extension(bas) in settings()["extensions_documentation"]
    )


def year_in_name(nom: str) -> int | None:
    """First year printed in a file name (`rpls2018_detail.csv`), those of whole dates after the others
    (`zonage_abc_2025-09-05.csv`, `arrete_du_29-12-2020_seuils_2021.csv`)."""
    return next(iter([*years_in_name(nom), *(int(a) for a in _ANNEE_NOM.findall(nom))]), None)


def years_in_name(nom: str) -> list[int]:
    """The years printed in a file name that are not those of a day or a month."""
    return [int(a) for a in _ANNEE_NOM.findall(_DATE_NOM.sub(" ", nom))]


def _folders() -> dict[str, str]:
    return {d: p.source for p in declarations().values() for d in p.dossiers}


def _visible(donnees: Path) -> list[Path]:
    """Files below the folder, hidden ones left out, links refused when they lead outside."""
    racine = donnees.resolve()
    fichiers = []
    for chemin in sorted(donnees.rglob("*")):
        relatif = chemin.relative_to(donnees)
        if any(part.startswith((".", "~$")) for part in relatif.parts):
            continue
        if not _encodable(str(relatif)):
            lisible = os.fsencode(relatif).decode("utf-8", "replace")
            raise DonneesRefusees(
                f"{lisible} : ce nom de fichier n'est pas en UTF-8 (ses accents viennent d'un autre "
                "système). Renommez-le."
            )
        if not chemin.resolve().is_relative_to(racine):
            raise DonneesRefusees(
                f"{relatif} : lien vers l'extérieur du dossier de dépôt, refusé. Déposez le fichier lui-même."
            )
        if chemin.is_file():
            fichiers.append(chemin)
    return fichiers


def _encodable(texte: str) -> bool:
    try:
        texte.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def check_landing(donnees: Path) -> None:
    """Refuse a landing folder that is absent or holds no data file.

    Raises:
        DonneesRefusees: with the expected layout.
    """
    dossiers = ", ".join(sorted(_folders()))
    attendu = f"Attendu : un sous-dossier par source ({dossiers}), par exemple rpls/2022/fichier.csv."
    if not donnees.is_dir():
        raise DonneesRefusees(f"{donnees} : dossier de dépôt introuvable. {attendu}")
    if not any(landing_files(s, donnees) for s in sorted(set(_folders().values()))):
        raise DonneesRefusees(f"{donnees} : aucun fichier de données dans le dossier de dépôt. {attendu}")


def landing_files(source: str, donnees: Path) -> list[FichierDepose]:
    """Data files of one source, in path order; documentation, hidden files and working folders are left out.

    Raises:
        DonneesRefusees: a link leads outside the landing folder.
    """
    return [f for f in _deposited(source, donnees) if not is_documentation(f.nom)]


def documentation_files(source: str, donnees: Path) -> list[str]:
    """Notices and dictionaries in the folders of a source: never read, and said to be."""
    return [f.relatif for f in _deposited(source, donnees) if is_documentation(f.nom)]


def _deposited(source: str, donnees: Path) -> list[FichierDepose]:
    dossiers = _folders()
    trouves = []
    for chemin in _visible(donnees):
        relatif = chemin.relative_to(donnees)
        dossier = relatif.parts[0].lower()
        if len(relatif.parts) < 2 or dossiers.get(dossier) != source:
            continue
        annees = [int(p) for p in relatif.parts[1:-1] if _ANNEE_DOSSIER.fullmatch(p)]
        millesime = annees[0] if annees else year_in_name(chemin.name)
        trouves.append(FichierDepose(chemin, relatif.as_posix(), source, dossier, millesime))
    return trouves


def stray_entries(donnees: Path) -> list[str]:
    """Files that belong to no source, because of their folder: reported, never read."""
    dossiers = set(_folders()) | set(settings()["dossiers_hors_donnees"])
    perdus = []
    for chemin in _visible(donnees):
        relatif = chemin.relative_to(donnees)
        racine = len(relatif.parts) < 2
        if is_documentation(chemin.name) or (racine and chemin.name.endswith(".lock.json")):
            continue
        if racine or relatif.parts[0].lower() not in dossiers:
            perdus.append(relatif.as_posix())
    return perdus
