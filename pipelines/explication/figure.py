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
_ROLES = {"num": "numérateur", "den": "dénominateur", "inc": "inconnu"}


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
        "select libelle, definition, formule, article, famille from meta.indicateurs where indicateur = ?",
        [figure.indicateur],
    )
    lignes = (
        _rows(con, figure, str(row["periode_type"]), str(catalogue["famille"])) if edition == ATELIER else []
    )
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


def _rows(con: duckdb.DuckDBPyConnection, figure: Figure, periode_type: str, famille: str) -> list[Ligne]:
    if famille in ("attributions", "qualite"):
        return _attribution_rows(con, figure, periode_type)
    if famille == "demande":
        return _demand_rows(con, figure)
    if famille == "parc":
        return _dwelling_rows(con, figure)
    if famille == "occupation":
        return _survey_rows(con, figure)
    if famille == "revenus":
        return _income_rows(con, figure)
    return []


def _filters(con: duckdb.DuckDBPyConnection, figure: Figure, famille: str) -> tuple[str, list[Any]] | None:
    columns = [
        str(name)
        for (name,) in con.execute(
            "select colonne from meta.axes where famille = ? and axe = ? order by rang", [famille, figure.axe]
        ).fetchall()
    ]
    if not columns:
        return None
    parts = str(figure.modalite).split(" x ") if len(columns) > 1 else [str(figure.modalite)]
    where = " and ".join(f"coalesce(mesures.{name}, 'inconnu') = ?" for name in columns)
    values: list[Any] = list(parts)
    if figure.segment_type != "tous" and _has_column(con, famille, figure.segment_type):
        where += f" and coalesce(mesures.{figure.segment_type}, 'inconnu') = ?"
        values.append(figure.segment)
    return f"mesures.epci_siren = ? and {where}", [figure.epci_siren, *values]


_TABLES = {
    "attributions": "int_attribution_mesures",
    "demande": "int_demande_mesures",
    "parc": "int_logement_mesures",
}


def _has_column(con: duckdb.DuckDBPyConnection, famille: str, name: str) -> bool:
    return bool(
        con.execute(
            """
            select 1 from information_schema.columns
            where table_schema = 'intermediate' and table_name = ? and column_name = ?
            """,
            [_TABLES[famille], name],
        ).fetchone()
    )


def _attribution_rows(con: duckdb.DuckDBPyConnection, figure: Figure, periode_type: str) -> list[Ligne]:
    filters = _filters(con, figure, "attributions")
    measure = con.execute(
        """
        select mesure from meta.mesures
        where indicateur = ? and (segment_type = '' or (segment_type = ? and segment = ?))
        order by segment_type desc
        """,
        [figure.indicateur, figure.segment_type, figure.segment],
    ).fetchone()
    if filters is None:
        return []
    where, values = filters
    if measure is None:
        counts = "1 as num, 1 as den, 0 as inc"
        where += " and mesures.evenement = 'bail_signe'"
    else:
        name = str(measure[0])
        if name == "prioritaires" and figure.axe == "bailleur":
            name = "prioritaires_bailleur"
        counts = f"mesures.{name}_num as num, mesures.{name}_den as den, mesures.{name}_inc as inc"
    return _ligne_rows(
        con,
        f"""
        select * from (
            select {counts}, mesures.attribution_id as identifiant, mesures.date_evenement as jour,
                concat_ws(', ', mesures.evenement, mesures.secteur,
                    'quartile ' || coalesce(mesures.quartile, 'inconnu'),
                    case when faits.est_relogement_objectif then 'relogé' end,
                    case when faits.est_prioritaire then 'prioritaire' end) as detail,
                faits._fichier as fichier, faits._ligne as ligne
            from intermediate.int_attribution_mesures as mesures
            inner join entrepot.fct_attribution as faits on mesures.attribution_id = faits.attribution_id
            inner join entrepot.dim_periode as periodes
                on periodes.epci_siren = mesures.epci_siren
                and periodes.periode_type = ? and periodes.periode = ?
                and mesures.date_evenement >= periodes.debut and mesures.date_evenement <= periodes.fin
            where {where}
        ) where num + den + inc > 0
        order by fichier, ligne, identifiant
        """,
        [periode_type, figure.periode, *values],
    )


