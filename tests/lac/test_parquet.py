"""The lake of Parquet files: readable by any engine, same content same bytes, whole or absent, and the way back."""

import json
import multiprocessing
import os
import signal
import stat
import time
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pytest

from pipelines.errors import DonneesRefusees, ObservatoireError
from pipelines.lac import rebuild_from_lake, write_lake
from pipelines.lac.manifeste import choose_version, read_manifest
from pipelines.lac.structure import Table, read_structure
from pipelines.paths import WorkingFolder
from pipelines.publication import content_hashes, kept_versions, open_chantier, open_warehouse, publish
from tests.lac.conftest import Batir


def bytes_of(version: Path) -> dict[str, bytes]:
    return {p.relative_to(version).as_posix(): p.read_bytes() for p in version.rglob("*.parquet")}


def rebuild(lac: Path, entrepot: Path, numero: int | None = None) -> None:
    with open_chantier(WorkingFolder(entrepot), "lac") as chantier:
        rebuild_from_lake(chantier, lac, numero)
        publish(chantier, donnees=None, garder=2)


def test_one_folder_per_table_one_per_vintage(batir: Batir, tmp_path: Path) -> None:
    version = write_lake(batir(), tmp_path / "lac").chemin
    parts = sorted(p.relative_to(version).as_posix() for p in version.rglob("*.parquet"))
    assert "sources/rpls_logements/millesime=2021/donnees.parquet" in parts
    assert "sources/rpls_logements/millesime=2022/donnees.parquet" in parts
    assert "entrepot/fct_demande/annee=__HIVE_DEFAULT_PARTITION__/donnees.parquet" in parts
    assert "entrepot/dim_periode/donnees.parquet" in parts
    assert "marts/indicateurs/donnees.parquet" in parts
    assert (tmp_path / "lac" / "courant").resolve() == version


def test_a_warehouse_named_like_a_schema_is_written(batir: Batir, tmp_path: Path) -> None:
    assert write_lake(batir("entrepot"), tmp_path / "lac").fichiers > 10


def test_every_engine_reads_the_same_rows(batir: Batir, tmp_path: Path) -> None:
    """DuckDB, Polars and PyArrow read a partitioned table as the warehouse has it, vintage included."""
    entrepot = batir()
    folder = write_lake(entrepot, tmp_path / "lac").chemin / "entrepot" / "fct_logement"
    columns = ["millesime", "epci_siren", "loyer", "mis_en_location", "_fichier"]
    with open_warehouse(entrepot) as con:
        expected = con.execute(
            f"select {', '.join(columns)} from entrepot.fct_logement order by all"
        ).fetchall()
    with duckdb.connect() as con:
        read = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
        assert con.execute(f"select {', '.join(columns)} from {read} order by all").fetchall() == expected
    key = [(row[0], row[1] or "", row[2]) for row in expected]
    polars = pl.scan_parquet(folder, hive_partitioning=True).select(columns).collect()
    assert sorted((row[0], row[1] or "", row[2]) for row in polars.rows()) == sorted(key)
    arrow = ds.dataset(folder, partitioning="hive").to_table(columns=columns).to_pylist()
    assert sorted((row["millesime"], row["epci_siren"] or "", row["loyer"]) for row in arrow) == sorted(key)


def test_an_empty_table_keeps_its_columns(batir: Batir, tmp_path: Path) -> None:
    folder = write_lake(batir(), tmp_path / "lac").chemin / "entrepot" / "fct_vide"
    table = pl.scan_parquet(folder, hive_partitioning=True).collect()
    assert table.height == 0
    assert {"epci_siren", "millesime"} <= set(table.columns)


def test_same_content_gives_the_same_bytes_whatever_the_order_of_the_rows(
    batir: Batir, tmp_path: Path
) -> None:
    one = write_lake(batir("un"), tmp_path / "lac1").chemin
    two = write_lake(batir("deux", ordre="desc"), tmp_path / "lac2").chemin
    first, second = bytes_of(one), bytes_of(two)
    assert first.keys() == second.keys()
    # What says when a run was made is the run's own; `reprise` has the hash of that intermediate table.
    # The fixture's intermediate table takes three rows, whichever come first.
    names = [name for name in first if not name.startswith("intermediate/")]
    different = {name for name in names if first[name] != second[name]}
    assert different <= {f"meta/{table}/donnees.parquet" for table in ("executions", "etapes", "reprise")}


