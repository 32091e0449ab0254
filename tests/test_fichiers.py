"""Files are written whole, aside, under names that nobody foresees; what is private is closed."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines import fichiers
from pipelines.alertes import remember
from pipelines.bilan.sorties import poser
from pipelines.errors import ObservatoireError
from pipelines.ingestion.exclusions import FILE, Exclusion, record_exclusions
from pipelines.ingestion.magasin import Magasin


def exclude(folder: Path) -> Path:
    record_exclusions(folder, [Exclusion(personne="a" * 64, cle="c", le=date(2024, 1, 1), motif="m")])
    return folder / FILE


def index(folder: Path) -> Path:
    Magasin(folder).put_index("k", [("", {})])
    return folder / "index" / "k.json"


def report(folder: Path) -> Path:
    return poser(folder / "bilan.html", lambda path: path.write_text("x", encoding="utf-8") and None)


def alerts(folder: Path) -> Path:
    remember(folder / "alertes.json", [], date(2024, 1, 1))
    return folder / "alertes.json"


def json_file(folder: Path) -> Path:
    fichiers.write_json(folder / "a.json", {"a": 1})
    return folder / "a.json"


WRITERS = [exclude, index, report, alerts, json_file]


@pytest.mark.parametrize("write", WRITERS, ids=lambda w: w.__name__)
def test_no_link_laid_beforehand_is_followed(write: Callable[[Path], Path], tmp_path: Path) -> None:
    """In a folder where others write: every name that a writer used, under which it could be foreseen."""
    victim = tmp_path / "victime"
    victim.write_text("# précieux\n", encoding="utf-8")
    folder = tmp_path / "dossier"
    folder.mkdir()
    target = write(folder)
    name = target.name
    target.unlink()
    for guess in (f".{name}", f".{name}.partiel", f".{name}.{os.getpid()}", f"{target.stem}.tmp"):
        (target.parent / guess).unlink(missing_ok=True)
        (target.parent / guess).symlink_to(victim)
    # The place itself: replaced, not written through.
    target.symlink_to(victim)
    written = write(folder)
    assert victim.read_text(encoding="utf-8") == "# précieux\n"
    assert stat.S_ISREG(written.lstat().st_mode)


@pytest.mark.parametrize("write", WRITERS, ids=lambda w: w.__name__)
def test_what_is_written_is_on_the_disk_before_its_name(
    write: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    replace, fsync = Path.replace, os.fsync

    def replacing(self: Path, target: Path) -> Path:
        said.append(f"nomme {Path(target).name}")
        return replace(self, target)

    def flushing(descriptor: int) -> None:
        said.append("dossier" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "fichier")
        fsync(descriptor)

    monkeypatch.setattr(Path, "replace", replacing)
    monkeypatch.setattr(os, "fsync", flushing)
    assert said == []
    name = write(tmp_path).name
    at = said.index(f"nomme {name}")
    assert "fichier" in said[:at]
    assert "dossier" in said[at:]


def test_names_are_not_foreseen_and_nothing_is_left(tmp_path: Path) -> None:
    seen = set()
    for _ in range(3):
        with fichiers.replacing(tmp_path / "a") as temporary:
            assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700
            seen.add(temporary.parent.name)
            temporary.write_text("x", encoding="utf-8")
    assert len(seen) == 3

    def fail(temporary: Path) -> None:
        temporary.write_text("moitié", encoding="utf-8")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        poser(tmp_path / "b", fail)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]


def test_what_a_process_of_this_machine_left_goes_at_once(tmp_path: Path) -> None:
    call = (
        "import os, sys; from pathlib import Path; from pipelines import fichiers\n"
        "with fichiers.replacing(Path(sys.argv[1]) / 'a') as temporary:\n"
        "    temporary.write_text('moitié'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", call, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    with fichiers.replacing(tmp_path / "b") as temporary:
        temporary.write_text("x", encoding="utf-8")
        assert not left.exists()
        # That of a process that is alive stays.
        fichiers.remove_left_over(tmp_path)
        assert temporary.exists()


def test_what_a_killed_run_left_goes_once_it_is_old(tmp_path: Path) -> None:
    recent, old = (tmp_path / f".observatoire-{name}" for name in ("recent", "vieux"))
    link = tmp_path / ".observatoire-lien"
    for folder in (recent, old):
        folder.mkdir()
    link.symlink_to(recent)
    before = time.time() - 7200
    os.utime(old, (before, before))
    os.utime(link, (before, before), follow_symlinks=False)
    fichiers.write_text(tmp_path / "a", "x")
    assert recent.exists()
    assert link.is_symlink()
    assert not old.exists()
    # Where a lock says that nobody else is writing.
    fichiers.remove_left_over(tmp_path, 0)
    assert not recent.exists()


def test_rights_are_those_of_the_file_that_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"
    before = os.umask(0o027)
    try:
        fichiers.write_text(path, "1")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o660)
    fichiers.write_text(path, "2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    fichiers.write_text(path, "3", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_private_folder_is_made_or_closed(tmp_path: Path) -> None:
    assert stat.S_IMODE(fichiers.private_folder(tmp_path / "a").stat().st_mode) == 0o700
    (tmp_path / "a").chmod(0o755)
    assert stat.S_IMODE(fichiers.private_folder(tmp_path / "a").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_of_someone_else_is_refused(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed or not: the administrator enters it, and would run what its owner put there."""
    (tmp_path / "a").mkdir(mode=mode)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    with pytest.raises(ObservatoireError, match="chmod 700"):
        fichiers.private_folder(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_folder_of_everybody_is_refused_not_closed(tmp_path: Path) -> None:
    """`DAGSTER_HOME=/tmp`, run by root: closing it would stop the machine."""
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(ObservatoireError, match="chmod 700"):
        fichiers.private_folder(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777


def test_the_command_writes_nothing_for_everybody(tmp_path: Path) -> None:
    """Whatever the mask of the terminal."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("observatoire")), "init", "200066009", "--nom", "M", "--territoires", "t"],
        cwd=tmp_path, umask=0o000, check=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0
    (written,) = (tmp_path / "t").iterdir()
    assert stat.S_IMODE(written.stat().st_mode) & 0o027 == 0
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) & 0o027 == 0
