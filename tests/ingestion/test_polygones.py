"""Polygons are looked at when they are read: one that cannot be used costs its line, and is named."""

import json

import pytest

from pipelines.errors import DonneesRefusees

from .conftest import Depot
from .exemples import demandes, table

CARRE = [[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.8], [4.8, 46.7]]


def features(*geometries: object, crs: str | None = None) -> str:
    entites = [
        {
            "type": "Feature",
            "properties": {"code_qp": f"QP0710{i:02d}", "nom_qp": "Prés", "insee_com": "71076"},
            "geometry": geometrie,
        }
        for i, geometrie in enumerate(geometries, 1)
    ]
    contenu: dict[str, object] = {"type": "FeatureCollection", "features": entites}
    if crs:
        contenu["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(contenu)


def polygon(points: object, genre: str = "Polygon") -> dict[str, object]:
    return {"type": genre, "coordinates": [points]}


ABIMES = [
    None,
    polygon([[4.8, 46.7], [4.9, 46.7]]),
    polygon([[4.8, 46.7], [4.9, 46.7], [4.9, 46.8], [4.8, 46.8]]),
    polygon([["a", 46.7], *CARRE[1:]]),
    polygon([[4.8, None], *CARRE[1:]]),
    {"type": "Polygon", "coordinates": []},
    {"type": "Point", "coordinates": [4.8, 46.7]},
    {"type": "Cercle", "coordinates": [4.8, 46.7]},
    polygon([[0, 0], [500, 0], [500, 500], [0, 0]]),
    polygon([[4.8, 46.7], [4.8, 46.7], [4.8, 46.7], [4.8, 46.7]]),
]


@pytest.mark.parametrize("crs", [None, "urn:ogc:def:crs:EPSG::4258"])
def test_one_polygon_that_is_not_one_costs_its_line(depot: Depot, crs: str | None) -> None:
    bons = 2 * len(ABIMES)
    depot.drop("qpv/qpv2015.geojson", features(*[polygon(CARRE)] * bons, *ABIMES, polygon(CARRE), crs=crs))
    depot.load("geographie")
    refusees = list(range(bons + 1, bons + len(ABIMES) + 1))
    gardees = [*range(1, bons + 1), bons + len(ABIMES) + 1]
    assert depot.rows("SELECT _ligne, code_qpv FROM sources.qpv_polygones ORDER BY 1") == [
        (ligne, f"QP0710{ligne:02d}") for ligne in gardees
    ]
    assert depot.rows("SELECT _ligne, regle FROM quarantaine.qpv_polygones ORDER BY 1") == [
        (ligne, "polygone_inutilisable") for ligne in refusees
    ]
    assert depot.rows(
        "SELECT lignes_lues, lignes_gardees, lignes_quarantaine FROM meta.verrou WHERE produit = 'qpv_polygones'"
    ) == [(len(gardees) + len(refusees), len(gardees), len(refusees))]
    assert f"entités {refusees[0]}, {refusees[1]}" in str(
        depot.one("SELECT message FROM meta.avertissements WHERE regle = 'polygone_inutilisable' LIMIT 1")
    )


def test_a_contour_that_crosses_itself_is_kept(depot: Depot) -> None:
    """Simplified contours do: 586 of the 1 584 published for 2024."""
    noeud = [[4.8, 46.7], [4.9, 46.8], [4.9, 46.7], [4.82, 46.85], [4.8, 46.7]]
    depot.drop("qpv/qpv2015.geojson", features(polygon(noeud), polygon(CARRE)))
    assert depot.load("geographie")["qpv_polygones"] == 2


@pytest.mark.parametrize("epsg", ["99999", "abc"])
def test_an_unknown_projection_is_a_sentence(depot: Depot, epsg: str) -> None:
    depot.drop("qpv/qpv2015.geojson", features(polygon(CARRE), crs=f"urn:ogc:def:crs:EPSG::{epsg}"))
    with pytest.raises(DonneesRefusees, match=rf"qpv/qpv2015\.geojson : projection EPSG:{epsg} inconnue"):
        depot.read("geographie")


@pytest.mark.parametrize(
    ("points", "inverse"),
    [
        (CARRE, False),
        ([[y, x] for x, y in CARRE], True),
        ([[-52.4, 4.9], [-52.3, 4.9], [-52.3, 5.0], [-52.4, 4.9]], False),  # Cayenne
        ([[4.9, -52.4], [4.9, -52.3], [5.0, -52.3], [4.9, -52.4]], True),
        ([[55.4, -20.9], [55.5, -20.9], [55.5, -21.0], [55.4, -20.9]], False),  # Saint-Denis
    ],
)
def test_inverted_coordinates_are_warned(depot: Depot, points: list[list[float]], inverse: bool) -> None:
    depot.drop("qpv/qpv2015.geojson", features(polygon(points)))
    depot.load("geographie")
    regles = {regle for (regle,) in depot.rows("SELECT regle FROM meta.avertissements")}
    assert ("coordonnees_inversees" in regles) is inverse
    assert depot.one("SELECT count(*) FROM sources.qpv_polygones") == 1


def test_half_a_character_is_no_traceback(depot: Depot) -> None:
    texte = (
        features(polygon(CARRE), polygon(CARRE))
        .replace("Prés", "Pr\\ud800s", 1)
        .replace("Pr\\u00e9s", "Pr\\ud800s", 1)
    )
    assert "\\ud800" in texte
    depot.drop("qpv/qpv2015.geojson", texte)
    depot.drop("sne/2021/demandes.csv", table(*demandes(20)))
    depot.load("geographie")
    assert depot.one("SELECT libelle FROM sources.qpv_polygones ORDER BY _ligne LIMIT 1") == "Pr\ufffds"


def wkt(points: list[list[float]]) -> str:
    return f"POLYGON(({', '.join(f'{x} {y}' for x, y in points)}))"


def zones(*valeurs: tuple[str, str]) -> str:
    lignes = (
        f'247100589;z{i};qva;Zone;{critere};"{valeur.replace(chr(34), chr(34) * 2)}";;'
        for i, (critere, valeur) in enumerate(valeurs, 2)
    )
    return "epci_siren;zone;type;nom;critere;valeur;debut;fin\n" + "\n".join(lignes) + "\n"


ZONES_ABIMEES = [
    "autour de la mairie",
    "{abc}",
    json.dumps(polygon(CARRE[:-1])),
    json.dumps(polygon([CARRE[0]] * 4)),
    wkt(CARRE[:-1]),
    "POLYGON((4.8 46.7, a))",
    "POINT(4.8 46.7)",
    wkt([[840000.0, 6620000.0], [850000.0, 6620000.0], [850000.0, 6630000.0], [840000.0, 6620000.0]]),
]


def test_a_polygon_of_a_zone_that_is_not_one_costs_its_line(depot: Depot) -> None:
    bons = len(ZONES_ABIMEES)
    depot.drop(
        "zones/zones.csv",
        zones(
            ("commune", "71076"),
            *[("polygone", wkt(CARRE))] * bons,
            *(("polygone", abime) for abime in ZONES_ABIMEES),
            *[("polygone", json.dumps(polygon(CARRE)))] * bons,
        ),
    )
    depot.load("geographie")
    gardees = depot.rows("SELECT _ligne, zone, valeur FROM sources.zones_locales ORDER BY 1")
    premiere = 3 + bons
    refusees = list(range(premiere, premiere + len(ZONES_ABIMEES)))
    attendues = [ligne for ligne in range(2, 3 + 3 * bons) if ligne not in refusees]
    assert [(ligne, zone) for ligne, zone, _ in gardees] == [(ligne, f"z{ligne}") for ligne in attendues]
    # However it was written, a polygon is kept as GeoJSON: one reader for maps and models.
    assert gardees[0][2] == "71076"
    assert [json.loads(str(valeur)) for _, _, valeur in gardees[1:]] == [polygon(CARRE)] * 2 * bons
    assert depot.rows(
        "SELECT _fichier, _ligne, colonne, regle FROM quarantaine.zones_locales ORDER BY 2"
    ) == [("zones/zones.csv", ligne, "valeur", "polygone_inutilisable") for ligne in refusees]
    ((fichier, message),) = depot.rows(
        "SELECT fichier, message FROM meta.avertissements WHERE regle = 'polygone_inutilisable'"
    )
    assert fichier == "zones/zones.csv"
    debut = (
        f"Polygones qui n'en sont pas, écartés : {bons} sur {3 * bons}, lignes {refusees[0]}, {refusees[1]}"
    )
    assert str(message).startswith(debut)
    assert depot.rows(
        "SELECT lignes_lues, lignes_gardees, lignes_quarantaine FROM meta.verrou WHERE produit = 'zones_locales'"
    ) == [(3 * bons + 1, 2 * bons + 1, bons)]
    # Read again from the store: the same account, the same words.
    depot.load("geographie")
    assert depot.one("SELECT count(*) FROM meta.avertissements WHERE regle = 'polygone_inutilisable'") == 1


def test_contours_of_a_table_are_looked_at_too(depot: Depot) -> None:
    lignes = [("QP071001", wkt(CARRE)), ("QP071002", "POLYGON(("), ("QP071003", json.dumps(polygon(CARRE)))]
    depot.drop(
        "qpv/contours.csv",
        "code_qp;nom_qp;geometrie\n"
        + "".join(f'{code};Prés;"{g.replace(chr(34), chr(34) * 2)}"\n' for code, g in lignes),
    )
    depot.load("geographie")
    lues = depot.rows("SELECT code_qpv, geometrie FROM sources.qpv_polygones ORDER BY 1")
    assert [code for code, _ in lues] == ["QP071001", "QP071003"]
    assert [json.loads(str(g)) for _, g in lues] == [polygon(CARRE)] * 2
