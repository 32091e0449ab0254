"""The landing folder watched: new bytes, once settled, ask for one build; anything else asks for nothing."""

import os
from pathlib import Path

import dagster as dg
import pytest

from pipelines import sensors as sensors_module
from pipelines.paths import LOCK_NAME
from pipelines.sensors import evaluate, read_cursor, sensors


@pytest.fixture
def donnees(tmp_path: Path) -> Path:
    folder = tmp_path / "donnees"
    (folder / "rpls" / "2022").mkdir(parents=True)
    (folder / "rpls" / "2022" / "a.csv").write_text("x\n1\n", encoding="utf-8")
    return folder


def look(donnees: Path, cursor: str | None, times: int = 1) -> tuple[str | None, list[str]]:
    """Look several times; return the cursor and the requests made, each with a name of its own."""
    asked = []
    for _ in range(times):
        cursor, new = evaluate(donnees, cursor)
        asked += [read_cursor(cursor)["demande"]] if new else []
    return cursor, asked


def test_a_settled_folder_asks_once(donnees: Path) -> None:
    cursor, keys = look(donnees, None)
    assert keys == []
    cursor, keys = look(donnees, cursor, times=4)
    assert len(keys) == 1


def test_a_file_being_copied_is_waited_for(donnees: Path) -> None:
    cursor, _ = look(donnees, None, times=2)
    path = donnees / "rpls" / "2022" / "b.csv"
    for size in range(1, 4):
        path.write_text("x\n" * size, encoding="utf-8")
        cursor, keys = look(donnees, cursor)
        assert keys == []
    _, keys = look(donnees, cursor)
    assert len(keys) == 1


def test_a_file_touched_or_copied_again_asks_for_nothing(donnees: Path) -> None:
    cursor, _ = look(donnees, None, times=2)
    os.utime(donnees / "rpls" / "2022" / "a.csv", (1, 1))
    _, keys = look(donnees, cursor, times=3)
    assert keys == []


def test_the_lock_written_by_a_build_asks_for_nothing(donnees: Path) -> None:
    cursor, _ = look(donnees, None, times=2)
    (donnees / LOCK_NAME).write_text("{}", encoding="utf-8")
    (donnees / ".cache").write_text("x", encoding="utf-8")
    _, keys = look(donnees, cursor, times=3)
    assert keys == []


def test_content_that_comes_back_asks_again(donnees: Path) -> None:
    path = donnees / "rpls" / "2022" / "a.csv"
    cursor, first = look(donnees, None, times=2)
    path.write_text("x\n2\n", encoding="utf-8")
    cursor, _ = look(donnees, cursor, times=2)
    path.write_text("x\n1\n", encoding="utf-8")
    _, again = look(donnees, cursor, times=2)
    assert len(first) == len(again) == 1
    assert again != first


def test_a_file_replaced_with_its_date_kept_is_seen(donnees: Path) -> None:
    """What `cp -p` and `rsync -t` do: same size, same date, other bytes."""
    path = donnees / "rpls" / "2022" / "a.csv"
    stat = path.stat()
    cursor, _ = look(donnees, None, times=2)
    path.write_text("x\n2\n", encoding="utf-8")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    _, asked = look(donnees, cursor, times=2)
    assert len(asked) == 1


def test_a_folder_too_large_for_one_look_is_read_in_several(
    donnees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        (donnees / "rpls" / "2022" / f"{n}.csv").write_text(str(n), encoding="utf-8")
    clock = iter(range(0, 10_000, 15))
    monkeypatch.setattr(sensors_module.time, "monotonic", lambda: next(clock))
    cursor, asked = look(donnees, None, times=2)
    assert asked == []
    _, asked = look(donnees, cursor, times=8)
    assert len(asked) == 1


def test_without_a_landing_folder_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OBSERVATOIRE_DONNEES", raising=False)
    sensor = next(sensor for sensor in sensors() if sensor.name == "depot")
    result = sensor.evaluate_tick(dg.build_sensor_context())
    assert result.skip_message is not None
    assert "OBSERVATOIRE_DONNEES" in result.skip_message


def test_the_sensor_asks_for_a_build(donnees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSERVATOIRE_DONNEES", str(donnees))
    sensor = next(sensor for sensor in sensors() if sensor.name == "depot")
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance))
        assert not first.run_requests
        second = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor))
    (request,) = second.run_requests or []
    # The orchestrator keeps a run key for ever: bytes that come back would never be built.
    assert request.run_key is None
