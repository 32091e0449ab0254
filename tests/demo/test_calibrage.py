"""The figures that must come out of the full-size records, computed here by other means than the product's.

Readings are done in plain SQL on the raw text, with the rules of the domain: strictly below the threshold,
unknowns out of the denominator, rehoused households in, events dated by the signature, requests counted on 31
December.
"""

from pathlib import Path

import duckdb
import pytest

from pipelines.demo import Resume, expected_figures
from pipelines.references.declarations import parquet

ENCODAGES = {2022: "latin-1", 2023: "utf-8", 2024: "utf-8"}


@pytest.fixture(scope="module")
def base(grand_dossier: tuple[Path, Resume]) -> duckdb.DuckDBPyConnection:
    dossier, _ = grand_dossier
    con = duckdb.connect()

    def lire(motif: str, options: str = "") -> str:
        return f"read_csv('{dossier}/{motif}', all_varchar = true, delim = ';'{options})"

    con.execute(f"create table attributions as select distinct * from {lire('sne/*/attributions.csv')}")
    con.execute(
        "create table demandes as select distinct * exclude (filename),"
        " cast(regexp_extract(filename, 'sne/(\\d+)/', 1) as int) as annee"
        f" from {lire('sne/*/demandes.csv', ', filename = true')}"
    )
    for millesime, encodage in ENCODAGES.items():
        motif = f"rpls/{millesime}/*.csv"
        options = f", encoding = '{encodage}', union_by_name = true"
        con.execute(f"create table rpls_{millesime} as select distinct * from {lire(motif, options)}")
    con.execute(
        """
        create table rpls as
        select 2022 as millesime, IDENT_REP, PLG_QP as qpv, PLG_IRIS2022_CODE as iris from rpls_2022
        union all
        select 2023, IDENT_REP, PLG_QP, PLG_IRIS2022_CODE from rpls_2023
        union all
        select 2024, IDENT_REP, PLG_QP15, PLG_IRIS2024_CODE from rpls_2024
        """
    )
    con.execute(f"create table zones as from {lire('zones/zones.csv')}")
    con.execute(f"create table seuils_q1 as from {lire('referentiels/seuils_q1.csv')}")
    con.execute(
        "create table membres as select m.epci_siren, m.code_commune, c.region"
        f" from read_parquet('{parquet('epci_membres')}') as m"
        f" left join read_parquet('{parquet('communes')}') as c"
        " on m.code_commune = c.code_commune"
    )
    con.execute(BAUX)
    return con


BAUX = """
    create table baux as
    with signes as (
        select
            a.*, m.epci_siren, m.region, year(cast(a.date_signature_bail as date)) as annee,
            cast(nb_personnes as int) - cast(nb_moins_14 as int) as grands, cast(nb_moins_14 as int) as petits
        from attributions as a
        join membres as m on a.code_commune_logement = m.code_commune
        where a.date_signature_bail is not null
    ),
    mesures as (
        select *, coalesce(cast(nb_uc as decimal(5, 2)), 1 + 0.5 * (grands - 1) + 0.3 * petits) as uc
        from signes
    )
    select
        d.*,
        case
            when d.code_qpv is not null then true
            when r.IDENT_REP is not null then r.qpv is not null
            else d.qpv_declare = 'oui'
        end
        or exists (
            select 1 from zones as z
            where z.epci_siren = d.epci_siren and z.type = 'assimile'
                and (z.critere, z.valeur) in (('iris', r.iris), ('residence', d.residence))
        ) as en_qpv,
        case
            when d.ressources_mensuelles is null then null
            else cast(d.ressources_mensuelles as decimal(12, 2)) * 12 < cast(s.seuil as int) * d.uc
        end as q1,
        coalesce(d.relogement in ('npnru', 'orcod'), false) as reloge
    from mesures as d
    left join rpls as r on d.num_rpls = r.IDENT_REP and r.millesime = d.annee + 1
    left join seuils_q1 as s
        on cast(s.annee as int) = d.annee
        and (s.portee, s.code) in (('epci', d.epci_siren), ('region', d.region))
"""


