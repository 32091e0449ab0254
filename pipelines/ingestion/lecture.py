"""Open a deposited file whatever its container, and give DuckDB its raw text cells.

What comes out is always the same: columns `c0`, `c1`… of text, with the line in the original file. Each
container has its module; what the cells mean belongs in `normalise`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.ingestion import parquets, textes
from pipelines.ingestion.classeurs import open_workbook
from pipelines.ingestion.correspondances import Appariement, Correspondance
from pipelines.ingestion.geojson import open_geojson
from pipelines.ingestion.landing import FichierDepose
from pipelines.ingestion.ouverture import NonReconnu, Ouverture
from pipelines.ingestion.reparation import Reparation

__all__ = ["Brut", "NonReconnu", "Ouverture", "direct", "open_file", "repaired", "with_mapping"]


@dataclass(frozen=True)
class Brut:
    """Raw cells ready for SQL: `relation` has columns c0…cN of text and, unless `premiere_ligne` is given,
    `_ligne`."""

    relation: str
    premiere_ligne: int | None
    lignes_attendues: int | None = None
    reparation: Reparation | None = None


def open_file(
    fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path
) -> list[Ouverture]:
    """Find out how to read one file: container, encoding facts, header row, separator or sheets, layout.

    Several when a workbook has several sheets to read.

    Raises:
        FichierVide: nothing in it.
        DonneesRefusees: unreadable, not data, or a required column is missing.
        NonReconnu: no product recognises it.
    """
    ext = fichier.extension
    if ext in {".csv", ".csv.gz", ".txt"}:
        return [textes.open_csv(fichier, candidats, temporaire)]
    if ext == ".xlsx":
        return open_workbook(fichier, candidats, temporaire)
    if ext == ".parquet":
        return [parquets.open_parquet(fichier, candidats, temporaire)]
    if ext in {".geojson", ".json", ".geojson.gz"}:
        return [open_geojson(fichier, candidats, temporaire)]
    raise NonReconnu(
        f"format « {ext or 'sans extension'} » non lu (attendu : csv, csv.gz, txt, zip, xlsx, parquet, "
        "geojson)"
    )


def _width(ouverture: Ouverture) -> int:
    """Columns of the file; cells without a name at the end of the header are none."""
    colonnes = ouverture.appariements[0].colonnes
    return max((i + 1 for i, c in enumerate(colonnes) if c.strip()), default=len(colonnes))


def unreadable(ouverture: Ouverture, erreur: duckdb.Error) -> bool:
    """Whether an error of the engine is the file's: a damaged Parquet shows as any kind of error; elsewhere
    what is neither its text nor its values is the machine's (memory, disk)."""
    if ouverture.lecteur == "parquet":
        return not isinstance(erreur, duckdb.OutOfMemoryException)
    return isinstance(erreur, (duckdb.InvalidInputException, duckdb.ConversionException))


def direct(ouverture: Ouverture, con: duckdb.DuckDBPyConnection) -> Brut | None:
    """Raw cells without the repair pass, or None when the text needs it."""
    if ouverture.tableau is not None:
        con.register("brut_tableau", ouverture.tableau)
        return Brut("brut_tableau", None, ouverture.tableau.height)
    if ouverture.lecteur == "parquet":
        return Brut(parquets.relation(ouverture.chemin), None)
    if not ouverture.etat.propre:
        return None
    relation = textes.direct_relation(ouverture, _width(ouverture))
    return Brut(relation, ouverture.ligne_entete + 1, ouverture.etat.lignes - ouverture.ligne_entete)


def repaired(ouverture: Ouverture, temporaire: Path) -> Brut:
    """Raw cells after the repair pass.

    Raises:
        DonneesRefusees: the file was cut.
    """
    relation, bilan = textes.repaired_relation(ouverture, _width(ouverture), temporaire)
    return Brut(relation, None, bilan.ecrites, bilan)


def with_mapping(ouverture: Ouverture, appariement: Appariement) -> Ouverture:
    """The same file read with another of its mappings."""
    return replace(ouverture, appariements=(appariement,))
