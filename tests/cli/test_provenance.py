"""The lines behind a figure: as many as its counts say, each with its file; and what the published tables are made of."""

import statistics
from collections.abc import Iterator

import duckdb
import pytest

from pipelines.edition import editions
from pipelines.paths import edition_path
from tests.cli.conftest import Publie

# One figure of each indicator and axis that is counted from rows; of the segments, which are read alike by all the
# indicators of a family, one of each family. The largest.
FIGURES = """
    select f.epci_siren, f.periode, f.indicateur, f.axe, f.modalite, f.segment_type, f.segment,
        f.numerateur, f.denominateur, f.inconnus
    from marts.indicateurs as f
    where f.periode_type in ('annee', 'millesime') and f.valeur is not null
        and f.indicateur in (select indicateur from meta.mesures)
        and f.axe in (select axe from meta.axes)
        and (f.segment_type = 'tous' or (f.indicateur, f.segment_type) in (
            select (m.indicateur, s.segment_type) from meta.mesures as m inner join meta.segments as s using (famille)
            union all select (m.indicateur, m.segment_type) from meta.mesures as m
        ))
    qualify row_number() over (
        partition by f.segment_type, case when f.segment_type = 'tous' then f.axe end, case
            when f.segment_type = 'tous' then f.indicateur
            else (select min(famille) from meta.mesures as m where m.indicateur = f.indicateur)
        end
        order by coalesce(f.numerateur, 0) + coalesce(f.denominateur, 0) desc, f.epci_siren, f.periode,
            f.modalite, f.segment
    ) = 1
    order by all
"""


@pytest.fixture
def entrepot(publie: Publie) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(publie.entrepot), read_only=True) as con:
        yield con


def test_as_many_lines_as_the_counts_say(entrepot: duckdb.DuckDBPyConnection) -> None:
    figures = entrepot.execute(FIGURES).fetchall()
    assert len(figures) > 250
    wrong = []
    for *key, numerateur, denominateur, inconnus in figures:
        found = entrepot.execute(
            "select count(*) filter (role like '%numérateur%'), count(*) filter (role like '%dénominateur%'), "
            "count(*) filter (role like '%inconnu%'), count(*) filter (fait is not null and (fichier is null or ligne is null)) "
            "from meta.provenance(?, ?, ?, axe := ?, modalite := ?, segment_type := ?, segment := ?)",
            key,
        ).fetchall()[0]
        said = (numerateur, denominateur, inconnus, 0)
        if any(told is not None and told != lines for told, lines in zip(said, found, strict=True)):
            wrong.append((key, said, found))
        # A value that has no counts of its own has lines too; a count of nothing has none.
        if not any(found[:3]) and (numerateur, denominateur) != (0, None):
            wrong.append((key, said, found))
    assert wrong == []


@pytest.mark.parametrize(
    "indicateur", ["fragilite_points", "fragilite_classe", "fragilite_points_stock", "fragilite_points_flux"]
)
def test_a_score_leads_to_what_its_criteria_were_read_in(
    entrepot: duckdb.DuckDBPyConnection, indicateur: str
) -> None:
    scores = entrepot.execute(
        "select epci_siren, periode, indicateur, axe, modalite, segment_type, segment from marts.indicateurs "
        "where indicateur = ? and valeur is not null qualify row_number() over ("
        "partition by axe order by epci_siren, periode, modalite, segment_type, segment) = 1",
        [indicateur],
    ).fetchall()
    assert scores
    for key in scores:
        ((read, others, placed),) = entrepot.execute(
            "select count(*) filter (role = 'lu'), count(*) filter (role <> 'lu'), count(fichier) from meta.provenance("
            "?, ?, ?, axe := ?, modalite := ?, segment_type := ?, segment := ?)",
            key,
        ).fetchall()
        assert (others, placed) == (0, read), key
        assert read > 0, key


# What is made of other figures, of two facts at once or of a share, and of no row of its own.
SANS_LIGNE = {
    ("baux_secteurs_fragiles", "methode x type_lieu x public"),
    ("part_demandes_mutation_parc", "tous"),
    ("concentration_bailleurs", "tous"),
    ("concentration_bailleurs", "rang"),
    ("accessible_q1", "menage"),
    ("accessible_q1", "taux_effort x menage"),
    ("accessible_q1", "methode x type_lieu x classe"),
    ("accessible_q1", "taux_effort x methode x type_lieu x classe"),
}


def test_no_figure_is_silent(entrepot: duckdb.DuckDBPyConnection) -> None:
    """Rows, or one row that says why there are none, and which these are is known; those of FIGURES have rows."""
    figures = entrepot.execute(
        "select epci_siren, periode, indicateur, axe, modalite, segment_type, segment, periode_type "
        "from marts.indicateurs where valeur is not null and coalesce(numerateur, 1) > 0 "
        f"and (indicateur, segment_type) not in (select (indicateur, segment_type) from ({FIGURES})) "
        "qualify row_number() over (partition by indicateur, segment_type order by axe = 'epci' desc, "
        "coalesce(numerateur, 0) + coalesce(denominateur, 0) desc, epci_siren, periode, axe, modalite, segment, "
        "periode_type) = 1"
    ).fetchall()
    silent = set()
    for key in figures:
        rows = entrepot.execute(
            "select role, fait, detail from meta.provenance(?, ?, ?, axe := ?, modalite := ?, segment_type := ?, "
            "segment := ?, periode_type := ?)",
            key,
        ).fetchall()
        assert rows, key
        if rows[0][1] is None:
            ((role, _, detail),) = rows
            assert role == "aucune ligne"
            assert "se fait d'autres figures" in detail, key
            silent.add((key[2], key[5]))
    assert silent == SANS_LIGNE


