"""Workbooks: which sheets are read, and what their cells say.

Reading the bytes belongs in `pipelines.classeur`, in another process.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from pipelines.classeur import Feuille, Limites, read_workbook
from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Appariement, Correspondance, normalise_label
from pipelines.ingestion.landing import FichierDepose, settings
from pipelines.ingestion.ouverture import Choix, Entete, NonReconnu, Ouverture, choose, settle
from pipelines.ingestion.textes import LIGNES_D_ENTETE_MAX
from pipelines.inspection import Etat, FichierVide, open_archive, refuse_non_data


def open_workbook(
    fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path
) -> list[Ouverture]:
    """The sheets that a layout recognises whole; named `file.xlsx#sheet` when they are several.

    Raises:
        DonneesRefusees: not a workbook, beyond the limits, without any row, or a required column is missing.
        NonReconnu: no product recognises any sheet.
    """
    with fichier.chemin.open("rb") as flux:
        refuse_non_data(flux.read(1024), fichier.relatif)
    limites = settings()["limites"]
    with open_archive(fichier.chemin, fichier.relatif) as archive:
        if sum(m.file_size for m in archive.infolist()) > limites["octets_classeur"]:
            raise DonneesRefusees(
                f"{fichier.relatif} : classeur trop grand une fois décompressé. Exportez ses feuilles en CSV."
            )
    dossier = Path(tempfile.mkdtemp(dir=temporaire))
    feuilles = read_workbook(
        fichier.chemin, dossier, fichier.relatif, Limites(limites["cellules_feuille"], limites["colonnes"])
    )
    if not feuilles:
        raise FichierVide(f"{fichier.relatif} : le classeur est vide.")
    retenues = _chosen(fichier, candidats, feuilles)
    autres = tuple(f.nom for f in feuilles if f.nom not in {r.nom for r, _ in retenues})
    ouvertures = []
    for feuille, choix in retenues:
        depose = fichier if len(retenues) == 1 else fichier.member(fichier.chemin, feuille.nom)
        ouvertures.append(
            Ouverture(
                depose,
                "xlsx",
                fichier.chemin,
                Etat(fichier.taille, fichier.sha256),
                choix.appariements,
                ligne_entete=choix.entete.fin,
                feuille=feuille.nom,
                tableau=_rows(depose, feuille, choix),
            )
        )
    return [replace(ouvertures[0], autres_feuilles=autres), *ouvertures[1:]]


def _heads(feuille: Feuille) -> list[Entete]:
    lignes = feuille.tableau.head(LIGNES_D_ENTETE_MAX).rows()
    return [Entete(cellules, numero, numero) for numero, *cellules in lignes]


def _chosen(
    fichier: FichierDepose, candidats: Sequence[Correspondance], feuilles: Sequence[Feuille]
) -> list[tuple[Feuille, Choix]]:
    """The sheets to read: those that a mapping names when there are some, else all; whole layouts only."""
    voulues = {normalise_label(c.feuille) for c in candidats if c.feuille}
    preferees = [f for f in feuilles if normalise_label(f.nom) in voulues]
    for lot in (preferees, feuilles):
        essais: list[tuple[Feuille, Choix]] = []
        for feuille in lot:
            try:
                essais.append((feuille, choose(fichier, candidats, _heads(feuille))))
            except NonReconnu:
                continue
        completes = [(f, c) for f, c in essais if c.appariements[0].complet]
        if completes:
            return [(f, settle(fichier, candidats, c)) for f, c in completes]
    if not essais:
        choose(fichier, candidats, [e for feuille in feuilles for e in _heads(feuille)])
    # Nothing is whole: the nearest one says what is missing.
    proche = max(essais, key=lambda e: e[1].score)
    settle(fichier, candidats, proche[1])
    raise AssertionError("settle refuses what is not whole")


def _rows(fichier: FichierDepose, feuille: Feuille, choix: Choix) -> pl.DataFrame:
    """The data rows, blank ones left out, percentages written as such."""
    donnees = feuille.tableau.filter(pl.col("_ligne") > choix.entete.fin)
    donnees = donnees.filter(pl.any_horizontal(pl.exclude("_ligne").str.strip_chars() != ""))
    if not donnees.height:
        raise DonneesRefusees(
            f"{fichier.relatif} : la feuille « {feuille.nom} » ne contient que son en-tête."
        )
    return donnees.with_columns(
        pl.when(pl.col("_ligne").is_in(list(feuille.pourcentages[position])))
        .then(pl.col(f"c{position}").map_elements(_percent, return_dtype=pl.String))
        .otherwise(pl.col(f"c{position}"))
        .alias(f"c{position}")
        for position in sorted(_percent_columns(choix.appariements) & set(feuille.pourcentages))
    )


def _percent_columns(appariements: Sequence[Appariement]) -> set[int]:
    """Columns whose field is declared in %."""
    return {
        position
        for a in appariements
        for champ, position in a.positions.items()
        if any(c.nom == champ and c.unite == "%" for c in a.correspondance.declaration.champs)
    }


def _percent(texte: str) -> str:
    """0.65 in a cell that shows 65 % is 65: the number is stored as a share."""
    try:
        return format((Decimal(texte) * 100).normalize(), "f")
    except InvalidOperation:
        return texte
