"""Structured logs: one JSON object per line, for whoever collects the logs of a machine.

Only named fields leave: names of steps and of alerts, durations, counts. What else a record carries
(arguments, exceptions) may hold the content of a row and is left out.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime

VARIABLE = "OBSERVATOIRE_JOURNAL"
ROOT = "observatoire"
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
        return json.dumps(content, ensure_ascii=False)


def wanted() -> bool:
    """Whether structured logs are asked for (`OBSERVATOIRE_JOURNAL=json`)."""
    return os.environ.get(VARIABLE, "").strip().lower() == "json"


def handler() -> logging.Handler:
    """Return a handler that writes one JSON object per line on the error stream."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(LignesJson())
    made.setLevel(logging.INFO)
    return made


def configure() -> None:
    """Send every log of the project as JSON lines, once, when they are asked for."""
    logger = logging.getLogger(ROOT)
    if wanted() and not any(isinstance(h.formatter, LignesJson) for h in logger.handlers):
        logger.setLevel(logging.INFO)
        logger.addHandler(handler())
