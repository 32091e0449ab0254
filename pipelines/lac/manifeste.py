"""The manifest of a version of the lake: what is in it, with the hash of each file.

Names of the layout and the reading of the manifest belong here.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import DonneesRefusees, ObservatoireError

FORMAT = 1
MANIFESTE = "manifeste.json"
VERSIONS = "versions"
COURANT = "courant"


def choose_version(lac: Path, numero: int | None) -> Path:
    """Return the folder of a version of a lake, the current one by default.

    The link is followed once: what is read afterwards stays the same version if another one is published.

    Raises:
        ObservatoireError: not a lake, or no such version (the message lists those there are).

    """
    if not (lac / VERSIONS).is_dir():
        raise ObservatoireError(
            f"« {lac} » n'est pas un lac d'Observatoire. Écrivez-en un : observatoire build … --lac {lac}"
        )
    if numero is None:
        link = lac / COURANT
        if not link.is_dir():
            raise ObservatoireError(f"Le lac « {lac} » n'a pas encore de version complète.")
        return link.resolve()
    found = sorted(lac.glob(f"{VERSIONS}/{numero:04d}-*/"))
    if not found:
        known = sorted(int(path.name.split("-")[0]) for path in lac.glob(f"{VERSIONS}/[0-9]*-*/"))
        raise ObservatoireError(
            f"Le lac « {lac} » n'a pas la version {numero}. Versions gardées : "
            f"{', '.join(map(str, known)) or 'aucune'}."
        )
    return found[-1]


def read_manifest(version: Path) -> dict[str, Any]:
    """Return the manifest of a version.

    Raises:
        ObservatoireError: there is none, or it is of a later format.

    """
    path = version / MANIFESTE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = int(content["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ObservatoireError(f"« {path} » n'est pas le manifeste d'un lac d'Observatoire.") from error
    if found > FORMAT:
        raise ObservatoireError(
            f"« {path} » est au format {found} ; cette version d'Observatoire lit jusqu'au format {FORMAT}."
        )
    return content


def check_files(version: Path, manifeste: Mapping[str, Any]) -> None:
    """Refuse a version whose files are not those of its manifest.

    Raises:
        DonneesRefusees: a file is missing or has other bytes.

    """
    wrong = list(_differences(version, manifeste))
    if wrong:
        more = f" (et {len(wrong) - 1} autre(s))" if len(wrong) > 1 else ""
        raise DonneesRefusees(
            f"Le lac « {version} » n'est pas celui de son manifeste : {wrong[0]}{more}. "
            "Reprenez une copie intacte, ou réécrivez-le avec « observatoire build … --lac »."
        )


def _differences(version: Path, manifeste: Mapping[str, Any]) -> Iterator[str]:
    for table in manifeste["tables"]:
        for entry in table["fichiers"]:
            path = version / entry["chemin"]
            if not path.is_file():
                yield f"{entry['chemin']} est absent"
                continue
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != entry["sha256"]:
                    yield f"{entry['chemin']} n'a pas les octets attendus"
