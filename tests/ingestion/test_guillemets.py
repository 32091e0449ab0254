"""Quotes: those that enclose a cell are taken off, the others are characters; none takes a line with it."""

import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import lecture
from pipelines.ingestion.correspondances import Appariement, correspondances
from pipelines.ingestion.landing import FichierDepose
from pipelines.ingestion.ouverture import Ouverture
from pipelines.ingestion.reparation import Decoupe, Decoupeur
from pipelines.inspection import inspect_text

from .conftest import Depot
from .exemples import attributions, table

Lignes = list[tuple[str, ...]]


def both(corps: str, largeur: int = 3, separateur: str = ";") -> tuple[Lignes | None, Lignes | None, int]:
    """The rows of a text, straight (None when refused or not all there) and repaired; lines set aside."""
    noms = tuple(f"n{i}" for i in range(largeur))
    with tempfile.TemporaryDirectory() as dossier, duckdb.connect() as con:
        chemin = Path(dossier) / "x.csv"
        chemin.write_bytes((separateur.join(noms) + "\n" + corps).encode())
        appariement = Appariement(correspondances("sne")[0], noms, {})
        ouverture = Ouverture(
            *(FichierDepose(chemin, "x.csv", "sne", "sne", None), "csv", chemin),
            inspect_text(chemin, "x.csv", 0, ""),
            (appariement,),
            separateur=separateur,
            largeur_max=largeur,
        )

        def rows(relation: str) -> Lignes:
            cellules = ", ".join(f"trim(coalesce(c{i}, ''))" for i in range(largeur))
            return con.execute(f"SELECT {cellules} FROM {relation}").fetchall()

        droit = None
        brut = lecture.direct(ouverture, con)
        if brut is not None:
            try:
                lues = rows(brut.relation)
            except duckdb.InvalidInputException:
                lues = []
            droit = lues if len(lues) == brut.lignes_attendues else None
        try:
            repare = lecture.repaired(ouverture, Path(dossier))
        except DonneesRefusees:
            return droit, None, 0
        bilan = repare.reparation
        return droit, rows(repare.relation), len(bilan.malformees) if bilan else 0


@pytest.mark.parametrize(
    ("corps", "attendu", "perdues"),
    [
        ('a;"b;c\nd;e;f\ng;"h;i\n', [("a", '"b', "c"), ("d", "e", "f"), ("g", '"h', "i")], 0),
        ('a;"b;c";d\n', [("a", "b;c", "d")], 0),
        ('a;"b;c";"d\ne;f;g\n', [("a", "b;c", '"d'), ("e", "f", "g")], 0),
        ('a;"b\nc";d\n', [("a", "b c", "d")], 0),
        ('a;b;"c\nd"\ne;f;g\n', [("a", "b", "c d"), ("e", "f", "g")], 0),
        ('a;b "c" d;e"\n', [("a", 'b "c" d', 'e"')], 0),
        ('a;"b ""c""";d\n', [("a", 'b "c"', "d")], 0),
        ('"a;b;c"\n', [('"a', "b", 'c"')], 0),
        ('a;"b\nc;d;e\nf;"g\n', [("c", "d", "e")], 2),
        ('a;"b\nc\nd;e;f\n', [("d", "e", "f")], 2),
        ('a;="0100";c\n', [("a", '="0100"', "c")], 0),
        ('a;b;c;;\n"a;b";c;d;\n', [("a", "b", "c"), ("a;b", "c", "d")], 0),
        ('a;b\rc;d\n"e";f;g\n', [("a", "b c", "d"), ("e", "f", "g")], 0),
    ],
)
def test_each_kind_of_quote(corps: str, attendu: Lignes, perdues: int) -> None:
    droit, repare, malformees = both(corps)
    assert (repare, malformees) == (attendu, perdues)
    assert droit in (None, attendu)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.lists(
        st.lists(
            st.sampled_from(['"', '""', "a", "b c", " ", '"x"', '"y;z"', "=", "\\", "é"]), max_size=4
        ).map("".join),
        min_size=3,
        max_size=9,
    ),
    st.lists(st.sampled_from([";", "\n", "\r\n", "\t", ",", ";;"]), min_size=8, max_size=8),
    st.booleans(),
    st.sampled_from([";", "\t", ","]),
)
def test_straight_and_repaired_agree(
    cellules: list[str], liens: list[str], reguliere: bool, separateur: str
) -> None:
    """Whenever DuckDB takes a text as it is, the line by line reading finds the same cells in it."""
    if reguliere:
        liens = [separateur if i % 3 != 2 else "\n" for i in range(8)]
    corps = "".join(c + (liens[i] if i < len(cellules) - 1 else "\n") for i, c in enumerate(cellules))
    droit, repare, _ = both(corps, separateur=separateur)
    if droit is not None and corps.strip():
        assert droit == repare


