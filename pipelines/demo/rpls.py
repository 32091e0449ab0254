"""The restricted register files (`rpls/<N>/rpls_loi_<N>_<territoire>.csv`), one layout and one encoding per
vintage.

What belongs here: the columns of the "loi" layout and how landlords fill them, mistakes included.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.demo.ecriture import (
    INCONNU,
    decimals,
    draw,
    draw_codes,
    integers,
    labels,
    months,
    spoil,
    write_csv,
)
from pipelines.demo.parametres import communes_of, read_seed
from pipelines.demo.parc import TOUJOURS, Lieu, Parc

COLONNES = [
    "IDENT_REP", "IDENT_INT", "DROIT", "DEPCOM", "CODEPOSTAL", "LIBCOM", "NUMVOIE", "INDREP", "TYPVOIE",
    "NOMVOIE", "NUMAPPT", "NUMBOITE", "ESC", "COULOIR", "ETAGE", "COMPLIDENT", "ENTREE", "BAT", "IMMEU",
    "COMPLGEO", "LIEUDIT", "QPV", "TYPECONST", "NBPIECE", "SURFHAB", "CONSTRUCT", "LOCAT", "PATRIMOINE",
    "ORIGINE", "FINAN", "FINANAUTRE", "CONV", "NUMCONV", "DATCONV", "SORTIEPATRIM", "OLDLOGT", "NEWLOGT",
    "MODE", "BAIL", "MODESURF", "SURFMODE", "LOYERPRINC", "LOYERACC", "CONTRIB", "CUS", "DPEDATE",
    "DPEENERGIE", "DPESERRE", "SRU_EXPIR", "SRU_ALINEA", "CODSEGPATRIM", "LIBSEGPATRIM", "LOYERMAXAPL",
    "LOYERMAXCUS", "QUALACQ", "MISCOMMERCIAL", "PRIXVENTE", "REMLOCDATE", "CONTRESLOG", "PMR",
    "DATE_DEP_DERLOCAT", "CAT_ORG", "RS", "SIRET", "DEP", "LIBDEP", "REG", "LIBREG", "EPCI", "LIBEPCI",
]  # fmt: skip

VOIES = (
    "DES LILAS",
    "JEAN JAURES",
    "DE LA PAIX",
    "PASTEUR",
    "VICTOR HUGO",
    "DU STADE",
    "DES ECOLES",
    "DE LA GARE",
)


def ident_rep(lieu: Lieu) -> pl.Series:
    """The stable identifier of each dwelling: ten digits, the first of which is never zero."""
    return labels([f"{lieu.t.prefixe}{i:06d}" for i in range(lieu.parc.taille)], lieu.parc.numero)


def draw_fixed(rng: np.random.Generator, lieu: Lieu) -> dict[str, Any]:
    """What does not change from one vintage to the next: diagnosis, contingent, accessibility, declared
    flag."""
    parc = lieu.parc
    commun = lieu.p.commun["logement"]
    n = parc.taille
    dpe = draw(rng, commun["dpe"], n)
    ges = np.clip(dpe + rng.integers(-1, 2, n), 0, 6)
    faux = rng.random(n) < float(commun["part_flag_qpv_faux"])
    return {
        "dpe": dpe,
        "ges": ges,
        "dpe_date": (2008 + rng.integers(0, 13, n)) * 12 + rng.integers(0, 12, n),
        "sans_dpe": rng.random(n) < 0.06,
        "contingent": draw_codes(rng, commun["contingent"], n),
        "pmr": draw(rng, [0.7, 0.2, 0.1], n) + 1,
        "faux": faux & (parc.x >= 0),
        "origine": draw(rng, [0.74, 0.07, 0.05, 0.14], n) + 1,
        "etage": rng.integers(0, 9, n),
        "accessoire": rng.integers(800, 5200, n),
        "vide": rng.random(n),
    }


def _address(parc: Parc, communes: Mapping[str, str], code: pl.Series) -> dict[str, pl.Series]:
    noms = code.replace_strict(
        {c: nom.upper() for c, nom in communes.items()}, default="NON RENSEIGNE", return_dtype=pl.String
    )
    return {
        "LIBCOM": noms,
        "CODEPOSTAL": code.str.slice(0, 2) + "000",
        "NUMVOIE": integers(parc.residence * 7 % 98 + 1),
        "TYPVOIE": labels(["RUE", "AVENUE", "ALLEE"], parc.residence % 3),
        "NOMVOIE": labels(VOIES, parc.residence % len(VOIES)),
    }


def build_vintage(
    rng: np.random.Generator, lieu: Lieu, fixe: Mapping[str, Any], millesime: int
) -> pl.DataFrame:
    """Rows of one territory at one vintage, as text in the order of the official columns, before any dirt."""
    p, t, parc = lieu.p, lieu.t, lieu.parc
    forme = p.commun["rpls"]["formats"][millesime]
    decimale = forme["decimale"]
    zeros = [t.slug, millesime] not in p.commun["rpls"]["zeros_perdus"]
    communes = {c.code: c.nom for c in communes_of(t.epci_siren)}
    departements = {d["code_departement"]: d for d in read_seed("ref_departements")}
    regions = {r["code_region"]: r["nom"] for r in read_seed("ref_regions")}
    mode, bail, remise = parc.mode[millesime], parc.bail[millesime], parc.remise[millesime]
    secteurs = parc.secteurs
    depcom = labels([s.commune for s in secteurs], parc.secteur)
    depcom_lu = depcom
    if t.ancien_code and millesime in t.ancien_code[3]:
        ancien, nouveau, nombre, _ = t.ancien_code
        dedans = np.flatnonzero(
            (depcom == nouveau).to_numpy() & parc.in_stock(p.annees[0] + 1) & (parc.sortie == TOUJOURS)
        )
        rang = np.zeros(parc.taille, dtype=bool)
        rang[dedans[:nombre]] = True
        depcom_lu = pl.select(pl.when(pl.Series(rang)).then(pl.lit(ancien)).otherwise(depcom)).to_series()
    departement = depcom.str.slice(0, 2)
    regions_de = {d: r["code_region"] for d, r in departements.items()}
    region = departement.replace_strict(regions_de, return_dtype=pl.String)
    cles = list(t.bailleurs)
    bailleur = parc.bailleur_residence[parc.residence]
    siret = labels([p.bailleurs[c].siren + f"000{i + 10}" for i, c in enumerate(cles)], bailleur)
    noms = labels([p.bailleurs[c].nom for c in cles], bailleur)
    variante = labels([p.bailleurs[c].alias[0] for c in cles], bailleur)
    moche = labels([_mojibake(p.bailleurs[c].nom) for c in cles], bailleur)
    tirage = rng.random(parc.taille)
    rs = pl.select(
        pl.when(pl.Series(tirage < 0.02))
        .then(moche if forme["encodage"] != "latin-1" else variante)
        .when(pl.Series(tirage < 0.06))
        .then(variante)
        .otherwise(noms)
    ).to_series()
    declare = np.where(parc.en_qpv & np.array([s.qpv_2015 is not None for s in secteurs])[parc.secteur], 1, 2)
    declare = np.where(fixe["faux"], 3 - declare, declare)
    sans_dpe = fixe["sans_dpe"]
    hausse = float(p.commun["logement"]["hausse_loyer_annuelle"])
    loyer = np.round(parc.loyer * (1 + hausse) ** (millesime - p.millesimes_rpls[0])).astype(np.int64)
    loyer_lu = decimals(np.where(np.isin(mode, (1, 2)), loyer, 999900), decimale)
    apl = np.round(loyer * 1.11).astype(np.int64)
    apl_lu = decimals(apl, decimale)
    # A thousands separator appears where an amount needs one, as a spreadsheet writes it.
    apl_lu = pl.select(
        pl.when(pl.Series(apl >= 100000))
        .then(apl_lu.str.replace(r"^(\d)(\d{3})", "${1}\u00a0${2}"))
        .otherwise(apl_lu)
    ).to_series()
    vide = fixe["vide"]
    colonnes: dict[str, pl.Series] = {
        "IDENT_REP": ident_rep(lieu),
        "IDENT_INT": labels([f"L{i:06d}" for i in range(parc.taille)], parc.numero),
        "DROIT": labels(["1", "3", "0"], np.where(vide < 0.05, 1, np.where(vide < 0.06, 2, 0))),
        "DEPCOM": depcom_lu,
        **_address(parc, communes, depcom),
        "ETAGE": integers(np.where(parc.individuel, INCONNU, fixe["etage"])),
        "QPV": integers(declare),
        "TYPECONST": labels(["C", "I", "E"], np.where(parc.etudiant, 2, parc.individuel.astype(np.int64))),
        "NBPIECE": integers(np.where(vide > 0.9985, 0, parc.pieces)),
        "SURFHAB": integers(np.where((vide > 0.995) & (vide < 0.997), 0, parc.surface)),
        "CONSTRUCT": pl.select(
            pl.when(pl.Series((vide > 0.99) & (vide < 0.993)))
            .then(pl.lit("Non renseigné"))
            .otherwise(integers(parc.construction))
        ).to_series(),
        "LOCAT": integers(parc.entree),
        "PATRIMOINE": integers(parc.entree),
        "ORIGINE": labels(["1", "2", "3", "4", "NC"], np.where(vide < 0.004, 4, fixe["origine"] - 1)),
        "FINAN": labels(parc.financement, parc.code_financement),
        "CONV": labels(["1", "2"], (vide > 0.97).astype(np.int64)),
        "SORTIEPATRIM": labels(["4", "1"], np.where(mode == 9, parc.numero % 2, INCONNU)),
        "NEWLOGT": labels(["1"], np.where(vide > 0.9993, 0, INCONNU)),
        "MODE": integers(mode),
        "BAIL": months(bail, zero=zeros),
        "MODESURF": labels(["1", "2"], (vide > 0.4).astype(np.int64)),
        "SURFMODE": decimals(parc.surface * 103, decimale),
        "LOYERPRINC": loyer_lu,
        "LOYERACC": decimals(np.where(vide < 0.3, fixe["accessoire"], INCONNU), decimale),
        "CUS": labels(parc.financement, parc.code_financement),
        "DPEDATE": pl.select(
            pl.when(pl.Series(sans_dpe))
            .then(pl.lit("01/1900"))
            .otherwise(months(fixe["dpe_date"], zero=zeros))
        ).to_series(),
        "DPEENERGIE": labels(
            ["A", "B", "C", "D", "E", "F", "G", "9", "0", "5"],
            np.where(
                sans_dpe, 7 + parc.numero % 2, np.where((fixe["dpe"] == 3) & (vide < 0.05), 9, fixe["dpe"])
            ),
        ),
        "DPESERRE": labels(["A", "B", "C", "D", "E", "F", "G", "9"], np.where(sans_dpe, 7, fixe["ges"])),
        "CODSEGPATRIM": labels(parc.residences, parc.residence),
        "LIBSEGPATRIM": labels(parc.residences, parc.residence),
        "LOYERMAXAPL": apl_lu,
        "REMLOCDATE": months(remise, zero=zeros),
        "CONTRESLOG": fixe["contingent"],
        "PMR": integers(fixe["pmr"]),
        "DATE_DEP_DERLOCAT": months(np.where(remise >= 0, remise - 1, INCONNU), zero=zeros),
        "RS": rs,
        "SIRET": siret if zeros else siret.str.strip_chars_start("0"),
        "DEP": departement,
        "LIBDEP": departement.replace_strict(
            {d: r["nom"].upper() for d, r in departements.items()}, return_dtype=pl.String
        ),
        "REG": region,
        "LIBREG": region.replace_strict(regions, return_dtype=pl.String),
    }
    place = parc.x >= 0
    geo: dict[str, pl.Series] = {}
    for colonne in forme["geocodage"]:
        generation = "qpv_2024" if colonne.endswith("24") else "qpv_2015"
        geo[colonne] = labels([getattr(s, generation) for s in secteurs], parc.secteur)
    geo[forme["iris"]] = labels([s.iris for s in secteurs], parc.secteur)
    geo["EPSG"] = labels(["2154"], np.where(place, 0, INCONNU))
    geo["X"], geo["Y"] = integers(parc.x), integers(parc.y)
    ordre = [*COLONNES, *geo]
    constantes = {"EPCI": t.epci_siren, "LIBEPCI": t.nom, "CAT_ORG": "OPH"}
    lignes = pl.DataFrame({**colonnes, **geo})
    lignes = lignes.with_columns(
        *(pl.lit(v).alias(c) for c, v in constantes.items()),
        *(
            pl.lit(None, dtype=pl.String).alias(c)
            for c in ordre
            if c not in lignes.columns and c not in constantes
        ),
    )
    return lignes.select(ordre).filter(pl.Series(parc.in_file(millesime)))


def _mojibake(nom: str) -> str:
    """The name as it looks when UTF-8 was read as cp1252 and saved again."""
    return nom.encode("utf-8").decode("cp1252", errors="replace").replace("\ufffd", "")


def _elsewhere(lignes: pl.DataFrame, ailleurs: Mapping[str, Any], *, zeros: bool) -> pl.DataFrame:
    """Dwellings of the same landlord in another département; their codes lose their zero when `zeros` is
    false."""
    copies = lignes.filter(pl.col("MODE") == "1").head(min(int(ailleurs["nombre"]), lignes.height // 50))
    valeurs = {c: v if zeros else v.lstrip("0") for c, v in ailleurs["colonnes"].items()}
    vides = [c for c in copies.columns if c.startswith("PLG_") or c in ("EPSG", "X", "Y", "EPCI", "LIBEPCI")]
    return copies.with_columns(
        *(pl.lit(v).alias(c) for c, v in valeurs.items()),
        *(pl.lit(None, dtype=pl.String).alias(c) for c in vides),
        ("8" + pl.col("IDENT_REP").str.slice(1)).alias("IDENT_REP"),
    )


def write_register(rng: np.random.Generator, dossier: Path, lieu: Lieu) -> dict[str, int]:
    """Write the territory's file of each vintage; returns the rows written by relative path."""
    p, t = lieu.p, lieu.t
    fixe = draw_fixed(rng, lieu)
    ecrits: dict[str, int] = {}
    for millesime in p.millesimes_rpls:
        lignes = build_vintage(rng, lieu, fixe, millesime)
        if t.slug == p.commun["rpls"]["logements_ailleurs"]["territoire"]:
            zeros = [t.slug, millesime] not in p.commun["rpls"]["zeros_perdus"]
            lignes = pl.concat(
                [lignes, _elsewhere(lignes, p.commun["rpls"]["logements_ailleurs"], zeros=zeros)]
            )
        lignes = spoil(rng, lignes, p.commun["salete"], "rpls")
        relatif = f"rpls/{millesime}/rpls_loi_{millesime}_{t.slug}.csv"
        ecrits[relatif] = write_csv(
            dossier / relatif, lignes, encodage=p.commun["rpls"]["formats"][millesime]["encodage"]
        )
    return ecrits
