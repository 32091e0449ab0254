"""One address to one partial file: redirections, resumption, retries, guards on lengths and types.

What the bytes are is judged in `controle`; where they go, in `depot`. A partial file has a companion that
says which version of which address it holds: without it, or when the server has another, it starts again.
"""

import ipaddress
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from pipelines.delai import within
from pipelines.fichiers import write_text
from pipelines.telechargement.refus import Passager, Refus
from pipelines.telechargement.registre import SCHEMAS, Produit

_MORCEAU = 1 << 16
_ESPACE_GARDE = 64 << 20
_PASSAGERS = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
# Addresses whose last bytes are one of the older protocol: a gateway (RFC 6052), the form once meant for it.
_PORTENT_UNE_IPV4 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
_AGENT = "observatoire-attributions (telechargement de donnees ouvertes)"


@dataclass(frozen=True)
class Reglages:
    """How patient to be."""

    essais: int = 5
    delai_s: float = 60.0  # without a byte, or with fewer than `debit_min` bytes a second
    attente_s: float = 1.0  # before the second try; doubles at each try
    attente_max_s: float = 60.0
    redirections: int = 8
    debit_min: int = 500


@dataclass(frozen=True)
class Recu:
    """A complete partial file, and what the server said of it."""

    url_finale: str
    type_contenu: str | None
    etag: str | None
    modifie_le: str | None
    repris: bool


Avance = Callable[[int, int | None], None]


