"""How the shared lake is opened: extensions from their wheels, the PostgreSQL catalogue, whose turn it is.

What is written in the lake belongs in `partage`, what is read back in `extraction`.
"""

import hashlib
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_postgres_scanner

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.sql import literal

ALIAS = "lac"
# The schema of PostgreSQL that holds the catalogue: several applications may share a database.
METADONNEES = "observatoire"
_TOUR = "tour"
_CLE = int.from_bytes(hashlib.sha256(METADONNEES.encode()).digest()[:8], "big", signed=True)
_PAUSES = (0.05, 2.0)
_ATTENTE_S = 3600.0
_DOSSIER_PRIVE = 0o700
# libpq's own ways to be given one in a connection string, and the part before the host in an address.
_PASSWORD = re.compile(r"(?:^|[\s?&])(?:ssl)?password\s*=|://[^/?#@]*:[^/?#]*@", re.IGNORECASE)
_NOTHING_YET = "Rien n'a encore été publié dans ce lac partagé : observatoire build … --ducklake"


@dataclass(frozen=True)
class LacPartage:
    """A DuckLake: what PostgreSQL is told to find the catalogue, and the folder of the files.

    Attributes:
        catalogue: connection parameters of libpq (`host=… dbname=…`, or a URL), without a password: what is
            typed or configured is seen by the whole machine, and kept by the orchestrator.
        donnees: folder or address of the files, the same for every machine; needed by the first writer only.

    """

    catalogue: str
    donnees: str | None = None

    def __post_init__(self) -> None:
        """Refuse a password.

        Raises:
            MauvaisUsage: there is one.

        """
        if _PASSWORD.search(unquote(self.catalogue)):
            raise MauvaisUsage(
                "Un mot de passe ne se met pas dans le catalogue du lac partagé (--ducklake, "
                "OBSERVATOIRE_DUCKLAKE) : toute la machine le verrait, et Dagster le garderait. Mettez-le "
                "dans un fichier de mode 600 nommé par PGPASSFILE (hôte:port:base:utilisateur:mot de passe)."
            )


def extensions() -> list[Path]:
    """Return the files of the two extensions, installed as wheels: no network is needed."""
    modules = (duckdb_extension_postgres_scanner, duckdb_extension_ducklake)
    return [next(Path(str(module.__file__)).parent.rglob("*.duckdb_extension")) for module in modules]


def link_extensions(dossier: Path, others: Sequence[Path] = ()) -> Path:
    """Lay the extensions out as DuckDB's own folder of extensions, for programs that only know `install`.

    Args:
        dossier: folder to fill; made when it does not exist.
        others: files of other extensions to add.

    """
    with duckdb.connect() as con:
        (version,), (platform,) = (
            con.execute(query).fetchall()[0]
            for query in ("select library_version from pragma_version()", "select * from pragma_platform()")
        )
    folder = dossier / str(version) / str(platform)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*extensions(), *others):
        link = folder / path.name
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    return dossier


