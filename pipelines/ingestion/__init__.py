"""Readers: from landing files to validated rows in schema `sources`.

Reading by name, normalising, validating, quarantining and counting belong here, driven by the declarations
and the mappings (YAML). Business rules do not: they are in the SQL models. Nothing here knows the
orchestrator.
"""

from pipelines.ingestion.chargement import load
from pipelines.ingestion.comptes import Avertissement, CompteFichier
from pipelines.ingestion.declarations import (
    Champ,
    Produit,
    column_comments,
    declarations,
    dictionary_rows,
    products_of,
    sources,
)
from pipelines.ingestion.ebauche import Ebauche, draft_mappings
from pipelines.ingestion.examen import refuse_unreadable
from pipelines.ingestion.exclusions import (
    Exclusion,
    message,
    personal_columns,
    personal_sources,
    record_exclusions,
)
from pipelines.ingestion.executer import Options, ingest
from pipelines.ingestion.identifiants import read_identifier
from pipelines.ingestion.landing import check_landing, landing_files, stray_entries
from pipelines.ingestion.pseudonymes import former_pseudonyms, key_fingerprint, pseudonym, pseudonym_key
from pipelines.ingestion.recherche import Endroit, Formes, find_in_landing, find_in_traces
from pipelines.ingestion.retrait import count_in_store, count_vintage_in_store, purge_store

__all__ = [
    "Avertissement",
    "Champ",
    "CompteFichier",
    "Ebauche",
    "Endroit",
    "Exclusion",
    "Formes",
    "Options",
    "Produit",
    "check_landing",
    "column_comments",
    "count_in_store",
    "count_vintage_in_store",
    "declarations",
    "dictionary_rows",
    "draft_mappings",
    "find_in_landing",
    "find_in_traces",
    "former_pseudonyms",
    "ingest",
    "key_fingerprint",
    "landing_files",
    "load",
    "message",
    "personal_columns",
    "personal_sources",
    "products_of",
    "pseudonym",
    "pseudonym_key",
    "purge_store",
    "read_identifier",
    "record_exclusions",
    "refuse_unreadable",
    "sources",
    "stray_entries",
]
