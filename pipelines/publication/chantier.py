"""The building site of one run: an exclusive lock on the warehouse and a folder that never outlives the run.

The lock and the construction folder belong here; what is built in the folder does not.
"""

import errno
import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from pipelines.errors import ObservatoireError
from pipelines.fichiers import remove_left_over
from pipelines.paths import BASE_NAME, WorkingFolder
from pipelines.publication.disque import disk_errors_explained
from pipelines.publication.lecture import refuse_foreign

# Validated rows of SNE and OPS are personal data: the working folder is for its owner alone.
_PRIVATE = 0o700
_LOOKS, _BETWEEN_LOOKS = 100, 0.05
_CLEANINGS = 20
_BETWEEN_CLEANINGS = 0.1


@dataclass(frozen=True)
class Chantier:
    """Where one run builds.

    Attributes:
        dossier: working folder of the warehouse that will be replaced.
        run_id: identifier of the run.
        debut: when the lock was taken (UTC); says when, never enters the content of a table that is compared.

    """

    dossier: WorkingFolder
    run_id: str
    debut: datetime

    @property
    def lieu(self) -> Path:
        """The folder of the run; removed when the run ends."""
        return self.dossier.construction / self.run_id

    @property
    def base(self) -> Path:
        """The DuckDB file under construction."""
        return self.lieu / BASE_NAME


@contextmanager
def open_chantier(dossier: WorkingFolder, run_id: str) -> Iterator[Chantier]:
    """Take the lock of the warehouse, clean up after dead runs and open an empty construction folder.

    The kernel releases the lock when the process dies, however it dies, so a folder found in `construction/`
    while the lock is held belongs to a dead run.

    Raises:
        ObservatoireError: another build holds the lock (the message says who), the place is not writable, or
            holds a file that is not a warehouse.

    """
    parent = dossier.entrepot.parent
    if dossier.entrepot.is_dir():
        raise ObservatoireError(
            f"« {dossier.entrepot} » est un dossier ; --entrepot attend le chemin d'un fichier .duckdb."
        )
    refuse_foreign(dossier.entrepot)
    with disk_errors_explained(parent):
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK):
            raise PermissionError(13, "not writable", str(parent))
        dossier.root.mkdir(mode=_PRIVATE, exist_ok=True)
        if dossier.root.stat().st_mode & 0o077:
            dossier.root.chmod(_PRIVATE)
        verrou = dossier.verrou.open("a+", encoding="utf-8")
    with verrou:
        _take(verrou, dossier)
        chantier = Chantier(dossier, run_id, datetime.now(UTC))
        with disk_errors_explained(parent):
            _sign(verrou, chantier)
            _clean(dossier)
            chantier.lieu.mkdir(parents=True)
        try:
            yield chantier
        finally:
            shutil.rmtree(chantier.lieu, ignore_errors=True)
            verrou.truncate(0)


def _clean(dossier: WorkingFolder) -> None:
    """Remove what dead runs left; the dbt process of a run just killed may still be writing for a moment."""
    for folder in (dossier.root, dossier.versions, dossier.executions, dossier.magasin, dossier.purges):
        remove_left_over(folder, 0)
    for _ in range(_CLEANINGS):
        shutil.rmtree(dossier.construction, ignore_errors=True)
        if not dossier.construction.exists():
            return
        time.sleep(_BETWEEN_CLEANINGS)


def _take(verrou: IO[str], dossier: WorkingFolder) -> None:
    try:
        fcntl.flock(verrou, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ObservatoireError(
            f"Une construction de « {dossier.entrepot} » est déjà en cours ({_holder(verrou)}). "
            "Attendez sa fin, ou arrêtez-la ; l'entrepôt publié n'a pas changé."
        ) from error


def _sign(verrou: IO[str], chantier: Chantier) -> None:
    signe = {
        "pid": os.getpid(),
        "machine": socket.gethostname(),
        "debut": chantier.debut.isoformat(timespec="seconds"),
        "execution": chantier.run_id,
    }
    verrou.truncate(0)
    # Past the file's buffer, which a full disk would refuse again as it is closed.
    octets = json.dumps(signe).encode()
    if os.write(verrou.fileno(), octets) < len(octets):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(chantier.dossier.verrou))


def _holder(verrou: IO[str]) -> str:
    """Who signed; a holder that has just taken the lock signs in a moment."""
    for _ in range(_LOOKS):
        verrou.seek(0)
        try:
            signature = json.load(verrou)
        except json.JSONDecodeError:
            time.sleep(_BETWEEN_LOOKS)
            continue
        return f"processus {signature['pid']} sur {signature['machine']}, depuis {signature['debut']}"
    return "elle vient de commencer"