def _demand_rows(con: duckdb.DuckDBPyConnection, figure: Figure) -> list[Ligne]:
    filters = _filters(con, figure, "demande")
    if filters is None:
        return []
    where, values = filters
    measure = "demandes" if figure.indicateur in ("tension", "anciennete") else figure.indicateur
    return _ligne_rows(
        con,
        f"""
        select * from (
            select mesures.{measure}_num as num, mesures.{measure}_den as den, mesures.{measure}_inc as inc,
                faits.demandeur_id as identifiant, faits.date_premier_depot as jour,
                concat_ws(', ', mesures.demandeur, mesures.typologie,
                    'quartile ' || coalesce(mesures.quartile, 'inconnu')) as detail,
                faits._fichier as fichier, faits._ligne as ligne
            from intermediate.int_demande_mesures as mesures
            inner join entrepot.fct_demande as faits
                on mesures.annee = faits.annee and mesures.demandeur_id = faits.demandeur_id
            where mesures.annee = cast(? as integer) and {where}
        ) where num + den + inc > 0
        order by fichier, ligne, identifiant
        """,
        [figure.periode, *values],
    )


def _dwelling_rows(con: duckdb.DuckDBPyConnection, figure: Figure) -> list[Ligne]:
    filters = _filters(con, figure, "parc")
    if filters is None:
        return []
    where, values = filters
    if figure.indicateur == "loyer_m2":
        counts = "case when mesures.surface > 0 then 1 else 0 end as num, 0 as den, mesures.loyer_inc as inc"
    else:
        name = figure.indicateur
        counts = f"mesures.{name}_num as num, mesures.{name}_den as den, mesures.{name}_inc as inc"
    return _ligne_rows(
        con,
        f"""
        select * from (
            select {counts}, faits.logement_id as identifiant, faits.date_bail as jour,
                concat_ws(', ', 'mode ' || faits.mode, faits.typologie, mesures.secteur,
                    'loyer ' || cast(mesures.loyer as varchar),
                    'surface ' || cast(mesures.surface as varchar)) as detail,
                faits._fichier as fichier, faits._ligne as ligne
            from intermediate.int_logement_mesures as mesures
            inner join entrepot.fct_logement as faits
                on mesures.logement_id = faits.logement_id and mesures.millesime = faits.millesime
            where mesures.millesime = cast(? as integer) and {where}
        ) where num + den + inc > 0
        order by fichier, ligne, identifiant
        """,
        [figure.periode, *values],
    )


def _survey_rows(con: duckdb.DuckDBPyConnection, figure: Figure) -> list[Ligne]:
    place = {"epci": "epci_siren", "bailleur": "bailleur_siren"}.get(figure.axe, "code")
    level = "commune" if figure.axe in ("epci", "commune", "bailleur") else figure.axe
    population = "EMMENAGES_RECENTS" if figure.segment.startswith("emmenages_recents") else "ENSEMBLE"
    return _ligne_rows(
        con,
        f"""
        select 1 as num, 1 as den, 0 as inc,
            concat_ws(' ', faits.bailleur_siren, faits.code, faits.zone) as identifiant,
            cast(null as date) as jour,
            concat_ws(', ', faits.theme, faits.modalite, faits.population,
                coalesce(cast(faits.effectif as varchar), faits.statut) || ' sur ' ||
                coalesce(cast(faits.base as varchar), faits.statut)) as detail,
            faits._fichier as fichier, faits._ligne as ligne
        from entrepot.fct_occupation as faits
        inner join seeds.ref_indicateurs_occupation as correspondances
            on faits.theme = correspondances.theme and faits.modalite = correspondances.modalite
        where correspondances.indicateur = ? and faits.millesime = cast(? as integer) and faits.epci_siren = ?
            and faits.niveau = ? and faits.{place} = ? and faits.population = ?
        order by fichier, ligne
        """,
        [figure.indicateur, figure.periode, figure.epci_siren, level, figure.modalite, population],
    )


def _income_rows(con: duckdb.DuckDBPyConnection, figure: Figure) -> list[Ligne]:
    return _ligne_rows(
        con,
        """
        select 1 as num, 0 as den, 0 as inc, code as identifiant, cast(null as date) as jour,
            concat_ws(', ', mesure, concept, coalesce(cast(valeur as varchar), statut)) as detail,
            _fichier as fichier, _ligne as ligne
        from entrepot.fct_revenu
        where mesure = ? and millesime = cast(? as integer) and niveau = ? and code = ? and concept = ?
        order by fichier, ligne
        """,
        [figure.indicateur, figure.periode, figure.axe, figure.modalite, figure.segment],
    )


def _ligne_rows(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> list[Ligne]:
    lignes = []
    for row in _all(con, sql, values):
        roles = [_ROLES[name] for name in ("num", "den", "inc") if row[name]]
        lignes.append(
            Ligne(
                role=" et ".join(roles),
                identifiant=str(row["identifiant"]),
                date=row["jour"],
                detail=str(row["detail"] or ""),
                fichier=str(row["fichier"] or ""),
                ligne=int(row["ligne"] or 0),
            )
        )
    return lignes


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
