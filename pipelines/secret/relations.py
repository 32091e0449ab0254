"""The declared links between published counts, read from `relations.yml` and checked.

Only the reading and the meaning of that file belong here; what is done with the links is in `unites` and
`systeme`.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.errors import MauvaisUsage

DEFAULT_PATH = Path(__file__).with_name("relations.yml")

Lien = Literal["partition", "sous_ensemble", "sans_lien"]
# The complement is denominateur - numerateur: nobody publishes it, everybody can compute it.
MEASURES = ("numerateur", "denominateur", "inconnus", "complement")
_TERM = re.compile(
    r"^(?P<indicateur>[a-z0-9_]+)\.(?P<mesure>[a-z]+)(?:@(?P<segment_type>[^/@]+)/(?P<segment>[^/@]+))?$"
)


@dataclass(frozen=True)
class Term:
    """One count named in a relation: an indicator's measure, on the figure's segment or on a given one."""

    indicateur: str
    mesure: int
    segment_type: str | None = None
    segment: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Term":
        """Read `indicateur.mesure[@segment_type/segment]`; raises ValueError when it is something else."""
        found = _TERM.match(text)
        if found is None or found["mesure"] not in MEASURES:
            raise ValueError(f"« {text} » : attendu indicateur.mesure ou indicateur.mesure@type/segment")
        return cls(
            found["indicateur"], MEASURES.index(found["mesure"]), found["segment_type"], found["segment"]
        )


@dataclass(frozen=True)
class Fenetre:
    """The calendar place of one period.

    `serie` and `annee` name the year it ends in; `couche` says how fine its bounds are (1: a calendar year,
    2: halves, 3: quarters or months); `deborde` is true when it begins in the year before.
    """

    serie: str
    annee: str
    couche: int
    deborde: bool


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Periode(_Strict):
    mois: int = Field(gt=0)
    forme: str


class _Axes(_Strict):
    defaut: Lien
    partition: list[str] = []
    sous_ensemble: list[str] = []
    sans_lien: list[str] = []

    def lien(self, nom: str) -> Lien:
        """How the modalities of this axis or segment type relate to the total."""
        if nom in self.partition:
            return "partition"
        if nom in self.sous_ensemble:
            return "sous_ensemble"
        return "sans_lien" if nom in self.sans_lien else self.defaut


class _Classes(_Strict):
    croisement_segment: int = Field(ge=0, le=14)
    croisement: int = Field(ge=0, le=14)
    axe_fin_segment: int = Field(ge=0, le=14)
    axe_fin: int = Field(ge=0, le=14)
    axe_segment: int = Field(ge=0, le=14)
    axe: int = Field(ge=0, le=14)
    total_segment: int = Field(ge=0, le=14)
    total: int = Field(ge=0, le=14)


class _Somme(_Strict):
    total: str
    parties: list[str] = Field(min_length=1)


class _Equilibre(_Strict):
    gauche: list[str] = Field(min_length=1)
    droite: list[str] = Field(min_length=1)


class Relations(_Strict):
    """What links the published counts, as declared."""

    separateur: str
    axe_total: str
    segment_total: str
    unites_de_comptes: list[str]
    unites_de_parts: list[str]
    operateurs_derives: list[str]
    periodes: dict[str, _Periode]
    axes: _Axes
    segments: _Axes
    classes: _Classes
    axes_fins: list[str]
    principaux: list[str]
    egalites: list[list[str]]
    sommes: list[_Somme]
    equilibres: list[_Equilibre]

    def equal_terms(self) -> list[list[Term]]:
        """The counts that are the same count."""
        return [[Term.parse(text) for text in group] for group in self.egalites]

    def sum_terms(self) -> list[tuple[Term, list[Term]]]:
        """Each total with its parts."""
        return [(Term.parse(one.total), [Term.parse(part) for part in one.parties]) for one in self.sommes]

    def balance_terms(self) -> list[tuple[list[Term], list[Term]]]:
        """The pairs of sums that are the same count."""
        return [
            ([Term.parse(text) for text in one.gauche], [Term.parse(text) for text in one.droite])
            for one in self.equilibres
        ]

    def fenetre(self, periode_type: str, periode: str) -> Fenetre:
        """Place a period in the calendar; a type that is not declared stands alone.

        Raises:
            MauvaisUsage: when `periode` is not written as its type says.
        """
        declared = self.periodes.get(periode_type)
        if declared is None:
            return Fenetre(periode_type, periode, 1, False)
        found = re.match(declared.forme, periode)
        if found is None:
            raise MauvaisUsage(
                f"période « {periode} » illisible pour le type « {periode_type} » : attendu {declared.forme}"
            )
        parts = found.groupdict()
        last = int(parts["mois"]) if "mois" in parts else int(parts.get("rang") or 1) * declared.mois
        start = last - declared.mois
        grain = next(g for g in (12, 6, 3, 1) if start % g == 0 and declared.mois % g == 0)
        return Fenetre("", parts["annee"], {12: 1, 6: 2, 3: 3, 1: 3}[grain], start < 0)


def load_relations(path: Path = DEFAULT_PATH) -> Relations:
    """Read and check a file of relations.

    Raises:
        MauvaisUsage: when the file is not what is expected; the message names the key.
    """
    try:
        relations = Relations.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        relations.equal_terms()
        relations.sum_terms()
        relations.balance_terms()
    except (ValidationError, ValueError) as error:
        raise MauvaisUsage(f"{path.name} : {error}") from error
    return relations
