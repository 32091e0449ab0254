"""Damaged files of every kind, drawn at random: a sentence or an account that adds up, never a traceback."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import DonneesRefusees
from pipelines.ingestion import CompteFichier, Options, ingest, load

from .exemples import attributions, demandes, logements, occupations, table
from .test_lecture import workbook

CLE = b"cle de test, jamais utilisee ailleurs"
QPV = 'code_qp,lib_qp,insee_com\nQN00101M,Un,01053\nQN00301M,Deux,"03095,03310"\n'
FILOSOFI = "CODGEO;NBMENFISC21;MED21;TP6021\n01001;346;25820;s\n01002;115;24480;17,5\n01004;12;nd;\n"
GEOJSON = (
    '{"type":"FeatureCollection","features":[{"type":"Feature",'
    '"properties":{"code_qp":"QN00101M","lib_qp":"Un","insee_com":"01053"},'
    '"geometry":{"type":"Polygon","coordinates":[[[5.2,46.2],[5.3,46.2],[5.2,46.3],[5.2,46.2]]]}}]}'
)
FICHIERS = {
    "sne/2021/attributions.csv": table(*attributions(25)),
    "sne/2021/demandes.csv": table(*demandes(25)),
    "rpls/2022/rpls.csv": table(*logements(25)),
    "ops/2020/ops.csv": table(*occupations(25)),
    "filosofi/2021/cc_filosofi_2021_COM.csv": FILOSOFI,
    "qpv/qpv2024_liste.csv": QPV,
    "qpv/qpv2024.geojson": GEOJSON,
    "geo/epci_membres_2024.csv": "epci_siren,epci_nom,com_code,com_nom\n200000172,CC,74042,Bonneville\n",
    "referentiels/seuils_q1.csv": "annee;portee;code;seuil\n2021;epci;247100589;8958\n",
}
SOURCES = {"sne": "sne", "rpls": "rpls", "ops": "ops", "filosofi": "filosofi"}
BRUIT = st.sampled_from(
    [
        *(
            b'"',
            b";",
            b",",
            b"\n",
            b"\r\n",
            b"\r",
            b"\0",
            b"\xe9",
            b"\xc3\xa9",
            b"\xff\xfe",
            "Ã©".encode(),
            b"\t",
        ),
        *(b"''", b"=1+1", b"\xef\xbb\xbf", b"999999999999999999999", b"1e400", b"nan", b"-", b"\xe2\x80\xaf"),
        *(b"\\", b"%s", b"{}", b"$1", b"'; --", b"\x1e", b"\x1f"),
    ]
)


def account(dossier: Path, nom: str, contenu: bytes) -> None:
    """Read and load one file; whatever it holds, lines add up and quarantine says where they are."""
    source = SOURCES.get(
        nom.split("/", maxsplit=1)[0], "referentiels" if nom.startswith("ref") else "geographie"
    )
    donnees = dossier / "depot"
    chemin = donnees / nom
    chemin.parent.mkdir(parents=True, exist_ok=True)
    chemin.write_bytes(contenu)
    (donnees / "ops/2018").mkdir(parents=True, exist_ok=True)
    (donnees / "ops/2018/ops.csv").write_text(FICHIERS["ops/2020/ops.csv"])  # the folder is never empty
    comptes: list[CompteFichier] = []
    refus = ""
    try:
        comptes = ingest(source, donnees, dossier / "magasin", CLE, Options(threads=1))
    except DonneesRefusees as erreur:
        refus = str(erreur)
    finally:
        chemin.unlink()
    if refus:
        assert nom in refus
        return
    with duckdb.connect() as con:
        load(con, source, comptes)
        for c in comptes:
            assert (
                c.lignes_lues
                == c.lignes_gardees + c.lignes_fusionnees + c.lignes_quarantaine + c.lignes_doublons
            )
            if c.produit is None:
                continue
            du_fichier = f"WHERE _fichier = '{c.fichier}'"
            gardees = con.execute(
                f"SELECT count(DISTINCT _ligne) FROM sources.{c.produit} {du_fichier}"
            ).fetchone()
            refusees = con.execute(
                f"SELECT count(DISTINCT _ligne) FROM quarantaine.{c.produit} {du_fichier} AND portee = 'ligne'"
            ).fetchone()
            verrou = con.execute(
                "SELECT lignes_gardees, lignes_quarantaine FROM meta.verrou "
                "WHERE fichier = ? AND produit = ?",
                [c.fichier, c.produit],
            ).fetchone()
            assert gardees is not None
            assert refusees is not None
            assert verrou == (gardees[0], refusees[0])


# Each file drawn goes through the whole reader: a few at each run, more among the long proofs.
EXEMPLES = [8, pytest.param(40, marks=pytest.mark.slow)]


def tirer(exemples: int) -> settings:
    """As many examples, the same ones each time."""
    return settings(
        max_examples=exemples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )


@pytest.mark.parametrize("exemples", EXEMPLES)
@pytest.mark.parametrize("nom", FICHIERS)
def test_noise_thrown_into_a_good_file(
    nom: str, exemples: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bon = FICHIERS[nom].encode()

    @tirer(exemples)
    @given(
        st.lists(st.tuples(st.integers(0, len(bon)), BRUIT), min_size=1, max_size=4),
        st.integers(0, len(bon)),
        st.booleans(),
    )
    def damage(coups: list[tuple[int, bytes]], coupe: int, couper: bool) -> None:
        contenu = bon
        for position, bruit in coups:
            contenu = contenu[:position] + bruit + contenu[position:]
        account(tmp_path_factory.mktemp("essai"), nom, contenu[:coupe] if couper else contenu)

    damage()


@pytest.mark.parametrize("exemples", EXEMPLES)
@pytest.mark.parametrize("nom", ["sne/2021/attributions.csv", "rpls/2022/rpls.csv"])
def test_cells_replaced_by_anything(
    nom: str, exemples: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Enough good rows around: the damaged ones are refused or kept, and counted."""
    lignes = attributions(80) if nom.startswith("sne") else logements(80)

    @tirer(exemples)
    @given(st.dictionaries(st.sampled_from(list(lignes[0])), st.text(max_size=30), min_size=1, max_size=6))
    def damage(valeurs: dict[str, str]) -> None:
        abimees = [lignes[0] | valeurs, *lignes[1:]]
        contenu = table(*abimees).encode("utf-8", "replace")
        account(tmp_path_factory.mktemp("essai"), nom, contenu)

    damage()


