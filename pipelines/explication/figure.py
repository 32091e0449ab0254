"""From one row of `marts.indicateurs` to the rows of `entrepot` that made it, and to the files and lines.

Only reading belongs here. Rows are shown with the pseudonymised identifiers that the warehouse holds, to
whoever holds it; the file of an edition explains the rule, the parameters and the counts, and has no row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.edition import ATELIER, PUBLIQUE, open_public, read_mark
from pipelines.errors import DonneesRefusees
from pipelines.lecture_seule import open_read_only


@dataclass(frozen=True)
class Figure:
    """The key of a figure of `marts.indicateurs`."""

    epci_siren: str
    periode: str
    indicateur: str
    axe: str = "epci"
    modalite: str | None = None
    segment_type: str = "tous"
    segment: str = "tous"


@dataclass(frozen=True)
class Ligne:
    """One row that counts in the figure: what it counts for, what identifies it, and where it was read."""

    role: str
    identifiant: str
    date: date | None
    detail: str
    fichier: str
    ligne: int


@dataclass(frozen=True)
class Explication:
    """Everything that a reader needs to recompute the figure by hand."""

    figure: Figure
    libelle: str
    definition: str
    formule: str
    article: str
    valeurs: dict[str, Any]
    objectif: str
    parametres: dict[str, str]
    lignes: list[Ligne] = field(default_factory=list)
    fichiers: list[tuple[str, str, int]] = field(default_factory=list)
    edition: str = ATELIER

    def to_dict(self) -> dict[str, Any]:
        """The same content for programs, in a stable order."""
        return {
            "edition": self.edition,
            "figure": self.figure.__dict__,
            "libelle": self.libelle,
            "definition": self.definition,
            "formule": self.formule,
            "article": self.article,
            "valeurs": self.valeurs,
            "objectif": self.objectif,
            "parametres": self.parametres,
            "lignes": [
                {**ligne.__dict__, "date": ligne.date.isoformat() if ligne.date else None}
                for ligne in self.lignes
            ],
            "fichiers": [{"fichier": f, "sha256": s, "lignes": n} for f, s, n in self.fichiers],
        }


_KEY = ("epci_siren", "periode", "indicateur", "axe", "modalite", "segment_type", "segment")


def explain(entrepot: Path, figure: Figure) -> Explication:
    """Explain one figure of a published warehouse.

    Raises:
        DonneesRefusees: the warehouse or the figure does not exist; the message lists what is near.

    """
    if not entrepot.is_file():
        raise DonneesRefusees(
            f"« {entrepot} » n'existe pas. Construisez-le d'abord avec « observatoire build »."
        )
    try:
        con = open_read_only(entrepot)
    except duckdb.Error as error:
        raise DonneesRefusees(f"« {entrepot} » n'est pas un entrepôt DuckDB lisible.") from error
    with con:
        edition = read_mark(con).edition
        if edition != PUBLIQUE:
            return _explain(con, figure, edition)
    with open_public(entrepot) as con:
        return _explain(con, figure, edition)


def _explain(con: duckdb.DuckDBPyConnection, asked: Figure, edition: str) -> Explication:
    figure = Figure(**{**asked.__dict__, "modalite": asked.modalite or _default_modality(asked)})
    row = _published(con, figure)
    catalogue = _one(
        con,
        "select libelle, definition, formule, article from meta.indicateurs where indicateur = ?",
        [figure.indicateur],
    )
    lignes = _rows(con, figure) if edition == ATELIER else []
    return Explication(
        figure=figure,
        libelle=str(catalogue["libelle"]),
        definition=str(catalogue["definition"]),
        formule=str(catalogue["formule"] or ""),
        article=str(catalogue["article"] or ""),
        valeurs=row,
        objectif=_objective(con, figure, _last_day(con, figure, str(row["periode_type"]), edition)),
        parametres={
            str(p): str(v)
            for p, v in con.execute(
                """
                select parametre, valeur from meta.convention_parametres
                where epci_siren = ? order by parametre
                """,
                [figure.epci_siren],
            ).fetchall()
        },
        lignes=lignes,
        fichiers=_files(con, lignes) if edition == ATELIER else [],
        edition=edition,
    )


def _default_modality(figure: Figure) -> str:
    if figure.axe != "epci":
        raise DonneesRefusees(
            f"L'axe « {figure.axe} » a plusieurs modalités : dites laquelle avec --modalite "
            "(un SIREN, un code de commune, de quartier…)."
        )
    return figure.epci_siren


def _published(con: duckdb.DuckDBPyConnection, figure: Figure) -> dict[str, Any]:
    where = " and ".join(f"{name} = ?" for name in _KEY)
    values = [getattr(figure, name) for name in _KEY]
    rows = _all(con, f"select * from marts.indicateurs where {where} order by periode_type", values)
    if rows:
        return {name: value for name, value in rows[0].items() if name not in _KEY}
    for name in _KEY:
        if name in ("modalite", "segment"):
            continue
        known = con.execute(f"select distinct {name} from marts.indicateurs order by 1").fetchall()
        if getattr(figure, name) not in {value for (value,) in known}:
            liste = ", ".join(str(value) for (value,) in known[:40])
            raise DonneesRefusees(
                f"{name} = « {getattr(figure, name)} » : rien de tel dans cet entrepôt. "
                f"Valeurs présentes : {liste}."
            )
    near = con.execute(
        """
        select distinct modalite from marts.indicateurs
        where epci_siren = ? and indicateur = ? and axe = ? and periode = ? order by 1 limit 40
        """,
        [figure.epci_siren, figure.indicateur, figure.axe, figure.periode],
    ).fetchall()
    liste = ", ".join(str(value) for (value,) in near) or "aucune"
    raise DonneesRefusees(
        f"Aucune ligne de cette figure pour la modalité « {figure.modalite} » "
        f"(segment {figure.segment_type}/{figure.segment}). Modalités présentes : {liste}."
    )


def _last_day(con: duckdb.DuckDBPyConnection, figure: Figure, periode_type: str, edition: str) -> date | None:
    """The last day of the period, that of its year where an edition has no calendar; a vintage has none."""
    if edition != ATELIER:
        year = figure.periode[:4]
        return date(int(year), 12, 31) if periode_type != "millesime" and year.isdigit() else None
    ((last,),) = con.execute(
        "select max(fin) from entrepot.dim_periode where periode_type = ? and periode = ? and epci_siren = ?",
        [periode_type, figure.periode, figure.epci_siren],
    ).fetchall()
    return last  # type: ignore[no-any-return]


def _objective(con: duckdb.DuckDBPyConnection, figure: Figure, jour: date | None) -> str:
    """The objectives in force on a day, all of them where there is none."""
    rows = con.execute(
        """
        select libelle, operateur, cible, article, statut, debut, fin from meta.convention_objectifs
        where epci_siren = $epci and indicateur = $indicateur and axe = $axe
            and coalesce(modalite, $modalite) = $modalite
            and coalesce($jour >= debut, true) and coalesce($jour <= fin, true)
        order by debut nulls first, objectif
        """,
        {
            "epci": figure.epci_siren,
            "indicateur": figure.indicateur,
            "axe": figure.axe,
            "modalite": figure.modalite,
            "jour": jour,
        },
    ).fetchall()
    return " ; ".join(
        f"{libelle} ({statut}"
        + (f", {operateur} {cible:g}" if cible is not None else "")
        + (f", {article}" if article else "")
        + (f", du {debut}" if debut else "")
        + (f" au {fin}" if fin else "")
        + ")"
        for libelle, operateur, cible, article, statut, debut, fin in rows
    )


def _rows(con: duckdb.DuckDBPyConnection, figure: Figure) -> list[Ligne]:
    """The rows that count in the figure, by the query that the warehouse keeps for everybody."""
    rows = con.execute(
        "select role, identifiant, date, detail, fichier, ligne from meta.provenance(?, ?, ?, axe := ?, "
        "modalite := ?, segment_type := ?, segment := ?) where fait is not null",
        [
            figure.epci_siren,
            figure.periode,
            figure.indicateur,
            figure.axe,
            figure.modalite,
            figure.segment_type,
            figure.segment,
        ],
    ).fetchall()
    return [
        Ligne(
            role=str(role),
            identifiant=str(identifiant),
            date=jour,
            detail=str(detail or ""),
            fichier=str(fichier or ""),
            ligne=int(numero or 0),
        )
        for role, identifiant, jour, detail, fichier, numero in rows
    ]


def _files(con: duckdb.DuckDBPyConnection, lignes: list[Ligne]) -> list[tuple[str, str, int]]:
    counts: dict[str, int] = {}
    for ligne in lignes:
        counts[ligne.fichier] = counts.get(ligne.fichier, 0) + 1
    digests = dict(con.execute("select fichier, min(sha256) from meta.verrou group by fichier").fetchall())
    return [(name, str(digests.get(name, "")), counts[name]) for name in sorted(counts)]


def _all(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[dict[str, Any]]:
    cursor = con.execute(sql, values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> dict[str, Any]:
    return _all(con, sql, values)[0]
