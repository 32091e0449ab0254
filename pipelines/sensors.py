"""What is watched: the landing folder, the published warehouse, and runs that die without a word.

New content, once it is settled, asks for a build; a new publication, for the reports that waited for it. Only
what triggers a run belongs here. Every sensor is off until someone turns it on.
"""

import hashlib
import json
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets.publication import ENTREPOT_PUBLIE, name_years
from pipelines.alertes import Etat, alert_of_failure, read_state, send
from pipelines.calendrier import PARIS, Echeance, document, last_due, period
from pipelines.edition import editions
from pipelines.errors import ObservatoireError
from pipelines.jobs import ALERTER, BILANS, CONSTRUIRE, DEMANDE_TAG, ECRIRE_BILANS, jobs
from pipelines.paths import DOWNLOAD_RECORD_NAME, DOWNLOAD_REGISTRY_NAME, LOCK_NAME, edition_path
from pipelines.publication import Execution, open_warehouse, published_execution
from pipelines.resources import Parametres
from pipelines.schedules import RAPPORT_TAG, reports_config, reports_tags, turned_on

INTERVAL_SECONDS = 60
_OWN_TAGS = "observatoire/"
# Among so many of the last runs of the schedules are those of the last request of each of them.
_LAST_RUNS = 200
# What failed is asked again later and later: a full disk is emptied in minutes, a wrong file in days.
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 300, 86_400
# A look lasts less than the minute that the orchestrator allows; the next one goes on from there.
_READING_SECONDS = 20
_BESIDE_DATA = frozenset({LOCK_NAME, DOWNLOAD_RECORD_NAME, DOWNLOAD_REGISTRY_NAME})
# Of the pages beside a warehouse, how many are named; the folder is.
_SHOWN_REPORTS = 200
_UNREADABLE = "illisible"

# Hashes of the files that were read, by place and signature. In this process only: a cursor that held them
# would be copied with every tick.
_hashes: dict[tuple[str, str], str] = {}


def inventory(donnees: Path) -> dict[str, str]:
    """Return what says, for each file and at little cost, that something moved: sizes, dates, rights.

    The date of the last change of the inode is there too: copies keep the other one. Names stay as the system
    holds them, in whatever encoding.
    """
    found = {}
    for folder, folders, names in os.walk(donnees):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.startswith(".") or name in _BESIDE_DATA:
                continue
            path = Path(folder, name)
            found[path.relative_to(donnees).as_posix()] = _signature(path)
    return found


def _signature(path: Path) -> str:
    try:
        stat = path.stat()
    except OSError:
        return _UNREADABLE
    readable = os.access(path, os.R_OK)
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino} {readable}"


def content(donnees: Path, seen: Mapping[str, str], seconds: float = _READING_SECONDS) -> str | None:
    """Return the fingerprint of names and bytes, None when the time given was not enough to read them all.

    A file that cannot be read counts as such: the others are still watched, and it changes once it can be.
    """
    limit = time.monotonic() + seconds
    kept: dict[tuple[str, str], str] = {}
    missing = False
    for name, signature in seen.items():
        place = (str(donnees / name), signature)
        known = _hashes.get(place)
        if known is None and time.monotonic() > limit:
            missing = True
            continue
        kept[place] = known or _hash(donnees / name)
    _hashes.clear()
    _hashes.update(kept)
    return None if missing else _digest((name, kept[str(donnees / name), seen[name]]) for name in seen)


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return _UNREADABLE


