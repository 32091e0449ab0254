"""The synthetic folder: same bytes from a seed, official layouts, the dirt asked and no more."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from pipelines.demo import Resume, generate
from pipelines.demo.parametres import allocate, load
from pipelines.demo.rpls import COLONNES
from pipelines.demo.sne import ATTRIBUTIONS, DEMANDES

TERRITOIRES = ("grand_chalon", "grand_dijon", "ales_agglomeration", "grand_paris_sud", "mulhouse_alsace")


def _empreintes(dossier: Path) -> dict[str, str]:
    return {
        str(f.relative_to(dossier)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(dossier.rglob("*"))
        if f.is_file()
    }


def _lire(chemin: Path, encodage: str = "utf-8") -> pl.DataFrame:
    texte = chemin.read_bytes().decode(encodage)
    return pl.read_csv(texte.encode(), separator=";", infer_schema=False)


def test_same_seed_gives_the_same_bytes(petit_dossier: tuple[Path, Resume], tmp_path: Path) -> None:
    dossier, resume = petit_dossier
    encore = generate(tmp_path, graine=resume.graine, echelle=resume.echelle)
    assert _empreintes(tmp_path) == _empreintes(dossier)
    assert encore == resume


def test_another_seed_gives_other_records(petit_dossier: tuple[Path, Resume], tmp_path: Path) -> None:
    dossier, resume = petit_dossier
    generate(tmp_path, graine=resume.graine + 1, echelle=resume.echelle)
    avant, apres = _empreintes(dossier), _empreintes(tmp_path)
    assert avant.keys() == apres.keys()
    for fichier in ("sne/2021/demandes.csv", "rpls/2022/rpls_loi_2022_grand_chalon.csv", "ops/2022/ops.csv"):
        assert avant[fichier] != apres[fichier]


def test_every_territory_source_and_vintage_is_there(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, resume = petit_dossier
    attendus = {f"rpls/{n}/rpls_loi_{n}_{t}.csv" for n in (2022, 2023, 2024) for t in TERRITOIRES}
    attendus |= {f"sne/{n}/{f}.csv" for n in (2021, 2022, 2023) for f in ("attributions", "demandes")}
    attendus |= {f"ops/{n}/ops.csv" for n in (2020, 2022)}
    attendus |= {
        "referentiels/bailleurs.csv",
        "referentiels/seuils_q1.csv",
        "zones/zones.csv",
        "qpv/qpv_contours.geojson",
    }
    assert attendus <= set(resume.fichiers)
    assert all((dossier / f).is_file() and n > 0 for f, n in resume.fichiers.items())


def test_rows_announced_are_rows_written(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, resume = petit_dossier
    for relatif, nombre in resume.fichiers.items():
        assert (dossier / relatif).read_bytes().count(b"\n") - 1 == nombre, relatif


@pytest.mark.parametrize(
    ("millesime", "encodage", "separateur", "geocodage"),
    [
        (2022, "latin-1", ",", ["PLG_QP", "PLG_IRIS2022_CODE"]),
        (2023, "utf-8-sig", ",", ["PLG_QP", "PLG_IRIS2022_CODE"]),
        (2024, "utf-8", ".", ["PLG_QP24", "PLG_QP15", "PLG_IRIS2024_CODE"]),
    ],
)
def test_register_layout_of_each_vintage(
    petit_dossier: tuple[Path, Resume], millesime: int, encodage: str, separateur: str, geocodage: list[str]
) -> None:
    dossier, _ = petit_dossier
    octets = (dossier / f"rpls/{millesime}/rpls_loi_{millesime}_grand_dijon.csv").read_bytes()
    if encodage == "latin-1":
        with pytest.raises(UnicodeDecodeError):
            octets.decode("utf-8")
    assert octets.startswith(b"\xef\xbb\xbf") == (encodage == "utf-8-sig")
    lignes = _lire(dossier / f"rpls/{millesime}/rpls_loi_{millesime}_grand_dijon.csv", encodage)
    assert lignes.columns == [*COLONNES, *geocodage, "EPSG", "X", "Y"]
    loyers = lignes["LOYERPRINC"].drop_nulls()
    assert loyers.str.contains(rf"^\d+\{separateur}\d\d$").mean() > 0.99
    assert lignes["LIBCOM"].str.contains("CHENÔVE").any()


def test_sne_files_are_in_the_canonical_layout(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = petit_dossier
    attributions = _lire(dossier / "sne/2021/attributions.csv")
    demandes = _lire(dossier / "sne/2021/demandes.csv")
    assert attributions.columns == ATTRIBUTIONS
    assert demandes.columns == DEMANDES
    assert set(demandes["mutation"].drop_nulls()) == {"oui", "non"}
    codes = [str(i) for i in range(1, 15)]
    priorites = attributions["priorite_l441_1"].drop_nulls().str.split(",").explode()
    assert set(priorites) <= set(codes)


def test_a_file_that_lost_its_zeros(grand_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = grand_dossier
    abime = _lire(dossier / "rpls/2023/rpls_loi_2023_grand_chalon.csv", "utf-8-sig")
    sain = _lire(dossier / "rpls/2022/rpls_loi_2022_grand_chalon.csv", "latin-1")
    assert abime["BAIL"].drop_nulls().str.contains(r"^\d/").any()
    assert "1004" in set(abime["DEPCOM"])
    assert "01004" in set(sain["DEPCOM"])
    siret = _lire(dossier / "rpls/2023/rpls_loi_2023_ales_agglomeration.csv", "utf-8-sig")["SIRET"]
    assert set(siret.str.len_chars()) == {13, 14}


def test_damages_of_real_files_are_there(grand_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = grand_dossier
    chalon = _lire(dossier / "rpls/2023/rpls_loi_2023_grand_chalon.csv", "utf-8-sig")
    assert {"OPAC Saône-et-Loire", "OPAC SaÃ´ne-et-Loire", "OPAC 71"} <= set(chalon["RS"])
    dijon = _lire(dossier / "rpls/2022/rpls_loi_2022_grand_dijon.csv", "latin-1")
    assert dijon.filter(pl.col("DEPCOM") == "21213").select("IDENT_REP").n_unique() == 44
    assert dijon["LOYERMAXAPL"].drop_nulls().str.contains("\u00a0").any()
    assert {"01/1900"} <= set(dijon["DPEDATE"].drop_nulls())
    demandes = _lire(dossier / "sne/2022/demandes.csv")
    assert demandes["rfr"].drop_nulls().str.contains("\u00a0").any()


@pytest.mark.parametrize(
    ("fichier", "encodage", "identifiant"),
    [
        ("rpls/2022/rpls_loi_2022_mulhouse_alsace.csv", "latin-1", "IDENT_REP"),
        ("sne/2021/attributions.csv", "utf-8", "numero_unique"),
        ("sne/2023/demandes.csv", "utf-8", "numero_unique"),
    ],
)
def test_dirt_stays_below_what_a_source_tolerates(
    grand_dossier: tuple[Path, Resume], fichier: str, encodage: str, identifiant: str
) -> None:
    dossier, _ = grand_dossier
    lignes = _lire(dossier / fichier, encodage)
    doublons = lignes.height - lignes.unique().height
    fautives = lignes.filter(pl.col(identifiant).str.starts_with("Z"))
    assert 0 < doublons < lignes.height * 0.001
    assert 0 < fautives.height < lignes.height * 0.002
    if "date_signature_bail" in lignes.columns:
        assert fautives["date_signature_bail"].null_count() == fautives.height


def test_a_small_file_gets_no_dirt(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = petit_dossier
    ales = _lire(dossier / "rpls/2022/rpls_loi_2022_ales_agglomeration.csv", "latin-1")
    assert ales.height < 400
    assert ales.unique().height == ales.height


def test_landlords_have_valid_sirens_and_aliases(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = petit_dossier
    bailleurs = _lire(dossier / "referentiels/bailleurs.csv")
    for siren in set(bailleurs["siren"]):
        chiffres = [int(c) * (1 + i % 2) for i, c in enumerate(siren)]
        assert len(siren) == 9
        assert sum(c // 10 + c % 10 for c in chiffres) % 10 == 0, siren
    assert any(s.startswith("0") for s in bailleurs["siren"]), "no SIREN tests a lost leading zero"
    assert bailleurs.group_by("siren").len()["len"].max() > 1


def test_zones_of_the_conventions(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = petit_dossier
    zones = _lire(dossier / "zones/zones.csv")
    nombre = (
        zones.group_by("epci_siren", "type")
        .agg(pl.col("zone").n_unique())
        .rows_by_key(["epci_siren", "type"])
    )
    assert nombre["247100589", "qva"] == [(4,)]
    assert nombre["242100410", "sous_secteur"] == [(25,)]
    assert nombre["200066918", "assimile"] == [(1,)]
    promelles = zones.filter(pl.col("zone") == "promelles")
    assert {"iris", "residence"} <= set(promelles["critere"])


def test_check_values_of_filosofi(petit_dossier: tuple[Path, Resume]) -> None:
    dossier, _ = petit_dossier
    revenus = _lire(dossier / "filosofi/2021/cc_filosofi_2021_COM.csv")
    lus = {r["CODGEO"]: (r["MED21"], r["TP6021"]) for r in revenus.iter_rows(named=True)}
    assert lus["21231"] == ("22720", "17,0")
    assert lus["30007"] == ("18000", "30,0")
    assert lus["91228"] == ("19160", "25,0")
    assert any(v == ("s", "s") for v in lus.values())
    assert revenus["TP60TOL121"].str.contains("^nd$").any()


def test_filosofi_has_the_columns_of_the_published_file(
    petit_dossier: tuple[Path, Resume], donnees_reelles: Path
) -> None:
    dossier, _ = petit_dossier
    publie = (donnees_reelles / "filosofi/cc_filosofi_2021_COM.csv").read_text(encoding="utf-8-sig")
    ecrit = (dossier / "filosofi/2021/cc_filosofi_2021_COM.csv").read_text(encoding="utf-8")
    assert ecrit.splitlines()[0] == publie.splitlines()[0]


def test_allocate_shares_everything_and_nothing_more() -> None:
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(7, [0.5, 0.25, 0.25]) == [3, 2, 2]
    assert sum(allocate(10712, [0.1 * i for i in range(57)])) == 10712
    assert allocate(0, [1, 2]) == [0, 0]


def test_scaling_keeps_every_territory_and_its_neighbourhoods() -> None:
    entier, reduit = load(1.0), load(0.02)
    assert [t.epci_siren for t in entier.territoires] == [t.epci_siren for t in reduit.territoires]
    for grand, petit in zip(entier.territoires, reduit.territoires, strict=True):
        assert {s.qpv_2015 for s in grand.secteurs} == {s.qpv_2015 for s in petit.secteurs}
        assert sum(s.logements for s in grand.secteurs) == grand.parc
        assert sum(s.logements for s in petit.secteurs) == petit.parc
