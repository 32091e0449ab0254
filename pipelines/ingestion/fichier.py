"""One file read for one product: from raw cells to validated rows, quarantine and account in the store.

The order of the steps is here; each step is in its own module. Which files are read, and what becomes of the
entries of the store, belong in `executer` and `chargement`.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import exclusions, lecture
from pipelines.ingestion.comptes import Avertissement, CompteFichier
from pipelines.ingestion.corrections import Correction
from pipelines.ingestion.correspondances import Appariement
from pipelines.ingestion.declarations import COLONNES_QUARANTAINE, COMMUNES_LUES, Champ, Produit, ident, quote
from pipelines.ingestion.exclusions import Exclusions
from pipelines.ingestion.identifiants import (
    FONCTIONS,
    cleaned,
    read_identifier,
    rounded_request_number,
    values_fingerprint,
)
from pipelines.ingestion.landing import FichierDepose, settings, years_in_name
from pipelines.ingestion.magasin import Magasin, entry_key
from pipelines.ingestion.normalise import TYPE, CelluleCorrigee, Requete, build_query, serial_number
from pipelines.ingestion.ouverture import Ecart, printable_names, quotable, sheet_name
from pipelines.ingestion.polygones import settle_polygons
from pipelines.ingestion.pourcentages import Fractions, count_fractions
from pipelines.ingestion.pseudonymes import key_fingerprint, pseudonym
from pipelines.ingestion.repetitions import check_repetitions, merged, sentences
from pipelines.ingestion.validation import CELLULE, LIGNE, Refus, count_warnings, find_refusals, read_cells

log = logging.getLogger(__name__)

_QUARANTAINE_SCHEMA = pl.Schema(
    {
        "_ligne": pl.Int64,
        **{c: pl.String for c in COLONNES_QUARANTAINE if c not in {"_fichier", "_ligne"}},
    }
)
_MAL_FORMEE = "ligne_mal_formee"
_LIGNES_CITEES = 5
_COMMUNES_CITEES = 5
# A date whose first number, or second, cannot be a month: the other one is.
_JOUR_D_ABORD = r"(?:1[3-9]|2[0-9]|3[01])[/.-](?:0?[1-9]|1[0-2])[/.-](?:[0-9]{4}|[0-9]{2})(?:[ T].*)?"
_MOIS_D_ABORD = r"(?:0?[1-9]|1[0-2])[/.-](?:1[3-9]|2[0-9]|3[01])[/.-](?:[0-9]{4}|[0-9]{2})(?:[ T].*)?"


@dataclass(frozen=True)
class Contexte:
    """What is common to all the files of a source."""

    con: duckdb.DuckDBPyConnection
    magasin: Magasin
    corrections: Sequence[Correction]
    cle_pseudonyme: bytes = field(repr=False)
    exclusions: Exclusions = field(default_factory=Exclusions)


def find_vintage(fichier: FichierDepose, appariement: Appariement) -> tuple[int | None, Avertissement | None]:
    """The vintage of a file read with a mapping, and what to say when its columns and its place disagree.

    Raises:
        DonneesRefusees: the product needs one, and nothing states it.
    """
    depose, colonnes = fichier.millesime, appariement.annee_colonnes
    alerte = None
    if colonnes is not None and depose is not None and colonnes != depose:
        alerte = Avertissement(
            "millesime_des_colonnes",
            f"Le dossier ou le nom indique {depose}, les colonnes {colonnes} : {colonnes} est retenu",
        )
    noms = years_in_name(fichier.nom)
    if alerte is None and colonnes is None and noms and depose not in noms:
        alerte = Avertissement(
            "millesime_des_colonnes",
            f"Le dossier indique {depose}, le nom du fichier {noms[0]} : {depose} est retenu",
        )
    millesime = colonnes or depose
    correspondance = appariement.correspondance
    par_ligne = "millesime" in appariement.positions
    annee_utile = any("{millesime}" in v for v in correspondance.constantes.values())
    if millesime is None and not par_ligne and (correspondance.declaration.millesime_requis or annee_utile):
        raise DonneesRefusees(
            f"{fichier.relatif} : millésime introuvable. Placez le fichier dans "
            f"{fichier.dossier}/<année>/ ou mettez l'année dans son nom."
        )
    return millesime, alerte


def month_first(cellules: pl.DataFrame, produit: Produit) -> list[str]:
    """Date columns of which an unreadable cell, as `read_cells` lists them, proves that the month comes
    first."""
    return _proving(cellules, produit, _MOIS_D_ABORD)["colonne"].unique().sort().to_list()


def _proving(cellules: pl.DataFrame, produit: Produit, motif: str) -> pl.DataFrame:
    dates = [c.nom for c in produit.champs if c.type in {"date", "mois"}]
    return cellules.filter(
        pl.col("colonne").is_in(dates)
        & (pl.col("regle") == TYPE)
        & pl.col("valeur").str.contains(f"^(?:{motif})$")
    )


class LectureFichier:
    """One file read for one product."""

    def __init__(self, contexte: Contexte, ouverture: lecture.Ouverture, temporaire: Path) -> None:
        self.con = contexte.con
        self.magasin = contexte.magasin
        self.ouverture = ouverture
        self.temporaire = temporaire
        self.fichier = ouverture.fichier
        self.appariement = ouverture.appariements[0]
        self.correspondance = self.appariement.correspondance
        self.produit: Produit = self.correspondance.declaration
        self.avertissements: list[Avertissement] = []
        self.millesime = self._vintage()
        self.cle_pseudonyme = contexte.cle_pseudonyme
        self.exclusions = contexte.exclusions
        self.mois_d_abord: frozenset[str] = frozenset()
        self.corrections = [
            c
            for c in contexte.corrections
            if c.concerns(self.produit.produit, self.millesime, self.fichier.relatif)
        ]
        self.cle = entry_key(
            [
                *(ouverture.etat.sha256, self.produit.produit, self.produit.version),
                *(self.correspondance.empreinte, self.millesime, ouverture.feuille, values_fingerprint()),
                key_fingerprint(contexte.cle_pseudonyme) if self.produit.personnes else "",
                *(c.empreinte for c in self.corrections),
                *contexte.exclusions.fingerprints([self.produit]),
            ]
        )

    def _vintage(self) -> int | None:
        millesime, alerte = find_vintage(self.fichier, self.appariement)
        if alerte is not None:
            self.avertissements.append(alerte)
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
        lues = lignes + len(malformees) + len(self.ouverture.ecarts)

        exclues = self._set_aside(parquet, brut)
        ecarts = [*self.ouverture.ecarts, *self._settle_polygons(parquet, brut)]
        if exclues.height or ecarts:
            rangs, lignes = self._lines_and_rows(parquet)
        tolere = int(self.produit.tolerance * lues)
        corrigees, ecartees = self._apply_corrections(parquet, brut)
        cellules = read_cells(self.con, self.produit, self._rows(parquet, brut))
        self._check_columns(parquet, cellules)
        refus = find_refusals(self.produit, parquet, rangs, rangs if requete.multiplie else tolere)
        refus += ecartees
        trouves = self._found(parquet, brut, refus, cellules)
        seuls = self._rows_alone(parquet, trouves) if requete.multiplie else None
        if seuls is not None:
            # A wide line gives a row per cell: a row that cannot be kept is a cell of its line.
            portee = pl.when(pl.col("_rang").is_in(seuls["_rang"].implode())).then(pl.lit(CELLULE))
            trouves = trouves.with_columns(portee.otherwise(pl.col("portee")).alias("portee"))
        refuses = self._quarantine(trouves, malformees)
        self._check_tolerance(refuses, lues, tolere)
        communes = self._communes(parquet, brut, refuses)
        gardees = self._write(parquet, brut, refuses, lignes, seuls)
        refuses = pl.concat([refuses, exclues, self._set_apart(ecarts)])
        perdues = trouves.filter(
            (pl.col("portee") == CELLULE) & ~pl.col("_ligne").is_in(refuses["_ligne"].implode())
        )
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
            communes_touchees=communes,
            corrections=sum(corrigees.values()),
            cellules_ecartees=perdues.height,
            corrections_appliquees=corrigees,
            rangs=pq.ParquetFile(parquet).metadata.num_rows,
            premiere_ligne=None if self._has_line(parquet) else brut.premiere_ligne,
            champs_lus=self.appariement.champs_lus,
            colonnes_ignorees=quotable(self.appariement, self.appariement.ignorees),
            avertissements=(
                *self.avertissements,
                *self._file_warnings(brut),
                *self._exclusion_warnings(exclues, lues),
                *self._coverage_warnings(communes),
                *self._cell_warnings(parquet, perdues),
                *count_warnings(self.produit, parquet),
            ),
            cle=self.cle,
            magasin=self.magasin.dossier,
        )
        ordonnees = self.temporaire / "quarantaine.parquet"
        tout = pl.concat([refuses, perdues.select(list(_QUARANTAINE_SCHEMA))])
        tout.sort("_ligne", "colonne", "regle", nulls_last=True).write_parquet(ordonnees)
        self.magasin.put(compte, parquet, ordonnees)
        log.info("%s: %d read, %d refused", compte.fichier, compte.lignes_lues, compte.lignes_quarantaine)
        return compte

    def _set_aside(self, parquet: Path, brut: lecture.Brut) -> pl.DataFrame:
        """Take the excluded lines out of the normalised rows; quarantine rows that say which entry did it."""
        personnes = self.exclusions.persons(self.produit)
        millesimes = self.exclusions.vintages(self.produit)
        vide = pl.DataFrame(schema=_QUARANTAINE_SCHEMA)
        if not personnes and not millesimes:
            return vide
        self.con.register("personnes_exclues", _messages(personnes, pl.String))
        self.con.register("millesimes_exclus", _messages(millesimes, pl.Int64))
        lignes = self._rows(parquet, brut)
        parts = [
            f"SELECT r._ligne, '{exclusions.PERSON}' AS regle, e.message FROM {lignes} AS r "
            f"INNER JOIN personnes_exclues AS e ON r.{ident(champ)} = e.objet"
            for champ in self.produit.personnes
        ]
        parts.append(
            f"SELECT r._ligne, '{exclusions.VINTAGE}' AS regle, e.message FROM {lignes} AS r "
            "INNER JOIN millesimes_exclus AS e ON r.millesime = e.objet"
        )
        trouvees = self.con.execute(
            f"SELECT _ligne, NULL::VARCHAR AS colonne, NULL::VARCHAR AS valeur, min(regle) AS regle, "
            f"min(message) AS message, '{LIGNE}' AS portee "
            f"FROM ({' UNION ALL '.join(parts)}) GROUP BY _ligne ORDER BY _ligne"
        ).pl()
        self.con.unregister("personnes_exclues")
        self.con.unregister("millesimes_exclus")
        if not trouvees.height:
            return vide
        self.con.register("exclues", trouvees.select("_ligne"))
        reste = self.temporaire / "reste.parquet"
        self.con.execute(
            f"COPY (SELECT * EXCLUDE (_rang) FROM {lignes} "
            "WHERE _ligne NOT IN (SELECT _ligne FROM exclues)) "
            f"TO {quote(str(reste))} (FORMAT parquet, COMPRESSION zstd)"
        )
        self.con.unregister("exclues")
        reste.replace(parquet)
        return trouvees.select(list(_QUARANTAINE_SCHEMA)).cast(_QUARANTAINE_SCHEMA)

    def _lines_and_rows(self, parquet: Path) -> tuple[int, int]:
        """Rows of a Parquet that holds its lines, and how many lines they are."""
        return int(pq.ParquetFile(parquet).metadata.num_rows), self._count_lines(parquet)

    @staticmethod
    def _exclusion_warnings(exclues: pl.DataFrame, lues: int) -> list[Avertissement]:
        if not exclues.height:
            return []
        texte = f"Lignes écartées à la demande ({exclusions.FILE})"
        return [Avertissement(exclusions.WARNING, texte, exclues["_ligne"].n_unique(), lues)]

    def _communes(
        self, parquet: Path, brut: lecture.Brut, refuses: pl.DataFrame
    ) -> tuple[tuple[str, int, int], ...]:
        """Communes that lost lines: code, lines read, lines refused."""
        if self.produit.commune is None or not refuses.height:
            return ()
        self.con.register("refuses", refuses.select("_ligne").unique())
        commune = ident(self.produit.commune)
        lignes = self.con.execute(
            f"SELECT {commune}, count(*), "
            "count(*) FILTER (WHERE _ligne IN (SELECT _ligne FROM refuses)) AS refusees "
            f"FROM {self._rows(parquet, brut)} WHERE {commune} IS NOT NULL "
            "GROUP BY 1 HAVING refusees > 0 ORDER BY 1"
        ).fetchall()
        self.con.unregister("refuses")
        return tuple((str(code), int(lues), int(refusees)) for code, lues, refusees in lignes)

    def _coverage_warnings(self, communes: Sequence[tuple[str, int, int]]) -> list[Avertissement]:
        if not communes:
            return []
        pires = sorted(communes, key=lambda c: (-c[2] / c[1], c[0]))[:_COMMUNES_CITEES]
        citees = ", ".join(f"{code} ({refusees} sur {lues})" for code, lues, refusees in pires)
        message = f"Communes dont des lignes sont refusées, les plus touchées : {citees}"
        nombre, total = sum(c[2] for c in communes), sum(c[1] for c in communes)
        return [Avertissement("couverture_communes", message, nombre, total)]

    def _file_warnings(self, brut: lecture.Brut) -> list[Avertissement]:
        alertes = []
        if self.appariement.ignorees:
            noms = printable_names(self.appariement, self.appariement.ignorees)
            alertes.append(
                Avertissement(
                    "colonnes_ignorees", f"Colonnes non lues : {noms}", len(self.appariement.ignorees)
                )
            )
        if self.ouverture.autres_feuilles:
            noms = ", ".join(sheet_name(nom) for nom in self.ouverture.autres_feuilles)
            alertes.append(Avertissement("feuilles_ignorees", f"Feuilles non lues : {noms}"))
        alertes += [Avertissement("colonne_repetee", s) for s in sentences(self.appariement)]
        alertes += [Avertissement(regle, message) for regle, message in self.ouverture.alertes]
        if self.ouverture.lecteur == "csv" and self.ouverture.etat.fin_suspecte:
            message = (
                "La dernière ligne n'a pas de fin, les autres en ont une : sa dernière cellule est peut-être "
                "coupée. Vérifiez-la, ou exportez le fichier de nouveau"
            )
            alertes.append(Avertissement("fin_de_fichier", message))
        alertes += self._date_warnings(brut)
        if brut.reparation and not self.ouverture.etat.utf8:
            alertes.append(Avertissement("encodage", "Texte qui n'est pas en UTF-8, converti ligne à ligne"))
        return alertes

    def _date_warnings(self, brut: lecture.Brut) -> list[Avertissement]:
        """How dates were read, where they can be read in two ways."""
        alertes = []
        if self.mois_d_abord:
            noms = ", ".join(f"« {self._column(c)} »" for c in sorted(self.mois_d_abord))
            texte = f"Dates lues le mois d'abord (12/25 est le 25 décembre), colonnes {noms}"
            alertes.append(Avertissement("dates_mois_d_abord", texte))
        positions = {
            c.nom: self.appariement.positions[c.nom]
            for c in self.produit.champs
            if c.type == "date" and c.nom in self.appariement.positions
        }
        if positions and self.ouverture.lecteur == "csv":
            comptes = ", ".join(
                f"count(*) FILTER ({serial_number(f'c{p}')}), count(nullif(c{p}, ''))"
                for p in positions.values()
            )
            trouves = self.con.execute(f"SELECT {comptes} FROM {brut.relation}").fetchall()[0]
            for champ, numeros, remplies in zip(positions, trouves[::2], trouves[1::2], strict=True):
                if numeros:
                    texte = (
                        f"Colonne « {self._column(champ)} » : dates en numéros de tableur, comptés depuis "
                        "1900 ; un classeur qui les compte depuis 1904 les donne quatre ans et un jour "
                        "trop tôt. Comparez une date à celle de la source"
                    )
                    alertes.append(Avertissement("dates_en_numeros", texte, numeros, remplies))
        return alertes

    def _normalise(self, parquet: Path) -> tuple[lecture.Brut, Requete]:
        """Write normalised rows, dates read in the order that each column proves.

        Raises:
            DonneesRefusees: a column has dates that only the day first can be, and others that only the month
                first can be.
        """
        brut, requete = self._parsed(parquet)
        self._check_rounded(brut)
        americaines = self._proofs(parquet, brut, _MOIS_D_ABORD)
        if not americaines:
            return brut, requete
        self.mois_d_abord = frozenset(americaines)
        brut, requete = self._parsed(parquet)
        for champ, ligne in sorted(self._proofs(parquet, brut, _JOUR_D_ABORD).items()):
            if champ in americaines:
                raise DonneesRefusees(
                    f"{self.fichier.relatif} : colonne « {self._column(champ)} » : la date de la ligne "
                    f"{ligne} a le jour d'abord, celle de la ligne {americaines[champ]} le mois d'abord. Les "
                    "deux lectures donnent des dates : écrivez toute la colonne de la même façon."
                )
        return brut, requete

    def _proofs(self, parquet: Path, brut: lecture.Brut, motif: str) -> dict[str, int]:
        """Date columns with an unreadable cell of that form, and the first line of one."""
        lues = read_cells(self.con, self.produit, self._rows(parquet, brut))
        cellules = _proving(lues, self.produit, motif)
        return dict(cellules.group_by("colonne").agg(pl.col("_ligne").min()).rows())

    def _column(self, champ: str) -> str:
        """The name that the file itself gives to a field."""
        position = self.appariement.positions.get(champ)
        return champ if position is None else self.appariement.colonnes[position].strip() or champ

    def _parsed(self, parquet: Path) -> tuple[lecture.Brut, Requete]:
        """Write normalised rows; well-formed text goes straight through DuckDB, other text is repaired."""
        brut = lecture.direct(self.ouverture, self.con)
        if brut is not None:
            try:
                requete = self._copy(brut, parquet)
            except duckdb.Error as erreur:
                if not lecture.unreadable(self.ouverture, erreur):
                    raise
                brut = None
            else:
                if brut.lignes_attendues in (None, self._lines_written(parquet, requete)):
                    self._check_repetitions(brut)
                    return brut, requete
                brut = None
        if self.ouverture.lecteur != "csv":
            raise DonneesRefusees(f"{self.fichier.relatif} : contenu illisible. Enregistrez-le de nouveau.")
        brut = lecture.repaired(self.ouverture, self.temporaire)
        try:
            requete = self._copy(brut, parquet)
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            # The text of the error quotes the row: it may be personal data.
            raise DonneesRefusees(
                f"{self.fichier.relatif} : contenu illisible malgré la réparation. Exportez-le de nouveau."
            ) from None
        self._check_repetitions(brut)
        return brut, requete

    def _check_rounded(self, brut: lecture.Brut) -> None:
        """Two persons whose numbers a spreadsheet has rounded may have one: none of the column is believed.

        Raises:
            DonneesRefusees: too many numbers end as rounded ones do.
        """
        limites = settings()["numeros_arrondis"]
        for champ in self.produit.personnes:
            position = self.appariement.positions.get(champ)
            if position is None:
                continue
            cellule = cleaned(f"c{position}")
            arrondis, numeros = self.con.execute(
                f"SELECT count(DISTINCT x) FILTER ({rounded_request_number('x')}), count(DISTINCT x) "
                f"FROM (SELECT {cellule} AS x FROM {brut.relation})"
            ).fetchall()[0]
            if arrondis >= limites["nombre"] and arrondis >= limites["part"] * numeros:
                raise DonneesRefusees(
                    f"{self.fichier.relatif} : colonne « {self._column(champ)} » : {arrondis} numéros sur "
                    f"{numeros} finissent par des zéros : un tableur n'a gardé que quinze chiffres. Exportez "
                    "le fichier de nouveau depuis la source, cette colonne en texte."
                )

    def _check_repetitions(self, brut: lecture.Brut) -> None:
        """After lines are known to be whole: a stray quote would show cells of two lines as one."""
        check_repetitions(
            self.con, self.appariement, brut.relation, brut.premiere_ligne, self.fichier.relatif
        )

    def _settle_polygons(self, parquet: Path, brut: lecture.Brut) -> list[Ecart]:
        """Judge the polygons of a table; those of a GeoJSON were when it was opened."""
        if self.ouverture.lecteur == "geojson" or all(c.polygone is None for c in self.produit.champs):
            return []
        ecarts, alertes = settle_polygons(self.con, self.produit, self._rows(parquet, brut), parquet)
        self.avertissements += [Avertissement(regle, message) for regle, message in alertes]
        return ecarts

    @staticmethod
    def _set_apart(ecarts: Sequence[Ecart]) -> pl.DataFrame:
        """Quarantine rows of lines set aside for what they are; no tolerance applies to them."""
        return pl.DataFrame(
            [(e.ligne, e.colonne, None, e.regle, e.message, LIGNE) for e in ecarts],
            schema=_QUARANTAINE_SCHEMA,
            orient="row",
        )

    def _copy(self, brut: lecture.Brut, parquet: Path) -> Requete:
        relation, ligne = merged(self.appariement, brut.relation), brut.premiere_ligne is None
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
            mois_d_abord=self.mois_d_abord,
        )
        self.con.execute(f"COPY ({requete.sql}) TO {quote(str(parquet))} (FORMAT parquet, COMPRESSION zstd)")
        return requete

    def _cell(self, c: Correction) -> CelluleCorrigee:
        cle = {}
        for nom, texte in c.cle.items():
            champ = next((f for f in self.produit.champs if f.nom == nom), None)
            try:
                cle[nom] = self._key_value(champ, texte)
            except DonneesRefusees as erreur:
                raise DonneesRefusees(f"{c.origine} : clé « {nom} » : {erreur}") from None
        return CelluleCorrigee(cle, c.colonne, c.attendu, c.valeur, remplace=c.action != "ecarter")

    def _key_value(self, champ: Champ | None, texte: str) -> str:
        """A key of a correction as the rows hold it, in whatever form it is typed."""
        if champ is None or champ.type not in FONCTIONS:
            return texte
        if champ.type == "personne":
            return pseudonym(self.cle_pseudonyme, texte)
        return read_identifier(champ.type, texte) or texte

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
        return count(self.con, f"SELECT count(DISTINCT _ligne) FROM read_parquet({quote(str(parquet))})")

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

    def _found(
        self, parquet: Path, brut: lecture.Brut, refus: Sequence[Refus], cellules: pl.DataFrame
    ) -> pl.DataFrame:
        """Cells set aside and rows refused, each with its line; a row refused for a cell says it once."""
        schema = pl.Schema({"_rang": pl.Int64(), **_QUARANTAINE_SCHEMA})
        cellules = cellules.select(list(schema)).cast(schema)
        perdus = cellules.filter(pl.col("portee") == LIGNE)["_rang"].implode()
        cellules = cellules.with_columns(
            pl.when(pl.col("_rang").is_in(perdus))
            .then(pl.lit(LIGNE))
            .otherwise(pl.col("portee"))
            .alias("portee")
        )
        if not refus:
            return cellules
        table = pl.DataFrame(
            [(r.rang, r.colonne, r.valeur, r.regle, r.message, LIGNE) for r in refus],
            schema=pl.Schema({k: v for k, v in schema.items() if k != "_ligne"}),
            orient="row",
        )
        # A row refused for want of a cell that was set aside is refused for that cell.
        vides = cellules.select("_rang", pl.col("colonne").str.split(", ")).explode("colonne")
        numerotes = table.with_row_index("_numero")
        expliques = (
            numerotes.select("_numero", "_rang", pl.col("colonne").str.split(", "))
            .explode("colonne")
            .join(vides, on=["_rang", "colonne"], how="semi")
        )
        refuses = table["_rang"].implode()
        cellules = cellules.with_columns(
            pl.when(pl.col("_rang").is_in(refuses))
            .then(pl.lit(LIGNE))
            .otherwise(pl.col("portee"))
            .alias("portee")
        )
        table = numerotes.filter(~pl.col("_numero").is_in(expliques["_numero"].implode())).drop("_numero")
        self.con.register("refus", table.select("_rang").unique())
        lignes = self.con.execute(
            f"SELECT _rang, _ligne FROM {self._rows(parquet, brut)} WHERE _rang IN (SELECT _rang FROM refus)"
        ).pl()
        self.con.unregister("refus")
        avec_ligne = table.join(lignes, on="_rang", how="left").select(list(schema))
        return pl.concat([cellules, avec_ligne.cast(schema).unique(maintain_order=True)])

    def _rows_alone(self, parquet: Path, trouves: pl.DataFrame) -> pl.DataFrame:
        """Refused rows of wide lines that keep others."""
        refusees = trouves.filter(pl.col("portee") == LIGNE).select("_rang", "_ligne").unique()
        self.con.register("refusees", refusees)
        gardees = self.con.execute(
            "SELECT r._rang FROM refusees AS r INNER JOIN (SELECT _ligne, count(*) AS n FROM "
            f"read_parquet({quote(str(parquet))}) GROUP BY _ligne) AS l USING (_ligne) "
            "QUALIFY count(*) OVER (PARTITION BY r._ligne) < l.n ORDER BY ALL"
        ).pl()
        self.con.unregister("refusees")
        return gardees

    def _quarantine(self, trouves: pl.DataFrame, malformees: Sequence[tuple[int, int]]) -> pl.DataFrame:
        """Refused lines: those that are no line of this table, those that lack what a row must have."""
        largeur = len(self.appariement.colonnes)
        lignes_mal_formees = pl.DataFrame(
            [
                (
                    ligne,
                    None,
                    None,
                    _MAL_FORMEE,
                    f"La ligne a {cellules} cellules, l'en-tête {largeur}",
                    LIGNE,
                )
                for ligne, cellules in malformees
            ],
            schema=_QUARANTAINE_SCHEMA,
            orient="row",
        )
        refusees = trouves.filter(pl.col("portee") == LIGNE).select(list(_QUARANTAINE_SCHEMA))
        return pl.concat([lignes_mal_formees, refusees.unique(maintain_order=True)])

    def _counts(self, parquet: Path, cellules: pl.DataFrame) -> list[tuple[str, str, str, int, int]]:
        """Column, rule, message, cells set aside and cells filled, for each column that has some."""
        simples = {c.nom for c in self.produit.champs}
        par_colonne = (
            cellules.filter(pl.col("colonne").is_in(simples))
            .group_by("colonne")
            .agg(
                pl.len().alias("nombre"),
                pl.col("regle").mode().sort().first(),
                pl.col("message").mode().sort().first(),
            )
            .sort("colonne")
        )
        if not par_colonne.height:
            return []
        noms = par_colonne["colonne"].to_list()
        comptes = ", ".join(f"count({ident(nom)})" for nom in noms)
        remplies = self.con.execute(f"SELECT {comptes} FROM read_parquet({quote(str(parquet))})").fetchall()[
            0
        ]
        lignes = par_colonne.select("colonne", "regle", "message", "nombre").rows()
        return [
            (*ligne, int(ligne[3]) + int(pleines)) for ligne, pleines in zip(lignes, remplies, strict=True)
        ]

    def _check_columns(self, parquet: Path, cellules: pl.DataFrame) -> None:
        """Stop on a column that is not what it is taken for.

        Raises:
            DonneesRefusees: most cells of a column that is required, or that dates things, are unreadable;
                or a column of percentages holds fractions.
        """
        for champ, _, message, nombre, remplies in self._counts(parquet, cellules):
            declare = self.produit.champ(champ)
            rapprochement = self.produit.rapprochement
            necessaire = declare.requis or (rapprochement is not None and champ in rapprochement.repli)
            if necessaire and not declare.obligatoire and 2 * nombre > remplies:
                lignes = cellules.filter(pl.col("colonne") == champ)["_ligne"].unique().sort()
                citees = ", ".join(str(x) for x in lignes.head(_LIGNES_CITEES))
                raise DonneesRefusees(
                    f"{self.fichier.relatif} : colonne « {self._column(champ)} » : {nombre} cellules sur "
                    f"{remplies} illisibles ou impossibles ({message}). Premières lignes : {citees}. Une "
                    "autre colonne est-elle prise pour elle ? Corrigez le fichier à la source, ou décrivez "
                    "sa présentation dans correspondances/*.yml."
                )
        for champ, f in self._fractions(parquet):
            if f.partout:
                raise DonneesRefusees(
                    f"{self.fichier.relatif} : colonne « {self._column(champ)} » : des pourcentages sont "
                    f"attendus (65 pour 65 %), et {f.nombre} valeurs sur {f.sur} sont entre 0 et {f.borne}. "
                    f"Si ce sont des fractions, ajoutez à la correspondance "
                    f"« {self.correspondance.correspondance} » la ligne « echelles: {{{champ}: 100}} » ; si "
                    "ce sont bien des pourcentages, la même avec 1."
                )

    def _fractions(self, parquet: Path) -> list[tuple[str, Fractions]]:
        """The columns of percentages of which nothing says the scale, with what looks like shares of one."""
        return [
            (c.nom, count_fractions(self.con, ident(c.nom), f"read_parquet({quote(str(parquet))})"))
            for c in self.produit.champs
            if c.pourcentage
            and c.nom in self.appariement.positions
            and c.nom not in self.correspondance.echelles
        ]

    def _cell_warnings(self, parquet: Path, cellules: pl.DataFrame) -> list[Avertissement]:
        return [
            Avertissement(
                "fractions_parmi_les_pourcentages",
                f"Colonne « {champ} » : valeurs entre 0 et {f.borne} parmi des pourcentages, sans doute des "
                "parts de 1 ; corrigez-les à la source",
                f.nombre,
                f.sur,
            )
            for champ, f in self._fractions(parquet)
            if f.a_signaler
        ] + [
            Avertissement(
                "cellules_ecartees",
                f"Colonne « {self._column(champ)} » : cellules illisibles ou impossibles, devenues inconnues "
                f"({message})",
                nombre,
                remplies,
            )
            for champ, _, message, nombre, remplies in self._counts(parquet, cellules)
            if nombre > self.produit.tolerance_cellules * remplies
        ]

    def _where(self, colonne: str | None) -> str:
        """The columns of a rule as the file calls them, in a sentence; nothing without any."""
        names = ", ".join(self._column(c) for c in (colonne or "").split(", "))
        return f", colonne « {names} »" if colonne else ""

    def _check_tolerance(self, refuses: pl.DataFrame, lues: int, tolere: int) -> None:
        lignes = refuses["_ligne"].unique().sort().to_list()
        if len(lignes) <= tolere:
            return
        (regle, colonne), nombre = Counter(refuses.select("regle", "colonne").rows()).most_common(1)[0]
        message = refuses.filter(pl.col("regle") == regle)["message"][0]
        premieres: dict[tuple[str, str | None], int] = {}
        for autre, champ, ligne in refuses.select("regle", "colonne", "_ligne").sort("_ligne").rows():
            if (autre, champ) != (regle, colonne):
                premieres.setdefault((autre, champ), ligne)
        # A file typed by hand has a mistake of each kind: all are told at once.
        autres = " ; ".join(
            f"{autre}{self._where(champ)} (ligne {ligne})"
            for (autre, champ), ligne in list(premieres.items())[:_LIGNES_CITEES]
        )
        ou = self._where(colonne)
        citees = ", ".join(str(x) for x in lignes[:_LIGNES_CITEES])
        tolerance = f"{self.produit.tolerance:.1%}".replace(".", ",").replace("%", " %")
        raise DonneesRefusees(
            f"{self.fichier.relatif} : lignes refusées : au moins {len(lignes)} sur {lues}, plus que la "
            f"tolérance de {tolerance} pour {self.produit.produit}. Règle la plus fréquente : {regle}{ou} "
            f"({nombre} fois : {message}). Premières lignes : {citees}."
            f"{f' Autres règles : {autres}.' if autres else ''} Corrigez le fichier à la source, ou "
            "décrivez sa présentation dans correspondances/*.yml si elle diffère."
        )

    def _write(
        self,
        parquet: Path,
        brut: lecture.Brut,
        refuses: pl.DataFrame,
        lignes: int,
        seuls: pl.DataFrame | None,
    ) -> int:
        """Drop the refused lines, and the refused rows of wide ones, when there are any; lines kept."""
        if not refuses.height and (seuls is None or not seuls.height):
            return lignes
        self.con.register("refuses", refuses.select("_ligne").unique())
        self.con.register("ecartes", seuls if seuls is not None else pl.DataFrame(schema={"_rang": pl.Int64}))
        cible = self.temporaire / "garde.parquet"
        colonnes = ", ".join(
            ident(c) for c in ("_ligne", *(c.nom for c in self.produit.champs), *COMMUNES_LUES)
        )
        self.con.execute(
            f"COPY (SELECT {colonnes} FROM {self._rows(parquet, brut)} "
            "WHERE _ligne NOT IN (SELECT _ligne FROM refuses) AND _rang NOT IN (SELECT _rang FROM ecartes)) "
            f"TO {quote(str(cible))} (FORMAT parquet, COMPRESSION zstd)"
        )
        self.con.unregister("refuses")
        self.con.unregister("ecartes")
        cible.replace(parquet)
        return self._count_lines(parquet)


def _messages(objets: Mapping[Any, str], nature: type[pl.DataType]) -> pl.DataFrame:
    """What is excluded and the message of each, as a table."""
    return pl.DataFrame(
        {"objet": list(objets), "message": list(objets.values())},
        schema={"objet": nature, "message": pl.String},
    )


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """First cell of a query that counts."""
    ligne = con.execute(sql).fetchone()
    return int(ligne[0]) if ligne else 0
