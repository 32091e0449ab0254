"""Parquet files: their layout from the names of the columns, their cells as text."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Correspondance
from pipelines.ingestion.declarations import quote
from pipelines.ingestion.landing import FichierDepose, settings
from pipelines.ingestion.ouverture import Entete, Ouverture, choose, settle
from pipelines.ingestion.reparation import decode
from pipelines.inspection import Etat, refuse_non_data


def open_parquet(fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path) -> Ouverture:
    """Find the layout of a Parquet.

    Raises:
        DonneesRefusees: damaged, without any row, beyond the limits, or a required column is missing.
        NonReconnu: no product recognises it.
    """
    with fichier.chemin.open("rb") as flux:
        refuse_non_data(flux.read(1024), fichier.relatif)
    try:
        description = pq.ParquetFile(fichier.chemin)
        colonnes, lignes = description.schema_arrow.names, description.metadata.num_rows
    except (OSError, ValueError) as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : fichier Parquet illisible ou tronqué ({type(error).__name__})."
        ) from None
    choix = settle(fichier, candidats, choose(fichier, candidats, [Entete(colonnes, 0, 0)]))
    if not lignes:
        raise DonneesRefusees(f"{fichier.relatif} : le fichier ne contient aucune ligne.")
    limites = settings()["limites"]
    # A wide row is read as a row of each of its columns.
    larges = any(a.correspondance.depivot for a in choix.appariements)
    lues = lignes * len(colonnes) if larges else lignes
    repetees = lues > max(limites["lignes_sans_controle"], fichier.taille)
    if lignes > limites["lignes_parquet"] or repetees:
        raise DonneesRefusees(
            f"{fichier.relatif} : {lignes} lignes pour {fichier.taille} octets, trop pour être lu (au plus "
            f"{limites['lignes_parquet']} lignes, et des lignes qui diffèrent). Vérifiez l'export, ou "
            "découpez-le."
        )
    chemin = _as_text(fichier, temporaire, description) if _binary(description) else fichier.chemin
    etat = Etat(fichier.taille, fichier.sha256)
    return Ouverture(fichier, "parquet", chemin, etat, choix.appariements, ligne_entete=0)


def relation(chemin: Path) -> str:
    """The cells of a Parquet as text, with their row."""
    numeros = range(len(pq.ParquetFile(chemin).schema_arrow.names))
    cellules = ", ".join(f"CAST(c{i} AS VARCHAR) AS c{i}" for i in numeros)
    # By place: two columns may have one name.
    noms = ", ".join([*(f"c{i}" for i in numeros), "rang"])
    source = f"read_parquet({quote(str(chemin))}, file_row_number = true) AS lu({noms})"
    return f"(SELECT {cellules}, rang + 1 AS _ligne FROM {source})"


def _binary(description: pq.ParquetFile) -> list[str]:
    """Columns that hold bytes where others hold text: some writers do not say that it is text."""
    return [c.name for c in description.schema_arrow if pa.types.is_binary(c.type) or _large(c.type)]


def _large(genre: pa.DataType) -> bool:
    return bool(pa.types.is_large_binary(genre) or pa.types.is_fixed_size_binary(genre))


def _as_text(fichier: FichierDepose, temporaire: Path, description: pq.ParquetFile) -> Path:
    """A copy whose bytes are text: UTF-8 where valid, cp1252 elsewhere, as for a CSV."""
    cible = temporaire / "texte.parquet"
    octets = set(_binary(description))
    schema = pa.schema(
        [pa.field(c.name, pa.string()) if c.name in octets else c for c in description.schema_arrow]
    )
    try:
        with pq.ParquetWriter(cible, schema, compression="lz4") as sortie:
            for lot in description.iter_batches():
                colonnes = [
                    _decoded(c) if n in octets else c
                    for n, c in zip(lot.schema.names, lot.columns, strict=True)
                ]
                sortie.write_batch(pa.record_batch(colonnes, schema=schema))
    except (OSError, ValueError) as error:
        raise DonneesRefusees(
            f"{fichier.relatif} : fichier Parquet illisible ou tronqué ({type(error).__name__})."
        ) from None
    return cible


def _decoded(colonne: pa.Array) -> pa.Array:
    distinctes = pc.dictionary_encode(colonne.cast(pa.binary()))
    textes = [None if v is None else decode(v) for v in distinctes.dictionary.to_pylist()]
    return pc.take(pa.array(textes, pa.string()), distinctes.indices)
