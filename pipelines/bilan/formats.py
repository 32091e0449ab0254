"""How a number, a rate, a target or a name is written in French.

Typography only: what a figure is worth, and whether it may be shown, is decided in the warehouse.
"""

import hashlib
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from pipelines import libelles

FINE = "\u202f"
"""Narrow no-break space: between thousands, before %, € and high punctuation."""

SIGNE_MOINS = "\u2212"
TIRET = "–"

_DECIMALES = {
    "%": 2,
    "nombre": 0,
    "ratio": 2,
    "mois": 1,
    "eur_m2": 2,
    "eur_an_uc": 0,
    "points": 1,
    "classe": 0,
}


def decimal(valeur: float, decimales: int) -> str:
    """Write a number with a decimal comma, thousands apart, rounded half away from zero."""
    arrondi = Decimal(repr(float(valeur))).quantize(Decimal(1).scaleb(-decimales), rounding=ROUND_HALF_UP)
    signe, entier, fraction = "", f"{abs(arrondi):f}", ""
    if "." in entier:
        entier, fraction = entier.split(".")
    if arrondi < 0 and (int(entier) or (fraction and int(fraction))):
        signe = SIGNE_MOINS
    groupes = f"{int(entier):,}".replace(",", FINE)
    return f"{signe}{groupes},{fraction}" if fraction else f"{signe}{groupes}"


def entier(valeur: int) -> str:
    """Write a count: 20426 → 20 426."""
    return decimal(valeur, 0)


def valeur(nombre: float, unite: str) -> str:
    """Write a figure in its unit, as `marts.indicateurs.unite` names it (12.0411, `%` → 12,04 %)."""
    texte = decimal(nombre, _DECIMALES.get(unite, 2))
    suffixe = libelles.unite(unite, "court")
    return f"{texte}{FINE}{suffixe}" if suffixe else texte


def sans_zeros(nombre: float, unite: str) -> str:
    """Write a target, where trailing zeros would read as false precision (25.0, `%` → 25 %)."""
    texte = decimal(nombre, _DECIMALES.get(unite, 2))
    if "," in texte:
        texte = texte.rstrip("0").rstrip(",")
    suffixe = libelles.unite(unite, "court")
    return f"{texte}{FINE}{suffixe}" if suffixe else texte


def cible(operateur: str | None, nombre: float | None, unite: str) -> str:
    """Write an objective: `>=` and 25 → « au moins 25 % »; empty when there is no target at all."""
    niveau = None if nombre is None else sans_zeros(nombre, unite)
    if operateur == ">=":
        if unite == "%" and nombre == 100:  # nothing is above
            return str(niveau)
        return f"au moins {niveau}" if niveau else ""
    if operateur == "<=":
        return f"au plus {niveau}" if niveau else ""
    if operateur == ">=N-1":
        return f"au moins {niveau} (année précédente)" if niveau else "au moins l’année précédente"
    if operateur == "approche":
        return f"se rapprocher de {niveau}" if niveau else "se rapprocher de la part dans la demande"
    return niveau or ""


def accorder(nombre: int, singulier: str, pluriel: str | None = None) -> str:
    """Write a count with its noun: 0 and 1 take the singular in French."""
    nom = singulier if abs(nombre) < 2 else (pluriel or f"{singulier}s")
    return f"{entier(nombre)} {nom}"


def enumerer(mots: list[str]) -> str:
    """Join words as a sentence does: a, b et c."""
    if len(mots) < 2:
        return "".join(mots)
    return f"{', '.join(mots[:-1])} et {mots[-1]}"


def parties(nom: str) -> list[str]:
    """The names that a cross joins: « Habellis × Givry » → Habellis, Givry."""
    return re.split(" [x×] ", nom)


def majuscule(texte: str) -> str:
    """A text that begins a line or heads a column; its acronyms stay as they are."""
    return texte[:1].upper() + texte[1:]


def minuscule(texte: str) -> str:
    """A title inside a sentence: an acronym that begins it stays as it is."""
    return texte if texte[1:2].isupper() else texte[:1].lower() + texte[1:]


def typographie(texte: str) -> str:
    """A text of the catalogue or of a convention as a French page prints it: curved apostrophes, and spaces
    that no line ends at before a sign."""
    return re.sub(r"[ \u00a0](?=[%€:;!?»])|(?<=«)[ \u00a0]", FINE, re.sub(r"(?<=\w)'(?=\w)", "’", texte))


def guillemets(texte: str) -> str:
    """A text of which no line ends inside a quotation mark."""
    return texte.replace("« ", f"«{FINE}").replace(" »", f"{FINE}»") if "«" in texte else texte


def phrase(texte: str) -> str:
    """A text as a sentence: spaces in one, and one full stop, whether it had its own or not."""
    return f"{' '.join(texte.split()).rstrip('.')}."


def sans_accents(texte: str) -> str:
    """Strip diacritics, for sorting and slugs."""
    return "".join(c for c in unicodedata.normalize("NFKD", texte) if not unicodedata.combining(c))


def cle_de_tri(texte: str) -> tuple[str, str]:
    """Sort names as a French reader expects (É with E), the raw name settling ties."""
    return (sans_accents(texte).casefold(), texte)


@lru_cache(maxsize=65536)
def slug(morceau: str) -> str:
    """Turn one part of an identifier into anchor characters; what is lost is replaced by a short hash.

    Two different inputs never give the same anchor, which a plain slug would not guarantee for names.
    """
    net = re.sub(r"[^a-z0-9_]+", "-", sans_accents(morceau).lower()).strip("-")
    if net == morceau.lower():
        return net
    empreinte = hashlib.sha256(morceau.encode()).hexdigest()[:6]
    return f"{net}-{empreinte}" if net else empreinte
