"""Read the landing files of one source into the store, and load the store's entries into a warehouse.

The only module that knows the whole path of a file; each step is in its own module.
"""

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import lecture
from pipelines.ingestion.comptes import AVERTISSEMENTS_DDL, VERROU_DDL, Avertissement, CompteFichier
from pipelines.ingestion.corrections import Correction, check_applied, load_corrections
from pipelines.ingestion.correspondances import Correspondance, correspondances
from pipelines.ingestion.declarations import (
    COLONNES_QUARANTAINE,
    Produit,
    declarations,
    ident,
    products_of,
    quote,
    table_ddl,
)
from pipelines.ingestion.inspection import extract_members, hash_file
from pipelines.ingestion.landing import (
    FichierDepose,
    check_landing,
    is_documentation,
    landing_files,
    settings,
    stray_entries,
)
from pipelines.ingestion.magasin import Magasin, entry_key
from pipelines.ingestion.normalise import CelluleCorrigee, Requete, build_query
from pipelines.ingestion.pseudonymes import key_fingerprint, pseudonym, set_key
from pipelines.ingestion.validation import Refus, count_warnings, find_refusals

log = logging.getLogger(__name__)

_QUARANTAINE_SCHEMA = pl.Schema(
    {
        "_ligne": pl.Int64,
        **{c: pl.String for c in COLONNES_QUARANTAINE if c not in {"_fichier", "_ligne"}},
    }
)
_MAL_FORMEE = "ligne_mal_formee"
_LIGNES_CITEES = 5


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
    try:
        with _connect(temporaire, options) as con:
            set_key(con, cle_pseudonyme)
            corrections = load_corrections(donnees)
            lecteur = _Lecteur(
                con,
                Magasin(magasin),
                temporaire,
                correspondances(source, donnees),
                corrections,
                cle_pseudonyme,
                options,
            )
            comptes = [c for fichier in fichiers for c in lecteur.read(fichier)]
            check_applied(corrections, comptes)
    finally:
        shutil.rmtree(temporaire, ignore_errors=True)
    if source == "referentiels":
        comptes += [_ignored(source, donnees / nom, nom) for nom in stray_entries(donnees)]
    return comptes


def _ignored(source: str, chemin: Path, nom: str) -> CompteFichier:
    taille, sha = hash_file(chemin)
    attendu = ", ".join(sorted({d for p in declarations().values() for d in p.dossiers}))
    message = f"Fichier hors des dossiers connus ({attendu}) : non lu"
    return CompteFichier(
        nom, source, None, None, taille, sha, avertissements=(Avertissement("hors_dossier", message),)
    )


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
    """What is common to all the files of a source."""

    con: duckdb.DuckDBPyConnection
    magasin: Magasin
    temporaire: Path
    candidats: Sequence[Correspondance]
    corrections: Sequence[Correction]
    cle_pseudonyme: bytes = field(repr=False)
    options: Options

    def read(self, fichier: FichierDepose) -> Iterator[CompteFichier]:
        """Accounts of one deposited file, one per product; those of its members for a zip."""
        with tempfile.TemporaryDirectory(dir=self.temporaire) as dossier:
            temporaire = Path(dossier)
            if fichier.extension == ".zip":
                for nom, chemin in extract_members(fichier.chemin, temporaire, fichier.relatif):
                    membre = fichier.member(chemin, nom)
                    cache = any(part.startswith((".", "__MACOSX")) for part in nom.split("/"))
                    if not cache and not is_documentation(membre.nom):
                        yield from self._read_one(membre, temporaire)
            else:
                yield from self._read_one(fichier, temporaire)

    def _read_one(self, fichier: FichierDepose, temporaire: Path) -> Iterator[CompteFichier]:
        candidats = [c for c in self.candidats if fichier.dossier in c.declaration.dossiers]
        try:
            ouverture = lecture.open_file(fichier, candidats, temporaire)
        except lecture.NonReconnu as erreur:
            if fichier.source in settings()["sources_strictes"]:
                raise DonneesRefusees(
                    f"{fichier.relatif} : fichier non reconnu : {erreur}. Retirez-le, ou décrivez sa "
                    "présentation dans correspondances/*.yml de votre dossier de dépôt."
                ) from erreur
            taille, sha = hash_file(fichier.chemin)
            alerte = Avertissement("non_reconnu", f"Fichier non lu : {erreur}")
            yield CompteFichier(
                *(fichier.relatif, fichier.source, None, fichier.millesime, taille, sha),
                avertissements=(alerte,),
            )
            return
        for appariement in ouverture.appariements:
            compte = _FileRead(self, lecture.with_mapping(ouverture, appariement), temporaire).account()
            if self.options.progression:
                self.options.progression(
                    f"{compte.fichier} → {compte.produit} : {compte.lignes_lues} lignes lues, "
                    f"{compte.lignes_quarantaine} refusées, {compte.lignes_doublons} en double"
                    + (" (déjà validé)" if compte.reutilise else "")
                )
            yield compte