def test_many_rows_and_threads_give_the_same_bytes(tmp_path: Path) -> None:
    """Several row groups, written by one thread or by four."""
    from pipelines.lac.ecriture import _write_table

    base = tmp_path / "w.duckdb"
    with duckdb.connect(str(base)) as con:
        con.execute("create schema marts")
        con.execute(
            "create table marts.t as select hash(i) % 1000 as a, 'x' || hash(i * 7) % 999 as b, i as c "
            "from range(600000) as t(i)"
        )
        con.execute("alter table marts.t alter a type bigint")
    written = []
    for threads in (1, 4):
        with duckdb.connect(str(base), read_only=True, config={"threads": threads}) as con:
            folder = tmp_path / str(threads)
            folder.mkdir()
            (table,) = read_structure(con)
            ((path, lignes),) = _write_table(con, table, folder)
            assert lignes == 600_000
            written.append(path.read_bytes())
    assert written[0] == written[1]


def test_manifest_describes_every_table(batir: Batir, tmp_path: Path) -> None:
    entrepot = batir()
    manifeste = read_manifest(write_lake(entrepot, tmp_path / "lac").chemin)
    tables = {f"{t['schema']}.{t['table']}": t for t in manifeste["tables"]}
    with open_warehouse(entrepot) as con:
        hashes = {e.nom: e for e in content_hashes(con)}
        names = {t.nom_complet for t in read_structure(con)}
    assert tables.keys() == names
    assert {name: (tables[name]["lignes"], tables[name]["empreinte"]) for name in hashes} == {
        name: (e.lignes, e.empreinte) for name, e in hashes.items()
    }
    logement = tables["entrepot.fct_logement"]
    assert logement["commentaire"] == "Un logement par ligne"
    assert {
        "nom": "loyer",
        "type": "DECIMAL(9,2)",
        "obligatoire": False,
        "commentaire": "Loyer, en euros",
    } in (logement["colonnes"])
    assert manifeste["verrou"]["fichiers"][0]["sha256"] == "aa"


def test_rows_of_persons_are_for_their_owner_alone(batir: Batir, tmp_path: Path) -> None:
    version = write_lake(batir(), tmp_path / "lac").chemin
    for path in [version, *version.rglob("*")]:
        private = path.relative_to(version).parts[:1] and path.relative_to(version).parts[0] in {
            *("sources", "quarantaine", "entrepot", "intermediate"),
        }
        if private:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_each_edition_has_rights_of_its_own(batir: Batir, tmp_path: Path) -> None:
    """The signataires read by their group, the public is let in by the owner's mask, the rest is the owner's."""
    version = write_lake(batir(), tmp_path / "lac").chemin
    free = 0o777 & ~os.umask(os.umask(0o022))
    expected = {
        "marts": 0o750,
        "marts/indicateurs": 0o750,
        "marts/indicateurs/donnees.parquet": 0o640,
        "meta": 0o750,
        "meta/verrou/donnees.parquet": 0o640,
        "meta/conflits": 0o700,
        "meta/conflits/donnees.parquet": 0o600,
        "manifeste.json": 0o640,
        "diffusion": free,
        "diffusion/baux": free,
        "diffusion/baux/donnees.parquet": free & 0o666,
    }
    found = {}
    for name in expected:
        # A table of one file per vintage has a folder more.
        path = version / name
        if not path.exists():
            path = next((version / name).parent.rglob("donnees.parquet"))
        found[name] = stat.S_IMODE(path.stat().st_mode)
    assert found == {name: mode & free for name, mode in expected.items()}


def test_a_warehouse_made_from_the_lake_alone_is_the_same(batir: Batir, tmp_path: Path) -> None:
    entrepot = batir()
    write_lake(entrepot, tmp_path / "lac")
    rebuild(tmp_path / "lac", tmp_path / "refait.duckdb")
    columns = (
        "select schema_name, table_name, column_name, data_type, is_nullable, comment from duckdb_columns()"
    )
    with open_warehouse(entrepot) as one, open_warehouse(tmp_path / "refait.duckdb") as two:
        assert content_hashes(one) == content_hashes(two)
        for query in (
            f"{columns} order by all",
            "select table_name, comment from duckdb_tables() order by all",
        ):
            assert one.execute(query).fetchall() == two.execute(query).fetchall()
        intermediate = "select typeof(somme), somme from intermediate.int_large order by all"
        assert one.execute(intermediate).fetchall() == two.execute(intermediate).fetchall()


def test_a_rebuilt_warehouse_takes_a_number_of_its_own(batir: Batir, tmp_path: Path) -> None:
    """Versions kept beside the target are never mistaken for what the lake gives."""
    first = batir("cia", facteur=1)
    write_lake(first, tmp_path / "lac")
    batir("cia", facteur=2)
    rebuild(tmp_path / "lac", first)
    assert [(v.numero, v.courante) for v in kept_versions(WorkingFolder(first))] == [
        (3, True),
        (2, False),
        (1, False),
    ]


def test_files_that_did_not_change_are_shared_between_versions(batir: Batir, tmp_path: Path) -> None:
    lac = tmp_path / "lac"
    one = write_lake(batir("cia", facteur=1), lac).chemin
    two = write_lake(batir("cia", facteur=2), lac).chemin
    same = "sources/rpls_logements/millesime=2021/donnees.parquet"
    changed = "marts/indicateurs/donnees.parquet"
    assert (one / same).stat().st_ino == (two / same).stat().st_ino
    assert (one / changed).read_bytes() != (two / changed).read_bytes()


