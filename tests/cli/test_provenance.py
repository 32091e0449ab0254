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
            "count(*) filter (role like '%inconnu%'), count(*) filter (fichier is null or ligne is null) "
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
