"""A published file is whole, old or new, and what it replaces is kept."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.paths import LOCK_NAME, WorkingFolder
from pipelines.publication import (
    disk_errors_explained,
    kept_versions,
    next_number,
    open_chantier,
    open_warehouse,
    published_execution,
    restore,
)
from tests.publication.conftest import Build


def value(entrepot: Path) -> float:
    with open_warehouse(entrepot) as con:
        return float(con.execute("select valeur from marts.indicateurs").fetchall()[0][0])


def test_published_file_holds_the_account_of_its_run(build: Build, dossier: WorkingFolder) -> None:
    execution = build()
    with open_warehouse(dossier.entrepot) as con:
        assert published_execution(con) == execution
        row = con.execute(
            "select version, annees, fichiers, lignes_lues, lignes_gardees, lignes_quarantaine "
            "from meta.executions"
        ).fetchall()
        assert row == [(1, "2021", 1, 3, 2, 1)]
        assert con.execute("select etape, duree_s from meta.etapes").fetchall() == [("sources/sne", 1.5)]
        without_comment = con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'meta' "
            "and table_name in ('executions', 'etapes', 'empreintes') and comment is null"
        ).fetchall()
        assert without_comment == []


def test_nothing_of_the_build_remains_beside_the_published_file(build: Build, dossier: WorkingFolder) -> None:
    build()
    assert list(dossier.construction.iterdir()) == []
    assert not dossier.entrepot.with_name("cia.duckdb.wal").exists()
    with open_warehouse(dossier.entrepot) as con:
        schemas = {row[0] for row in con.execute("select schema_name from duckdb_tables()").fetchall()}
        assert "staging" not in schemas
        assert con.execute("select count(*) from duckdb_views() where not internal").fetchall() == [(0,)]


def test_published_file_can_be_renamed(build: Build, dossier: WorkingFolder) -> None:
    build()
    renamed = dossier.entrepot.with_name("autre nom.duckdb")
    dossier.entrepot.rename(renamed)
    assert value(renamed) == 12.04


def test_history_of_runs_is_carried_over(build: Build, dossier: WorkingFolder) -> None:
    build("un")
    build("deux", valeur=13.0)
    with open_warehouse(dossier.entrepot) as con:
        runs = con.execute("select version, execution from meta.executions order by version").fetchall()
    assert runs == [(1, "un"), (2, "deux")]


def test_lock_of_the_data_is_written_in_the_landing_folder(build: Build, donnees: Path) -> None:
    build()
    lock = json.loads((donnees / LOCK_NAME).read_text(encoding="utf-8"))
    assert [(f["fichier"], f["sha256"]) for f in lock["fichiers"]] == [("sne/2021/attributions.csv", "aa")]


def test_same_lock_is_not_rewritten(build: Build, donnees: Path) -> None:
    build()
    before = (donnees / LOCK_NAME).stat().st_mtime_ns
    build()
    assert (donnees / LOCK_NAME).stat().st_mtime_ns == before


def test_a_build_that_fails_leaves_the_published_file(build: Build, dossier: WorkingFolder) -> None:
    build()
    before = dossier.entrepot.read_bytes()

    def fail() -> None:
        with open_chantier(dossier, "rate") as chantier:
            chantier.base.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert dossier.entrepot.read_bytes() == before
    assert list(dossier.construction.iterdir()) == []


def test_replaced_versions_are_kept_up_to_a_number(build: Build, dossier: WorkingFolder) -> None:
    for number in range(5):
        build(garder=2, valeur=float(number))
    versions = kept_versions(dossier)
    assert [(v.numero, v.courante) for v in versions] == [(5, True), (4, False), (3, False)]
    assert [value(v.chemin) for v in versions] == [4.0, 3.0, 2.0]


def test_a_version_is_put_back_and_the_other_is_kept(build: Build, dossier: WorkingFolder) -> None:
    for number in range(3):
        build(valeur=float(number))
    with open_chantier(dossier, "restauration") as chantier:
        restore(chantier, 1)
    assert value(dossier.entrepot) == 0.0
    assert {v.numero: v.courante for v in kept_versions(dossier)} == {1: True, 2: False, 3: False}
    assert next_number(dossier) == 4


def test_putting_back_an_unknown_version_names_the_known_ones(build: Build, dossier: WorkingFolder) -> None:
    build()
    with open_chantier(dossier, "restauration") as chantier, pytest.raises(MauvaisUsage, match="connues : 1"):
        restore(chantier, 9)
    with open_chantier(dossier, "restauration") as chantier, pytest.raises(ObservatoireError, match="déjà"):
        restore(chantier, 1)


def test_log_left_by_a_dead_writer_is_not_replayed_on_the_new_file(
    build: Build, dossier: WorkingFolder
) -> None:
    build(valeur=1.0)
    log = dossier.entrepot.with_name("cia.duckdb.wal")
    log.write_bytes(b"left by a program that was killed")
    build(valeur=2.0)
    assert not log.exists()
    assert value(dossier.entrepot) == 2.0


def test_a_reader_keeps_its_version_and_blocks_nothing(build: Build, dossier: WorkingFolder) -> None:
    build(valeur=1.0)
    query = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('prêt', flush=True); "
    query += "input(); print(c.execute('select valeur from marts.indicateurs').fetchone()[0])"
    reader = subprocess.Popen(
        [sys.executable, "-c", query, str(dossier.entrepot)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline().strip() == "prêt"
    build(valeur=2.0)
    out, _ = reader.communicate("\n", timeout=30)
    assert float(out) == 1.0
    assert value(dossier.entrepot) == 2.0


def test_an_analyst_who_writes_does_not_stop_the_publication(build: Build, dossier: WorkingFolder) -> None:
    build(valeur=1.0)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('prêt', flush=True); input()"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(dossier.entrepot)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    build(valeur=2.0)
    writer.communicate("\n", timeout=30)
    assert value(dossier.entrepot) == 2.0


def test_a_second_build_says_who_holds_the_lock(dossier: WorkingFolder) -> None:
    with open_chantier(dossier, "premier"):
        with (
            pytest.raises(ObservatoireError, match=f"processus {os.getpid()}"),
            open_chantier(dossier, "second"),
        ):
            pass
        assert (dossier.construction / "premier").is_dir()


def test_lock_is_free_once_its_holder_is_killed(dossier: WorkingFolder) -> None:
    code = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from pipelines.paths import WorkingFolder
        from pipelines.publication import open_chantier
        with open_chantier(WorkingFolder(Path(sys.argv[1])), "mort") as chantier:
            chantier.base.write_bytes(b"half a warehouse")
            print("tient", flush=True)
            time.sleep(60)
    """)
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(dossier.entrepot)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "tient"
    with pytest.raises(ObservatoireError, match=f"processus {holder.pid}"), open_chantier(dossier, "second"):
        pass
    holder.kill()
    holder.wait()
    assert (dossier.construction / "mort").is_dir()
    with open_chantier(dossier, "suivant"):
        assert [path.name for path in dossier.construction.iterdir()] == ["suivant"]


