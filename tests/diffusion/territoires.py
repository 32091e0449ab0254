"""Figures of small made-up territories, straight from made-up leases, requests and households.

Ten thousand dwellings and eight communes are the hard size: every count is near the threshold.
"""

from collections.abc import Callable, Iterable

import numpy as np
import polars as pl

SIRENS = ("900000001", "900000002", "900000003")
ANNEES = (2021, 2022)
COMMUNES = {siren: [f"9{rank}{i:03d}" for i in range(1, 9)] for rank, siren in enumerate(SIRENS)}
POIDS = [0.46, 0.2, 0.12, 0.08, 0.06, 0.04, 0.025, 0.015]
BAILLEURS = [f"80000000{i}" for i in range(1, 6)]
NEUF = "900000099"
# Neighbourhoods of each territory, with the communes each is in.
QPV = {
    SIRENS[0]: {"QN99001A": [0]},
    SIRENS[1]: {"QN99002A": [0], "QN99002B": [0], "QN99002C": [1, 2]},
    SIRENS[2]: {"QN99003A": [0], "QN99003B": [1]},
}
_COLUMNS = {
    "epci_siren": pl.String, "periode_type": pl.String, "periode": pl.String, "annee": pl.Int32, "indicateur": pl.String,
    "axe": pl.String, "modalite": pl.String, "modalite_libelle": pl.String, "segment_type": pl.String,
    "segment": pl.String, "numerateur": pl.Int64, "denominateur": pl.Int64, "inconnus": pl.Int64, "valeur": pl.Float64,
    "unite": pl.String, "cible": pl.Float64, "operateur": pl.String, "atteint": pl.Boolean, "manque": pl.Int64,
    "statut": pl.String, "source": pl.String, "version_methode": pl.String, "objectif": pl.String, "domaine": pl.String,
    "nature": pl.String, "base_menages": pl.Boolean, "seuil_secret": pl.Int32, "base_mesure": pl.Int64,
}  # fmt: skip


def communes_des_qpv() -> list[tuple[str, str]]:
    """Where each neighbourhood is, as any map shows."""
    return [
        (qpv, COMMUNES[siren][c])
        for siren, those in QPV.items()
        for qpv, places in those.items()
        for c in places
    ]


def baux(siren: str, annee: int, n: int = 750) -> pl.DataFrame:
    """Leases signed in a year, one row each."""
    rng = np.random.default_rng([int(siren), annee])
    commune = rng.choice(8, n, p=POIDS)
    qpv = np.full(n, "", dtype=object)
    for name, places in QPV[siren].items():
        there = np.isin(commune, places) & (qpv == "") & (rng.random(n) < 0.35)
        qpv[there] = name
    landlord = np.where(rng.random(n) < 0.75, commune % 3, rng.choice(5, n, p=[0.5, 0.25, 0.15, 0.07, 0.03]))
    quarter = rng.choice(["Q1", "Q2", "Q3", "Q4", ""], n, p=[0.3, 0.27, 0.22, 0.18, 0.03])
    return pl.DataFrame(
        {
            "epci": siren,
            "semestre": rng.choice([1, 2], n),
            "commune": [COMMUNES[siren][c] for c in commune],
            "bailleur": [BAILLEURS[b] for b in landlord],
            "qpv": qpv.tolist(),
            "reservataire": rng.choice(
                ["1", "2", "3", "4", "5", "6", "7", "inconnu"],
                n,
                p=[0.05, 0.15, 0.2, 0.15, 0.02, 0.02, 0.4, 0.01],
            ),
            "quartile": quarter,
            "demandeur": rng.choice(["mutation", "primo", "inconnu"], n, p=[0.35, 0.64, 0.01]),
            "prioritaire": rng.random(n) < 0.28,
            "essentiel": rng.choice(["oui", "non", ""], n, p=[0.06, 0.92, 0.02]),
            "typologie": rng.choice(
                ["T1", "T2", "T3", "T4", "T5", "T6"], n, p=[0.08, 0.22, 0.36, 0.26, 0.07, 0.01]
            ),
        }
    )


def menages(siren: str, annee: int, n: int = 7800) -> pl.DataFrame:
    """Households surveyed, one row each."""
    rng = np.random.default_rng([int(siren), annee, 7])
    commune = rng.choice(8, n, p=POIDS)
    qpv = np.full(n, "", dtype=object)
    for name, places in QPV[siren].items():
        qpv[np.isin(commune, places) & (qpv == "") & (rng.random(n) < 0.3)] = name
    kind = rng.choice(["isole", "mono", "autre"], n, p=[0.4, 0.2, 0.4])
    return pl.DataFrame(
        {
            "commune": [COMMUNES[siren][c] for c in commune],
            "bailleur": [BAILLEURS[b] for b in rng.choice(5, n, p=[0.5, 0.25, 0.15, 0.09, 0.01])],
            "qpv": qpv.tolist(),
            "isole": kind == "isole",
            "mono": kind == "mono",
            "nombreuse": (kind != "isole") & (rng.random(n) < 0.13),
            "pauvre": rng.random(n) < 0.36,
            "minima": rng.random(n) < 0.13,
            "age": rng.random(n) < 0.12,
        }
    )


