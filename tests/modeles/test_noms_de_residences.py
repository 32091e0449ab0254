"""One reading of a residence's name: when rows become records (Python), and in the models (a macro, for each engine)."""

from functools import cache
from typing import Any

import duckdb
import jinja2
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingestion import declarations
from pipelines.ingestion.enregistrements import _normalised
from pipelines.paths import DBT_PROJECT

TEXTES = (DBT_PROJECT / "macros" / "moteurs" / "textes.sql").read_text(encoding="utf-8")
# Names of one line are one residence.
CLASSES = [
    ["Résidence Les Lilas", "Rés. Les Lilas", "Résid. Les Lilas", "RES LES LILAS", "les lilas", "Lilas", "résidence des Lilas"],
    ["Le Sacré-Cœur", "SACRE COEUR", "Résidence du Sacré Cœur", "sacre cœur"],
    ["Œillets", "OEILLETS", "Rés. les œillets"],
    ["Æthusa", "AETHUSA"],
    # Whole words only.
    ["Résistance"],
    ["Résidentielle"],
    ["Lares"],
    ["L'Orme", "l orme", "ORME"],
    ["Résidence n° 2", "Res. N 2"],
    # Made of nothing else: kept whole.
    ["Résidence"],
    ["Rés."],
    ["La Résid", "la-resid"],
    ["Les"],
]  # fmt: skip
NOMS = [nom for classe in CLASSES for nom in classe]
MOTS = [
    "Résidence",
    "rés",
    "RESID",
    "res.",
    "les",
    "Du",
    "d'",
    "L'",
    "Lilas",
    "Cœur",
    "n°2",
    "Æ",
    "Œ",
    "É",
    "-",
    " ",
    "  ",
    "(",
    ")",
]


@cache
def of_the_macro(moteur: str) -> str:
    """The SQL of the macro on column `nom`, as DuckDB runs it."""
    macros: dict[str, Any] = {}

    class Adaptateur:
        def dispatch(self, nom: str, _: str) -> Any:
            return macros.get(f"{moteur}__{nom}") or macros[f"default__{nom}"]

    modele = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string(TEXTES)  # noqa: S701
    module = modele.make_module({"adapter": Adaptateur(), "return": lambda x: x})
    macros.update({nom: getattr(module, nom) for nom in dir(module) if not nom.startswith("_")})
    sql = str(macros["residence_normalisee"]("nom"))
    return sql if moteur == "default" else sqlglot.transpile(sql, read=moteur, write="duckdb")[0]


def of_the_reader() -> str:
    """The SQL with which rows are brought together."""
    return _normalised(declarations()["sne_attributions"].champ("residence"), "nom")


def read(sql: str, noms: list[str]) -> list[str | None]:
    with duckdb.connect() as con:
        lus = con.execute(
            f"select {sql} from (select unnest(?::varchar[]) as nom, unnest(range(?)) as rang) order by rang",
            [noms, len(noms)],
        ).fetchall()
    return [nom for (nom,) in lus]


@pytest.mark.parametrize("moteur", ["default", "spark"])
def test_names_of_one_residence_are_one_and_others_are_not(moteur: str) -> None:
    for sql in (of_the_macro(moteur), of_the_reader()):
        cles = iter(read(sql, NOMS))
        par_classe = [{next(cles) for _ in classe} for classe in CLASSES]
        assert [len(lues) for lues in par_classe] == [1] * len(CLASSES)
        assert None not in set().union(*par_classe)
        assert len(set().union(*par_classe)) == len(CLASSES)


@pytest.mark.parametrize("moteur", ["default", "spark"])
@settings(deadline=None, max_examples=50)
@given(noms=st.lists(st.lists(st.sampled_from(MOTS), max_size=6).map("".join), min_size=1, max_size=40))
def test_both_read_any_name_alike(moteur: str, noms: list[str]) -> None:
    assert read(of_the_macro(moteur), noms) == read(of_the_reader(), noms)
