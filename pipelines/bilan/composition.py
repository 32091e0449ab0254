"""Typst, in a process of its own: it keeps what it has set in memory, a gigabyte for a long report.

    python -m pipelines.bilan.composition FOLDER…

sets `document.typ` of each folder as its `document.pdf`. Only the call of Typst belongs here.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

POLICES = Path(__file__).with_name("polices")


def composer(dossiers: Sequence[Path]) -> None:
    """Set the document of each folder, all in one process: to start it takes longer than to set a page.

    Raises:
        RuntimeError: Typst refused a document; the message is its own.

    """
    commande = [sys.executable, "-m", "pipelines.bilan.composition", *map(str, dossiers)]
    fait = subprocess.run(commande, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if fait.returncode:
        raise RuntimeError(fait.stderr.strip())


def main(dossiers: Sequence[Path]) -> None:
    """Set the documents here and now."""
    import typst

    for dossier in dossiers:
        typst.compile(
            dossier / "document.typ",
            output=dossier / "document.pdf",
            root=dossier,
            font_paths=[POLICES],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["ua-1"],
        )


if __name__ == "__main__":
    main([Path(dossier) for dossier in sys.argv[1:]])