class _Figures:
    def __init__(self, siren: str, seuil: int) -> None:
        self.siren, self.seuil = siren, seuil
        self.rows: list[dict[str, object]] = []

    def add(
        self, kind: str, period: str, indicator: str, axis: str, modality: str, *, segment: tuple[str, str] = ("tous", "tous"),
        top: int | None = None, base: int | None = None, unknown: int | None = None, nature: str = "taux",
        households: bool = True, target: float | None = None, base_of: int | None = None, value: float | None = None,
    ) -> None:  # fmt: skip
        if nature == "taux" and base:
            value = 100.0 * (top or 0) / base
        elif nature == "ratio" and base:
            value = (top or 0) / base
        elif nature == "effectif":
            value = float(top or 0)
        self.rows.append(
            {
                "epci_siren": self.siren, "periode_type": kind, "periode": period, "annee": int(period[:4]),
                "indicateur": indicator, "axe": axis, "modalite": modality, "modalite_libelle": f"Nom de {modality}",
                "segment_type": segment[0], "segment": segment[1], "numerateur": top,
                "denominateur": base if nature in ("taux", "ratio") else None,
                "inconnus": unknown, "valeur": value, "unite": {"taux": "%", "ratio": "ratio", "effectif": "nombre", "moyenne": "eur_m2", "mediane": "mois", "mesure": "eur_an_uc"}[nature],
                "cible": target, "operateur": ">=" if target is not None else None,
                "atteint": None if target is None or value is None else value >= target, "manque": None,
                "statut": "publiable" if value is not None else "indisponible", "source": "test", "version_methode": "1",
                "objectif": None, "domaine": "attributions", "nature": nature, "base_menages": households,
                "seuil_secret": self.seuil, "base_mesure": base_of,
            }
        )  # fmt: skip

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.rows, schema=_COLUMNS)


def figures(
    sirens: Iterable[str] = SIRENS,
    *,
    seuil: int = 11,
    baux_par_an: int = 750,
    change: Callable[[pl.DataFrame], pl.DataFrame] = lambda x: x,
) -> pl.DataFrame:
    """The relation of exact figures of some territories; `change` alters the leases of each year first."""
    found = []
    for siren in sirens:
        out = _Figures(siren, seuil)
        for annee in ANNEES:
            signed = change(baux(siren, annee, baux_par_an).with_columns(annee=pl.lit(annee)))
            _attributions(out, signed, "annee", str(annee))
            for half in (1, 2):
                _attributions(out, signed.filter(pl.col("semestre") == half), "semestre", f"{annee}-S{half}")
            _demandes(out, signed, annee)
        _occupation(out, menages(siren, 2022), "2022")
        _parc(out, "2022")
        found.append(out.frame())
    return pl.concat(found)


def _places(rows: pl.DataFrame, siren: str, axes: Iterable[str]) -> Iterable[tuple[str, str, pl.DataFrame]]:
    yield "epci", siren, rows
    for axis in axes:
        for (modality,), part in sorted(rows.partition_by(axis, as_dict=True).items()):
            if modality != "":
                yield axis, str(modality), part
    if "qpv" in axes:
        for (qpv, commune), part in sorted(
            rows.filter(pl.col("qpv") != "").partition_by("qpv", "commune", as_dict=True).items()
        ):
            yield "qpv x commune", f"{qpv} x {commune}", part