def _taux(con: duckdb.DuckDBPyConnection, indicateur: str, epci: str, annee: str) -> tuple[int, int]:
    conditions = {
        "hors_qpv_q1": ("not en_qpv and (q1 is not null or reloge)", "q1 or reloge"),
        "qpv_q234": ("en_qpv and q1 is not null", "not q1"),
    }
    base, compte = conditions[indicateur]
    lu = con.execute(
        f"select count(*) filter ({compte}), count(*) from baux"
        f" where {base} and epci_siren = ? and annee = ?",
        [epci, int(annee)],
    ).fetchone()
    assert lu is not None
    return lu


def _valeur(con: duckdb.DuckDBPyConnection, requete: str, parametres: list[object]) -> float:
    lu = con.execute(requete, parametres).fetchone()
    assert lu is not None
    return float(lu[0])


def _attendus(*indicateurs: str) -> list[object]:
    return [
        pytest.param(c, id=f"{c.epci_siren}-{c.periode}-{c.indicateur}")
        for c in expected_figures()
        if c.indicateur in indicateurs
    ]


@pytest.mark.parametrize("chiffre", _attendus("hors_qpv_q1", "qpv_q234"))
def test_quartile_rates(base: duckdb.DuckDBPyConnection, chiffre) -> None:
    lu = _taux(base, chiffre.indicateur, chiffre.epci_siren, chiffre.periode)
    assert lu == (chiffre.numerateur, chiffre.denominateur)


@pytest.mark.parametrize("chiffre", _attendus("baux"))
def test_leases_signed_in_the_year(base: duckdb.DuckDBPyConnection, chiffre) -> None:
    lu = _valeur(
        base,
        "select count(*) from baux where epci_siren = ? and annee = ?",
        [chiffre.epci_siren, int(chiffre.periode)],
    )
    assert lu == chiffre.valeur


@pytest.mark.parametrize("chiffre", _attendus("demandes"))
def test_requests_active_on_31_december(base: duckdb.DuckDBPyConnection, chiffre) -> None:
    lu = _valeur(
        base,
        "select count(*) from demandes as d join membres as m on d.commune_choix1 = m.code_commune"
        " where m.epci_siren = ? and d.annee = ? and d.date_premier_depot <= ?"
        " and (d.date_radiation is null or d.date_radiation > ?)",
        [chiffre.epci_siren, int(chiffre.periode), *[f"{chiffre.periode}-12-31"] * 2],
    )
    assert lu == chiffre.valeur


REGISTRE = """
    with stock as (
        select
            MODE in ('1', '2') as base, MODE = '1' as loue, MODE = '2' as vacant, cast(LOCAT as int) as locat,
            cast(regexp_extract(BAIL, '(\\d{{4}})$', 1) as int) as annee_bail,
            strptime(lpad(REMLOCDATE, 7, '0'), '%m/%Y') as offert
        from rpls_{millesime}
        where EPCI = ? and SORTIEPATRIM is null and IDENT_REP not like 'Z%'
    )
    select 100.0 * count(*) filter ({compte}) / count(*) filter ({base}) from stock
"""


@pytest.mark.parametrize("chiffre", _attendus("mobilite", "vacance_3mois"))
def test_register_figures(base: duckdb.DuckDBPyConnection, chiffre) -> None:
    n = int(chiffre.periode)
    regles = {
        "mobilite": (f"base and locat < {n - 1}", f"loue and locat < {n - 1} and annee_bail >= {n - 1}"),
        "vacance_3mois": ("base", f"vacant and offert < date '{n}-01-01' - interval 3 month"),
    }
    filtre, compte = regles[chiffre.indicateur]
    lu = _valeur(base, REGISTRE.format(millesime=n, base=filtre, compte=compte), [chiffre.epci_siren])
    assert lu == pytest.approx(chiffre.valeur, abs=0.01)


