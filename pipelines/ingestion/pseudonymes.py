"""The secret key that replaces persons' identifiers, and the SQL that does it.

The key is never logged nor stored in the warehouse; which columns are identifiers is said by the
declarations.
"""

import hashlib
import hmac
import os
import secrets
import stat
import struct
import tempfile
from itertools import pairwise
from pathlib import Path

import duckdb

from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.ingestion.identifiants import read_identifier

VARIABLE_FICHIER = "OBSERVATOIRE_CLE_FILE"
VARIABLE_CLE = "OBSERVATOIRE_CLE"
_BLOCK = 64
# Tags of the entries of a POSIX access list.
_ACL_UTILISATEUR, _ACL_GROUPE_PROPRE, _ACL_GROUPE, _ACL_AUTRES = 0x02, 0x04, 0x08, 0x20
_MIN_BYTES = 16
# A key whose characters are so few, or whose content so regular, is tried first by whoever wants it.
_MIN_CARACTERES = 8
_DEVINABLES = (
    *("changeme", "password", "motdepasse", "mot de passe", "secret", "observatoire", "azerty", "qwerty"),
    *("123456", "abcdef", "example", "exemple", "default", "admin", "test", "demo", "cle", "key"),
)


def pseudonym_key(fichier: Path | None = None) -> bytes:
    """The pseudonym key, from the environment or a file created on first use (mode 600).

    Order: the file given, the file named by OBSERVATOIRE_CLE_FILE, the text of OBSERVATOIRE_CLE.

    Raises:
        MauvaisUsage: no place is given for the key.
        DonneesRefusees: the key file is too short, or readable by others.
    """
    nom = os.environ.get(VARIABLE_FICHIER)
    chemin = fichier or (Path(nom) if nom else None)
    if chemin is None:
        texte = os.environ.get(VARIABLE_CLE)
        if texte is None:
            raise MauvaisUsage(
                f"Aucune clé de pseudonymisation : indiquez un fichier par {VARIABLE_FICHIER} "
                "(il est créé s'il n'existe pas)."
            )
        cle = texte.strip().encode()
    else:
        cle = _read_or_create(chemin)
    if len(cle) < _MIN_BYTES:
        raise DonneesRefusees(
            f"Clé de pseudonymisation trop courte : au moins {_MIN_BYTES} caractères sont nécessaires."
        )
    if _is_guessable(cle):
        raise DonneesRefusees(
            "Clé de pseudonymisation devinable : mot courant, suite ou répétition. Tirez-la au sort, ou "
            f"laissez l'outil en créer une : indiquez par {VARIABLE_FICHIER} un fichier qui n'existe pas."
        )
    return cle


def _is_guessable(cle: bytes) -> bool:
    """Whether a key is made of few characters, of one part repeated, of a sequence, or of usual words."""
    if len(set(cle)) < _MIN_CARACTERES or cle in (cle + cle)[1:-1]:
        return True
    pas = {b - a for a, b in pairwise(cle)}
    texte = cle.decode("utf-8", "replace").lower()
    for mot in _DEVINABLES:
        texte = texte.replace(mot, "")
    reste = "".join(c for c in texte if c.isalnum())
    return len(pas) == 1 or len(reste) < _MIN_CARACTERES


def _read_or_create(chemin: Path) -> bytes:
    if not chemin.exists():
        chemin.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_open_folder(chemin)
        _create(chemin)
    _refuse_open_folder(chemin)
    etat = chemin.stat()
    if etat.st_uid not in {os.geteuid(), 0} or etat.st_mode & _others(chemin):
        raise DonneesRefusees(
            f"{chemin} : la clé de pseudonymisation est lisible par d'autres, ou n'est pas à vous. "
            f"Faites : chmod 600 {chemin}"
        )
    return chemin.read_bytes().strip()


def _refuse_open_folder(chemin: Path) -> None:
    """Refuse a folder in which others may put another key in the place of this one.

    Raises:
        DonneesRefusees: they may. Where each may only touch what is theirs (`/tmp`), they may not.
    """
    etat = chemin.parent.stat()
    ouvert = etat.st_mode & 0o022 and not etat.st_mode & stat.S_ISVTX
    if ouvert or etat.st_uid not in {os.geteuid(), 0}:
        raise DonneesRefusees(
            f"{chemin.parent} : d'autres peuvent y remplacer la clé de pseudonymisation, ou ce dossier n'est "
            f"pas à vous. Faites : chmod go-w {chemin.parent}"
        )


