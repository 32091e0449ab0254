"""How the columns of one layout become the fields of a product: `correspondances/*.yml`, and the user's own.

A mapping is chosen by its column names, never by position: a new vintage or a local export is a new YAML
file. The fields themselves are declared in `declarations`; reading the bytes belongs in `lecture`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import ftfy
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import COMMUNES_LUES, Produit, declarations, load_yaml, place_in_yaml

DOSSIER = Path(__file__).parent / "correspondances"
# What a drafted mapping holds where a person must decide.
A_COMPLETER = "à compléter"
_NON_ALNUM = re.compile(r"[^a-z0-9{}]+")


@lru_cache(maxsize=4096)
def normalise_name(nom: str) -> str:
    """A column name without case, accents, punctuation, invisible characters, nor the `_red` suffix of
    restricted files; full-width letters are letters."""
    texte = ftfy.fix_encoding(nom) if not nom.isascii() else nom
    texte = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", texte).lower())
    texte = "".join(c for c in texte if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    texte = _NON_ALNUM.sub("_", texte).strip("_")
    return texte.removesuffix("_red")


def normalise_label(texte: str) -> str:
    """A cell value without case, accents nor doubled spaces, as value translations compare it."""
    decompose = unicodedata.normalize("NFKD", texte.lower())
    return " ".join("".join(c for c in decompose if not unicodedata.combining(c)).split())


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Derive(_Strict):
    """A field computed from the text of one column: the value of the first pattern that matches."""

    colonne: tuple[str, ...]
    motifs: tuple[tuple[str, str], ...]
    defaut: str | None = None


class ColonneLongue(_Strict):
    """One column of a wide file: its aliases, the fields it fixes, other fields read from other columns."""

    alias: tuple[str, ...]
    fixe: dict[str, str]
    avec: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Depivot(_Strict):
    """Wide to long: each known column becomes rows of `valeur`, with `statut` from the tokens found in the
    cell."""

    valeur: str = "valeur"
    statut: str | None = "statut"
    statuts: dict[str, str] = Field(default_factory=dict)
    mesures: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    colonnes: tuple[ColonneLongue, ...] = ()
    statuts_colonne: dict[str, str] = Field(default_factory=dict)  # codes of the column read with the cell

    @cached_property
    def toutes(self) -> tuple[ColonneLongue, ...]:
        """Every wide column, the shorthand `mesures` included."""
        courtes = tuple(ColonneLongue(alias=a, fixe={"mesure": m}) for m, a in self.mesures.items())
        return courtes + self.colonnes


class Eclater(_Strict):
    """One row per item: of a list in one cell (`separateur`), or of several columns of the same field."""

    champ: str
    separateur: str | None = None
    colonnes: tuple[str, ...] = ()


class Correspondance(_Strict):
    """One layout of one product."""

    correspondance: str
    produit: str
    titre: str
    canonique: bool = False
    signature: tuple[str, ...] = ()
    absents: tuple[str, ...] = ()
    fichiers: str | None = None
    complementaire: bool = False
    feuille: str | None = None
    preferences: tuple[
        str, ...
    ] = ()  # fields whose aliases are different columns: the first one there is read
    champs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    constantes: dict[str, str] = Field(default_factory=dict)
    derives: dict[str, Derive] = Field(default_factory=dict)
    valeurs: dict[str, dict[str, str]] = Field(default_factory=dict)
    nuls: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    echelles: dict[str, float] = Field(default_factory=dict)  # factor of columns printed in another unit
    depivot: Depivot | None = None
    eclater: Eclater | None = None

    @model_validator(mode="after")
    def _known_fields(self) -> "Correspondance":
        produit = declarations().get(self.produit)
        if produit is None:
            raise ValueError(f"produit inconnu « {self.produit} » (connus : {', '.join(declarations())})")
        noms = {c.nom for c in produit.champs} | set(COMMUNES_LUES)
        usages = (
            self.champs,
            self.constantes,
            self.derives,
            self.valeurs,
            self.nuls,
            self.preferences,
            self.echelles,
        )
        for usage in usages:
            if inconnus := sorted(set(usage) - noms):
                raise ValueError(f"champs inconnus de {self.produit} : {', '.join(inconnus)}")
        return self

    @property
    def empreinte(self) -> str:
        """Fingerprint: a changed mapping means files are read again."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @property
    def declaration(self) -> Produit:
        """The product this layout feeds."""
        return declarations()[self.produit]

    @cached_property
    def alias(self) -> dict[str, tuple[str, ...]]:
        """Aliases tried per field, in order; a canonical layout also accepts the field's own name."""
        par_champ = {c: tuple(a) for c, a in self.champs.items()}
        if self.canonique:
            for c in self.declaration.champs:
                par_champ.setdefault(c.nom, (c.nom,))
            for commun in COMMUNES_LUES:
                par_champ.setdefault(commun, (commun,))
        return par_champ


