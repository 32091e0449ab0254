"""A landing folder held as data, so that it can be transformed: files, their rows, and how they are written.

The rows are those of the canonical layouts; nothing here knows what a transformation is.
"""

import csv
import gzip
import io
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from tests.ingestion.exemples import ATTRIBUTION, DEMANDE, OPS, RPLS

Ligne = dict[str, str]
DATES = (
    "date_premier_depot",
    "date_decision",
    "date_signature_bail",
    "date_entree",
    "date_renouvellement",
    "date_radiation",
)
NOMBRES = ("surface", "loyer", "ressources_mensuelles", "rfr", "LOYERPRINC", "SURFHAB")
SIRENS = ("bailleur_siren", "bailleur_origine_siren")


@dataclass(frozen=True)
class Fichier:
    """One file to be: its folder and name without extension, its rows, and how it will be written."""

    dossier: str
    nom: str
    lignes: tuple[Ligne, ...]
    separateur: str = ";"
    encodage: str = "utf-8"
    fin: str = "\n"
    guillemets: bool = False
    conteneur: str = "csv"  # csv, csv.gz, zip, xlsx, parquet
    preambule: tuple[str, ...] = ()
    queue: bool = False  # an empty cell at the end of each line
    capitales: bool = False  # its header

    @property
    def colonnes(self) -> list[str]:
        """The columns of the file, in order."""
        return list(dict.fromkeys(c for ligne in self.lignes for c in ligne))

    @property
    def entete(self) -> list[str]:
        """The columns as they are printed."""
        return [c.upper() if self.capitales else c for c in self.colonnes]

    def with_rows(self, lignes: list[Ligne] | tuple[Ligne, ...], **autres: object) -> "Fichier":
        """The same file with other rows."""
        return replace(self, lignes=tuple(lignes), **autres)  # type: ignore[arg-type]

    def map_rows(self, change: Callable[[Ligne], Ligne]) -> "Fichier":
        """The same file with each row changed."""
        return self.with_rows([change(dict(ligne)) for ligne in self.lignes])

    def write(self, racine: Path) -> None:
        """Write the file in a landing folder."""
        dossier = racine / self.dossier
        dossier.mkdir(parents=True, exist_ok=True)
        chemin = dossier / f"{self.nom}.{self.conteneur}"
        if self.conteneur == "csv":
            chemin.write_bytes(self._text())
        elif self.conteneur == "csv.gz":
            chemin.write_bytes(gzip.compress(self._text(), mtime=0))
        elif self.conteneur == "zip":
            with zipfile.ZipFile(chemin, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"{self.nom}.csv", self._text())
        elif self.conteneur == "parquet":
            tableau = {
                e: [x.get(c) or None for x in self.lignes]
                for e, c in zip(self.entete, self.colonnes, strict=True)
            }
            pl.DataFrame(tableau, schema=dict.fromkeys(self.entete, pl.String)).write_parquet(chemin)
        else:
            chemin.write_bytes(self._workbook())

    def _text(self) -> bytes:
        tampon = io.StringIO()
        tampon.writelines(ligne + self.fin for ligne in self.preambule)
        style = csv.QUOTE_ALL if self.guillemets else csv.QUOTE_MINIMAL
        ecrire = csv.writer(tampon, delimiter=self.separateur, lineterminator=self.fin, quoting=style)
        fin = [""] if self.queue else []
        ecrire.writerow([*self.entete, *fin])
        ecrire.writerows([*[ligne.get(c, "") for c in self.colonnes], *fin] for ligne in self.lignes)
        texte = tampon.getvalue()
        if self.encodage == "cp1252":  # which has no narrow space, and none of no width
            texte = texte.replace("\u202f", "\u00a0").replace("\u200b", "")
        return texte.encode(self.encodage)

    def _workbook(self) -> bytes:
        import xlsxwriter

        tampon = io.BytesIO()
        with xlsxwriter.Workbook(tampon, {"in_memory": True, "strings_to_numbers": False}) as classeur:
            feuille = classeur.add_worksheet("Export")
            lignes = [*[[x] for x in self.preambule], self.entete]
            lignes += [[ligne.get(c, "") for c in self.colonnes] for ligne in self.lignes]
            for rang, cellules in enumerate(lignes):
                for colonne, cellule in enumerate(cellules):
                    feuille.write_string(rang, colonne, cellule)
        return tampon.getvalue()


