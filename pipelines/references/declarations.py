"""What is shipped, as `declarations.yml` says it."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

DOSSIER = Path(__file__).with_name("donnees")
PROVENANCE = DOSSIER / "provenance.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origine(_Strict):
    """A producer's file: a path of the folder of published files, or a member of a version of a package."""

    titre: str
    producteur: str
    millesime: str
    licence: str
    fichier: str | None = None
    paquet: str | None = None
    version: str | None = None
    membre: str | None = None
    colonnes: dict[str, str] = {}


class Colonne(_Strict):
    """A column of a shipped table."""

    nom: str
    type: str
    description: str


class Table(_Strict):
    """A shipped table, and the origins it is derived from."""

    description: str
    origines: tuple[str, ...]
    colonnes: tuple[Colonne, ...]


class CommuneTerritoire(_Strict):
    """A commune that is a territory by itself."""

    code_commune: str
    nature: str


class Declarations(_Strict):
    """Everything that `declarations.yml` holds."""

    origines: dict[str, Origine]
    communes_territoires: tuple[CommuneTerritoire, ...]
    natures_dans_une_epci: tuple[str, ...]
    tables: dict[str, Table]


@cache
def declarations() -> Declarations:
    """Return the declarations, read once."""
    texte = Path(__file__).with_name("declarations.yml").read_text(encoding="utf-8")
    return Declarations.model_validate(yaml.safe_load(texte))


def parquet(table: str) -> Path:
    """Return the file of a shipped table."""
    return DOSSIER / f"{table}.parquet"
