"""The few tables that alerts and sensors read, written by hand: two years of one EPCI, nothing to say about them."""

from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.publication.lecture import VERSION_SCHEMA


def write_minimal(path: Path, empreinte: str = "abcdef", fin: datetime | None = None) -> None:
    """Write a warehouse with its account, its calendar (empty unless it is dated) and two yearly figures."""
    with duckdb.connect(str(path)) as con:
        for schema in ("meta", "marts"):
            con.execute(f"create schema {schema}")
        con.execute(
            "create table meta.executions as select 1 as version, 'r' as execution, "
            "coalesce(?::timestamp, now()::timestamp) as fin, "
            "? as empreinte, 'm' as empreinte_modeles, '0' as version_observatoire, "
            f"{VERSION_SCHEMA} as version_schema",
            [fin, empreinte],
        )
        con.execute(
            "create table meta.regles_alerte (alerte varchar, gravite varchar, seuil double, debut date, "
            "fin date, libelle varchar, a_faire varchar)"
        )
        con.execute(
            "create table meta.diffusion (produit varchar, millesime_debut int, millesime_fin int, "
            "pas_annees int, annees_apres int, mois int, retard_jours int)"
        )
        con.execute(
            "create table meta.convention_calendrier (epci_siren varchar, rapport varchar, "
            "periodicite varchar, arrete_au varchar, delai_jours int)"
        )
        if fin is not None:
            con.execute(
                "insert into meta.convention_calendrier values ('247100589', 'bilan_annuel', 'annuelle', '12-31', null)"
            )
        con.execute(
            "create table meta.conventions as select '247100589' as epci_siren, 'C' as nom, 'c.yml' as fichier, "
            "null::date as debut"
        )
        con.execute(
            "create table meta.indicateurs as select 'baux' as indicateur, 'Baux' as libelle, 'attributions' as famille, 1 as ordre"
        )
        con.execute(
            "create table marts.indicateurs as select '247100589' as epci_siren, 'annee' as periode_type, "
            "annee as periode, 'baux' as indicateur, 'epci' as axe, 'C' as modalite_libelle, "
            "'tous' as segment_type, 'tous' as segment, 1.0::double as valeur, 'nombre' as unite, "
            "null::varchar as operateur, null::double as cible, null::bigint as manque, "
            "null::boolean as atteint, 'publiable' as statut from (values ('2021'), ('2022')) as v (annee)"
        )
        con.execute(
            "create table marts.suivi_semestriel (epci_siren varchar, semestre varchar, bailleur varchar, "
            "bailleur_siren varchar, transmission varchar, date_limite_transmission date, "
            "en_suivi_renforce boolean)"
        )
        con.execute(
            "create table meta.verrou (fichier varchar, lignes_quarantaine bigint, lignes_lues bigint)"
        )
        con.execute("create table meta.avertissements (fichier varchar, regle varchar, nombre bigint)")
        con.execute("create table meta.controles (controle varchar, nom_table varchar, lignes bigint)")