@pytest.mark.parametrize(
    ("siren", "periode", "indicateur"),
    [("247100589", "2022", "absent"), ("000000000", "2022", "baux"), ("247100589", "1999", "baux")],
)
def test_a_figure_that_is_not_there_is_said(
    entrepot: duckdb.DuckDBPyConnection, siren: str, periode: str, indicateur: str
) -> None:
    ((role, fait, detail),) = entrepot.execute(
        "select role, fait, detail from meta.provenance(?, ?, ?)", [siren, periode, indicateur]
    ).fetchall()
    assert (role, fait) == ("aucune ligne", None)
    assert "n'a pas cette figure" in detail


def test_the_coverage_of_the_survey_is_the_sum_of_its_rows(entrepot: duckdb.DuckDBPyConnection) -> None:
    for segment_type, segment in (("tous", "tous"), ("secteur", "qpv")):
        ((siren, periode, numerateur, denominateur),) = entrepot.execute(
            "select epci_siren, periode, numerateur, denominateur from marts.indicateurs where indicateur = "
            "'taux_couverture' and axe = 'epci' and segment_type = ? and segment = ? and valeur is not null "
            "order by denominateur desc, epci_siren, periode limit 1",
            [segment_type, segment],
        ).fetchall()
        details = entrepot.execute(
            "select detail from meta.provenance(?, ?, 'taux_couverture', segment_type := ?, segment := ?)",
            [siren, periode, segment_type, segment],
        ).fetchall()
        counts = [detail.rsplit(", ", 1)[1].split(" sur ") for (detail,) in details]
        assert sum(int(a) for a, _ in counts) == numerateur, (siren, periode, segment)
        assert sum(int(b) for _, b in counts) == denominateur, (siren, periode, segment)


def test_a_line_is_that_of_a_file_of_the_lock(entrepot: duckdb.DuckDBPyConnection) -> None:
    ((outside, lines),) = entrepot.execute(
        "select count(*) filter (v.fichier is null or p.ligne > v.lignes_lues + 1), count(*) "
        "from meta.provenance('242100410', '2022', 'hors_qpv_q1') as p "
        "left join meta.verrou as v on v.fichier = p.fichier"
    ).fetchall()
    assert (outside, lines > 0) == (0, True)


@pytest.mark.parametrize("segment_type", ["typologie", "demandeur"])
def test_a_median_is_that_of_its_own_leases(entrepot: duckdb.DuckDBPyConnection, segment_type: str) -> None:
    figures = entrepot.execute(
        "select epci_siren, periode, axe, modalite, segment, valeur from marts.indicateurs "
        "where indicateur = 'delai_median' and segment_type = ? and valeur is not null and epci_siren = '247100589'",
        [segment_type],
    ).fetchall()
    ((mois, jours),) = entrepot.execute(
        "select mois_par_an, jours_par_an from seeds.ref_bornes_indicateurs where fin is null"
    ).fetchall()
    assert {axe for _, _, axe, *_ in figures} >= {"epci", "commune"}
    for siren, periode, axe, modalite, segment, valeur in figures:
        delais = entrepot.execute(
            "select date_diff('day', a.date_premier_depot, a.date_signature_bail) from meta.provenance(?, ?, "
            "'delai_median', axe := ?, modalite := ?, segment_type := ?, segment := ?) as p "
            "inner join entrepot.fct_attribution as a on a.attribution_id = p.identifiant "
            "where p.role = 'dénominateur'",
            [siren, periode, axe, modalite, segment_type, segment],
        ).fetchall()
        expected = statistics.median(int(delai) for (delai,) in delais) * mois / float(jours)
        assert valeur == pytest.approx(expected), (siren, periode, axe, modalite, segment)


@pytest.mark.parametrize("nom", sorted(editions()))
def test_no_edition_leads_to_a_line(publie: Publie, nom: str) -> None:
    with duckdb.connect(str(edition_path(publie.entrepot, nom)), read_only=True) as con:
        assert not con.execute("from duckdb_functions() where function_name = 'provenance'").fetchall()


def test_published_columns_have_types_that_every_tool_reads(entrepot: duckdb.DuckDBPyConnection) -> None:
    """A tool that knows no 128-bit integer shows it as text, or not at all."""
    read = "schema_name in ('marts', 'meta', 'diffusion')"
    wide = entrepot.execute(
        f"select schema_name, table_name, column_name from duckdb_columns() where {read} and data_type ilike '%hugeint%'"
    ).fetchall()
    assert wide == []
    ((tables,),) = entrepot.execute(f"select count(*) from duckdb_tables() where {read}").fetchall()
    assert tables > 60
