"""What may be downloaded, as data: `produits/*.yml`, and the user's own `telechargements.yml`.

Reading, completing and choosing entries belongs here. Nothing here touches the network, and no address, year
or size is written in code.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.paths import DOWNLOAD_REGISTRY_NAME

PRODUITS = Path(__file__).with_name("produits")
SCHEMAS = frozenset({"http", "https"})
_NOM = re.compile(r"[a-z0-9_]+")
_JETON = "{millesime}"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


@cache
def types_by_extension() -> dict[str, tuple[str, ...]]:
    """Content types that a server may announce for a file, by the extension it will have."""
    contenu = yaml.safe_load(Path(__file__).with_name("formats.yml").read_text(encoding="utf-8"))
    return {extension: tuple(types) for extension, types in contenu.items()}


@cache
def _without_naming() -> int:
    contenu = yaml.safe_load(Path(__file__).with_name("choix.yml").read_text(encoding="utf-8"))
    return int(contenu["octets_sans_le_nommer"])


def extension(nom: str) -> str:
    """Lower-case extension of a name, the longest known one first (`.csv.gz` before `.gz`)."""
    bas = nom.lower()
    connues = sorted(types_by_extension(), key=len, reverse=True)
    return next((e for e in connues if bas.endswith(e)), PurePosixPath(bas).suffix)


def _check_destination(chemin: str, source: str) -> None:
    """Refuse a place that is not below the folder of the source, hidden, or of no known format."""
    parties = PurePosixPath(chemin).parts
    if "\\" in chemin or ":" in chemin or chemin.startswith("/") or not parties or parties[0] != source:
        raise ValueError(f"« {chemin} » doit être un chemin relatif qui commence par « {source}/ »")
    if len(parties) < 2 or any(p == ".." or p.startswith(".") for p in parties):
        raise ValueError(f"« {chemin} » doit nommer un fichier visible du dossier « {source} »")
    if extension(chemin) not in types_by_extension():
        raise ValueError(f"« {chemin} » : extension inconnue (connues : {', '.join(types_by_extension())})")


class Membre(_Strict):
    """A file taken out of a downloaded archive: which one, and where it goes."""

    motif: str  # a pattern of file name, whatever its case and its folder in the archive
    destination: str
    facultatif: bool = False


class Produit(_Strict):
    """One product of one vintage: where it comes from, where it goes, what it must look like."""

    produit: str
    millesime: int | None = None
    source: str
    titre: str
    producteur: str
    licence: str
    citation: str
    page: str | None = None
    acces: Literal["direct", "page", "demande"] = "direct"
    url: str | None = None
    destination: str | None = None
    membres: tuple[Membre, ...] = ()
    octets_min: int = Field(default=1_000, ge=1)
    octets_max: int = Field(default=2_000_000_000, ge=1)
    types: tuple[str, ...] = ()
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    verifie: bool = False
    sur_choix: bool = False
    # What the product ships too, of an older vintage maybe; regions outside which the file holds nothing.
    livre: bool = False
    regions: tuple[str, ...] = ()
    # Whether a server may send to this machine or to its network: a copy kept inside an organisation.
    reseau_interne: bool = False
    contact: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not _NOM.fullmatch(self.produit):
            raise ValueError(f"produit « {self.produit} » : minuscules, chiffres et « _ » seulement")
        if self.octets_max < self.octets_min:
            raise ValueError("octets_max est plus petit que octets_min")
        if self.acces == "demande" and not self.contact:
            raise ValueError("acces: demande attend contact, qui dit où demander")
        if self.acces == "page" and not self.page:
            raise ValueError("acces: page attend page, l'adresse de la page du producteur")
        if self.acces != "direct":
            if not self.destination:
                raise ValueError(f"acces: {self.acces} attend destination, où déposer le fichier")
            return self
        if self.url is None or urlsplit(self.url).scheme not in SCHEMAS or not urlsplit(self.url).netloc:
            raise ValueError(f"url doit être une adresse http ou https, reçu « {self.url} »")
        if (self.destination is None) == (not self.membres):
            raise ValueError("il faut soit destination, soit membres")
        for chemin in self.destinations:
            _check_destination(chemin, self.source)
        if len({d.lower() for d in self.destinations}) < len(self.destinations):
            raise ValueError("deux membres vont au même endroit")
        return self

    @property
    def lourd(self) -> bool:
        """Whether it is too large to be downloaded without being named."""
        return self.octets_min > _without_naming()

    @property
    def nom(self) -> str:
        """Identifier and vintage, as a message names them."""
        return self.produit if self.millesime is None else f"{self.produit} {self.millesime}"

    @property
    def cle(self) -> tuple[str, int]:
        """What identifies the entry, and sorts it."""
        return self.produit, self.millesime or 0

    @property
    def destinations(self) -> tuple[str, ...]:
        """Every file that the landing folder may receive, relative to it."""
        if self.membres:
            return tuple(m.destination for m in self.membres)
        return (self.destination,) if self.destination else ()

    @property
    def format(self) -> str:
        """Extension of what travels: that of the file, an archive's for members."""
        return ".zip" if self.membres else extension(self.destination or "")

    @property
    def types_attendus(self) -> tuple[str, ...]:
        """Content types that the server may announce."""
        return self.types or types_by_extension().get(self.format, ())


