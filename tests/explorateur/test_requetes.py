"""What the page asks, draws and writes, without a browser."""

import io
import shutil
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pytest

from pipelines.cli.actions import explorer
from pipelines.edition import PUBLIQUE, SIGNATAIRES
from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.explorateur import dessins, requetes, tableaux
from tests.explorateur.conftest import EPCI

FIGURES = pl.DataFrame(
    {
        "periode": ["2021", "2021", "2022"],
        "modalite": ["a", "b", "a"],
        "libelle": ["=cmd()", "Bailleur B", "=cmd()"],
        "segment": ["tous"] * 3,
        "valeur": [12.041116, None, 1234.5],
        "unite": ["%"] * 3,
        "numerateur": [82, None, 90],
        "denominateur": [681, None, 700],
        "inconnus": [3, None, 0],
        "cible": [25.0, 25.0, 25.0],
        "operateur": [">="] * 3,
        "atteint": [False, None, True],
        "manque": [89, None, 0],
        "statut": ["publiable", "secret", "publiable"],
        "petit_effectif": [True, False, False],
        "source": ["SNE 2021", "SNE 2021", "SNE 2022"],
    }
)


def public_of(edition: Path, dossier: Path) -> Path:
    """A file of the public edition with the figures of another one."""
    path = dossier / "W.publique.duckdb"
    shutil.copy(edition, path)
    with duckdb.connect(str(path)) as con:
        con.execute("create schema if not exists diffusion")
        con.execute("create or replace table diffusion.objectifs as from marts.indicateurs")
        con.execute("update meta.edition set edition = ?", [PUBLIQUE])
    return path


def test_the_file_beside_a_warehouse_is_the_one_opened(edition: Path, entrepot: Path) -> None:
    assert requetes.file_of(entrepot, None) == (edition, SIGNATAIRES)
    assert requetes.file_of(edition, None) == (edition, SIGNATAIRES)
    with pytest.raises(MauvaisUsage, match="--edition"):
        requetes.file_of(entrepot, "tout")
    seul = entrepot.with_name("seul.duckdb")
    shutil.copy(entrepot, seul)
    with pytest.raises(ObservatoireError, match=r"seul\.signataires\.duckdb.* manque"):
        requetes.file_of(seul, None)
    with pytest.raises(ObservatoireError, match="n'existe pas"):
        explorer(entrepot.with_name("absent.duckdb"), None, 0)
    with pytest.raises(ObservatoireError, match="édition signataires"):
        requetes.file_of(edition, PUBLIQUE)


def test_choices_are_those_that_have_figures(edition: Path) -> None:
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con:
        assert EPCI in requetes.territories(con).values()
        indicateurs = requetes.indicators(con, EPCI)
        assert "hors_qpv_q1" in indicateurs.values()
        axes = requetes.axes(con, EPCI, "hors_qpv_q1")
        assert next(iter(axes.values())) == "epci"
        assert axes["Bailleur"] == "bailleur"
        choix = requetes.Choix(EPCI, "hors_qpv_q1", "bailleur", "tous", "annee")
        lues = requetes.figures(con, choix)
        assert lues.height > 1
        assert lues["modalite"].n_unique() > 1
        assert requetes.figures(con, requetes.Choix("000000000", "x", "epci", "tous", "annee")).height == 0
        sens = requetes.definition(con, "hors_qpv_q1")
        assert "Définition" in requetes.explained(sens)
        assert requetes.definition(con, "inconnu") == {}


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/hostname')",
        "copy (select 1) to '/tmp/sortie.csv'",
        "attach '/tmp/autre.duckdb'",
        "set enable_external_access = true",
        "create table marts.x as select 1",
        "delete from marts.indicateurs",
        "select from",
    ],
)
def test_what_is_typed_cannot_leave_the_file(edition: Path, sql: str) -> None:
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con, pytest.raises(ObservatoireError):
        requetes.run_sql(con, sql)


