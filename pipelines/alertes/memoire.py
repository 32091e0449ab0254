"""Which alerts were already sent: the same thing is told once, and again only when it comes back.

A small JSON file of identifiers and dates; nothing else is kept.
"""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pipelines.alertes.regles import Alerte
from pipelines.fichiers import write_json


def new_alerts(memoire: Path, alertes: Sequence[Alerte]) -> list[Alerte]:
    """Return the alerts that were not there the last time."""
    known = _read(memoire)
    return [alerte for alerte in alertes if alerte.cle not in known]


def remember(memoire: Path, alertes: Sequence[Alerte], jour: date) -> None:
    """Keep the alerts that are there now, each with the first day it was seen."""
    known = _read(memoire)
    seen = {alerte.cle: known.get(alerte.cle, jour.isoformat()) for alerte in alertes}
    memoire.parent.mkdir(mode=0o700, exist_ok=True)
    write_json(memoire, seen)


def _read(memoire: Path) -> dict[str, str]:
    try:
        content = json.loads(memoire.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Lost or damaged: telling twice is better than not telling.
        return {}
    return content if isinstance(content, dict) else {}
