"""The record of what was downloaded, `telechargements.lock.json` beside the data.

One entry per product and vintage, in their order: where it came from, when, under which licence, and which
files of the landing folder it gave. A file that is not in it is the user's, and is never touched.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import ObservatoireError
from pipelines.fichiers import write_json
from pipelines.paths import DOWNLOAD_RECORD_NAME
from pipelines.telechargement.registre import Produit

_VERSION = 1


@dataclass(frozen=True)
class FichierTrace:
    """A file that a download gave: place, size, hash, and the hash that it is replacing if any."""

    fichier: str
    taille: int
    sha256: str
    remplace: str | None = None


@dataclass(frozen=True)
class Trace:
    """One download: the address asked, the one that answered, the date, what came, and from whom."""

    produit: str
    millesime: int | None
    titre: str
    producteur: str
    licence: str
    citation: str
    page: str | None
    url: str
    url_finale: str
    recupere_le: str
    taille: int
    sha256: str
    type_contenu: str | None
    etag: str | None
    modifie_le: str | None
    fichiers: tuple[FichierTrace, ...]


class Registre:
    """The record in memory; each change is written at once, whole or not at all."""

    def __init__(self, donnees: Path) -> None:
        self._chemin = donnees / DOWNLOAD_RECORD_NAME
        self._traces: dict[tuple[str, int], Trace] = {}
        for entree in self._read():
            trace = _parse(entree, self._chemin)
            self._traces[trace.produit, trace.millesime or 0] = trace

    def _read(self) -> list[Any]:
        if not self._chemin.is_file():
            return []
        try:
            contenu = json.loads(self._chemin.read_text(encoding="utf-8"))
            entrees = contenu["telechargements"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ObservatoireError(
                f"{self._chemin} : illisible ({error}). Remettez une copie saine, ou supprimez-le : les "
                "fichiers déjà téléchargés seront alors tenus pour les vôtres."
            ) from error
        return entrees if isinstance(entrees, list) else []

    def get(self, produit: Produit) -> Trace | None:
        """What was downloaded for a product and a vintage."""
        return self._traces.get(produit.cle)

    def known_hashes(self, fichier: str) -> set[str]:
        """Hashes under which a file of the landing folder is one that was downloaded."""
        return {
            sha
            for trace in self._traces.values()
            for f in trace.fichiers
            if f.fichier == fichier
            for sha in (f.sha256, f.remplace)
            if sha
        }

    def put(self, trace: Trace) -> None:
        """Write an entry; the others stay as they are."""
        self._traces[trace.produit, trace.millesime or 0] = trace
        ordonnees = [_row(t) for _, t in sorted(self._traces.items())]
        write_json(self._chemin, {"version": _VERSION, "telechargements": ordonnees})


def _row(trace: Trace) -> Mapping[str, Any]:
    """An entry as it is written: `remplace` is there only while a file is being replaced."""
    ligne = asdict(trace)
    fichiers = sorted(trace.fichiers, key=lambda f: f.fichier)
    ligne["fichiers"] = [{k: v for k, v in asdict(f).items() if v is not None} for f in fichiers]
    return ligne


def _parse(entree: Any, chemin: Path) -> Trace:
    try:
        fichiers = tuple(FichierTrace(**f) for f in entree["fichiers"])
        return Trace(**{**entree, "fichiers": fichiers})
    except (KeyError, TypeError) as error:
        raise ObservatoireError(
            f"{chemin} : entrée illisible ({error}). Remettez une copie saine, ou supprimez ce fichier : les "
            "fichiers déjà téléchargés seront alors tenus pour les vôtres."
        ) from error
