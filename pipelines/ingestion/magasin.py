"""The store of validated files: one Parquet, its quarantine and its account per key, each parsed once.

The key says everything the content depends on. Files are written aside and renamed; the account is written
last, so that an entry without account does not exist.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.fichiers import flush, write_text
from pipelines.ingestion.comptes import CompteFichier

# To be raised when the reader itself changes what it writes for the same declaration and mapping.
VERSION_LECTEUR = "5"


def entry_key(morceaux: Sequence[object]) -> str:
    """Key of an entry from all that its content depends on."""
    texte = json.dumps([VERSION_LECTEUR, *(str(m) for m in morceaux)], ensure_ascii=False)
    return hashlib.sha256(texte.encode()).hexdigest()


@dataclass(frozen=True)
class Magasin:
    """A folder of entries."""

    dossier: Path

    def parquet(self, cle: str) -> Path:
        """Validated rows of an entry."""
        return self.dossier / f"{cle}.parquet"

    def quarantaine(self, cle: str) -> Path:
        """Refused rows of an entry."""
        return self.dossier / f"{cle}.quarantaine.parquet"

    def compte(self, cle: str) -> Path:
        """Account of an entry."""
        return self.dossier / f"{cle}.json"

    def get(self, cle: str) -> CompteFichier | None:
        """The account of a complete entry, None when it must be read."""
        try:
            contenu = json.loads(self.compte(cle).read_text(encoding="utf-8"))
            compte = CompteFichier.from_json(contenu)
        except (OSError, ValueError, TypeError, KeyError, AssertionError):
            return None
        complet = self.parquet(cle).is_file() and self.quarantaine(cle).is_file()
        return compte if complet else None

    def get_index(self, cle: str) -> list[tuple[str, dict[str, Any]]] | None:
        """Accounts of a deposited file seen before: name after the file's own (zip members), account."""
        try:
            contenu = json.loads((self.dossier / "index" / f"{cle}.json").read_text(encoding="utf-8"))
            return [(str(suffixe), dict(compte)) for suffixe, compte in contenu]
        except (OSError, ValueError, TypeError):
            return None

    def put_index(self, cle: str, entrees: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Remember which entries a deposited file gave."""
        dossier = self.dossier / "index"
        dossier.mkdir(exist_ok=True)
        write_text(dossier / f"{cle}.json", json.dumps(entrees, ensure_ascii=False, sort_keys=True))

    def put(self, compte: CompteFichier, parquet: Path, quarantaine: Path) -> None:
        """Move finished files into the store, the account last.

        Rows reach the disk before the account that vouches for them: after a power cut, an account whose rows
        are lost would stop every later build.
        """
        for fini in (parquet, quarantaine):
            flush(fini)
        parquet.replace(self.parquet(compte.cle))
        quarantaine.replace(self.quarantaine(compte.cle))
        write_text(
            self.compte(compte.cle),
            json.dumps(compte.to_json(), ensure_ascii=False, indent=1, sort_keys=True),
        )
