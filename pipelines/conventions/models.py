"""What a convention file holds, as pydantic models, and the dated objectives that follow from it.

Each model is one block of the file. Accepted words and defaults come from `vocabulaire.yml`, legal objectives
from `territoires/_legal.yml`; no threshold and no date is written here.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.conventions.reading import nearest, refusal, show
from pipelines.conventions.vocabulary import vocabulary
from pipelines.references import regions

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_JOUR_MOIS = re.compile(r"([0-9]{2})/([0-9]{2})")
_SEPARATEUR_AXES = " x "
# A triangle, and its first point again.
_POINTS_MIN = 4
# Any year of 365 days: a report due each year cannot stop on 29 February.
_ANNEE_ORDINAIRE = 2001


def _date(valeur: object) -> object:
    if isinstance(valeur, str) and _ISO.fullmatch(valeur):
        try:
            valeur = date.fromisoformat(valeur)
        except ValueError:
            raise refusal("une date qui existe, AAAA-MM-JJ", valeur) from None
    if not isinstance(valeur, date):
        raise refusal("une date AAAA-MM-JJ", valeur)
    bornes = vocabulary().dates
    if not bornes.minimum <= valeur <= bornes.maximum:
        raise refusal(f"une date entre {bornes.minimum} et {bornes.maximum}", valeur)
    return valeur


def _optional_date(valeur: object) -> object:
    return None if valeur is None else _date(valeur)


def _not_boolean(valeur: object) -> object:
    if isinstance(valeur, bool):
        raise refusal("un texte (entre guillemets)", valeur)
    return valeur


def _siren(valeur: str) -> str:
    if not re.fullmatch(r"[0-9]{9}", valeur, flags=re.ASCII):
        raise refusal("un SIREN à 9 chiffres", valeur)
    return valeur


def _commune(valeur: str) -> str:
    if not re.fullmatch(r"[0-9][0-9AB][0-9]{3}", valeur, flags=re.ASCII):
        raise refusal("un code Insee de commune à 5 caractères, entre guillemets", valeur)
    return valeur


def _identifiant(valeur: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", valeur):
        raise refusal("un identifiant (lettres minuscules sans accent, chiffres, _)", valeur)
    return valeur


def _as_list(valeur: object) -> object:
    return [valeur] if isinstance(valeur, str | int) and not isinstance(valeur, bool) else valeur


def _code(valeur: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", valeur):
        raise refusal("un code sans espace ni accent", valeur)
    return valeur


Texte = Annotated[str, BeforeValidator(_not_boolean), Field(min_length=1, max_length=2000)]
Siren = Annotated[Texte, AfterValidator(_siren)]
Identifiant = Annotated[Texte, AfterValidator(_identifiant)]
Code = Annotated[Texte, AfterValidator(_code)]
JourOuRien = Annotated[date | None, BeforeValidator(_optional_date)]
Jour = Annotated[date, BeforeValidator(_date)]
Commune = Annotated[Texte, AfterValidator(_commune)]
Nombre = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Entier = Annotated[int, Field(strict=True)]


def _word(liste: str) -> AfterValidator:
    return AfterValidator(lambda mot: vocabulary().check_word(liste, mot))


class Bloc(BaseModel):
    """Common rules of every block: unknown keys refused, nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, coerce_numbers_to_str=True
    )


def overlaps(debut_a: date | None, fin_a: date | None, debut_b: date | None, fin_b: date | None) -> bool:
    """Whether two periods share a day; a missing bound is open."""
    return (
        (debut_a is None or fin_b is None or debut_a <= fin_b)
        and (debut_b is None or fin_a is None or debut_b <= fin_a)
    )  # fmt: skip


def _check_order(debut: date | None, fin: date | None) -> None:
    if debut and fin and fin < debut:
        raise refusal(f"une date qui suit le début ({debut})", fin, cle="fin")


