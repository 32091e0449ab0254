"""Row by row, are the tables that another engine makes those of the published warehouse?

Both are read as sets of rows that may repeat, in DuckDB's types. The definition of "equal" belongs here.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines import projet_dbt
from pipelines.lecture_seule import open_read_only
from pipelines.moteurs.execution import Execution
from pipelines.moteurs.sources import export, read_by_models
from pipelines.moteurs.spark import Spark, session

# What dbt publishes; `staging` and `intermediate` serve to make it.
PUBLISHED = ("entrepot", "marts", "meta")


@dataclass(frozen=True)
class Table:
    """One table on both sides: rows of each, and those that the other lacks."""

    schema: str
    table: str
    lignes: int
    lignes_moteur: int
    manquent: int
    en_trop: int
    colonnes: tuple[str, ...] = ()

    @property
    def nom(self) -> str:
        """Schema and table, as a reader writes them."""
        return f"{self.schema}.{self.table}"

    @property
    def egale(self) -> bool:
        """Has each side every row of the other, as many times?"""
        return self.lignes == self.lignes_moteur and not (self.manquent or self.en_trop or self.colonnes)


@dataclass(frozen=True)
class Comparaison:
    """Every table that dbt publishes, compared."""

    tables: tuple[Table, ...]

    @property
    def differentes(self) -> list[Table]:
        """The tables that are not the same."""
        return [table for table in self.tables if not table.egale]


def compare_engines(entrepot: Path, dossier: Path, schemas: tuple[str, ...] = PUBLISHED) -> Comparaison:
    """Run the models on Spark over the sources of a warehouse, and compare each table.

    Args:
        entrepot: a published warehouse; it is only read.
        dossier: working folder for the exported sources, the tables of Spark and dbt's files.
        schemas: schemas whose tables are compared.

    Raises:
        ObservatoireError: Spark or Java is not there, or a model does not run on it.

    """
    regles = projet_dbt.read_rules()
    manifest = regles.manifest
    fichiers = export(entrepot, read_by_models(manifest), dossier / "sources")
    with session(dossier, sum(fichier.stat().st_size for fichier in fichiers.values())) as moteur:
        for (schema, table), fichier in fichiers.items():
            moteur.declare(schema, table, fichier)
        Execution(moteur, manifest, regles, dossier).run()
        noms = sorted(
            (str(node["schema"]), str(node["alias"]))
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] in schemas
        )
        with open_read_only(entrepot) as con:
            return Comparaison(tuple(compare_table(con, moteur, schema, table) for schema, table in noms))


def compare_table(con: duckdb.DuckDBPyConnection, moteur: Spark, schema: str, table: str) -> Table:
    """Compare a table of a warehouse with that of an engine, in the types of the warehouse."""
    types = dict(
        con.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = current_database() and schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchall()
    )
    rows = moteur.read(schema, table)
    apart = tuple(sorted(set(types) ^ set(rows.column_names)))
    ours = f"{schema}.{table}"
    ((count,),) = con.execute(f"select count(*) from {ours}").fetchall()
    if apart:
        return Table(schema, table, int(count), rows.num_rows, 0, 0, apart)
    con.register("du_moteur", rows)
    names = ", ".join(f'"{name}"' for name in types)
    theirs = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in types.items())
    both = (f"select {names} from {ours}", f"select {theirs} from du_moteur")
    lacking, extra = (
        con.execute(f"select count(*) from ({a} except all {b})").fetchall()[0][0]
        for a, b in (both, both[::-1])
    )
    con.unregister("du_moteur")
    return Table(schema, table, int(count), rows.num_rows, int(lacking), int(extra))
