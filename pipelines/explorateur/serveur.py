"""The server of the page: marimo's application on the loopback address, in this process."""

import contextlib
import importlib
import os
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from pipelines.errors import ObservatoireError
from pipelines.explorateur.requetes import EDITION_VARIABLE, FILE_VARIABLE

_PAGE = Path(__file__).with_name("page.py")
# The page's own scripts, three hundred files whose names change when they do.
_SCRIPTS = "/assets/"
_DRAWINGS = "pipelines.explorateur.dessins"
_LONGEST_ADDRESS = 65_536
_KEPT = (b"cache-control", b"private, max-age=31536000, immutable")


def application(fichier: Path, edition: str) -> Any:
    """Return the ASGI application that shows the file of an edition.

    Args:
        fichier: file that `requetes.file_of` chose.
        edition: what it is.

    """
    # The page repeats its address, with what was typed as SQL, on its own connection: 8 kB by default,
    # read once when the library is loaded.
    os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", str(_LONGEST_ADDRESS))
    import marimo

    os.environ[FILE_VARIABLE], os.environ[EDITION_VARIABLE] = str(fichier), edition
    page = marimo.create_asgi_app(quiet=True, include_code=False).with_app(path="", root=str(_PAGE)).build()
    return _with_scripts_kept(page)


def _with_scripts_kept(asgi: Any) -> Any:
    """Let a browser keep the scripts: the page opens again without asking for any."""

    async def keeping(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message["headers"] = [*message.get("headers", []), _KEPT]
            await send(message)

        kept = scope["type"] == "http" and str(scope["path"]).startswith(_SCRIPTS)
        answer: Awaitable[None] = asgi(scope, receive, sending if kept else send)
        await answer

    return keeping


def run(asgi: Any, hote: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the application until told to stop, and say where once it answers.

    Raises:
        ObservatoireError: another program listens there, or this one may not.

    """
    import uvicorn

    try:
        listening = socket.create_server((hote, port))
    except OSError as error:
        raise ObservatoireError(
            f"Le port {port} de {hote} ne peut pas être ouvert ({error.strerror}) : une autre page, ou "
            "un autre programme, l'occupe. Donnez-en un autre avec --port, ou --port 0 pour le premier libre."
        ) from error

    class Announced(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            for server in self.servers:
                for opened in server.sockets:
                    announce(f"http://{hote}:{opened.getsockname()[1]}")

    # Loaded while the first browser loads its scripts.
    threading.Thread(target=importlib.import_module, args=[_DRAWINGS], daemon=True).start()
    # Open pages keep their connection: they are closed without waiting for their readers.
    config = uvicorn.Config(
        asgi, host=hote, port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1
    )
    # Told to stop, by a signal or from the keyboard: not a failure.
    with contextlib.suppress(KeyboardInterrupt):
        Announced(config).run(sockets=[listening])
