"""What must no longer be read: persons and vintages removed on request, as data of the landing folder.

`exclusions/retraits.yml` holds pseudonyms, never a number: it says nothing without the key. Readers set the
lines aside before anything looks at them and count them; nothing of what they hold is kept, not even in
quarantine. How the store and the warehouse are cleaned belongs in `pipelines.purge`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from pipelines.errors import DonneesRefusees
from pipelines.fichiers import write_text
from pipelines.ingestion.declarations import Produit, load_yaml, products_of, sources
from pipelines.ingestion.pseudonymes import key_fingerprint

FOLDER = "exclusions"
FILE = f"{FOLDER}/retraits.yml"
PERSON, VINTAGE = "personne_exclue", "millesime_exclu"
WARNING = "lignes_exclues"

_HEADER = """\
# Écrit par « observatoire purger ». Les lignes de ces personnes et de ces millésimes ne sont plus lues, même
# si un fichier les contient encore ou les apporte de nouveau. Une personne est désignée par son pseudonyme,
# qui ne vaut qu'avec la clé dont « cle » est l'empreinte. Retirer une entrée, c'est relire ses lignes.
"""


class Exclusion(BaseModel):
    """One person, or one vintage of a source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    personne: str | None = None
    cle: str | None = None
    source: str | None = None
    millesime: int | None = None
    le: date
    motif: str

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        person, vintage = (self.personne, self.cle), (self.source, self.millesime)
        if any(v is None for v in person) == any(v is None for v in vintage):
            raise ValueError("soit « personne » et « cle », soit « source » et « millesime »")
        if any(v is not None for v in person) and any(v is not None for v in vintage):
            raise ValueError("une personne ou un millésime, pas les deux")
        if self.source is not None and self.source not in sources():
            raise ValueError(f"source inconnue « {self.source} » ; attendu : {', '.join(sources())}")
        return self

    @property
    def objet(self) -> tuple[str | None, str | None, int | None]:
        """What is excluded, whatever the day and the reason."""
        return self.personne, self.source, self.millesime


@dataclass(frozen=True)
class Exclusions:
    """The exclusions of a landing folder, each with the place that a message names."""

    entrees: tuple[tuple[Exclusion, str], ...] = field(default=())

    def persons(self, produit: Produit) -> dict[str, str]:
        """Pseudonyms whose lines a product must not read, with the message of each."""
        if not produit.personnes:
            return {}
        return {e.personne: message for e, message in self.entrees if e.personne is not None}

    def vintages(self, produit: Produit) -> dict[int, str]:
        """Vintages that a product must not read, with the message of each."""
        return {
            e.millesime: message
            for e, message in self.entrees
            if e.millesime is not None and e.source == produit.source
        }

    def fingerprints(self, produits: Iterable[Produit]) -> list[str]:
        """What the reading of some products depends on here: empty when nothing concerns them."""
        found: set[str] = set()
        for produit in produits:
            found |= {*self.persons(produit), *(str(m) for m in self.vintages(produit))}
        return [hashlib.sha256(" ".join(sorted(found)).encode()).hexdigest()[:12]] if found else []


def message(rang: int) -> str:
    """What the quarantine says of a line set aside by an entry: which entry, nothing of the line."""
    return f"Ligne écartée : {FILE}, entrée {rang}"


def load_exclusions(donnees: Path, cle: bytes) -> Exclusions:
    """The exclusions of a landing folder.

    Raises:
        DonneesRefusees: the file is not valid, or was written with another key: persons would come back.
    """
    entrees = _read(donnees / FILE)
    empreinte = key_fingerprint(cle)
    if autres := [rang for rang, e in enumerate(entrees, 1) if e.cle not in (None, empreinte)]:
        raise DonneesRefusees(
            f"{FILE}, entrée {autres[0]} : la personne a été retirée avec une autre clé ; ses lignes "
            "seraient lues de nouveau. Retirez-les des fichiers de dépôt (docs/securite.md) puis supprimez "
            "l'entrée, ou remettez la clé d'alors."
        )
    return Exclusions(tuple((e, message(rang)) for rang, e in enumerate(entrees, 1)))


def record_exclusions(donnees: Path, nouvelles: Sequence[Exclusion]) -> list[int]:
    """Add entries to the file of a landing folder, without repeating one; return their ranks.

    A person that an older key excluded and that is given again replaces nothing: the old entry is for whoever
    still has that key, and stops the build until it is removed by hand.
    """
    path = donnees / FILE
    entrees = list(_read(path))
    rangs = []
    for nouvelle in nouvelles:
        connues = [e.objet for e in entrees]
        if nouvelle.objet not in connues:
            entrees.append(nouvelle)
            connues.append(nouvelle.objet)
        rangs.append(connues.index(nouvelle.objet) + 1)
    path.parent.mkdir(exist_ok=True)
    content = [e.model_dump(mode="json", exclude_none=True) for e in entrees]
    write_text(path, _HEADER + yaml.safe_dump(content, allow_unicode=True, sort_keys=False), mode=0o640)
    return rangs


def personal_sources() -> set[str]:
    """Sources that have a column which identifies a person."""
    return {s for s in sources() if any(p.personnes for p in products_of(s))}


def personal_columns() -> list[str]:
    """Columns that identify a person, in whatever table."""
    return sorted({champ for s in sources() for p in products_of(s) for champ in p.personnes})


def _read(path: Path) -> list[Exclusion]:
    try:
        documents = load_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DonneesRefusees(f"{FILE} : fichier illisible ({type(error).__name__}).") from None
    entrees = [e for d in documents if d is not None for e in (d if isinstance(d, list) else [d])]
    read = []
    for rang, entree in enumerate(entrees, 1):
        try:
            read.append(Exclusion.model_validate(entree))
        except ValidationError as error:
            detail = " ; ".join(f"{'.'.join(map(str, e['loc']))} : {e['msg']}" for e in error.errors())
            raise DonneesRefusees(f"{FILE}, entrée {rang} : invalide : {detail}") from None
    return read
