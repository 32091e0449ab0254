"""The lake that several machines share: a real PostgreSQL, several processes writing at once, readers, time travel."""

import multiprocessing
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.lac import LacPartage, extract, publish_territories, snapshots
from pipelines.lac.connexion import alone, attach, connected
from pipelines.paths import WorkingFolder
from pipelines.publication import content_hashes, open_chantier, open_warehouse, publish
from tests.lac.conftest import EPCI, Batir

SECOND = timedelta(seconds=1)


def extracted(lac: LacPartage, entrepot: Path, **asked: object) -> Path:
    with open_chantier(WorkingFolder(entrepot), "lac partagé") as chantier:
        extract(chantier, lac, **asked)  # type: ignore[arg-type]
        publish(chantier, donnees=None, garder=1)
    return entrepot


def shared_content(entrepot: Path) -> dict[str, object]:
    """Hashes of what the shared lake keeps; the dictionary names the tables of the build too."""
    with open_warehouse(entrepot) as con:
        return {e.nom: e for e in content_hashes(con) if e.nom != "meta.dictionnaire"}


def publish_at_once(entrepots: Sequence[Path], lac: LacPartage, start: float) -> None:
    """Publish several times, from one process; the first attach of all the processes is at the same moment."""
    time.sleep(max(0.0, start - time.time()))
    for entrepot in entrepots:
        publish_territories(entrepot, lac)


def read_until(
    lac: LacPartage, stop: "multiprocessing.synchronize.Event", seen: "multiprocessing.Queue[object]"
) -> None:
    """Query without a pause: a territory is there whole or not at all, and is never counted twice."""
    found: list[tuple[object, ...]] = []
    while not stop.is_set():
        try:
            with connected(lac) as con:
                attach(con, lac)
                found += con.execute(
                    "select count(*), count(distinct (epci_siren, modalite)), count(distinct epci_siren), "
                    "(select count(*) from lac.meta.publications), max(largest) from ("
                    "select *, count(*) over (partition by epci_siren) as largest from lac.marts.indicateurs)"
                ).fetchall()
        except MauvaisUsage:
            # Nothing was published yet.
            pass
        time.sleep(0.1)
    seen.put(found)


def test_processes_publishing_at_once_lose_nothing_and_readers_see_whole_states(
    batir: Batir, lac_partage: LacPartage, tmp_path: Path
) -> None:
    """Four processes, two rounds each, an empty lake at the start; a reader all along; then the single-file build."""
    rounds = {
        siren: [batir(f"{siren}-{facteur}", (siren,), facteur=facteur) for facteur in (5, 1)]
        for siren in EPCI
    }
    context = multiprocessing.get_context("forkserver")
    # Imported once, not by each of them.
    context.set_forkserver_preload(["pipelines.lac", "pipelines.publication"])
    stop, seen = context.Event(), context.Queue()
    reader = context.Process(target=read_until, args=(lac_partage, stop, seen))
    reader.start()
    start = time.time() + 6
    writers = [context.Process(target=publish_at_once, args=(w, lac_partage, start)) for w in rounds.values()]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(300)
    stop.set()
    states = seen.get(timeout=60)
    reader.join(60)
    assert [writer.exitcode for writer in writers] == [0] * len(EPCI)

    assert states
    for rows, distinct, territories, published, largest in states:
        assert rows == distinct == 120 * territories
        assert territories == published
        assert largest in (None, 120)

    single = batir("ensemble")
    together = extracted(lac_partage, tmp_path / "extrait.duckdb")
    assert shared_content(together) == shared_content(single)
    assert len(snapshots(lac_partage)) == 2 * len(EPCI)


