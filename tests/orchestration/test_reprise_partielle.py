"""Part of a build launched alone, as « Re-execute from failure » does: a sentence, and nothing is published."""

from pathlib import Path

import dagster as dg
import pytest

from pipelines.cli.execution import find_sentence
from pipelines.definitions import build_defs
from pipelines.jobs import CONSTRUIRE


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs()


@pytest.mark.parametrize(
    "step",
    ["publication/entrepot_publie", "sources/lecture", "marts/indicateurs"],
    ids=lambda s: s.replace("/", "."),
)
def test_a_step_without_what_it_starts_from_says_what_to_launch(
    defs: dg.Definitions, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBSERVATOIRE_CLE", "une clé pour les essais, longue")
    (tmp_path / "donnees").mkdir()
    entrepot = tmp_path / "w.duckdb"
    parametres = {"donnees": str(tmp_path / "donnees"), "entrepot": str(entrepot)}
    with pytest.raises(Exception) as error, dg.DagsterInstance.ephemeral() as instance:  # noqa: PT011
        defs.resolve_job_def(CONSTRUIRE).execute_in_process(
            run_config={"resources": {"parametres": {"config": parametres}}},
            instance=instance,
            asset_selection=[dg.AssetKey(step.split("/"))],
        )
    said = find_sentence(error.value, tmp_path)
    assert said is not None, repr(error.value)
    assert "construire" in str(said)
    assert len(str(said)) < 400
    assert not entrepot.exists()
