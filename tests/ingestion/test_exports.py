"""What a tool exports, in its own names of columns, labels and dates, is read as the canonical file is."""

import csv
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from pipelines.ingestion.correspondances import Correspondance, correspondances, normalise_label
from pipelines.ingestion.declarations import declarations
from tests.ingestion.conftest import Depot

EXEMPLES = {
    c.correspondance: c for c in correspondances("sne") if c.correspondance.startswith("sne_exemple_")
}
HOUSEHOLD = {
    "ressources_mensuelles": "1234.50", "nb_personnes": "3", "nb_moins_14": "1", "rfr": "14000",
    "composition": "monoparental", "nb_enfants": "2", "age": "41", "situation_pro": "cdd_plus_6_mois",
    "situation_logement": "hotel", "code_commune_origine": "71445", "mutation": "non", "dalo": "oui",
    "pdalhpd": "oui", "priorite_l441_1": "4", "relogement": "npnru", "travailleur_essentiel": "non",
}  # fmt: skip
CANONIQUES = {
    "sne_attributions": [
        HOUSEHOLD
        | {
            "numero_unique": "071051900010002144", "date_premier_depot": "2019-05-31",
            "date_decision": "2020-12-06", "rang": "1", "issue": "attribue",
            "date_signature_bail": "2021-01-04", "date_entree": "2021-01-12", "bailleur_siren": "900007105",
            "bailleur_nom": "Office", "reservataire": "2", "num_rpls": "7107600001",
            "code_commune_logement": "71076", "qpv_declare": "oui", "code_qpv": "QP071001", "typologie": "T3",
            "financement": "PLAI", "surface": "61.5", "loyer": "412.30", "neuf": "non", "nb_uc": "1.8",
        },
        {
            "numero_unique": "071051900010002155", "date_premier_depot": "2018-02-03",
            "date_decision": "2021-03-02", "rang": "2", "issue": "refus", "bailleur_siren": "900007105",
            "reservataire": "7", "code_commune_logement": "71445", "qpv_declare": "non", "typologie": "T6",
            "financement": "autre", "composition": "couple_enfants", "situation_pro": "retraite",
            "mutation": "oui",
        },
    ],
    "sne_demandes": [
        HOUSEHOLD
        | {
            "numero_unique": "071051900010002144", "date_premier_depot": "2019-05-31",
            "date_renouvellement": "2020-05-30", "statut": "radiee", "date_radiation": "2021-01-05",
            "motif_radiation": "attribution", "commune_choix1": "71076", "commune_choix2": "71445",
            "typologie_souhaitee": "T3", "cotation": "37", "nb_uc": "1.8",
        },
        {
            "numero_unique": "071051900010002155", "date_premier_depot": "2018-02-03", "statut": "active",
            "commune_choix1": "71445", "typologie_souhaitee": "T6", "composition": "isole",
            "situation_pro": "chomage", "mutation": "non", "dalo": "non",
        },
    ],
}  # fmt: skip
BOOLEENS = {
    "imhoweb": {"oui": "1", "non": "0"},
    "pelehas": {"oui": "O", "non": "N"},
    "infocentre": {"oui": "Oui", "non": "Non"},
}


