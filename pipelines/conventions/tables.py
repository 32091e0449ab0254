"""Writes conventions and methods; these tables and their comments are declared here only.

What reports and editions show of a convention is in `meta`, what only the models read in `sources`.

Every table is replaced whole, in a fixed order, and exists even when empty. No rule is applied here.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import duckdb
import polars as pl

from pipelines.conventions.methods import Methode, Palier, load_methods
from pipelines.conventions.models import Convention, Zone
from pipelines.errors import DonneesRefusees
from pipelines.sql import declare, qualified

# The tables of `meta`, that reports and editions read as they are; the others are in `sources`.
PUBLISHED = frozenset(
    {
        "conventions",
        "convention_calendrier",
        "convention_objectifs",
        "convention_parametres",
        "convention_zones",
    }
)
# Table → (comment, [(column, type, comment)]).
TABLES: dict[str, tuple[str, list[tuple[str, str, str]]]] = {
    "conventions": (
        "Conventions : une ligne par EPCI",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("slug", "VARCHAR NOT NULL", "Nom court, celui du fichier"),
            ("nom", "VARCHAR NOT NULL", "Nom de l'EPCI"),
            ("debut", "DATE", "Premier jour de la convention ; vide : non précisé"),
            ("fin", "DATE", "Dernier jour de la convention ; vide : sans terme"),
            ("version", "VARCHAR NOT NULL", "Version du fichier, ou du socle légal"),
            ("empreinte", "VARCHAR NOT NULL", "SHA-256 du fichier, ou du socle légal"),
            ("fichier", "VARCHAR", "Nom du fichier ; vide : valeurs légales par défaut"),
        ],
    ),
    "territoires": (
        "Territoires que la construction couvre : une ligne par EPCI",
        [("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI")],
    ),
    "convention_parametres": (
        "Paramètres que les textes laissent ouverts : une ligne par EPCI et par paramètre, tous présents",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("parametre", "VARCHAR NOT NULL", "Nom du paramètre (voir docs/conventions.md)"),
            ("valeur", "VARCHAR NOT NULL", "Valeur de la convention, ou valeur par défaut"),
        ],
    ),
    "convention_objectifs": (
        "Objectifs datés : une ligne par EPCI, objectif, axe, modalité et période. Une modalité nommée "
        "l'emporte sur la ligne de toutes les modalités ; un objectif vaut pour une période s'il est en "
        "vigueur à son dernier jour",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("objectif", "VARCHAR NOT NULL", "Identifiant de l'objectif dans le fichier"),
            ("indicateur", "VARCHAR NOT NULL", "Indicateur du catalogue"),
            ("axe", "VARCHAR NOT NULL", "Axe sur lequel l'objectif se mesure"),
            ("modalite", "VARCHAR", "SIREN du bailleur, code du réservataire… ; vide : toutes les modalités"),
            (
                "operateur",
                "VARCHAR",
                ">=, <=, >=N-1 (au moins l'année précédente) ou approche ; vide : sans cible",
            ),
            (
                "cible",
                "DOUBLE",
                "Cible, dans l'unité de l'indicateur (0-100 pour un pourcentage) ; vide : sans cible",
            ),
            (
                "cible_indicateur",
                "VARCHAR",
                "Indicateur à approcher (opérateur approche) ; l'emporte sur la cible",
            ),
            ("evenement", "VARCHAR", "Événement compté ; vide : celui des paramètres de la convention"),
            ("debut", "DATE NOT NULL", "Premier jour de l'objectif"),
            ("fin", "DATE", "Dernier jour de l'objectif, compris ; vide : toujours en vigueur"),
            ("article", "VARCHAR", "Article de la loi ou de la convention"),
            ("statut", "VARCHAR NOT NULL", "fixe, suivi (sans cible) ou sans_objet (ne s'applique pas)"),
            ("libelle", "VARCHAR NOT NULL", "Objectif en une phrase"),
            ("segment_type", "VARCHAR NOT NULL", "Découpage que l'objectif vise ; tous : aucun"),
            ("segment", "VARCHAR NOT NULL", "Part visée dans ce découpage ; tous : l'ensemble"),
        ],
    ),
    "convention_zones": (
        "Zones des conventions : une ligne par zone et par critère ; les critères s'additionnent",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("zone", "VARCHAR NOT NULL", "Identifiant de la zone"),
            ("type_zone", "VARCHAR NOT NULL", "qva, assimile, sous_secteur, secteur, fragile…"),
            ("nom", "VARCHAR NOT NULL", "Nom de la zone"),
            (
                "critere",
                "VARCHAR",
                "commune, iris, qpv, residence, num_rpls ou polygone ; vide : voir zones_locales",
            ),
            ("valeur", "VARCHAR", "Code, nom ou géométrie GeoJSON, selon le critère"),
            ("debut", "DATE", "Premier jour ; vide : depuis toujours"),
            ("fin", "DATE", "Dernier jour, compris ; vide : sans terme"),
        ],
    ),
    "convention_bailleurs": (
        "Noms des bailleurs : une ligne par bailleur et par nom, le nom d'usage compris",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("siren", "VARCHAR NOT NULL", "SIREN du bailleur"),
            ("nom", "VARCHAR NOT NULL", "Nom d'usage"),
            ("alias", "VARCHAR NOT NULL", "Nom sous lequel il peut apparaître"),
        ],
    ),
    "convention_calendrier": (
        "Calendrier des rapports : une ligne par EPCI, rapport et jour d'arrêté",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("rapport", "VARCHAR NOT NULL", "Rapport attendu"),
            (
                "periodicite",
                "VARCHAR NOT NULL",
                "trimestrielle, semestrielle, annuelle, biennale, triennale, unique",
            ),
            (
                "arrete_au",
                "VARCHAR",
                "Jour où les chiffres s'arrêtent : MM-JJ de chaque année, ou AAAA-MM-JJ",
            ),
            ("delai_jours", "INTEGER", "Délai de transmission en jours ; vide : non fixé"),
        ],
    ),
    "convention_methodes": (
        "Méthodes retenues par les conventions : une ligne par EPCI et par méthode",
        [
            ("epci_siren", "VARCHAR NOT NULL", "SIREN de l'EPCI"),
            ("methode", "VARCHAR NOT NULL", "Identifiant de la méthode"),
            ("role", "VARCHAR NOT NULL", "fragilite"),
            ("millesimes", "VARCHAR NOT NULL", "Millésimes imposés, en JSON ({} : ceux de l'année du bilan)"),
        ],
    ),
    "methodes_fragilite_entetes": (
        "Méthodes de fragilité : une ligne par méthode",
        [
            ("methode", "VARCHAR NOT NULL", "Identifiant de la méthode"),
            ("version", "VARCHAR NOT NULL", "Version de la méthode"),
            ("libelle", "VARCHAR NOT NULL", "Nom de la méthode"),
            ("description", "VARCHAR NOT NULL", "Ce que fait la méthode"),
            ("reference", "VARCHAR NOT NULL", "Publication dont elle vient"),
            ("agregation", "VARCHAR NOT NULL", "somme_scores ou moyenne_indices"),
            (
                "zone_vide",
                "VARCHAR NOT NULL",
                "non_classe, ou parts_nulles (notée comme si ses parts étaient nulles)",
            ),
            ("base_minimale", "INTEGER NOT NULL", "Base en dessous de laquelle une zone n'est pas classée"),
            ("poids", "VARCHAR NOT NULL", "Ce qui pèse les parts du parc par classe : logements ou menages"),
        ],
    ),
    "methodes_fragilite": (
        "Barèmes : une ligne par méthode, bloc, indicateur et bande ; les bandes couvrent toutes les valeurs",
        [
            ("methode", "VARCHAR NOT NULL", "Identifiant de la méthode"),
            ("version", "VARCHAR NOT NULL", "Version de la méthode"),
            ("bloc", "VARCHAR NOT NULL", "stock (tous les occupants) ou flux (emménagés récents)"),
            ("population", "VARCHAR NOT NULL", "ensemble ou emmenages_recents"),
            ("indicateur", "VARCHAR NOT NULL", "Indicateur du catalogue"),
            ("numerateur", "VARCHAR NOT NULL", "Numérateur, en clair"),
            ("denominateur", "VARCHAR NOT NULL", "Dénominateur, en clair"),
            ("source", "VARCHAR NOT NULL", "Source de l'indicateur"),
            (
                "sens",
                "VARCHAR NOT NULL",
                "haut : une valeur haute est fragile ; bas : une valeur basse l'est",
            ),
            (
                "type_seuil",
                "VARCHAR NOT NULL",
                "absolu, ecart_type, pourcentage (écarts à la moyenne du parc), indice",
            ),
            ("moyenne", "DECIMAL(12,4)", "Moyenne publiée avec la méthode, pour mémoire"),
            ("borne_rang", "INTEGER NOT NULL", "Rang de la bande, à partir de 1"),
            ("borne", "DECIMAL(12,4)", "Borne basse ; vide pour la première bande"),
            ("borne_incluse", "BOOLEAN", "La borne basse appartient-elle à la bande ?"),
            ("borne_sup", "DECIMAL(12,4)", "Borne haute ; vide pour la dernière bande"),
            ("borne_sup_incluse", "BOOLEAN", "La borne haute appartient-elle à la bande ?"),
            ("score", "DECIMAL(12,4)", "Score de la bande ; vide pour un indice, qui est lui-même le score"),
        ],
    ),
    "methodes_fragilite_classes": (
        "Classes de la somme (ou de la moyenne) d'un bloc : une ligne par méthode, bloc et bande",
        [
            ("methode", "VARCHAR NOT NULL", "Identifiant de la méthode"),
            ("bloc", "VARCHAR NOT NULL", "stock ou flux"),
            ("rang", "INTEGER NOT NULL", "Rang de la bande, à partir de 1"),
            ("borne_inf", "DECIMAL(12,4)", "Borne basse ; vide pour la première bande"),
            ("borne_inf_incluse", "BOOLEAN", "La borne basse appartient-elle à la bande ?"),
            ("borne_sup", "DECIMAL(12,4)", "Borne haute ; vide pour la dernière bande"),
            ("borne_sup_incluse", "BOOLEAN", "La borne haute appartient-elle à la bande ?"),
            ("classe", "INTEGER NOT NULL", "Classe"),
            ("libelle", "VARCHAR NOT NULL", "Nom de la classe"),
        ],
    ),
    "methodes_fragilite_matrice": (
        "Classe générale : une ligne par méthode et couple de classes ; aucune quand rien n'est publié",
        [
            ("methode", "VARCHAR NOT NULL", "Identifiant de la méthode"),
            ("classe_stock", "INTEGER NOT NULL", "Classe du stock"),
            ("classe_flux", "INTEGER", "Classe du flux ; vide dans une méthode sans flux"),
            ("classe", "INTEGER NOT NULL", "Classe générale"),
            ("libelle", "VARCHAR NOT NULL", "Nom de la classe générale"),
        ],
    ),
}

Ligne = tuple[Any, ...]


def write_tables(
    con: duckdb.DuckDBPyConnection,
    conventions: Sequence[Convention],
    methodes: Sequence[Methode] | None = None,
) -> None:
    """Replace the tables of the conventions (`meta`, `sources`) and of the methods (`sources`).

    Args:
        con: open connection, with the right to write.
        conventions: from `load_conventions` and, for an EPCI without a file, `default_convention`.
        methodes: default: those of the project and of the folders the conventions come from.

    Raises:
        DonneesRefusees: two conventions for one EPCI, or a method is refused.
    """
    triees = sorted(conventions, key=lambda c: c.siren)
    for precedente, suivante in pairwise(triees):
        if precedente.siren == suivante.siren:
            raise DonneesRefusees(f"deux conventions pour l'EPCI {suivante.siren} ; en garder une")
    toutes = _methods_of(triees) if methodes is None else sorted(methodes, key=lambda m: m.methode)
    lignes = _convention_rows(triees) | _method_rows(toutes)
    con.execute("CREATE SCHEMA IF NOT EXISTS sources; CREATE SCHEMA IF NOT EXISTS meta")
    for table, (commentaire, colonnes) in TABLES.items():
        types = {nom: (genre, texte) for nom, genre, texte in colonnes}
        relation = qualified("meta" if table in PUBLISHED else "sources", table)
        declare(con, relation, commentaire, types)
        if lignes[table]:
            noms = [nom for nom, _, _ in colonnes]
            cadre = pl.DataFrame(
                lignes[table], schema=noms, orient="row", strict=False, infer_schema_length=None
            )
            con.register("lignes_a_ecrire", cadre)
            con.execute(f"INSERT INTO {relation} SELECT * FROM lignes_a_ecrire")
            con.unregister("lignes_a_ecrire")


def _methods_of(conventions: Iterable[Convention]) -> list[Methode]:
    dossiers = {c.chemin.parent for c in conventions if c.chemin is not None}
    trouvees = {m.methode: m for m in load_methods()}
    for dossier in sorted(dossiers):
        trouvees |= {m.methode: m for m in load_methods(dossier)}
    return [trouvees[nom] for nom in sorted(trouvees)]


def _convention_rows(conventions: Sequence[Convention]) -> dict[str, list[Ligne]]:
    lignes: dict[str, list[Ligne]] = {t: [] for t in TABLES if t.startswith("convention")}
    lignes["territoires"] = [(c.siren,) for c in conventions]
    for c in conventions:
        s, contenu = c.siren, c.contenu
        lignes["conventions"].append((s, c.slug, c.nom, c.debut, c.fin, c.version, c.empreinte, c.fichier))
        lignes["convention_parametres"] += [(s, nom, valeur) for nom, valeur in sorted(c.parametres.items())]
        lignes["convention_objectifs"] += [
            (
                s,
                o.objectif,
                o.indicateur,
                o.axe,
                o.modalite,
                o.operateur,
                o.cible,
                o.cible_indicateur,
                o.evenement,
                o.debut,
                o.fin,
                o.article,
                o.statut,
                o.libelle,
                o.segment_type,
                o.segment,
            )
            for o in c.objectifs
        ]
        lignes["convention_zones"] += [
            (s, z.zone, z.type, z.nom, critere, valeur, z.debut, z.fin)
            for z in contenu.zones
            for critere, valeur in _criteria(z)
        ]
        lignes["convention_bailleurs"] += [
            (s, b.siren, b.nom, alias)
            for b in sorted(contenu.bailleurs, key=lambda b: b.siren)
            for alias in dict.fromkeys([b.nom, *b.alias])
        ]
        lignes["convention_calendrier"] += sorted(
            (
                (s, e.rapport, e.periodicite, jour, e.delai_jours)
                for e in c.calendrier
                for jour in e.stops(c.debut)
            ),
            key=lambda ligne: (ligne[1], ligne[3] or ""),
        )
        lignes["convention_methodes"] += [
            (s, m.methode, m.role, json.dumps(m.millesimes, sort_keys=True))
            for m in sorted(contenu.methodes, key=lambda m: m.methode)
        ]
    return lignes


def _criteria(zone: Zone) -> list[tuple[str | None, str | None]]:
    """Criteria of a zone; one empty pair when its perimeter is in the landing folder."""
    return [(c.critere, c.text()) for c in zone.criteres] or [(None, None)]


def _method_rows(methodes: Sequence[Methode]) -> dict[str, list[Ligne]]:
    lignes: dict[str, list[Ligne]] = {t: [] for t in TABLES if t.startswith("methodes")}
    for m in methodes:
        lignes["methodes_fragilite_entetes"].append(
            (
                m.methode,
                m.version,
                m.libelle,
                m.description,
                m.reference,
                m.agregation,
                m.zone_vide,
                m.base_minimale,
                m.poids,
            )
        )
        for bloc, contenu in m.blocks():
            for nom, i in contenu.indicateurs.items():
                paliers: Sequence[Palier | None] = i.paliers or (None,)
                for rang, palier in enumerate(paliers, start=1):
                    suivant = paliers[rang] if rang < len(paliers) else None
                    lignes["methodes_fragilite"].append(
                        (
                            m.methode,
                            m.version,
                            bloc,
                            contenu.population,
                            nom,
                            i.numerateur,
                            i.denominateur,
                            i.source,
                            i.sens,
                            i.type_seuil,
                            i.moyenne,
                            rang,
                            palier.borne if palier else None,
                            palier.incluse if palier else None,
                            suivant.borne if suivant else None,
                            not suivant.incluse if suivant else None,
                            palier.score if palier else None,
                        )
                    )
            for rang, coupe in enumerate(contenu.classes, start=1):
                apres = contenu.classes[rang] if rang < len(contenu.classes) else None
                lignes["methodes_fragilite_classes"].append(
                    (
                        m.methode,
                        bloc,
                        rang,
                        coupe.borne,
                        coupe.incluse,
                        apres.borne if apres else None,
                        not apres.incluse if apres else None,
                        coupe.classe,
                        m.label(coupe.classe),
                    )
                )
        lignes["methodes_fragilite_matrice"] += [
            (m.methode, c.stock, c.flux, c.classe, m.label(c.classe))
            for c in sorted(m.matrice, key=lambda c: (c.stock, c.flux or 0))
        ]
    return lignes
