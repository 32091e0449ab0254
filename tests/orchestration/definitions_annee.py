"""The sensors of the project over jobs that only note what they are asked: a build takes no time in a simulated year."""

import os
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import dagster as dg

from pipelines import sensors
from pipelines.jobs import ALERTER, BILANS, CONSTRUIRE, ECRIRE_BILANS
from pipelines.paths import DOWNLOAD_RECORD_NAME
from tests.entrepot_minimal import write_minimal

# In a deposited file, what a build refuses; beside the warehouse, what makes every run fail, whatever it reads.
REFUSED = "ILLISIBLE"
FULL_DISK = "disque_plein"
REPORTS = "rapports.txt"
BUILDS = "constructions.txt"


def entrepot() -> Path:
    """Return the warehouse of the simulation."""
    return Path(os.environ["OBSERVATOIRE_ENTREPOT"])


def landed(donnees: Path) -> str:
    """Return what is in the landing folder, as the published content says it."""
    files = sorted(p for p in donnees.rglob("*") if p.is_file() and p.name != DOWNLOAD_RECORD_NAME)
    return "|".join(f"{os.fsencode(p.name)!r}={p.read_text(encoding='utf-8')}" for p in files)


def _fail_on_a_full_disk() -> None:
    if (entrepot().parent / FULL_DISK).exists():
        raise OSError("No space left on device")


@dg.op
def construit() -> None:
    """Publish what is in the landing folder, or refuse it."""
    with (entrepot().parent / BUILDS).open("a", encoding="utf-8") as stream:
        stream.write("x\n")
    _fail_on_a_full_disk()
    found = landed(Path(os.environ["OBSERVATOIRE_DONNEES"]))
    if REFUSED in found:
        raise ValueError("refused")
    temporary = entrepot().with_suffix(".nouveau")
    write_minimal(temporary, found, datetime.fromisoformat(os.environ["ESSAI_MAINTENANT"]))
    temporary.replace(entrepot())


@dg.op(config_schema=dict)
def publication__bilans() -> None:
    """Note which content the reports were written from."""
    _fail_on_a_full_disk()
    import duckdb

    with duckdb.connect(str(entrepot()), read_only=True) as con:
        ((empreinte,),) = con.execute("select empreinte from meta.executions").fetchall()
    (entrepot().parent / REPORTS).write_text(empreinte, encoding="utf-8")


@dg.op
def veille() -> None:
    """Look for nothing."""


@dg.job(name=CONSTRUIRE, executor_def=dg.in_process_executor, logger_defs={})
def construire() -> None:
    construit()


@dg.job(name=ECRIRE_BILANS, executor_def=dg.in_process_executor, logger_defs={})
def ecrire_bilans() -> None:
    publication__bilans()


@dg.job(name=BILANS, executor_def=dg.in_process_executor, logger_defs={})
def bilans() -> None:
    publication__bilans()


@dg.job(name=ALERTER, executor_def=dg.in_process_executor, logger_defs={})
def alerter() -> None:
    veille()


@dg.repository
def annee() -> list[object]:
    """Everything that the two sensors need."""
    made = [construire, ecrire_bilans, bilans, alerter]
    with patch.object(sensors, "jobs", lambda: made):
        watched = [s for s in sensors.sensors() if s.name in {"depot", "publication"}]
    return [*made, *watched]