def test_last_year_is_given_back(batir: Batir, lac_partage: LacPartage, tmp_path: Path) -> None:
    before = batir("avant", facteur=1)
    first = publish_territories(before, lac_partage)
    moment = snapshots(lac_partage)[0].publie_le
    time.sleep(1.1)
    after = batir("apres", facteur=2, valeur=13.0)
    second = publish_territories(after, lac_partage)
    assert second.instantane > first.instantane
    by_number = extracted(lac_partage, tmp_path / "numero.duckdb", instantane=first.instantane)
    by_date = extracted(lac_partage, tmp_path / "date.duckdb", au=moment.replace(microsecond=0) + SECOND)
    # The public tables of former days may show what a later mask hides: they are not given back.
    exact = {nom: e for nom, e in shared_content(before).items() if not nom.startswith("diffusion.")}
    assert shared_content(by_number) == shared_content(by_date) == exact != shared_content(before)
    assert shared_content(extracted(lac_partage, tmp_path / "actuel.duckdb")) == shared_content(after)


def test_only_what_changed_is_written(batir: Batir, lac_partage: LacPartage) -> None:
    entrepot = batir()
    assert publish_territories(entrepot, lac_partage).tranches > 10
    assert publish_territories(entrepot, lac_partage).tranches == 0
    one = publish_territories(batir("un", EPCI[:1], facteur=3), lac_partage)
    with connected(lac_partage) as con:
        attach(con, lac_partage)
        changed = con.execute(
            "select count(*) from lac.meta.tranches where epci_siren = ?", [EPCI[0]]
        ).fetchall()
    # Its dwellings, its figures and its public ones; its convention and its requests are those of before.
    assert one.tranches == 3 < changed[0][0]


def test_one_territory_is_extracted_alone(batir: Batir, lac_partage: LacPartage, tmp_path: Path) -> None:
    publish_territories(batir(), lac_partage)
    path = extracted(lac_partage, tmp_path / "un.duckdb", epci=[EPCI[2]])
    with open_warehouse(path) as con:
        found = con.execute("select distinct epci_siren from marts.indicateurs").fetchall()
        comment = con.execute(
            "select comment from duckdb_tables() where table_name = 'fct_logement'"
        ).fetchall()
        asked = con.execute("select * from sources.parametres").fetchall()
    assert found == [(EPCI[2],)]
    assert comment == [("Un logement par ligne",)]
    assert asked == [("epci", EPCI[2])]
    with pytest.raises(MauvaisUsage, match=EPCI[0]):
        extracted(lac_partage, tmp_path / "autre.duckdb", epci=["123456789"])
    with pytest.raises(MauvaisUsage, match="instantané 9999"):
        extracted(lac_partage, tmp_path / "autre.duckdb", instantane=9999)


