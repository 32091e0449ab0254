"""The same bytes give the same warehouse and the same reports: elsewhere, another day, in another order.

Content is compared by the hash of each table, reports by their bytes.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.demo import generate
from pipelines.publication import content_hashes, open_warehouse
from tests.cli.conftest import Call, Publie, environment

COMMON = ("--epci", "247100589", "--annee", "2021")
WRITE_REPORTS = """
import json, sys
from pathlib import Path
from pipelines.cli.actions import write_reports
entrepot, sortie, calls = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
for number, call in enumerate(calls):
    write_reports(entrepot, sortie / str(number), **call)
"""
EVERY_FORMAT = "html,pdf,xlsx,csv,parquet"
# A row group of DuckDB: under it, one thread does all the work whatever it is allowed.
ROW_GROUP = 122_880


def contents(entrepot: Path) -> dict[str, tuple[int, str]]:
    with open_warehouse(entrepot) as con:
        return {e.nom: (e.lignes, e.empreinte) for e in content_hashes(con)}


def reports(entrepot: Path, sortie: Path, formats: str, **more: str) -> dict[str, bytes]:
    """Every report of a territory, by name, written by one process as the command writes each."""
    epci, autre, annee = "247100589", "200059228", 2021
    calls = [
        {"epci": [epci], "annee": annee, "formats": formats.split(",")},
        {"epci": [epci], "annee": annee, "semestre": 2, "formats": ["html", "csv"]},
        {"epci": [epci], "annee": annee, "trimestre": 3, "formats": ["html"]},
        # Whose convention is old enough.
        {"epci": ["242100410"], "annee": 2023, "evaluation": True, "formats": ["html"]},
        {"epci": [epci, autre], "annee": annee, "comparaison": True, "formats": ["html"]},
    ]
    done = subprocess.run(
        [sys.executable, "-c", WRITE_REPORTS, str(entrepot), str(sortie), json.dumps(calls)],
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {str(p.relative_to(sortie)): p.read_bytes() for p in sorted(sortie.rglob("*")) if p.is_file()}


def renamed(donnees: Path, vers: Path) -> Path:
    """A copy elsewhere, its files renamed so that they come in the opposite order."""
    shutil.copytree(donnees, vers)
    for number, path in enumerate(sorted(vers.rglob("*.csv"), reverse=True)):
        if path.parent.parent.name in {"rpls", "sne", "ops"}:
            path.rename(path.with_name(f"{number:02d}_{path.name}"))
    assert [p.name for p in sorted(vers.rglob("*.csv"))] != [p.name for p in sorted(donnees.rglob("*.csv"))]
    return vers


@pytest.fixture(scope="session")
def autre_jour() -> list[str]:
    """What runs a command on another day, a leap one, two years and a half before the data were published."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed here")
    return ["faketime", "-f", "@2024-02-29 23:59:30"]


def test_elsewhere_another_day_in_another_order(
    appel: Call, publie: Publie, autre_jour: list[str], tmp_path: Path
) -> None:
    """Another folder and machine settings, other names of files, one thread, another day: nothing differs."""
    settings = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "OBSERVATOIRE_FILS": "1", "PYTHONHASHSEED": "7"}
    donnees = renamed(publie.donnees, tmp_path / "ailleurs" / "depot")
    entrepot = tmp_path / "ailleurs" / "w.duckdb"
    done = appel("build", "--donnees", donnees, "--entrepot", entrepot, before=autre_jour, **settings)
    assert done.returncode == 0, done.stderr
    assert contents(entrepot) == contents(publie.entrepot)
    with open_warehouse(entrepot) as con:
        ((year,),) = con.execute("select year(max(fin)) from meta.executions").fetchall()
    assert year == 2024, "the other day was not seen"
    formats = "html,xlsx,csv,parquet"
    first = reports(publie.entrepot, tmp_path / "un", formats)
    assert {Path(name).suffix for name in first} == {f".{name}" for name in formats.split(",")}
    assert reports(entrepot, tmp_path / "deux", formats, **settings) == first
    # The outlines are the shipped ones.
    assert b'id="g-carte-hors_qpv_q1"' in first["0/bilan-247100589-2021.html"]


@pytest.mark.slow
def test_every_format_is_the_same_bytes_another_day(
    appel: Call, publie: Publie, autre_jour: list[str], tmp_path: Path
) -> None:
    """The clock of the process that writes the report is another one too, for the PDF as for the rest."""
    pages = []
    for name, before in (("un", []), ("deux", autre_jour)):
        done = appel(
            *("bilan", "--entrepot", publie.entrepot, *COMMON, "--json"),
            *("--format", EVERY_FORMAT, "--sortie", tmp_path / name),
            before=before,
        )
        assert done.returncode == 0, done.stderr
        pages.append({Path(p).name: Path(p).read_bytes() for p in json.loads(done.stdout)["fichiers"]})
    assert pages[0] == pages[1]
    assert {Path(name).suffix for name in pages[0]} >= {".html", ".pdf", ".xlsx", ".csv", ".parquet"}


@pytest.mark.slow
def test_threads_that_share_the_rows(appel: Call, tmp_path: Path) -> None:
    """Large enough for the threads to share the work: one, two and four give the same tables."""
    donnees = tmp_path / "donnees"
    generate(donnees, echelle=0.5)
    found = {}
    for threads in ("1", "2", "4"):
        entrepot = tmp_path / f"fils{threads}.duckdb"
        done = appel(
            "build", "--donnees", donnees, "--entrepot", entrepot, timeout=3600, OBSERVATOIRE_FILS=threads
        )
        assert done.returncode == 0, done.stderr
        found[threads] = contents(entrepot)
    assert found["1"] == found["2"] == found["4"]
    for table in ("sources.rpls_logements", "entrepot.fct_logement", "marts.indicateurs"):
        assert found["1"][table][0] > 2 * ROW_GROUP, table
