"""The real command killed, starved of disk, raced by readers: the published file is always whole.

Each test works on a copy of the warehouse built for all, between two states of the landing folder; each kill
comes at a moment drawn at random. What each step of a publication leaves is in tests/publication.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pytest

from pipelines.paths import WorkingFolder
from pipelines.publication import kept_versions, open_warehouse, overall_hash
from tests.cli.conftest import COMMAND, Call, Publie, copy_of_the_warehouse, environment
from tests.publication.construire import check_what_is_left, tables_of_a_whole_warehouse
from tests.publication.disques import PetitDisque, petit_disque
from tests.publication.lecteurs import reading


@dataclass
class Banc:
    """A warehouse, the two landing folders it is built from in turn, and the content each of them gives."""

    entrepot: Path
    dossiers: tuple[Path, Path]
    contenus: dict[Path, str] = field(default_factory=dict)

    def build(self, donnees: Path) -> list[str]:
        """What the command is asked to build the warehouse from a folder."""
        return ["build", "--donnees", str(donnees), "--entrepot", str(self.entrepot)]

    def restore(self) -> list[str]:
        """What the command is asked to put back the newest kept version that is not the published one."""
        numero = next(v.numero for v in kept_versions(WorkingFolder(self.entrepot)) if not v.courante)
        return ["restaurer", "--entrepot", str(self.entrepot), "--version", str(numero)]

    @property
    def other(self) -> Path:
        """The folder that the published version was not built from."""
        published = content_of_a_whole_warehouse(self.entrepot)
        return next(d for d in self.dossiers if self.contenus.get(d) != published)


def content_of_a_whole_warehouse(entrepot: Path) -> str:
    """The hash of all that is published, once every table was found to be the one that was published."""
    with open_warehouse(entrepot) as con:
        return overall_hash(tables_of_a_whole_warehouse(con))


@pytest.fixture
def banc(copie: Publie, tmp_path: Path) -> Banc:
    """A copy of the warehouse, with what its build left, and a landing folder that has one row less."""
    ici, ailleurs = tmp_path / "ici", tmp_path / "ailleurs"
    shutil.copytree(copie.donnees, ici)
    shutil.copytree(copie.donnees, ailleurs)
    path = next((ailleurs / "sne" / "2022").glob("attributions*.csv"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    return Banc(copie.entrepot, (ici, ailleurs), {ici: content_of_a_whole_warehouse(copie.entrepot)})


def version_and_its_rows(con: duckdb.DuckDBPyConnection) -> int:
    """The version, once the number of its facts was found to be the one that it recorded."""
    ((version,),) = con.execute("select max(version) from meta.executions").fetchall()
    ((facts,),) = con.execute("select count(*) from entrepot.fct_attribution").fetchall()
    ((recorded,),) = con.execute(
        "select lignes from meta.empreintes where nom_schema = 'entrepot' and nom_table = 'fct_attribution'"
    ).fetchall()
    assert facts == recorded
    return int(version)


def children_of(pid: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(number) for number in done.stdout.split()]


def wait_for_the_end_of(pids: list[int]) -> None:
    """The processes that a dead build had started end by themselves."""
    deadline = time.monotonic() + 60
    while (left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def killed_after(arguments: list[str], secondes: float) -> bool:
    """Run the command and kill it, and it alone, after some seconds; False when it ended before.

    The processes that it had started end by themselves.
    """
    process = subprocess.Popen(
        [COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        process.wait(secondes)
    except subprocess.TimeoutExpired:
        children = children_of(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        wait_for_the_end_of(children)
        return True
    return False


def test_killed_while_tables_are_computed(banc: Banc, appel: Call) -> None:
    """One kill -9: the published file as it was, no process left, and the next build cleans and goes on."""
    before = banc.entrepot.read_bytes()
    build = [COMMAND, *banc.build(banc.dossiers[1])]
    process = subprocess.Popen(
        build, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Calcul de l'entrepôt"):
            break
    deadline = time.monotonic() + 60
    while not (children := children_of(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    assert children
    wait_for_the_end_of(children)
    assert banc.entrepot.read_bytes() == before
    assert list(WorkingFolder(banc.entrepot).construction.iterdir())
    done = appel(*banc.build(banc.dossiers[1]))
    assert done.returncode == 0, done.stderr
    assert "tables reprises de la version 1" in done.stderr
    assert "(version 2)" in done.stdout
    assert content_of_a_whole_warehouse(banc.entrepot) not in banc.contenus.values()
    check_what_is_left(WorkingFolder(banc.entrepot))


@pytest.mark.slow
def test_killed_at_random_while_readers_read(banc: Banc, appel: Call) -> None:
    """Readers see one version or the other, never an error; the next build goes on from what is left.

    The kills come within what a build takes on two quiet processors, so that some of fifty come after the switch,
    and a few builds end before theirs.
    """
    coups, secondes = 50, 40
    # Twenty clients, not twenty processors.
    with reading(banc.entrepot, version_and_its_rows, pause=2) as versions:
        done = appel(*banc.build(banc.dossiers[1]))
        assert done.returncode == 0, done.stderr
    assert versions == {1, 2}
    banc.contenus[banc.dossiers[1]] = content_of_a_whole_warehouse(banc.entrepot)
    assert len(set(banc.contenus.values())) == 2

    moments = np.random.default_rng(coups)
    killed = 0
    for _ in range(coups):
        donnees = banc.other
        before = banc.entrepot.read_bytes()
        killed += killed_after(banc.build(donnees), moments.uniform(0.5, secondes))
        if banc.entrepot.read_bytes() != before:
            assert content_of_a_whole_warehouse(banc.entrepot) == banc.contenus[donnees]
        assert kept_versions(WorkingFolder(banc.entrepot))[0].courante
    assert killed >= coups / 2
    donnees = banc.other
    done = appel(*banc.build(donnees))
    assert done.returncode == 0, done.stderr
    assert content_of_a_whole_warehouse(banc.entrepot) == banc.contenus[donnees]
    check_what_is_left(WorkingFolder(banc.entrepot))

    # Putting back a kept version dies as safely, and works after it has.
    kept = sorted(v.numero for v in kept_versions(WorkingFolder(banc.entrepot)))
    for _ in range(coups):
        killed_after(banc.restore(), moments.uniform(0.2, 2.5))
        assert content_of_a_whole_warehouse(banc.entrepot) in banc.contenus.values()
        assert sorted(v.numero for v in kept_versions(WorkingFolder(banc.entrepot))) == kept
    asked = banc.restore()
    done = appel(*asked)
    assert done.returncode == 0, done.stderr
    (published,) = (v for v in kept_versions(WorkingFolder(banc.entrepot)) if v.courante)
    assert str(published.numero) == asked[-1]
    assert content_of_a_whole_warehouse(banc.entrepot) in banc.contenus.values()


@pytest.fixture
def disque(tmp_path: Path) -> Iterator[PetitDisque]:
    with petit_disque(tmp_path / "disque", "2g") as disque:
        yield disque


def put_on(disque: PetitDisque, entrepot: Path) -> tuple[Path, Path]:
    """A copy of the warehouse on the disk: its path as commands see it, and from outside."""
    seen = disque.vu / entrepot.name
    copy_of_the_warehouse(entrepot, seen)
    return disque.chemin / entrepot.name, seen


@pytest.mark.parametrize(
    ("room", "then"),
    [
        # What a build of unchanged sources says and cleans, in a tenth of the time.
        pytest.param(2, 0, id="some"),
        *(pytest.param(m, 1, marks=pytest.mark.slow) for m in (0, 10, 30, 60, 100)),
    ],
)
def test_a_disk_that_the_command_fills(disque: PetitDisque, banc: Banc, room: int, then: int) -> None:
    """A few megabytes left: nothing is changed, one sentence says it, and the build succeeds once there is room."""
    entrepot, seen = put_on(disque, banc.entrepot)
    used = int(disque.run(["df", "--output=used", "--block-size=1", str(disque.chemin)]).stdout.split()[1])
    disque.remount(f"size={used + room * 2**20}")
    before = seen.read_bytes()
    command = [COMMAND, "build", "--donnees", str(banc.dossiers[1]), "--entrepot", str(entrepot)]
    refused = disque.run(command, env=environment())
    assert refused.returncode == 1, refused.stderr
    assert "Plus de place" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert seen.read_bytes() == before
    disque.remount("size=2g")
    command[command.index("--donnees") + 1] = str(banc.dossiers[then])
    done = disque.run(command, env=environment())
    assert done.returncode == 0, done.stderr
    copy = disque.copy("cia.duckdb", disque.chemin.with_name("copie.duckdb"))
    assert (content_of_a_whole_warehouse(copy) in banc.contenus.values()) == (then == 0)
    check_what_is_left(WorkingFolder(seen))


def test_a_folder_where_the_command_may_not_write(disque: PetitDisque, banc: Banc) -> None:
    entrepot, seen = put_on(disque, banc.entrepot)
    before = seen.read_bytes()
    disque.remount("ro")
    refused = disque.run(
        [COMMAND, "build", "--donnees", str(banc.dossiers[1]), "--entrepot", str(entrepot)], env=environment()
    )
    assert refused.returncode == 1, refused.stderr
    assert "écrit" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert seen.read_bytes() == before
    # A reader and a bilan need to write nothing there.
    sortie = banc.entrepot.parent / "rapports"
    bilan = ["bilan", "--entrepot", str(entrepot), "--epci", "247100589", "--annee", "2021"]
    done = disque.run(
        [COMMAND, *bilan, "--format", "csv", "--sortie", str(sortie)],
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert list(sortie.iterdir())
