"""Fixtures of the reader tests: a landing folder to fill, and one call that reads and loads a source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from pipelines.ingestion import CompteFichier, Options, ingest, load

CLE = b"cle de test, jamais utilisee ailleurs"


@dataclass
class Depot:
    """A landing folder, its store and a warehouse under construction."""

    donnees: Path
    magasin: Path
    con: duckdb.DuckDBPyConnection
    comptes: dict[str, list[CompteFichier]] = field(default_factory=dict)

    def drop(self, nom: str, contenu: str | bytes) -> Path:
        """Put a file in the landing folder."""
        chemin = self.donnees / nom
        chemin.parent.mkdir(parents=True, exist_ok=True)
        chemin.write_bytes(contenu.encode() if isinstance(contenu, str) else contenu)
        return chemin

    def read(self, source: str) -> list[CompteFichier]:
        """Read one source."""
        self.comptes[source] = ingest(source, self.donnees, self.magasin, CLE, Options(threads=2))
        return self.comptes[source]

    def load(self, source: str) -> dict[str, int]:
        """Read and load one source."""
        return load(self.con, source, self.read(source))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of a query on the warehouse."""
        return self.con.execute(sql).fetchall()

    def one(self, sql: str) -> object:
        """First cell of a query on the warehouse."""
        return self.rows(sql)[0][0]


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    donnees = tmp_path / "depot"
    donnees.mkdir()
    with duckdb.connect() as con:
        yield Depot(donnees, tmp_path / "magasin", con)


@pytest.fixture
def copier(donnees_reelles: Path, depot: Depot) -> Callable[[str, str], Path]:
    """Copy one real file into the landing folder."""

    def copy(origine: str, destination: str) -> Path:
        return depot.drop(destination, (donnees_reelles / origine).read_bytes())

    return copy