class Objectif(Bloc):
    """One objective of the file: an indicator, an axis or several, a target or the reason why there is none.

    `debut` and `fin` default to those of the convention; an open end means "still in force".
    """

    id: Identifiant
    libelle: Texte
    indicateur: Identifiant
    axe: Annotated[tuple[Texte, ...], BeforeValidator(_as_list), Field(min_length=1)]
    statut: Annotated[Texte, _word("statuts")] = "fixe"
    operateur: Annotated[Texte, _word("operateurs")] | None = None
    cible: Nombre | None = None
    cible_indicateur: Identifiant | None = None
    evenement: Annotated[Texte, _word("evenements")] | None = None
    debut: JourOuRien = None
    fin: JourOuRien = None
    acteurs: Annotated[tuple[Texte, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = None
    autres: Texte | None = None
    article: Texte | None = None
    segment: Annotated[Texte, Field(pattern=r"^[a-z][a-z0-9_]*/[^/]+$")] = "tous/tous"

    @field_validator("axe")
    @classmethod
    def _check_axes(cls, axes: tuple[str, ...]) -> tuple[str, ...]:
        for axe in axes:
            parties = axe.split(_SEPARATEUR_AXES)
            if len(parties) > 2 or len(set(parties)) < len(parties):
                raise refusal("un axe, ou deux axes différents joints par « x »", axe)
            for partie in parties:
                vocabulary().check_word("axes", partie)
        if len(set(axes)) < len(axes):
            raise refusal("des axes différents", ", ".join(axes))
        return axes

    @field_validator("indicateur", "cible_indicateur")
    @classmethod
    def _check_indicator(cls, indicateur: str | None, info: ValidationInfo) -> str | None:
        catalogue = (info.context or {}).get("indicateurs")
        if indicateur is not None and catalogue is not None and indicateur not in catalogue:
            raise refusal("un indicateur du catalogue", indicateur, nearest(indicateur, catalogue))
        return indicateur

    @model_validator(mode="after")
    def _check_target(self, info: ValidationInfo) -> Self:
        if self.statut != "fixe":
            if self.cible is not None:
                raise refusal(f"aucune cible quand le statut est « {self.statut} »", self.cible, cle="cible")
            if self.cible_indicateur is not None:
                raise refusal(
                    f"aucune cible quand le statut est « {self.statut} »",
                    self.cible_indicateur,
                    cle="cible_indicateur",
                )
        elif self.operateur is None:
            raise refusal(f"un opérateur ({', '.join(vocabulary().operateurs)})", None, cle="operateur")
        elif self.operateur in (">=", "<="):
            if self.cible is None:
                conseil = " ; pour un objectif sans cible, écrire « statut: suivi » ou « statut: sans_objet »"
                raise refusal("une cible", None, conseil, cle="cible")
        elif self.operateur == ">=N-1" and self.cible is not None:
            raise refusal("aucune cible : c'est la valeur de l'année précédente", self.cible, cle="cible")
        if (self.operateur == "approche" and self.statut == "fixe") != (self.cible_indicateur is not None):
            raise refusal(
                "un indicateur à approcher avec l'opérateur « approche », et avec lui seul",
                self.cible_indicateur,
                cle="cible_indicateur",
            )
        self._check_bounds(info)
        return self

    def _check_bounds(self, info: ValidationInfo) -> None:
        catalogue = (info.context or {}).get("indicateurs") or {}
        unite = catalogue.get(self.indicateur)
        if self.cible is None:
            return
        if self.cible < 0:
            raise refusal("une cible positive ou nulle", self.cible, cle="cible")
        if self.cible > 100 and unite in (None, "%"):
            raise refusal("un pourcentage entre 0 et 100", self.cible, cle="cible")
        if 0 < self.cible < 1 and unite == "%":
            conseil = f" ; écrire {self.cible * 100:g} pour {self.cible * 100:g} %"
            raise refusal("un pourcentage entre 0 et 100, non une fraction", self.cible, conseil, cle="cible")

    @model_validator(mode="after")
    def _check_actors(self) -> Self:
        _check_order(self.debut, self.fin)
        if self.autres not in (None, "sans_objet"):
            raise refusal("« sans_objet »", self.autres, cle="autres")
        if self.acteurs is None:
            if self.autres is not None:
                raise refusal("des acteurs quand « autres » est écrit", None, cle="acteurs")
            return self
        if len(self.axe) > 1:
            raise refusal("un seul axe quand des acteurs sont nommés", ", ".join(self.axe), cle="axe")
        if len(set(self.acteurs)) < len(self.acteurs):
            raise refusal("des acteurs différents", ", ".join(self.acteurs), cle="acteurs")
        forme = vocabulary().axes.get(self.axe[0])
        if forme is not None:
            if forme.aucune:
                raise refusal(f"aucun acteur sur l'axe « {self.axe[0]} »", self.acteurs[0], cle="acteurs")
            for acteur in self.acteurs:
                forme.check(acteur)
        return self


class Critere(Bloc):
    """One criterion of a zone; the criteria of a zone add up."""

    critere: Annotated[Texte, _word("criteres")]
    valeur: Any

    @model_validator(mode="after")
    def _check_value(self) -> Self:
        self.text()
        return self

    def text(self) -> str:
        """The value as it is written to the tables; a geometry as GeoJSON.

        Raises:
            PydanticCustomError: the value has not the shape of its criterion.
        """
        valeur = self.valeur
        if self.critere == "polygone":
            return _geometry(valeur)
        if isinstance(valeur, bool) or not isinstance(valeur, str | int):
            raise refusal("un texte", valeur, cle="valeur")
        texte = str(valeur).strip()
        if not texte:
            raise refusal("un texte non vide", None, cle="valeur")
        vocabulary().criteres[self.critere].check(texte)
        return texte


def _geometry(valeur: object) -> str:
    attendu = "une géométrie GeoJSON (Polygon ou MultiPolygon)"
    if isinstance(valeur, str):
        try:
            valeur = json.loads(valeur)
        except (ValueError, RecursionError):
            raise refusal(attendu, valeur, cle="valeur") from None
    if not isinstance(valeur, dict) or valeur.get("type") not in ("Polygon", "MultiPolygon"):
        raise refusal(attendu, valeur, cle="valeur")
    coordonnees = valeur.get("coordinates")
    polygones = [coordonnees] if valeur["type"] == "Polygon" else coordonnees
    if not isinstance(polygones, list) or not polygones or not all(_is_polygon(p) for p in polygones):
        raise refusal(
            f"{attendu}, avec ses coordonnées : longitude et latitude en degrés, contours fermés (le dernier "
            "point est le premier)",
            coordonnees,
            cle="valeur",
        )
    return json.dumps({"type": valeur["type"], "coordinates": coordonnees}, separators=(",", ":"))


def _is_polygon(contours: object) -> bool:
    """Whether these are rings that close and hold a surface, of points in degrees: the same as what is asked
    of a file of the landing folder."""
    return isinstance(contours, list) and bool(contours) and all(_is_ring(c) for c in contours)


def _is_ring(points: object) -> bool:
    if not isinstance(points, list) or not all(_is_point(p) for p in points):
        return False
    surface = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(points))
    return len(points) >= _POINTS_MIN and points[0] == points[-1] and surface != 0


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) in (2, 3)
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in point)
        and abs(point[0]) <= 180
        and abs(point[1]) <= 90
    )