def _attributions(out: _Figures, signed: pl.DataFrame, kind: str, period: str) -> None:
    axes = ("commune", "bailleur", "qpv", "reservataire") if kind == "annee" else ()
    for axis, modality, rows in _places(signed, out.siren, axes):
        inside = rows.filter(pl.col("qpv") != "")
        outside = rows.filter(pl.col("qpv") == "")
        place = (kind, period)
        out.add(*place, "baux", axis, modality, top=rows.height, nature="effectif")
        known = rows.filter(pl.col("demandeur") != "inconnu")
        out.add(*place, "mutations", axis, modality, top=known.filter(pl.col("demandeur") == "mutation").height,
                base=known.height, unknown=rows.height - known.height)  # fmt: skip
        for indicator, part, chosen, target in (
            ("hors_qpv_q1", outside, ["Q1"], 25.0), ("qpv_q234", inside, ["Q2", "Q3", "Q4"], 50.0), ("qpv_q34", inside, ["Q3", "Q4"], None),
        ):  # fmt: skip
            if axis == "qpv" and indicator == "hors_qpv_q1":
                continue
            answered = part.filter(pl.col("quartile") != "")
            if answered.height or axis == "epci":
                out.add(*place, indicator, axis, modality, top=answered.filter(pl.col("quartile").is_in(chosen)).height,
                        base=answered.height, unknown=part.height - answered.height,
                        target=target if axis in ("epci", "bailleur") else None)  # fmt: skip
        own = rows.filter(pl.col("reservataire") == "7") if axis == "bailleur" else rows
        out.add(
            *place,
            "prioritaires",
            axis,
            modality,
            top=own["prioritaire"].sum(),
            base=own.height,
            unknown=0,
            target=25.0,
        )
        told = rows.filter(pl.col("essentiel") != "")
        out.add(*place, "travailleurs_essentiels", axis, modality, top=told.filter(pl.col("essentiel") == "oui").height,
                base=told.height, unknown=rows.height - told.height)  # fmt: skip


def _demandes(out: _Figures, signed: pl.DataFrame, annee: int) -> None:
    rng = np.random.default_rng([int(out.siren), annee, 3])
    sizes = dict(
        zip(
            ["T1", "T2", "T3", "T4", "T5", "T6"],
            rng.multinomial(1900, [0.3, 0.25, 0.22, 0.15, 0.06, 0.02]).tolist(),
            strict=True,
        )
    )
    moving, home, unknown = rng.multinomial(1900, [0.36, 0.632, 0.008]).tolist()
    year = ("annee", str(annee))
    out.add(*year, "demandes", "epci", out.siren, top=1900, nature="effectif")
    out.add(
        *year, "part_mutations_demande", "epci", out.siren, top=moving, base=moving + home, unknown=unknown
    )
    out.add(*year, "part_endogene", "epci", out.siren, top=1390, base=1860, unknown=40)
    out.add(*year, "tension", "epci", out.siren, top=1900, base=signed.height, nature="ratio")
    out.add(*year, "anciennete", "epci", out.siren, nature="mediane", value=14.0, base_of=1900)
    for size, wanted in sizes.items():
        out.add(*year, "tension", "epci", out.siren, segment=("typologie", size), top=wanted, nature="ratio",
                base=signed.filter(pl.col("typologie") == size).height)  # fmt: skip
    for who, asked in (("mutation", moving), ("primo", home), ("inconnu", unknown)):
        out.add(*year, "tension", "epci", out.siren, segment=("demandeur", who), top=asked, nature="ratio",
                base=signed.filter(pl.col("demandeur") == who).height)  # fmt: skip


def _occupation(out: _Figures, households: pl.DataFrame, period: str) -> None:
    named = {"part_isoles": "isole", "part_monoparentales": "mono", "part_familles_nombreuses": "nombreuse", "part_moins_40_plus": "pauvre", "part_minima_sociaux": "minima", "part_75_ans_et_plus": "age"}  # fmt: skip
    for axis, modality, rows in _places(households, out.siren, ("commune", "bailleur", "qpv")):
        for indicator, column in named.items():
            out.add("millesime", period, indicator, axis, modality, top=rows[column].sum(), base=rows.height)


def _parc(out: _Figures, period: str) -> None:
    stock = {c: int(10000 * w) for c, w in zip(COMMUNES[out.siren], POIDS, strict=True)}
    for axis, modality, n in [
        ("epci", out.siren, 10000),
        *[("commune", c, n) for c, n in stock.items()],
        *[("bailleur", b, 2000) for b in BAILLEURS],
    ]:
        out.add("millesime", period, "logements", axis, modality, top=n, nature="effectif", households=False)
        out.add(
            "millesime", period, "loyer_m2", axis, modality, nature="moyenne", households=False, value=5.8
        )
    out.add("millesime", period, "logements", "bailleur", NEUF, top=4, nature="effectif", households=False)
    for rank, commune in enumerate(COMMUNES[out.siren]):
        # The last communes have two landlords only.
        for landlord in BAILLEURS[: 5 - rank // 2]:
            out.add(
                "millesime",
                period,
                "logements",
                "bailleur x commune",
                f"{landlord} x {commune}",
                top=20,
                nature="effectif",
                households=False,
            )
    for axis, modality in [("epci", out.siren), ("commune", COMMUNES[out.siren][0]), ("region", "99")]:
        out.add(
            "millesime",
            period,
            "revenu_median",
            axis,
            modality,
            segment=("concept", "disponible"),
            nature="mesure",
            households=False,
            value=21000.0,
        )
