"""What the command shows: progress on a terminal, plain lines elsewhere, tables, JSON for programs.

Progress goes to the error stream, results to the output: a program that reads the output gets results only.
"""

import codecs
import io
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipelines import journal
from pipelines.affichable import affichable, approche, sans_commande_json

LOGGER = "observatoire.progression"
# Where nobody watches, a long step says where it is this many times.
_REPORTS = 4
# And a download of unknown size, each time that it received this much more.
_BYTES_STEP = 250_000_000


class _Plain(logging.Handler):
    """One line when a step starts and one when it ends."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._said = 0

    def emit(self, record: logging.LogRecord) -> None:
        fields = vars(record)
        if "total" in fields:
            share = fields["fait"] * _REPORTS // max(fields["total"], 1)
            if share in {self._said, _REPORTS}:
                return
            self._said = share
            announce(f"  {_said(record)}")
        elif "recu" in fields:
            step = fields["recu"] // _BYTES_STEP
            if step > self._said:
                self._said = step
                announce(f"  {_said(record)}")
        elif fields.get("moment") in {"fin", "echec"}:
            self._said = 0
            said = seconds(fields["duree_s"]) if fields["moment"] == "fin" else "échec"
            announce(f"{_said(record)} : {said}")
        elif fields.get("moment") == "debut":
            announce(f"{_said(record)}…")
        else:
            announce(_said(record))


def _said(record: logging.LogRecord) -> str:
    """What a record says, on one line: a file's name may hold another."""
    return affichable(record.getMessage())


class _Live(logging.Handler):
    """A moving line per step on a terminal."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self._progress = progress
        self._task: TaskID | None = None

    def emit(self, record: logging.LogRecord) -> None:
        fields = vars(record)
        if fields.get("moment") == "debut":
            self._task = self._progress.add_task(_said(record), total=None)
        elif self._task is None:
            self._progress.console.print(_said(record), highlight=False, markup=False)
        elif "total" in fields:
            self._progress.update(self._task, completed=fields["fait"], total=fields["total"])
        elif "recu" in fields:
            self._progress.update(self._task, description=_said(record))
        elif fields.get("moment") == "fin":
            self._progress.update(self._task, completed=1, total=1)
            self._task = None
        elif fields.get("moment") == "echec":
            self._progress.update(self._task, description=f"{_said(record)} : échec")
            self._progress.stop_task(self._task)
            self._task = None
        else:
            self._progress.console.print(_said(record), highlight=False, markup=False)


@contextmanager
def progress_shown() -> Iterator[None]:
    """Show the progress of the steps run in the block."""
    logger = logging.getLogger(LOGGER)
    level, propagated = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    with _handler() as handler:
        logger.addHandler(handler)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagated


@contextmanager
def _handler() -> Iterator[logging.Handler]:
    console = Console(stderr=True)
    if journal.wanted():
        yield journal.handler()
        return
    if not console.is_terminal:
        yield _Plain()
        return
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield _Live(progress)


def accept_every_character() -> None:
    """Make the two outputs write something for any character: a terminal may know a few hundred of them."""
    codecs.register_error("observatoire", approche)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="observatoire")


def announce(text: str) -> None:
    """Say something that is neither a step nor a result."""
    print(
        journal.line(text) if journal.wanted() else affichable(text, lignes=True), file=sys.stderr, flush=True
    )


def refuse(text: str) -> None:
    """Say why the command failed."""
    shown = journal.line(text, logging.ERROR) if journal.wanted() else affichable(text, lignes=True)
    print(shown, file=sys.stderr, flush=True)


def break_down(error: BaseException) -> None:
    """Say, as a line of the log, that the command met an error that nobody foresaw."""
    print(journal.line("Erreur imprévue", logging.CRITICAL, error), file=sys.stderr, flush=True)


def show_lines(lines: Iterable[str]) -> None:
    """Print a result, one line each."""
    for line in lines:
        print(journal.line(line) if journal.wanted() else affichable(line), flush=True)


def show_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = ()
) -> None:
    """Print a table; nothing is cut where the output is not a terminal."""
    if journal.wanted():
        show_lines([title, *(" · ".join("" if c is None else str(c) for c in row) for row in rows)])
        return
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200
    table = Table(title=affichable(title), title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else affichable(str(cell)) for cell in row))
    console.print(table)


def show_json(content: Mapping[str, Any]) -> None:
    """Print the summary for a program."""
    print(sans_commande_json(json.dumps(content, ensure_ascii=False, indent=1, default=str)), flush=True)


def seconds(duration: float) -> str:
    """A duration as a reader writes it."""
    if duration < 60:
        return f"{number(duration, 1)} s"
    return f"{int(duration // 60)} min {int(duration % 60):02d} s"


def number(value: float | None, decimals: int = 0) -> str:
    """A number in French: decimal comma, thousands apart; a dash when there is none."""
    if value is None:
        return "–"
    return f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")
