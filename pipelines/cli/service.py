"""Dagster on this machine: the page, the daemon and the process of the code, started and stopped together.

The same three processes as in `deploiement/compose.yml`. How one of them is made belongs in `processus`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines import journal
from pipelines.cli import affichage
from pipelines.cli.garde import LOOPBACK, VARIABLE
from pipelines.cli.processus import FOLDER_VARIABLE, PARENT_VARIABLE
from pipelines.errors import ObservatoireError
from pipelines.fichiers import private_folder, write_text
from pipelines.paths import PROJECT_FILES, PROJECT_ROOT, SERVER_VARIABLE, dagster_home

_CODE = ("code", "code-server", "start", "--module-name", "pipelines.definitions")
_BETWEEN_LOOKS = 0.2
# A build that is told to stop removes what it was making; systemd waits longer (TimeoutStopSec).
_GRACE_S = 60.0
# What the process that holds the code needs and the two others must not have.
# Secrets that may be given as text, the variable that names a file instead, and how the file is written.
_TEXTS: dict[str, tuple[str, Callable[[str], str]]] = {
    "OBSERVATOIRE_CLE": ("OBSERVATOIRE_CLE_FILE", str),
    "OBSERVATOIRE_ALERTES_SMTP_MOT_DE_PASSE": ("OBSERVATOIRE_ALERTES_SMTP_MOT_DE_PASSE_FILE", str),
    "OBSERVATOIRE_ALERTES_WEBHOOK": ("OBSERVATOIRE_ALERTES_WEBHOOK_FILE", str),
    "PGPASSWORD": ("PGPASSFILE", lambda text: "*:*:*:*:" + re.sub(r"([\\:])", r"\\\1", text) + "\n"),
}
# For PostgreSQL's library the text comes before the file; for the others, after.
_FIRST = {"PGPASSWORD"}
# Read by Dagster's own command, as every option of it.
_BELOW = "DAGSTER_CLI_API_GRPC_LOG_FORMAT"
_SECRETS = ("OBSERVATOIRE_CLE", "OBSERVATOIRE_ALERTES_", "OBSERVATOIRE_DUCKLAKE", "PGPASS", "CREDENTIALS_")


def dagster_environment() -> dict[str, str]:
    """Environment of Dagster's processes, with a private home of its own unless one is given."""
    environment = dict(os.environ)
    home = private_folder(Path(environment.setdefault("DAGSTER_HOME", str(dagster_home()))))
    settings = home / "dagster.yaml"
    if not settings.exists():
        shutil.copyfile(PROJECT_FILES / "dagster.yaml", settings)
    return environment


