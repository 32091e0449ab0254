"""CSV files: separator, header row on one physical line or several, and the relation that DuckDB reads.

Lines that DuckDB cannot take as they are go through `reparation` first.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.errors import DonneesRefusees
from pipelines.ingestion.correspondances import Correspondance
from pipelines.ingestion.declarations import quote
from pipelines.ingestion.landing import FichierDepose
from pipelines.ingestion.ouverture import Choix, Entete, NonReconnu, Ouverture, choose, settle
from pipelines.ingestion.reparation import Decoupeur, Reparation, decode, repair
from pipelines.inspection import Etat, decompress_gzip, inspect_text, refuse_non_data

SEPARATEURS = (";", ",", "\t", "|")
LIGNES_D_ENTETE_MAX = 30
ECHANTILLON = 1 << 18
# DuckDB sizes its buffers on this: a larger one costs memory on every thread.
LIGNE_MAX = 2 << 20


def inspected(fichier: FichierDepose, temporaire: Path, suffixe: str) -> tuple[Path, Etat]:
    """The text to parse, decompressed when it has to be, and the facts about its bytes.

    Raises:
        DonneesRefusees: not data, damaged, or a bomb.
    """
    if not fichier.extension.endswith(".gz"):
        return fichier.chemin, inspect_text(fichier.chemin, fichier.relatif, fichier.taille, fichier.sha256)
    with fichier.chemin.open("rb") as flux:
        debut = flux.read(1024)
    if not debut.startswith(b"\x1f\x8b"):
        refuse_non_data(debut, fichier.relatif)
    cible = temporaire / f"decompresse{suffixe}"
    decompress_gzip(fichier.chemin, cible, fichier.relatif)
    return cible, inspect_text(cible, fichier.relatif, fichier.taille, fichier.sha256)


def open_csv(fichier: FichierDepose, candidats: Sequence[Correspondance], temporaire: Path) -> Ouverture:
    """Find the separator, the header row and the layout of a CSV.

    Raises:
        DonneesRefusees: not data, without any row, or a required column is missing.
        NonReconnu: no product recognises it.
    """
    chemin, etat = inspected(fichier, temporaire, ".csv")
    lignes, entier = _sample(chemin, etat)
    choix: dict[str, Choix] = {}
    inconnus: list[NonReconnu] = []
    for separateur in SEPARATEURS:
        try:
            choix[separateur] = choose(fichier, candidats, list(_rows(lignes, separateur)))
        except NonReconnu as erreur:
            inconnus.append(erreur)
    if not choix:
        raise NonReconnu(str(inconnus[0]), [e for erreur in inconnus for e in erreur.entetes])
    separateur = max(choix, key=lambda s: choix[s].score)
    retenu = settle(fichier, candidats, choix[separateur])
    entete = retenu.entete
    if entier and not any(ligne.strip() for ligne in lignes[entete.fin :]):
        raise DonneesRefusees(
            f"{fichier.relatif} : le fichier ne contient que son en-tête, aucune donnée. Vérifiez l'export."
        )
    return Ouverture(
        fichier,
        "csv",
        chemin,
        etat,
        retenu.appariements,
        ligne_entete=entete.fin,
        lignes_d_entete=entete.fin - entete.debut + 1,
        separateur=separateur,
        largeur_max=len(entete.cellules),
    )


def _sample(chemin: Path, etat: Etat) -> tuple[list[str], bool]:
    """The first lines of a file, decoded, and whether they are all there are."""
    with chemin.open("rb") as flux:
        octets = flux.read(ECHANTILLON)
    if etat.utf16:
        texte = octets.decode("utf-16", errors="replace")
    else:
        texte = "\n".join(decode(ligne) for ligne in re.split(rb"\r\n|\n|\r", octets))
    lignes = texte.split("\n")
    entier = len(octets) < ECHANTILLON
    if not entier and len(lignes) > 1:
        lignes.pop()
    return lignes, entier


def _rows(lignes: Sequence[str], separateur: str) -> Iterator[Entete]:
    """Rows that may be the header: each physical line, and the lines that an open quote ties together."""
    decoupeur = Decoupeur(separateur)
    pleines = [i for i, ligne in enumerate(lignes) if ligne.strip()][:LIGNES_D_ENTETE_MAX]
    for i in pleines:
        decoupe = decoupeur.cut(lignes[i])
        yield Entete(decoupe.cellules, i + 1, i + 1)
        if not decoupe.ouverte:
            continue
        for fin in range(i + 2, min(i + LIGNES_D_ENTETE_MAX, len(lignes)) + 1):
            decoupe = decoupeur.cut("\n".join(lignes[i:fin]))
            if not decoupe.ouverte and not decoupe.coupee:
                yield Entete(decoupe.cellules, i + 1, fin)
                break


def _read_csv(
    chemin: Path, separateur: str, colonnes: Sequence[str], sauter: int, ligne_max: int = LIGNE_MAX
) -> str:
    types = ", ".join(f"'{c}': 'VARCHAR'" for c in colonnes)
    return (
        f"read_csv({quote(str(chemin))}, delim = {quote(separateur)}, quote = '\"', escape = '\"', "
        f"header = false, skip = {sauter}, auto_detect = false, strict_mode = true, "
        f"max_line_size = {ligne_max}, nullstr = '', columns = {{{types}}})"
    )


def direct_relation(ouverture: Ouverture, largeur: int) -> str:
    """What DuckDB reads of a clean text. It skips records, where the header is one, whatever its lines."""
    colonnes = [f"c{i}" for i in range(largeur)]
    sauter = ouverture.ligne_entete - ouverture.lignes_d_entete + 1
    return _read_csv(ouverture.chemin, ouverture.separateur, colonnes, sauter)


def repaired_relation(ouverture: Ouverture, largeur: int, temporaire: Path) -> tuple[str, Reparation]:
    """What DuckDB reads once the lines are repaired, and what the repair did.

    Raises:
        DonneesRefusees: the file was cut.
    """
    cible = temporaire / "repare.csv"
    bilan = repair(
        ouverture.chemin,
        ouverture.etat,
        cible,
        separateur=ouverture.separateur,
        ligne_entete=ouverture.ligne_entete,
        utile=largeur,
        largeur_max=ouverture.largeur_max,
    )
    if bilan.coupee:
        raise DonneesRefusees(
            f"{ouverture.fichier.relatif} : le fichier est tronqué (la dernière ligne, "
            f"{bilan.malformees[-1][0]}, est incomplète). Téléchargez-le ou exportez-le de nouveau."
        )
    colonnes = ["_ligne", *(f"c{i}" for i in range(largeur))]
    lu = _read_csv(cible, ouverture.separateur, colonnes, 0, max(LIGNE_MAX, bilan.plus_longue + 1))
    cellules = ", ".join(f"c{i}" for i in range(largeur))
    return f"(SELECT CAST(_ligne AS BIGINT) AS _ligne, {cellules} FROM {lu})", bilan