class _FileRead:
    """One file read for one product."""

    def __init__(self, lecteur: _Lecteur, ouverture: lecture.Ouverture, temporaire: Path) -> None:
        self.con = lecteur.con
        self.magasin = lecteur.magasin
        self.ouverture = ouverture
        self.temporaire = temporaire
        self.fichier = ouverture.fichier
        self.appariement = ouverture.appariements[0]
        self.correspondance = self.appariement.correspondance
        self.produit: Produit = self.correspondance.declaration
        self.avertissements: list[Avertissement] = []
        self.millesime = self._vintage()
        self.cle_pseudonyme = lecteur.cle_pseudonyme
        self.corrections = [
            c
            for c in lecteur.corrections
            if c.concerns(self.produit.produit, self.millesime, self.fichier.relatif)
        ]
        self.cle = entry_key(
            [
                *(ouverture.etat.sha256, self.produit.produit, self.produit.version),
                *(self.correspondance.empreinte, self.millesime),
                key_fingerprint(lecteur.cle_pseudonyme) if self.produit.personnes else "",
                *(c.empreinte for c in self.corrections),
            ]
        )

    def _vintage(self) -> int | None:
        depose, colonnes = self.fichier.millesime, self.appariement.annee_colonnes
        if colonnes is not None and depose is not None and colonnes != depose:
            self.avertissements.append(
                Avertissement(
                    "millesime_des_colonnes",
                    f"Le dossier ou le nom indique {depose}, les colonnes {colonnes} : {colonnes} est retenu",
                )
            )
        millesime = colonnes or depose
        par_ligne = "millesime" in self.appariement.positions
        annee_utile = any("{millesime}" in v for v in self.correspondance.constantes.values())
        if millesime is None and not par_ligne and (self.produit.millesime_requis or annee_utile):
            raise DonneesRefusees(
                f"{self.fichier.relatif} : millésime introuvable. Placez le fichier dans "
                f"{self.fichier.dossier}/<année>/ ou mettez l'année dans son nom."
            )
        return millesime

    def account(self) -> CompteFichier:
        """The account of the file, read now or taken from the store."""
        connu = self.magasin.get(self.cle)
        if connu is not None:
            gardes = [a for a in connu.avertissements if a.regle != "millesime_des_colonnes"]
            return replace(
                connu,
                fichier=self.fichier.relatif,
                taille=self.ouverture.etat.taille,
                sha256=self.ouverture.etat.sha256,
                avertissements=(*self.avertissements, *gardes),
                magasin=self.magasin.dossier,
                reutilise=True,
            )
        return self._read()

    def _read(self) -> CompteFichier:
        parquet = self.temporaire / "valide.parquet"
        brut, requete = self._normalise(parquet)
        rangs = pq.ParquetFile(parquet).metadata.num_rows
        malformees = brut.reparation.malformees if brut.reparation else []
        lignes = self._count_lines(parquet) if requete.multiplie else rangs
        lues = lignes + len(malformees)

        tolere = int(self.produit.tolerance * lues)
        corrigees, ecartees = self._apply_corrections(parquet, brut)
        refus = find_refusals(self.produit, parquet, rangs, rangs if requete.multiplie else tolere)
        refus += ecartees
        refuses = self._quarantine(parquet, brut, refus, malformees)
        self._check_tolerance(refuses, lues, tolere)
        doublons, conflits = self._duplicates(parquet, brut, refuses)
        if conflits.height:
            refuses = pl.concat([refuses, conflits])
            self._check_tolerance(refuses, lues, tolere)
        gardees, en_double = self._write(parquet, brut, refuses, doublons, lignes)
        quarantaine = refuses["_ligne"].n_unique()
        compte = CompteFichier(
            fichier=self.fichier.relatif,
            source=self.produit.source,
            produit=self.produit.produit,
            millesime=self.millesime,
            taille=self.ouverture.etat.taille,
            sha256=self.ouverture.etat.sha256,
            lecteur=self.ouverture.lecteur + ("+reparation" if brut.reparation else ""),
            correspondance=self.correspondance.correspondance,
            version_declaration=self.produit.version,
            lignes_lues=lues,
            lignes_gardees=gardees,
            lignes_quarantaine=quarantaine,
            lignes_doublons=en_double,
            corrections=sum(corrigees.values()),
            corrections_appliquees=corrigees,
            rangs=pq.ParquetFile(parquet).metadata.num_rows,
            premiere_ligne=None if self._has_line(parquet) else brut.premiere_ligne,
            colonnes_ignorees=tuple(self.appariement.ignorees),
            avertissements=(
                *self.avertissements,
                *self._file_warnings(brut),
                *count_warnings(self.produit, parquet),
            ),
            cle=self.cle,
            magasin=self.magasin.dossier,
        )
        ordonnees = self.temporaire / "quarantaine.parquet"
        refuses.sort("_ligne", "colonne", "regle", nulls_last=True).write_parquet(ordonnees)
        self.magasin.put(compte, parquet, ordonnees)
        log.info("%s: %d read, %d refused", compte.fichier, compte.lignes_lues, compte.lignes_quarantaine)
        return compte

    def _file_warnings(self, brut: lecture.Brut) -> list[Avertissement]:
        alertes = []
        if self.appariement.ignorees:
            noms = ", ".join(self.appariement.ignorees)
            alertes.append(
                Avertissement(
                    "colonnes_ignorees", f"Colonnes non lues : {noms}", len(self.appariement.ignorees)
                )
            )
        if self.ouverture.autres_feuilles:
            noms = ", ".join(self.ouverture.autres_feuilles)
            alertes.append(Avertissement("feuilles_ignorees", f"Feuilles non lues : {noms}"))
        if brut.reparation and not self.ouverture.etat.utf8:
            alertes.append(Avertissement("encodage", "Texte qui n'est pas en UTF-8, converti ligne à ligne"))
        return alertes

    def _normalise(self, parquet: Path) -> tuple[lecture.Brut, Requete]:
        """Write normalised rows; well-formed text goes straight through DuckDB, other text is repaired."""
        brut = lecture.direct(self.ouverture, self.con)
        if brut is not None:
            try:
                requete = self._copy(brut, parquet)
            except (duckdb.InvalidInputException, duckdb.ConversionException):
                brut = None
            except duckdb.Error as erreur:
                # A damaged Parquet shows as any kind of error; elsewhere it is the machine's (memory, disk).
                if self.ouverture.lecteur != "parquet" or isinstance(erreur, duckdb.OutOfMemoryException):
                    raise
                brut = None
            else:
                if brut.lignes_attendues in (None, self._lines_written(parquet, requete)):
                    return brut, requete
                brut = None
        if self.ouverture.lecteur != "csv":
            raise DonneesRefusees(f"{self.fichier.relatif} : contenu illisible. Enregistrez-le de nouveau.")
        brut = lecture.repaired(self.ouverture, self.temporaire)
        try:
            return brut, self._copy(brut, parquet)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            # The text of the error quotes the row: it may be personal data.
            raise DonneesRefusees(
                f"{self.fichier.relatif} : contenu illisible malgré la réparation. Exportez-le de nouveau."
            ) from None

    def _copy(self, brut: lecture.Brut, parquet: Path) -> Requete:
        relation, ligne = brut.relation, brut.premiere_ligne is None
        if not ligne and (self.correspondance.depivot or self.correspondance.eclater):
            # Line numbers from the place in a Parquet: row_number() would leave one thread at work.
            copie = self.temporaire / "brut.parquet"
            self.con.execute(
                f"COPY (SELECT * FROM {relation}) TO {quote(str(copie))} (FORMAT parquet, COMPRESSION lz4)"
            )
            relation = (
                f"(SELECT file_row_number + {brut.premiere_ligne} AS _ligne, * EXCLUDE (file_row_number) "
                f"FROM read_parquet({quote(str(copie))}, file_row_number = true))"
            )
            ligne = True
        requete = build_query(
            self.produit,
            self.appariement,
            relation,
            self.millesime,
            ligne=ligne,
            corrections=[self._cell(c) for c in self.corrections],
        )
        self.con.execute(f"COPY ({requete.sql}) TO {quote(str(parquet))} (FORMAT parquet, COMPRESSION zstd)")
        return requete

    def _cell(self, c: Correction) -> CelluleCorrigee:
        personnes = self.produit.personnes
        cle = {n: pseudonym(self.cle_pseudonyme, v) if n in personnes else v for n, v in c.cle.items()}
        return CelluleCorrigee(cle, c.colonne, c.attendu, c.valeur, remplace=c.action != "ecarter")

    def _apply_corrections(self, parquet: Path, brut: lecture.Brut) -> tuple[dict[str, int], list[Refus]]:
        """Rows met by each correction, and the rows to set aside.

        Raises:
            DonneesRefusees: a cell no longer holds what the correction expects.
        """
        if not self.corrections:
            return {}, []
        marques = self.con.execute(
            "SELECT _rang, _ligne, unnest(string_split(_corrections, ',')) AS m "
            f"FROM {self._rows(parquet, brut)} WHERE _corrections IS NOT NULL ORDER BY _rang, m"
        ).fetchall()
        comptes: Counter[str] = Counter()
        ecartees = []
        for rang, ligne, marque in marques:
            correction = self.corrections[int(marque[:-1])]
            if marque.endswith("-"):
                raise DonneesRefusees(
                    f"{correction.origine} : ligne {ligne} de {self.fichier.relatif}, la colonne "
                    f"« {correction.colonne} » n'a plus la valeur attendue : le producteur a changé la "
                    "donnée. Retirez cette correction, ou revoyez-la."
                )
            comptes[correction.empreinte] += 1
            if correction.action == "ecarter":
                ecartees.append(
                    Refus(
                        rang, correction.colonne, None, "ligne_ecartee", f"Correction : {correction.raison}"
                    )
                )
        return dict(comptes), ecartees

    def _lines_written(self, parquet: Path, requete: Requete) -> int:
        return (
            self._count_lines(parquet)
            if requete.multiplie
            else int(pq.ParquetFile(parquet).metadata.num_rows)
        )

    def _count_lines(self, parquet: Path) -> int:
        return _one(self.con, f"SELECT count(DISTINCT _ligne) FROM read_parquet({quote(str(parquet))})")

    @staticmethod
    def _has_line(parquet: Path) -> bool:
        return "_ligne" in pq.ParquetFile(parquet).schema_arrow.names

    def _rows(self, parquet: Path, brut: lecture.Brut) -> str:
        """The normalised rows with `_rang` (place in the Parquet) and `_ligne`."""
        ligne = "" if self._has_line(parquet) else f", file_row_number + {brut.premiere_ligne} AS _ligne"
        return (
            f"(SELECT * EXCLUDE (file_row_number), file_row_number AS _rang{ligne} "
            f"FROM read_parquet({quote(str(parquet))}, file_row_number = true))"
        )

    def _quarantine(
        self, parquet: Path, brut: lecture.Brut, refus: Sequence[Refus], malformees: Sequence[tuple[int, int]]
    ) -> pl.DataFrame:
        largeur = len(self.appariement.colonnes)
        lignes_mal_formees = pl.DataFrame(
            [
                (ligne, None, None, _MAL_FORMEE, f"La ligne a {cellules} cellules, l'en-tête {largeur}")
                for ligne, cellules in malformees
            ],
            schema=_QUARANTAINE_SCHEMA,
            orient="row",
        )
        if not refus:
            return lignes_mal_formees
        table = pl.DataFrame(
            [(r.rang, r.colonne, r.valeur, r.regle, r.message) for r in refus],
            schema={"_rang": pl.Int64, **{k: v for k, v in _QUARANTAINE_SCHEMA.items() if k != "_ligne"}},
            orient="row",
        )
        self.con.register("refus", table.select("_rang").unique())
        lignes = self.con.execute(
            f"SELECT _rang, _ligne FROM {self._rows(parquet, brut)} WHERE _rang IN (SELECT _rang FROM refus)"
        ).pl()
        self.con.unregister("refus")
        avec_ligne = table.join(lignes, on="_rang", how="left").select(list(_QUARANTAINE_SCHEMA))
        return pl.concat([lignes_mal_formees, avec_ligne.unique(maintain_order=True)])

    def _check_tolerance(self, refuses: pl.DataFrame, lues: int, tolere: int) -> None:
        lignes = refuses["_ligne"].unique().sort().to_list()
        if len(lignes) <= tolere:
            return
        (regle, colonne), nombre = Counter(refuses.select("regle", "colonne").rows()).most_common(1)[0]
        message = refuses.filter(pl.col("regle") == regle)["message"][0]
        ou = f", colonne « {colonne} »" if colonne else ""
        citees = ", ".join(str(x) for x in lignes[:_LIGNES_CITEES])
        tolerance = f"{self.produit.tolerance:.1%}".replace(".", ",").replace("%", " %")
        raise DonneesRefusees(
            f"{self.fichier.relatif} : lignes refusées : au moins {len(lignes)} sur {lues}, plus que la "
            f"tolérance de {tolerance} pour {self.produit.produit}. Règle la plus fréquente : {regle}{ou} "
            f"({nombre} fois : {message}). Premières lignes : {citees}. Corrigez le fichier à la source, ou "
            "décrivez sa présentation dans correspondances/*.yml si elle diffère."
        )

    def _duplicates(
        self, parquet: Path, brut: lecture.Brut, refuses: pl.DataFrame
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Ranks of exact repetitions of a key; quarantine rows for keys that come back with other content."""
        vide = pl.DataFrame(schema={"_rang": pl.Int64, "_ligne": pl.Int64})
        if not self.produit.cle:
            return vide, pl.DataFrame(schema=_QUARANTAINE_SCHEMA)
        self.con.register("refuses", refuses.select("_ligne").unique())
        cle = ", ".join(ident(c) for c in ("millesime", *self.produit.cle))
        connue = " OR ".join(f"{ident(c)} IS NOT NULL" for c in self.produit.cle)
        contenu = ", ".join(f"{ident(c.nom)}: {ident(c.nom)}" for c in self.produit.champs)
        lignes = (
            f"(SELECT * FROM {self._rows(parquet, brut)} WHERE ({connue}) "
            "AND _ligne NOT IN (SELECT _ligne FROM refuses))"
        )
        memes = " AND ".join(
            f"r.{ident(c)} IS NOT DISTINCT FROM k.{ident(c)}" for c in ("millesime", *self.produit.cle)
        )
        repetees = self.con.execute(
            f"""
            WITH k AS (SELECT {cle} FROM {lignes} GROUP BY {cle} HAVING count(*) > 1),
            r AS (SELECT * FROM {lignes} r WHERE EXISTS (SELECT 1 FROM k WHERE {memes}))
            SELECT _rang, _ligne, {{{contenu}}} IS NOT DISTINCT FROM first({{{contenu}}}) OVER w AS meme
            FROM r WINDOW w AS (PARTITION BY {cle} ORDER BY _rang)
            QUALIFY row_number() OVER w > 1 ORDER BY _rang
            """
        ).pl()
        self.con.unregister("refuses")
        conflits = repetees.filter(~pl.col("meme"))
        noms = ", ".join(self.produit.cle)
        message = f"La clé ({noms}) est déjà prise par une ligne précédente au contenu différent"
        quarantaine = conflits.select(
            pl.col("_ligne"),
            pl.lit(", ".join(self.produit.cle)).alias("colonne"),
            pl.lit(None, dtype=pl.String).alias("valeur"),
            pl.lit("cle_en_double").alias("regle"),
            pl.lit(message).alias("message"),
        ).unique(maintain_order=True)
        return repetees.filter(pl.col("meme")).select("_rang", "_ligne"), quarantaine.cast(
            _QUARANTAINE_SCHEMA
        )

    def _write(
        self, parquet: Path, brut: lecture.Brut, refuses: pl.DataFrame, doublons: pl.DataFrame, lignes: int
    ) -> tuple[int, int]:
        """Drop refused and repeated rows when there are any; lines kept and lines in double."""
        if not refuses.height and not doublons.height:
            return lignes, 0
        self.con.register("refuses", refuses.select("_ligne").unique())
        self.con.register("doublons", doublons)
        cible = self.temporaire / "garde.parquet"
        colonnes = ", ".join(["_ligne", *(ident(c.nom) for c in self.produit.champs), "millesime"])
        self.con.execute(
            f"COPY (SELECT {colonnes} FROM {self._rows(parquet, brut)} "
            "WHERE _ligne NOT IN (SELECT _ligne FROM refuses) AND _rang NOT IN (SELECT _rang FROM doublons)) "
            f"TO {quote(str(cible))} (FORMAT parquet, COMPRESSION zstd)"
        )
        en_double = _one(
            self.con,
            "SELECT count(DISTINCT _ligne) FROM doublons WHERE _ligne NOT IN (SELECT _ligne FROM refuses) "
            f"AND _ligne NOT IN (SELECT _ligne FROM read_parquet({quote(str(cible))}))",
        )
        self.con.unregister("refuses")
        self.con.unregister("doublons")
        cible.replace(parquet)
        return (self._count_lines(parquet), en_double)


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    ligne = con.execute(sql).fetchone()
    return int(ligne[0]) if ligne else 0


def load(con: duckdb.DuckDBPyConnection, source: str, comptes: Sequence[CompteFichier]) -> dict[str, int]:
    """Create the tables `sources.*` and `quarantaine.*` of a source and fill them from the store.

    Every table of the source is created, empty when nothing was read. When two files of the same product and
    vintage give the same key, the last in path order wins and the earlier rows are counted as duplicates.
    Rows are added to `meta.verrou` and `meta.avertissements`.

    Args:
        con: an open, writable connection to the warehouse being built.
        source: name of the source.
        comptes: accounts returned by `ingest` for that source.

    Returns:
        Number of rows per table of `sources`.
    """
    for schema in ("sources", "quarantaine", "meta"):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    con.execute(VERROU_DDL)
    con.execute(AVERTISSEMENTS_DDL)
    finaux: dict[tuple[str, str | None], CompteFichier] = {(c.fichier, c.produit): c for c in comptes}
    rangs = {}
    for produit in products_of(source):
        for ddl in table_ddl(produit):
            con.execute(ddl)
        siens = sorted((c for c in comptes if c.produit == produit.produit), key=lambda c: c.fichier)
        for compte in _load_product(con, produit, siens):
            finaux[compte.fichier, compte.produit] = compte
        rangs[produit.produit] = _one(con, f"SELECT count(*) FROM sources.{ident(produit.produit)}")
    ordonnes = sorted(finaux.values(), key=lambda c: (c.fichier, c.produit or ""))
    con.execute("DELETE FROM meta.verrou WHERE source = ?", [source])
    con.execute("DELETE FROM meta.avertissements WHERE source = ?", [source])
    for compte in ordonnes:
        con.execute(f"INSERT INTO meta.verrou VALUES ({', '.join('?' * 14)})", compte.lock_row())
        for ligne in compte.warning_rows():
            con.execute("INSERT INTO meta.avertissements VALUES (?, ?, ?, ?, ?, ?, ?)", ligne)
    return rangs


def _load_product(
    con: duckdb.DuckDBPyConnection, produit: Produit, comptes: Sequence[CompteFichier]
) -> Iterator[CompteFichier]:
    """Fill one table; yields the accounts with the duplicates found between files."""
    dernier_par_cle = {c.cle: ordre for ordre, c in enumerate(comptes)}
    parties = []
    for ordre, c in enumerate(comptes):
        if dernier_par_cle[c.cle] != ordre:
            continue  # the same content comes again later under another name
        ligne = "_ligne" if c.premiere_ligne is None else f"file_row_number + {c.premiere_ligne} AS _ligne"
        colonnes = ", ".join(ident(f.nom) for f in produit.champs)
        parties.append(
            (
                ordre,
                f"SELECT {colonnes}, millesime, {quote(c.fichier)} AS _fichier, {ligne}, {ordre} AS _ordre, "
                f"file_row_number AS _rang "
                f"FROM read_parquet({quote(str(Magasin(c.magasin).parquet(c.cle)))}, file_row_number = true)",
            )
        )
    remplacees = _replaced(con, produit, comptes, parties)
    table = f"sources.{ident(produit.produit)}"
    noms = ", ".join(ident(n) for n in produit.colonnes)
    filtre = ""
    if remplacees is not None:
        con.register("remplacees", remplacees)
        filtre = " ANTI JOIN remplacees USING (_ordre, _rang)"
    for _, sql in parties:
        con.execute(f"INSERT INTO {table} ({noms}) SELECT {noms} FROM ({sql}){filtre}")
    if remplacees is not None:
        con.unregister("remplacees")

    for ordre, c in enumerate(comptes):
        if dernier_par_cle[c.cle] != ordre:
            perdues = c.lignes_gardees
        elif remplacees is None or not remplacees.filter(pl.col("_ordre") == ordre).height:
            perdues = 0
        else:
            restantes = _one(
                con, f"SELECT count(DISTINCT _ligne) FROM {table} WHERE _fichier = {quote(c.fichier)}"
            )
            perdues = c.lignes_gardees - restantes
        refusees = quote(str(Magasin(c.magasin).quarantaine(c.cle)))
        con.execute(
            f"INSERT INTO quarantaine.{ident(produit.produit)} "
            f"SELECT {quote(c.fichier)}, _ligne, colonne, valeur, regle, message "
            f"FROM read_parquet({refusees})"
        )
        yield (
            replace(c, lignes_gardees=c.lignes_gardees - perdues, lignes_doublons=c.lignes_doublons + perdues)
            if perdues
            else c
        )


def _replaced(
    con: duckdb.DuckDBPyConnection,
    produit: Produit,
    comptes: Sequence[CompteFichier],
    parties: Sequence[tuple[int, str]],
) -> pl.DataFrame | None:
    """Rows (`_ordre`, `_rang`) whose key comes again in a later file of the same vintage."""
    if not produit.cle or len(parties) < 2:
        return None
    millesimes = Counter(comptes[ordre].millesime for ordre, _ in parties)
    # Files read with a vintage per row have none of their own: they may meet any other.
    par_ligne = any(_vintage_per_row(comptes[ordre]) for ordre, _ in parties)
    concernees = [sql for ordre, sql in parties if par_ligne or millesimes[comptes[ordre].millesime] > 1]
    if not concernees:
        return None
    cle = ", ".join(ident(c) for c in ("millesime", *produit.cle))
    connue = " OR ".join(f"{ident(c)} IS NOT NULL" for c in produit.cle)
    union = " UNION ALL ".join(
        f"SELECT {cle}, _ordre, _rang FROM ({sql}) WHERE {connue}" for sql in concernees
    )
    trouvees = con.execute(
        f"SELECT _ordre, _rang FROM ({union}) "
        f"QUALIFY _ordre < max(_ordre) OVER (PARTITION BY {cle}) ORDER BY ALL"
    ).pl()
    return trouvees if trouvees.height else None


def _vintage_per_row(compte: CompteFichier) -> bool:
    noms = {c.correspondance: c for c in correspondances(compte.source)}
    correspondance = noms.get(compte.correspondance)
    return correspondance is None or "millesime" in correspondance.alias
