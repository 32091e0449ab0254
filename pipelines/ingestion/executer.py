"""Read the landing files of one source into the store.

Which files are read, and which are known already; what happens inside one file belongs in `fichier`.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import lecture
from pipelines.ingestion.comptes import Avertissement, CompteFichier
from pipelines.ingestion.corrections import check_applied, load_corrections
from pipelines.ingestion.correspondances import Correspondance, correspondances
from pipelines.ingestion.declarations import declarations, quote
from pipelines.ingestion.exclusions import load_exclusions
from pipelines.ingestion.extractions import declared_dates, extraction_date
from pipelines.ingestion.fichier import Contexte, LectureFichier
from pipelines.ingestion.landing import (
    FichierDepose,
    check_landing,
    documentation_files,
    is_documentation,
    landing_files,
    settings,
    stray_entries,
)
from pipelines.ingestion.magasin import Magasin, entry_key
from pipelines.ingestion.pseudonymes import key_fingerprint, set_key
from pipelines.inspection import FichierVide, extract_members, hash_file

# Warnings about what the reader left out, or doubts: each is said once, when the file is read.
_DITS = {
    *("colonne_repetee", "feuilles_ignorees", "fichier_vide", "fin_de_fichier", "non_reconnu"),
    *("polygone_inutilisable", "coordonnees_inversees"),
}


@dataclass(frozen=True)
class Options:
    """How to read: DuckDB threads and memory, and who is told of progress (one French sentence per file)."""

    threads: int | None = None
    memoire: str = "2GB"
    progression: Callable[[str], None] | None = None


def ingest(
    source: str, donnees: Path, magasin: Path, cle_pseudonyme: bytes, options: Options | None = None
) -> list[CompteFichier]:
    """Read every landing file of a source into the store.

    Args:
        source: `rpls`, `sne`, `ops`, `filosofi`, `geographie` or `referentiels`.
        donnees: the landing folder.
        magasin: folder of the store (validated Parquet keyed by content).
        cle_pseudonyme: secret key of persons' identifiers, see `pseudonymes.pseudonym_key`.
        options: threads, memory, progress.

    Returns:
        One account per file and product, in path order; files that are recognised as nothing give an account
        without product and a warning.

    Raises:
        DonneesRefusees: nothing to read in the folder, or a file that cannot be accepted.
    """
    options = options or Options()
    check_landing(donnees)
    fichiers = landing_files(source, donnees)
    magasin.mkdir(parents=True, exist_ok=True)
    temporaire = magasin / f"tmp-{source}"
    shutil.rmtree(temporaire, ignore_errors=True)
    temporaire.mkdir()
    corrections = load_corrections(donnees)
    exclusions = load_exclusions(donnees, cle_pseudonyme)
    try:
        with _connect(temporaire, options) as con:
            set_key(con, cle_pseudonyme)
            contexte = Contexte(con, Magasin(magasin), corrections, cle_pseudonyme, exclusions)
            lecteur = _Lecteur(contexte, temporaire, correspondances(source, donnees), options.progression)
            if options.progression and (notices := documentation_files(source, donnees)):
                options.progression(f"Notices laissées de côté : {', '.join(notices)}")
            comptes = [c for fichier in fichiers for c in lecteur.read(fichier)]
    finally:
        shutil.rmtree(temporaire, ignore_errors=True)
    check_applied(corrections, comptes)
    dates = declared_dates(donnees)
    comptes = [_dated(compte, dates) for compte in comptes]
    if source == "referentiels":
        comptes += [_ignored(source, donnees / nom, nom) for nom in stray_entries(donnees)]
    return comptes


def _dated(compte: CompteFichier, declarees: Sequence[tuple[str, dt.date]]) -> CompteFichier:
    trouvee = extraction_date(compte.fichier, compte.millesime, declarees)
    return replace(compte, date_extraction=trouvee.date if trouvee else None)


def _hash(chemin: Path, nom: str) -> tuple[int, str]:
    """Size and SHA-256 of a file of the landing folder; every one of them is hashed before anything else."""
    try:
        return hash_file(chemin)
    except OSError as erreur:
        raise unreadable(nom, erreur) from erreur


def unreadable(nom: str, erreur: OSError) -> DonneesRefusees:
    """What is said of a file that the system does not let anyone read."""
    return DonneesRefusees(
        f"{nom} : ce fichier ne peut pas être lu ({erreur.strerror}). Donnez le droit de "
        "le lire au compte qui lance la commande, ou déposez-le de nouveau."
    )


def unrecognised(fichier: FichierDepose, erreur: lecture.NonReconnu) -> DonneesRefusees | None:
    """What is said of a file that nothing recognises, where that stops the build; None where it does not."""
    if fichier.source not in settings()["sources_strictes"]:
        return None
    return DonneesRefusees(
        f"{fichier.relatif} : fichier non reconnu : {erreur}. Retirez-le, ou décrivez sa "
        "présentation dans correspondances/*.yml de votre dossier de dépôt (observatoire examiner --ebauche "
        "en propose une)."
    )


def _ignored(source: str, chemin: Path, nom: str) -> CompteFichier:
    taille, sha = _hash(chemin, nom)
    attendu = ", ".join(sorted({d for p in declarations().values() for d in p.dossiers}))
    message = f"Fichier hors des dossiers connus ({attendu}) : non lu"
    alerte = Avertissement("hors_dossier", message)
    return CompteFichier(nom, source, None, None, taille, sha, avertissements=(alerte,))


def _connect(temporaire: Path, options: Options) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"SET memory_limit = {quote(options.memoire)}")
    con.execute(f"SET temp_directory = {quote(str(temporaire / 'duckdb'))}")
    con.execute("SET enable_progress_bar = false")
    con.execute("SET autoinstall_known_extensions = false")
    # It turns every list of constants into a join: half a second of planning for a table of forty columns.
    con.execute("SET disabled_optimizers = 'in_clause'")
    if options.threads:
        con.execute(f"SET threads = {int(options.threads)}")
    return con


@dataclass(frozen=True)
class _Lecteur:
    """Reads deposited files one after the other."""

    contexte: Contexte
    temporaire: Path
    candidats: Sequence[Correspondance]
    progression: Callable[[str], None] | None

    def read(self, fichier: FichierDepose) -> list[CompteFichier]:
        """Accounts of one deposited file, one per product; those of its members for a zip.

        When the same bytes were read before, with all that their reading depends on, they are only hashed.
        """
        taille, sha = _hash(fichier.chemin, fichier.relatif)
        index = self._index_key(fichier, sha)
        comptes = self._known(fichier, index)
        if comptes is None:
            with tempfile.TemporaryDirectory(dir=self.temporaire) as dossier:
                comptes = list(self._read_deposited(fichier, Path(dossier), taille, sha))
            self.contexte.magasin.put_index(
                index, [(c.fichier.removeprefix(fichier.relatif), c.to_json()) for c in comptes]
            )
        for compte in comptes:
            if self.progression:
                self.progression(
                    f"{compte.fichier} → {compte.produit or 'non lu'} : {compte.lignes_lues} lignes lues, "
                    f"{compte.lignes_quarantaine} refusées, {compte.lignes_doublons} en double"
                    + (" (déjà validé)" if compte.reutilise else "")
                )
                for alerte in compte.avertissements:
                    if alerte.regle in _DITS:
                        self.progression(f"{compte.fichier} : {alerte.message}")
        return comptes

    def _index_key(self, fichier: FichierDepose, sha: str) -> str:
        candidats = self._candidates(fichier)
        return entry_key(
            [
                *(
                    "index",
                    sha,
                    fichier.nom,
                    fichier.millesime,
                    key_fingerprint(self.contexte.cle_pseudonyme),
                ),
                *(f"{c.correspondance} {c.empreinte} {c.declaration.version}" for c in candidats),
                *(
                    c.empreinte
                    for c in self.contexte.corrections
                    if c.produit in {x.produit for x in candidats}
                ),
                *self.contexte.exclusions.fingerprints(c.declaration for c in candidats),
            ]
        )

    def _candidates(self, fichier: FichierDepose) -> list[Correspondance]:
        return [c for c in self.candidats if fichier.dossier in c.declaration.dossiers]

    def _known(self, fichier: FichierDepose, index: str) -> list[CompteFichier] | None:
        entrees = self.contexte.magasin.get_index(index)
        if entrees is None:
            return None
        comptes = []
        for suffixe, contenu in entrees:
            compte = CompteFichier.from_json(contenu)
            if compte.produit is not None and self.contexte.magasin.get(compte.cle) is None:
                return None
            comptes.append(
                replace(
                    compte,
                    fichier=fichier.relatif + suffixe,
                    magasin=self.contexte.magasin.dossier,
                    reutilise=compte.produit is not None,
                )
            )
        return comptes

    def _read_deposited(
        self, fichier: FichierDepose, temporaire: Path, taille: int, sha: str
    ) -> Iterator[CompteFichier]:
        if fichier.extension != ".zip":
            yield from self._read_one(replace(fichier, taille=taille, sha256=sha), temporaire)
            return
        lus, laisses = 0, []
        for nom, chemin in extract_members(fichier.chemin, temporaire, fichier.relatif):
            taille_membre, sha_membre = hash_file(chemin)
            membre = replace(fichier.member(chemin, nom), taille=taille_membre, sha256=sha_membre)
            cache = any(part.startswith((".", "__MACOSX")) for part in nom.split("/"))
            if cache or is_documentation(membre.nom):
                laisses.append(nom)
                continue
            lus += 1
            yield from self._read_one(membre, temporaire)
        if not lus:
            detail = f" ; laissés de côté : {', '.join(laisses)}" if laisses else ""
            yield _unread(
                replace(fichier, taille=taille, sha256=sha),
                "fichier_vide",
                f"L'archive ne contient aucun fichier de données{detail}",
            )

    def _read_one(self, fichier: FichierDepose, temporaire: Path) -> Iterator[CompteFichier]:
        try:
            ouvertures = lecture.open_file(fichier, self._candidates(fichier), temporaire)
        except FichierVide:
            yield _unread(fichier, "fichier_vide", "Le fichier est vide : rien n'y est lu")
            return
        except lecture.NonReconnu as erreur:
            refus = unrecognised(fichier, erreur)
            if refus is not None:
                raise refus from erreur
            yield _unread(fichier, "non_reconnu", f"Fichier non lu : {erreur}")
            return
        for ouverture in ouvertures:
            for appariement in ouverture.appariements:
                lu = LectureFichier(self.contexte, lecture.with_mapping(ouverture, appariement), temporaire)
                yield lu.account()


def _unread(fichier: FichierDepose, regle: str, message: str) -> CompteFichier:
    """The account of a file that gives no row, and why."""
    return CompteFichier(
        *(fichier.relatif, fichier.source, None, fichier.millesime, fichier.taille, fichier.sha256),
        avertissements=(Avertissement(regle, message),),
    )