def _others(chemin: Path) -> int:
    """The mode bits that let others in.

    Where a file has an access list, the bits of the group are its mask and not the rights of a group: what
    others have is in the list itself. systemd gives a service its credential so (0440, one user named).
    """
    liste = _access_list(chemin)
    if liste is None:
        return 0o077
    # Entries of the kernel's format: tag, rights, identifier; after a version of four bytes.
    for tag, droits, qui in struct.iter_unpack("<HHI", liste[4:]):
        etranger = tag in {_ACL_GROUPE_PROPRE, _ACL_GROUPE, _ACL_AUTRES} or (
            tag == _ACL_UTILISATEUR and qui not in {os.geteuid(), 0}
        )
        if etranger and droits:
            return 0o777
    return 0o007


def _access_list(chemin: Path) -> bytes | None:
    try:
        return os.getxattr(chemin, "system.posix_acl_access")
    except (OSError, AttributeError):
        return None


def _create(chemin: Path) -> None:
    """Make a new key, whole or absent: half a key left by a killed run would refuse every later one."""
    descripteur, nom = tempfile.mkstemp(prefix=f".{chemin.name}.", dir=chemin.parent)
    provisoire = Path(nom)
    try:
        with os.fdopen(descripteur, "wb") as flux:
            flux.write(secrets.token_hex(32).encode() + b"\n")
            flux.flush()
            os.fsync(descripteur)
        try:
            # A link never replaces: of two first runs, both read the key of the first.
            os.link(provisoire, chemin)
        except FileExistsError:
            return
        except OSError:
            # A disk without hard links.
            provisoire.replace(chemin)
    finally:
        provisoire.unlink(missing_ok=True)


def key_fingerprint(cle: bytes) -> str:
    """What says that two keys are the same without giving anything of them."""
    return hmac.new(cle, b"observatoire: empreinte de la cle", hashlib.sha256).hexdigest()[:16]


def set_key(con: duckdb.DuckDBPyConnection, cle: bytes) -> None:
    """Give a connection the two padded keys of HMAC, as variables: no query's text ever holds them."""
    bloc = (cle if len(cle) <= _BLOCK else hashlib.sha256(cle).digest()).ljust(_BLOCK, b"\0")
    con.execute("SET VARIABLE obs_ipad = ?::BLOB", [bytes(b ^ 0x36 for b in bloc)])
    con.execute("SET VARIABLE obs_opad = ?::BLOB", [bytes(b ^ 0x5C for b in bloc)])


def hmac_sql(expression: str) -> str:
    """SQL of the HMAC-SHA-256 (hexadecimal) of a text expression; needs `set_key` on the connection."""
    interne = f"unhex(sha256(getvariable('obs_ipad') || encode({expression})))"
    return f"sha256(getvariable('obs_opad') || {interne})"


def former_pseudonyms(cle: bytes, identifiant: str) -> list[str]:
    """Pseudonyms that earlier readers may have given to the same person: they hashed the text as it was, so
    that a lost zero, an invisible character or a letter of full width made another one.

    Args:
        cle: the key.
        identifiant: the number as somebody typed it.
    """
    propre = read_identifier("personne", identifiant)
    textes = [] if propre is None else [propre.removeprefix("0")]
    textes += [identifiant, "".join(identifiant.split())]
    bruts = dict.fromkeys(t.upper() for t in textes if t != propre)
    return [hmac.new(cle, t.encode(), hashlib.sha256).hexdigest() for t in bruts]


def pseudonym(cle: bytes, identifiant: str) -> str:
    """The pseudonym of one request number, in whatever form it is typed: the SQL of the readers says which.

    Raises:
        DonneesRefusees: the text cannot be a request number; it is not quoted.
    """
    propre = read_identifier("personne", identifiant)
    if propre is None:
        raise DonneesRefusees(
            "Ce texte n'est pas un numéro unique de demande : 18 caractères attendus, tous des chiffres "
            "(2A ou 2B pour la Corse), ou 17 quand le premier zéro est perdu."
        )
    return hmac.new(cle, propre.encode(), hashlib.sha256).hexdigest()