def test_a_writer_outside_the_turn_makes_the_publication_try_again(
    batir: Batir, lac_partage: LacPartage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A maintenance program does not ask for its turn: DuckLake refuses our commit, and the next try passes."""
    from pipelines.lac import partage

    publish_territories(batir(facteur=1), lac_partage)
    after = batir("apres", facteur=2)
    done = []
    real = partage._replace_slices

    def disturbed(con: duckdb.DuckDBPyConnection, table: object, *rest: object) -> None:
        if not done:
            done.append(table)
            with connected(lac_partage) as other:
                attach(other, lac_partage, ecrire=True)
                other.execute("delete from lac.marts.indicateurs where modalite = 'c1'")
        real(con, table, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(partage, "_replace_slices", disturbed)
    assert publish_territories(after, lac_partage).essais == 2
    with connected(lac_partage) as con:
        attach(con, lac_partage)
        counted = "select count(*), count(distinct (epci_siren, modalite)) from lac.marts.indicateurs"
        assert con.execute(counted).fetchall() == [(120 * len(EPCI), 120 * len(EPCI))]


def test_a_turn_that_does_not_come_is_a_sentence(lac_partage: LacPartage) -> None:
    with (
        connected(lac_partage) as one,
        alone(one, lac_partage),
        connected(lac_partage) as two,
        pytest.raises(ObservatoireError, match="depuis trop longtemps"),
        alone(two, lac_partage, attente_s=0.2),
    ):
        pass
    with connected(lac_partage) as three, alone(three, lac_partage, attente_s=0.2):
        pass


def test_a_column_added_by_the_rules_is_added_and_another_change_is_refused(
    batir: Batir, lac_partage: LacPartage
) -> None:
    publish_territories(batir(), lac_partage)
    more = batir("plus", EPCI[:1])
    with duckdb.connect(str(more)) as con:
        con.execute("alter table entrepot.fct_logement add column dpe varchar")
        con.execute("update entrepot.fct_logement set dpe = 'A'")
        con.execute("comment on column entrepot.fct_logement.dpe is 'Étiquette'")
    publish_territories(more, lac_partage)
    with connected(lac_partage) as con:
        attach(con, lac_partage)
        found = con.execute(
            "select coalesce(epci_siren, ''), count(dpe) > 0 from lac.entrepot.fct_logement group by 1 order by 1"
        ).fetchall()
    assert found == [("", True), *((siren, siren == EPCI[0]) for siren in EPCI)]
    with pytest.raises(ObservatoireError, match=r"entrepot\.fct_logement .*dpe"):
        publish_territories(batir("moins"), lac_partage)


def test_territories_made_from_other_files_are_named(batir: Batir, lac_partage: LacPartage) -> None:
    publish_territories(batir("un", EPCI[:2], sha256="aa"), lac_partage)
    done = publish_territories(batir("deux", EPCI[2:], sha256="bb"), lac_partage)
    assert list(done.autres_verrous) == list(EPCI[:2])


def test_rows_changed_in_the_lake_are_not_given_back(
    batir: Batir, lac_partage: LacPartage, tmp_path: Path
) -> None:
    publish_territories(batir(), lac_partage)
    with connected(lac_partage) as con:
        attach(con, lac_partage, ecrire=True)
        con.execute("update lac.marts.indicateurs set valeur = 0 where modalite = 'c7'")
    with pytest.raises(ObservatoireError, match=r"marts\.indicateurs"):
        extracted(lac_partage, tmp_path / "faux.duckdb")
    assert not (tmp_path / "faux.duckdb").exists()


def test_a_wrong_use_is_a_sentence(batir: Batir, lac_partage: LacPartage, tmp_path: Path) -> None:
    with pytest.raises(MauvaisUsage, match="Rien n'a encore été publié"):
        snapshots(lac_partage)
    with pytest.raises(MauvaisUsage, match="--ducklake-donnees"):
        publish_territories(batir(), LacPartage(lac_partage.catalogue))
    nowhere = LacPartage(f"host={tmp_path} user=postgres dbname=x", str(tmp_path / "f"))
    with pytest.raises(ObservatoireError, match="catalogue PostgreSQL"):
        publish_territories(batir("deux"), nowhere)


@pytest.mark.parametrize(
    "catalogue",
    [
        "host=h dbname=d password=tres_secret",
        "dbname=d PASSWORD = 'tres secret'",
        "password=tres_secret",
        "postgresql://u:tres_secret@h/d",
        "postgresql://h/d?user=u&password=tres_secret",
        "postgresql://h/d?pass%77ord=tres_secret",
        "host=h sslpassword=tres_secret",
    ],
)
def test_a_password_is_given_by_a_file_only(catalogue: str) -> None:
    """Arguments are seen by the whole machine, and Dagster's storage keeps the configuration of its runs."""
    with pytest.raises(MauvaisUsage, match="PGPASSFILE") as error:
        LacPartage(catalogue)
    assert "secret" not in str(error.value)
    for allowed in ("host=h dbname=d passfile=/x user=u", "postgresql://u@h:5432/d", "service=password_less"):
        assert LacPartage(allowed).catalogue == allowed


def test_the_command_refuses_a_password_before_it_builds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipelines.cli.application import run

    shared = ["--ducklake", "dbname=d password=tres_secret"]
    asked = ["build", "--donnees", str(tmp_path), "--entrepot", str(tmp_path / "w.duckdb"), *shared]
    assert run(asked) == 2
    assert "PGPASSFILE" in capsys.readouterr().err


def test_other_wrong_uses(batir: Batir, lac_partage: LacPartage) -> None:
    years = batir("annee")
    with duckdb.connect(str(years)) as con:
        con.execute("insert into sources.parametres values ('annee', '2021')")
    with pytest.raises(MauvaisUsage, match="--annees"):
        publish_territories(years, lac_partage)
