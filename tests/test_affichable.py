"""Names that act on who reads them: on a terminal, in a log, in a report; and outputs that know few characters."""

import base64
import hashlib
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

import pipelines.definitions  # noqa: F401 - how Dagster speaks is set there
from pipelines.affichable import affichable, approche, sans_commande_json
from pipelines.alertes import Alerte, read_settings, send
from pipelines.bilan import fichiers, html, pdf
from pipelines.bilan.document import Colonne, Document, Ligne, Section, Tableau
from pipelines.bilan.glyphes import montrable
from pipelines.cli import affichage
from pipelines.journal import LignesJson, output_in_lines

# Clears the screen, forges a line, turns the text around, ends a line for some programs, is not a character.
HOSTILE = "OPAC\x1b[2J\nEntrepôt publié : faux\u202egpj.exe\u2028\x9b31m\udcff"
SEEN = "OPAC\\x1b[2J\\x0aEntrepôt publié : faux\\u202egpj.exe\\u2028\\x9b31m\\udcff"


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is logged here from the runner's own record, which no worker could send to the others."""
    monkeypatch.setattr(logging.getLogger("observatoire"), "propagate", False)


def test_what_acts_is_seen_and_the_rest_is_left() -> None:
    assert affichable(HOSTILE) == SEEN
    french = "Œuvre d’Émile – 1\u202f234,5 « m² » ≥ 30 %\u00a0: ✓"
    assert affichable(french) == french
    assert affichable("a\u200bb\ufeffc\u00ad") == "abc"
    assert affichable("un\ndeux", lignes=True) == "un\n  deux"


def test_json_keeps_its_value() -> None:
    content = {"nom": HOSTILE, "emoji": "🏠", "fin": "\U000e0041"}
    text = sans_commande_json(json.dumps(content, ensure_ascii=False))
    assert json.loads(text) == content
    assert affichable(text) == text