def read_part(partiel: Path) -> dict[str, Any] | None:
    """What the companion of a partial file says, or None when there is nothing to resume."""
    try:
        contenu = json.loads(_companion(partiel).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return contenu if isinstance(contenu, dict) and partiel.is_file() else None


def discard(partiel: Path) -> None:
    """Remove a partial file and its companion."""
    partiel.unlink(missing_ok=True)
    _companion(partiel).unlink(missing_ok=True)


def _companion(partiel: Path) -> Path:
    return partiel.with_name(partiel.name + ".json")


def download(
    produit: Produit, partiel: Path, reglages: Reglages, avance: Avance, redit: Callable[[str], None]
) -> Recu:
    """Fetch the whole of a product's address into `partiel`, resuming and trying again as needed.

    Args:
        produit: what is fetched; its address, its bounds and its types are those that are held to.
        partiel: where the bytes go; kept when the download is interrupted.
        reglages: patience.
        avance: told of bytes received and expected.
        redit: told, in a sentence, of each new try.

    Raises:
        Refus: it cannot be had, and why.

    """
    with requests.Session() as session:
        session.headers.update({"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"})
        transfert = _Transfert(produit, partiel, reglages, avance, session)
        for essai in range(1, reglages.essais + 1):
            try:
                return transfert.attempt()
            except Passager as arret:
                if essai == reglages.essais:
                    raise Refus(
                        f"{arret.constat} ({essai} essai{'s' if essai > 1 else ''})",
                        "Relancez la même commande plus tard : ce qui est reçu est gardé quand le serveur "
                        "permet de reprendre",
                        injoignable=arret.injoignable,
                    ) from arret
                attente = (
                    reglages.attente_s * 2 ** (essai - 1) if arret.attente_s is None else arret.attente_s
                )
                attente = min(attente, reglages.attente_max_s)
                redit(f"{produit.nom} : {arret.constat} ; nouvel essai dans {attente:.0f} s")
                time.sleep(attente)
    raise AssertionError("a download ends by a return or a refusal")


@dataclass
class _Transfert:
    """The tries of one download."""

    produit: Produit
    partiel: Path
    reglages: Reglages
    avance: Avance
    session: requests.Session

    def attempt(self) -> Recu:
        """One try, from where the last one stopped when that can be proved right."""
        connu = read_part(self.partiel)
        debut = self._offset(connu)
        with _network_errors(), self._open(self._range(connu, debut)) as reponse:
            if reponse.status_code == 416:
                return self._beyond(reponse, connu, debut)
            repris = self._resumed(reponse, connu, debut)
            if not repris:
                discard(self.partiel)
                debut = 0
                if reponse.status_code == 206:
                    raise Passager("le fichier a changé sur le serveur, reprise depuis le début", 0)
            total = self._check_head(reponse, debut)
            recu = _received(reponse, repris=repris)
            if not repris:
                self._write_companion(recu, total)
            self._receive(reponse, debut, total)
            return recu

    def _offset(self, connu: Mapping[str, Any] | None) -> int:
        """Bytes already there, when the companion proves that they can be continued."""
        if connu is None or connu.get("url") != self.produit.url or _validator(connu) is None:
            return 0
        return self.partiel.stat().st_size

    def _range(self, connu: Mapping[str, Any] | None, debut: int) -> dict[str, str]:
        if not debut or connu is None:
            return {}
        return {"Range": f"bytes={debut}-", "If-Range": str(_validator(connu))}

    def _open(self, entetes: Mapping[str, str]) -> requests.Response:
        """Send the request and follow redirections, http and https only, never from https to http."""
        url = self.produit.url or ""
        vues = {url}
        for _ in range(self.reglages.redirections + 1):
            reponse = self._headers(url, entetes)
            if reponse.status_code not in _REDIRECTIONS:
                return _checked_status(reponse)
            cible = reponse.headers.get("Location")
            reponse.close()
            if not cible:
                raise Refus(f"le serveur redirige (code {reponse.status_code}) sans dire vers où")
            suivante = urljoin(url, cible)
            _check_redirection(url, suivante)
            if not self._is_allowed(suivante):
                raise Refus(
                    "le serveur redirige vers une adresse interne (cette machine ou son réseau)",
                    "Si c'est voulu, écrivez « reseau_interne: true » au produit dans telechargements.yml",
                )
            if suivante in vues:
                raise Refus("le serveur redirige en boucle")
            vues.add(suivante)
            url = suivante
        raise Refus(f"plus de {self.reglages.redirections} redirections")

    def _headers(self, url: str, entetes: Mapping[str, str]) -> requests.Response:
        """Ask, and wait for the headers as long as was set, even when they come one byte at a time."""
        attente = (min(self.reglages.delai_s, 30.0), self.reglages.delai_s)

        def ask() -> requests.Response:
            return self.session.get(
                url, headers=dict(entetes), stream=True, allow_redirects=False, timeout=attente
            )

        try:
            return within(sum(attente), ask, requests.Response.close)
        except TimeoutError as error:
            raise requests.exceptions.ReadTimeout from error

    def _is_allowed(self, url: str) -> bool:
        """Whether a redirection may be followed: outside, or where the registry of products says."""
        vers, connue = urlsplit(url), urlsplit(self.produit.url or "")
        return (
            self.produit.reseau_interne
            or (vers.hostname, vers.port) == (connue.hostname, connue.port)
            or not is_internal(vers.hostname or "")
        )

    def _beyond(self, reponse: requests.Response, connu: Mapping[str, Any] | None, debut: int) -> Recu:
        """The server has nothing after what is there: it is complete, or it is another file."""
        taille = reponse.headers.get("Content-Range", "").rpartition("/")[2]
        if connu is not None and taille == str(debut) and connu.get("total") in (None, debut):
            return Recu(
                str(connu.get("url_finale") or self.produit.url),
                *(connu.get("type"), connu.get("etag"), connu.get("modifie_le")),
                repris=True,
            )
        discard(self.partiel)
        raise Passager("la reprise est refusée par le serveur, reprise depuis le début", 0)

    def _resumed(self, reponse: requests.Response, connu: Mapping[str, Any] | None, debut: int) -> bool:
        """Whether the answer continues what is there: same version, right place."""
        if reponse.status_code != 206 or connu is None:
            return False
        plage = reponse.headers.get("Content-Range", "")
        place, _, total = plage.removeprefix("bytes ").partition("/")
        etag = reponse.headers.get("ETag")
        meme_version = etag is None or connu.get("etag") in (None, etag)
        meme_total = total in ("*", "") or connu.get("total") in (None, int(total) if total.isdigit() else -1)
        return place.startswith(f"{debut}-") and meme_version and meme_total

    def _check_head(self, reponse: requests.Response, debut: int) -> int | None:
        """Refuse on the headers what must not be read; the whole size expected, when it is said."""
        annonce = (reponse.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        attendus = self.produit.types_attendus
        if annonce and attendus and annonce not in attendus:
            raise Refus(
                f"le serveur envoie « {annonce} » au lieu de {attendus[0]}"
                + (" : c'est sans doute une page d'erreur" if annonce == "text/html" else "")
            )
        longueur = reponse.headers.get("Content-Length", "")
        if not longueur.isdigit() or _encoded(reponse):
            return None
        total = debut + int(longueur)
        self._check_size(total)
        if total < self.produit.octets_min:
            raise Refus(
                f"le serveur annonce {octets(total)}, moins que le minimum vraisemblable "
                f"({octets(self.produit.octets_min)})"
            )
        libre = shutil.disk_usage(self.partiel.parent).free
        if total - debut + _ESPACE_GARDE > libre:
            raise Refus(
                f"il faut {octets(total - debut)} et le disque n'a que {octets(libre)} de libre",
                "Libérez de la place puis relancez la même commande",
            )
        return total

    def _check_size(self, taille: int) -> None:
        if taille > self.produit.octets_max:
            raise Refus(
                f"plus de {octets(self.produit.octets_max)}, le maximum vraisemblable",
                "Si le fichier a vraiment grossi, relevez octets_max dans telechargements.yml",
            )

    def _write_companion(self, recu: Recu, total: int | None) -> None:
        contenu = {
            "url": self.produit.url,
            "url_finale": recu.url_finale,
            "etag": recu.etag,
            "modifie_le": recu.modifie_le,
            "type": recu.type_contenu,
            "total": total,
        }
        write_text(_companion(self.partiel), json.dumps(contenu, ensure_ascii=False))

    def _receive(self, reponse: requests.Response, debut: int, total: int | None) -> None:
        """Copy the body, watching size and speed; what was received stays, whatever stops the copy."""
        recus = debut
        with self.partiel.open("ab" if debut else "wb") as flux:
            for morceau in self._chunks(reponse):
                flux.write(morceau)
                recus += len(morceau)
                self._check_size(recus)
                self.avance(recus, total)
        if total is not None and recus != total:
            raise Passager(f"téléchargement coupé à {octets(recus)} sur {octets(total)}")

    def _chunks(self, reponse: requests.Response) -> Iterator[bytes]:
        """Bytes as they come, not by full buffers: a server that drips is noticed."""
        depuis, recus = time.monotonic(), 0
        while morceau := reponse.raw.read1(_MORCEAU, decode_content=True):
            yield morceau
            recus += len(morceau)
            ecoule = time.monotonic() - depuis
            if ecoule > self.reglages.delai_s:
                if recus < self.reglages.debit_min * ecoule:
                    raise Passager(f"le serveur n'envoie plus que {recus / ecoule:.0f} octets par seconde")
                depuis, recus = time.monotonic(), 0


def _validator(connu: Mapping[str, Any]) -> str | None:
    """What proves that a version is the same: a strong ETag, else the date of modification."""
    etag = connu.get("etag")
    if isinstance(etag, str) and etag and not etag.startswith("W/"):
        return etag
    modifie = connu.get("modifie_le")
    return modifie if isinstance(modifie, str) and modifie else None


def _received(reponse: requests.Response, *, repris: bool) -> Recu:
    entetes = reponse.headers
    return Recu(
        reponse.url,
        entetes.get("Content-Type"),
        None if _encoded(reponse) else entetes.get("ETag"),
        None if _encoded(reponse) else entetes.get("Last-Modified"),
        repris,
    )


def _encoded(reponse: requests.Response) -> bool:
    """Whether the body is compressed on the way: its length is not that of the file, nor its ETag."""
    return reponse.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}


def _check_redirection(depuis: str, vers: str) -> None:
    schema = urlsplit(vers).scheme.lower()
    if schema not in SCHEMAS or not urlsplit(vers).netloc:
        raise Refus("le serveur redirige vers une adresse qui n'est ni http ni https")
    if urlsplit(depuis).scheme.lower() == "https" and schema == "http":
        raise Refus("le serveur redirige vers une adresse sans chiffrement (https vers http)")


def is_internal(hote: str) -> bool:
    """Whether a name leads, by any of its addresses, to this machine or to a network that is not public."""
    try:
        trouvees = {str(info[4][0]) for info in socket.getaddrinfo(hote, None)}
    except (OSError, UnicodeError):
        # Unknown here: through a proxy, it is the proxy that looks for it.
        return False
    return not all(_is_public(ipaddress.ip_address(a.partition("%")[0])) for a in trouvees)


def _is_public(adresse: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(adresse, ipaddress.IPv6Address):
        interieure = adresse.ipv4_mapped or adresse.sixtofour
        if any(adresse in reseau for reseau in _PORTENT_UNE_IPV4):
            interieure = ipaddress.IPv4Address(int(adresse) & 0xFFFFFFFF)
        if interieure is not None:
            return _is_public(interieure)
        if adresse.is_site_local:
            return False
    return adresse.is_global and not adresse.is_multicast


def _checked_status(reponse: requests.Response) -> requests.Response:
    code = reponse.status_code
    if code in {200, 206, 416}:
        return reponse
    attente = _retry_after(reponse.headers.get("Retry-After"))
    reponse.close()
    if code in _PASSAGERS:
        raise Passager(f"le serveur répond {code}", attente)
    if code in {404, 410}:
        raise Refus(f"l'adresse n'existe pas ou plus (code {code})")
    if code in {401, 403}:
        raise Refus(f"le serveur refuse l'accès (code {code})")
    raise Refus(f"le serveur répond {code}")


def _retry_after(valeur: str | None) -> float | None:
    """Seconds that the server asks to wait, given as a number or as a date."""
    if not valeur:
        return None
    if valeur.strip().isdigit():
        return float(valeur)
    try:
        date = parsedate_to_datetime(valeur)
    except ValueError:
        return None
    return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())


@contextmanager
def _network_errors() -> Iterator[None]:
    """Errors of the network as one sentence; most may pass, a certificate that is not trusted will not."""
    try:
        yield
    except (requests.exceptions.SSLError, urllib3.exceptions.SSLError) as error:
        raise Refus(
            f"le certificat du serveur n'est pas reconnu ({error})",
            "Vérifiez l'heure de la machine et ses certificats (variable REQUESTS_CA_BUNDLE derrière un "
            "serveur mandataire)",
        ) from error
    except requests.exceptions.ProxyError as error:
        raise Passager("le serveur mandataire (proxy) ne répond pas", injoignable=True) from error
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise Passager("le serveur ne répond pas dans le délai") from error
    except (requests.exceptions.ConnectionError, urllib3.exceptions.NewConnectionError) as error:
        raise Passager("le serveur est injoignable, ou il a coupé la connexion", injoignable=True) from error
    except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.HTTPError) as error:
        raise Passager("la connexion a été coupée en cours de route") from error
    except requests.exceptions.RequestException as error:
        raise Refus(f"requête impossible ({error})") from error


def octets(taille: int) -> str:
    """A size as a reader writes it."""
    for seuil, unite in ((1_000_000_000, "Go"), (1_000_000, "Mo"), (1_000, "ko")):
        if taille >= seuil:
            return f"{taille / seuil:.1f} {unite}".replace(".", ",")
    return f"{taille} octets"
