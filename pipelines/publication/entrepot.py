"""From a built DuckDB file to the published one: run account, content hashes, atomic replacement.

The schemas that only serve the build are removed here, and the account of the run (`meta.executions`,
`meta.etapes`, `meta.variations`, `meta.empreintes`) is written here; every other table comes from the
ingestion or from dbt.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.fichiers import write_json
from pipelines.paths import LOCK_NAME, PUBLIC_MEMORY
from pipelines.publication.chantier import Chantier
from pipelines.publication.comparaison import KEY
from pipelines.publication.disque import is_full
from pipelines.publication.editions import prepare_editions
from pipelines.publication.empreintes import content_hashes, overall_hash
from pipelines.publication.larges import write_wide_marts
from pipelines.publication.lecture import VERSION_SCHEMA, Execution, is_busy, read_parameters
from pipelines.publication.mesure import Etape, peak_memory
from pipelines.publication.preuve import file_hash
from pipelines.publication.reprise import TABLE as TABLE_REPRISE
from pipelines.publication.reprise import full_hashes
from pipelines.publication.variations import Mouvement, movement
from pipelines.publication.versions import prune, put_in_place
from pipelines.sql import declare, identifier, literal, qualified

# A view names the file that it was made in, which moves at publication; these schemas only serve the build
# and the explanation of a figure.
WITHOUT_VIEWS = ("staging", "intermediate")
_ROWS_PER_INSERT = 500
# Made in the warehouse alone: the editions hold neither the rows nor the files that it leads to.
_PROVENANCE = Path(__file__).with_name("provenance.sql")

_EXECUTIONS = {
    "version": ("integer", "Numéro de la version publiée."),
    "execution": ("varchar", "Identifiant de l'exécution (Dagster)."),
    "debut": ("timestamp", "Début de la construction (UTC)."),
    "fin": ("timestamp", "Fin de la construction (UTC)."),
    "duree_s": ("double", "Durée de la construction, en secondes."),
    "memoire_max_mo": ("bigint", "Mémoire résidente la plus haute du processus et de ses enfants, en Mo."),
    "annees": ("varchar", "Années demandées, séparées par des virgules ; vide : toutes."),
    "epci": (
        "varchar",
        "EPCI demandés (SIREN), séparés par des virgules ; vide : ceux qui ont une convention.",
    ),
    "fichiers": ("bigint", "Nombre de fichiers lus."),
    "lignes_lues": ("bigint", "Lignes lues dans les fichiers."),
    "lignes_gardees": ("bigint", "Lignes gardées."),
    "lignes_fusionnees": ("bigint", "Lignes qui disent un autre état d'un enregistrement gardé."),
    "lignes_quarantaine": ("bigint", "Lignes refusées, listées dans le schéma quarantaine."),
    "lignes_doublons": ("bigint", "Lignes en double écartées."),
    "empreinte": ("varchar", "Empreinte du contenu de toutes les tables."),
    "empreinte_modeles": ("varchar", "Empreinte des règles de calcul (projet dbt)."),
    "empreinte_programme": ("varchar", "Empreinte du programme et de ses bibliothèques."),
    "version_observatoire": ("varchar", "Version d'Observatoire."),
    "version_duckdb": ("varchar", "Version de DuckDB."),
    "version_python": ("varchar", "Version de Python."),
    "version_schema": ("integer", "Version de la structure des tables."),
    "empreinte_cle": ("varchar", "Empreinte de la clé des pseudonymes ; ne donne rien de la clé."),
    "version_precedente": ("integer", "Version remplacée, quand ses figures sont comparables."),
    "figures_changees": ("bigint", "Figures de marts.indicateurs qui diffèrent de la version remplacée."),
    "figures_apparues": ("bigint", "Figures que la version remplacée n'avait pas."),
    "figures_disparues": ("bigint", "Figures que seule la version remplacée avait."),
}
_VARIATIONS = {
    "rang": ("integer", "Rang, de la plus forte variation à la plus faible."),
    "epci_siren": ("varchar", "SIREN de l'intercommunalité."),
    "periode_type": ("varchar", "Type de période."),
    "periode": ("varchar", "Période."),
    "indicateur": ("varchar", "Indicateur."),
    "segment_type": ("varchar", "Type de segment."),
    "segment": ("varchar", "Segment."),
    "unite": ("varchar", "Unité."),
    "avant": ("double", "Valeur publiée dans la version remplacée."),
    "apres": ("double", "Valeur publiée dans celle-ci."),
    "cause": ("varchar", "Ce qui l'explique parmi ce que les deux versions ont enregistré."),
}
_CONTROLES = {
    "controle": ("varchar", "Contrôle non bloquant en défaut."),
    "nom_table": ("varchar", "Table contrôlée."),
    "colonne": ("varchar", "Colonne contrôlée ; vide : la table."),
    "lignes": ("bigint", "Nombre de lignes en défaut."),
}
_ETAPES = {
    "execution": ("varchar", "Identifiant de l'exécution (Dagster)."),
    "rang": ("integer", "Rang de l'étape dans l'exécution."),
    "etape": ("varchar", "Nom de l'étape, ou de la table calculée."),
    "duree_s": ("double", "Durée de l'étape, en secondes."),
    "memoire_max_mo": (
        "bigint",
        "Mémoire résidente la plus haute à la fin de l'étape, en Mo ; vide pour une table.",
    ),
}
_DICTIONNAIRE = {
    "schema": ("varchar", "Schéma."),
    "table": ("varchar", "Table."),
    "colonne": ("varchar", "Colonne ; vide : la table elle-même."),
    "type": ("varchar", "Type de la colonne."),
    "description": ("varchar", "Ce que contient la table ou la colonne."),
}
_EMPREINTE = {
    "empreinte": ("varchar", "Empreinte du verrou : les octets lus, quels que soient les noms des fichiers."),
    "version_methodes": ("varchar", "Version des méthodes de calcul : celle d'Observatoire."),
}
_PRODUITS = {
    "source": ("varchar", "Source des fichiers lus ; vide : ce que le projet fournit seul."),
    "produit": ("varchar", "Produit : une table du schéma sources."),
    "millesime": ("integer", "Millésime dont l'entrepôt a des lignes."),
}
_EMPREINTES = {
    "nom_schema": ("varchar", "Schéma de la table."),
    "nom_table": ("varchar", "Nom de la table."),
    "lignes": ("bigint", "Nombre de lignes."),
    "empreinte": (
        "varchar",
        "Empreinte du contenu : indépendante de l'ordre des lignes et du nombre de fils.",
    ),
}
_REPRISE = {
    "nom_schema": ("varchar", "Schéma de la table."),
    "nom_table": ("varchar", "Nom de la table."),
    "contenu": ("varchar", "Empreinte complète, noms de fichiers et pseudonymes compris."),
}


def prepare(
    chantier: Chantier,
    *,
    numero: int,
    empreinte_modeles: str,
    etapes: Sequence[Etape],
    anterieur: Path | None,
    empreinte_cle: str | None = None,
    programme: str | None = None,
) -> Execution:
    """Close the file under construction: remove what only served the build, write its account, checkpoint it.

    Args:
        chantier: the building site; its base is open nowhere else.
        numero: version number that this warehouse takes.
        empreinte_modeles: fingerprint of the rules (dbt project) that made it.
        etapes: what each step cost.
        anterieur: the warehouse that will be replaced, whose run history is carried over and whose
            figures are compared.
        empreinte_cle: fingerprint of the key of the pseudonyms.
        programme: fingerprint of the program that made it; without, no later build takes anything over.

    """
    with duckdb.connect(str(chantier.base)) as con:
        _drop_views(con)
        con.execute("create schema if not exists meta")
        _create(con, "empreinte", _EMPREINTE, "Ce dont vient cet entrepôt, en une ligne.")
        _insert(con, "empreinte", [(_lock_hash(con), version("observatoire"))])
        _create(con, "produits", _PRODUITS, "Millésimes que l'entrepôt a de chaque produit.")
        _insert(con, "produits", _vintages(con))
        _create(con, "empreintes", _EMPREINTES, "Empreinte du contenu de chaque table publiée.")
        _create(
            con, "executions", _EXECUTIONS, "Une ligne par version publiée, de la plus ancienne à celle-ci."
        )
        _create(con, "etapes", _ETAPES, "Durée et mémoire de chaque étape des versions publiées.")
        _create(
            con,
            "variations",
            _VARIATIONS,
            "Figures publiées qui ont le plus bougé depuis la version remplacée.",
        )
        if not _exists(con, "meta", "controles"):
            record_checks(con, [])
        _create(con, TABLE_REPRISE, _REPRISE, "Dit à la construction suivante ce qui n'a pas changé.")
        # What follows names the project's tables: a base without them has no figure.
        if _exists(con, "meta", "segments"):
            write_wide_marts(con)
            con.execute(_PROVENANCE.read_text(encoding="utf-8"))
        _write_dictionary(con)
        empreintes = content_hashes(con)
        _insert(con, "empreintes", [(e.schema, e.table, e.lignes, e.empreinte) for e in empreintes])
        contents = full_hashes(con).items()
        _insert(con, TABLE_REPRISE, [(*name.split(".", 1), content) for name, content in contents])
        if anterieur is not None:
            _carry_history(con, anterieur)
        parameters = read_parameters(con)
        fin = datetime.now(UTC)
        account = con.execute(
            "select count(*), sum(lignes_lues), sum(lignes_gardees), sum(lignes_quarantaine), "
            "sum(lignes_doublons), sum(lignes_fusionnees) from meta.verrou"
        ).fetchall()[0]
        execution = Execution(
            numero,
            chantier.run_id,
            fin.replace(tzinfo=None),
            overall_hash(empreintes),
            empreinte_modeles,
            version("observatoire"),
        )
        row: Mapping[str, object] = {
            "version": numero,
            "execution": chantier.run_id,
            "debut": chantier.debut.replace(tzinfo=None),
            "fin": execution.fin,
            "duree_s": round((fin - chantier.debut).total_seconds(), 1),
            "memoire_max_mo": peak_memory(),
            "annees": ",".join(parameters.get("annee", [])),
            "epci": ",".join(parameters.get("epci", [])),
            "fichiers": account[0],
            "lignes_lues": account[1] or 0,
            "lignes_gardees": account[2] or 0,
            "lignes_fusionnees": account[5] or 0,
            "lignes_quarantaine": account[3] or 0,
            "lignes_doublons": account[4] or 0,
            "empreinte": execution.empreinte,
            "empreinte_modeles": empreinte_modeles,
            "empreinte_programme": programme,
            "version_observatoire": execution.version_observatoire,
            "version_duckdb": duckdb.__version__,
            "version_python": platform.python_version(),
            "version_schema": VERSION_SCHEMA,
            "empreinte_cle": empreinte_cle,
        }
        _insert(con, "executions", [tuple(row.get(name) for name in _EXECUTIONS)])
        _insert(
            con,
            "etapes",
            [(chantier.run_id, rang, e.nom, e.duree_s, e.memoire_max_mo) for rang, e in enumerate(etapes, 1)],
        )
        con.execute("force checkpoint")
    if anterieur is not None and (moved := _movement(anterieur, chantier.base)) is not None:
        with duckdb.connect(str(chantier.base)) as con:
            _write_movement(con, numero, moved)
            con.execute("force checkpoint")
    return execution


def record_checks(
    con: duckdb.DuckDBPyConnection, controles: Sequence[tuple[str, str, str | None, int]]
) -> None:
    """Write `meta.controles`: the checks that found something and do not stop a build."""
    con.execute("create schema if not exists meta")
    _create(con, "controles", _CONTROLES, "Contrôles non bloquants en défaut, une ligne par contrôle.")
    _insert(con, "controles", sorted(controles, key=lambda c: (c[0], c[1], c[2] or "")))


def _movement(anterieur: Path, base: Path) -> Mouvement | None:
    try:
        return movement(anterieur, base)
    except duckdb.Error as error:
        if is_busy(error):
            return None
        raise


def _write_movement(con: duckdb.DuckDBPyConnection, numero: int, moved: Mouvement) -> None:
    con.execute(
        "update meta.executions set figures_changees = ?, figures_apparues = ?, figures_disparues = ?, "
        "version_precedente = (select max(version) from meta.executions where version < ?) where version = ?",
        [moved.changees, moved.apparues, moved.disparues, numero, numero],
    )
    key = [name for name in _VARIATIONS if name in KEY]
    _insert(
        con,
        "variations",
        [
            (rang, *(v.cle[name] for name in key), v.unite, v.avant, v.apres, " ; ".join(v.causes))
            for rang, v in enumerate(moved.plus_fortes, 1)
        ],
    )


def _exists(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]
        ).fetchall()
    )


def _vintages(con: duckdb.DuckDBPyConnection) -> list[tuple[str | None, str, int]]:
    """What the editions say of the records: which vintages there are of each product."""
    sources = dict(
        con.execute(
            "select produit, min(source) from meta.verrou group by produit order by produit"
        ).fetchall()
    )
    tables = con.execute(
        "select table_name from duckdb_columns() where schema_name = 'sources' and column_name = 'millesime' "
        "order by table_name"
    ).fetchall()
    return [
        (sources.get(table), table, millesime)
        for (table,) in tables
        for (millesime,) in con.execute(
            "select distinct millesime from query_table(?) where millesime is not null order by all",
            [f"sources.{table}"],
        ).fetchall()
    ]


def _lock_hash(con: duckdb.DuckDBPyConnection) -> str:
    rows = con.execute("select distinct source, sha256 from meta.verrou order by all").fetchall()
    return hashlib.sha256("".join(f"{source} {sha256}\n" for source, sha256 in rows).encode()).hexdigest()


def _write_dictionary(con: duckdb.DuckDBPyConnection) -> None:
    """Write `meta.dictionnaire` from the comments of the base: those of the declarations and of dbt."""
    _create(con, "dictionnaire", _DICTIONNAIRE, "Une ligne par table et par colonne de l'entrepôt.")
    con.execute(
        "insert into meta.dictionnaire "
        "select schema_name, table_name, colonne, type, description from ("
        "  select schema_name, table_name, 0 as rang, null as colonne, null as type, comment as description "
        "  from duckdb_tables() where not internal "
        "  union all "
        "  select schema_name, table_name, column_index, column_name, data_type, comment "
        "  from duckdb_columns() where not internal"
        ") order by schema_name, table_name, rang"
    )


def _drop_views(con: duckdb.DuckDBPyConnection) -> None:
    views = con.execute(
        "select schema_name, view_name from duckdb_views() "
        "where list_contains(?, schema_name) and not internal",
        [list(WITHOUT_VIEWS)],
    ).fetchall()
    for schema, view in views:
        con.execute(f"drop view {identifier(schema)}.{identifier(view)}")
    con.execute("drop schema if exists staging")


def _create(
    con: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, tuple[str, str]], label: str
) -> None:
    declare(con, qualified("meta", table), label, columns)


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    # One statement for many rows: DuckDB takes a millisecond for each.
    for start in range(0, len(rows), _ROWS_PER_INSERT):
        some = rows[start : start + _ROWS_PER_INSERT]
        marks = f"({', '.join('?' for _ in some[0])})"
        con.execute(
            f"insert into meta.{identifier(table)} values {', '.join(marks for _ in some)}",
            [value for row in some for value in row],
        )


def _carry_history(con: duckdb.DuckDBPyConnection, anterieur: Path) -> None:
    """Copy the run history of the warehouse about to be replaced; a column it does not know stays empty."""
    try:
        con.execute(f"attach {literal(str(anterieur))} as anterieur (read_only)")
    except duckdb.Error as error:
        if is_busy(error):
            return
        raise
    for table in ("executions", "etapes"):
        known = con.execute(
            "select 1 from duckdb_tables() "
            "where database_name = 'anterieur' and schema_name = 'meta' and table_name = ?",
            [table],
        ).fetchall()
        if known:
            target = f"meta.{identifier(table)}"
            con.execute(f"insert into {target} by name select * from anterieur.{target}")
    con.execute("detach anterieur")


def publish(chantier: Chantier, *, donnees: Path | None, garder: int) -> list[str]:
    """Put the prepared file in the place of the published one, in one atomic rename.

    The files of the editions take their places just before. The replaced file is kept under its version
    number, with the write-ahead log that an interrupted writer may have left beside it: replayed on the new
    file, that log would corrupt it.

    Args:
        chantier: the building site, whose base was prepared.
        donnees: landing folder, where the lock of the data is written when it can be; None: nowhere.
        garder: how many replaced versions are kept.

    Returns:
        What a user should know, in French (the landing folder is read-only, …).

    """
    dossier = chantier.dossier
    with duckdb.connect(str(chantier.base), read_only=True) as con:
        lock = lock_content(con)
    left_over = chantier.base.with_name(chantier.base.name + ".wal")
    if left_over.exists():
        raise RuntimeError("the base was not checkpointed before publication")
    prepare_editions(chantier)
    put_in_place(chantier)
    prune(dossier, garder)
    return [] if donnees is None else write_lock(donnees, lock)


def write_lock(donnees: Path, lock: Mapping[str, object]) -> list[str]:
    """Write the lock in the landing folder; return what a user should know when it cannot be."""
    memory = donnees / PUBLIC_MEMORY
    try:
        known = {"memoire_publique": file_hash(memory)} if memory.is_file() else {}
        write_json(donnees / LOCK_NAME, {**lock, **known})
    except OSError as error:
        reason = "n'a plus de place" if is_full(error) else "n'est pas inscriptible"
        return [
            f"Le dossier « {donnees} » {reason} : {LOCK_NAME} n'y est pas écrit "
            "(le même contenu est dans meta.verrou)."
        ]
    return []


def lock_content(con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    """Return the content of `observatoire.lock.json` for an open warehouse: one entry per file read."""
    cursor = con.execute("select * from meta.verrou order by fichier, produit, millesime")
    names = [str(column[0]) for column in cursor.description or ()]
    return {"version": 1, "fichiers": [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]}