@pytest.mark.parametrize("content", [b"not a database at all", b"x" * 20000])
def test_a_file_that_is_not_a_warehouse_is_never_replaced(dossier: WorkingFolder, content: bytes) -> None:
    dossier.entrepot.write_bytes(content)
    with pytest.raises(ObservatoireError, match="ne sera pas remplacé"), open_chantier(dossier, "essai"):
        pass
    assert dossier.entrepot.read_bytes() == content


def test_a_database_of_someone_else_is_never_replaced(dossier: WorkingFolder) -> None:
    with duckdb.connect(str(dossier.entrepot)) as con:
        con.execute("create table mienne as select 1")
    with pytest.raises(ObservatoireError, match="ne sera pas remplacé"), open_chantier(dossier, "essai"):
        pass


def test_reading_what_is_not_a_warehouse_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ObservatoireError, match="n'existe pas"), open_warehouse(tmp_path / "absent.duckdb"):
        pass
    text = tmp_path / "texte.duckdb"
    text.write_text("bonjour", encoding="utf-8")
    with pytest.raises(ObservatoireError, match="n'est pas un fichier DuckDB"), open_warehouse(text):
        pass
    other = tmp_path / "autre.duckdb"
    duckdb.connect(str(other)).close()
    with pytest.raises(ObservatoireError, match="pas un entrepôt"), open_warehouse(other):
        pass


def test_a_warehouse_path_that_is_a_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "dossier.duckdb").mkdir()
    with (
        pytest.raises(ObservatoireError, match="est un dossier"),
        open_chantier(WorkingFolder(tmp_path / "dossier.duckdb"), "essai"),
    ):
        pass


def test_working_folder_is_for_its_owner_alone(build: Build, dossier: WorkingFolder) -> None:
    build()
    assert dossier.root.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "Plus de place"),
        (OSError(errno.EROFS, "Read-only file system"), "ne peut pas être écrit"),
        (PermissionError(errno.EACCES, "Permission denied"), "ne peut pas être écrit"),
        (duckdb.IOException('Could not write file "x.wal": No space left on device'), "Plus de place"),
    ],
)
def test_disk_errors_are_sentences(tmp_path: Path, error: Exception, word: str) -> None:
    with pytest.raises(ObservatoireError, match=word), disk_errors_explained(tmp_path):
        raise error


def test_other_errors_go_through(tmp_path: Path) -> None:
    with pytest.raises(duckdb.CatalogException), disk_errors_explained(tmp_path):
        duckdb.connect().execute("select * from absente")


def _publish_forever(entrepot: str, donnees: str, ready: "multiprocessing.synchronize.Event") -> None:
    from pipelines.publication import Etape, prepare, publish
    from tests.publication.conftest import fill

    dossier = WorkingFolder(Path(entrepot))
    for number in range(10_000):
        with open_chantier(dossier, f"run-{number}") as chantier:
            fill(chantier, valeur=float(number))
            prepare(
                chantier,
                numero=next_number(dossier),
                empreinte_modeles="m",
                programme="p1",
                etapes=[Etape("e", 0.1, 1)],
                anterieur=dossier.entrepot if dossier.entrepot.is_file() else None,
            )
            publish(chantier, donnees=Path(donnees), garder=2)
        ready.set()


@pytest.mark.parametrize(
    "kills", [pytest.param(5, id="some"), pytest.param(60, id="many", marks=pytest.mark.slow)]
)
def test_killed_at_any_moment_the_published_file_is_whole(
    dossier: WorkingFolder, donnees: Path, kills: int
) -> None:
    """The moment of the kill walks through the whole cycle of a publication."""
    context = multiprocessing.get_context("spawn")
    for attempt in range(kills):
        ready = context.Event()
        process = context.Process(target=_publish_forever, args=(str(dossier.entrepot), str(donnees), ready))
        process.start()
        assert ready.wait(60)
        time.sleep(0.037 * attempt % 0.5)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with open_warehouse(dossier.entrepot) as con:
            stored = con.execute(
                "select nom_schema || '.' || nom_table, lignes from meta.empreintes"
            ).fetchall()
            for name, rows in stored:
                assert con.execute("select count(*) from query_table(?)", [name]).fetchall() == [(rows,)]
        assert kept_versions(dossier)[0].courante
    with open_chantier(dossier, "suivant"):
        assert [path.name for path in dossier.construction.iterdir()] == ["suivant"]
