"""What is watched: the landing folder, the published warehouse, and runs that die without a word.

New content, once it is settled, asks for a build; a new publication, for the reports that waited for it. Only
what triggers a run belongs here. Every sensor is off until someone turns it on.
"""

import hashlib
import json
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path

import dagster as dg

from assets.publication import name_years
from pipelines.alertes import Etat, alert_of_failure, read_state, send
from pipelines.calendrier import PARIS, Echeance, document, last_due, period
from pipelines.errors import ObservatoireError
from pipelines.jobs import ALERTER, CONSTRUIRE, ECRIRE_BILANS, jobs
from pipelines.paths import DOWNLOAD_RECORD_NAME, DOWNLOAD_REGISTRY_NAME, LOCK_NAME
from pipelines.publication import open_warehouse, published_execution
from pipelines.resources import Parametres
from pipelines.schedules import reports_config, reports_tags

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
    """Return the sensors of the project, off."""
    return [_landing(), _published(), _breakdowns()]


def _landing() -> dg.SensorDefinition:
    @dg.sensor(
        name="depot",
        job_name=CONSTRUIRE,
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

    return depot


def _published() -> dg.SensorDefinition:
    targets = [job for job in jobs() if job.name in {ECRIRE_BILANS, ALERTER}]

    @dg.sensor(
        name="publication",
        jobs=targets,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Entrepôt publié de nouveau : met à jour les années, écrit les rapports arrêtés, alerte.",
    )
    def publication(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            entrepot = Parametres().working_folder().entrepot
            with open_warehouse(entrepot) as con:
                empreinte = published_execution(con).empreinte
                if empreinte == context.cursor:
                    return dg.SkipReason("l'entrepôt publié n'a pas changé")
                etat = read_state(con)
        except ObservatoireError as error:
            return dg.SkipReason(str(error))
        name_years(context.instance, entrepot)
        jour = datetime.now(PARIS).date()
        requests = [*report_requests(etat, empreinte, jour), alert_request(empreinte)]
        return dg.SensorResult(run_requests=requests, cursor=empreinte)

    return publication


def report_requests(etat: Etat, empreinte: str, jour: date) -> list[dg.RunRequest]:
    """Return the runs that write again the last reports of each calendar, now that their figures are there.

    One run per document and day when figures stopped; the same content never asks twice.
    """
    groups: dict[tuple[str, date], list[Echeance]] = defaultdict(list)
    for echeance in last_due(etat.calendrier, jour):
        period_key = (echeance.epci, *period(echeance.rapport, echeance.arrete_au))
        if period_key in etat.periodes and etat.publie_le > echeance.arrete_au:
            kind = "+".join(document(echeance.rapport, echeance.arrete_au)) or "bilan"
            groups[kind, echeance.arrete_au].append(echeance)
    return [
        dg.RunRequest(
            run_key=f"{kind}:{stop.isoformat()}:{empreinte}",
            job_name=ECRIRE_BILANS,
            run_config=reports_config(echeances),
            tags=reports_tags(echeances),
        )
        for (kind, stop), echeances in sorted(groups.items())
    ]


def alert_request(empreinte: str) -> dg.RunRequest:
    """Return the run that looks for alerts about a warehouse just published."""
    return dg.RunRequest(run_key=f"alertes:{empreinte}", job_name=ALERTER)


def _breakdowns() -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="pannes",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Exécution arrêtée sans qu'une étape ait pu le dire (processus tué, machine redémarrée).",
    )
    def pannes(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
        if context.get_step_failure_events():
            # The failure hook of the job said it already.
            return dg.SkipReason("déjà signalée par l'étape qui a échoué")
        run = context.dagster_run
        parametres = Parametres()
        folder = str(parametres.working_folder().executions)
        send([alert_of_failure(run.job_name, "(aucune)", run.run_id, folder)], parametres.alert_settings())
        return None

    return pannes