@contextmanager
def connected(lac: LacPartage) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that knows DuckLake and PostgreSQL; their errors are sentences without a password.

    Raises:
        ObservatoireError: PostgreSQL cannot be reached, or refuses.

    """
    with duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    ) as con:
        for path in extensions():
            con.execute(f"load {literal(str(path))}")
        try:
            yield con
        except duckdb.Error as error:
            if not _of_the_catalogue(error):
                raise
            raise ObservatoireError(
                f"Le catalogue PostgreSQL du lac partagé n'a pas pu être lu : {_without_secret(error, lac)}"
            ) from None


def _of_the_catalogue(error: duckdb.Error) -> bool:
    return "ostgres" in str(error) or "DuckLake" in str(error)


def _without_secret(error: duckdb.Error, lac: LacPartage) -> str:
    said = str(error).replace(lac.catalogue, "…").splitlines()
    return re.sub(r"password\s*=\s*('[^']*'|\S+)|://[^\s@]*@", "…", " ".join(said))


def attach(
    con: duckdb.DuckDBPyConnection,
    lac: LacPartage,
    *,
    ecrire: bool = False,
    instantane: int | None = None,
    au: datetime | None = None,
) -> None:
    """Attach the lake as `lac`, as it is now or as it was.

    Args:
        con: a connection of `connected`.
        lac: the shared lake.
        ecrire: make it when it does not exist yet; the caller holds its turn.
        instantane: snapshot to read, by number.
        au: moment to read at.

    Raises:
        MauvaisUsage: nothing was published yet, or no such snapshot.

    """
    options = [f"metadata_schema {literal(METADONNEES)}"]
    if ecrire:
        options += [f"data_path {literal(_folder(lac))}"] if lac.donnees else []
    else:
        options += ["read_only", "create_if_not_exists false"]
    options += [] if instantane is None else [f"snapshot_version {instantane}"]
    options += [] if au is None else [f"snapshot_time {literal(au.isoformat(sep=' '))}"]
    try:
        con.execute(
            f"attach {literal(f'ducklake:postgres:{lac.catalogue}')} as {ALIAS} ({', '.join(options)})"
        )
    except duckdb.Error as error:
        said = _without_secret(error, lac)
        if "snapshot" in said.lower():
            wanted = f"l'instantané {instantane}" if au is None else f"d'état au {au:%d/%m/%Y %H:%M}"
            raise MauvaisUsage(
                f"Le lac partagé n'a pas {wanted}. Pour la liste : observatoire restaurer --ducklake …"
            ) from None
        if "does not exist" in said and not ecrire:
            raise MauvaisUsage(_NOTHING_YET) from None
        if "data_path" in said.lower() or "DATA_PATH" in said:
            raise MauvaisUsage(
                "Le dossier des fichiers du lac partagé manque ou n'est pas le sien (--ducklake-donnees) : "
                f"{said}"
            ) from None
        raise
    # Between the first attach of a writer and its first publication, the lake is there and empty.
    if (
        not ecrire
        and not con.execute(
            "select 1 from duckdb_columns() where database_name = ? and table_name = 'publications'", [ALIAS]
        ).fetchall()
    ):
        con.execute(f"detach {ALIAS}")
        raise MauvaisUsage(_NOTHING_YET)


def _folder(lac: LacPartage) -> str:
    donnees = str(lac.donnees)
    if "://" in donnees:
        return donnees
    path = Path(donnees).expanduser().resolve()
    path.mkdir(mode=_DOSSIER_PRIVE, parents=True, exist_ok=True)
    return f"{path}/"


@contextmanager
def alone(con: duckdb.DuckDBPyConnection, lac: LacPartage, attente_s: float = _ATTENTE_S) -> Iterator[None]:
    """Wait for one's turn to write, and hold it for the block.

    DuckLake refuses the second of two transactions that write the same table, and what that one wrote is
    wasted: writers that compute in parallel and publish in turn waste nothing. PostgreSQL keeps the turn, so
    that it is one for all machines and is given back when a process dies.

    Raises:
        ObservatoireError: the turn did not come in time.

    """
    turn = con.cursor()
    turn.execute(f"attach if not exists {literal(lac.catalogue)} as {_TOUR} (type postgres)")
    turn.execute("begin")
    try:
        limit = time.monotonic() + attente_s
        for pause in pauses():
            if _taken(turn):
                break
            if time.monotonic() > limit:
                raise ObservatoireError(
                    "Une autre machine publie dans le lac partagé depuis trop longtemps ; l'entrepôt de ce "
                    "territoire est construit : relancez la même commande pour le publier."
                )
            time.sleep(pause)
        yield
    finally:
        turn.execute("rollback")
        turn.close()


def _taken(turn: duckdb.DuckDBPyConnection) -> bool:
    query = f"select pg_try_advisory_xact_lock({_CLE})"
    return bool(turn.execute(f"select * from postgres_query('{_TOUR}', {literal(query)})").fetchall()[0][0])


def pauses() -> Iterator[float]:
    """Give lengthening pauses, never the same for two processes."""
    pause, longest = _PAUSES
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311
        pause = min(pause * 1.5, longest)
