"""The command as a user meets it: help at once, one French sentence per error, exit codes, no traceback."""

import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import execution
from pipelines.cli.application import app, commands, run
from pipelines.errors import DonneesRefusees, ObservatoireError

ALL = [
    "demo",
    "build",
    "examiner",
    "bilan",
    "fetch",
    "expliquer",
    "verify",
    "diff",
    "init",
    "dictionnaire",
    "restaurer",
    "serve",
]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("observatoire")), *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_every_command_of_the_contract_is_there() -> None:
    assert set(ALL) <= set(commands())


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_is_french_and_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"observatoire {name}" in " ".join(text.partition("Exemple :")[2].split())
    assert "Affiche cette aide." in text
    for english in ("Usage:", "Options:", "required", "default:", "Show this"):
        assert english not in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pipelines.cli.application import run; run(['build', '--help']); run(['build']); "
        "heavy = {'dagster', 'duckdb', 'polars', 'pandera', 'altair', 'dbt'} & set(sys.modules); "
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_and_usage_errors_answer_in_under_a_second() -> None:
    """The processor's time is measured: a busy machine must not fail the test, a heavy import must."""
    import resource

    for arguments in (["--help"], ["build", "--help"], ["build"], ["build", "--annees", "hier"]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.monotonic()
        call(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert spent < 1, f"{arguments}: {spent:.2f} s ({time.monotonic() - start:.2f} s elapsed)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Commandes :"),
        (["batir"], "Commande inconnue : batir"),
        (["build"], "Il manque --donnees"),
        (["build", "--donnees", "d", "--entrepot", "w", "--anees", "2021"], "Option inconnue : --anees"),
        (["build", "--donnees", "d", "--entrepot", "w", "--annees", "hier"], "--annees attend des années"),
        (["build", "--donnees", "d", "--entrepot", "w", "--epci", "12"], "SIREN à 9 chiffres"),
        (["build", "--donnees", "absent", "--entrepot", "w"], "« absent » n'existe pas"),
        (["bilan", "--entrepot", "w", "--epci", "247100589", "--annee", "x", "--sortie", "s"], "--annee"),
        (
            ["bilan", "--entrepot=w", "--epci=247100589", "--annee=2021", "--sortie=s", "--semestre=3"],
            "--semestre",
        ),
        (
            [
                "bilan",
                "--entrepot=w",
                "--epci=247100589",
                "--annee=1",
                "--sortie=s",
                "--semestre=1",
                "--evaluation",
            ],
            "Un seul rapport",
        ),
        (
            ["bilan", "--entrepot=w", "--epci=247100589", "--annee=2021", "--sortie=s", "--region=27"],
            "--departement ou --region choisit",
        ),
        (["bilan", "--entrepot=w", "--sortie=s", "--departement=71"], "Il manque --annee"),
        (["bilan", "--entrepot=w", "--sortie=s"], "Il manque --epci (ou --tous"),
        (["bilan", "--entrepot=w", "--epci=247100589", "--sortie=s", "--tous"], "--tous choisit les EPCI"),
        (["restaurer", "--entrepot", "w", "--version", "0"], "--version"),
        (["init", "abc"], "SIREN à 9 chiffres"),
        (["bilan", "--entrepot=w", "--epci=247100589", "--sortie=s", "--semestre=1"], "Il manque --annee"),
    ],
)
def test_bad_usage_is_one_sentence_and_code_2(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["bilan", "--entrepot=absent.duckdb", "--epci=247100589", "--annee=2021", "--sortie=s"],
        ["verify", "--donnees=.", "--entrepot=absent.duckdb"],
        ["diff", "absent.duckdb", "absent.duckdb"],
        ["restaurer", "--entrepot=absent.duckdb"],
        ["dictionnaire", "--entrepot=absent.duckdb"],
        ["expliquer", "--entrepot=absent.duckdb", "--epci=247100589", "--periode=2021", "--indicateur=baux"],
    ],
)
def test_a_warehouse_that_is_not_there_is_code_1(
    arguments: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 1
    captured = capsys.readouterr()
    assert "n'existe pas" in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_someone_else_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mienne.duckdb"
    with duckdb.connect(str(mine)) as con:
        con.execute("create table t as select 1")
    assert run(["build", "--donnees", str(tmp_path), "--entrepot", str(mine)]) == 1
    assert "ne sera pas remplacé" in capsys.readouterr().err


def test_with_json_an_error_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--donnees", "absent", "--entrepot", "w", "--json"]) == 2
    captured = capsys.readouterr()
    answer = json.loads(captured.out)
    assert answer["code"] == 2
    assert answer["erreur"] in captured.err


def test_init_writes_a_convention_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["init", "200066009", "--nom", "Essai", "--territoires", str(tmp_path)]
    assert run(arguments) == 0
    assert (tmp_path / "essai.yml").is_file()
    assert str(tmp_path / "essai.yml") in capsys.readouterr().out
    assert run(arguments) == 1
    assert "déjà une convention" in capsys.readouterr().err


def test_the_sentence_is_found_behind_the_orchestrator() -> None:
    try:
        try:
            raise DonneesRefusees("le fichier x")
        except DonneesRefusees as error:
            raise RuntimeError("step failed") from error
    except RuntimeError as error:
        found = execution.find_sentence(error, Path())
    assert isinstance(found, ObservatoireError)
    assert str(found) == "le fichier x"
    assert execution.find_sentence(ValueError("bug"), Path()) is None


def test_a_programming_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("bug")

    monkeypatch.setattr("pipelines.cli.actions.diff", broken)
    with pytest.raises(ValueError, match="bug"):
        run(["diff", "a", "b"])


def test_an_interruption_says_that_nothing_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.cli.actions.diff", interrupted)
    assert run(["diff", "a", "b"]) == 130
    assert "Interrompu" in capsys.readouterr().err


def test_no_option_is_declared_without_help() -> None:
    for name, command in commands().items():
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"
    assert app.info.help