@dataclass(frozen=True)
class Repetition:
    """Several columns that answer to one name, or to the aliases of one field; the first one is read."""

    objet: str  # the field, or the name when the column is no field of its own
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Appariement:
    """A header matched with a mapping: where each field is, and what is missing."""

    correspondance: Correspondance
    colonnes: tuple[str, ...]  # names as printed
    positions: dict[str, int]  # field -> column number
    longues: tuple[tuple[ColonneLongue, int, dict[str, int]], ...] = ()
    eclatees: tuple[int, ...] = ()
    derivees: dict[str, int] = field(default_factory=dict)
    manquants: tuple[str, ...] = ()
    annee_colonnes: int | None = None
    repetitions: tuple[Repetition, ...] = ()

    @property
    def complet(self) -> bool:
        """Whether every required column is there."""
        return not self.manquants

    @property
    def utilisees(self) -> set[int]:
        """Numbers of the columns that are read."""
        positions = set(self.positions.values()) | set(self.eclatees) | set(self.derivees.values())
        for _, position, avec in self.longues:
            positions |= {position, *avec.values()}
        return positions

    @property
    def champs_lus(self) -> tuple[str, ...]:
        """Fields that the file gives, from its columns or from the mapping itself, in alphabetical order."""
        c = self.correspondance
        lus = {*self.positions, *self.derivees, *c.constantes}
        lus |= {champ for champ, d in c.derives.items() if d.defaut is not None}
        if c.depivot:
            lus |= {champ for longue, _, avec in self.longues for champ in (*longue.fixe, *avec)}
            lus |= {c.depivot.valeur, *([c.depivot.statut] if c.depivot.statut else [])}
        if c.eclater:
            lus.add(c.eclater.champ)
        return tuple(sorted(lus))

    @property
    def ignorees(self) -> list[int]:
        """Numbers of the named columns that nothing reads."""
        lues = self.utilisees.union(*(r.positions for r in self.repetitions))
        return [i for i, c in enumerate(self.colonnes) if i not in lues and c.strip()]


@cache
def _pattern(alias: str) -> re.Pattern[str]:
    motif = re.escape(normalise_name(alias)).replace(r"\{aaaa\}", r"(\d{4})").replace(r"\{aa\}", r"(\d{2})")
    return re.compile(motif)


class _Entete:
    """The normalised names of one header row, searched by alias."""

    def __init__(self, cellules: Sequence[str | None]) -> None:
        self.noms = [normalise_name(c or "") for c in cellules]
        self.index: dict[str, list[int]] = {}
        for i, nom in enumerate(self.noms):
            if nom:
                self.index.setdefault(nom, []).append(i)
        self.annees: list[int] = []
        self.repetitions: dict[tuple[int, ...], Repetition] = {}

    def find(self, alias: Iterable[str], objet: str | None = None, *, tous: bool = True) -> int | None:
        """The column of the first alias that is there.

        With `objet`, the other columns that answer are remembered as its repetitions: those of every alias,
        or those of that one name when aliases are preferences (`tous` false). Of a name that holds a year,
        the latest year answers.
        """
        trouves: list[int] = []
        for candidat in alias:
            if trouves and not tous:
                break
            if "{" not in candidat:
                trouves += self.index.get(normalise_name(candidat), [])
                continue
            dates = [(m[1], i) for i, n in enumerate(self.noms) if (m := _pattern(candidat).fullmatch(n))]
            if dates:
                annee = max(dates)[0]
                if not trouves:
                    self.annees.append(_full_year(annee))
                trouves += [i for a, i in dates if a == annee]
        positions = tuple(dict.fromkeys(trouves))
        if objet is not None and len(positions) > 1:
            self.repetitions.setdefault(positions, Repetition(objet, positions))
        return positions[0] if positions else None


def _full_year(texte: str) -> int:
    """`21` is 2021: vintages of these products all belong to this century."""
    return int(texte) if len(texte) == 4 else 2000 + int(texte)