class Zone(Bloc):
    """A followed or assimilated zone; without criteria, `zones/*.csv` of the landing folder bounds it."""

    zone: Code
    type: Identifiant
    nom: Texte
    debut: JourOuRien = None
    fin: JourOuRien = None
    criteres: tuple[Critere, ...] = ()

    @field_validator("type")
    @classmethod
    def _check_type(cls, valeur: str) -> str:
        """Other types than the known ones are accepted, except what looks like a typing error."""
        connus = vocabulary().types_zone
        if valeur not in connus and (conseil := nearest(valeur, connus)):
            raise refusal(f"un type de zone ({', '.join(connus)}, ou un autre nom)", valeur, conseil)
        return valeur

    @model_validator(mode="after")
    def _check_zone(self) -> Self:
        _check_order(self.debut, self.fin)
        paires = [(c.critere, c.text()) for c in self.criteres]
        for paire in paires:
            if paires.count(paire) > 1:
                raise refusal("des critères différents", " ".join(paire), cle="criteres")
        return self


class Bailleur(Bloc):
    """A landlord and the other names it has in the files."""

    siren: Siren
    nom: Texte
    alias: Annotated[tuple[Texte, ...], BeforeValidator(_as_list)] = ()


def _day(valeur: str) -> str:
    trouve = _JOUR_MOIS.fullmatch(valeur)
    try:
        if trouve:
            return f"{date(_ANNEE_ORDINAIRE, int(trouve[2]), int(trouve[1])):%m-%d}"
        return date.fromisoformat(valeur).isoformat()
    except ValueError:
        raise refusal("un jour JJ/MM de chaque année, ou une date AAAA-MM-JJ", valeur) from None


def _days(valeur: object) -> object:
    """Days as texts, whatever YAML made of them."""
    valeurs = valeur if isinstance(valeur, list) else [valeur]
    return [v.isoformat() if isinstance(v, date) else v for v in valeurs]


