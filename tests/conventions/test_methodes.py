"""The shipped fragility methods: the tables alone give back what Grand Dijon published."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.conventions import load_methods, write_tables
from pipelines.conventions.methods import METHODES
from pipelines.errors import DonneesRefusees

# Rows of the published grid: counts (numerator, base); employment is printed as a share.
PUBLIE = {
    "Le Mail": (
        (1198, 331, 212, 51, 388, 581, 172, 141, 25, (170, 1513), (46, 1513), (281, 1467), 38, 43),
        (0.5, 2, -1.5, 1, 2),
    ),
    "Fontaine d'Ouche": (
        (1796, 429, 370, 100, 637, 808, 259, 255, 60, (178, 2064), (53, 2064), (370, 2011), 40, 42),
        (2.0, 3, 1.0, 3, 3),
    ),
    "Les Grésilles": (
        (1472, 552, 217, 97, 611, 819, 320, 129, 47, (240, 1662), (16, 1662), (310, 1646), 38, 43),
        (0.0, 2, -1.5, 1, 2),
    ),
    "Le Belvédère": (
        (1165, 299, 217, 66, 543, 497, 159, 181, 50, (134, 1255), (13, 1255), (207, 1242), 47, 50),
        (1.5, 3, 1.5, 3, 3),
    ),
    "Dijon hors QPV": (
        (6213, 2253, 1287, 600, 2723, 1976, 897, 680, 274, (745, 6647), (101, 6706), (974, 6605), 57, 57),
        (1.5, 3, 1.5, 3, 3),
    ),
}

CLASSEMENT = """
with scores as (
    select v.zone, b.bloc, sum(b.score) as somme
    from valeurs v
    join sources.methodes_fragilite b
      on b.methode = $methode and b.bloc = v.bloc and b.indicateur = v.indicateur
     and (b.borne is null or v.valeur > b.borne or (b.borne_incluse and v.valeur = b.borne))
     and (b.borne_sup is null or v.valeur < b.borne_sup or (b.borne_sup_incluse and v.valeur = b.borne_sup))
    group by all
), classes as (
    select s.*, c.classe
    from scores s
    join sources.methodes_fragilite_classes c
      on c.methode = $methode and c.bloc = s.bloc
     and (c.borne_inf is null or s.somme > c.borne_inf or (c.borne_inf_incluse and s.somme = c.borne_inf))
     and (c.borne_sup is null or s.somme < c.borne_sup or (c.borne_sup_incluse and s.somme = c.borne_sup))
)
select k.zone, k.somme, k.classe, f.somme, f.classe, m.classe
from classes k
join classes f on f.zone = k.zone and f.bloc = 'flux'
left join sources.methodes_fragilite_matrice m
  on m.methode = $methode and m.classe_stock = k.classe and m.classe_flux = f.classe