def match(
    correspondance: Correspondance, cellules: Sequence[str | None], nom_fichier: str
) -> Appariement | None:
    """Try one mapping on one header row; None when the row cannot be this layout at all."""
    entete = _Entete(cellules)
    if correspondance.fichiers and not re.search(correspondance.fichiers, nom_fichier, re.IGNORECASE):
        return None
    if any(entete.find([s]) is not None for s in correspondance.absents):
        return None

    positions = {}
    for champ, alias in correspondance.alias.items():
        position = entete.find(alias, champ, tous=champ not in correspondance.preferences)
        if position is not None:
            positions[champ] = position
    entete.annees.clear()  # only measures say the vintage: `PLG_IRIS2024_CODE` is in the register of 2025
    longues: list[tuple[ColonneLongue, int, dict[str, int]]] = []
    eclatees: list[int] = []
    if correspondance.depivot:
        for longue in correspondance.depivot.toutes:
            position = entete.find(longue.alias, longue.alias[0])
            if position is not None:
                avec = {c: p for c, a in longue.avec.items() if (p := entete.find(a)) is not None}
                longues.append((longue, position, avec))
    annee = max(entete.annees) if entete.annees else None
    if correspondance.eclater and correspondance.eclater.colonnes:
        eclatees = [p for c in correspondance.eclater.colonnes if (p := entete.find([c], c)) is not None]
    derivees = {}
    for champ, d in correspondance.derives.items():
        position = entete.find(d.colonne, d.colonne[0])
        if position is not None:
            derivees[champ] = position

    fournis = set(positions) | set(correspondance.constantes) | set(derivees)
    if correspondance.depivot and longues:
        fournis |= {correspondance.depivot.valeur, *(c for longue, _, _ in longues for c in longue.fixe)}
    if correspondance.eclater and eclatees:
        fournis.add(correspondance.eclater.champ)
    manquants = [c.nom for c in correspondance.declaration.champs if c.requis and c.nom not in fournis]
    # A layout recognised but for one of its own columns is worth a sentence that names it.
    deja_dits = {normalise_name(a) for m in manquants for a in correspondance.alias.get(m, ())}
    manquants += [
        s for s in correspondance.signature if entete.find([s]) is None and normalise_name(s) not in deja_dits
    ]
    manquants += [c for c, d in correspondance.derives.items() if c not in derivees and d.defaut is None]
    if correspondance.depivot and not longues:
        manquants.append(correspondance.depivot.valeur)
    return Appariement(
        correspondance,
        tuple(str(c or "") for c in cellules),
        positions,
        tuple(longues),
        tuple(eclatees),
        derivees,
        tuple(manquants),
        annee,
        tuple(entete.repetitions.values()),
    )


def _parse(document: Any, origine: str) -> Correspondance:
    try:
        lue = Correspondance.model_validate(document)
    except ValidationError as error:
        details = " ; ".join(f"{'.'.join(str(x) for x in e['loc'])} : {e['msg']}" for e in error.errors())
        raise DonneesRefusees(f"{origine} : table de correspondance invalide : {details}") from error
    if restes := _unfinished(lue):
        raise DonneesRefusees(
            f"{origine} : ébauche à compléter : {', '.join(restes)}. Vérifiez chaque ligne, remplacez ou "
            f"retirez chaque « {A_COMPLETER} », ou retirez ce fichier."
        )
    return lue


def _unfinished(lue: Correspondance) -> list[str]:
    """What a draft leaves to a person."""
    vide = normalise_label(A_COMPLETER)
    restes = ["titre"] if normalise_label(lue.titre) == vide else []
    return restes + [f"champ {c}" for c, alias in lue.champs.items() if vide in map(normalise_label, alias)]


def _load(dossier: Path, origine: str) -> list[Correspondance]:
    trouvees = []
    for chemin in sorted(dossier.glob("*.yml")):
        try:
            documents = load_yaml(chemin.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DonneesRefusees(
                f"{origine}/{chemin.name} : fichier YAML illisible ({place_in_yaml(error)})."
            ) from None
        trouvees += [_parse(d, f"{origine}/{chemin.name}") for d in documents if d is not None]
    return trouvees


@cache
def _shipped() -> tuple[Correspondance, ...]:
    return tuple(_load(DOSSIER, "correspondances"))


@cache
def column_words() -> frozenset[str]:
    """The words, articles apart, that the shipped layouts name columns with, without case nor accents."""
    alias = (nom for c in _shipped() for champ, noms in c.champs.items() for nom in (champ, *noms))
    return frozenset(
        mot for nom in alias for mot in re.split(r"[^a-z]+", normalise_label(nom)) if len(mot) > 3
    )


def correspondances(source: str, donnees: Path | None = None) -> list[Correspondance]:
    """Mappings of a source: those shipped, then the user's own from `<donnees>/correspondances/*.yml`.

    A user's mapping with the name of a shipped one replaces it.

    Raises:
        DonneesRefusees: a mapping of the user is not valid.
    """
    par_nom = {c.correspondance: c for c in _shipped()}
    if donnees is not None and (donnees / "correspondances").is_dir():
        par_nom |= {c.correspondance: c for c in _load(donnees / "correspondances", "correspondances")}
    return [c for c in par_nom.values() if c.declaration.source == source]