class Echeance(Bloc):
    """One report of the calendar: on which days its figures stop, and how many days there are to send it."""

    rapport: Annotated[Texte, _word("rapports")]
    periodicite: Annotated[Texte, _word("periodicites")]
    arrete_au: Annotated[tuple[Annotated[Texte, AfterValidator(_day)], ...], BeforeValidator(_days)] = ()
    apres_annees: Annotated[Entier, Field(ge=1, le=50)] | None = None
    delai_jours: Annotated[Entier, Field(ge=0, le=3660)] | None = None

    @model_validator(mode="after")
    def _check_when(self) -> Self:
        if bool(self.arrete_au) == (self.apres_annees is not None):
            raise refusal("soit « arrete_au », soit « apres_annees »", None, cle="arrete_au")
        return self

    def stops(self, debut: date | None) -> list[str | None]:
        """Days when the figures stop: `MM-JJ` each year, or a full date; None when the start is unknown."""
        if self.apres_annees is None:
            return list(self.arrete_au)
        if debut is None:
            return [None]
        # The last day of the n-th year; 29 February has no anniversary, 1 March stands for it.
        bissextile = (debut.month, debut.day) == (2, 29)
        premier = debut + timedelta(days=1) if bissextile else debut
        anniversaire = premier.replace(year=premier.year + self.apres_annees)
        return [(anniversaire - timedelta(days=1)).isoformat()]


def _method_reference(valeur: object) -> object:
    return {"methode": valeur} if isinstance(valeur, str) else valeur


class MethodeChoisie(Bloc):
    """A fragility method the convention uses, with the vintages it pins."""

    methode: Identifiant
    role: Annotated[Texte, _word("roles_methode")] = "fragilite"
    millesimes: dict[str, Annotated[Entier, Field(ge=1900, le=2999)]] = Field(default_factory=dict)

    @field_validator("millesimes")
    @classmethod
    def _check_sources(cls, valeur: dict[str, int]) -> dict[str, int]:
        for source in valeur:
            vocabulary().check_word("sources_millesime", source)
        return valeur

    @field_validator("methode")
    @classmethod
    def _check_method(cls, valeur: str, info: ValidationInfo) -> str:
        connues = (info.context or {}).get("methodes")
        if connues is not None and valeur not in connues:
            raise refusal(
                f"une méthode de methodes/ ({', '.join(connues)})", valeur, nearest(valeur, connues)
            )
        return valeur


class _AvecObjectifs(Bloc):
    objectifs: tuple[Objectif, ...] = ()
    calendrier: tuple[Echeance, ...] = ()

    @field_validator("objectifs")
    @classmethod
    def _check_unique_ids(cls, objectifs: tuple[Objectif, ...]) -> tuple[Objectif, ...]:
        vus: set[str] = set()
        for objectif in objectifs:
            if objectif.id in vus:
                raise refusal("des identifiants d'objectif différents", objectif.id)
            vus.add(objectif.id)
        return objectifs


class SocleLegal(_AvecObjectifs):
    """`territoires/_legal.yml`: the objectives and the calendar of the law, dated."""

    version: Texte

    @model_validator(mode="after")
    def _check_dates(self) -> Self:
        for objectif in self.objectifs:
            if objectif.debut is None:
                raise refusal(f"une date de début pour l'objectif « {objectif.id} »", None, cle="objectifs")
        return self


