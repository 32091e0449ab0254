"""Finds and loads convention files; builds the legal defaults of an EPCI that has none.

Rules that need several files (one file per EPCI, known methods) are here; those of one file are in `models`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pipelines.conventions.methods import load_methods
from pipelines.conventions.models import Convention, FichierConvention, SocleLegal, contradictions, slugify
from pipelines.conventions.reading import Document, read, refuse, validate
from pipelines.conventions.vocabulary import event_families, indicator_catalogue
from pipelines.errors import DonneesRefusees, MauvaisUsage
from pipelines.paths import TERRITOIRES

LEGAL = "_legal.yml"
_NOM_MAX = 200


def load_conventions(dossier: Path, sirens: list[str] | None = None) -> list[Convention]:
    """Load the convention files of a folder, sorted by SIREN.

    Args:
        dossier: folder of `<slug>.yml` files; names that start with `_` are not conventions. A `_legal.yml`
            in it replaces that of the project; methods of its `methodes/` add to those of the project.
        sirens: only these EPCI; one without a file is simply absent from the result. Files of other EPCI are
            not validated beyond their SIREN.

    Raises:
        DonneesRefusees: no such folder, a file is refused, or two files hold the same SIREN.
    """
    if not dossier.is_dir():
        raise DonneesRefusees(f"{dossier} : dossier des conventions introuvable")
    documents = [read(chemin) for chemin in _files(dossier)]
    _check_one_per_epci(documents)
    retenus = [d for d in documents if sirens is None or _siren(d) is None or _siren(d) in sirens]
    socle, _ = legal_core(dossier)
    contexte = {
        "indicateurs": indicator_catalogue(),
        "familles": event_families(),
        "methodes": [m.methode for m in load_methods(dossier)],
    }
    conventions: list[Convention] = []
    erreurs: list[str] = []
    for document in retenus:
        try:
            conventions.append(_convention(document, socle, contexte))
        except DonneesRefusees as erreur:
            erreurs.append(str(erreur))
    if erreurs:
        raise DonneesRefusees("\n".join(erreurs))
    return sorted(conventions, key=lambda c: c.siren)


def default_convention(siren: str, nom: str, dossier: Path = TERRITOIRES) -> Convention:
    """The legal core alone, for an EPCI without a convention file.

    Raises:
        MauvaisUsage: the SIREN has not 9 digits, or the name is empty or too long.
    """
    check_identity(siren, nom)
    socle, empreinte = legal_core(dossier)
    contenu = FichierConvention(siren=siren, nom=nom, version=socle.version, socle_legal="toujours")
    return Convention(contenu, socle, slugify(nom) or siren, empreinte, None)


def check_identity(siren: str, nom: str) -> None:
    """Refuse, as a usage error, what cannot be an EPCI.

    Raises:
        MauvaisUsage: the SIREN has not 9 digits, or the name is empty or too long.
    """
    if not re.fullmatch(r"[0-9]{9}", siren, flags=re.ASCII):
        raise MauvaisUsage(f"attendu un SIREN à 9 chiffres, reçu « {siren} »")
    if not 0 < len(nom.strip()) <= _NOM_MAX:
        raise MauvaisUsage(f"attendu un nom d'EPCI de 1 à {_NOM_MAX} caractères")


def legal_core(dossier: Path = TERRITOIRES) -> tuple[SocleLegal, str]:
    """The legal objectives and calendar (those of the folder, else the project's) and their SHA-256."""
    chemin = dossier / LEGAL
    chemin = chemin if chemin.is_file() else TERRITOIRES / LEGAL
    return _legal_core(chemin, chemin.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _legal_core(chemin: Path, _modifie: int) -> tuple[SocleLegal, str]:
    """Read once for all the EPCI without a file: a country has a thousand of them."""
    document = read(chemin)
    return validate(SocleLegal, document, {"indicateurs": indicator_catalogue()}), document.empreinte


def _files(dossier: Path) -> list[Path]:
    return sorted(
        (
            p
            for p in dossier.iterdir()
            if p.suffix in (".yml", ".yaml") and p.name[0] not in "_." and p.is_file()
        ),
        key=lambda p: p.name,
    )


def _siren(document: Document) -> str | None:
    valeur = document.contenu.get("siren")
    return str(valeur).strip() if isinstance(valeur, str | int) else None


def _check_one_per_epci(documents: list[Document]) -> None:
    vus: dict[str, Document] = {}
    for document in documents:
        siren = _siren(document)
        if siren is None:
            continue
        if siren in vus:
            raise refuse(
                document.chemin,
                f"attendu un seul fichier par EPCI, reçu un second pour {siren} (déjà dans "
                f"{vus[siren].chemin.name}) ; réunir les deux, chaque objectif gardant ses dates",
                document.line_of(("siren",)),
                "siren",
            )
        vus[siren] = document


def _convention(document: Document, socle: SocleLegal, contexte: Mapping[str, object]) -> Convention:
    contenu = validate(FichierConvention, document, contexte)
    convention = Convention(
        contenu,
        socle,
        slugify(document.chemin.stem) or contenu.siren,
        document.empreinte,
        document.chemin.name,
        document.chemin,
    )
    trouvees = contradictions(convention.objectifs)
    if trouvees:
        ligne = document.line_of(("objectifs",))
        raise DonneesRefusees(
            "\n".join(str(refuse(document.chemin, message, ligne, "objectifs")) for message in trouvees)
        )
    return convention
