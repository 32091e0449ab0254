"""The questions of docs/questions.sql, and their answers written there, on the warehouse of the small demonstration.

With ACCEPTER=1 the answers are written again from the warehouse: read what changed before committing it.
"""

import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.paths import PROJECT_ROOT, edition_path
from tests.cli.conftest import Publie

FILE = PROJECT_ROOT / "docs" / "questions.sql"
ANSWER = "--    "
BLOCKS = re.split(r"(?m)^(?=-- \d+\. )", FILE.read_text(encoding="utf-8"))
QUESTIONS = dict(enumerate(BLOCKS[1:], 1))


def parts(block: str) -> tuple[str, list[str]]:
    """The question with its query, and the lines of the answer below."""
    lines = block.rstrip("\n").split("\n")
    cut = next((i for i, line in enumerate(lines) if line.startswith(ANSWER)), len(lines))
    return "\n".join(lines[:cut]).rstrip("\n"), lines[cut:]


def shown(value: Any) -> str:
    if value is None:
        return "·"
    if isinstance(value, bool):
        return "oui" if value else "non"
    return f"{value:g}" if isinstance(value, float) else str(value)


def ask(path: Path, sql: str) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as con:
        cursor = con.execute(sql)
        names = [str(column[0]) for column in cursor.description or ()]
        rows = [names, *([shown(value) for value in row] for row in cursor.fetchall())]
    return [ANSWER + " | ".join(row) for row in rows]


def test_there_are_twelve() -> None:
    assert [int(re.match(r"-- (\d+)", block).group(1)) for block in QUESTIONS.values()] == list(range(1, 13))  # type: ignore[union-attr]


@pytest.mark.parametrize("numero", QUESTIONS)
def test_each_question_has_its_answer(publie: Publie, numero: int) -> None:
    question, written = parts(QUESTIONS[numero])
    answer = ask(edition_path(publie.entrepot, "signataires"), question)
    if os.environ.get("ACCEPTER"):
        text = FILE.read_text(encoding="utf-8")
        below = "\n".join([question, *answer])
        FILE.write_text(text.replace(QUESTIONS[numero].rstrip("\n"), below), encoding="utf-8")
        return
    assert len(answer) > 1, "a question that nothing answers shows nothing"
    assert answer == written
