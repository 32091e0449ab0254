"""The same models on Spark give the tables of DuckDB, row by row; skipped where Spark or Java is not."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipelines import projet_dbt
from pipelines.demo import generate
from pipelines.moteurs import Table, missing
from pipelines.moteurs.comparaison import compare_table
from pipelines.moteurs.execution import beside
from pipelines.moteurs.sources import export, read_by_models
from pipelines.moteurs.spark import local_settings
from pipelines.publication.larges import wide_marts

# Every mart has rows at this scale; Spark's time is the number of models more than of rows.
SCALE = 0.005
# A territory of the demonstration whose convention has a method of fragility: no mart is empty for want of one.
TERRITOIRE = "247100589"
PETITE = Table("marts", "t", 3, 3, 0, 0)


def _command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("observatoire")), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "OBSERVATOIRE_CLE": "une clé pour les tests, longue", **env},
    )


SPARK = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def _build(folder: Path, *territoires: str) -> Path:
    generate(folder / "donnees", echelle=SCALE)
    entrepot = folder / "cia.duckdb"
    built = _command("build", "--donnees", str(folder / "donnees"), "--entrepot", str(entrepot), *territoires)
    assert built.returncode == 0, built.stderr[-4000:]
    return entrepot


def _check_every_table(entrepot: Path, **env: str) -> None:
    compared = _command("comparer-moteurs", "--entrepot", str(entrepot), "--json", **env)
    assert compared.returncode == 0, (compared.stdout + compared.stderr)[-4000:]
    tables = {f"{t['schema']}.{t['table']}": t["lignes"] for t in json.loads(compared.stdout)["tables"]}
    with duckdb.connect(str(entrepot), read_only=True) as con:
        marts = con.execute(
            "select 'marts.' || table_name, estimated_size from duckdb_tables() where schema_name = 'marts'"
        )
        lignes = {nom: n for nom, n in marts.fetchall() if nom.removeprefix("marts.") not in wide_marts()}
    assert lignes.items() <= tables.items()
    assert {"marts.indicateurs", "entrepot.fct_logement"} <= set(tables)
    # Nothing equal because empty: a small territory with no list of residences is the only exception.
    assert {nom for nom, n in lignes.items() if not n} <= {"marts.residences_enjeu"}


@SPARK
@pytest.mark.parametrize(
    "territoires",
    [
        pytest.param(("--epci", TERRITOIRE), id="un"),
        pytest.param((), id="demonstration", marks=pytest.mark.slow),
    ],
)
def test_every_published_table_is_that_of_duckdb(territoires: tuple[str, ...], tmp_path: Path) -> None:
    _check_every_table(_build(tmp_path, *territoires))


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[str]:
    """The address of a Spark Connect server, a process of its own on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        **local_settings(tmp_path, 0),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    import pyspark

    home = Path(pyspark.__file__).parent
    command = [
        str(home / "bin" / "spark-submit"),
        "--class",
        "org.apache.spark.sql.connect.service.SparkConnectServer",
    ]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    env = {**os.environ, "SPARK_HOME": str(home)}
    with (
        (tmp_path / "serveur.log").open("w") as log,
        subprocess.Popen(command, env=env, stdout=log, stderr=log) as server,
    ):
        try:
            _wait(port, server)
            yield f"sc://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    pytest.fail("the server does not answer")


@SPARK
@pytest.mark.slow
def test_an_endpoint_gives_the_tables_of_duckdb(endpoint: str, tmp_path: Path) -> None:
    _check_every_table(_build(tmp_path, "--epci", TERRITOIRE), SPARK_REMOTE=endpoint)
    # The server made them.
    assert any((tmp_path / "entrepot" / "marts.db").iterdir())


def test_a_machine_without_spark_says_what_to_install(tmp_path: Path) -> None:
    nothing = str(tmp_path)
    done = _command("comparer-moteurs", "--entrepot", "x.duckdb", PATH=nothing, JAVA_HOME=nothing)
    assert done.returncode == 2
    assert "requirements-spark.lock" in done.stderr or "Java 17" in done.stderr
    assert "Traceback" not in done.stderr


class Moteur:
    """An engine that holds one table."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def read(self, _schema: str, _table: str) -> pa.Table:
        return self.rows


def _compare(rows: pa.Table) -> Table:
    with duckdb.connect() as con:
        con.execute("create schema marts; create table marts.t (n bigint, r double, d decimal(9, 2))")
        con.execute("insert into marts.t values (1, 0.1, 1.50), (1, 0.1, 1.50), (null, null, null)")
        return compare_table(con, Moteur(rows), "marts", "t")  # type: ignore[arg-type]


def test_equal_rows_in_any_order_and_other_widths_are_equal() -> None:
    rows = pa.table(
        {"d": ["1.5", None, "1.50"], "n": pa.array([1, None, 1], pa.int32()), "r": [0.1, None, 0.1]}
    )
    assert _compare(rows) == PETITE
    assert PETITE.egale


@pytest.mark.parametrize(
    ("rows", "attendue"),
    [
        # The last bit of a real.
        ({"n": [1, 1, None], "r": [0.1, 0.1 + 2**-56, None], "d": ["1.5", "1.5", None]}, replace(PETITE, manquent=1, en_trop=1)),
        # A row fewer, a row twice.
        ({"n": [1, None], "r": [0.1, None], "d": ["1.5", None]}, replace(PETITE, lignes_moteur=2, manquent=1)),
        ({"n": [1, None, None], "r": [0.1, None, None], "d": ["1.5", None, None]}, replace(PETITE, manquent=1, en_trop=1)),
        # Nothing is not 0.
        ({"n": [1, 1, 0], "r": [0.1, 0.1, None], "d": ["1.5", "1.5", None]}, replace(PETITE, manquent=1, en_trop=1)),
        ({"n": [1, 1, None], "r": [0.1, 0.1, None]}, replace(PETITE, colonnes=("d",))),
    ],
)  # fmt: skip
def test_a_difference_is_found(rows: dict[str, list[object]], attendue: Table) -> None:
    found = _compare(pa.table(rows))
    assert found == attendue
    assert not found.egale


def test_what_needs_duckdb_is_the_spatial_join() -> None:
    assert [model["name"] for model in beside(projet_dbt.read_rules().manifest)] == ["int_logement_polygone"]


def test_sources_are_exported_with_their_types(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        con.execute(
            "create schema sources; create table sources.x (d decimal(9, 2), j date); insert into sources.x values (1.5, '2021-01-31')"
        )
    fichiers = export(tmp_path / "w.duckdb", [("sources", "x")], tmp_path / "lac")
    assert duckdb.read_parquet(str(fichiers["sources", "x"])).types == ["DECIMAL(9,2)", "DATE"]
    assert ("sources", "rpls_logements") in read_by_models(projet_dbt.read_rules().manifest)