@dataclass(frozen=True)
class Depot:
    """A landing folder to be; `notes` are its other files, as text."""

    fichiers: tuple[Fichier, ...]
    notes: dict[str, str] = field(default_factory=dict)

    def write(self, racine: Path) -> Path:
        """Write every file, in an order that must not matter."""
        racine.mkdir(parents=True, exist_ok=True)
        for fichier in self.fichiers:
            fichier.write(racine)
        for nom, texte in self.notes.items():
            (racine / nom).parent.mkdir(parents=True, exist_ok=True)
            (racine / nom).write_text(texte, encoding="utf-8")
        return racine

    def change(self, choix: Callable[[Fichier], bool], en: Callable[[Fichier], list[Fichier]]) -> "Depot":
        """The folder with the files that `choix` takes replaced by what `en` makes of each."""
        faits = [g for f in self.fichiers for g in (en(f) if choix(f) else [f])]
        return replace(self, fichiers=tuple(faits))


def base(graine: int = 1) -> Depot:
    """A small folder of one territory: two years of allocations and requests, a register, a survey."""
    rng = random.Random(graine)  # noqa: S311 - draws test rows
    communes = ["71076", "71105", "71118", "71333"]
    bailleurs = [("900007105", "OPAC de l'exemple"), ("900007106", "Habitat de la Saône")]
    attributions: dict[int, list[Ligne]] = {2021: [], 2022: []}
    for rang in range(70):
        annee = 2021 + rang % 2
        siren, nom = bailleurs[rang % 2]
        jour = f"{annee}-{rng.randint(1, 11):02d}-{rng.randint(1, 28):02d}"
        signe = rng.random() < 0.6
        commun = ATTRIBUTION | {
            "date_decision": jour,
            "bailleur_siren": siren,
            "bailleur_nom": nom,
            "num_rpls": f"71010{rang:05d}" if rng.random() < 0.8 else "",
            "residence": f"Les Ormes {rang:02d}",
            "code_commune_logement": rng.choice(communes),
            "loyer": f"{rng.randint(250, 600)}.{rng.randint(10, 99)}",
            "surface": f"{rng.randint(105, 130)}.50",
            "code_qpv": "",
            "qpv_declare": rng.choice(["oui", "non"]),
        }
        for candidat in range(1, rng.randint(2, 4)):
            attributions[annee].append(
                commun
                | {
                    "numero_unique": f"0710519{rang:05d}{candidat:06d}",
                    "rang": str(candidat),
                    "issue": "refus" if candidat > 1 else "attribue",
                    "date_signature_bail": f"{annee}-12-15" if signe and candidat == 1 else "",
                    "date_entree": "",
                    "ressources_mensuelles": f"{rng.randint(1100, 2500)}.00",
                    "rfr": str(rng.randint(9000, 30000)),
                    "age": str(rng.randint(19, 80)),
                    "dalo": rng.choice(["oui", "non"]),
                }
            )
    demandes = [
        DEMANDE
        | {
            "numero_unique": f"0710220{rang:05d}000001",
            "date_premier_depot": f"20{rng.randint(15, 20)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}",
            "date_renouvellement": "",
            "statut": "radiee" if radiee else "active",
            "date_radiation": "2021-07-14" if radiee else "",
            "motif_radiation": "renonciation" if radiee else "",
            "commune_choix1": rng.choice(communes),
            "ressources_mensuelles": f"{rng.randint(1100, 2500)}.50",
            "rfr": str(rng.randint(9000, 30000)),
        }
        for rang, radiee in ((r, r % 5 == 0) for r in range(60))
    ]
    logements = [
        RPLS
        | {
            "IDENT_REP": f"71010{rang:05d}",
            "DEPCOM": rng.choice(communes),
            "SURFHAB": str(rng.randint(40, 120)),
            "LOYERPRINC": f"{rng.randint(250, 600)},{rng.randint(10, 99)}",
            "CONSTRUCT": str(rng.randint(1950, 2010)),
            "LOCAT": "2011",
        }
        for rang in range(60)
    ]
    occupation = [OPS | {"code": c, "effectif": str(rng.randint(20, 600))} for c in communes]
    return Depot(
        (
            Fichier("sne/2021", "attributions", tuple(attributions[2021])),
            Fichier("sne/2022", "attributions", tuple(attributions[2022])),
            Fichier("sne/2021", "demandes", tuple(demandes)),
            Fichier("rpls/2022", "rpls", tuple(logements)),
            Fichier("ops/2020", "ops", tuple(occupation)),
        )
    )
