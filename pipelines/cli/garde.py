"""What stands before Dagster's page, to which any site that is visited may send requests.

An ASGI application around another. Only what a request is allowed to be belongs here; who may reach the page
at all is said by the network and by the proxy in front (docs/deploiement.md).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Other names under which the page is reached, separated by commas: that of the proxy in front.
VARIABLE = "OBSERVATOIRE_HOTES"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::\d+)?")
_READS = frozenset({"GET", "HEAD"})
_JSON = "application/json"
# The page in a frame of another site: its buttons would be clicked from there.
_HEADERS = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_WS_POLICY_VIOLATION = 1008


def allowed_hosts(hote: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Return the names under which the page may be asked for: the loopback, where it listens, those added."""
    added = {name.strip().lower() for name in environment.get(VARIABLE, "").split(",")}
    return LOOPBACK | ({hote.lower()} | added) - {"", "0.0.0.0", "::"}  # noqa: S104


class Garde:
    """Refuses what a browser would send for another site, before the application behind sees it."""

    def __init__(self, application: Application, hotes: frozenset[str]) -> None:
        self._application = application
        self._hotes = hotes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it over."""
        if scope["type"] not in {"http", "websocket"}:
            await self._application(scope, receive, send)
            return
        refused = refusal(scope, self._hotes)
        if refused is None:
            await self._application(scope, receive, _with_headers(send))
        else:
            await _answer(scope, receive, send, *refused)


def refusal(scope: Scope, hotes: frozenset[str]) -> tuple[int, str] | None:
    """Return why a request is refused (status, sentence); None when it is not."""
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    hosts = headers.get("host", [])
    if len(hosts) != 1 or host_name(hosts[0]) not in hotes:
        return 421, f"Cette page ne répond pas sous ce nom ; ajoutez-le à {VARIABLE} si c'est le sien."
    method = "GET" if scope["type"] == "websocket" else str(scope["method"]).upper()
    if method not in {*_READS, "POST"}:
        return 405, "Méthode refusée."
    is_graphql = str(scope["path"]).rstrip("/").endswith("/graphql")
    if scope["type"] == "http" and method in _READS and is_graphql and scope.get("query_string"):
        return 405, "Une requête GraphQL s'envoie par POST : un lien ne lance rien."
    site = headers.get("sec-fetch-site", ["none"])
    mode = headers.get("sec-fetch-mode", ["navigate"])
    acts = method == "POST" or scope["type"] == "websocket"
    if site not in (["same-origin"], ["none"]) and (acts or mode != ["navigate"]):
        return 403, "Requête venue d'un autre site."
    if acts and any(not _same_origin(origin, hosts[0]) for origin in headers.get("origin", [])):
        return 403, "Requête venue d'un autre site."
    if method == "POST" and headers.get("content-type", [""])[0].partition(";")[0].strip() != _JSON:
        # What a form of another site can send without asking is never JSON.
        return 415, f"Corps attendu : {_JSON}."
    return None


def host_name(host: str) -> str | None:
    """Return the name in a `Host` header, without its port; None when it is malformed."""
    found = _HOST.fullmatch(host)
    return (found["six"] or found["name"]).lower() if found else None


def _same_origin(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or parts.hostname is None:
            return False
    except ValueError:
        return False
    # A proxy may have left its port out of the name that it passes on.
    return parts.netloc.lower() == host.lower() or parts.hostname == host.lower()


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            named = {bytes(name).lower() for name, _ in given}
            message["headers"] = [*given, *(pair for pair in _HEADERS if pair[0] not in named)]
        await send(message)

    return sending


async def _answer(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _WS_POLICY_VIOLATION, "reason": text})
        return
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
