"""Official figures beside those of the warehouse: what is allowed, what is said of a difference, what is not compared."""

import csv
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import ingestion, projet_dbt, references
from pipelines.errors import DonneesRefusees
from pipelines.ingestion.declarations import declarations
from pipelines.paths import BASE_NAME
from tests.modeles.magasin import Entrepot, Sources, dbt
from tests.modeles.scenarios import DEMANDE, PARC, VIDE

PARIS, DIJON = "217500016", "242100410"


def lus(entrepot: Entrepot, epci: str, mesure: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = entrepot.lire(
        "select axe, producteur, valeur_officielle, valeur_entrepot, ecart, etat, raison from meta.totaux_officiels "
        "where epci_siren = ? and mesure = ?",
        [epci, mesure],
    )
    return {row[:2]: row[2:] for row in rows}


def raison(mesure: str, sens: str) -> str:
    path = projet_dbt.DBT_PROJECT / "seeds" / "ref_mesures_officielles.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return next(row[f"raison_en_{sens}"] for row in csv.DictReader(lines) if row["mesure"] == mesure)


def test_a_difference_is_said_past_both_bounds(entrepot: Entrepot) -> None:
    stock = lus(entrepot, PARC, "logements")
    assert stock["epci", "DDT"] == (16, 11, -5, "conforme", None)
    assert stock["epci", "Autre"] == (5, 11, 6, "ecart", raison("logements", "plus"))
    insee = "Tables publiées du répertoire (Insee, SDES)"
    assert {k: v for k, v in stock.items() if k[1] == insee} == {
        (axe, insee): (17, 11, -6, "ecart", raison("logements", "moins")) for axe in ("epci", "commune")
    }
    demande = lus(entrepot, DEMANDE, "demandes_choix1")
    # 374 of 20 800 are 1.8 %, 424 of 20 850 are 2.03 %.
    assert demande["epci", "DDT"][2:4] == (-374, "conforme")
    assert demande["epci", "Autre"][2:4] == (-424, "ecart")
    assert demande["epci", "Agrégats publiés de la demande (SNE)"][2:4] == (0, "conforme")


def test_what_is_published_in_another_unit_is_put_in_that_of_the_figure(entrepot: Entrepot) -> None:
    ((officielle, _, _, etat, _),) = lus(entrepot, DEMANDE, "part_anciennete_5ans_plus").values()
    assert (officielle, etat) == (0, "conforme")
    ((_, _, ecart, etat, pourquoi),) = lus(entrepot, DEMANDE, "attributions").values()
    assert (ecart, etat, pourquoi) == (-59, "ecart", raison("attributions", "moins"))


def test_what_is_secret_or_elsewhere_checks_nothing_and_what_was_typed_is_answered(
    entrepot: Entrepot,
) -> None:
    assert lus(entrepot, PARC, "taux_vacance") == {}
    assert lus(entrepot, VIDE, "logements") == {("epci", "DDT"): (12, None, None, "sans_figure", None)}
    assert entrepot.lire(
        "select count(*) from meta.totaux_officiels where epci_siren not in (select epci_siren from entrepot.dim_territoire)"
    ) == [(0,)]


def test_incomes_are_compared_on_the_income_that_is_disposed_of(entrepot: Entrepot) -> None:
    assert lus(entrepot, PARC, "revenu_median") == {("commune", "Insee"): (18000, 18000, 0, "conforme", None)}


def test_a_measure_that_can_be_typed_is_compared() -> None:
    (mesure,) = (champ for champ in declarations()["ref_totaux_officiels"].champs if champ.nom == "mesure")
    path = projet_dbt.DBT_PROJECT / "seeds" / "ref_mesures_officielles.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        assert set(mesure.codes or {}) == {row["mesure"] for row in csv.DictReader(lines)}


def read_typed(tmp_path: Path, *lines: str) -> Any:
    """Read a file typed by hand with these lines under its header."""
    landing = tmp_path / "donnees"
    (landing / "referentiels").mkdir(parents=True)
    header = "annee;niveau;code;mesure;valeur;producteur;page;publie_le"
    (landing / "referentiels/totaux_officiels.csv").write_text(
        "\n".join([header, *lines, ""]), encoding="utf-8"
    )
    return ingestion.ingest("referentiels", landing, tmp_path / "magasin", b"cle-de-test-0000000")


def test_each_kind_of_mistake_of_a_typed_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DonneesRefusees) as refused:
        read_typed(
            tmp_path,
            "2023;epci;242100410;logements;492;DREAL;;",
            "2023;epci;242100410;logement;492;DREAL;;",
            "2023;canton;242100410;logements;492;DREAL;;",
            "2023;epci;242100410;logements;beaucoup;DDT;;",
            "2022;epci;242100410;part_anciennete_5ans_plus;27;SNE;;",
        )
    said = str(refused.value)
    assert said.startswith("referentiels/totaux_officiels.csv : ")
    assert "Premières lignes : 3, 4, 5, 6." in said
    for column, line in (("mesure", 3), ("niveau", 4), ("valeur", 5), ("mesure, valeur", 6)):
        assert f"colonne « {column} » (ligne {line})" in said or f"colonne « {column} » (1 fois" in said, said