def _digest(pairs: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, value in pairs:
        digest.update(os.fsencode(name) + b"\0" + value.encode() + b"\0")
    return digest.hexdigest()


def read_cursor(cursor: str | None) -> dict[str, str]:
    """Return what a sensor remembers; nothing when it is damaged: doing a thing again costs less than not."""
    try:
        state = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return {k: v for k, v in state.items() if isinstance(v, str)} if isinstance(state, dict) else {}


def evaluate(donnees: Path, cursor: str | None) -> tuple[str, bool]:
    """Decide whether the landing folder asks for a build.

    A file being copied changes between two looks: nothing is asked until two looks in a row find the same
    inventory. Then the bytes decide, so that a file touched or copied again unchanged asks for nothing, and
    bytes that were built, replaced and put back ask for a build like any others.

    Args:
        donnees: the landing folder.
        cursor: what this function returned the time before.

    Returns:
        The new cursor, and whether it names a build to ask for (`demande`).

    """
    state = read_cursor(cursor)
    files = inventory(donnees)
    seen = _digest(files.items())
    if state.get("vu") != seen:
        return json.dumps({**state, "vu": seen}), False
    found = content(donnees, files)
    if found is None or found == state.get("contenu"):
        return json.dumps(state), False
    return json.dumps({"vu": seen, "contenu": found, "demande": uuid.uuid4().hex}), True


def ask_again(instance: dg.DagsterInstance, demande: str | None, now: datetime) -> list[dg.RunRequest]:
    """Return the runs of one request whose last attempt failed, once their time has come.

    A run that a person stopped is left alone: asking again would undo what they did.
    """
    if demande is None:
        return []
    attempts: dict[tuple[str, ...], list[dg.RunRecord]] = defaultdict(list)
    for record in instance.get_run_records(dg.RunsFilter(tags={DEMANDE_TAG: demande})):
        attempts[_what(record.dagster_run)].append(record)
    return [
        dg.RunRequest(
            job_name=records[0].dagster_run.job_name,
            run_config=records[0].dagster_run.run_config,
            tags=_own_tags(records[0].dagster_run),
        )
        for _, records in sorted(attempts.items())
        if _is_due(records, now)
    ]


def scheduled(instance: dg.DagsterInstance) -> list[str]:
    """Return the last request of each schedule of reports: an earlier one has nothing more to give."""
    last: dict[str, str] = {}
    for record in instance.get_run_records(dg.RunsFilter(job_name=BILANS), limit=_LAST_RUNS):
        tags = record.dagster_run.tags
        if RAPPORT_TAG in tags and DEMANDE_TAG in tags:
            last.setdefault(tags[RAPPORT_TAG], tags[DEMANDE_TAG])
    return sorted(last.values())


def _own_tags(run: dg.DagsterRun) -> dict[str, str]:
    return {name: value for name, value in run.tags.items() if name.startswith(_OWN_TAGS)}


def _what(run: dg.DagsterRun) -> tuple[str, ...]:
    return (run.job_name, *(f"{name}={value}" for name, value in sorted(_own_tags(run).items())))


def _is_due(records: list[Any], now: datetime) -> bool:
    """Whether the last of several attempts (the first of the list) failed long enough ago."""
    last = records[0]
    if last.dagster_run.status is not dg.DagsterRunStatus.FAILURE:
        return False
    wait = min(FIRST_WAIT_SECONDS * 2 ** min(len(records) - 1, 20), LONGEST_WAIT_SECONDS)
    since = now.timestamp() - float(last.end_time or last.update_timestamp.timestamp())
    # A clock that was put back says nothing of how long ago it was.
    return since < 0 or since >= wait


def sensors() -> list[dg.SensorDefinition]:
    """Return the sensors of the project, off."""
    return [_landing(), _published(), _breakdowns()]


def _landing() -> dg.SensorDefinition:
    targets = [job for job in jobs() if job.name in {CONSTRUIRE, BILANS}]

    @dg.sensor(
        name="depot",
        jobs=targets,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Contenu nouveau et stable dans le dossier : construit. Redemande ce qui a échoué. "
        + turned_on("sensor", "depot"),
    )
    def depot(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            donnees = Parametres().landing_folder()
        except ObservatoireError as error:
            return dg.SkipReason(str(error))
        cursor, asked = evaluate(donnees, context.cursor)
        demande = read_cursor(cursor).get("demande")
        if asked:
            requests = [dg.RunRequest(job_name=CONSTRUIRE, tags={DEMANDE_TAG: str(demande)})]
        else:
            now = datetime.now(UTC)
            failed = [demande, *scheduled(context.instance)]
            requests = [request for each in failed for request in ask_again(context.instance, each, now)]
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return depot


def _published() -> dg.SensorDefinition:
    targets = [job for job in jobs() if job.name in {ECRIRE_BILANS, ALERTER}]

    @dg.sensor(
        name="publication",
        jobs=targets,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Entrepôt publié de nouveau : met à jour les années, écrit les rapports arrêtés, alerte. "
        + turned_on("sensor", "publication"),
    )
    def publication(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        state = read_cursor(context.cursor)
        try:
            entrepot = Parametres().working_folder().entrepot
            with open_warehouse(entrepot) as con:
                execution = published_execution(con)
                empreinte = execution.empreinte
                if empreinte == state.get("empreinte"):
                    again = ask_again(context.instance, state.get("demande"), datetime.now(UTC))
                    return (
                        dg.SensorResult(run_requests=again, cursor=context.cursor)
                        if again
                        else dg.SkipReason("l'entrepôt publié n'a pas changé")
                    )
                etat = read_state(con)
        except ObservatoireError as error:
            return dg.SkipReason(str(error))
        name_years(context.instance, entrepot)
        demande = uuid.uuid4().hex
        requests = [*report_requests(etat, datetime.now(PARIS).date(), demande), alert_request(demande)]
        return dg.SensorResult(
            run_requests=requests,
            cursor=json.dumps({"empreinte": empreinte, "demande": demande}),
            asset_events=[_seen(entrepot, execution)],
        )

    return publication


def _seen(entrepot: Path, execution: Execution) -> dg.AssetObservation:
    """What the graph shows of a warehouse that the command line published: which, where, and its reports."""
    files = [path for nom in editions() if (path := edition_path(entrepot, nom)).is_file()]
    reports = sorted(path.name for path in Parametres().reports_folder().glob("*.html"))
    return dg.AssetObservation(
        asset_key=ENTREPOT_PUBLIE,
        description="Version publiée, quel que soit ce qui l'a construite.",
        metadata={
            "version": execution.version,
            "empreinte": execution.empreinte,
            "entrepot": dg.MetadataValue.path(str(entrepot)),
            **{f"edition/{path.stem.rpartition('.')[2]}": dg.MetadataValue.path(str(path)) for path in files},
            "rapports": dg.MetadataValue.path(str(Parametres().reports_folder())),
            "pages": dg.MetadataValue.json(reports[:_SHOWN_REPORTS]),
        },
    )


def report_requests(etat: Etat, jour: date, demande: str) -> list[dg.RunRequest]:
    """Return the runs that write again the last reports of each calendar, now that their figures are there.

    One run per document and day when figures stopped. No run key: the orchestrator keeps them for ever, and a
    version put back would never have its reports again.
    """
    groups: dict[tuple[str, date], list[Echeance]] = defaultdict(list)
    for echeance in last_due(etat.calendrier, jour):
        period_key = (echeance.epci, *period(echeance.rapport, echeance.arrete_au))
        if period_key in etat.periodes and etat.publie_le > echeance.arrete_au:
            kind = "+".join(document(echeance.rapport, echeance.arrete_au)) or "bilan"
            groups[kind, echeance.arrete_au].append(echeance)
    return [
        dg.RunRequest(
            job_name=ECRIRE_BILANS,
            run_config=reports_config(echeances),
            tags={**reports_tags(echeances), DEMANDE_TAG: demande},
        )
        for _, echeances in sorted(groups.items())
    ]


def alert_request(demande: str) -> dg.RunRequest:
    """Return the run that looks for alerts about a warehouse just published."""
    return dg.RunRequest(job_name=ALERTER, tags={DEMANDE_TAG: demande})


def _breakdowns() -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="pannes",
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Exécution arrêtée sans qu'une étape ait pu le dire (processus tué, machine redémarrée). "
        + turned_on("sensor", "pannes"),
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
