"""What the page asks of the file of an edition: the choices it offers, the figures of one, what they mean.

Every question is about one territory, and answers from the table of figures alone. What a user types as SQL
runs on a connection that reads this file and nothing else.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from pipelines import libelles
from pipelines.edition import MENTIONS, PUBLIQUE, SIGNATAIRES, Marque, check_edition, read_mark, read_public
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.lecture_seule import open_read_only
from pipelines.paths import edition_path

# What the process of the page is told by the one that starts it.
FILE_VARIABLE, EDITION_VARIABLE = "OBSERVATOIRE_EXPLORER", "OBSERVATOIRE_EXPLORER_EDITION"

# What a figure of no segment has in both columns.
WHOLE = "tous"
_ROWS_OF_SQL = 5000
_SECONDS_OF_SQL = 20
_MEMORY = "2GB"
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
# What is said of each kind of refusal, the first that fits.
_REFUSED: dict[type[duckdb.Error], str] = {
    duckdb.ParserException: "Requête mal écrite",
    duckdb.CatalogException: "Table ou fonction inconnue (« show all tables » les liste)",
    duckdb.BinderException: "Colonne inconnue, ou types qui ne vont pas ensemble",
    duckdb.PermissionException: "Refusé : la page lit ce fichier et rien d'autre",
    duckdb.OutOfMemoryException: "Trop de mémoire demandée : choisissez moins de lignes ou de colonnes",
    duckdb.Error: "Requête refusée",
}


@dataclass(frozen=True)
class Choix:
    """Which figures are looked at; every field is a value of `marts.indicateurs`."""

    epci: str
    indicateur: str
    axe: str
    segment_type: str
    periode_type: str


def file_of(entrepot: Path, edition: str | None) -> tuple[Path, str]:
    """Return the file to open for an edition, and the edition.

    A warehouse gives the file of the edition beside it, never itself.

    Args:
        entrepot: a warehouse of this version, or the file of one of its editions.
        edition: the one asked for; None: that of the file, else that of the signatories.

    Raises:
        MauvaisUsage: no such edition.
        ObservatoireError: not the edition of the file, or its file is not beside the warehouse.

    """
    if edition not in {None, SIGNATAIRES, PUBLIQUE}:
        raise MauvaisUsage(f"--edition attend {SIGNATAIRES} ou {PUBLIQUE}, reçu « {edition} ».")
    with open_read_only(entrepot) as con:
        own = read_mark(con)
    wanted = edition or (own.edition if own.edition in {SIGNATAIRES, PUBLIQUE} else SIGNATAIRES)
    chosen = entrepot
    if own.edition not in {SIGNATAIRES, PUBLIQUE}:
        # Never the warehouse itself: what is typed on the page would read the rows about persons.
        chosen = edition_path(entrepot, wanted)
        if not chosen.is_file():
            raise ObservatoireError(
                f"« {chosen} » manque : la page montre le fichier d'une édition. Écrivez-le : observatoire "
                f"diffuser --entrepot {entrepot} --edition {wanted} --sortie {entrepot.parent}"
            )
    with open_read_only(chosen) as con:
        check_edition(chosen, con, wanted)
    return chosen, wanted


def open_edition(fichier: Path, edition: str) -> tuple[duckdb.DuckDBPyConnection, Marque]:
    """Open the file of an edition on a connection that can read nothing else, and say what it is.

    Args:
        fichier: file that `file_of` chose.
        edition: the edition that is read; of the public one, its tables only, in the shape of the others.

    Raises:
        ObservatoireError: it is there no more, is no longer that edition, or the warehouse beside it was
            built again: a page is opened long after its server.

    """
    try:
        with open_read_only(fichier) as con:
            check_edition(fichier, con, edition)
            marque = read_mark(con)
        if edition == PUBLIQUE:
            con = duckdb.connect()
            read_public(con, fichier, "memory")
        else:
            con = open_read_only(fichier)
    except duckdb.Error as error:
        raise ObservatoireError(
            f"« {fichier} » ne s'ouvre pas : il manque, ou n'est plus un fichier d'Observatoire. "
            "Reconstruisez l'entrepôt ou refaites le fichier (observatoire diffuser), puis rechargez la page."
        ) from error
    con.execute(f"set memory_limit = '{_MEMORY}'")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con, marque


def open_asked() -> tuple[duckdb.DuckDBPyConnection, Marque, str]:
    """Open the file that the process of the page was told to show, and return its edition too."""
    edition = os.environ[EDITION_VARIABLE]
    con, marque = open_edition(Path(os.environ[FILE_VARIABLE]), edition)
    return con, marque, edition


def territories(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the published territories: name to SIREN, by name."""
    rows = con.execute("select nom, epci_siren from meta.conventions order by nom, epci_siren").fetchall()
    return _unique(rows)


