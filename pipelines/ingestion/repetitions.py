"""One column, one field: several columns that answer to one name, or to the aliases of one field.

Where they disagree the file is refused; where they do not, the first is read and the others fill its empty
cells.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import duckdb
import polars as pl

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Appariement, Repetition
from pipelines.ingestion.declarations import Champ, ident, quote
from pipelines.ingestion.normalise import build_query
from pipelines.ingestion.ouverture import looks_like_a_name

_LIGNES_CITEES = 5


def merged(appariement: Appariement, relation: str) -> str:
    """The relation where the column that is read holds what its repetitions add."""
    if not appariement.repetitions:
        return relation
    remplacees = []
    for r in appariement.repetitions:
        cellules = ", ".join(_cell(appariement, r, p) for p in r.positions)
        # What is empty everywhere stays as it is written: a status may be read in it.
        remplacees.append(f"coalesce({cellules}, c{r.positions[0]}) AS c{r.positions[0]}")
    return f"(SELECT * REPLACE ({', '.join(remplacees)}) FROM {relation})"


def check_repetitions(
    con: duckdb.DuckDBPyConnection,
    appariement: Appariement,
    relation: str,
    premiere_ligne: int | None,
    nom: str,
) -> None:
    """Refuse columns that disagree.

    Raises:
        DonneesRefusees: both columns are named, with their places and the first lines.
    """
    ligne = "_ligne" if premiere_ligne is None else f"row_number() OVER () + {premiere_ligne - 1}"
    for r in appariement.repetitions:
        for une, autre in combinations(r.positions, 2):
            paires = f"SELECT {_cell(appariement, r, une)} AS c0, {_cell(appariement, r, autre)} AS c1"
            differentes = con.execute(
                f"SELECT DISTINCT c0, c1 FROM ({paires} FROM {relation}) WHERE trim(c0) <> trim(c1)"
            ).pl()
            contraires = _contrary(con, appariement, r, differentes)
            if not contraires.height:
                continue
            con.register("contraires", contraires)
            lignes = con.execute(
                f"SELECT l FROM ({paires}, {ligne} AS l FROM {relation}) SEMI JOIN contraires "
                f"USING (c0, c1) ORDER BY l LIMIT {_LIGNES_CITEES}"
            ).fetchall()
            con.unregister("contraires")
            citees = ", ".join(str(n) for (n,) in lignes)
            raise DonneesRefusees(
                f"{nom} : les colonnes {_named(appariement, une)} et {_named(appariement, autre)} répondent "
                f"toutes deux à « {r.objet} » et leurs valeurs diffèrent (premières lignes : {citees}). "
                "Gardez celle qui est juste, ou dites laquelle lire dans correspondances/*.yml de votre "
                "dossier de dépôt."
            )


def sentences(appariement: Appariement) -> Iterator[str]:
    """What is said of the repetitions that do not disagree."""
    for r in appariement.repetitions:
        noms = ", ".join(_named(appariement, p) for p in r.positions)
        yield (
            f"« {r.objet} » est dans plusieurs colonnes, qui ne se contredisent pas : {noms}. Les cellules "
            "vides de la première sont prises dans les suivantes, qui ne servent qu'à cela"
        )


def _named(appariement: Appariement, position: int) -> str:
    nom = " ".join(appariement.colonnes[position].split())
    cite = f"« {nom} » " if looks_like_a_name(nom) else ""
    return f"{cite}(n° {position + 1})"


def _field(appariement: Appariement, r: Repetition) -> Champ | None:
    champs = appariement.correspondance.declaration.champs
    return next((c for c in champs if c.nom == r.objet and r.objet in appariement.positions), None)


def _cell(appariement: Appariement, r: Repetition, position: int) -> str:
    """A cell, NULL when it is one of the field's empty tokens."""
    champ = _field(appariement, r)
    c = appariement.correspondance
    jetons = ["", *c.declaration.nuls]
    if champ is not None:
        jetons += [*champ.nuls, *c.nuls.get(champ.nom, ())]
    connus = ", ".join(quote(j.lower()) for j in dict.fromkeys(jetons))
    return f"CASE WHEN lower(trim(c{position})) NOT IN ({connus}) THEN c{position} END"


def _contrary(
    con: duckdb.DuckDBPyConnection, appariement: Appariement, r: Repetition, paires: pl.DataFrame
) -> pl.DataFrame:
    """The pairs of cells that mean different things: `8 861 €` and 8861 are one value of one field."""
    champ = _field(appariement, r)
    if champ is None or not paires.height:
        return paires
    c = appariement.correspondance
    # Alone, the field cannot be read by what another column says of it: it is the text that it is.
    champs = tuple(f.model_copy(update={"selon": None}) for f in c.declaration.champs)
    produit = c.declaration.model_copy(update={"champs": champs})
    seule = c.model_copy(update={"depivot": None, "eclater": None, "constantes": {}, "derives": {}})
    con.register("paires", paires.with_row_index("_ligne"))
    lues = []
    for rang in (0, 1):
        requete = build_query(
            produit,
            replace(
                appariement,
                correspondance=seule,
                positions={champ.nom: rang},
                longues=(),
                eclatees=(),
                derivees={},
            ),
            "paires",
            None,
            ligne=True,
        )
        lues.append(f"(SELECT _ligne, {ident(champ.nom)} AS v FROM ({requete.sql}))")
    contraires = con.execute(
        "SELECT c0, c1 FROM paires SEMI JOIN (SELECT _ligne FROM "
        f"{lues[0]} AS a INNER JOIN {lues[1]} AS b USING (_ligne) WHERE a.v <> b.v) USING (_ligne)"
    ).pl()
    con.unregister("paires")
    return contraires