where k.bloc = 'stock'
"""


def values(zone: str) -> list[tuple[str, str, str, float]]:
    menages, recents, mono, mono_f, isoles, bas, bas_f, minima, minima_f, rot, vac, mut, emploi, emploi_f = (
        PUBLIE[zone][0]
    )
    stock = {
        "part_monoparentales": 100 * mono / menages,
        "part_isoles": 100 * isoles / menages,
        "part_moins_40_plus": 100 * bas / menages,
        "part_minima_sociaux": 100 * minima / menages,
        "mobilite": 100 * rot[0] / rot[1],
        "vacance": 100 * vac[0] / vac[1],
        "part_demandes_mutation_parc": 100 * mut[0] / mut[1],
        "part_actifs_occupes": emploi,
    }
    flux = {
        "part_monoparentales": 100 * mono_f / recents,
        "part_moins_40_plus": 100 * bas_f / recents,
        "part_minima_sociaux": 100 * minima_f / recents,
        "part_actifs_occupes": emploi_f,
    }
    return [(zone, bloc, nom, v) for bloc, b in (("stock", stock), ("flux", flux)) for nom, v in b.items()]


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connexion = duckdb.connect()
    write_tables(connexion, [])
    connexion.execute("create table valeurs (zone varchar, bloc varchar, indicateur varchar, valeur double)")
    connexion.executemany(
        "insert into valeurs values (?, ?, ?, ?)", [v for zone in PUBLIE for v in values(zone)]
    )
    return connexion


def classify(con: duckdb.DuckDBPyConnection, methode: str) -> dict[str, tuple[float | None, ...]]:
    lignes = con.execute(CLASSEMENT, {"methode": methode}).fetchall()
    return {zone: tuple(None if v is None else float(v) for v in reste) for zone, *reste in lignes}


def test_annexe2_gives_back_the_published_rows(con: duckdb.DuckDBPyConnection) -> None:
    assert classify(con, "dijon_2015_annexe2") == {zone: attendu for zone, (_, attendu) in PUBLIE.items()}


def test_corrected_annexe2_differs_by_twice_the_employment_score(con: duckdb.DuckDBPyConnection) -> None:
    corrigee = classify(con, "dijon_2015_annexe2_corrigee")
    # Employment of 38 % scored -1 and now scores +1; 57 % scored +1 (stock) and now scores -1.
    assert corrigee["Le Mail"][:2] == (2.5, 3)
    assert corrigee["Dijon hors QPV"][:2] == (-0.5, 2)
    ecrits = {m.methode: m for m in load_methods()}
    publiee, droite = ecrits["dijon_2015_annexe2"], ecrits["dijon_2015_annexe2_corrigee"]
    for (nom, bloc), (_, autre) in zip(publiee.blocks(), droite.blocks(), strict=True):
        for indicateur, critere in bloc.indicateurs.items():
            signe = -1 if indicateur == "part_actifs_occupes" else 1
            assert [(p.borne, signe * p.score) for p in critere.paliers] == [
                (p.borne, p.score) for p in autre.indicateurs[indicateur].paliers
            ], (nom, indicateur)


def test_annexe1_has_no_general_class_and_scores_beyond_the_bounds_only(
    con: duckdb.DuckDBPyConnection,
) -> None:
    resultat = classify(con, "dijon_2015_annexe1")
    assert {r[4] for r in resultat.values()} == {None}
    # Le Mail: < 40 % PLUS, vacancy, mutation and employment beyond; single persons below: 4 x 1.5 - 1.5.
    assert resultat["Le Mail"][:2] == (4.5, 3)


@pytest.mark.parametrize(
    ("methode", "indicateur", "valeur", "score"),
    [
        ("dijon_2015_annexe1", "part_actifs_occupes", 41.4, "1.5"),
        ("dijon_2015_annexe1", "part_actifs_occupes", 41.5, "0"),
        ("dijon_2015_annexe1", "part_actifs_occupes", 60.5, "0"),
        ("dijon_2015_annexe1", "part_actifs_occupes", 60.6, "-1.5"),
        ("dijon_2015_annexe1", "vacance", 1.0, "0"),
        ("dijon_2015_annexe1", "vacance", 2.7, "0"),
        ("dijon_2015_annexe1", "vacance", 2.71, "1.5"),
        ("dijon_2015_annexe2", "part_actifs_occupes", 54, "0.5"),
        ("dijon_2015_annexe2_corrigee", "part_actifs_occupes", 54, "-0.5"),
    ],
)
def test_scores_on_both_sides_of_a_bound(
    con: duckdb.DuckDBPyConnection, methode: str, indicateur: str, valeur: float, score: str
) -> None:
    lignes = con.execute(
        """select score from sources.methodes_fragilite
           where methode = ? and indicateur = ? and bloc = 'stock'
             and (borne is null or ? > borne or (borne_incluse and ? = borne))
             and (borne_sup is null or ? < borne_sup or (borne_sup_incluse and ? = borne_sup))""",
        [methode, indicateur, *[Decimal(str(valeur))] * 4],
    ).fetchall()
    assert lignes == [(Decimal(score),)]


def test_headers_say_what_an_empty_zone_gets(con: duckdb.DuckDBPyConnection) -> None:
    lignes = con.execute(
        "select methode, zone_vide, agregation from sources.methodes_fragilite_entetes"
    ).fetchall()
    assert lignes == [
        ("dijon_2015_annexe1", "non_classe", "somme_scores"),
        ("dijon_2015_annexe2", "parts_nulles", "somme_scores"),
        ("dijon_2015_annexe2_corrigee", "non_classe", "somme_scores"),
        ("indice_100", "non_classe", "moyenne_indices"),
    ]


@pytest.fixture
def alterer(tmp_path: Path) -> Callable[[str, str, str], None]:
    """Change one text of a shipped method, then load the folder."""

    def alter(methode: str, avant: str, apres: str) -> None:
        texte = (METHODES / f"{methode}.yml").read_text(encoding="utf-8")
        assert avant in texte
        (tmp_path / f"{methode}.yml").write_text(texte.replace(avant, apres, 1), encoding="utf-8")
        load_methods(base=tmp_path)

    return alter


@pytest.mark.parametrize(
    ("methode", "avant", "apres", "attendu"),
    [
        (
            "dijon_2015_annexe2",
            "sens: haut",
            "sens: bas",
            "des scores décroissants puisque le sens est « bas »",
        ),
        ("dijon_2015_annexe2", "a_partir_de: 18.7", "a_partir_de: 15.8", "une borne au-dessus de 15.9"),
        (
            "dijon_2015_annexe2",
            "- {score: -1}",
            "- {a_partir_de: 1, score: -1}",
            "une première bande sans début",
        ),
        (
            "dijon_2015_annexe2",
            "a_partir_de: 15.9,",
            "a_partir_de: 15.9, au_dela_de: 3,",
            "soit « a_partir_de »",
        ),
        ("dijon_2015_annexe2", "a_partir_de: 15.9", "a_partir_de: 15.90001", "4 décimales"),
        ("dijon_2015_annexe2", "  - {stock: 3, flux: 3, classe: 3}\n", "", "par couple de classes"),
        ("dijon_2015_annexe2", '"3": très fragile', '"4": x', "un libellé pour la classe 3"),
        ("dijon_2015_annexe2", "part_isoles", "part_isole", "« part_isoles »"),
        (
            "dijon_2015_annexe2",
            "methode: dijon_2015_annexe2",
            "methode: autre",
            "attendu « dijon_2015_annexe2 »",
        ),
        ("indice_100", "moyenne_indices", "somme_scores", "clé « agregation »"),
        ("indice_100", "type_seuil: indice", "type_seuil: absolu", "des paliers"),
    ],
)
def test_a_method_that_contradicts_itself_is_refused(
    alterer: Callable[[str, str, str], None], methode: str, avant: str, apres: str, attendu: str
) -> None:
    with pytest.raises(DonneesRefusees, match=attendu):
        alterer(methode, avant, apres)
