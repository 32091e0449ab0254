"""The registry is data that holds together; a user's file completes it; what is asked for is chosen or explained."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pipelines.errors import MauvaisUsage, ObservatoireError
from pipelines.ingestion.declarations import declarations
from pipelines.ingestion.landing import extension, is_documentation, settings
from pipelines.paths import PROJECT_ROOT
from pipelines.telechargement import Produit, choose, load_registry

REGISTRE = load_registry()
DIRECTS = [p for p in REGISTRE if p.acces == "direct"]
DOSSIERS = {d for p in declarations().values() for d in p.dossiers}


def nom(produit: Produit) -> str:
    return produit.nom


@pytest.mark.parametrize("produit", DIRECTS, ids=nom)
def test_a_product_lands_where_a_reader_looks(produit: Produit) -> None:
    assert produit.source in DOSSIERS
    for destination in produit.destinations:
        dossier, annee, fichier = destination.split("/")
        assert (dossier, annee) == (produit.source, str(produit.millesime))
        assert extension(fichier) in settings()["extensions_donnees"]
        assert not is_documentation(fichier)
    assert produit.types_attendus


@pytest.mark.parametrize("produit", DIRECTS, ids=nom)
def test_an_address_is_the_producer_s_own_and_encrypted(produit: Produit) -> None:
    adresse = urlsplit(str(produit.url))
    assert adresse.scheme == "https"
    assert adresse.netloc.endswith((".insee.fr", ".gouv.fr"))
    assert "{" not in str(produit.url)
    assert produit.page
    if "insee.fr/fr/statistiques/fichier/" in str(produit.url):
        numero = re.search(r"/fichier/(\d+)/", str(produit.url))
        assert numero is not None
        assert produit.page.endswith(numero[1])


def test_nothing_goes_to_the_same_place_twice() -> None:
    destinations = [d for p in DIRECTS for d in p.destinations]
    assert len(destinations) == len(set(destinations))


@pytest.mark.parametrize(
    ("produit", "page"),
    [
        ("filosofi_communes", "7756729"),
        ("filosofi_distribution", "7756855"),
        ("filosofi_iris", "8229323"),
        ("filosofi_qpv", "8243026"),
        ("filosofi_carreaux", "8735162"),
        ("filosofi_2", "8984752"),
        ("rpls_insee", "8736658"),
        ("rpls_detail", "f3c2f2cb-8fb1-40fd-8733-964247744c9a"),
    ],
)
def test_the_products_of_the_specification_are_there(produit: str, page: str) -> None:
    assert any(p.produit == produit and page in str(p.page) for p in DIRECTS)


def test_restricted_sources_say_where_to_ask() -> None:
    restreints = [p for p in REGISTRE if p.acces == "demande"]
    assert {p.source for p in restreints} == {"rpls", "sne", "ops"}
    assert all(p.contact and p.destination for p in restreints)


def test_by_default_neither_heavy_nor_unsure_ones() -> None:
    choisis = choose(REGISTRE)
    directs = [p for p in choisis if p.acces == "direct"]
    assert directs
    assert all(p.verifie and not p.sur_choix for p in directs)
    assert {p.acces for p in choisis} == {"direct", "page", "demande"}


@pytest.mark.parametrize(
    ("sources", "millesimes", "attendus"),
    [
        (["filosofi_carreaux"], [], {"filosofi_carreaux 2021"}),
        (["filosofi"], [2023], {"filosofi_2 2023"}),
        (["rpls_detail"], [2022, 2023], {"rpls_detail 2022", "rpls_detail 2023"}),
        (["ops"], [], {"ops_occupation"}),
        # Three gigabytes are never received without their name.
        (["rpls"], [2022], {"rpls_loi"}),
        ([], [2022], {"geo_epci 2022", "sne_drihl 2022"}),
    ],
)
def test_choice(sources: list[str], millesimes: list[int], attendus: set[str]) -> None:
    assert {p.nom for p in choose(REGISTRE, sources, millesimes)} == attendus


def test_nothing_heavy_is_received_without_its_name() -> None:
    limite = 100_000_000
    for sources, annees in (([], []), (["rpls", "filosofi"], []), ([], [2025])):
        assert all(p.octets_max <= limite for p in choose(REGISTRE, sources, annees) if p.acces == "direct")
    (nomme,) = choose(REGISTRE, ["rpls_detail"], [2025])
    assert nomme.octets_max > limite


def test_a_territory_gets_what_it_needs_and_nothing_of_other_regions() -> None:
    bretagne, francilien = (
        {p.produit for p in choose(REGISTRE, region=region) if p.acces == "direct"} for region in ("53", "11")
    )
    assert francilien - bretagne == {"sne_drihl"}
    assert bretagne - francilien == set()
    # What is shipped is not downloaded, unless it is named.
    assert {"rpls_insee", "qpv_contours", "geo_communes_contours"} <= bretagne
    assert not bretagne & {"geo_communes", "geo_epci", "geo_passage", "geo_zonage_abc", "qpv_liste"}
    assert {p.produit for p in choose(REGISTRE, ["geo_epci"], [], "53")} == {"geo_epci"}


@pytest.mark.parametrize(
    ("sources", "millesimes", "said"),
    [
        (["filosofie"], [], "« filosofie »"),
        (["rpls"], [1999], "1999"),
        (["ops"], [2021], "Rien pour ops au millésime 2021"),
    ],
)
def test_nothing_to_choose_lists_what_exists(sources: list[str], millesimes: list[int], said: str) -> None:
    with pytest.raises(MauvaisUsage) as refus:
        choose(REGISTRE, sources, millesimes)
    assert said in str(refus.value)
    assert "filosofi_iris (2021)" in str(refus.value)
    assert refus.value.exit_code == 2


# The user's own file


def read(donnees: Path, texte: str) -> dict[str, Produit]:
    donnees.mkdir(exist_ok=True)
    (donnees / "telechargements.yml").write_text(texte, encoding="utf-8")
    return {p.nom: p for p in load_registry(donnees)}


def test_a_user_changes_a_field_and_keeps_the_others(donnees: Path) -> None:
    produits = read(
        donnees,
        "produit: rpls_sdes\nmillesimes:\n  2025: {url: 'https://miroir.exemple.invalid/r.zip', octets_min: 5}\n",
    )
    change, avant = produits["rpls_sdes 2025"], next(p for p in REGISTRE if p.nom == "rpls_sdes 2025")
    assert change.url == "https://miroir.exemple.invalid/r.zip"
    # An address that the user writes is one that the user vouches for.
    assert (avant.verifie, change.verifie) == (False, True)
    assert (change.titre, change.membres) == (avant.titre, avant.membres)
    assert produits["rpls_sdes 2024"] in REGISTRE


def test_a_user_adds_a_product(donnees: Path) -> None:
    produits = read(
        donnees,
        "- produit: ops_metropole\n  source: ops\n  titre: OPS\n  producteur: USH\n  licence: L\n  citation: C\n"
        "  url: 'https://ush.exemple.invalid/{millesime}.csv'\n  destination: ops/{millesime}/ops.csv\n"
        "  millesimes: {2022: {}, 2024: {sur_choix: true}}\n",
    )
    assert produits["ops_metropole 2024"].url == "https://ush.exemple.invalid/2024.csv"
    assert produits["ops_metropole 2022"].destinations == ("ops/2022/ops.csv",)
    assert len(produits) == len(REGISTRE) + 2


def test_a_file_replaces_the_members_of_an_archive(donnees: Path) -> None:
    produits = read(
        donnees,
        "produit: filosofi_iris\nmillesimes:\n"
        "  2021: {url: 'https://m.invalid/i.csv', destination: filosofi/2021/iris.csv}\n",
    )
    assert produits["filosofi_iris 2021"].destinations == ("filosofi/2021/iris.csv",)


def test_the_examples_of_the_documentation_are_valid(donnees: Path) -> None:
    page = (PROJECT_ROOT / "docs" / "telechargements.md").read_text(encoding="utf-8")
    exemples = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert len(exemples) == 2
    for exemple in exemples:
        produits = read(donnees, exemple)
        assert len(produits) >= len(REGISTRE)
    assert produits["rpls_detail 2025"].octets_min == 1_000_000
    assert produits["ops_metropole 2024"].citation


@pytest.mark.parametrize(
    ("texte", "said"),
    [
        ("produit: [", "YAML illisible"),
        ("titre: x\n", "attend au moins « produit »"),
        ("produit: essai\nmillesimes: [2021]\n", "une année par clé"),
        ("produit: essai\nmillesimes: {deux: {}}\n", "une année par clé"),
        ("produit: rpls_detail\nmillesimes: {2025: {sha256: abc}}\n", "sha256"),
        ("produit: rpls_detail\nmillesimes: {2025: {taille: 3}}\n", "taille"),
        ("produit: rpls_detail\nmillesimes: {2025: {url: 'file:///etc/passwd'}}\n", "http ou https"),
        ("produit: rpls_detail\nmillesimes: {2025: {url: 'ftp://x.invalid/f'}}\n", "http ou https"),
        ("produit: rpls_detail\nmillesimes: {2025: {destination: ../x.csv}}\n", "commence par « rpls/ »"),
        ("produit: rpls_detail\nmillesimes: {2025: {destination: rpls/../../x.csv}}\n", "fichier visible"),
        ("produit: rpls_detail\nmillesimes: {2025: {destination: /tmp/x.csv}}\n", "chemin relatif"),
        ("produit: rpls_detail\nmillesimes: {2025: {destination: 'rpls/.x.csv'}}\n", "fichier visible"),
        ("produit: rpls_detail\nmillesimes: {2025: {destination: rpls/2025/x.exe}}\n", "extension inconnue"),
        ("produit: rpls_detail\nmillesimes: {2025: {octets_max: 10}}\n", "plus petit que octets_min"),
        ("produit: a\nmillesimes: {2021: {}}\n---\nproduit: a\nmillesimes: {2021: {}}\n", "deux fois"),
        ("produit: nouveau\nsource: ops\n", "titre"),
    ],
)
def test_a_wrong_entry_is_a_sentence_that_names_it(texte: str, said: str, donnees: Path) -> None:
    with pytest.raises(ObservatoireError) as refus:
        read(donnees, texte)
    assert said in str(refus.value)
    assert "telechargements.yml" in str(refus.value)