def indicators(con: duckdb.DuckDBPyConnection, epci: str) -> dict[str, str]:
    """Return the indicators that a territory has a figure of: label to identifier, as in the catalogue."""
    rows = con.execute(
        "select c.libelle, c.indicateur from meta.indicateurs as c semi join "
        "(select distinct indicateur from marts.indicateurs where epci_siren = ?) as f "
        "on c.indicateur = f.indicateur order by c.ordre",
        [epci],
    ).fetchall()
    return _unique(rows)


def axes(con: duckdb.DuckDBPyConnection, epci: str, indicateur: str) -> dict[str, str]:
    """Return the axes of an indicator of a territory, the territory itself first: label to value."""
    return _unique([(libelles.axe(axe), axe) for axe in _values(con, "axe", epci, indicateur)])


def segment_types(con: duckdb.DuckDBPyConnection, epci: str, indicateur: str, axe: str) -> dict[str, str]:
    """Return the kinds of segment of an indicator on an axis, none first: label to value."""
    kinds = _values(con, "segment_type", epci, indicateur, axe)
    return _unique([("Aucun" if kind == WHOLE else libelles.segment_type(kind), kind) for kind in kinds])


def period_types(con: duckdb.DuckDBPyConnection, epci: str, indicateur: str, axe: str) -> dict[str, str]:
    """Return the kinds of period of an indicator on an axis: label to value."""
    there = set(_values(con, "periode_type", epci, indicateur, axe))
    return {label: value for value, label in libelles.periodes().items() if value in there}


def _values(
    con: duckdb.DuckDBPyConnection, column: str, epci: str, indicateur: str, axe: str = ""
) -> list[str]:
    rows = con.execute(
        "select distinct case $column when 'axe' then axe when 'segment_type' then segment_type "
        "else periode_type end as v from marts.indicateurs "
        "where epci_siren = $epci and indicateur = $indicateur and ($axe = '' or axe = $axe)",
        {"column": column, "epci": epci, "indicateur": indicateur, "axe": axe},
    ).fetchall()
    first = {"epci": 0, WHOLE: 0}
    return sorted((str(value) for (value,) in rows), key=lambda v: (first.get(v, 1), " x " in v, v))


def figures(con: duckdb.DuckDBPyConnection, choix: Choix) -> pl.DataFrame:
    """Return the figures of a choice, one row per period, modality and segment, as they are published.

    Segments are said in words.
    """
    found = con.execute(
        "select periode, modalite, coalesce(modalite_libelle, modalite) as libelle, segment, valeur, unite, "
        "numerateur, denominateur, inconnus, cible, operateur, atteint, manque, statut, petit_effectif, "
        "source "
        "from marts.indicateurs where epci_siren = $epci and indicateur = $indicateur and axe = $axe "
        "and segment_type = $segment_type and periode_type = $periode_type "
        "order by periode, libelle, modalite, segment",
        vars(choix),
    ).pl()
    words = {
        code: libelles.segment(choix.segment_type, code)
        for code in found["segment"].unique().to_list()
        if code != WHOLE
    }
    return found.with_columns(pl.col("segment").replace(words))


def definition(con: duckdb.DuckDBPyConnection, indicateur: str) -> dict[str, str]:
    """Return what the catalogue says of an indicator, by the name of its columns."""
    cursor = con.execute("select * from meta.indicateurs where indicateur = ?", [indicateur])
    names = [str(column[0]) for column in cursor.description or ()]
    rows = cursor.fetchall()
    if not rows:
        return {}
    said = {n: "" if v is None else str(v) for n, v in zip(names, rows[0], strict=True)}
    return said | {
        "source": said["source"].upper().replace("FILOSOFI", "Filosofi").replace(",", ", "),
        "unite": libelles.unite(said["unite"]),
    }


