"""Reports made from a published warehouse: the annual bilan and what goes with it, in several formats.

The package reads `marts.*` and `meta.*` of one warehouse, read-only, and writes files. No business rule lives
here: `donnees` reads, `tables` and `contenu` lay out, `graphiques` draws, and one module per format writes.
"""

from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import MauvaisUsage

FORMATS = ("html", "pdf", "xlsx", "csv", "parquet")


def render(
    entrepot: Path,
    epci: str,
    annee: int,
    sortie: Path,
    formats: Sequence[str] = ("html",),
) -> list[Path]:
    """Write the bilan of one EPCI and year, `bilan-<siren>-<annee>.<ext>`, and return the files written.

    Raises DonneesRefusees for an EPCI or a year that the warehouse does not hold, MauvaisUsage for an unknown
    format.
    """
    from pipelines.bilan import contenu, donnees, sorties

    verifier_formats(formats)
    with donnees.ouvrir(entrepot) as con:
        d = donnees.charger(con, epci, annee)
    return sorties.ecrire(contenu.bilan(d), d, sortie, formats)


def verifier_formats(formats: Sequence[str]) -> None:
    """Refuse a format that is not known, naming those that are."""
    inconnus = [f for f in formats if f not in FORMATS]
    if inconnus or not formats:
        raise MauvaisUsage(
            f"Format inconnu : {', '.join(inconnus) or '(aucun)'}. Formats possibles : {', '.join(FORMATS)}."
        )
