"""The landing folder watched: new content, once it is settled, asks for a build.

Only what triggers a run belongs here. The sensor is off until someone turns it on.
"""

import hashlib
import json
from pathlib import Path

import dagster as dg

from pipelines.errors import ObservatoireError
from pipelines.paths import DOWNLOAD_RECORD_NAME, DOWNLOAD_REGISTRY_NAME, LOCK_NAME
from pipelines.resources import Parametres

INTERVAL_SECONDS = 60
_BESIDE_DATA = frozenset({LOCK_NAME, DOWNLOAD_RECORD_NAME, DOWNLOAD_REGISTRY_NAME})


def inventory(donnees: Path) -> str:
    """Fingerprint of names, sizes and dates: cheap, says that something moved."""
    digest = hashlib.sha256()
    for path in _files(donnees):
        stat = path.stat()
        digest.update(
            f"{path.relative_to(donnees).as_posix()}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode()
        )
    return digest.hexdigest()


def content(donnees: Path) -> str:
    """Fingerprint of names and bytes: says that something is different."""
    digest = hashlib.sha256()
    for path in _files(donnees):
        digest.update(f"{path.relative_to(donnees).as_posix()}\0".encode())
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _files(donnees: Path) -> list[Path]:
    """Files of the landing folder, without what is written beside the data (locks) nor hidden files."""
    return sorted(
        path
        for path in donnees.rglob("*")
        if path.is_file()
        and path.name not in _BESIDE_DATA
        and not any(part.startswith(".") for part in path.relative_to(donnees).parts)
    )


def evaluate(donnees: Path, cursor: str | None) -> tuple[str, str | None]:
    """Decide whether the landing folder asks for a build.

    A file being copied changes between two looks: nothing is asked until two looks in a row find the same
    inventory. Then the bytes decide, so that a file touched or copied again unchanged asks for nothing.

    Args:
        donnees: the landing folder.
        cursor: what this function returned the time before.

    Returns:
        The new cursor, and the key of the run to ask for (None: nothing to do).

    """
    state: dict[str, str] = json.loads(cursor) if cursor else {}
    seen = inventory(donnees)
    if state.get("vu") != seen:
        return json.dumps({**state, "vu": seen}), None
    if state.get("regarde") == seen:
        return json.dumps(state), None
    found = content(donnees)
    new = found != state.get("contenu")
    return json.dumps({"vu": seen, "regarde": seen, "contenu": found}), found if new else None


def sensors() -> list[dg.SensorDefinition]:
    """Return the sensor of the landing folder, off."""

    @dg.sensor(
        name="depot",
        job_name="construire",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Contenu nouveau et stable dans le dossier de dépôt : construit l'entrepôt.",
    )
    def depot(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            donnees = Parametres().landing_folder()
        except ObservatoireError as error:
            return dg.SkipReason(str(error))
        cursor, key = evaluate(donnees, context.cursor)
        return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key)] if key else [], cursor=cursor)

    return [depot]
