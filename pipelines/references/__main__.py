"""Rebuild the shipped references: `python -m pipelines.references PUBLIES PAQUETS [SORTIE]`."""

import sys
from pathlib import Path

from pipelines.errors import DonneesRefusees
from pipelines.references.declarations import DOSSIER
from pipelines.references.fabrication import rebuild


def main(arguments: list[str]) -> int:
    """Rebuild, and say what was written; return the exit code."""
    if len(arguments) not in {2, 3}:
        sys.stderr.write("Usage : python -m pipelines.references PUBLIES PAQUETS [SORTIE]\n")
        return 2
    try:
        publies, paquets, sortie = map(Path, [*arguments, str(DOSSIER)][:3])
        comptes = rebuild(publies, paquets, sortie)
    except DonneesRefusees as refus:
        sys.stderr.write(f"{refus}\n")
        return 1
    for nom, lignes in comptes.items():
        sys.stdout.write(f"{nom} : {lignes} lignes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