def _zip(contenu: bytes) -> bytes:
    tampon = io.BytesIO()
    with zipfile.ZipFile(tampon, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("attributions.csv", contenu)
    return tampon.getvalue()


def _xlsx(contenu: bytes) -> bytes:
    return workbook({"Export": [list(ligne.split(";")) for ligne in contenu.decode().split("\n")]})


def _parquet(_: bytes) -> bytes:
    tampon = io.BytesIO()
    pl.DataFrame(attributions(25)).write_parquet(tampon)
    return tampon.getvalue()


@pytest.mark.parametrize("exemples", EXEMPLES)
@pytest.mark.parametrize(
    ("extension", "emballer"),
    [(".csv.gz", gzip.compress), (".zip", _zip), (".xlsx", _xlsx), (".parquet", _parquet)],
)
def test_damaged_containers(
    extension: str,
    emballer: Callable[[bytes], bytes],
    exemples: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bon = emballer(FICHIERS["sne/2021/attributions.csv"].encode())

    @tirer(exemples)
    @given(st.integers(0, len(bon) - 1), st.binary(min_size=1, max_size=8), st.booleans())
    def damage(position: int, octets: bytes, couper: bool) -> None:
        contenu = bon[:position] if couper else bon[:position] + octets + bon[position + len(octets) :]
        account(tmp_path_factory.mktemp("essai"), f"sne/2021/attributions{extension}", contenu)

    damage()


@pytest.mark.parametrize("extension", [".csv", ".csv.gz", ".zip", ".xlsx", ".parquet", ".geojson", ".json"])
def test_any_bytes_at_all(extension: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    @tirer(12)
    @given(st.binary(max_size=400))
    def damage(contenu: bytes) -> None:
        for dossier in ("sne/2021/x", "geo/x"):
            account(tmp_path_factory.mktemp("essai"), f"{dossier}{extension}", contenu)

    damage()
