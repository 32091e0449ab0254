"""Writes the first convention file of a territory: legal objectives, every parameter with its meaning.

The text must load back through the validator (a test does it). It carries no date but those of the law.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.conventions.loader import check_identity, legal_core
from pipelines.conventions.models import Objectif
from pipelines.conventions.vocabulary import vocabulary
from pipelines.paths import TERRITOIRES
from pipelines.references import regions

_LARGEUR = 110


def commented_template(
    siren: str, nom: str, dossier: Path = TERRITOIRES, presentation: Sequence[str] = ()
) -> str:
    """A commented convention file with the legal defaults.

    Args:
        siren: SIREN of the territory.
        nom: its name.
        dossier: folder of the conventions, whose `_legal.yml` wins.
        presentation: paragraphs written as comments after the first.

    Raises:
        MauvaisUsage: the SIREN has not 9 digits, or the name is empty or too long.
    """
    nom = "".join(c if c.isprintable() else " " for c in nom).strip()
    check_identity(siren, nom)
    socle, _ = legal_core(dossier)
    lignes = [
        *_comment(
            f"Convention intercommunale d'attribution. Valeurs légales par défaut (socle {socle.version}), à "
            "remplacer par celles de la convention. Chaque clé est expliquée dans docs/conventions.md. "
            "Enregistrer sous territoires/<nom-court>.yml ; changer « version » à chaque modification."
        ),
        *(ligne for texte in presentation for ligne in ["#", *_comment(texte)]),
        f"siren: {_text(siren)}",
        f"nom: {_text(nom)}",
        'version: "1"',
        "",
        *_comment("Premier et dernier jour de la convention, AAAA-MM-JJ. Vide : pas encore adoptée."),
        "debut:",
        "fin:",
        "",
        *_comment("Les objectifs de la loi (territoires/_legal.yml) en plus de ceux de ce fichier :"),
        *_choices(vocabulary().socle_legal),
        *_comment("Les objectifs de la loi sont écrits plus bas : « aucun » évite de les compter deux fois."),
        "socle_legal: aucun",
        "",
        *_comment("Questions que les textes laissent ouvertes, avec leur réponse par défaut."),
        "parametres:",
    ]
    for nom_parametre, parametre in vocabulary().parametres.items():
        lignes += _comment(parametre.question, "  ")
        lignes += _choices(parametre.valeurs, "  ")
        if parametre.entier:
            bornes = f"{parametre.entier.minimum} à {parametre.entier.maximum}"
            lignes += _comment(f"  ou {parametre.entier.libelle}, de {bornes}", "  ")
        if parametre.annee:
            lignes += _comment(f"  ou une année à quatre chiffres : {parametre.annee}", "  ")
        lignes.append(f"  {nom_parametre}: {_text(parametre.default(regions().get(siren)))}")
    lignes += ["", *_comment("Objectifs. Opérateurs :"), *_choices(vocabulary().operateurs)]
    lignes += [*_comment("Statuts :"), *_choices(vocabulary().statuts)]
    lignes += _comment("Axes : " + ", ".join(vocabulary().axes) + ", ou deux joints par « x ».")
    lignes.append("objectifs:")
    for objectif in socle.objectifs:
        lignes += [*_objective(objectif), ""]
    lignes += [
        *_comment("Zones suivies ou assimilées à un QPV ; types :"),
        *_choices(vocabulary().types_zone),
        *_comment("Critères : " + ", ".join(vocabulary().criteres) + ". Par exemple :"),
        "#   - zone: nom_du_quartier",
        "#     type: assimile",
        "#     nom: Nom du quartier",
        "#     debut: AAAA-MM-JJ",
        "#     criteres:",
        "#       - {critere: residence, valeur: Nom de la résidence}",
        "zones: []",
        "",
        *_comment("Autres noms des bailleurs dans les fichiers. Par exemple :"),
        '#   - {siren: "123456789", nom: Nom d\'usage, alias: [Autre nom]}',
        "bailleurs: []",
        "",
        *_comment("Rapports attendus ; ceux qui ne sont pas écrits ici suivent le calendrier national."),
        *_choices(vocabulary().rapports),
        "calendrier: []",
        "",
        *_comment("Méthodes de fragilité (dossier methodes/), par exemple indice_100."),
        "methodes: []",
    ]
    return "\n".join(lignes) + "\n"


def _objective(objectif: Objectif) -> Iterator[str]:
    axe = objectif.axe[0] if len(objectif.axe) == 1 else list(objectif.axe)
    valeurs: dict[str, object] = {
        "id": objectif.id.removeprefix("legal_"),
        "libelle": objectif.libelle,
        "indicateur": objectif.indicateur,
        "axe": axe,
        "acteurs": list(objectif.acteurs) if objectif.acteurs else None,
        "statut": objectif.statut,
        "operateur": objectif.operateur,
        "cible": objectif.cible,
        "evenement": objectif.evenement,
        "debut": objectif.debut,
        "fin": objectif.fin,
        "article": objectif.article,
    }
    tiret = "- "
    for cle, valeur in valeurs.items():
        if valeur is None and cle != "fin":
            continue
        yield f"  {tiret}{cle}: {_value(valeur)}".rstrip()
        tiret = "  "


def _value(valeur: object) -> str:
    if valeur is None:
        return ""
    if isinstance(valeur, float):
        return f"{valeur:g}"
    if isinstance(valeur, str):
        return _text(valeur)
    if isinstance(valeur, list):
        return "[" + ", ".join(_text(v) for v in valeur) + "]"
    return str(valeur)


def _text(valeur: str) -> str:
    """A text as YAML: bare when it is a plain word, else quoted (a JSON string is a YAML one)."""
    return (
        valeur if re.fullmatch(r"[a-z][a-z_]*[a-z0-9_]*", valeur) else json.dumps(valeur, ensure_ascii=False)
    )


def _comment(texte: str, marge: str = "") -> list[str]:
    retrait = " " * (len(texte) - len(texte.lstrip()))
    morceaux = textwrap.wrap(texte.strip(), _LARGEUR - len(marge) - 2 - len(retrait), break_on_hyphens=False)
    return [f"{marge}# {retrait}{morceau}" for morceau in morceaux]


def _choices(valeurs: dict[str, str], marge: str = "") -> list[str]:
    return [ligne for mot, sens in valeurs.items() for ligne in _comment(f"  {mot} : {sens}", marge)]
