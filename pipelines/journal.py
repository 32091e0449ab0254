"""Structured logs: one JSON object per line, for whoever collects the logs of a machine.

Only named fields leave: names of steps and of alerts, durations, counts. What else a record carries
(arguments, exceptions) may hold the content of a row and is left out.
"""

import contextlib
import io
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from pipelines.affichable import affichable, sans_commande_json

VARIABLE = "OBSERVATOIRE_JOURNAL"
ROOT = "observatoire"
COMMAND = "observatoire.commande"
FIELDS = (
    "execution",
    "etape",
    "moment",
    "duree_s",
    "memoire_max_mo",
    "fait",
    "total",
    "alerte",
    "gravite",
    "objet",
)


class LignesJson(logging.Formatter):
    """One line of JSON per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; of an exception, its kind and nothing else."""
        content: dict[str, object] = {
            "le": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "niveau": record.levelname,
            "journal": record.name,
            "message": record.getMessage(),
        }
        given = vars(record)
        content.update({name: given[name] for name in FIELDS if name in given})
        if record.exc_info and record.exc_info[0] is not None:
            content["erreur"] = record.exc_info[0].__name__
            content["lieu"] = _places(record.exc_info[2])
        return sans_commande_json(json.dumps(content, ensure_ascii=False))


def _places(trace: TracebackType | None) -> list[str]:
    """Where in the code an error came from, without the values that its message may quote."""
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


def line(message: str, niveau: int = logging.INFO, error: BaseException | None = None) -> str:
    """Return what the command says (a result, a refusal) as one line of the log."""
    trace = None if error is None else (type(error), error, error.__traceback__)
    return LignesJson().format(logging.LogRecord(COMMAND, niveau, "", 0, message, None, trace))


def wanted() -> bool:
    """Whether structured logs are asked for (`OBSERVATOIRE_JOURNAL=json`)."""
    return os.environ.get(VARIABLE, "").strip().lower() == "json"


def handler() -> logging.Handler:
    """Return a handler that writes one JSON object per line on the error stream."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(LignesJson())
    made.setLevel(logging.INFO)
    return made


class _DuTravail(LignesJson):
    """What Dagster says of a run: of a failure, that it happened; its text may quote what made it fail."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the first line as JSON."""
        first = logging.makeLogRecord({**vars(record), "args": None, "exc_info": None})
        first.msg = record.getMessage().partition("\n")[0]
        return super().format(first)


class _Affichees(logging.Formatter):
    """The same for a person: names of files act on no terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record, made safe to show."""
        return affichable(super().format(record), lignes=True)


def run_handler() -> logging.Handler:
    """Return a handler for what Dagster says of a run: JSON lines, or text for a terminal."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(_DuTravail() if wanted() else _Affichees("%(asctime)s - %(levelname)s - %(message)s"))
    return made


class _Sortie(io.TextIOBase):
    """An output whose lines are those of the log."""

    def __init__(self, behind: TextIO) -> None:
        self._behind, self._kept = behind, ""

    def write(self, text: str) -> int:
        *whole, self._kept = (self._kept + text).split("\n")
        for said in filter(None, whole):
            self._behind.write(f"{line(said) if wanted() else affichable(said)}\n")
        return len(text)

    def flush(self) -> None:
        self._behind.flush()

    def finish(self) -> None:
        """Write what was left without an end of line."""
        if self._kept:
            self.write("\n")


@contextmanager
def output_in_lines() -> Iterator[None]:
    """Write what a library prints in the block as the log is written, each line apart."""
    output = _Sortie(sys.stdout)
    with contextlib.redirect_stdout(output):
        try:
            yield
        finally:
            output.finish()


def configure() -> None:
    """Send every log of the project as JSON lines, once, when they are asked for."""
    logger = logging.getLogger(ROOT)
    if wanted() and not any(isinstance(h.formatter, LignesJson) for h in logger.handlers):
        logger.setLevel(logging.INFO)
        logger.addHandler(handler())