@pytest.mark.parametrize("lu", [SIGNATAIRES, PUBLIQUE])
@pytest.mark.parametrize(
    "sql",
    [
        "begin",
        "use memory",
        "create table memory.main.x as select 1",
        "detach publie",
        "pragma enable_profiling",
        "delete from marts.indicateurs",
        "drop table marts.indicateurs",
        "select 1; select 2",
        "",
        "-- rien",
    ],
)
def test_what_is_typed_leaves_the_page_as_it_was(edition: Path, tmp_path: Path, sql: str, lu: str) -> None:
    """A statement that changes the connection, or the copy of the public edition, would change the next choice."""
    fichier = edition if lu == SIGNATAIRES else public_of(edition, tmp_path)
    con, _ = requetes.open_edition(fichier, lu)
    with con:
        before = con.execute("select count(*) from marts.indicateurs").fetchall()
        with pytest.raises(ObservatoireError, match="une seule instruction"):
            requetes.run_sql(con, sql)
        assert con.execute("select count(*) from marts.indicateurs").fetchall() == before


@pytest.mark.parametrize(
    ("sql", "dit"),
    [
        ("selec 1", "mal écrite"),
        ("select * from marts.absente", "inconnue"),
        ("select absente from marts.indicateurs", "inconnue"),
        ("from read_csv('/etc/passwd')", "ce fichier et rien d'autre"),
        ("select interval '1 day' as duree", "cast"),
        ("select union_value(a := 1) as u", "cast"),
        ("select error('x')", "refusée"),
    ],
)
def test_what_is_wrong_is_said_in_french(edition: Path, sql: str, dit: str) -> None:
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con, pytest.raises(ObservatoireError, match=dit):
        requetes.run_sql(con, sql)


@pytest.mark.parametrize("sql", ["select 1 as a, 2 as a", "describe marts.indicateurs", "explain select 1"])
def test_what_reads_is_shown(edition: Path, sql: str) -> None:
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con:
        assert requetes.run_sql(con, sql).height > 0


def test_a_page_opened_later_sees_what_its_file_has_become(
    edition: Path, entrepot: Path, tmp_path: Path
) -> None:
    later = tmp_path / edition.name
    with pytest.raises(ObservatoireError, match="manque"):
        requetes.open_edition(later, SIGNATAIRES)
    later.write_bytes(b"x" * 5000)
    with pytest.raises(ObservatoireError, match="ne s'ouvre pas"):
        requetes.open_edition(later, SIGNATAIRES)
    shutil.copy(edition, later)
    with pytest.raises(ObservatoireError, match="édition signataires"):
        requetes.open_edition(later, PUBLIQUE)
    beside = shutil.copy(entrepot, tmp_path)
    with duckdb.connect(str(beside)) as con:
        con.execute("create or replace table meta.executions as select 1 as version, 'autre' as empreinte")
    # The number may be the same (a folder begun again): what tells them apart is said.
    with pytest.raises(ObservatoireError, match=r"vient de la version \d+ .*empreinte .*autre"):
        requetes.open_edition(later, SIGNATAIRES)


def test_what_is_typed_ends(edition: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requetes, "_SECONDS_OF_SQL", 0.5)
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con, pytest.raises(ObservatoireError, match="arrêtée"):
        requetes.run_sql(
            con, "select count(*) from range(1000000) a, range(1000000) b where a.range * b.range % 7 = 3"
        )


def test_a_table_to_read_has_no_column_that_says_nothing() -> None:
    lisible = tableaux.readable(FIGURES)
    assert "Part" not in lisible.columns
    assert lisible["Atteinte"].to_list() == ["non", None, "oui"]
    assert lisible["Petit effectif"].to_list() == ["oui", "non", "non"]
    assert "Petit effectif" not in tableaux.readable(FIGURES.with_columns(petit_effectif=False)).columns


@pytest.mark.parametrize(
    ("nombre", "ecrit"),
    [
        (None, ""),
        (0, "0"),
        (12.041116, "12,04"),
        (1234567, "1\u202f234\u202f567"),
        (0.5, "0,5"),
        (-3.10, "-3,1"),
    ],
)
def test_numbers_are_written_as_french_writes_them(nombre: float | None, ecrit: str) -> None:
    assert tableaux.written(nombre) == ecrit