def test_the_published_figures_are_among_the_targets() -> None:
    publies = {
        (c.epci_siren, c.periode, c.indicateur): c for c in expected_figures() if c.origine == "publie"
    }
    chalon = publies["247100589", "2021", "hors_qpv_q1"]
    assert (chalon.numerateur, chalon.denominateur, round(chalon.valeur, 2)) == (82, 681, 12.04)
    assert publies["200059228", "2021", "demandes"].valeur == 20426
    tension = publies["200059228", "2021", "tension"]
    assert (tension.numerateur, tension.denominateur, round(tension.valeur, 1)) == (20426, 2741, 7.5)


def test_sizes_are_those_of_the_real_stocks(base: duckdb.DuckDBPyConnection) -> None:
    lus = dict(
        base.execute(
            "select EPCI, count(*) from rpls_2022 where MODE <> '9' and IDENT_REP not like 'Z%'"
            " and EPCI is not null group by EPCI"
        ).fetchall()
    )
    assert lus == {
        "247100589": 10712, "242100410": 24431, "200066918": 8044, "200059228": 40062, "200066009": 23018,
    }  # fmt: skip


def test_every_dwelling_number_is_in_the_register_of_its_year(
    base: duckdb.DuckDBPyConnection,
) -> None:
    orphelins = _valeur(
        base,
        "select count(*) from baux as b left join rpls as r on b.num_rpls = r.IDENT_REP"
        " and r.millesime = least(b.annee + 1, 2024) where b.num_rpls is not null and r.IDENT_REP is null",
        [],
    )
    assert orphelins == 0


def test_a_lease_is_the_current_one_of_the_register(base: duckdb.DuckDBPyConnection) -> None:
    """The dwelling of a lease of N is let at 1 January N+1 since the month of the signature."""
    ecarts = _valeur(
        base,
        "select count(*) from baux as b join rpls_2022 as r on b.num_rpls = r.IDENT_REP where b.annee = 2021"
        " and (r.MODE <> '1' or r.BAIL <> strftime(cast(b.date_signature_bail as date), '%m/%Y'))",
        [],
    )
    assert ecarts == 0


def test_dates_follow_one_another(base: duckdb.DuckDBPyConnection) -> None:
    desordres = _valeur(
        base,
        "select count(*) from attributions where numero_unique not like 'Z%'"
        " and (date_decision < date_premier_depot"
        " or date_signature_bail < date_decision or date_entree < date_signature_bail)",
        [],
    )
    assert desordres == 0


def test_no_tenant_stands_behind_another_candidate(
    base: duckdb.DuckDBPyConnection,
) -> None:
    fautes = _valeur(
        base,
        "select count(*) from attributions as gagnant join attributions as devant"
        " on gagnant.num_rpls = devant.num_rpls and gagnant.date_decision = devant.date_decision"
        " where gagnant.date_signature_bail is not null and devant.issue = 'attribue'"
        " and devant.rang < gagnant.rang and devant.rang <> 'premier'",
        [],
    )
    assert fautes == 0


def test_leases_signed_in_january_after_a_decision_of_december(base: duckdb.DuckDBPyConnection) -> None:
    lus = dict(
        base.execute(
            "select annee, count(*) filter (year(cast(date_decision as date)) < annee)"
            " from baux group by annee"
        ).fetchall()
    )
    assert all(lus[annee] > 0 for annee in (2021, 2022, 2023, 2024))
    prefixes = base.execute(
        "select distinct annee > 2023, left(code_qpv, 2) from baux where code_qpv is not null order by all"
    ).fetchall()
    assert prefixes == [(False, "QP"), (True, "QN")]


def test_boundary_cases_are_in_the_records(base: duckdb.DuckDBPyConnection) -> None:
    au_seuil = _valeur(
        base,
        "select count(*) from baux where epci_siren = '247100589' and annee = 2021 and not en_qpv"
        " and cast(ressources_mensuelles as decimal(12, 2)) * 12 = 8958 * uc",
        [],
    )
    inconnus = _valeur(
        base,
        "select count(*) from baux where epci_siren = '247100589' and annee = 2021 and reloge and q1 is null",
        [],
    )
    nuls = _valeur(base, "select count(*) from baux where cast(ressources_mensuelles as double) = 0", [])
    uc_declarees = _valeur(
        base,
        "select count(*) from baux where uc <> 1 + 0.5 * (grands - 1) + 0.3 * petits",
        [],
    )
    radiees_apres = _valeur(
        base,
        "select count(*) from demandes where statut = 'radiee' and date_radiation > annee || '-12-31'",
        [],
    )
    assert (au_seuil, inconnus) == (2, 2)
    assert min(nuls, uc_declarees, radiees_apres) > 0


