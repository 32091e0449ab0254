"""The plan of the public edition: its tables, and what links the counts they print.

Only the reading and checking of `plan.yml` and of a territory's additions belong here.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from pipelines.errors import MauvaisUsage
from pipelines.paths import PUBLIC_PLAN

PLAN = Path(__file__).with_name("plan.yml")
TOUS = "tous"
EPCI = "epci"
_COUNT = re.compile(r"[a-z0-9_]+\.(numerateur|denominateur|complement)(@[^/@]+/[^/@]+)?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Periode = Literal["annee", "semestre", "millesime"]


def _is_count(text: Any) -> Any:
    if not isinstance(text, str) or _COUNT.fullmatch(text) is None:
        raise ValueError(f"« {text} » : attendu indicateur.mesure ou indicateur.mesure@type/segment")
    return text


def _is_name(text: Any) -> Any:
    if not isinstance(text, str) or _NAME.fullmatch(text) is None:
        raise ValueError(f"« {text} » : attendu un nom en minuscules, chiffres et « _ »")
    return text


Count = Annotated[str, BeforeValidator(_is_count)]
Name = Annotated[str, BeforeValidator(_is_name)]


_M = TypeVar("_M", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(_Strict):
    """One table of the edition: every indicator on every axis, segment and kind of period named."""

    titre: str
    indicateurs: list[Name] = Field(min_length=1)
    axes: list[Name] = Field(min_length=1)
    segments: list[str] = [TOUS]
    periodes: list[Periode] = Field(min_length=1)

    @model_validator(mode="after")
    def _two_dimensions(self) -> "Table":
        if any(" x " in name for name in [*self.axes, *self.segments]):
            raise ValueError("un axe ou un segment croisé ne se publie pas")
        if any(axis != EPCI for axis in self.axes) and self.segments not in ([TOUS], ["concept"]):
            raise ValueError("un axe autre que « epci » ne se croise pas avec un segment")
        if "semestre" in self.periodes and (self.axes != [EPCI] or self.segments != [TOUS]):
            raise ValueError("un semestre ne se publie que pour l'axe « epci », sans segment")
        return self


class _Inside(_Strict):
    axe: Name
    croisement: str


class Axe(_Strict):
    """How the modalities of an axis are listed, what masking one costs, and what contains them."""

    cout: float = Field(gt=0)
    grille: Literal["toujours", "presence"]
    contenu_dans: _Inside | None = None
    nuls: list[Name] = []
    facteurs: dict[Name, Annotated[float, Field(gt=0)]] = {}
    donnees_ouvertes: bool = False


class Contenu(_Strict):
    """A count, and counts apart that it contains; `complet`: with their missing answers, they make it."""

    tout: Count
    parties: list[Count] = Field(min_length=1)
    complet: bool = False


class _Total(_Strict):
    axe: Name
    modalite: str


class Somme(_Strict):
    """An axis whose modalities add up, for an indicator, to one modality of another axis."""

    axe: Name
    indicateur: Name
    total: _Total


class Loyer(_Strict):
    """What a mean rent or surface needs to be published."""

    indicateurs: list[Name]
    base: Name
    logements_minimum: int = Field(ge=1)
    bailleurs_minimum: int = Field(ge=1)
    axe_bailleur: Name


class Couts(_Strict):
    """What multiplies or replaces the cost of an axis."""

    segment: float = Field(gt=0)
    semestre: float = Field(gt=0)
    cible_epci: float = Field(ge=1)
    cible: float = Field(ge=1)


class Plan(_Strict):
    """The whole plan; `tables_de` says what it is for one territory."""

    valeurs_libres: int = Field(ge=2)
    loyer: Loyer
    tables: dict[Name, Table]
    axes: dict[Name, Axe]
    couts: Couts
    modalites_exclues: list[str] = []
    sensibles: list[Name] = []
    cibles_derivees: dict[str, Name | None] = {}
    contenus: list[Contenu] = []
    memes: dict[Count, Count] = {}
    sommes: list[Somme] = []
    propres: dict[str, dict[str, Table]] = {}
    retirees: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _known_axes(self) -> "Plan":
        tables = {**self.tables, **{n: t for own in self.propres.values() for n, t in own.items()}}
        for name, table in tables.items():
            for axis in table.axes:
                if axis not in self.axes:
                    raise ValueError(
                        f"table « {name} » : axe « {axis} » inconnu ; axes : {', '.join(self.axes)}"
                    )
        return self

    def tables_de(self, siren: str) -> dict[str, Table]:
        """The tables of one territory: those of everybody, less those it removes, with those it adds."""
        kept = {n: t for n, t in self.tables.items() if n not in self.retirees.get(siren, [])}
        return {**kept, **self.propres.get(siren, {})}

    def toutes(self) -> dict[str, Table]:
        """Every table that at least one territory may have, with its title."""
        return {**self.tables, **{n: t for own in self.propres.values() for n, t in own.items()}}


class _Territoire(_Strict):
    ajouter: dict[Name, Table] = {}
    retirer: list[Name] = []


class _Additions(_Strict):
    territoires: dict[str, _Territoire]


def load_plan(additions: str | None = None) -> Plan:
    """Read the plan, and what the text of `<donnees>/diffusion/plan.yml` changes for some territories.

    The file of additions holds `territoires: {SIREN: {ajouter: {table}, retirer: [nom]}}`. It may add a
    table of indicators the plan already knows: a count without its links could not be protected.
    """
    plan = _validate(Plan, PLAN, _parse(PLAN, PLAN.read_text(encoding="utf-8")))
    if additions is None:
        return plan
    own = _validate(_Additions, PUBLIC_PLAN, _parse(PUBLIC_PLAN, additions))
    known = {indicator for table in plan.tables.values() for indicator in table.indicateurs} | {
        name.split(".")[0] for link in plan.contenus for name in [link.tout, *link.parties]
    }
    for siren, territory in own.territoires.items():
        if re.fullmatch(r"[0-9]{9}", siren) is None:
            raise MauvaisUsage(
                f"{PUBLIC_PLAN} : « {siren} » n'est pas un SIREN (9 chiffres, entre guillemets)"
            )
        for name in territory.retirer:
            if name not in plan.tables:
                raise MauvaisUsage(
                    f"{PUBLIC_PLAN} : {siren}, retirer : table « {name} » inconnue ; tables : "
                    f"{', '.join(plan.tables)}"
                )
        for name, table in territory.ajouter.items():
            if name in plan.tables:
                raise MauvaisUsage(
                    f"{PUBLIC_PLAN} : {siren}, ajouter : la table « {name} » existe déjà ; choisir un "
                    "autre nom"
                )
            unknown = sorted(set(table.indicateurs) - known)
            if unknown:
                raise MauvaisUsage(
                    f"{PUBLIC_PLAN} : {siren}, table « {name} » : indicateur {', '.join(unknown)} hors du "
                    "plan ; seuls ses indicateurs, dont les liens sont connus, se publient"
                )
            _refuse_unlinked(siren, name, table, plan)
    return _validate(
        Plan,
        PUBLIC_PLAN,
        {
            **plan.model_dump(),
            "propres": {siren: territory.ajouter for siren, territory in own.territoires.items()},
            "retirees": {siren: territory.retirer for siren, territory in own.territoires.items()},
        },
    )


def _refuse_unlinked(siren: str, name: str, table: Table, plan: Plan) -> None:
    """Refuse segments and half-years whose counts the plan does not link to those it prints already."""
    renamed: dict[str, set[str]] = {}
    for count in plan.memes:
        if "@" in count:
            renamed.setdefault(count.split("@")[1].split("/")[0], set()).add(count.split(".")[0])
    segments = {segment for own in plan.tables.values() for segment in own.segments}
    halves = {i for own in plan.tables.values() if "semestre" in own.periodes for i in own.indicateurs}
    for segment in table.segments:
        # Where a segment of one count is another count, only the counts of which it is said are linked.
        known = set(table.indicateurs) <= renamed.get(segment, set(table.indicateurs))
        if segment not in segments or not known:
            raise MauvaisUsage(
                f"{PUBLIC_PLAN} : {siren}, table « {name} » : segment « {segment} » hors du plan pour ces "
                "indicateurs ; seuls ses segments, dont les liens sont connus, se publient"
            )
    if "semestre" in table.periodes and (others := sorted(set(table.indicateurs) - halves)):
        raise MauvaisUsage(
            f"{PUBLIC_PLAN} : {siren}, table « {name} » : {', '.join(others)} ne se publie pas par "
            f"semestre ; indicateurs : {', '.join(sorted(halves))}"
        )


def _parse(path: Path, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise MauvaisUsage(f"{path} : ce n'est pas un fichier YAML lisible ({error})") from None


def _validate(model: type[_M], path: Path, content: Any) -> _M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [f"{' › '.join(str(part) for part in e['loc'])} : {_said(e)}" for e in error.errors()]
        raise MauvaisUsage(f"{path} : plan de diffusion refusé\n  " + "\n  ".join(lines)) from None


def _said(error: ErrorDetails) -> str:
    """What a check of the plan's own says, or in French what the library's found."""
    match error["type"]:
        case "value_error":
            return error["msg"].removeprefix("Value error, ")
        case "extra_forbidden":
            return "clé inconnue ; l'enlever, ou en corriger le nom"
        case "missing":
            return "clé absente ; l'ajouter"
        case "literal_error":
            expected = error["ctx"]["expected"].replace(" or ", " ou ")
            return f"« {error['input']} » inconnu ; attendu {expected}"
    return "valeur d'une autre forme que celle attendue ; voir docs/diffusion.md"
