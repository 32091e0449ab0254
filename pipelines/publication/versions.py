"""The replaced warehouses that are kept, and how one is put back.

A version is the file itself, under its number; what it holds is read from inside it.
"""

import os
import shutil
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.fichiers import flush, flush_folder, keep_access, replacing
from pipelines.lecture_seule import open_read_only
from pipelines.paths import WorkingFolder
from pipelines.publication.chantier import Chantier
from pipelines.publication.editions import prepare_editions, put_editions
from pipelines.publication.lecture import (
    is_busy,
    open_warehouse,
    other_schema,
    published_execution,
    schema_version,
)
from pipelines.publication.publique import protect_again


@dataclass(frozen=True)
class Version:
    """One published warehouse, current or kept."""

    numero: int
    publie_le: datetime
    empreinte: str
    taille: int
    courante: bool
    chemin: Path
    structure: int


def kept_versions(dossier: WorkingFolder) -> list[Version]:
    """Return the current warehouse and the kept ones, newest first."""
    paths = [(path, False) for path in kept_files(dossier)]
    if dossier.entrepot.is_file():
        paths.append((dossier.entrepot, True))
    versions: dict[int, Version] = {}
    for path, courante in paths:
        with open_warehouse(path, toute_version=True) as con:
            execution, structure = published_execution(con), schema_version(con)
        versions[execution.version] = Version(
            execution.version,
            execution.fin,
            execution.empreinte,
            path.stat().st_size,
            courante,
            path,
            structure,
        )
    return sorted(versions.values(), key=lambda version: version.numero, reverse=True)


def next_number(dossier: WorkingFolder) -> int:
    """Return the number that the next published version takes."""
    numbers = [int(path.stem) for path in kept_files(dossier)]
    current = _current_number(dossier)
    return max([0, *numbers, *([] if current is None else [current])]) + 1


def keep_current(dossier: WorkingFolder) -> None:
    """Keep the published file under its number before it is replaced, as a second name of the same bytes."""
    if not dossier.entrepot.is_file() or dossier.entrepot.stat().st_size == 0:
        return
    number = _current_number(dossier) or next_number(dossier)
    kept = dossier.versions / f"{number:04d}.duckdb"
    dossier.versions.mkdir(exist_ok=True)
    if not kept.exists():
        try:
            os.link(dossier.entrepot, kept)
        except OSError:
            # A disk without hard links: a copy, whole or absent.
            with replacing(kept, stat.S_IMODE(dossier.entrepot.stat().st_mode)) as temporary:
                shutil.copyfile(dossier.entrepot, temporary)
    log = dossier.entrepot.with_name(dossier.entrepot.name + ".wal")
    if log.exists():
        log.replace(kept.with_name(kept.name + ".wal"))
    flush_folder(dossier.versions)


def prune(dossier: WorkingFolder, garder: int) -> None:
    """Remove the oldest kept versions beyond `garder`."""
    for path in sorted(kept_files(dossier), key=lambda path: int(path.stem), reverse=True)[max(garder, 0) :]:
        path.unlink()
        path.with_name(path.name + ".wal").unlink(missing_ok=True)


def restore(chantier: Chantier, numero: int) -> Version:
    """Put a kept version back in place, atomically; the replaced one is kept in turn.

    Raises:
        MauvaisUsage: the number is not one of the kept versions.
        ObservatoireError: the version is already the published one, or one that no command could read.

    """
    dossier = chantier.dossier
    versions = {version.numero: version for version in kept_versions(dossier)}
    chosen = versions.get(numero)
    if chosen is None:
        known = ", ".join(str(number) for number in sorted(versions)) or "aucune"
        raise MauvaisUsage(f"La version {numero} n'est pas gardée. Versions connues : {known}.")
    if chosen.courante:
        raise ObservatoireError(f"La version {numero} est déjà celle qui est publiée.")
    if (problem := other_schema(chosen.structure, dossier.entrepot)) is not None:
        raise ObservatoireError(f"La version {numero} ne peut pas être remise en place. {problem}")
    shutil.copyfile(chosen.chemin, chantier.base)
    protect_again(chantier)
    prepare_editions(chantier)
    put_in_place(chantier)
    return chosen


def put_in_place(chantier: Chantier) -> None:
    """Rename the prepared files over the published ones, the warehouse last; the replaced one is kept."""
    dossier = chantier.dossier
    keep_access(chantier.base, dossier.entrepot)
    flush(chantier.base)
    put_editions(chantier)
    keep_current(dossier)
    chantier.base.replace(dossier.entrepot)
    flush_folder(dossier.entrepot.parent)


def kept_files(dossier: WorkingFolder) -> list[Path]:
    """Return the files of the kept versions, oldest first."""
    if not dossier.versions.is_dir():
        return []
    return sorted(path for path in dossier.versions.glob("*.duckdb") if path.stem.isdigit())


def _current_number(dossier: WorkingFolder) -> int | None:
    """Number of the published file, None when there is none or when a program holds it open for writing."""
    if not dossier.entrepot.is_file() or dossier.entrepot.stat().st_size == 0:
        return None
    try:
        with open_read_only(dossier.entrepot) as con:
            return published_execution(con).version
    except duckdb.Error as error:
        if is_busy(error):
            return None
        raise
