"""Reads one YAML file strictly, keeps the line of every key, and turns validation errors into French.

Knows YAML and pydantic errors, nothing of conventions. Stricter than YAML 1.1 on purpose: `01053` stays a
text, `off` is not a boolean, a duplicate key or an alias is refused.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from pipelines.errors import DonneesRefusees

Chemin = tuple[str | int, ...]
ModeleT = TypeVar("ModeleT", bound=BaseModel)

_PROFONDEUR_MAX = 20
_TAILLE_MAX = 5_000_000
_ENTIER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXTE = "tag:yaml.org,2002:str"


class _Lecteur(yaml.SafeLoader):
    """A loader that guesses no type: every plain scalar arrives as a text and is typed by `_scalaire`."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


@dataclass(frozen=True)
class Document:
    """One YAML file: its content, the line of each key path (from 1) and the SHA-256 of its bytes."""

    chemin: Path
    contenu: dict[str, Any]
    lignes: Mapping[Chemin, int]
    empreinte: str

    def line_of(self, cle: Chemin) -> int | None:
        """Line of a key, or of the nearest enclosing one that exists in the file."""
        for fin in range(len(cle), 0, -1):
            if cle[:fin] in self.lignes:
                return self.lignes[cle[:fin]]
        return None


def dotted(cle: Chemin) -> str:
    """Key path as a reader writes it: `objectifs[2].cible`."""
    texte = ""
    for morceau in cle:
        texte += f"[{morceau}]" if isinstance(morceau, int) else f".{morceau}" if texte else morceau
    return texte


def show(valeur: object) -> str:
    """A received value, short enough for a message."""
    if valeur is None:
        return "rien"
    if isinstance(valeur, dict):
        return "un bloc de clés"
    if isinstance(valeur, list | tuple):
        return "une liste"
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    texte = str(valeur)
    return f"« {texte if len(texte) <= 80 else texte[:77] + '…'} »"


def nearest(valeur: object, connus: Iterable[str]) -> str:
    """A sentence that names the nearest known word, or an empty text."""
    proches = difflib.get_close_matches(str(valeur), list(connus), n=1, cutoff=0.6)
    return f" ; vouliez-vous écrire « {proches[0]} » ?" if proches else ""


def refusal(attendu: str, recu: object, conseil: str = "", cle: str = "") -> PydanticCustomError:
    """An error for a validator to raise; `cle` is the key below the current one, where it is not the same."""
    return PydanticCustomError(
        "refus", "{message}", {"message": f"attendu {attendu}, reçu {show(recu)}{conseil}", "cle": cle}
    )


def refuse(chemin: Path, message: str, ligne: int | None = None, cle: str = "") -> DonneesRefusees:
    """The error of one file, with its line and its key when they are known."""
    ou = str(chemin) + (f", ligne {ligne}" if ligne else "") + (f", clé « {cle} »" if cle else "")
    return DonneesRefusees(f"{ou} : {message}")


def read(chemin: Path) -> Document:
    """Read one file.

    Raises:
        DonneesRefusees: unreadable, not UTF-8, not YAML, duplicate key, alias, tag, or not a block of keys.
    """
    try:
        octets = chemin.read_bytes()
    except OSError as erreur:
        raise refuse(chemin, f"fichier illisible ({erreur.strerror})") from erreur
    if len(octets) > _TAILLE_MAX:
        raise refuse(chemin, f"attendu un fichier de moins de {_TAILLE_MAX // 1_000_000} Mo")
    try:
        texte = octets.decode("utf-8-sig")
    except UnicodeDecodeError as erreur:
        ligne = octets[: erreur.start].count(b"\n") + 1
        raise refuse(chemin, "attendu un texte en UTF-8 ; enregistrer le fichier en UTF-8", ligne) from erreur
    return parse(texte, chemin, hashlib.sha256(octets).hexdigest())


def parse(texte: str, chemin: Path, empreinte: str) -> Document:
    """Read a text already in memory; `chemin` serves messages only. Raises like `read`."""
    try:
        racine = yaml.compose(texte, Loader=_Lecteur)
    except yaml.YAMLError as erreur:
        marque = getattr(erreur, "problem_mark", None)
        raison = getattr(erreur, "problem", None) or "caractère interdit"
        raise refuse(chemin, f"YAML illisible ({raison})", marque.line + 1 if marque else None) from erreur
    except RecursionError as erreur:
        raise refuse(chemin, f"attendu au plus {_PROFONDEUR_MAX} niveaux de clés") from erreur
    # The parser lets these escape on damaged escapes (an out-of-range \U, a broken directive).
    except (ValueError, OverflowError, IndexError, AttributeError, TypeError) as erreur:
        raise refuse(chemin, "YAML illisible (séquence d'échappement ou directive invalide)") from erreur
    if racine is None:
        raise refuse(chemin, "fichier vide")
    if not isinstance(racine, yaml.MappingNode):
        raise refuse(chemin, "attendu un bloc de clés au premier niveau", racine.start_mark.line + 1)
    lignes: dict[Chemin, int] = {}
    contenu = _construct(racine, (), chemin, lignes, set())
    return Document(chemin, contenu, lignes, empreinte)


