"""The dictionary: indicators, tables and columns, from `meta.dictionnaire` and `meta.indicateurs`.

Both come from the declarations that drive the build: nothing is described here.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipelines import libelles
from pipelines.bilan import formats, html
from pipelines.bilan.document import Colonne, Document, Ligne, Manquant, Paragraphe, Section, Tableau
from pipelines.bilan.donnees import Chiffre, Indicateur
from pipelines.bilan.fichiers import texte_sur

Entree = tuple[str, str, str, str, str]
FORMATS = ("html", "csv")
_NOM = "dictionnaire"
# Free to change from one version to the next (docs/contrat.md).
_INTERNES = {"main", "staging", "intermediate", "seeds"}
_FAMILLES = {
    "attributions": "Attributions",
    "demande": "Demande",
    "parc": "Parc social",
    "occupation": "Occupation",
    "fragilite": "Fragilité",
    "revenus": "Revenus",
    "qualite": "Qualité des données",
}


def document(
    catalogue: dict[str, Indicateur], entrees: Sequence[Entree], exemples: dict[str, Chiffre], empreinte: str
) -> Document:
    """Build the dictionary as a page."""
    tables: dict[tuple[str, str], list[Entree]] = {}
    for entree in publiees(entrees):
        tables.setdefault(entree[:2], []).append(entree)
    schemas: dict[str, list[Section]] = {}
    for (schema, table), lignes in tables.items():
        schemas.setdefault(schema, []).append(_table(schema, table, lignes))
    sections = [
        Section(
            "indicateurs", "Indicateurs", _chapo_indicateurs(catalogue), tuple(_familles(catalogue, exemples))
        ),
        *(
            Section(f"schema-{formats.slug(schema)}", f"Schéma {schema}", (), tuple(contenu))
            for schema, contenu in schemas.items()
        ),
    ]
    if not schemas:
        manque = Manquant("Tables non décrites", "L’entrepôt ne contient pas la table meta.dictionnaire.")
        sections.append(Section("tables", "Tables et colonnes", (manque,)))
    return Document(
        nom_fichier=_NOM,
        titre="Observatoire des attributions",
        sous_titre="Dictionnaire des données",
        annee=0,
        entete=(("Données", f"empreinte {empreinte[:12]}" if empreinte else "empreinte non publiée"),),
        identite=(),
        sections=tuple(sections),
        pied="Dictionnaire produit par l’Observatoire à partir des déclarations qui servent à construire "
        "l’entrepôt.",
    )


def publiees(entrees: Iterable[Entree]) -> list[Entree]:
    """The entries that a user reads: not those of the schemas that serve the build."""
    return [entree for entree in entrees if entree[0] not in _INTERNES]


def ecrire_html(page: Document, chemin: Path) -> None:
    """Write the page, with a box to search in it."""
    chemin.write_text(html.rendre(page, recherche=True), encoding="utf-8", newline="\n")


def ecrire_csv(catalogue: Iterable[Indicateur], entrees: Iterable[Entree], chemin: Path) -> None:
    """Write one line per indicator and per column: what it is, its type or unit, its description."""
    with chemin.open("w", encoding="utf-8-sig", newline="") as flux:
        ecrivain = csv.writer(flux, delimiter=";", lineterminator="\r\n")
        ecrivain.writerow(
            (
                "nature",
                "schema",
                "table",
                "nom",
                "type",
                "description",
                "formule",
                "article",
                "additif",
                "source",
                "version",
            )
        )
        for i in catalogue:
            ligne = (
                "indicateur",
                "marts",
                "indicateurs",
                i.indicateur,
                i.unite,
                f"{i.libelle} : {i.definition}",
            )
            ecrivain.writerow(
                [
                    texte_sur(v)
                    for v in (*ligne, i.formule, i.article, _additif(i), i.source, i.version_methode)
                ]
            )
        for schema, table, colonne, type_, description in publiees(entrees):
            nature = "colonne" if colonne else "table"
            ecrivain.writerow(
                [texte_sur(v) for v in (nature, schema, table, colonne, type_, description)] + [""] * 5
            )


def _additif(i: Indicateur) -> str:
    return {True: "oui", False: "non"}.get(i.additif, "") if i.additif is not None else ""


def _chapo_indicateurs(catalogue: dict[str, Indicateur]) -> tuple[Paragraphe | Manquant, ...]:
    if not catalogue:
        return (Manquant("Indicateurs non décrits", "L’entrepôt ne contient pas la table meta.indicateurs."),)
    return (Paragraphe((libelles.chapo("dictionnaire"),), "chapo"),)


def _familles(catalogue: dict[str, Indicateur], exemples: dict[str, Chiffre]) -> Iterable[Section]:
    familles: dict[str, list[Indicateur]] = {}
    for i in catalogue.values():
        familles.setdefault(i.famille, []).append(i)
    for famille, indicateurs in familles.items():
        fiches = tuple(_fiche(i, exemples.get(i.indicateur)) for i in indicateurs)
        titre = _FAMILLES.get(famille, famille.capitalize() or "Autres")
        yield Section(f"famille-{formats.slug(famille)}", titre, (), fiches)


def _fiche(i: Indicateur, exemple: Chiffre | None) -> Section:
    lignes = [
        ("Identifiant", i.indicateur),
        ("Définition", i.definition),
        ("Formule", i.formule),
        ("Unité", i.unite),
        ("Texte", i.article),
        (
            "Se somme",
            {True: "oui", False: "non : ne jamais additionner ni moyenner"}.get(bool(i.additif), ""),
        ),
        (
            "Source",
            formats.enumerer([libelles.source(s.strip()).court for s in i.source.split(",") if s.strip()]),
        ),
        ("Version de la méthode", i.version_methode),
        ("Historique de la définition", _historique(i)),
        ("Exemple", _exemple(exemple)),
    ]
    tableau = Tableau(
        f"t-{formats.slug(i.indicateur)}",
        f"Fiche de l’indicateur {i.indicateur}",
        (Colonne("Rubrique"), Colonne("Contenu")),
        tuple(Ligne(ligne) for ligne in lignes if ligne[1]),
    )
    return Section(f"indicateur-{formats.slug(i.indicateur)}", i.libelle, (tableau,))


def _historique(i: Indicateur) -> str:
    """What changed and when, dates as they are read; the breaks alone where a warehouse has no history."""
    return re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", i.historique.replace(" | ", " ; ")) or i.rupture


def _exemple(c: Chiffre | None) -> str:
    if c is None or c.valeur is None:
        return ""
    detail = ""
    if c.numerateur is not None and c.denominateur is not None and c.unite in ("%", "ratio"):
        detail = f" ({formats.entier(c.numerateur)} sur {formats.entier(c.denominateur)})"
    segment = "" if c.segment_type == "tous" else f", {libelles.segment(c.segment_type, c.segment)}"
    return f"{formats.valeur(c.valeur, c.unite)}{detail}, {c.modalite_libelle}{segment}, {c.periode}"


def _table(schema: str, table: str, lignes: Sequence[Entree]) -> Section:
    descriptions = [description for *_, colonne, _, description in lignes if not colonne and description]
    colonnes = tuple(
        Ligne((colonne, type_, description)) for *_, colonne, type_, description in lignes if colonne
    )
    cle = f"{formats.slug(schema)}-{formats.slug(table)}"
    entetes = (Colonne("Colonne"), Colonne("Type"), Colonne("Description"))
    blocs: list[Paragraphe | Tableau] = [Paragraphe((d,)) for d in descriptions]
    if colonnes:
        blocs.append(Tableau(f"t-{cle}", f"Colonnes de {schema}.{table}", entetes, colonnes))
    return Section(f"table-{cle}", f"{schema}.{table}", tuple(blocs))
