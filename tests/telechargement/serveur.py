"""A local HTTP server that does what real ones do on a bad day, and remembers what it was asked."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Comportement = Callable[["Requete"], None]


class Requete(BaseHTTPRequestHandler):
    """One request; a behaviour answers it through `send`."""

    server: "_Http"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.server.scene.verrou:
            self.server.scene.recues.append((self.path, dict(self.headers.items())))
            prevus = self.server.scene.prevus.get(self.path.partition("?")[0])
        if not prevus:
            self.send(404, b"absent", {"Content-Type": "text/plain"})
            return
        # The last behaviour stays; the ones before serve once.
        comportement = prevus.pop(0) if len(prevus) > 1 else prevus[0]
        try:
            comportement(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def send(self, code: int, corps: bytes, entetes: Mapping[str, str], longueur: int | None = None) -> None:
        """A whole answer, with the right length unless another is given."""
        self.send_response(code)
        for nom, valeur in entetes.items():
            self.send_header(nom, valeur)
        self.send_header("Content-Length", str(len(corps) if longueur is None else longueur))
        self.end_headers()
        self.wfile.write(corps)

    def cut(self) -> None:
        """Close the connection without a word."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def asked_from(self) -> int | None:
        """Where the client asks to start, if it does."""
        plage = self.headers.get("Range")
        return int(plage.removeprefix("bytes=").rstrip("-")) if plage else None

    def log_message(self, *_: object) -> None:
        """Nothing on the error stream."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    scene: "Serveur"

    def handle_error(self, *_: object) -> None:
        """A client that leaves is part of the play."""


@dataclass
class Serveur:
    """What the server will do, by path, and what it was asked."""

    base: str = ""
    prevus: dict[str, list[Comportement]] = field(default_factory=dict)
    recues: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    verrou: threading.Lock = field(default_factory=threading.Lock)

    def url(self, chemin: str) -> str:
        return self.base + chemin

    def plan(self, chemin: str, *comportements: Comportement) -> str:
        """Say what a path will do, answer after answer; returns its address."""
        self.prevus[chemin] = list(comportements)
        return self.url(chemin)

    def ranges(self) -> list[str | None]:
        """The `Range` header of each request, in order."""
        return [entetes.get("Range") for _, entetes in self.recues]


@contextmanager
def served() -> Iterator[Serveur]:
    scene = Serveur()
    http = _Http(("127.0.0.1", 0), Requete)
    http.scene = scene
    scene.base = f"http://127.0.0.1:{http.server_port}"
    fil = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    fil.start()
    try:
        yield scene
    finally:
        http.shutdown()
        http.server_close()


def whole(corps: bytes, type_contenu: str = "text/csv", **entetes: str) -> Comportement:
    """The file, as it should be, without resumption."""
    propres = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return lambda r: r.send(200, corps, {"Content-Type": type_contenu, **propres})


def resumable(corps: bytes, etag: str = '"v1"', type_contenu: str = "text/csv") -> Comportement:
    """The file, from where the client asks when it has the right version."""

    def answer(r: Requete) -> None:
        debut = r.asked_from()
        entetes = {"Content-Type": type_contenu, "ETag": etag, "Accept-Ranges": "bytes"}
        if debut is None or r.headers.get("If-Range") not in (None, etag):
            r.send(200, corps, entetes)
        elif debut >= len(corps):
            r.send(416, b"", {**entetes, "Content-Range": f"bytes */{len(corps)}"})
        else:
            plage = f"bytes {debut}-{len(corps) - 1}/{len(corps)}"
            r.send(206, corps[debut:], {**entetes, "Content-Range": plage})

    return answer


def cut_after(nombre: int, corps: bytes, etag: str | None = '"v1"') -> Comportement:
    """The headers of the whole file, its first bytes, then nothing."""

    def answer(r: Requete) -> None:
        entetes = {"Content-Type": "text/csv", **({"ETag": etag} if etag else {})}
        r.send(200, corps[:nombre], entetes, longueur=len(corps))
        r.cut()

    return answer


def silent(secondes: float) -> Comportement:
    """Accepts the request and says nothing."""

    def answer(r: Requete) -> None:
        time.sleep(secondes)
        r.cut()

    return answer


def drip(corps: bytes, secondes: float) -> Comportement:
    """One byte from time to time: no single wait is long."""

    def answer(r: Requete) -> None:
        r.send(200, b"", {"Content-Type": "text/csv"}, longueur=len(corps))
        for octet in corps:
            r.wfile.write(bytes([octet]))
            r.wfile.flush()
            time.sleep(secondes)

    return answer


def status(code: int, **entetes: str) -> Comportement:
    propres = {nom.replace("_", "-"): valeur for nom, valeur in entetes.items()}
    return lambda r: r.send(code, b"indisponible", {"Content-Type": "text/plain", **propres})


def redirect(vers: str, code: int = 302) -> Comportement:
    return lambda r: r.send(code, b"", {"Location": vers})


def html(code: int = 200, type_contenu: str = "text/html; charset=utf-8") -> Comportement:
    page = b"<!DOCTYPE html><html><body>Service momentanement indisponible</body></html>" * 40
    return lambda r: r.send(code, page, {"Content-Type": type_contenu})
