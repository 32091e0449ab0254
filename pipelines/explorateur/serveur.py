"""The server of the page: marimo's application on the loopback address, in this process."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.explorateur.requetes import EDITION_VARIABLE, FILE_VARIABLE

_PAGE = Path(__file__).with_name("page.py")


def application(fichier: Path, edition: str) -> Any:
    """Return the ASGI application that shows the file of an edition.

    Args:
        fichier: file that `requetes.file_of` chose.
        edition: what it is.

    """
    import marimo

    os.environ[FILE_VARIABLE], os.environ[EDITION_VARIABLE] = str(fichier), edition
    return marimo.create_asgi_app(quiet=True, include_code=False).with_app(path="", root=str(_PAGE)).build()


def run(asgi: Any, hote: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the application until told to stop, and say where once it answers."""
    import uvicorn

    class Announced(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            for server in self.servers:
                for socket in server.sockets:
                    announce(f"http://{hote}:{socket.getsockname()[1]}")

    # Open pages keep their connection: they are closed without waiting for their readers.
    config = uvicorn.Config(
        asgi, host=hote, port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1
    )
    # Told to stop, by a signal or from the keyboard: not a failure.
    with contextlib.suppress(KeyboardInterrupt):
        Announced(config).run()
