"""A small warehouse with the kinds of tables that a lake must keep, and a real PostgreSQL for the shared lake."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.lac import LacPartage
from pipelines.paths import WorkingFolder
from pipelines.publication import Etape, Execution, next_number, open_chantier, prepare, publish
from tests.publication.conftest import fill

EPCI = ("200066009", "200066918", "242100410", "247100589")
Batir = Callable[..., Path]


def territories(con: duckdb.DuckDBPyConnection, epci: tuple[str, ...], annee: int, facteur: int) -> None:
    """Tables of every kind: per territory, common, partly common, by first choice, empty, with a wide integer."""
    con.execute("delete from meta.conventions")
    con.execute("delete from sources.parametres")
    con.execute("delete from marts.indicateurs")
    con.execute(
        "create table entrepot.fct_logement (millesime integer not null, epci_siren varchar, "
        "loyer decimal(9, 2), mis_en_location date, _fichier varchar)"
    )
    con.execute("comment on table entrepot.fct_logement is 'Un logement par ligne'")
    con.execute("comment on column entrepot.fct_logement.loyer is 'Loyer, en euros'")
    con.execute("create table entrepot.fct_demande (annee integer, epci_siren_choix1 varchar, rang bigint)")
    con.execute(
        "create table intermediate.int_large as select 170141183460469231731687303715884 + i as somme "
        "from range(9) as t(i)"
    )
    con.execute("alter table intermediate.int_large alter somme type hugeint")
    con.execute("create table entrepot.dim_periode as select 'annee' as periode_type, '2021' as periode")
    con.execute("create table entrepot.fct_vide (millesime integer, epci_siren varchar)")
    con.execute("create schema diffusion")
    con.execute("create table diffusion.baux as select epci_siren, valeur from marts.indicateurs")
    con.execute("create table meta.conflits as select 'sne.csv' as fichier, 12 as ligne")
    con.execute(
        "create table sources.rpls_logements as select 2021 + i % 2 as millesime, i as rang, "
        "'rpls.csv' as _fichier from range(500) as t(i)"
    )
    con.execute("insert into entrepot.fct_logement select 2022, null, i, null, 'x' from range(3) t(i)")
    for siren in epci:
        con.execute("insert into meta.conventions values (?, '1', 'c')", [siren])
        con.execute(
            "insert into entrepot.fct_logement select ? + i % 2, ?, i * ? / 7, date '2020-01-31' + i::int, 'r.csv' "
            "from range(200) t(i)",
            [annee, siren, facteur],
        )
        con.execute(
            "insert into entrepot.fct_demande select case when i % 50 > 0 then ? end, ?, i "
            "from range(100) t(i)",
            [annee, siren],
        )
        con.execute("insert into diffusion.baux values (?, ?)", [siren, facteur])
        con.execute(
            "insert into marts.indicateurs select ?, 'annee', ?, 'baux', 'commune', 'c' || i, 'Commune', 'tous', "
            "'tous', null, null, null, i * ? / 3, 'nombre', null, null, null, null, 'publiable', 'SNE', '1', false "
            "from range(120) t(i)",
            [siren, str(annee), facteur],
        )


@pytest.fixture
def batir(tmp_path: Path) -> Batir:
    """Publish a warehouse of some territories: what a build of them would give."""

    def run(
        nom: str = "cia", epci: tuple[str, ...] = EPCI, annee: int = 2021, facteur: int = 1, **content: object
    ) -> Path:
        dossier = WorkingFolder(tmp_path / f"{nom}.duckdb")
        with open_chantier(dossier, nom) as chantier:
            fill(chantier, **content)  # type: ignore[arg-type]
            with duckdb.connect(str(chantier.base)) as con:
                territories(con, epci, annee, facteur)
            prepare(
                chantier,
                numero=next_number(dossier),
                empreinte_modeles="m1",
                etapes=list[Etape](),
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
            )
            publish(chantier, donnees=None, garder=2)
        return dossier.entrepot

    return run


@dataclass(frozen=True)
class Serveur:
    """A PostgreSQL of one's own, reached by a socket of the file system only."""

    socket: Path
    psql: str

    def lac(self, nom: str, donnees: Path | None) -> LacPartage:
        return LacPartage(
            f"host={self.socket} user=postgres dbname={nom}", None if donnees is None else str(donnees)
        )

    def create(self, nom: str) -> None:
        command = [self.psql, "-h", str(self.socket), "-U", "postgres", "-c", f"create database {nom}"]
        subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    """Start a private PostgreSQL; the test is skipped, and says so, where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) if shutil.which("initdb") is None else []
    initdb = shutil.which("initdb") or (str(found[-1] / "initdb") if found else None)
    if initdb is None:
        pytest.skip("PostgreSQL is not installed here (Debian: apt install postgresql)")
    programs = Path(initdb).resolve().parent
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to be run by root.
        try:
            user = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres here")
    # Short: a socket's path has at most 107 bytes, and every parent must let the other user through.
    folder = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    options = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def run(*command: str) -> None:
        subprocess.run(
            [str(programs / command[0]), *command[1:]],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **options,  # type: ignore[call-overload]
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
    settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run("pg_ctl", "-D", data, "-o", settings, "-l", str(folder / "log"), "-w", "start")
    try:
        yield Serveur(folder, str(programs / "psql"))
    finally:
        run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def lac_partage(serveur: Serveur, tmp_path: Path) -> LacPartage:
    """An empty shared lake."""
    nom = f"lac_{abs(hash(str(tmp_path)))}"
    serveur.create(nom)
    return serveur.lac(nom, tmp_path / "fichiers")


def published(entrepot: Path) -> Execution:
    from pipelines.publication import open_warehouse, published_execution

    with open_warehouse(entrepot) as con:
        return published_execution(con)