def written(rows: list[dict[str, str]], columns: Mapping[str, str]) -> str:
    """A semicolon-separated text; `columns`: canonical name to the one that is printed."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(columns.values())
    writer.writerows([row.get(nom, "") for nom in columns] for row in rows)
    return out.getvalue()


def exported(modele: Correspondance, rows: list[dict[str, str]]) -> tuple[str, list[str]]:
    """The rows as the tool writes them, and the fields that it has."""
    tool = modele.correspondance.split("_")[2]
    columns = {"numero_unique" if c == "demandeur_id" else c: a[0] for c, a in modele.champs.items()}
    champs = {c.nom: c for c in modele.declaration.champs}

    def cell(nom: str, value: str) -> str:
        champ = champs.get(nom)
        if not value or champ is None:
            return value
        if champ.type == "booleen":
            return BOOLEENS[tool][value]
        if champ.type == "date" and tool != "infocentre":
            return f"{date.fromisoformat(value):%d/%m/%Y}"
        labels = {v: k for k, v in (champ.valeurs | dict(modele.valeurs.get(nom, {}))).items()}
        if champ.codes and value in labels:
            return labels[value].capitalize() if tool != "imhoweb" else labels[value]
        return value.replace(".", ",") if champ.type.startswith("decimal") else value

    as_written = [{nom: cell(nom, row.get(nom, "")) for nom in columns} for row in rows]
    return written(as_written, columns), [c for c in modele.champs if c != "demandeur_id"]


@pytest.mark.parametrize("nom", sorted(EXEMPLES))
def test_an_export_is_read_as_the_canonical_file(depot: Depot, tmp_path: Path, nom: str) -> None:
    modele = EXEMPLES[nom]
    rows = CANONIQUES[modele.produit]
    text, champs = exported(modele, rows)
    fichier = "attributions" if modele.produit == "sne_attributions" else "demandes"
    lus, noms = [], ["demandeur_id", *sorted(exported(modele, rows)[1])]
    for dossier, content in (
        ("outil", text),
        ("canonique", written(rows, {c: c for c in dict.fromkeys(c for row in rows for c in row)})),
    ):
        for ancien in (depot.donnees / "sne").glob("*/*"):
            ancien.unlink()
        depot.drop(f"sne/2021/{fichier}.csv", content)
        depot.load("sne")
        (compte,) = depot.comptes["sne"]
        assert compte.correspondance == (nom if dossier == "outil" else f"{modele.produit}_canonique")
        lus.append(
            depot.rows(
                f"select demandeur_id, {', '.join(sorted(champs))} from sources.{modele.produit} order by all"
            )
        )
    outil, canonique = lus
    assert [dict(zip(noms, r, strict=True)) for r in outil] == [
        dict(zip(noms, r, strict=True)) for r in canonique
    ]
    assert len(outil) == len(rows)
    assert not depot.rows(f"select * from quarantaine.{modele.produit}")
    # What the file has is read: a field that no row fills would be compared with nothing.
    filled = {c for row in rows for c in row}
    assert {c for c in champs if c not in filled} <= {
        "residence",
        "commune_choix3",
        "pct_plafond_plus",
        "guichet",
        "residence_origine",
        "num_rpls_origine",
        "bailleur_origine_siren",
    }


def test_both_products_of_each_tool_have_an_example() -> None:
    tools = {nom.split("_")[2] for nom in EXEMPLES}
    assert set(EXEMPLES) == {f"sne_exemple_{t}_{p}" for t in tools for p in ("attributions", "demandes")}
    assert tools == set(BOOLEENS)


def test_a_usual_label_is_a_code_of_every_field_that_reads_it() -> None:
    lus = 0
    for produit in declarations().values():
        for champ in produit.champs:
            if champ.codes is not None:
                assert set(champ.valeurs.values()) <= champ.codes.keys(), (produit.produit, champ.nom)
                # The label of a code is never that of another.
                codes = {normalise_label(c): c for c in champ.codes}
                contradicted = {k for k, v in champ.valeurs.items() if codes.get(normalise_label(k), v) != v}
                if produit.source == "sne":
                    assert not contradicted, (produit.produit, champ.nom)
                    lus += len(champ.valeurs)
    assert lus > 100


def test_a_label_that_could_be_two_things_is_left_to_the_mapping_of_its_tool() -> None:
    """« Copropriété » is an ORCOD or any other. « Refusé », without more, is said of a proposal: by its candidate."""
    produit = declarations()["sne_attributions"]
    connus = {n: {normalise_label(k) for k in produit.champ(n).valeurs} for n in ("issue", "relogement")}
    assert {"refuse", "refuse par le candidat", "refuse par la commission"} <= connus["issue"]
    assert "copropriete" not in connus["relogement"]