class FichierConvention(_AvecObjectifs):
    """One convention file, as written."""

    siren: Siren
    nom: Texte
    version: Texte
    texte: Texte | None = None
    debut: JourOuRien = None
    fin: JourOuRien = None
    socle_legal: Annotated[Texte, _word("socle_legal")] = "hors_periode"
    parametres: dict[str, Any] = Field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    bailleurs: tuple[Bailleur, ...] = ()
    methodes: tuple[Annotated[MethodeChoisie, BeforeValidator(_method_reference)], ...] = ()

    @field_validator("parametres")
    @classmethod
    def _check_parameters(cls, valeur: dict[str, Any]) -> dict[str, str]:
        declares = vocabulary().parametres
        parametres: dict[str, str] = {}
        for nom, reponse in valeur.items():
            if nom not in declares:
                raise refusal("un paramètre déclaré", nom, nearest(nom, declares), cle=nom)
            texte = str(reponse) if isinstance(reponse, str | int) and not isinstance(reponse, bool) else None
            if texte is None or not declares[nom].accepts(texte):
                attendues = declares[nom].answers()
                conseil = nearest(reponse, declares[nom].valeurs)
                raise refusal(f"l'une des valeurs {', '.join(attendues)}", reponse, conseil, cle=nom)
            parametres[nom] = texte
        return parametres

    @model_validator(mode="after")
    def _check_events(self, info: ValidationInfo) -> Self:
        """One event per family of indicators: with two, one indicator would mean two things."""
        familles = (info.context or {}).get("familles") or {}
        choisis = {
            famille: (str(self.parametres[f"evenement_{famille}"]), "parametres")
            for famille in sorted(set(familles.values()))
            if f"evenement_{famille}" in self.parametres
        }
        for rang, objectif in enumerate(self.objectifs):
            famille = familles.get(objectif.indicateur)
            if objectif.evenement is None or famille is None:
                continue
            attendu, ou = choisis.setdefault(famille, (objectif.evenement, objectif.id))
            if objectif.evenement != attendu:
                seul = f"un seul événement pour la famille « {famille} » (« {attendu} » dans {ou})"
                raise refusal(seul, objectif.evenement, cle=f"objectifs[{rang}].evenement")
        return self

    @model_validator(mode="after")
    def _check_convention(self) -> Self:
        _check_order(self.debut, self.fin)
        for rang, objectif in enumerate(self.objectifs):
            if objectif.debut is None and self.debut is None:
                cle = f"objectifs[{rang}].debut"
                raise refusal("un début, ici ou pour la convention entière", None, cle=cle)
            debut, fin = objectif.debut or self.debut, objectif.fin or self.fin
            if debut and fin and fin < debut:
                raise refusal(f"une période dans l'ordre (fin {fin})", debut, cle=f"objectifs[{rang}].debut")
            if not overlaps(debut, fin, self.debut, self.fin):
                raise refusal(
                    f"une période qui touche celle de la convention ({self.debut} à {self.fin})",
                    f"{debut} à {fin}",
                    cle=f"objectifs[{rang}].debut",
                )
        self._check_repeats()
        return self

    def _check_repeats(self) -> None:
        sirens = [b.siren for b in self.bailleurs]
        for rang, siren in enumerate(sirens):
            if siren in sirens[:rang]:
                raise refusal("des bailleurs différents", siren, cle=f"bailleurs[{rang}].siren")
        noms: dict[str, str] = {}
        for rang, bailleur in enumerate(self.bailleurs):
            for nom in (bailleur.nom, *bailleur.alias):
                if noms.setdefault(nom.casefold(), bailleur.siren) != bailleur.siren:
                    raise refusal("un nom qui désigne un seul bailleur", nom, cle=f"bailleurs[{rang}]")
        methodes = [m.methode for m in self.methodes]
        for rang, methode in enumerate(methodes):
            if methode in methodes[:rang]:
                raise refusal("des méthodes différentes", methode, cle=f"methodes[{rang}]")
        for rang, zone in enumerate(self.zones):
            for autre in self.zones[:rang]:
                if autre.zone != zone.zone:
                    continue
                if autre.type != zone.type:
                    attendu = f"le type « {autre.type} », déjà écrit pour cette zone"
                    raise refusal(attendu, zone.type, cle=f"zones[{rang}].type")
                if overlaps(autre.debut, autre.fin, zone.debut, zone.fin):
                    raise refusal(
                        "des périodes qui ne se chevauchent pas pour une même zone",
                        zone.zone,
                        cle=f"zones[{rang}].debut",
                    )


@dataclass(frozen=True)
class LigneObjectif:
    """One objective for one axis and one modality (None: every modality of the axis) over one period.

    `debut` and `fin` are inclusive; `fin` None means still in force.
    """

    objectif: str
    indicateur: str
    axe: str
    modalite: str | None
    segment_type: str
    segment: str
    operateur: str | None
    cible: float | None
    cible_indicateur: str | None
    evenement: str | None
    debut: date
    fin: date | None
    article: str | None
    statut: str
    libelle: str


