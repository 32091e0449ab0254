"""What a run leaves in the orchestrator's storage, in its account and in what dbt says holds no cell."""

import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dbt.events.types import RunResultError
from dbt_common.events.base_types import EventLevel, msg_from_base_event

from pipelines import ingestion
from pipelines.definitions import build_defs
from pipelines.jobs import CONSTRUIRE
from pipelines.processus_dbt import _tell
from pipelines.sql import without_values
from tests.ingestion.test_fuites import CHERCHES, NUMERO, damaged

PLANTE = "DURAND Marie"
Run = Callable[[], str]


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


@pytest.fixture
def run(defs: dg.Definitions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the reading of the SNE in an instance on the disk; return all that the run left, as text."""
    monkeypatch.setenv("OBSERVATOIRE_CLE", "une clé pour les essais, longue")
    (tmp_path / "donnees/sne/2021").mkdir(parents=True)
    (tmp_path / "dagster").mkdir()
    parametres = {"donnees": str(tmp_path / "donnees"), "entrepot": str(tmp_path / "w.duckdb")}

    def execute() -> str:
        with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
            result = defs.resolve_job_def(CONSTRUIRE).execute_in_process(
                run_config={"resources": {"parametres": {"config": parametres}}},
                instance=instance,
                asset_selection=[dg.AssetKey(["sources", nom]) for nom in ("depot", "referentiels", "sne")],
                raise_on_error=False,
            )
            assert not result.success
        restes = [*(tmp_path / "dagster").rglob("*"), *(tmp_path / "w.duckdb.d").rglob("*")]
        assert any(p.suffix == ".db" for p in restes)
        return "".join(p.read_bytes().decode("latin-1") for p in restes if p.is_file())

    return execute


@pytest.mark.parametrize(
    "nom", ["sans_entete.csv", "colle_et_absente.csv", "decale_a_gauche.csv", "noms.parquet"]
)
def test_a_refused_file_of_persons_leaves_no_cell(run: Run, tmp_path: Path, nom: str) -> None:
    contenu = dict(damaged("demandes"))[nom]
    (tmp_path / f"donnees/sne/2021/{nom}").write_bytes(
        contenu if isinstance(contenu, bytes) else contenu.encode()
    )
    reste = run()
    assert nom in reste
    assert [p for p in (*CHERCHES, NUMERO) if p in reste] == []


def test_an_error_of_the_engine_leaves_no_cell(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        duckdb.sql(f"select cast('{PLANTE}' as integer)").fetchall()

    (tmp_path / "donnees/sne/2021/sans_entete.csv").write_text("", encoding="utf-8")
    monkeypatch.setattr(ingestion, "ingest", fail)
    reste = run()
    assert "Could not convert string" in reste
    assert PLANTE not in reste


@pytest.mark.parametrize(
    "sql",
    [
        "select cast('{}' as integer)",
        "select cast('aujourd''hui {}' as integer)",
        "select cast('a\n{}' as integer)",
        "select cast('{}' as date)",
        "select strptime('{} l''an', '%Y')",
        "select json('{{{}')",
        "create table t (a varchar primary key); insert into t values ('{0}'), ('{0}')",
        "create type e as enum ('a'); select cast('{}' as e)",
    ],
)
def test_no_error_of_the_engine_quotes_a_value(sql: str) -> None:
    with duckdb.connect() as con, pytest.raises(duckdb.Error) as error:
        con.execute(sql.format(PLANTE)).fetchall()
    assert PLANTE in str(error.value)
    said = without_values(str(error.value))
    assert "DURAND" not in said
    assert "Error" in said


def test_a_number_is_a_value_and_a_name_is_none() -> None:
    with duckdb.connect() as con:
        with pytest.raises(duckdb.Error) as error:
            con.execute("select cast(123456789e30 as integer)")
        assert "e+38" not in without_values(str(error.value))
        with pytest.raises(duckdb.Error) as error:
            con.execute("select colonne from (select 1 as a)")
        assert '"colonne"' in without_values(str(error.value))


def test_what_dbt_says_is_passed_on_without_values(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"Runtime Error in model x (models/x.sql)\n  Conversion Error: Could not convert string '{PLANTE}' to INT32"
    _tell(msg_from_base_event(RunResultError(msg=text), EventLevel.ERROR))
    said = capsys.readouterr().out
    assert json.loads(said)["info"]["level"] == "error"
    assert "Runtime Error in model x" in said
    assert "DURAND" not in said


def test_two_threads_of_dbt_make_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two events in one line are read by nobody: two tables less in the account of the run."""

    class Slow(io.StringIO):
        def write(self, text: str) -> int:
            written = super().write(text)
            time.sleep(0.01)
            return written

    output = Slow()
    monkeypatch.setattr("sys.stdout", output)
    event = msg_from_base_event(RunResultError(msg="x"), EventLevel.ERROR)
    threads = [threading.Thread(target=_tell, args=(event,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line)["info"]["level"] for line in output.getvalue().splitlines()] == ["error"] * 8
