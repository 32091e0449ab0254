"""The reports of several territories in one go: what each costs, what a failure leaves of the others.

What a report holds belongs to the modules that write it.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipelines import bilan
from pipelines.edition import PUBLIQUE
from pipelines.errors import DonneesRefusees, MauvaisUsage, ObservatoireError

progress = logging.getLogger("observatoire.progression")


class Demande(Protocol):
    """Which report is asked for: the yearly bilan, where nothing else is."""

    semestre: int | None
    """1 or 2: the half-year follow-up."""
    trimestre: int | None
    """1 to 4: the quarterly board."""
    evaluation: bool
    """The evaluation of the convention."""
    comparaison: bool
    """The territories side by side."""
    edition: str
    """`signataires` or `publique`."""
    bailleur: str | None
    """SIREN of the landlord whose own it is."""
    commune: str | None
    """Code of the commune whose sheet it is."""
    fiches: bool
    """The sheet of each place and actor."""
    formats: list[str]
    """Among html, pdf, xlsx, csv, parquet."""


def write(demande: Demande, wanted: Sequence[tuple[str, int]], entrepot: Path, sortie: Path) -> list[Path]:
    """Write the kind of report that was asked for, for each EPCI and year.

    One that cannot be written does not keep the others from being written: it is said at once and at the end.

    Raises:
        ObservatoireError: reports that were not written, and why; of one alone, its own reason.

    """
    other = demande.comparaison or demande.evaluation or demande.trimestre is not None
    if other and (demande.edition == PUBLIQUE or demande.bailleur is not None):
        raise MauvaisUsage(
            "L'édition publique n'a que le bilan annuel, et un bailleur sa fiche ou son relevé."
        )
    if demande.comparaison:
        last = max(annee for _, annee in wanted)
        epcis = [epci for epci, _ in wanted]
        return bilan.render_comparaison(entrepot, epcis, last, sortie, formats=demande.formats)
    if len(wanted) == 1:
        return _write_one(demande, *wanted[0], entrepot, sortie)
    return _write_each(demande, wanted, entrepot, sortie)


def _write_each(
    demande: Demande, wanted: Sequence[tuple[str, int]], entrepot: Path, sortie: Path
) -> list[Path]:
    names: Mapping[str, str] = {
        siren: nom
        for siren, nom, _ in bilan.lister(entrepot, edition=demande.edition, bailleur=demande.bailleur)
    }
    written: list[Path] = []
    failed: dict[str, Exception] = {}
    for rank, (epci, annee) in enumerate(wanted, 1):
        said = f"{names.get(epci, epci)} ({epci}), {annee}"
        began = time.monotonic()
        try:
            written += _write_one(demande, epci, annee, entrepot, sortie)
        except (OSError, MauvaisUsage):
            # The disk, the folder or what was asked: the next one would meet it too.
            raise
        except Exception as error:
            failed[said] = error
            progress.warning("%d/%d %s : non écrit. %s", rank, len(wanted), said, _why(error))
        else:
            took = f"{time.monotonic() - began:.1f}".replace(".", ",")
            progress.info("%d/%d %s : %s s", rank, len(wanted), said, took)
    unforeseen = [error for error in failed.values() if not isinstance(error, ObservatoireError)]
    if unforeseen:
        raise unforeseen[0]
    if failed:
        reasons = " ".join(f"{said} : {_why(error)}" for said, error in failed.items())
        raise DonneesRefusees(
            f"{len(failed)} rapport(s) sur {len(wanted)} non écrit(s) ; les autres sont dans « {sortie} ». "
            f"{reasons}"
        )
    return written


def _why(error: Exception) -> str:
    # What nobody foresaw may quote anything: its traceback is shown at the end.
    return (
        str(error) if isinstance(error, ObservatoireError) else f"Erreur imprévue ({type(error).__name__})."
    )


def _write_one(demande: Demande, epci: str, annee: int, entrepot: Path, sortie: Path) -> list[Path]:
    formats = demande.formats
    if demande.evaluation:
        return bilan.render_evaluation(entrepot, epci, annee, sortie, formats=formats)
    if demande.trimestre is not None:
        return bilan.render_trimestre(entrepot, epci, annee, demande.trimestre, sortie, formats=formats)
    return bilan.render(
        entrepot,
        epci,
        annee,
        sortie,
        formats,
        semestre=demande.semestre,
        edition=demande.edition,
        bailleur=demande.bailleur,
        commune=demande.commune,
        fiches=demande.fiches,
    )
