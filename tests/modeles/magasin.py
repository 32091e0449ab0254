"""A warehouse made of rows written in the tests: the readers' tables filled by hand, then one dbt build.

The tables come from the readers' own declarations, so that a column that changes there changes here.
"""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines import ingestion, projet_dbt, references
from pipelines.conventions import default_convention, write_tables
from pipelines.paths import DBT_PROJECT
from pipelines.perimetre import write_parameters

Ligne = Mapping[str, Any]

# Threshold of every territory and year of the tests, in euros a year and consumption unit: 750 euros a month.
SEUIL = 9000
SOUS_LE_SEUIL, AU_SEUIL, AU_DESSUS = 700, 750, 1000

# What an objective leaves out of its row.
OBJECTIF = {
    "modalite": None, "operateur": ">=", "cible": None, "cible_indicateur": None, "evenement": None,
    "debut": date(2000, 1, 1), "fin": None, "article": None, "statut": "fixe", "libelle": "Objectif",
    "segment_type": "tous", "segment": "tous",
}  # fmt: skip


class Sources:
    """The tables of schema `sources`, being filled."""

    def __init__(self, con: duckdb.DuckDBPyConnection, noms: Mapping[str, str]) -> None:
        """Create every table, empty, and the legal convention of each territory, with nothing masked."""
        self.con = con
        projet_dbt.load_references(con, projet_dbt.read_rules().manifest)
        for source in ingestion.sources():
            ingestion.load(con, source, [])
        for table in ("sne_attributions", "sne_demandes"):
            con.execute(f"alter table sources.{table} add column if not exists champs_absents varchar")
        references.create(con)
        write_tables(con, [default_convention(siren, nom) for siren, nom in sorted(noms.items())])
        write_parameters(con, [], [], False)
        con.execute("delete from meta.convention_objectifs")
        con.execute("update meta.convention_parametres set valeur = '0' where parametre = 'seuil_secret'")

    def remplir(self, table: str, lignes: Iterable[Ligne]) -> None:
        """Append rows; `_fichier` and `_ligne` are those of a file that a test does not name."""
        rangees = [{"_fichier": f"{table}.csv", "_ligne": i, **x} for i, x in enumerate(lignes, start=2)]
        if not rangees:
            return
        colonnes = dict.fromkeys(nom for ligne in rangees for nom in ligne)
        cadre = pl.DataFrame(
            {nom: [ligne.get(nom) for ligne in rangees] for nom in colonnes},
            strict=False,
            infer_schema_length=None,
        )
        self.con.register("cadre", cadre.to_arrow())
        noms = ", ".join(f'"{nom}"' for nom in colonnes)
        self.con.execute(f'insert into sources."{table}" ({noms}) select {noms} from cadre')
        self.con.unregister("cadre")

    def regler(self, epci: str, **parametres: str) -> None:
        """Set parameters of a convention."""
        for nom, valeur in parametres.items():
            avant = self.con.execute(
                "select count(*) from meta.convention_parametres where epci_siren = ? and parametre = ?",
                [epci, nom],
            ).fetchone()
            assert avant == (1,), nom
            self.con.execute(
                "update meta.convention_parametres set valeur = ? where epci_siren = ? and parametre = ?",
                [valeur, epci, nom],
            )

    def viser(self, epci: str, indicateur: str, axe: str = "epci", **objectif: Any) -> None:
        """Add an objective to a convention."""
        ligne = {
            **OBJECTIF,
            "epci_siren": epci,
            "objectif": f"{indicateur}_{axe}",
            "indicateur": indicateur,
            "axe": axe,
        }
        ligne |= objectif
        self.con.execute(
            f"insert into meta.convention_objectifs ({', '.join(ligne)}) "
            f"values ({', '.join('?' * len(ligne))})",
            list(ligne.values()),
        )


class Entrepot:
    """A warehouse that was built, read by the tests."""

    def __init__(self, base: Path, cible: Path) -> None:
        self.base = base
        self.cible = cible

    def lire(self, sql: str, parametres: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with duckdb.connect(str(self.base), read_only=True) as con:
            return con.execute(sql, list(parametres)).fetchall()

    def figure(
        self,
        epci: str,
        indicateur: str,
        periode: str = "2021",
        *,
        axe: str = "epci",
        modalite: str | None = None,
        segment: str = "tous",
        periode_type: str | None = None,
    ) -> dict[str, Any]:
        """One figure of `marts.indicateurs`, as a dictionary; it exists once."""
        with duckdb.connect(str(self.base), read_only=True) as con:
            lignes = con.execute(
                "select * from marts.indicateurs where epci_siren = ? and indicateur = ? and periode = ? "
                "and axe = ? and modalite = ? and segment = ? and (periode_type = ? or ? is null)",
                [epci, indicateur, periode, axe, modalite or epci, segment, periode_type, periode_type],
            )
            colonnes = [c[0] for c in lignes.description or []]
            rangees = lignes.fetchall()
        assert len(rangees) == 1, (indicateur, periode, axe, modalite, segment, rangees)
        return dict(zip(colonnes, rangees[0], strict=True))

    def compte(self, *args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
        """Numerator, denominator and unknowns of one figure."""
        figure = self.figure(*args, **kwargs)
        return figure["numerateur"], figure["denominateur"], figure["inconnus"]


def dbt(base: Path, cible: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt on a base, as the product does, with the project read once; its files go to `cible`."""
    commande = [projet_dbt.executable(), "--no-use-colors", *arguments, "--project-dir", str(DBT_PROJECT)]
    commande += ["--profiles-dir", str(DBT_PROJECT), "--target-path", str(cible), "--log-path", str(cible)]
    environnement = projet_dbt.dbt_environment(base, projet_dbt.read_rules())
    return subprocess.run(commande, env=environnement, capture_output=True, text=True, check=False)