def test_writing_the_same_version_again_does_nothing(batir: Batir, tmp_path: Path) -> None:
    entrepot, lac = batir(), tmp_path / "lac"
    one = write_lake(entrepot, lac)
    before = {p: p.stat().st_mtime_ns for p in one.chemin.rglob("*")}
    two = write_lake(entrepot, lac)
    assert (one.nouvelle, two.nouvelle) == (True, False)
    assert {p: p.stat().st_mtime_ns for p in two.chemin.rglob("*")} == before


def test_replaced_versions_are_kept_up_to_a_number(batir: Batir, tmp_path: Path) -> None:
    lac = tmp_path / "lac"
    for facteur in range(1, 5):
        write_lake(batir("cia", facteur=facteur), lac, garder=2)
    kept = sorted(int(path.name.split("-")[0]) for path in (lac / "versions").iterdir())
    assert kept == [2, 3, 4]
    assert choose_version(lac, 3).name.startswith("0003-")
    with pytest.raises(ObservatoireError, match="Versions gardées : 2, 3, 4"):
        choose_version(lac, 1)


def test_a_changed_file_is_refused_before_anything_is_published(batir: Batir, tmp_path: Path) -> None:
    entrepot, lac = batir(), tmp_path / "lac"
    version = write_lake(entrepot, lac).chemin
    path = version / "entrepot" / "dim_periode" / "donnees.parquet"
    path.write_bytes(path.read_bytes()[:-8] + b"xxxxPAR1")
    with pytest.raises(DonneesRefusees, match="dim_periode"):
        rebuild(lac, tmp_path / "refait.duckdb")
    path.unlink()
    with pytest.raises(DonneesRefusees, match="est absent"):
        rebuild(lac, tmp_path / "refait.duckdb")
    assert not (tmp_path / "refait.duckdb").exists()


def test_rows_that_are_not_those_of_the_manifest_are_refused(batir: Batir, tmp_path: Path) -> None:
    """A manifest edited with its files: the content hash of the build still says no."""
    lac = tmp_path / "lac"
    version = write_lake(batir(), lac).chemin
    manifeste = json.loads((version / "manifeste.json").read_text(encoding="utf-8"))
    (entry,) = [t for t in manifeste["tables"] if t["table"] == "fct_logement"]
    entry["fichiers"] = entry["fichiers"][:1]
    (version / "manifeste.json").write_text(json.dumps(manifeste), encoding="utf-8")
    with pytest.raises(DonneesRefusees, match=r"entrepot\.fct_logement"):
        rebuild(lac, tmp_path / "refait.duckdb")


def test_a_type_of_a_manifest_is_only_a_type() -> None:
    column = {"nom": "a", "type": "INTEGER); drop table x", "obligatoire": False, "commentaire": None}
    with pytest.raises(ValueError, match="drop table"):
        Table.from_json({"schema": "s", "table": "t", "commentaire": None, "colonnes": [column]})


def test_what_is_not_a_lake_is_left_alone(batir: Batir, tmp_path: Path) -> None:
    other = tmp_path / "autre"
    other.mkdir()
    (other / "important.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ObservatoireError, match="n'est pas un lac"):
        write_lake(batir(), other)
    assert [path.name for path in other.iterdir()] == ["important.txt"]
    with pytest.raises(ObservatoireError, match="n'est pas un lac"):
        rebuild(tmp_path / "absent", tmp_path / "w.duckdb")


def _write_forever(one: str, two: str, lac: str, ready: "multiprocessing.synchronize.Event") -> None:
    for number in range(10_000):
        write_lake(Path(two if number % 2 else one), Path(lac), garder=1)
        ready.set()


@pytest.mark.parametrize(
    "kills", [pytest.param(2, id="some"), pytest.param(40, id="many", marks=pytest.mark.slow)]
)
def test_killed_at_any_moment_the_current_version_is_whole(batir: Batir, tmp_path: Path, kills: int) -> None:
    one, two, lac = batir("un", facteur=1), batir("deux", facteur=2), tmp_path / "lac"
    context = multiprocessing.get_context("spawn")
    for attempt in range(kills):
        ready = context.Event()
        process = context.Process(target=_write_forever, args=(str(one), str(two), str(lac), ready))
        process.start()
        assert ready.wait(120)
        time.sleep(0.041 * attempt % 0.6)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with open_chantier(WorkingFolder(tmp_path / "relu.duckdb"), "lac") as chantier:
            rebuild_from_lake(chantier, lac)
    write_lake(one, lac, garder=1)
    assert not list((lac / "versions").glob(".construction*"))