def _filled(valeur: Any, millesime: object) -> Any:
    """`{millesime}` replaced in every text of an entry."""
    if isinstance(valeur, str):
        return valeur.replace(_JETON, str(millesime))
    if isinstance(valeur, dict):
        return {k: _filled(v, millesime) for k, v in valeur.items()}
    if isinstance(valeur, list):
        return [_filled(v, millesime) for v in valeur]
    return valeur


def _documents(texte: str, origine: str) -> list[dict[str, Any]]:
    try:
        documents = [d for d in yaml.safe_load_all(texte) if d is not None]
    except (yaml.YAMLError, ValueError) as error:
        raise ObservatoireError(f"{origine} : fichier YAML illisible ({error}). Corrigez-le.") from error
    entrees = [e for d in documents for e in (d if isinstance(d, list) else [d])]
    for entree in entrees:
        if not isinstance(entree, dict) or not isinstance(entree.get("produit"), str):
            raise ObservatoireError(
                f"{origine} : chaque entrée attend au moins « produit » (son identifiant)."
            )
        millesimes = entree.get("millesimes", {})
        if not isinstance(millesimes, dict) or not all(type(m) is int for m in millesimes):
            raise ObservatoireError(
                f"{origine} : {entree['produit']} : « millesimes » attend une année par clé "
                "(millesimes: {AAAA: {url: …}})."
            )
    return entrees