def mention(edition: str) -> str:
    """Return what a page of an edition says of itself."""
    return MENTIONS[edition]


def explained(sens: dict[str, str]) -> str:
    """Return the definition of an indicator in a few lines, from what the catalogue says of it."""
    labels = {
        "definition": "Définition",
        "numerateur_libelle": "Numérateur",
        "denominateur_libelle": "Dénominateur",
        "formule": "Formule",
        "unite": "Unité",
        "source": "Sources",
        "article": "Texte",
        "version_methode": "Version de la définition",
        "rupture": "Rupture de série",
    }
    return "\n".join(f"- **{label}** : {sens[name]}" for name, label in labels.items() if sens.get(name))


def official(con: duckdb.DuckDBPyConnection, choix: Choix) -> pl.DataFrame:
    """Return the official figures beside those of a choice, under French headers; no row without any."""
    if not _exists(con, "meta", "totaux_officiels"):
        return pl.DataFrame()
    found = con.execute(
        "select annee, coalesce(modalite_libelle, modalite) as lieu, producteur, valeur_officielle, "
        "valeur_entrepot, ecart, ecart_pct, coalesce(raison, case etat when 'sans_figure' "
        "then 'Aucune figure à comparer' else 'Écart admis' end) as dit, page "
        "from meta.totaux_officiels where epci_siren = $epci and indicateur = $indicateur and axe = $axe "
        "order by annee, lieu, producteur, page",
        {"epci": choix.epci, "indicateur": choix.indicateur, "axe": choix.axe},
    ).pl()
    headers = {
        "annee": "Année",
        "lieu": "Lieu",
        "producteur": "Producteur",
        "valeur_officielle": "Publié",
        "valeur_entrepot": "Entrepôt",
        "ecart": "Écart",
        "ecart_pct": "Écart (%)",
        "dit": "Raison probable",
        "page": "Page",
    }
    # A year is no quantity: nothing parts its thousands.
    return found.with_columns(pl.col("annee").cast(pl.String)).rename(headers)


def contours(con: duckdb.DuckDBPyConnection, epci: str, axe: str) -> dict[str, list[str]]:
    """Return the outlines of each place of an axis, as GeoJSON texts by code; empty without any."""
    if not _exists(con, "marts", "contours"):
        return {}
    rows = con.execute(
        "select code, list(geometrie order by geometrie) from marts.contours "
        "where epci_siren = ? and niveau = ? group by code order by code",
        [epci, axe],
    ).fetchall()
    return {str(code): [str(shape) for shape in shapes] for code, shapes in rows}


def run_sql(con: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame:
    """Run what a user typed and return its first rows; it is stopped after some seconds.

    One statement that reads: another kind would change what the page itself asks next (`use`, `begin`).

    Raises:
        ObservatoireError: the statement is refused, wrong or too long: in French, then in DuckDB's words.

    """
    stop = threading.Timer(_SECONDS_OF_SQL, con.interrupt)
    stop.start()
    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in _READING:
            raise ObservatoireError(
                "La page lance une seule instruction, qui lit : écrivez un « select » (ou « from », "
                "« describe », « summarize », « explain »)."
            )
        return con.sql(statements[0]).limit(_ROWS_OF_SQL).pl()
    except duckdb.InterruptException as error:
        raise ObservatoireError(f"Requête arrêtée après {_SECONDS_OF_SQL} secondes.") from error
    except duckdb.Error as error:
        said = next(
            (text for kind, text in _REFUSED.items() if isinstance(error, kind)), _REFUSED[duckdb.Error]
        )
        raise ObservatoireError(f"{said}. DuckDB dit : {error}") from error
    except pl.exceptions.PolarsError as error:
        raise ObservatoireError(
            "Une colonne de la réponse est d'un type que la page ne montre pas (durée, union…) : "
            "écrivez-la cast(colonne as varchar)."
        ) from error
    finally:
        stop.cancel()


def _exists(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return bool(
        con.execute(
            "from duckdb_tables() where schema_name = ? and table_name = ? "
            "and database_name = current_database()",
            [schema, table],
        ).fetchall()
    )


def _unique(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Label to value; a label that is met twice says which."""
    found: dict[str, str] = {}
    for label, value in rows:
        found[str(label) if label not in found else f"{label} ({value})"] = str(value)
    return found