def automatiser(arreter: bool, workspace: Path | None, json: bool) -> None:
    """Turn every schedule and sensor on, or off; say what each is then."""
    environment = dagster_environment()
    if not arreter:
        place = workspace or Path(
            environment.get("OBSERVATOIRE_WORKSPACE") or PROJECT_FILES / "workspace.yaml"
        )
        for kind in ("schedule", "sensor"):
            command = [str(Path(sys.executable).with_name("dagster")), kind, "start", "--start-all"]
            done = subprocess.run(
                [*command, "--workspace", str(place)],
                env=environment,
                cwd=PROJECT_ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                said = (done.stdout + done.stderr).strip().splitlines()
                raise ObservatoireError(f"Dagster a refusé : {said[-1] if said else done.returncode}")
    from pipelines.cli.execution import automatic_states

    os.environ["DAGSTER_HOME"] = environment["DAGSTER_HOME"]
    states = automatic_states(stop=arreter)
    if json:
        affichage.show_json({"automatismes": states})
    else:
        affichage.show_table("Automatismes", ("nom", "état"), sorted(states.items()))


def serve(donnees: Path | None, entrepot: Path | None, hote: str, port: int) -> int:
    """Run Dagster's page and daemon until told to stop; return the exit code."""
    from pipelines.projet_dbt import read_rules

    environment = dagster_environment()
    for name, value in (("DONNEES", donnees), ("ENTREPOT", entrepot)):
        if value is not None:
            environment[f"OBSERVATOIRE_{name}"] = str(value.resolve())
    if hote not in LOOPBACK:
        affichage.announce(
            f"Attention : la page sera ouverte sur {hote}, sans mot de passe : protégez-la "
            f"(docs/deploiement.md). Elle ne répond qu'aux noms de {VARIABLE}."
        )
    # On a slow machine the first reading takes longer than the page waits for its code.
    affichage.announce("Lecture des règles de calcul…")
    read_rules()
    try:
        with _private_folder() as folder, _stopped_at_the_end() as processes:
            return _run(processes, folder, environment, hote, port)
    except KeyboardInterrupt:
        # Told to stop, by a signal or from the keyboard: not a failure.
        return 0


def _run(
    processes: dict[str, "subprocess.Popen[bytes]"],
    folder: Path,
    environment: Mapping[str, str],
    hote: str,
    port: int,
) -> int:
    place, workspace = folder / "code", folder / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server: {{socket: {place}, location_name: observatoire}}\n", encoding="utf-8"
    )
    processes["code"] = _start(
        [*_CODE, *_log_format(), "--location-name", "observatoire", "--socket", str(place)],
        {
            **_with_secrets_in_files(environment, folder),
            **_log_format_below(),
            SERVER_VARIABLE: "1",
            FOLDER_VARIABLE: str(folder),
        },
    )
    while not place.exists():
        if (ended := _ended(processes)) is not None:
            return ended
        time.sleep(_BETWEEN_LOOKS)
    public = _without_secrets(environment)
    shared = ["--workspace", str(workspace), *_log_format()]
    processes["daemon"] = _start(["daemon", "run", *shared], public)
    processes["page"] = _start(["page", "--host", hote, "--port", str(port), *shared], public)
    affichage.announce(f"Page de Dagster : http://{hote}:{port} (Ctrl-C pour arrêter)")
    while (ended := _ended(processes)) is None:
        time.sleep(_BETWEEN_LOOKS)
    return ended


def _log_format() -> list[str]:
    return ["--log-format", "json"] if journal.wanted() else []


def _log_format_below() -> dict[str, str]:
    """What tells the process that Dagster starts by itself, and to which it passes no format."""
    return {_BELOW: "json"} if journal.wanted() else {}


def _with_secrets_in_files(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return an environment whose secrets are in files of a private folder, none of them as text.

    The configuration of a run may name any variable of the process that reads it, and what is wrong with a
    value is said on the page.
    """
    given = dict(environment)
    for variable, (name, form) in _TEXTS.items():
        text = given.pop(variable, "").strip()
        if text and (variable in _FIRST or not given.get(name)):
            given[name] = str(folder / name)
            write_text(folder / name, form(text), mode=0o600)
    return given


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_SECRETS)}


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder for the socket, that nobody else on the machine may use, and for secrets given as text."""
    with tempfile.TemporaryDirectory(prefix="observatoire-") as folder:
        yield Path(folder)


def _start(arguments: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a process as the leader of a group, so that what it starts can be stopped with it."""
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli.processus", *arguments],
        env={**environment, PARENT_VARIABLE: str(os.getpid())},
        cwd=PROJECT_ROOT,
        start_new_session=True,
    )


def _ended(processes: Mapping[str, "subprocess.Popen[bytes]"]) -> int | None:
    for name, process in processes.items():
        if (code := process.poll()) is not None:
            affichage.announce(f"Le processus « {name} » de Dagster s'est arrêté ({code}).")
            return 1
    return None


@contextmanager
def _stopped_at_the_end() -> Iterator[dict[str, "subprocess.Popen[bytes]"]]:
    """Stop every process of the block, however it ends; a second signal does not cut that short."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield processes
    finally:
        numbers = (signal.SIGINT, signal.SIGTERM)
        before: list[tuple[signal.Signals, Any]] = [(n, signal.signal(n, signal.SIG_IGN)) for n in numbers]
        affichage.announce("Arrêt de Dagster…")
        _stop(list(processes.values()))
        for number, handler in before:
            signal.signal(number, handler)


def _stop(processes: list["subprocess.Popen[bytes]"]) -> None:
    for process in reversed(processes):
        _signal(process, signal.SIGTERM)
    limit = time.monotonic() + _GRACE_S
    for process in processes:
        try:
            process.wait(max(limit - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()
        # Whatever it started and did not stop.
        _signal(process, signal.SIGKILL)


def _signal(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
