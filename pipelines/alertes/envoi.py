"""How alerts leave: the log always, an e-mail and a webhook when they are set.

A channel that fails is reported and never stops a run. Settings come from environment variables, secrets from
files that they name.
"""

import json
import logging
import smtplib
import ssl
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path

from pipelines.affichable import affichable
from pipelines.alertes.regles import GRAVITES, Alerte
from pipelines.delai import within
from pipelines.errors import MauvaisUsage

PREFIX = "OBSERVATOIRE_ALERTES_"
SECURITES = ("starttls", "tls", "aucune")
_TIMEOUT_SECONDS = 15
# Of one channel, however it is spent: a server that answers a byte at a time does not hold the run.
_CHANNEL_SECONDS = 60
_LEVELS = dict(zip(GRAVITES, (logging.INFO, logging.WARNING, logging.ERROR), strict=True))

logger = logging.getLogger("observatoire.alerte")


@dataclass(frozen=True)
class Courriel:
    """Where e-mails leave from and to whom they go."""

    hote: str
    port: int
    securite: str
    expediteur: str
    destinataires: tuple[str, ...]
    utilisateur: str | None = None
    mot_de_passe: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Reglages:
    """The channels that are set; the log is always one."""

    courriel: Courriel | None = None
    webhook: str | None = field(default=None, repr=False)
    gravite: str = GRAVITES[1]


def read_settings(environment: Mapping[str, str]) -> Reglages:
    """Read the settings of the channels from environment variables (`OBSERVATOIRE_ALERTES_…`).

    Raises:
        MauvaisUsage: a variable cannot be understood, or a secret file cannot be read.

    """
    gravite = environment.get(f"{PREFIX}GRAVITE") or GRAVITES[1]
    if gravite not in GRAVITES:
        raise MauvaisUsage(f"{PREFIX}GRAVITE attend {', '.join(GRAVITES)} ; reçu « {gravite} ».")
    return Reglages(_email(environment), _secret(environment, "WEBHOOK"), gravite)


def _email(environment: Mapping[str, str]) -> Courriel | None:
    given = {
        name: environment.get(f"{PREFIX}{name}") or ""
        for name in ("SMTP_HOTE", "SMTP_PORT", "SMTP_SECURITE", "SMTP_UTILISATEUR", "EXPEDITEUR", "COURRIEL")
    }
    if not given["COURRIEL"]:
        return None
    for name in ("SMTP_HOTE", "EXPEDITEUR"):
        if not given[name]:
            raise MauvaisUsage(f"{PREFIX}COURRIEL est donné sans {PREFIX}{name}.")
    securite = given["SMTP_SECURITE"] or SECURITES[0]
    if securite not in SECURITES:
        raise MauvaisUsage(f"{PREFIX}SMTP_SECURITE attend {', '.join(SECURITES)} ; reçu « {securite} ».")
    port = given["SMTP_PORT"] or {"starttls": "587", "tls": "465", "aucune": "25"}[securite]
    if not (port.isascii() and port.isdigit()):
        raise MauvaisUsage(f"{PREFIX}SMTP_PORT attend un nombre, reçu « {port} ».")
    password = _secret(environment, "SMTP_MOT_DE_PASSE")
    if password and securite == "aucune":
        raise MauvaisUsage(f"Un mot de passe ne part pas en clair : {PREFIX}SMTP_SECURITE=starttls ou tls.")
    return Courriel(
        given["SMTP_HOTE"],
        int(port),
        securite,
        given["EXPEDITEUR"],
        tuple(part.strip() for part in given["COURRIEL"].split(",") if part.strip()),
        given["SMTP_UTILISATEUR"] or None,
        password,
    )


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    """A secret: the content of the file named by `…_FILE`, else the variable itself."""
    path = environment.get(f"{PREFIX}{name}_FILE")
    if not path:
        return environment.get(f"{PREFIX}{name}") or None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise MauvaisUsage(f"{PREFIX}{name}_FILE : « {path} » ne peut pas être lu.") from error


def send(alertes: Sequence[Alerte], reglages: Reglages) -> list[str]:
    """Log the alerts, then send those that are severe enough; return what could not be sent, in French."""
    # Names of files and of landlords reach a terminal, an e-mail, a chat.
    alertes = [
        replace(a, message=affichable(a.message), a_faire=affichable(a.a_faire), objet=affichable(a.objet))
        for a in alertes
    ]
    for alerte in alertes:
        logger.log(
            _LEVELS[alerte.gravite],
            "%s",
            alerte.message,
            extra={"alerte": alerte.alerte, "gravite": alerte.gravite, "objet": alerte.objet},
        )
    severe = [a for a in alertes if GRAVITES.index(a.gravite) >= GRAVITES.index(reglages.gravite)]
    problems = []
    if severe and reglages.courriel is not None:
        problems += _attempt("courriel", partial(_send_email, severe, reglages.courriel))
    if severe and reglages.webhook is not None:
        problems += _attempt("webhook", partial(_post, severe, reglages.webhook))
    for problem in problems:
        logger.error("%s", problem)
    return problems


def _attempt(channel: str, action: Callable[[], None]) -> list[str]:
    try:
        within(_CHANNEL_SECONDS, action)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # The text of the error may hold an address or a password: its kind is enough.
        return [f"L'alerte n'a pas pu partir par {channel} ({type(error).__name__})."]
    return []


def message(alertes: Sequence[Alerte], courriel: Courriel) -> EmailMessage:
    """Return the e-mail of some alerts."""
    worst = alertes[0].gravite
    content = EmailMessage()
    content["Subject"] = f"Observatoire : {len(alertes)} alerte(s), {worst}"
    content["From"] = courriel.expediteur
    content["To"] = ", ".join(courriel.destinataires)
    content.set_content("\n\n".join(f"[{a.gravite}] {a.message}\n{a.a_faire}" for a in alertes) + "\n")
    return content


def _send_email(alertes: Sequence[Alerte], courriel: Courriel) -> None:
    context = ssl.create_default_context()
    if courriel.securite == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            courriel.hote, courriel.port, timeout=_TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(courriel.hote, courriel.port, timeout=_TIMEOUT_SECONDS)
    with server:
        if courriel.securite == "starttls":
            server.starttls(context=context)
        if courriel.utilisateur and courriel.mot_de_passe:
            server.login(courriel.utilisateur, courriel.mot_de_passe)
        server.send_message(message(alertes, courriel))


def _post(alertes: Sequence[Alerte], address: str) -> None:
    if not address.startswith(("https://", "http://")):
        raise ValueError("an address that starts with http:// or https://")
    body = json.dumps(
        {
            # What the common chat services show of an incoming webhook.
            "text": "\n".join(f"[{a.gravite}] {a.message}" for a in alertes),
            "alertes": [vars(a) for a in alertes],
        },
        ensure_ascii=False,
    ).encode()
    request = urllib.request.Request(  # noqa: S310 - http and https only, checked above
        address, data=body, headers={"Content-Type": "application/json; charset=utf-8"}, method="POST"
    )
    with urllib.request.build_opener(_NoRedirection).open(request, timeout=_TIMEOUT_SECONDS):
        pass


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """An alert goes where it was told: sent on, it would leave without its body, and pass for delivered."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the answer is then an error."""
