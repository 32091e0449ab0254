"""A build that would only make the published warehouse again: how it is known, and what it leaves.

What a build was asked and given (a fingerprint made elsewhere) is kept beside the warehouse that it
published, with the fingerprint of the file itself: restored, purged or changed by hand, it is another one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.fichiers import write_json
from pipelines.paths import WorkingFolder
from pipelines.publication.chantier import Chantier
from pipelines.publication.editions import renew_editions
from pipelines.publication.entrepot import lock_content, write_lock
from pipelines.publication.lecture import Execution, open_warehouse, published_execution
from pipelines.publication.mesure import Etape
from pipelines.publication.preuve import file_hash
from pipelines.publication.resume import write_unchanged


@dataclass(frozen=True)
class Laisse:
    """A published warehouse left in place: its execution, the account of the build, what to say."""

    execution: Execution
    resume: Path
    avertissements: list[str]


def record_request(dossier: WorkingFolder, demande: str) -> None:
    """Keep what the published warehouse was made from."""
    write_json(dossier.demande, {"demande": demande, "entrepot": file_hash(dossier.entrepot)})


def answers(dossier: WorkingFolder, demande: str) -> bool:
    """Whether the published warehouse is the one that this very request made."""
    try:
        kept = json.loads(dossier.demande.read_text(encoding="utf-8"))
        return bool(kept == {"demande": demande, "entrepot": file_hash(dossier.entrepot)})
    except (OSError, ValueError):
        return False


def leave_in_place(chantier: Chantier, donnees: Path | None, etapes: Sequence[Etape]) -> Laisse:
    """Leave the published file, and what is beside it as it must be: editions, lock of the data, account.

    Args:
        chantier: the building site, in which nothing was built.
        donnees: landing folder, where the lock of the data is written when it can be; None: nowhere.
        etapes: what each step cost.

    """
    with open_warehouse(chantier.dossier.entrepot) as con:
        execution, lock = published_execution(con), lock_content(con)
    renew_editions(chantier.dossier)
    warnings = [] if donnees is None else write_lock(donnees, lock)
    return Laisse(execution, write_unchanged(chantier, execution, etapes), warnings)