@pytest.mark.parametrize(
    ("mesure", "valeur", "admise"),
    [
        ("part_anciennete_5ans_plus", "1", True),
        ("part_anciennete_5ans_plus", "1,01", False),
        ("taux_pauvrete", "100", True),
        ("taux_pauvrete", "100,5", False),
        ("logements", "27", True),
    ],
)
def test_a_share_is_typed_in_the_unit_that_is_compared(
    tmp_path: Path, mesure: str, valeur: str, admise: bool
) -> None:
    line = f"2022;epci;242100410;{mesure};{valeur};SNE;;"
    if admise:
        read_typed(tmp_path, line)
        return
    with pytest.raises(DonneesRefusees, match="de_plus_de"):
        read_typed(tmp_path, line)


def test_real_aggregates_of_paris_and_real_incomes_of_neighbourhoods(
    donnees_reelles: Path, tmp_path: Path
) -> None:
    """A département that is one territory checks it; its arrondissements and what names none of them do not."""
    landing, base = tmp_path / "donnees", tmp_path / BASE_NAME
    for origin, place in (
        ("sne/drihl_socle_2024_paris.csv", "sne/2024/drihl.csv"),
        ("filosofi/filosofi_2012_2021_qpv2015.csv", "filosofi/2021/qpv.csv"),
    ):
        (landing / place).parent.mkdir(parents=True)
        (landing / place).write_bytes((donnees_reelles / origin).read_bytes())
    with (donnees_reelles / "filosofi/filosofi_2012_2021_qpv2015.csv").open(
        encoding="utf-8", newline=""
    ) as lines:
        real = [row for row in csv.DictReader(lines) if row["code"] == "QP021003"]
    (landing / "referentiels").mkdir()
    with (landing / "referentiels/totaux_officiels_qpv.csv").open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines, delimiter=";")
        out.writerow(["annee", "niveau", "code", "mesure", "valeur", "producteur", "page", "publie_le"])
        for row in real:
            out.writerow(
                [row["annee"], "qpv", row["code"], "revenu_median", row["revenu_median"], "Insee", "", ""]
            )
    with duckdb.connect(str(base)) as con:
        sources = Sources(con, {PARIS: "Paris", DIJON: "Dijon"})
        for source in ("sne", "filosofi", "referentiels"):
            ingestion.load(
                con, source, ingestion.ingest(source, landing, tmp_path / "magasin", b"cle-de-test-0000000")
            )
        for table in ("sne_attributions", "sne_demandes"):
            sources.con.execute(
                f"alter table sources.{table} add column if not exists champs_absents varchar"
            )
        references.load(con, [PARIS, DIJON])
        con.execute("create schema if not exists marts")
        con.execute(
            "create table marts.indicateurs as select * from (values "
            f"('{PARIS}', 'annee', '2024', 'demandes', 'epci', '{PARIS}', 'tous', 'tous', 'nombre', 195000.0), "
            f"('{PARIS}', 'annee', '2024', 'baux', 'epci', '{PARIS}', 'tous', 'tous', 'nombre', 8000.0), "
            f"('{PARIS}', 'annee', '2024', 'demandes', 'commune', '75056', 'tous', 'tous', 'nombre', 195000.0), "
            f"('{DIJON}', 'millesime', '2021', 'revenu_median', 'qpv', 'QP021003', 'concept', 'disponible', 'eur', 14390.0), "
            f"('{DIJON}', 'millesime', '2020', 'revenu_median', 'qpv', 'QP021003', 'concept', 'disponible', 'eur', 13980.0)"
            ") as t (epci_siren, periode_type, periode, indicateur, axe, modalite, segment_type, segment, unite, valeur)"
        )
        con.execute("alter table marts.indicateurs add column modalite_libelle varchar")
    read = ("+int_sne_agregats", "+int_parc_agregats", "+dim_logement", "+dim_commune", "+int_parametres")
    made = dbt(base, tmp_path / "dbt", "--quiet", "run", "--select", *read, "meta_totaux_officiels")
    assert made.returncode == 0, made.stdout[-6000:]
    entrepot = Entrepot(base, tmp_path / "dbt")
    paris = {
        axe_mesure: entrepot.lire(
            "select axe, valeur_officielle, etat from meta.totaux_officiels where epci_siren = ? and mesure = ?",
            [PARIS, axe_mesure],
        )
        for axe_mesure in ("demandes_choix1", "attributions")
    }
    assert paris == {
        "demandes_choix1": [("epci", 195828, "conforme")],
        "attributions": [("epci", 9098, "ecart")],
    }
    dijon = entrepot.lire(
        "select annee, valeur_officielle, ecart, etat from meta.totaux_officiels where epci_siren = ? "
        "and etat <> 'sans_figure' order by annee",
        [DIJON],
    )
    assert dijon == [(2020, 14320, -340, "ecart"), (2021, 14390, 0, "conforme")]
    assert entrepot.lire(
        "select count(*) from meta.totaux_officiels where epci_siren = ? and etat = 'sans_figure'", [DIJON]
    ) == [(len(real) - 2,)]