def test_stray_quotes_keep_every_household_in_its_line(depot: Depot) -> None:
    """Two cells that begin with a stray quote, lines apart: nothing between them is lost."""
    lignes = attributions(60)
    lignes[3]["residence"] = '"Stade - Fontaine au Loup'
    lignes[51]["residence"] = '"Les Aubépins'
    lignes[52]["residence"] = '"Résidence ; du Parc"'
    depot.drop("sne/2021/attributions.csv", table(*lignes))
    depot.load("sne")
    (compte,) = depot.comptes["sne"]
    assert (compte.lignes_lues, compte.lignes_gardees) == (60, 60)
    assert depot.rows(
        "SELECT _ligne, residence FROM sources.sne_attributions WHERE residence <> 'Les Ormes' ORDER BY 1"
    ) == [(5, '"Stade - Fontaine au Loup'), (53, '"Les Aubépins'), (54, "Résidence ; du Parc")]


def test_a_header_on_two_lines_or_that_ends_with_a_separator(depot: Depot) -> None:
    # Other persons each year: one allocation seen twice is one record.
    def export(annee: int) -> str:
        lignes = [
            ligne | {"numero_unique": f"0710519000{i:04d}{annee}"} for i, ligne in enumerate(attributions(20))
        ]
        return table(*lignes)

    depot.drop("sne/2019/a.csv", export(2019).replace("date_decision", '"date\ndecision"', 1))
    depot.drop("sne/2020/a.csv", export(2020).replace("\n", ";\n", 1))
    depot.drop("sne/2021/a.csv", export(2021).replace("\n", ";\n"))
    depot.drop(
        "sne/2022/a.csv", "Export du 3 mai\n\n" + export(2022).replace("rang", '"rang du\r\n\r\ncandidat"', 1)
    )
    depot.drop(
        "sne/2023/a.csv", export(2023).replace("numero_unique", "\u200bｎｕｍｅｒｏ_ｕｎｉｑｕｅ\u00ad", 1)
    )
    depot.load("sne")
    assert [(c.lecteur, c.lignes_lues, c.lignes_gardees) for c in depot.comptes["sne"]] == [
        ("csv", 20, 20),
        ("csv", 20, 20),
        ("csv", 20, 20),
        ("csv", 20, 20),
        ("csv", 20, 20),
    ]
    assert depot.rows(
        "SELECT split_part(_fichier, '/', 2)::INTEGER, min(_ligne), count(rang), count(demandeur_id) "
        "FROM sources.sne_attributions GROUP BY 1 ORDER BY 1"
    ) == [(2019, 3, 20, 20), (2020, 2, 20, 20), (2021, 2, 20, 20), (2022, 6, 0, 20), (2023, 2, 20, 20)]


def test_a_cell_wrapped_as_a_formula_is_text(depot: Depot) -> None:
    depot.drop("sne/2021/a.csv", table(*attributions(30, typologie='="T3"', residence='"=""0200"""')))
    depot.load("sne")
    assert depot.rows(
        "SELECT typologie, residence FROM sources.sne_attributions ORDER BY _ligne LIMIT 1"
    ) == [("T3", "0200")]


def test_a_last_line_without_end_is_said_where_the_others_have_one(depot: Depot) -> None:
    depot.drop("sne/2020/a.csv", table(*attributions(20)).rstrip("\n"))
    depot.drop("sne/2021/a.csv", table(*attributions(20)))
    depot.drop("sne/2022/a.csv", table(*attributions(20)).encode("utf-16"))
    depot.load("sne")
    assert depot.rows("SELECT fichier FROM meta.avertissements WHERE regle = 'fin_de_fichier'") == [
        ("sne/2020/a.csv",)
    ]


def test_lines_that_end_no_cell_are_not_cut_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose every line begins with a stray quote took a minute, and each line a hundred cuts."""
    cuts = 0
    cut = Decoupeur.cut

    def counted(self: Decoupeur, texte: str) -> Decoupe:
        nonlocal cuts
        cuts += 1
        return cut(self, texte)

    monkeypatch.setattr(Decoupeur, "cut", counted)
    egaree, fin = '"' + "a;" * 50, 'b";2'
    decoupeur = Decoupeur(";", 3, 3)
    assert decoupeur.record(egaree, [], iter([egaree] * 200)) == (None, 1)
    assert cuts == 1
    # A cell that a later line ends is still one.
    assert decoupeur.record('1;"a', [], iter(["suite", fin])) == (["1", "a\nsuite\nb", "2"], 3)