def test_a_table_that_is_read_aloud_holds_text_only_and_says_what_it_leaves_out() -> None:
    made = tableaux.to_html(pl.DataFrame({"<b>": ["<script>", None], "n": [1234.5, None]}), "Une « table »")
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert "<caption>Une « table »</caption>" in made
    assert '<th scope="col" data-nombre>n</th>' in made
    assert "<td data-nombre>1\u202f234,5</td>" in made
    assert "<td>oui</td><td>non</td>" in tableaux.to_html(pl.DataFrame({"a": [True], "b": [False]}), "T")
    # What is missing is empty, never 0 nor a word of a machine.
    assert "<td></td><td data-nombre></td>" in made
    long = tableaux.to_html(pl.DataFrame({"n": range(tableaux.SHOWN_ROWS + 1)}), "T")
    assert long.count("<tr>") == tableaux.SHOWN_ROWS + 1
    assert "(300 lignes sur 301)" in long


def test_official_figures_stand_beside_those_of_a_choice(edition: Path) -> None:
    con, _ = requetes.open_edition(edition, SIGNATAIRES)
    with con:
        choix = requetes.Choix(EPCI, "hors_qpv_q1", "epci", "tous", "annee")
        lus = requetes.official(con, choix)
        assert lus.height >= 1
        assert set(lus["Raison probable"]) == {"Il manque un <fichier>"}
        assert requetes.official(con, requetes.Choix(EPCI, "baux", "epci", "tous", "annee")).height == 0


def test_a_file_without_official_figures_says_none(entrepot: Path) -> None:
    with duckdb.connect(str(entrepot), read_only=True) as con:
        choix = requetes.Choix(EPCI, "hors_qpv_q1", "epci", "tous", "annee")
        assert requetes.official(con, choix).height == 0


def test_files_hold_the_figures_and_no_formula() -> None:
    lisible = tableaux.readable(FIGURES)
    text = tableaux.to_csv(lisible).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("2021;'=cmd();12,041116;")
    # What is missing is empty, never 0.
    assert text.splitlines()[2].startswith("2021;Bailleur B;;")
    sheet = openpyxl.load_workbook(io.BytesIO(tableaux.to_xlsx(lisible, "Titre", ["Édition"]))).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0][: len(lisible.columns)] == lisible.columns
    assert rows[1][1] == "=cmd()"
    assert sheet.cell(5, 2).data_type == "s"
    assert rows[2][2] is None


def test_a_curve_stops_where_a_figure_is_missing_and_has_one_legend() -> None:
    import vl_convert

    autre = FIGURES.head(1).with_columns(libelle=pl.lit("Autre"), modalite=pl.lit("b"))
    annees = [
        autre.with_columns(periode=pl.lit(annee), valeur=pl.lit(valeur, dtype=pl.Float64))
        for annee, valeur in (("2021", 1.0), ("2022", None), ("2023", 3.0))
    ]
    courbe = dessins.trend(pl.concat([FIGURES, *annees]), "T", "%")
    made = courbe.to_dict()
    rows = (made.get("data") or made["layer"][0]["data"])["values"]
    assert [v["valeur"] for v in rows if v["nom"] == "Autre"] == [1.0, None, 3.0]
    (legend,) = vl_convert.vegalite_to_vega(courbe.to_json())["legends"]
    assert {"stroke", "strokeDash"} <= set(legend)


def test_what_is_missing_is_not_drawn() -> None:
    courbe = dessins.trend(FIGURES, "Titre", "%").to_dict()
    noms = {v["nom"] for v in courbe["layer"][0]["data"]["values"]}
    assert noms == {"=cmd()"}
    # The target is a line of its own, and nothing on the drawing sends it elsewhere.
    assert courbe["layer"][1]["mark"] == {"type": "line", "strokeDash": [6, 4], "color": "#444444"}
    assert {v["cible"] for v in courbe["layer"][1]["data"]["values"]} == {25.0}
    assert courbe["usermeta"] == {"embedOptions": {"actions": False}}
    assert dessins.ranking(FIGURES, "2021", "Titre", "%") is None
    assert dessins.carte(FIGURES, {}, "2021", "Titre", "%") is None
    carre = '{"type": "Polygon", "coordinates": [[[0,0],[0,1],[1,1],[0,0]]]}'
    plan = dessins.carte(FIGURES, {"a": [carre]}, "2021", "Titre", "%")
    assert dessins.png(plan).startswith(b"\x89PNG")