@pytest.mark.parametrize("logs", ["", "json"])
def test_nothing_that_the_command_writes_acts(
    logs: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    hostile = HOSTILE.removesuffix("\udcff")  # in a process of its own below: a runner cannot report it
    monkeypatch.setenv("OBSERVATOIRE_JOURNAL", logs)
    affichage.accept_every_character()
    with affichage.progress_shown():
        logging.getLogger(affichage.LOGGER).info("%s", hostile, extra={"moment": "debut"})
        logging.getLogger(affichage.LOGGER).warning("%s", hostile)
    affichage.announce(hostile)
    affichage.refuse(hostile)
    affichage.show_lines([hostile])
    affichage.show_table("Titre " + hostile, ("nom",), [(hostile,)])
    affichage.show_json({"nom": hostile})
    out, err = capfd.readouterr()
    written = [line for line in (out + err).split("\n") if line]
    # Shown as escapes: a failure whose report holds the character would stop the runner.
    assert not [ascii(line) for line in written if affichable(line) != line]
    assert not [ascii(line) for line in written if line.startswith("Entrepôt publié")]


def test_logs_are_json_to_the_last_line(tmp_path: Path) -> None:
    """The refusal, the interruption and the error that nobody foresaw too."""
    environment = {**os.environ, "OBSERVATOIRE_JOURNAL": "json"}
    asked = "import sys; from pipelines.cli import application, actions\n"
    calls = {
        "refused": "sys.exit(application.run(['restaurer', '--entrepot', 'absent.duckdb']))",
        "usage": "sys.exit(application.run(['restaurer']))",
        "unforeseen": "actions.restaurer = lambda *_: 1 / 0; sys.exit(application.run(['restaurer', '--entrepot', 'x']))",
        "stopped": "def stop(*_): raise KeyboardInterrupt\n"
        "actions.restaurer = stop; sys.exit(application.run(['restaurer', '--entrepot', 'x']))",
        "shown": "sys.exit(application.run(['init', '200066009', '--nom', 'E', '--territoires', 't']))",
    }
    said = {}
    for name, call in calls.items():
        done = subprocess.run(
            [sys.executable, "-c", asked + call],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said[name] = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert all(said.values())
    (line,) = said["unforeseen"]
    assert line["erreur"] == "ZeroDivisionError"
    assert "division" not in str(line), "the text of an error may quote a cell"
    assert any("application.py" in place for place in line["lieu"])


@pytest.mark.parametrize("logs", ["", "json"])
def test_what_dagster_says_of_a_run_acts_on_nothing(
    logs: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file's name in the message of a step, and in the text of its failure."""
    monkeypatch.setenv("OBSERVATOIRE_JOURNAL", logs)
    name = HOSTILE.removesuffix("\udcff")

    @dg.op
    def lit(context: dg.OpExecutionContext) -> None:
        context.log.info(f"Lecture de {name}")
        raise ValueError(f"{name} : DURAND")

    @dg.job
    def essai() -> None:
        lit()

    assert not essai.execute_in_process(raise_on_error=False).success
    lines = [line for line in capsys.readouterr().err.split("\n") if line]
    assert any("Lecture de" in line for line in lines)
    assert any("STEP_FAILURE" in line for line in lines)
    assert not [ascii(line) for line in lines if affichable(line) != line]
    assert not [ascii(line) for line in lines if line.startswith("Entrepôt publié")]
    if logs:
        assert all(json.loads(line)["journal"] == "dagster" for line in lines)
        assert "DURAND" not in str(lines), "the text of an error may quote a cell"
    else:
        assert "DURAND" in str(lines)


@pytest.mark.parametrize("logs", ["", "json"])
def test_what_a_library_prints_is_written_as_the_log_is(
    logs: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OBSERVATOIRE_JOURNAL", logs)
    with output_in_lines():
        print("1 of 2 OK\x1b[2J", end="")
        print("\n\u202e2 of 2\nreste", end="", flush=True)
    written = capsys.readouterr().out.splitlines()
    said = [json.loads(line)["message"] for line in written] if logs else written
    assert not [ascii(line) for line in written if affichable(line) != line]
    assert [affichable(line) for line in said] == ["1 of 2 OK\\x1b[2J", "\\u202e2 of 2", "reste"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "ascii", "cp1252"])
def test_a_terminal_that_knows_few_characters_refuses_nothing(
    encoding: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The build had published; then it failed on the narrow space of a number."""
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import application, affichage; import sys\n"
         "code = application.run(['init', '200066009', '--nom', 'É', '--territoires', 't'])\n"
         "affichage.show_lines([affichage.number(1234567.5, 1) + ' – « œuvre » ✓ \\udcff'])\n"
         "affichage.show_table('T', ('nom',), [('1\\u202f234',)])\n"
         "sys.exit(code)"],
        cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"1 234 567,5" in done.stdout


def test_what_an_encoding_lacks_is_approached() -> None:
    error = UnicodeEncodeError("ascii", "\u202f’éœ漢", 0, 5, "")
    assert approche(error) == (" 'eoe?", 5)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LignesJson())
    logger = logging.getLogger("observatoire.alerte")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_an_alert_says_nothing_that_acts(log: io.StringIO) -> None:
    send([Alerte("a", "urgent", HOSTILE, f"Fichier {HOSTILE}", "rien")], read_settings({}))
    (line,) = log.getvalue().splitlines()
    assert json.loads(line)["message"] == f"Fichier {SEEN}"


def document(nom: str) -> Document:
    tableau = Tableau("t", f"Baux de {nom}", (Colonne("Bailleur"),), (Ligne((nom,)),))
    return Document("f", "Titre", nom, 2021, (), (), (Section("s", nom, (tableau,)),))


def own_script(page: str) -> str:
    (script,) = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def test_a_page_runs_nothing_and_turns_nothing_around() -> None:
    page = html.rendre(document(HOSTILE))
    head = page[: page.index("<title>")]
    assert "default-src 'none'" in head
    # Only the page's own script, by its hash: sorting and searching its tables.
    assert re.findall(r"script-src ([^;]*);", head) == [f"'sha256-{own_script(page)}'"]
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "OPAC\\x1b" in page


@pytest.mark.parametrize("nom", [HOSTILE, "漢字 et 🏠 \ue000", "e\u0301 ł ş \u0301", "\ufffe\uffff"])
def test_a_character_that_the_font_lacks_does_not_cost_the_pdf(nom: str) -> None:
    assert pdf.rendre(document(nom)).startswith(b"%PDF")


def test_what_the_font_knows_is_left() -> None:
    french = "Œuvre d’Émile – 1\u202f234,5 « m² » ≥ ≤ − † ✓ ✗ …"
    assert montrable(french) == french
    assert montrable("e\u0301te\u0301") == "été"
    assert montrable("漢") == "□"


@pytest.mark.parametrize(
    "start", ["=", "＝", "+", "＋", "-", "－", "@", "＠", "\t=", " =", "\u200b=", "\u202e="]
)
def test_no_text_is_a_formula(start: str) -> None:
    written = fichiers.texte_sur(f"{start}HYPERLINK(1)")
    assert written[0] in {"'", "\\"}
    assert "\u202e" not in written


def test_a_date_is_still_a_date() -> None:
    assert fichiers.texte_sur(date(2021, 1, 2).isoformat()) == "2021-01-02"