@dataclass(frozen=True)
class Convention:
    """A validated convention, or the legal defaults of an EPCI without a file (`fichier` None)."""

    contenu: FichierConvention
    socle: SocleLegal
    slug: str
    empreinte: str
    fichier: str | None
    chemin: Path | None = None

    @property
    def siren(self) -> str:
        """SIREN of the EPCI."""
        return self.contenu.siren

    @property
    def nom(self) -> str:
        """Name of the EPCI."""
        return self.contenu.nom

    @property
    def version(self) -> str:
        """Version written in the file, or that of the legal core."""
        return self.contenu.version

    @property
    def debut(self) -> date | None:
        """First day of the convention."""
        return self.contenu.debut

    @property
    def fin(self) -> date | None:
        """Last day of the convention."""
        return self.contenu.fin

    @property
    def parametres(self) -> dict[str, str]:
        """Every parameter, its default where the file is silent, in the order of the vocabulary."""
        choisis, region = self.contenu.parametres, regions().get(self.siren)
        return {nom: choisis.get(nom, p.default(region)) for nom, p in vocabulary().parametres.items()}

    @property
    def objectifs(self) -> list[LigneObjectif]:
        """Objectives in force at some time, legal ones included as `socle_legal` says, in a stable order."""
        lignes = [
            ligne
            for objectif in self.contenu.objectifs
            for ligne in _rows(objectif, objectif.debut or self.debut, objectif.fin or self.fin, "")
        ]
        lignes.extend(self._legal_rows())
        return sorted(lignes, key=lambda o: (o.objectif, o.axe, o.modalite or "", o.segment, o.debut))

    def _legal_rows(self) -> Iterator[LigneObjectif]:
        regle = self.contenu.socle_legal
        if regle == "aucun":
            return
        for objectif in self.socle.objectifs:
            if regle == "toujours":
                yield from _rows(objectif, objectif.debut, objectif.fin, "")
                continue
            if self.debut is not None:
                veille = self.debut - timedelta(days=1)
                fin = veille if objectif.fin is None else min(objectif.fin, veille)
                yield from _rows(objectif, objectif.debut, fin, "_avant")
            if self.fin is not None:
                lendemain = self.fin + timedelta(days=1)
                debut = lendemain if objectif.debut is None else max(objectif.debut, lendemain)
                yield from _rows(objectif, debut, objectif.fin, "_apres")

    @property
    def calendrier(self) -> list[Echeance]:
        """Reports due: those of the file, and the national ones it does not redefine."""
        propres = {e.rapport for e in self.contenu.calendrier}
        nationales = [e for e in self.socle.calendrier if e.rapport not in propres]
        return [*self.contenu.calendrier, *nationales]


def _rows(objectif: Objectif, debut: date | None, fin: date | None, suffixe: str) -> Iterator[LigneObjectif]:
    if debut is None or (fin is not None and fin < debut):
        return
    segment_type, segment = objectif.segment.split("/", 1)
    for axe in objectif.axe:
        for modalite in objectif.acteurs or (None,):
            yield LigneObjectif(
                objectif=objectif.id + suffixe,
                indicateur=objectif.indicateur,
                axe=axe,
                modalite=modalite,
                segment_type=segment_type,
                segment=segment,
                operateur=objectif.operateur,
                cible=objectif.cible,
                cible_indicateur=objectif.cible_indicateur,
                evenement=objectif.evenement,
                debut=debut,
                fin=fin,
                article=objectif.article,
                statut=objectif.statut,
                libelle=objectif.libelle,
            )
        if objectif.autres is not None:
            yield LigneObjectif(
                objectif=objectif.id + suffixe,
                indicateur=objectif.indicateur,
                axe=axe,
                modalite=None,
                segment_type=segment_type,
                segment=segment,
                operateur=None,
                cible=None,
                cible_indicateur=None,
                evenement=objectif.evenement,
                debut=debut,
                fin=fin,
                article=objectif.article,
                statut=objectif.autres,
                libelle=objectif.libelle,
            )


def contradictions(lignes: Iterable[LigneObjectif]) -> list[str]:
    """Objectives that say two things of one indicator, axis, modality and day, as French sentences."""
    groupes: dict[tuple[str | None, ...], list[LigneObjectif]] = defaultdict(list)
    messages = []
    for ligne in lignes:
        cle = (ligne.indicateur, ligne.axe, ligne.modalite, ligne.segment_type, ligne.segment)
        for autre in groupes[cle]:
            if overlaps(autre.debut, autre.fin, ligne.debut, ligne.fin):
                qui = "toutes les modalités" if ligne.modalite is None else show(ligne.modalite)
                deux = " et ".join(
                    f"« {o.objectif} » ({o.debut} à {o.fin or 'sans terme'})" for o in (autre, ligne)
                )
                messages.append(
                    f"attendu un seul objectif par jour pour l'indicateur « {ligne.indicateur} », axe "
                    f"« {ligne.axe} », {qui}, reçu {deux} ; séparer leurs périodes"
                )
        groupes[cle].append(ligne)
    return messages


def slugify(texte: str) -> str:
    """A name in lower-case ASCII words joined by hyphens."""
    sans_accent = unicodedata.normalize("NFKD", texte).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", sans_accent.lower()).strip("-")
