"""The dbt target `ducklake`: the same models run inside the lake give the same rows as in a DuckDB file."""

import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from pipelines.ingestion.comptes import TABLES_META
from pipelines.lac import link_extensions
from pipelines.lac.connexion import connected
from pipelines.lac.partage import SANS_LIGNES
from pipelines.paths import DBT_PROJECT, spatial_extension
from pipelines.projet_dbt import SPATIAL_VARIABLE, executable
from pipelines.publication.empreintes import WRITTEN_AT_PUBLICATION
from pipelines.sql import literal, qualified
from tests.cli.conftest import environment
from tests.lac.conftest import Serveur

pytestmark = pytest.mark.slow
METADATA = "observatoire_dbt"
READ = tuple(TABLES_META)
OF_THE_BUILD = sorted(
    {table for schema, table in WRITTEN_AT_PUBLICATION | SANS_LIGNES if schema == "meta"} | set(READ)
)


def columns(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The columns of a table, in the order of their names."""
    names = con.execute(
        "select column_name from duckdb_columns() where database_name = 'w' "
        "and schema_name || '.' || table_name = ? order by all",
        [table],
    ).fetchall()
    return ", ".join(f'"{name}"' for (name,) in names)


def test_models_run_inside_the_lake_give_the_same_rows(serveur: Serveur, tmp_path: Path) -> None:
    from pipelines.cli.actions import construct
    from pipelines.demo import generate

    donnees, entrepot = tmp_path / "donnees", tmp_path / "w.duckdb"
    generate(donnees, echelle=0.02)
    os.environ.update({"OBSERVATOIRE_CLE": environment()["OBSERVATOIRE_CLE"]})
    construct(donnees, entrepot)
    serveur.create("cible_dbt")
    lac = serveur.lac("cible_dbt", tmp_path / "fichiers")
    address = literal(f"ducklake:postgres:{lac.catalogue}")
    with connected(lac) as con:
        con.execute(f"attach {address} as lac (data_path '{lac.donnees}/', metadata_schema '{METADATA}')")
        con.execute(f"attach '{entrepot}' as w (read_only)")
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'w' "
            "and (schema_name = 'sources' or schema_name = 'meta' and list_contains(?, table_name))",
            [list(READ)],
        ).fetchall():
            con.execute(f"create schema if not exists {qualified('lac', schema)}")
            con.execute(
                f"create table {qualified('lac', schema, table)} as from {qualified('w', schema, table)}"
            )
    variables = {
        "OBSERVATOIRE_DUCKLAKE": lac.catalogue,
        "OBSERVATOIRE_DUCKLAKE_DONNEES": f"{lac.donnees}/",
        "OBSERVATOIRE_EXTENSIONS": str(link_extensions(tmp_path / "extensions")),
        SPATIAL_VARIABLE: str(spatial_extension()),
    }
    places = ("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT))
    written = ("--target-path", str(tmp_path / "dbt"), "--log-path", str(tmp_path / "dbt"))
    chosen = ("--target", "ducklake", "--exclude-resource-type", "unit_test")
    done = subprocess.run(
        [executable(), "build", "--no-use-colors", *chosen, *places, *written],
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    with connected(lac) as con:
        con.execute(f"attach {address} as lac (metadata_schema '{METADATA}', read_only)")
        con.execute(f"attach '{entrepot}' as w (read_only)")
        tables = [
            f"{schema}.{table}"
            for schema, table in con.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'w' and "
                "list_contains(['entrepot', 'marts', 'meta'], schema_name) and not list_contains(?, table_name)",
                [OF_THE_BUILD],
            ).fetchall()
        ]
        different = []
        for table in tables:
            rows = [f"(select {columns(con, table)} from {base}.{table})" for base in ("w", "lac")]
            for one, two in (rows, rows[::-1]):
                ((count,),) = con.execute(
                    f"select count(*) from (from {one} except all from {two})"
                ).fetchall()
                if count:
                    different.append((table, count))
    assert len(tables) > 40
    assert different == []
