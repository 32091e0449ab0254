"""What a build is asked and what it is given, in one fingerprint: whether there is anything to build is known
before the orchestrator is loaded and before a file is read.

Wide on purpose: a file that changes no figure costs a build, which then finds that nothing changed; the
reverse would leave a wrong figure in place.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines import projet_dbt, publication
from pipelines.fichiers import private_folder
from pipelines.ingestion import key_fingerprint
from pipelines.ingestion.pseudonymes import VARIABLE_CLE, VARIABLE_FICHIER, pseudonym_key
from pipelines.paths import LOCK_NAME, METHODES, PUBLIC_MEMORY

# Written beside the data by a build itself.
_WRITTEN = frozenset({Path(LOCK_NAME), PUBLIC_MEMORY})


def user_key() -> bytes:
    """Return the key of the pseudonyms: that of the environment, else one kept for the user.

    That file is in the user's configuration folder, made on first use; never in the repository, in the
    warehouse nor in its working folder.

    Raises:
        ObservatoireError: the key is too short, or its file is readable by others.

    """
    if any(os.environ.get(name) for name in (VARIABLE_CLE, VARIABLE_FICHIER)):
        return pseudonym_key()
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    path = Path(home).expanduser() / "observatoire" / "cle_pseudonymes"
    with publication.disk_errors_explained(path.parent):
        private_folder(path.parent)
        return pseudonym_key(path)


def request_fingerprint(
    donnees: Path,
    territoires: Path,
    *,
    epci: Iterable[str],
    annees: Iterable[int],
    tous: bool,
    cle: bytes,
) -> str:
    """Fingerprint of every byte and option that a build starts from, its rules and its program included.

    Args:
        donnees: landing folder, every file of it.
        territoires: folder of the conventions.
        epci: SIREN asked for, in any order.
        annees: years asked for, in any order.
        tous: every EPCI of the data.
        cle: key of the pseudonyms, of which only the fingerprint is used.

    Raises:
        OSError: a file cannot be read.

    """
    digest = hashlib.sha256()
    for said in (
        *(f"epci {siren}" for siren in sorted(set(epci))),
        *(f"annee {annee}" for annee in sorted(set(annees))),
        f"tous {tous}",
        f"cle {key_fingerprint(cle)}",
        f"regles {projet_dbt.fingerprint()}",
        f"programme {publication.program_fingerprint()}",
    ):
        digest.update(f"{said}\0".encode())
    for folder in (donnees, territoires, METHODES):
        digest.update(b"\0dossier\0")
        for relative, path in _files(folder):
            digest.update(os.fsencode(relative) + b"\0")
            digest.update(bytes.fromhex(publication.file_hash(path)))
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[Path, Path]]:
    found = ((path.relative_to(folder), path) for path in folder.rglob("*") if path.is_file())
    yield from sorted(item for item in found if item[0] not in _WRITTEN)
