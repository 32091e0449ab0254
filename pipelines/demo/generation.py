"""Writing the whole landing folder, territory by territory, from one seed.

What belongs here: the order in which things are drawn and the files put together. Each source has its module.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.demo import filosofi, ops, referentiels, rpls, saisies, sne
from pipelines.demo.ecriture import spoil, write_csv
from pipelines.demo.parametres import Parametres, load
from pipelines.demo.parc import Lieu, build_stock, live

GRAINE = 71_082


@dataclass(frozen=True)
class Resume:
    """What was written: rows by relative path (header excluded), and the seed and scale that made it."""

    graine: int
    echelle: float
    fichiers: dict[str, int] = field(default_factory=dict)

    @property
    def lignes(self) -> int:
        """All rows written."""
        return sum(self.fichiers.values())


def generate(dossier: Path, graine: int = GRAINE, echelle: float = 1.0) -> Resume:
    """Write the synthetic landing folder of the five territories in `dossier`.

    The same seed and scale give the same bytes. `echelle` multiplies every size (0.02 for a quick test):
    territories, vintages and layouts stay, but the published figures come out exactly at 1.0 only. Files
    already there under the same names are replaced; others are left.
    """
    p = load(echelle)
    dossier.mkdir(parents=True, exist_ok=True)
    fichiers: dict[str, int] = {}
    attributions: dict[int, list[pl.DataFrame]] = {annee: [] for annee in p.annees}
    demandes: dict[int, list[pl.DataFrame]] = {annee: [] for annee in p.annees}
    occupation: dict[int, list[pl.DataFrame]] = {annee: [] for annee in p.commun["ops"]["annees"]}
    zones: list[pl.DataFrame] = []
    # One stream per territory and per part: changing one does not move the others.
    for rang, t in enumerate(p.territoires):
        flux = [np.random.default_rng([graine, rang, k]) for k in range(6)]
        lieu = Lieu(p, t, rang, build_stock(flux[0], p, t))
        live(flux[1], lieu)
        fichiers |= rpls.write_register(flux[2], dossier, lieu)
        histoire = sne.simulate(flux[3], lieu)
        for annee, lignes in sne.allocations(flux[4], lieu, histoire).items():
            attributions[annee].append(lignes)
        for annee, lignes in sne.requests(flux[4], lieu, histoire).items():
            demandes[annee].append(lignes)
        for annee, lignes in ops.survey(flux[5], lieu).items():
            occupation[annee].append(lignes)
        zones.append(referentiels.zone_rows(t, lieu.parc))
    commun = np.random.default_rng([graine, len(p.territoires)])
    fichiers |= _write_sne(commun, dossier, p, attributions, demandes)
    for annee, parts in occupation.items():
        relatif = f"ops/{annee}/ops.csv"
        fichiers[relatif] = write_csv(dossier / relatif, pl.concat(parts))
    fichiers |= filosofi.write_incomes(commun, dossier, p)
    fichiers |= referentiels.write_references(dossier, p, pl.concat(zones))
    fichiers |= referentiels.write_outlines(dossier, p)
    saisies.write_typed(dossier, p)
    return Resume(graine, echelle, dict(sorted(fichiers.items())))


def _write_sne(
    rng: np.random.Generator,
    dossier: Path,
    p: Parametres,
    attributions: dict[int, list[pl.DataFrame]],
    demandes: dict[int, list[pl.DataFrame]],
) -> dict[str, int]:
    fichiers: dict[str, int] = {}
    for annee in p.annees:
        for nom, parts in (("attributions", attributions[annee]), ("demandes", demandes[annee])):
            lignes = spoil(rng, pl.concat(parts), p.commun["salete"], nom)
            relatif = f"sne/{annee}/{nom}.csv"
            fichiers[relatif] = write_csv(dossier / relatif, lignes)
    return fichiers
