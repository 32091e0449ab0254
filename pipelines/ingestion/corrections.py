"""Corrections of the producers' files, as data: `corrections/*.yml` of the landing folder.

Each one says which cell, what it holds today (`attendu`), what to do and why. It is applied before
validation, counted in the account, and stops the build once the producer has fixed the value.
"""

import fnmatch
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.comptes import CompteFichier
from pipelines.ingestion.declarations import declarations, load_yaml, place_in_yaml


class Correction(BaseModel):
    """One correction of one cell, or of one row when it is set aside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    produit: str
    millesime: int | None = None
    fichier: str | None = None  # pattern on the path in the landing folder
    cle: dict[str, str]
    colonne: str
    action: Literal["remplacer", "vider", "ecarter"]
    valeur: str | None = None
    attendu: str | None  # the cell as the file prints it today; null for an empty cell
    raison: str
    fournisseur: str
    origine: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> "Correction":
        produit = declarations().get(self.produit)
        if produit is None:
            raise ValueError(f"produit inconnu « {self.produit} »")
        connus = {c.nom for c in produit.champs} | {"millesime"}
        if inconnus := sorted({self.colonne, *self.cle} - connus):
            raise ValueError(f"champs inconnus de {self.produit} : {', '.join(inconnus)}")
        if not self.cle:
            raise ValueError("la clé est vide : elle corrigerait toutes les lignes")
        if (self.action == "remplacer") != (self.valeur is not None):
            raise ValueError("« valeur » va avec l'action « remplacer », et avec elle seule")
        return self

    @property
    def empreinte(self) -> str:
        """Fingerprint of what the correction does: a changed correction means files are read again."""
        return hashlib.sha256(self.model_dump_json(exclude={"origine"}).encode()).hexdigest()[:12]

    def concerns(self, produit: str, millesime: int | None, fichier: str) -> bool:
        """Whether the correction is about this file."""
        bon_millesime = self.millesime is None or millesime is None or self.millesime == millesime
        bon_fichier = self.fichier is None or fnmatch.fnmatchcase(fichier, self.fichier)
        return produit == self.produit and bon_millesime and bon_fichier


def load_corrections(donnees: Path) -> list[Correction]:
    """The corrections of a landing folder, in file order; each YAML file holds a list.

    Raises:
        DonneesRefusees: a file or an entry is not valid.
    """
    corrections = []
    for chemin in sorted((donnees / "corrections").glob("*.yml")):
        nom = f"corrections/{chemin.name}"
        try:
            documents = load_yaml(chemin.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DonneesRefusees(f"{nom} : fichier YAML illisible ({place_in_yaml(error)}).") from None
        entrees = [e for d in documents if d is not None for e in (d if isinstance(d, list) else [d])]
        for rang, entree in enumerate(entrees, 1):
            try:
                corrections.append(Correction.model_validate({**entree, "origine": f"{nom}, entrée {rang}"}))
            except (ValidationError, TypeError) as error:
                detail = (
                    " ; ".join(f"{'.'.join(map(str, e['loc']))} : {e['msg']}" for e in error.errors())
                    if isinstance(error, ValidationError)
                    else "une entrée est un dictionnaire"
                )
                raise DonneesRefusees(f"{nom}, entrée {rang} : correction invalide : {detail}") from None
    return corrections


def check_applied(corrections: Iterable[Correction], comptes: Sequence[CompteFichier]) -> None:
    """Refuse a correction that found no row in any of the files it is about.

    Raises:
        DonneesRefusees: with the correction to withdraw.
    """
    for correction in corrections:
        concernes = [
            c for c in comptes if c.produit and correction.concerns(c.produit, c.millesime, c.fichier)
        ]
        if concernes and not sum(c.corrections_appliquees.get(correction.empreinte, 0) for c in concernes):
            raise DonneesRefusees(
                f"{correction.origine} : aucune ligne de {correction.produit} n'a cette clé "
                f"({', '.join(correction.cle)}) : la donnée a changé. Retirez ou corrigez cette entrée."
            )