def _entries(texte: str, origine: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Fields of every entry, one per product and vintage, still unchecked."""
    trouvees: dict[tuple[str, int], dict[str, Any]] = {}
    for document in _documents(texte, origine):
        commun = {k: v for k, v in document.items() if k != "millesimes"}
        for millesime, propres in (document.get("millesimes") or {None: {}}).items():
            champs = _filled({**commun, **(propres or {})}, millesime)
            if millesime is not None:
                champs["millesime"] = millesime
            cle = (str(document["produit"]), millesime or 0)
            if cle in trouvees:
                raise ObservatoireError(
                    f"{origine} : {document['produit']} {millesime or ''} y est deux fois."
                )
            trouvees[cle] = champs
    return trouvees


def _validated(champs: dict[str, Any], origine: str) -> Produit:
    try:
        return Produit.model_validate(champs)
    except ValidationError as error:
        details = " ; ".join(
            (f"{'.'.join(str(x) for x in e['loc'])} : " if e["loc"] else "")
            + e["msg"].removeprefix("Value error, ")
            for e in error.errors()
        )
        nom = f"{champs.get('produit')} {champs.get('millesime', '')}".strip()
        raise ObservatoireError(f"{origine} : entrée « {nom} » refusée : {details}.") from error


def load_registry(donnees: Path | None = None, livre: Path = PRODUITS) -> list[Produit]:
    """Every known product, by source, identifier and vintage.

    The user's `telechargements.yml` comes after the shipped entries: fields that it gives for a product and a
    vintage replace theirs, other entries are added.

    Raises:
        ObservatoireError: an entry is not valid.

    """
    entrees: dict[tuple[str, int], dict[str, Any]] = {}
    origines: dict[tuple[str, int], str] = {}
    fichiers = [(chemin, chemin.name) for chemin in sorted(livre.glob("*.yml"))]
    if donnees is not None and (donnees / DOWNLOAD_REGISTRY_NAME).is_file():
        fichiers.append((donnees / DOWNLOAD_REGISTRY_NAME, str(donnees / DOWNLOAD_REGISTRY_NAME)))
    for chemin, origine in fichiers:
        try:
            texte = chemin.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ObservatoireError(f"{origine} : fichier illisible ({error}).") from error
        sienne = chemin.parent != livre
        for cle, champs in _entries(texte, origine).items():
            # An address that the user writes is one that the user vouches for.
            garanti = {"verifie": True} if sienne and "url" in champs else {}
            entrees[cle] = _merged(entrees.get(cle, {}), {**garanti, **champs})
            origines[cle] = origine
    produits = [_validated(champs, origines[cle]) for cle, champs in entrees.items()]
    return sorted(produits, key=lambda p: (p.source, p.cle))


def _merged(avant: dict[str, Any], apres: dict[str, Any]) -> dict[str, Any]:
    """The later fields over the earlier ones; a file and the members of an archive exclude each other."""
    exclus = {"destination": "membres", "membres": "destination"}
    gardes = {k: v for k, v in avant.items() if not any(k == exclus[f] for f in apres if f in exclus)}
    return {**gardes, **apres}


def choose(
    produits: Sequence[Produit],
    sources: Iterable[str] = (),
    millesimes: Iterable[int] = (),
    region: str | None = None,
) -> list[Produit]:
    """The entries asked for by source (or product) and vintage; by default those that suit most.

    Entries marked `sur_choix` (of an old vintage) and those whose address is not known for sure are left out,
    unless their product or their vintage is asked for. What is heavy is left out unless its product is: of
    the others, no more than that size is ever received. For a territory, given by its region, what is of
    other regions and what is shipped are left out too, unless their product is asked for.

    Raises:
        MauvaisUsage: a source, a product or a vintage that does not exist, or nothing left; the message lists
            what exists.

    """
    voulues, annees = set(sources), set(millesimes)
    connues = {p.source for p in produits} | {p.produit for p in produits}
    inconnues = sorted(voulues - connues)
    absentes = sorted(annees - {p.millesime for p in produits})
    if inconnues or absentes:
        quoi = ", ".join([*(f"« {s} »" for s in inconnues), *(str(a) for a in absentes)])
        raise MauvaisUsage(f"Rien ne correspond à {quoi}. {_available(produits)}")
    nommees = [p for p in produits if not voulues or p.source in voulues or p.produit in voulues]
    if annees and not any(p.millesime in annees for p in nommees):
        raise MauvaisUsage(
            f"Rien pour {', '.join(sorted(voulues))} au millésime "
            f"{', '.join(str(a) for a in sorted(annees))}. {_available(produits)}"
        )
    return [
        p
        if p.produit in voulues
        else p.model_copy(update={"octets_max": min(p.octets_max, _without_naming())})
        for p in nommees
        if _asked(p, voulues, annees) and (p.produit in voulues or not (p.lourd or _useless(p, region)))
    ]


def _useless(produit: Produit, region: str | None) -> bool:
    """Whether a territory of a region has nothing to expect from an entry."""
    return region is not None and (produit.livre or bool(produit.regions and region not in produit.regions))


def _asked(produit: Produit, voulues: set[str], annees: set[int]) -> bool:
    """Whether an entry of the right source is wanted, given the vintages and what is left out by default."""
    if produit.millesime is None:
        return not annees or bool(voulues)
    if annees and produit.millesime not in annees:
        return False
    return bool(annees) or produit.produit in voulues or produit.acces != "direct" or _usual(produit)


def _usual(produit: Produit) -> bool:
    return produit.verifie and not produit.sur_choix


def _available(produits: Sequence[Produit]) -> str:
    """What exists, by source: products and their vintages."""
    par_source: dict[str, dict[str, list[str]]] = {}
    for p in produits:
        annees = par_source.setdefault(p.source, {}).setdefault(p.produit, [])
        annees += [str(p.millesime)] if p.millesime is not None else []
    lignes = [
        f"{source} : " + ", ".join(f"{nom} ({', '.join(a)})" if a else nom for nom, a in noms.items())
        for source, noms in sorted(par_source.items())
    ]
    return "Ce qui existe : " + " ; ".join(lignes) + "."
