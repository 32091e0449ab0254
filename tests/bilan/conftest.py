"""A published warehouse as a bilan sees it: `marts` and `meta` only, with figures shaped like the real "
"ones."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

EPCI = "247100589"
NOM = "Le Grand Chalon"
ANNEE = 2021

COLONNES = """
    epci_siren VARCHAR, periode_type VARCHAR, periode VARCHAR, indicateur VARCHAR, axe VARCHAR,
    modalite VARCHAR, modalite_libelle VARCHAR, segment_type VARCHAR, segment VARCHAR,
    numerateur BIGINT, denominateur BIGINT, inconnus BIGINT, valeur DOUBLE, unite VARCHAR,
    cible DOUBLE, operateur VARCHAR, atteint BOOLEAN, manque BIGINT, statut VARCHAR,
    source VARCHAR, version_methode VARCHAR, petit_effectif BOOLEAN
"""

ICI = Path(__file__).parent
with (ICI / "catalogue.csv").open(encoding="utf-8", newline="") as fichier:
    CATALOGUE = list(csv.DictReader(fichier, delimiter=";"))
UNITES = {c["indicateur"]: c["unite"] for c in CATALOGUE}
SOURCES = {c["indicateur"]: c["source"] for c in CATALOGUE}
TAUX_SNE = [
    "hors_qpv_q1",
    "hors_qpv_q1_strict",
    "qpv_q234",
    "qpv_q2",
    "qpv_q34",
    "prioritaires",
    "dalo",
    "mutations",
    "travailleurs_essentiels",
]
CIBLES = {"hors_qpv_q1": 25.0, "qpv_q234": 50.0, "prioritaires": 25.0}
QUARTIERS = [
    ("QP071005", "Les Aubépins"),
    ("QP071006", "Prés Saint-Jean"),
    ("QP071007", "Le Stade – Fontaine au Loup"),
    ("QP071008", "Les Charreaux"),
]
ZONES = [
    ("qva-plateau", "Plateau Saint-Jean (quartier de veille)"),
    ("assimile-lac", "Cité du Lac (assimilé)"),
]
RESERVATAIRES = [
    ("1", "État – fonctionnaires"),
    ("2", "État – prioritaires"),
    ("3", "Action Logement"),
    ("4", "Collectivités"),
    ("7", "Non réservé"),
]
BAILLEURS = [
    "OPAC Saône-et-Loire",
    "Habellis",
    "Semcoda",
    "Mâcon Habitat",
    "CDC Habitat",
    "ICF Habitat Sud-Est",
    "Villéo",
    "Logivie",
    "Immobilière Rhône-Alpes",
    "Adoma",
    "Batigère",
    "Vilogia",
    "Toit et Joie",
    "Néolia",
    "Orvitis",
    "Erilia",
    "Alliade",
    "Érable Habitat",
    "Sollar",
    "Francelot",
]
COMMUNES = [
    "Chalon-sur-Saône",
    "Saint-Rémy",
    "Châtenoy-le-Royal",
    "Saint-Marcel",
    "Givry",
    "Crissey",
    "Champforgeuil",
    "Épervans",
    "Lux",
    "Oslon",
]


def hasard(*cle: object, borne: int) -> int:
    """A stable number in [0, borne): the same warehouse at every run, without a random generator."""
    return int.from_bytes(hashlib.sha256(repr(cle).encode()).digest()[:6], "big") % borne


@dataclass
class Entrepot:
    """Rows of one warehouse, before they are written."""

    epci: str = EPCI
    nom: str = NOM
    annees: tuple[int, ...] = (2019, 2020, 2021)
    nb_communes: int = 10
    nb_bailleurs: int = 8
    noms_bailleurs: tuple[str, ...] = ()
    parc: bool = True
    ops: bool = True
    filosofi: bool = True
    contours: bool = True
    infra: bool = True
    meta: bool = True
    lignes: list[tuple[object, ...]] = field(default_factory=list)

    def ajouter(
        self,
        indicateur: str,
        lieu: tuple[str, str, str],
        annee: int,
        num: int | None = None,
        den: int | None = None,
        *,
        valeur: float | None = None,
        segment: tuple[str, str] = ("tous", "tous"),
        cible: float | None = None,
        operateur: str | None = None,
        statut: str | None = None,
        periode: tuple[str, str] | None = None,
        inconnus: int | None = None,
    ) -> None:
        unite = UNITES[indicateur]
        if valeur is None and num is not None and den:
            valeur = round(100 * num / den, 4)
        atteint = manque = None
        if statut is None and unite == "%" and den is not None and den < 11:
            statut = "secret"
        statut = statut or "publiable"
        if cible is not None and operateur == ">=" and valeur is not None and statut == "publiable":
            atteint = valeur >= cible
            manque = 0 if atteint or den is None or num is None else int(-(-(cible * den / 100) // 1)) - num
        if statut in ("secret", "indisponible"):
            num = den = inconnus = valeur = atteint = manque = None
        self.lignes.append(
            (
                self.epci,
                *(periode or ("annee", str(annee))),
                indicateur,
                *lieu,
                *segment,
                num,
                den,
                inconnus,
                valeur,
                unite,
                cible,
                operateur,
                atteint,
                manque,
                statut,
                f"{SOURCES[indicateur]} {annee}",
                "1",
            )
        )

    def acteurs(self) -> dict[str, list[tuple[str, str]]]:
        communes = [
            (f"71{i:03d}", COMMUNES[i] if i < len(COMMUNES) else f"Saint-Martin-{i}")
            for i in range(self.nb_communes)
        ]
        noms = list(self.noms_bailleurs) + BAILLEURS
        bailleurs = [
            (f"{300000000 + i * 7919}", noms[i] if i < len(noms) else f"Bailleur {i}")
            for i in range(self.nb_bailleurs)
        ]
        infra = {
            "commune": communes,
            "qpv": QUARTIERS,
            "zone": ZONES,
            "bailleur": bailleurs,
            "reservataire": RESERVATAIRES,
        }
        return {"epci": [(self.epci, self.nom)], **(infra if self.infra else {})}

    def remplir(self) -> "Entrepot":
        for annee in self.annees:
            for axe, modalites in self.acteurs().items():
                for rang, (code, nom) in enumerate(modalites):
                    self._acteur(axe, code, nom, rang, annee)
            self._territoire(annee)
        return self

    def _acteur(self, axe: str, code: str, nom: str, rang: int, annee: int) -> None:
        ensemble = axe == "epci"
        for indicateur in TAUX_SNE:
            en_qpv = indicateur.startswith("qpv")
            if (axe in ("qpv", "zone")) != en_qpv and axe in ("qpv", "zone"):
                continue
            if ensemble and annee == ANNEE and indicateur == "hors_qpv_q1":
                den, num, inconnus = 681, 82, 43
            else:
                den = (900 if ensemble else 12 + hasard(code, "den", borne=150) // (1 + rang // 4)) - (
                    5 if annee == 2019 else 0
                )
                part = {
                    "hors_qpv_q1": 14,
                    "hors_qpv_q1_strict": 12,
                    "qpv_q234": 58,
                    "qpv_q2": 24,
                    "qpv_q34": 34,
                    "prioritaires": 27,
                    "dalo": 4,
                    "mutations": 31,
                    "travailleurs_essentiels": 9,
                }[indicateur]
                num = max(0, den * (part + hasard(code, indicateur, annee, borne=17) - 8) // 100)
                inconnus = hasard(code, annee, borne=9)
            cible = CIBLES.get(indicateur) if axe != "zone" else None
            if axe == "reservataire" and code == "2" and indicateur == "prioritaires":
                cible = 100.0
            statut = "sans_objet" if en_qpv and axe == "bailleur" and rang > 1 else None
            if statut:
                cible = None
            self.ajouter(
                indicateur,
                (axe, code, nom),
                annee,
                num,
                den,
                cible=cible,
                operateur=">=" if cible else None,
                statut=statut,
                inconnus=inconnus,
            )
        volume = 1150 if ensemble else 6 + hasard(code, "baux", borne=160) // (1 + rang // 4)
        secret = volume < 11
        self.ajouter(
            "baux",
            (axe, code, nom),
            annee,
            None,
            None,
            valeur=None if secret else float(volume),
            statut="secret" if secret else None,
        )
        if axe == "qpv":
            for q, part in (("Q1", 45), ("Q2", 25), ("Q3", 17), ("Q4", 9), ("inconnu", 4)):
                n = volume * part // 100
                self.ajouter(
                    "baux",
                    (axe, code, nom),
                    annee,
                    None,
                    None,
                    valeur=float(n) if n >= 11 else None,
                    statut=None if n >= 11 else "secret",
                    segment=("quartile", q),
                )
        if axe in ("epci", "commune"):
            demandes = 2300 if ensemble else 8 + hasard(code, "dem", borne=400) // (1 + rang // 3)
            self.ajouter(
                "demandes",
                (axe, code, nom),
                annee,
                None,
                None,
                valeur=float(demandes) if demandes >= 11 else None,
                statut=None if demandes >= 11 else "secret",
            )
            if demandes >= 11 and not secret:
                self.ajouter(
                    "tension", (axe, code, nom), annee, demandes, volume, valeur=round(demandes / volume, 4)
                )
        if axe == "bailleur":
            self.ajouter("ressources_renseignees", (axe, code, nom), annee, volume * 93 // 100, volume)
            for s in ("S1", "S2"):
                for mesure in ("hors_qpv_q1", "hors_qpv_q1_strict"):
                    den = 14 + hasard(code, s, annee, "sem", borne=60)
                    num = den * hasard(code, s, annee, mesure, borne=38) // 100
                    self.ajouter(
                        mesure,
                        (axe, code, nom),
                        annee,
                        num,
                        den,
                        cible=25.0,
                        operateur=">=",
                        periode=("semestre", f"{annee}-{s}"),
                        inconnus=hasard(code, s, borne=4),
                    )
                    mois = "06" if s == "S1" else "12"
                    self.ajouter(
                        mesure,
                        (axe, code, nom),
                        annee,
                        num,
                        den,
                        cible=25.0,
                        operateur=">=",
                        periode=("glissant_6m", f"{annee}-{mois}"),
                        inconnus=0,
                    )
                    self.ajouter(
                        mesure,
                        (axe, code, nom),
                        annee,
                        num * 2,
                        den * 2,
                        cible=25.0,
                        operateur=">=",
                        periode=("glissant_12m", f"{annee}-{mois}"),
                        inconnus=0,
                    )
        millesime = ("millesime", str(annee + 1))
        if axe not in ("reservataire",):
            logements = 10700 if ensemble else 40 + hasard(code, "log", borne=1500)
            pour = "publiable" if self.parc else "indisponible"
            self.ajouter(
                "logements",
                (axe, code, nom),
                annee,
                None,
                None,
                valeur=float(logements),
                periode=millesime,
                statut=pour,
            )
            self.ajouter(
                "vacance",
                (axe, code, nom),
                annee,
                logements * 3 // 100,
                logements,
                periode=millesime,
                statut=pour,
            )
            self.ajouter(
                "mobilite",
                (axe, code, nom),
                annee,
                logements * 11 // 100,
                logements,
                periode=millesime,
                statut=pour,
            )
            self.ajouter(
                "loyer_m2",
                (axe, code, nom),
                annee,
                None,
                None,
                valeur=5.2 + hasard(code, borne=200) / 100,
                periode=millesime,
                statut=pour,
            )
        if axe in ("epci", "qpv", "zone", "commune"):
            self._occupation(axe, code, nom, annee)

    def _occupation(self, axe: str, code: str, nom: str, annee: int) -> None:
        millesime = ("millesime", str(annee - annee % 2))
        if annee % 2 == 0 or annee == self.annees[-1]:
            menages = 400 + hasard(code, "men", borne=900)
            for indicateur in ("part_monoparentales", "part_isoles", "taux_couverture"):
                statut = None if self.ops else "indisponible"
                if annee % 2 == 1 and annee != self.annees[-1]:
                    continue
                if any(ligne[1:6] == (*millesime, indicateur, axe, code) for ligne in self.lignes[-400:]):
                    continue
                n = menages * (18 + hasard(code, indicateur, borne=25)) // 100
                self.ajouter(
                    indicateur, (axe, code, nom), annee, n, menages, periode=millesime, statut=statut
                )
                if indicateur != "taux_couverture":
                    self.ajouter(
                        indicateur,
                        (axe, code, nom),
                        annee,
                        n // 2,
                        menages // 2,
                        periode=millesime,
                        statut=statut,
                        segment=("population", "emmenages_recents"),
                    )
        if axe == "zone" and annee == self.annees[-1] and self.ops:
            for methode in ("dijon_2015_annexe1", "dijon_2015_annexe2"):
                for indicateur, v in (
                    ("fragilite_points_stock", 1.5),
                    ("fragilite_classe_stock", 3.0),
                    ("fragilite_classe", 2.0),
                ):
                    self.ajouter(
                        indicateur,
                        (axe, code, nom),
                        annee,
                        None,
                        None,
                        valeur=v,
                        segment=("methode", methode),
                    )
        if annee == self.annees[-1]:
            secret = axe == "commune" and hasard(code, "filo", borne=3) == 0
            for concept in ("disponible", "declare"):
                statut = "indisponible" if not self.filosofi else "secret" if secret else None
                revenu = 17500 + hasard(code, concept, borne=8000)
                self.ajouter(
                    "revenu_median",
                    (axe, code, nom),
                    annee,
                    None,
                    None,
                    valeur=float(revenu),
                    periode=("millesime", "2021"),
                    segment=("concept", concept),
                    statut=statut,
                )
            self.ajouter(
                "taux_pauvrete",
                (axe, code, nom),
                annee,
                None,
                None,
                valeur=12.0 + hasard(code, borne=30),
                periode=("millesime", "2021"),
                segment=("concept", "disponible"),
                statut=statut,
            )

    def _territoire(self, annee: int) -> None:
        e = ("epci", self.epci, self.nom)
        for typologie, d, b in (
            ("T1", 420, 90),
            ("T2", 790, 330),
            ("T3", 620, 420),
            ("T4", 360, 240),
            ("T5", 96, 64),
            ("T6", 14, 0),
        ):
            seg = ("typologie", typologie)
            self.ajouter("demandes", e, annee, None, None, valeur=float(d), segment=seg)
            self.ajouter(
                "baux",
                e,
                annee,
                None,
                None,
                valeur=float(b) if b else None,
                segment=seg,
                statut=None if b else "secret",
            )
            self.ajouter(
                "tension",
                e,
                annee,
                d,
                b or None,
                valeur=round(d / b, 4) if b else None,
                segment=seg,
                statut=None if b else "secret",
            )
        for composition, d in (
            ("isole", 1100),
            ("couple", 210),
            ("couple_enfants", 320),
            ("monoparental", 610),
            ("autre", 60),
        ):
            self.ajouter(
                "demandes", e, annee, None, None, valeur=float(d), segment=("composition", composition)
            )
            self.ajouter(
                "baux", e, annee, None, None, valeur=float(d // 2), segment=("composition", composition)
            )
        for evenement, n in (
            ("prononcee", 1900),
            ("effective", 1240),
            ("bail_signe", 1150),
            ("entree", 1102),
        ):
            self.ajouter(
                "attributions", e, annee, None, None, valeur=float(n), segment=("evenement", evenement)
            )
        self.ajouter("delai_median", e, annee, None, None, valeur=7.5)
        self.ajouter("refus", e, annee, 640, 1900)
        self.ajouter("part_mutations_demande", e, annee, 780, 2300)
        self.ajouter("part_endogene", e, annee, 1620, 2300)
        self.ajouter("ressources_renseignees", e, annee, 2140, 2300)
        self.ajouter(
            "part_qpv",
            e,
            annee,
            3100,
            10700,
            periode=("millesime", str(annee + 1)),
            statut=None if self.parc else "indisponible",
        )
        for famille, n in (
            ("PLAI", 620),
            ("PLUS avant 1977", 4200),
            ("PLUS après 1977", 5100),
            ("PLS", 480),
            ("PLI", 300),
        ):
            self.ajouter(
                "logements",
                e,
                annee,
                None,
                None,
                valeur=float(n),
                segment=("famille_financement", famille),
                periode=("millesime", str(annee + 1)),
                statut=None if self.parc else "indisponible",
            )
        if annee == self.annees[-1] and self.filosofi:
            for axe, code, nom, revenu in (
                ("departement", "71", "Saône-et-Loire", 21540),
                ("region", "27", "Bourgogne-Franche-Comté", 22060),
                ("france", "FR", "France", 23080),
            ):
                self.ajouter(
                    "revenu_median",
                    (axe, code, nom),
                    annee,
                    None,
                    None,
                    valeur=float(revenu),
                    periode=("millesime", "2021"),
                    segment=("concept", "disponible"),
                )
        for t in (1, 2, 3, 4):
            for indicateur in ("hors_qpv_q1", "qpv_q234", "prioritaires"):
                den = 150 + hasard(t, annee, borne=60)
                self.ajouter(
                    indicateur,
                    e,
                    annee,
                    den * (13 + t) // 100,
                    den,
                    cible=CIBLES[indicateur],
                    operateur=">=",
                    periode=("trimestre", f"{annee}-T{t}"),
                    inconnus=t,
                )
            self.ajouter(
                "baux",
                e,
                annee,
                None,
                None,
                valeur=float(240 + 13 * t),
                periode=("trimestre", f"{annee}-T{t}"),
            )

    def ecrire(self, chemin: Path) -> Path:
        return ecrire(chemin, [self])


def ecrire(chemin: Path, entrepots: Iterable[Entrepot]) -> Path:
    con = duckdb.connect(str(chemin))
    con.execute("create schema marts; create schema meta; create schema entrepot")
    con.execute(f"create table marts.indicateurs ({COLONNES})")
    entrepots = list(entrepots)
    for entrepot in entrepots:
        _inserer(con, "marts.indicateurs", entrepot.lignes)
    if entrepots[0].meta:
        _meta(con, entrepots)
    con.close()
    return chemin


def _inserer(con: duckdb.DuckDBPyConnection, table: str, lignes: list[tuple[object, ...]]) -> None:
    if not lignes:
        return
    import polars as pl

    cadre = pl.DataFrame(lignes, orient="row", infer_schema_length=None)
    con.register("cadre", cadre.to_arrow())
    con.execute(f"insert into {table} select *, false from cadre")
    con.unregister("cadre")


def _meta(con: duckdb.DuckDBPyConnection, entrepots: list[Entrepot]) -> None:
    con.execute((ICI / "meta.sql").read_text(encoding="utf-8"))
    rupture = {"hors_qpv_q1": "avant 2021, certains taux publiés ne comptaient pas les ménages relogés."}
    for ordre, ligne in enumerate(CATALOGUE, 1):
        con.execute(
            "insert into meta.indicateurs values (?,?,?,?,?,?,?,?,?,?,?,?)",
            [*ligne.values(), ordre, "1", rupture.get(ligne["indicateur"])],
        )
    con.execute("insert into meta.empreinte values (?, ?)", ["9f2c" * 16, "2026.1"])
    for source, fichier, lues in (
        ("sne", "sne/2021/attributions.csv", 2412),
        ("sne", "sne/2021/demandes.csv", 5210),
        ("rpls", "rpls/2022/rpls.csv", 10712),
        ("ops", "ops/2020/ops.csv", 840),
        ("filosofi", "filosofi/2021/cc.csv", 34909),
    ):
        con.execute(
            "insert into meta.verrou values (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                fichier,
                source,
                source,
                int(fichier.split("/")[1]),
                1000,
                "ab" * 32,
                "csv",
                "canonique",
                "1",
                lues,
                lues - 5,
                3,
                2,
                0,
            ],
        )
    con.execute(
        "insert into meta.avertissements values "
        "('sne', 'attributions', 'sne/2021/attributions.csv', 'ressources', "
        "'Ressources mensuelles absentes', 96, 2412)"
    )
    for e in entrepots:
        con.execute(
            "insert into meta.conventions values (?,?,?,?,?,?,?,?)",
            [
                e.epci,
                e.nom,
                "territoire",
                "2",
                "c0ffee" * 10 + "abcd",
                "territoires/grand-chalon.yml",
                "2019-01-01",
                "2024-12-31",
            ],
        )
        for p, v in (
            ("inconnus_au_denominateur", "exclus"),
            ("arrondi_manque", "superieur"),
            ("seuil_secret", "11"),
            ("evenement_prioritaires", "effective"),
            ("evenement_hors_qpv", "bail_signe"),
            ("millesime_rpls", "annee_plus_1"),
        ):
            con.execute("insert into meta.convention_parametres values (?,?,?)", [e.epci, p, v])
        for annee in e.annees:
            for source, m in (
                ("sne", annee),
                ("rpls", annee + 1),
                ("ops", annee - annee % 2),
                ("filosofi", 2021),
            ):
                if source != "filosofi" or annee >= 2021:
                    con.execute(
                        "insert into meta.millesimes values (?,?,?,?)", [e.epci, annee, source, str(m)]
                    )
        for indicateur, axes, libelle, evenement in (
            (
                "hors_qpv_q1",
                ("epci", "bailleur", "commune"),
                "Hors QPV : ménages du 1er quartile ou relogés",
                "bail_signe",
            ),
            ("qpv_q234", ("epci", "qpv", "bailleur"), "En QPV : ménages des quartiles 2 à 4", "bail_signe"),
            ("prioritaires", ("epci", "bailleur", "reservataire"), "Publics prioritaires", "effective"),
            ("qpv_q34", ("epci", "qpv"), "En QPV : ménages des quartiles 3 et 4", "bail_signe"),
            ("mutations", ("epci",), "Mutations", "bail_signe"),
            ("travailleurs_essentiels", ("epci",), "Travailleurs essentiels", "bail_signe"),
        ):
            for axe in axes:
                suivi = indicateur not in CIBLES
                con.execute(
                    "insert into meta.convention_objectifs values "
                    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,'tous','tous')",
                    [
                        e.epci,
                        f"{indicateur}-{axe}",
                        indicateur,
                        axe,
                        None,
                        None if suivi else ">=",
                        CIBLES.get(indicateur),
                        None,
                        evenement,
                        "2019-01-01",
                        "2024-12-31",
                        "art. L. 441-1 du CCH",
                        "suivi" if suivi else "fixe",
                        libelle,
                    ],
                )
        con.execute(
            "insert into meta.convention_objectifs values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,'tous','tous')",
            [
                e.epci,
                "qpv-autres",
                "qpv_q234",
                "bailleur",
                None,
                None,
                None,
                None,
                None,
                "2019-01-01",
                None,
                None,
                "sans_objet",
                "En QPV : autres bailleurs",
            ],
        )
        if e.contours:
            for rang, (code, nom) in enumerate(QUARTIERS):
                x, y = 4.84 + 0.012 * rang, 46.78 + 0.007 * (rang % 2)
                anneau = [[x, y], [x + 0.006, y], [x + 0.008, y + 0.004], [x + 0.002, y + 0.006], [x, y]]
                con.execute(
                    "insert into marts.contours values (?,?,?,?,?)",
                    [e.epci, "qpv", code, nom, json.dumps({"type": "Polygon", "coordinates": [anneau]})],
                )
            bord = [[4.82, 46.76], [4.91, 46.765], [4.915, 46.80], [4.83, 46.805], [4.82, 46.76]]
            con.execute(
                "insert into marts.contours values (?,?,?,?,?)",
                [
                    e.epci,
                    "commune",
                    "71000",
                    "Chalon-sur-Saône",
                    json.dumps({"type": "Polygon", "coordinates": [bord]}),
                ],
            )


@pytest.fixture(scope="session")
def entrepot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Le Grand Chalon, three years, all sources."""
    return Entrepot().remplir().ecrire(tmp_path_factory.mktemp("bilan") / "W.duckdb")


@pytest.fixture(scope="session")
def construire() -> Callable[..., Entrepot]:
    """Make a warehouse to order; call `.remplir()` then `.ecrire(path)`."""
    return Entrepot


@pytest.fixture(scope="session")
def ecrire_plusieurs() -> Callable[[Path, Iterable[Entrepot]], Path]:
    """Write several territories in one warehouse."""
    return ecrire