def _construct(noeud: yaml.Node, cle: Chemin, chemin: Path, lignes: dict[Chemin, int], vus: set[int]) -> Any:
    ligne = noeud.start_mark.line + 1
    lignes.setdefault(cle, ligne)
    if id(noeud) in vus:
        raise refuse(
            chemin, "les renvois YAML (*) ne sont pas acceptés ; écrire la valeur", ligne, dotted(cle)
        )
    vus.add(id(noeud))
    if len(cle) > _PROFONDEUR_MAX:
        raise refuse(chemin, f"attendu au plus {_PROFONDEUR_MAX} niveaux de clés", ligne)
    if isinstance(noeud, yaml.MappingNode) and noeud.tag == "tag:yaml.org,2002:map":
        bloc: dict[str, Any] = {}
        for noeud_cle, noeud_valeur in noeud.value:
            ligne_cle = noeud_cle.start_mark.line + 1
            if not isinstance(noeud_cle, yaml.ScalarNode):
                raise refuse(chemin, "attendu un nom de clé", ligne_cle, dotted(cle))
            nom = str(_scalar_text(noeud_cle, chemin, ligne_cle))
            if nom in bloc:
                premiere = lignes[(*cle, nom)]
                raise refuse(
                    chemin, f"clé écrite deux fois (déjà ligne {premiere})", ligne_cle, dotted((*cle, nom))
                )
            lignes[(*cle, nom)] = ligne_cle
            bloc[nom] = _construct(noeud_valeur, (*cle, nom), chemin, lignes, vus)
        return bloc
    if isinstance(noeud, yaml.SequenceNode) and noeud.tag == "tag:yaml.org,2002:seq":
        return [_construct(n, (*cle, rang), chemin, lignes, vus) for rang, n in enumerate(noeud.value)]
    if isinstance(noeud, yaml.ScalarNode) and noeud.tag == _TEXTE:
        texte = _scalar_text(noeud, chemin, ligne)
        return texte if noeud.style else _typed(texte)
    raise refuse(chemin, f"étiquette YAML refusée ({noeud.tag})", ligne, dotted(cle))


def _scalar_text(noeud: yaml.ScalarNode, chemin: Path, ligne: int) -> str:
    texte = str(noeud.value)
    try:
        texte.encode("utf-8")
    except UnicodeEncodeError as erreur:
        raise refuse(chemin, "caractère Unicode invalide", ligne) from erreur
    if "\x00" in texte:
        raise refuse(chemin, "caractère nul interdit", ligne)
    return texte


def _typed(texte: str) -> str | int | float | bool | date | None:
    if texte in ("", "~", "null"):
        return None
    if texte in ("true", "false"):
        return texte == "true"
    if _ENTIER.fullmatch(texte):
        return int(texte)
    if _DECIMAL.fullmatch(texte):
        return float(texte)
    if _DATE.fullmatch(texte):
        try:
            return date.fromisoformat(texte)
        except ValueError:
            return texte
    return texte


def validate(modele: type[ModeleT], document: Document, contexte: Mapping[str, object]) -> ModeleT:
    """Validate a document.

    Raises:
        DonneesRefusees: every error found, one per line, each with file, line, key, expected and got.
    """
    try:
        return modele.model_validate(document.contenu, context=dict(contexte))
    except ValidationError as erreur:
        messages = [_sentence(detail, modele, document) for detail in erreur.errors(include_url=False)]
        raise DonneesRefusees("\n".join(messages)) from erreur


def _sentence(detail: ErrorDetails, modele: type[BaseModel], document: Document) -> str:
    cle: Chemin = detail["loc"]
    recu, contexte, genre = detail["input"], detail.get("ctx", {}), detail["type"]
    if genre == "refus":
        message = str(contexte["message"])
        cle = (*cle, *_path(str(contexte["cle"])))
    elif genre == "missing":
        message = "clé obligatoire absente"
    elif genre == "extra_forbidden":
        message = f"clé inconnue{nearest(cle[-1], _keys(modele, cle[:-1]))}"
    else:
        attendus = {
            "string_type": "un texte",
            "string_too_short": "un texte non vide",
            "string_too_long": "un texte de {max_length} caractères au plus",
            "int_type": "un nombre entier",
            "float_type": "un nombre (point décimal, sans guillemets)",
            "decimal_type": "un nombre (point décimal, sans guillemets)",
            "decimal_parsing": "un nombre (point décimal, sans guillemets)",
            "greater_than_equal": "un nombre d'au moins {ge}",
            "less_than_equal": "un nombre d'au plus {le}",
            "tuple_type": "une liste",
            "dict_type": "un bloc de clés",
            "model_type": "un bloc de clés",
            "model_attributes_type": "un bloc de clés",
            "too_short": "une liste d'au moins {min_length} élément",
        }
        attendu = attendus.get(genre, "une autre valeur").format(**contexte)
        message = f"attendu {attendu}, reçu {show(recu)}"
    return str(refuse(document.chemin, message, document.line_of(cle), dotted(cle)))


def _path(cle: str) -> Chemin:
    """The inverse of `dotted`."""
    return tuple(int(m) if m.isdecimal() and m.isascii() else m for m in re.findall(r"[^.\[\]]+", cle))


def _keys(modele: type[BaseModel], cle: Chemin) -> list[str]:
    """Keys that a block accepts, found by walking the fields of the models down the path."""
    courant = modele
    for morceau in cle:
        if isinstance(morceau, int) or morceau not in courant.model_fields:
            continue
        trouve = _model_in(courant.model_fields[morceau].annotation)
        if trouve is None:
            return []
        courant = trouve
    return list(courant.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        trouve = _model_in(argument)
        if trouve is not None:
            return trouve
    return None