def test_a_qpv_may_lie_in_another_commune_than_its_list_says(base: duckdb.DuckDBPyConnection) -> None:
    def distincts(colonne: str, condition: str) -> set[str]:
        lus = base.execute(
            f"select distinct {colonne} from rpls_2024 where {condition} and DEPCOM is not null"
        )
        return {valeur for (valeur,) in lus.fetchall()}

    assert distincts("DEPCOM", "PLG_QP24 = 'QN06807M'") == {"68154", "68224"}
    assert distincts("PLG_QP24", "PLG_QP15 = 'QP068005'") == {"QN06805M", "QN06806M"}


def test_survey_levels_add_up(grand_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = grand_dossier
    con = duckdb.connect()
    con.execute(
        "create table ops as select * replace ("
        "cast(effectif as bigint) as effectif, cast(base as bigint) as base)"
        f" from read_csv('{dossier}/ops/*/ops.csv', all_varchar = true, delim = ';')"
    )
    cle = "millesime, bailleur_siren, code, population, theme, modalite"
    parties = con.execute(
        f"""
        select count(*) from (
            select
                {cle}, sum(effectif) filter (zone = 'ENSEMBLE') as tout,
                sum(effectif) filter (zone <> 'ENSEMBLE') as parts
            from ops where niveau in ('commune', 'epci') group by {cle}
        ) where tout is distinct from parts
        """
    ).fetchone()
    niveaux = con.execute(
        """
        select count(*) from (
            select
                millesime, bailleur_siren, population, theme, modalite,
                sum(effectif) filter (niveau = 'epci') as epci,
                sum(effectif) filter (niveau = 'commune') as communes
            from ops where zone = 'ENSEMBLE' and niveau in ('epci', 'commune') group by all
        ) where epci is distinct from communes
        """
    ).fetchone()
    depassements = con.execute(
        "select count(*) from ops where effectif > base"
        " or cast(nb_menages_repondants as int) > cast(nb_logements_enquetes as int)"
    ).fetchone()
    secrets = con.execute(
        "select count(*), count(effectif), min(niveau) from ops where statut = 'secret'"
    ).fetchone()
    assert (parties, niveaux, depassements) == ((0,), (0,), (0,))
    assert secrets is not None
    assert secrets[0] > 0
    assert secrets[1:] == (0, "residence")


def test_coordinates_agree_with_the_polygons(base: duckdb.DuckDBPyConnection) -> None:
    """A dwelling of a 2024 QPV stands inside it, the others outside all of them (Lambert-93 to WGS 84)."""
    import duckdb_extension_spatial

    extension = next(Path(duckdb_extension_spatial.__file__).parent.rglob("spatial.duckdb_extension"))
    base.execute(f"load '{extension}'")
    base.execute(
        "create table contours as select code_qpv as code, ST_GeomFromGeoJSON(geometrie) as forme"
        f" from read_parquet('{parquet('qpv_polygones')}')"
        f" where code_qpv in (select code_qpv from read_parquet('{parquet('qpv')}')"
        " where code_commune in (select code_commune from membres))"
    )
    ecarts = base.execute(
        """
        with points as (
            select
                PLG_QP24,
                ST_Transform(
                    ST_Point(cast(X as double), cast(Y as double)), 'EPSG:2154', 'EPSG:4326', true
                ) as point
            from rpls_2024 where X is not null
        )
        select count(*), count(c.code), count(*) filter (p.PLG_QP24 is distinct from c.code)
        from points as p left join contours as c on ST_Contains(c.forme, p.point)
        """
    ).fetchone()
    assert ecarts is not None
    places, dedans, differents = ecarts
    assert places > 60_000
    assert 0 < dedans < places
    assert differents == 0
