"""The secret key that replaces persons' identifiers, and the SQL that does it.

The key is never logged nor stored in the warehouse; which columns are identifiers is said by the
declarations.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

import duckdb

from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.ingestion.identifiants import read_identifier

VARIABLE_FICHIER = "OBSERVATOIRE_CLE_FILE"
VARIABLE_CLE = "OBSERVATOIRE_CLE"
_BLOCK = 64
_MIN_BYTES = 16


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
    return cle


def _read_or_create(chemin: Path) -> bytes:
    if not chemin.exists():
        chemin.parent.mkdir(parents=True, exist_ok=True)
        _create(chemin)
    if chemin.stat().st_mode & 0o077:
        raise DonneesRefusees(
            f"{chemin} : la clé de pseudonymisation est lisible par d'autres. Faites : chmod 600 {chemin}"
        )
    return chemin.read_bytes().strip()


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
