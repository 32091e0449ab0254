"""Typst, in a process of its own: it keeps what it has set in memory, a gigabyte for a long report.

    python -m pipelines.bilan.composition FOLDER

sets `document.typ` of the folder as `document.pdf`. Only the call of Typst belongs here.
"""

import subprocess
import sys
from pathlib import Path

POLICES = Path(__file__).with_name("polices")


def composer(dossier: Path) -> bytes:
    """Set the document of a folder and return the PDF.

    Raises:
        RuntimeError: Typst refused the document; the message is its own.

    """
    commande = [sys.executable, "-m", "pipelines.bilan.composition", str(dossier)]
    fait = subprocess.run(
        commande, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=dossier
    )
    if fait.returncode:
        raise RuntimeError(fait.stderr.strip())
    return (dossier / "document.pdf").read_bytes()


def main(dossier: Path) -> None:
    """Set the document here and now."""
    import typst

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
    main(Path(sys.argv[1]))
