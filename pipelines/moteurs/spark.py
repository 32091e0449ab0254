"""A Spark session, and its tables as Arrow: the only module that knows Spark.

The session is the one that dbt's `session` method finds in the process: local, or that of a Spark Connect
endpoint when SPARK_REMOTE names one.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.errors import ObservatoireError

REMOTE_VARIABLE = "SPARK_REMOTE"
_INSTALLER = "uv pip install --require-hashes -r requirements-spark.lock"
# A machine's memory for the driver, which is also the executor of a local session.
MEMORY_VARIABLE = "OBSERVATOIRE_SPARK_MEMOIRE"
_MEMORY = "4g"
# Bytes of validated Parquet for which one more part of a table is worth starting.
_PART = 16_000_000


def missing() -> str | None:
    """Return what this machine lacks to run Spark, in one French sentence; None when nothing."""
    if not all(_installed(name) for name in ("pyspark", "dbt-spark")):
        return f"Spark n'est pas installé ici : {_INSTALLER}."
    if not os.environ.get(REMOTE_VARIABLE) and _java() is None:
        return "Spark a besoin de Java 17 ou plus : installez-le, ou indiquez où il est dans JAVA_HOME."
    return None


def _installed(distribution: str) -> bool:
    # Asked of the environment: a module can be hidden by another of the same name.
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def _java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


class Spark:
    """The tables of one session, by schema and name."""

    def __init__(self, session: Any) -> None:
        """Wrap an open session."""
        self._session = session

    def declare(self, schema: str, table: str, fichier: Path) -> None:
        """Make a table of a Parquet file, which stays where it is."""
        self._session.sql(f"create database if not exists {schema}")
        self._session.sql(f"drop table if exists {schema}.{table}")
        self._session.catalog.createTable(f"{schema}.{table}", path=str(fichier.resolve()), source="parquet")

    def read(self, schema: str, table: str) -> pa.Table:
        """Return the rows of a table."""
        return self._session.table(f"{schema}.{table}").toArrow()

    def write(self, schema: str, table: str, rows: pa.Table) -> None:
        """Replace a table by rows."""
        self._session.sql(f"create database if not exists {schema}")
        frame = self._session.createDataFrame(rows)
        frame.write.mode("overwrite").format("parquet").saveAsTable(f"{schema}.{table}")


@contextmanager
def session(dossier: Path, octets: int) -> Iterator[Spark]:
    """Open a session whose tables are under a folder, unless an endpoint holds them, and close it at the end.

    Args:
        dossier: where a local session writes its tables.
        octets: size of the files to read, which says how many parts are worth their cost.

    Raises:
        ObservatoireError: Spark or Java is not there.

    """
    lack = missing()
    if lack is not None:
        raise ObservatoireError(lack)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("observatoire")
    if not os.environ.get(REMOTE_VARIABLE):
        for name, value in local_settings(dossier, octets).items():
            builder = builder.config(name, value)
    opened = builder.getOrCreate()
    try:
        yield Spark(opened)
    finally:
        opened.stop()


def local_settings(dossier: Path, octets: int) -> dict[str, str]:
    """Return the settings of Spark on this machine, reachable from it only."""
    parts = min(os.cpu_count() or 1, 1 + octets // _PART)
    return {
        "spark.master": "local[*]",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.driver.memory": os.environ.get(MEMORY_VARIABLE, _MEMORY),
        "spark.sql.warehouse.dir": str((dossier / "entrepot").resolve()),
        # The tables live as long as the session: no metastore to keep.
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        # One machine reads small tables. A part costs more than its rows, two hundred parts much more.
        # Compiling a plan of a hundred branches, planning it again at each stage, inferring filters and
        # writing it out for a page that nobody opens take longer than running it.
        "spark.sql.shuffle.partitions": str(parts),
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.constraintPropagation.enabled": "false",
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.maxPlanStringLength": "100",
        # Without checksum files, each of which starts a process to set its rights.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    }
