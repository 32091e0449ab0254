"""A lake says which of its versions hold a person or a vintage, and loses them once it is written again."""

from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ObservatoireError
from pipelines.lac import drop_lake_versions, lake_versions_that_hold, write_lake
from tests.lac.conftest import Batir

RPLS = (["rpls_logements"], 2021)


def change(entrepot: Path, *statements: str) -> None:
    """What a later build gives: another content, and the fingerprint of it."""
    with duckdb.connect(str(entrepot)) as con:
        for statement in statements:
            con.execute(statement)
        con.execute("update meta.executions set empreinte = md5(empreinte), version = version + 1")


def test_the_versions_that_hold_a_vintage_go_once_the_lake_is_written_again(
    batir: Batir, tmp_path: Path
) -> None:
    entrepot, lac = batir(), tmp_path / "lac"
    first = write_lake(entrepot, lac).chemin
    assert lake_versions_that_hold(lac, empreinte_cle="k", vintage=RPLS) == [first]
    assert lake_versions_that_hold(lac, empreinte_cle="k", vintage=(["rpls_logements"], 2020)) == []
    # The current one stays: its readers would have nothing.
    drop_lake_versions(lac, [first])
    assert first.is_dir()
    change(entrepot, "delete from sources.rpls_logements where millesime = 2021")
    second = write_lake(entrepot, lac).chemin
    drop_lake_versions(lac, lake_versions_that_hold(lac, empreinte_cle="k", vintage=RPLS))
    assert list((lac / "versions").iterdir()) == [second]
    # What they shared is still whole.
    with duckdb.connect() as con:
        rows = con.execute(
            "select count(*) from read_parquet(?)", [f"{second}/sources/rpls_logements/*/*.parquet"]
        ).fetchall()
    assert rows == [(250,)]


def test_a_person_is_searched_in_every_text_and_with_the_key_that_made_the_version(
    batir: Batir, tmp_path: Path
) -> None:
    entrepot, lac = batir(), tmp_path / "lac"
    change(
        entrepot,
        "update meta.executions set empreinte_cle = 'k'",
        "update entrepot.fct_logement set _fichier = 'pseudonyme' where loyer = 3",
    )
    first = write_lake(entrepot, lac).chemin
    change(entrepot, "update entrepot.fct_logement set _fichier = 'x' where _fichier = 'pseudonyme'")
    second = write_lake(entrepot, lac).chemin

    def held(who: list[str], cle: str = "k") -> list[Path]:
        return lake_versions_that_hold(lac, empreinte_cle=cle, pseudonymes=who)

    assert held(["pseudonyme", "autre"]) == [first]
    assert held(["autre"]) == []
    assert held(["autre"], cle="une autre clé") == sorted([first, second])


def test_another_folder_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ObservatoireError, match="n'est pas un lac"):
        lake_versions_that_hold(tmp_path, empreinte_cle="k", vintage=RPLS)
