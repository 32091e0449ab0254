"""What the first pages decide with, and what the printed bilan must not be: long, empty, or in codes."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest

from pipelines import libelles
from pipelines.bilan import contenu, donnees, mots, render, synthese, tables
from pipelines.bilan.document import (
    LIGNES_IMPRIMEES_MAX,
    Cartes,
    Colonne,
    Document,
    Etat,
    Ligne,
    Paragraphe,
    Tableau,
    texte,
)
from pipelines.bilan.donnees import Chiffre

EPCI, ANNEE = "247100589", 2021
FINE = "\u202f"
Atelier = Callable[..., Any]


@pytest.fixture(scope="module")
def grand(construire: Atelier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty communes and fifteen landlords, whose data says that it is made up."""
    chemin: Path = (
        construire(nb_communes=40, nb_bailleurs=15)
        .remplir()
        .ecrire(tmp_path_factory.mktemp("grand") / "W.duckdb")
    )
    with duckdb.connect(str(chemin)) as con:
        con.execute(
            "create table meta.saisies as select * from (values ('111111111', 2019, 'donnees_fictives', 1)) "
            "as t (epci_siren, annee, rubrique, rang)"
        )
        con.execute(
            "update meta.indicateurs set rupture = 'hors_qpv_q1_strict permet de comparer..' "
            "where indicateur = 'qpv_q234'"
        )
    return chemin


@pytest.fixture(scope="module")
def document(grand: Path) -> Document:
    with donnees.ouvrir(grand) as con:
        return contenu.bilan(donnees.charger(con, EPCI, ANNEE))


@pytest.fixture(scope="module")
def pages(grand: Path, tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    (chemin,) = render(grand, EPCI, ANNEE, tmp_path_factory.mktemp("pdf"), ("pdf",))
    return pypdf.PdfReader(chemin)


def _debuts(lecteur: pypdf.PdfReader) -> dict[str, int]:
    return {
        str(entree.title): lecteur.get_destination_page_number(entree) or 0
        for entree in lecteur.outline
        if not isinstance(entree, list)
    }


def test_four_pages_decide_and_the_chapters_are_twenty_five_at_most(pages: pypdf.PdfReader) -> None:
    debuts = _debuts(pages)
    chapitres = debuts["Attributions hors quartiers prioritaires"]
    assert debuts["L’essentiel"] == 0
    assert chapitres <= 4
    assert debuts["Méthode et sources"] - chapitres <= 25
    assert list(debuts)[-3:] == ["Méthode et sources", "Règles des indicateurs", "Glossaire"]


def test_fictitious_data_is_said_on_each_page(grand: Path, pages: pypdf.PdfReader, tmp_path: Path) -> None:
    assert all("Données fictives" in page.extract_text() for page in pages.pages)
    (html,) = render(grand, EPCI, ANNEE, tmp_path)
    assert html.read_text(encoding="utf-8").count("Données fictives") == 3


def test_real_data_is_not_said_to_be_fictitious(entrepot: Path, tmp_path: Path) -> None:
    (html,) = render(entrepot, EPCI, ANNEE, tmp_path)
    assert "fictives" not in html.read_text(encoding="utf-8")


def test_who_is_short_is_named_with_the_gap_and_the_change(document: Document) -> None:
    tableaux = {t.ident: t for t in document.tableaux() if t.ident.startswith("t-en-dessous-")}
    # One table by objective and kind of actor: a landlord's shortfall does not add to a commune's.
    bailleurs = tableaux["t-en-dessous-hors_qpv_q1-bailleur"]
    entetes = [
        "Bailleur",
        "Résultat",
        "Objectif légal",
        "Il manque",
        "Points depuis 2020",
        "Points depuis 2019",
    ]
    assert [c.titre for c in bailleurs.colonnes] == entetes
    lignes = [[texte(c) for c in ligne.cellules] for ligne in bailleurs.lignes]
    assert all(ligne[2] == f"au moins 25{FINE}%" for ligne in lignes)
    assert any(re.fullmatch(r"[+−]\d+,\d", ligne[4]) for ligne in lignes)
    assert all(re.fullmatch(r"[+−]\d+,\d|–", ligne[4]) for ligne in lignes)
    manques = [int(ligne[3].rstrip("*")) for ligne in lignes]
    assert manques == sorted(manques, reverse=True)
    assert len(lignes) > synthese.EN_DESSOUS_MAX
    # Paper names the widest gaps, and says of how many.
    (imprime,) = [t for t in document.a_imprimer().tableaux() if t.ident == bailleurs.ident]
    assert imprime.lignes == bailleurs.lignes[: synthese.EN_DESSOUS_MAX]
    assert imprime.legende.endswith(f", {synthese.EN_DESSOUS_MAX} lignes sur {len(lignes)}")


def test_one_household_s_weight_is_not_said_to_be_a_change(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    vise = next(v for v in d.objectifs_vises([ANNEE], "bailleur"))
    (code, _), *_ = d.modalites("bailleur", [vise.indicateur])

    def avec(base: int) -> str:
        siens = tuple(
            replace(c, denominateur=base) if (c.axe, c.modalite) == ("bailleur", code) else c
            for c in d.chiffres
        )
        return tables.ecart(replace(d, chiffres=siens), vise, "bailleur", code, ANNEE - 1)

    assert avec(100)
    assert avec(99) == ""


def test_a_convention_s_own_target_is_not_said_to_be_the_law_s(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    siens = tuple(replace(o, article="convention") if o.axe == "bailleur" else o for o in d.objectifs)
    blocs = synthese.section(replace(d, objectifs=siens), "").blocs
    (tableau,) = [
        b for b in blocs if isinstance(b, Tableau) and b.ident == "t-en-dessous-hors_qpv_q1-bailleur"
    ]
    assert [c.titre for c in tableau.colonnes][2] == "Objectif de la convention"


def test_no_table_is_a_header_alone_and_none_shows_a_code(document: Document) -> None:
    from pipelines.bilan.document import texte

    assert [t.ident for t in document.tableaux() if not t.lignes] == []
    with_codes = {
        mot
        for t in document.tableaux()
        for ligne in t.lignes
        for cellule in ligne.cellules
        for mot in re.findall(r"\b[a-z]+_[a-z0-9_]+\b", texte(cellule))
    }
    assert with_codes == set()
    textes = " ".join(texte(c) for t in document.tableaux() for ligne in t.lignes for c in ligne.cellules)
    assert not re.search(r"\.\.|\. \.", textes)


def test_an_always_empty_column_is_left_out(document: Document, construire: Atelier, tmp_path: Path) -> None:
    def titres(d: Document) -> list[str]:
        return [c.titre for t in d.tableaux() if t.ident == "t-objectifs" for c in t.colonnes]

    assert "Événement compté" in titres(document)
    chemin = construire(nb_communes=2, nb_bailleurs=2).remplir().ecrire(tmp_path / "W.duckdb")
    with duckdb.connect(str(chemin)) as con:
        con.execute("update meta.convention_objectifs set evenement = null")
    with donnees.ouvrir(chemin) as con:
        vide = contenu.bilan(donnees.charger(con, EPCI, ANNEE))
    assert "Événement compté" not in titres(vide)
    assert "Cible" in titres(vide)


def test_files_are_counted_only_where_they_are_all_this_territory_s(
    document: Document, construire: Atelier, ecrire_plusieurs: Any, tmp_path: Path
) -> None:
    assert "t-fichiers" in {t.ident for t in document.tableaux()}
    deux = [construire(epci=e, nb_communes=2, nb_bailleurs=2).remplir() for e in (EPCI, "242100410")]
    with donnees.ouvrir(ecrire_plusieurs(tmp_path / "W.duckdb", deux)) as con:
        partage = contenu.bilan(donnees.charger(con, EPCI, ANNEE))
    assert not {"t-fichiers", "t-avertissements"} & {t.ident for t in partage.tableaux()}


def test_a_long_table_is_printed_short_and_kept_whole_elsewhere(document: Document) -> None:
    def lignes(d: Document) -> dict[str, int]:
        return {
            t.ident: sum(not (ligne.forte or ligne.ancre) for ligne in t.lignes)
            for section in d.sections[1:]
            for t in section.tous_les_blocs()
            if isinstance(t, Tableau) and any(c.nombre for c in t.colonnes)
        }

    entieres, imprimees = lignes(document), lignes(document.a_imprimer())
    assert max(entieres.values()) == 40
    assert max(imprimees.values()) <= LIGNES_IMPRIMEES_MAX


def test_the_opening_sentence_names_what_is_not_reached(document: Document) -> None:
    chapo, par_acteur, *_ = [b for b in document.sections[0].blocs if isinstance(b, Paragraphe)]
    (phrase,), (suite,) = chapo.morceaux, par_acteur.morceaux
    cartes = next(b for b in document.sections[0].blocs if isinstance(b, Cartes)).cartes
    manques = [carte for carte in cartes if carte.etat == "non_atteint"]
    assert manques
    assert all(f"« {carte.titre} » ({texte(carte.mesure)}, pour au" in str(phrase) for carte in manques)
    # And who misses theirs, by kind: a territory may reach what its landlords do not.
    assert re.search(
        r"N’atteignent pas l’objectif qui est le leur : (\d+ bailleurs? sur 15\b|les 15 bailleurs)",
        str(suite),
    )


def test_the_words_of_the_synthesis_are_defined_under_it_and_no_other(document: Document) -> None:
    blocs = document.sections[0].blocs
    assert isinstance(blocs[-1], Tableau)
    assert blocs[-1].legende == "Pour lire ces pages"
    definis = [ligne.cellules[0] for ligne in blocs[-1].lignes]
    assert {"QPV", "Premier quartile", "Il manque"} <= set(definis)
    seul = mots.tableau([Tableau("t", "T", (Colonne("Mutations"),), (Ligne(("x",)),))])
    assert seul is not None
    assert [ligne.cellules[0] for ligne in seul.lignes] == ["Mutation"]
    assert mots.tableau([Paragraphe(("Rien à dire.",))]) is None
    # The mark of a small number is a number's, not a star in a name.
    nom, petit = (
        mots.tableau([Tableau("t", "T", (Colonne("x"),), (Ligne((dit,)),))]) for dit in ("Les *", "12,04 %*")
    )
    assert nom is None
    assert petit is not None
    assert [ligne.cellules[0] for ligne in petit.lignes] == ["*"]


def test_neighbourhoods_of_two_lists_are_not_rows_half_empty(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    codes = [code for code, _ in d.modalites("qpv", contenu.PORTRAIT)]
    assert len(codes) > 1

    def portraits(d: donnees.Donnees) -> dict[str, list[str]]:
        section = contenu._portraits(d)
        tableaux = [b for b in section.blocs if isinstance(b, Tableau) and b.ident.startswith("t-portraits")]
        return {
            t.ident: [texte(ligne.cellules[0]) for ligne in t.lignes if not ligne.forte] for t in tableaux
        }

    ensemble = portraits(d)["t-portraits"]
    assert "t-portraits-liste" not in portraits(d)
    # The list of which no allocation is: what is known of its neighbourhoods is of the stock.
    autres = tuple(c for c in d.chiffres if (c.axe, c.modalite, c.indicateur) != ("qpv", codes[0], "baux"))
    deux = portraits(replace(d, chiffres=autres))
    assert len(deux["t-portraits-liste"]) == 1
    assert sorted(deux["t-portraits"] + deux["t-portraits-liste"]) == sorted(ensemble)


def test_an_objective_without_its_reference_says_why_it_is_not_judged(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    vise = d.objectifs_vises([ANNEE], "epci")[0]
    sans = tuple(
        replace(c, operateur=">=N-1", cible=None, atteint=None)
        if (c.indicateur, c.axe, c.segment_type) == (vise.indicateur, "epci", vise.segment_type)
        else c
        for c in d.chiffres
    )
    blocs = synthese.section(replace(d, chiffres=sans), "").blocs
    cartes = [carte for b in blocs if isinstance(b, Cartes) for carte in b.cartes]
    (carte,) = [c for c in cartes if c.titre == d.libelle(vise)]
    assert carte.objectif.endswith(": au moins l’année précédente (non évalué : la référence manque)")


def test_two_places_of_one_name_bear_their_code(grand: Path) -> None:
    def chiffre(code: str, nom: str) -> Chiffre:
        return Chiffre(
            epci_siren=EPCI, periode_type="annee", periode="2021", indicateur="baux", axe="qpv", modalite=code,
            modalite_libelle=nom, segment_type="tous", segment="tous", numerateur=None, denominateur=None,
            inconnus=None, valeur=1.0, unite="nombre", cible=None, operateur=None, atteint=None, manque=None,
            statut="publiable", source="SNE", version_methode="1",
        )  # fmt: skip

    with donnees.ouvrir(grand) as con:
        lues = donnees.charger(con, EPCI, ANNEE)
    vrais = (chiffre("QP1", "Aubépins"), chiffre("QN1", "Aubépins"), chiffre("QP2", "Clair Logis"))
    noms = dict(replace(lues, chiffres=vrais).modalites("qpv", ["baux"]))
    assert noms == {"QN1": "Aubépins (QN1)", "QP1": "Aubépins (QP1)", "QP2": "Clair Logis"}


def test_paper_names_the_details_that_it_leaves_to_the_page() -> None:
    from pipelines.bilan.document import Document, Paragraphe, Section

    detail = Section("b", "Par commune", (Paragraphe(("détail",)),), ecran=True)
    reste = Section("c", "Par bailleur", (Paragraphe(("reste",)),))
    entier = Document("n", "t", "s", 2021, (), (), (Section("a", "Chapitre", (), (detail, reste)),), ())
    (imprimee,) = entier.a_imprimer().sections
    assert imprimee.sections == (reste,)
    assert imprimee.blocs == (Paragraphe(("Dans la page et dans le classeur : par commune.",), "note"),)
    assert entier.a_lire().sections[0].sections == (detail, reste)


@pytest.mark.parametrize(
    ("atteints", "dit"),
    [
        (2, "2 bailleurs sur 6"),
        (1, "1 bailleur sur 6"),
        (0, "aucun des 6 bailleurs"),
        (99, "les 6 bailleurs"),
    ],
)
def test_one_actor_is_singular(grand: Path, atteints: int, dit: str) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    vise = next(v for v in d.objectifs_vises([ANNEE], "bailleur"))
    codes = [code for code, _ in d.modalites("bailleur", [vise.indicateur])]
    chiffres = tuple(
        replace(c, atteint=codes.index(c.modalite) < atteints)
        if (c.indicateur, c.axe, c.periode) == (vise.indicateur, "bailleur", str(ANNEE))
        else c
        for c in d.chiffres
    )
    section = synthese.section(replace(d, chiffres=chiffres), "")
    cartes = next(b for b in section.blocs if isinstance(b, Cartes)).cartes
    (carte,) = [c for c in cartes if c.titre == d.libelle(vise)]
    assert f"atteint par {dit.replace('6', str(len(codes)))}" in carte.detail


def test_a_card_of_one_year_does_not_say_its_result_twice(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        plusieurs, une = donnees.charger(con, EPCI, ANNEE), donnees.charger(con, EPCI, ANNEE, profondeur=1)

    def annees(d: donnees.Donnees) -> set[int]:
        blocs = synthese.section(d, "").blocs
        return {len(carte.annees) for b in blocs if isinstance(b, Cartes) for carte in b.cartes}

    assert annees(plusieurs) == {3}
    assert annees(une) == {0}


def test_an_objective_that_nobody_can_judge_is_not_left_out_of_the_opening(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    du_territoire = d.objectifs_vises([ANNEE], "epci")
    cache = du_territoire[0]
    chiffres = tuple(
        replace(c, valeur=None, atteint=None, manque=None, statut="secret")
        if (c.indicateur, c.axe, c.periode) == (cache.indicateur, "epci", str(ANNEE))
        else c
        for c in d.chiffres
    )
    for donnee, dit in ((d, False), (replace(d, chiffres=chiffres), True)):
        chapo = next(b for b in synthese.section(donnee, "").blocs if isinstance(b, Paragraphe))
        phrase = "".join(str(m) for m in chapo.morceaux)
        assert (f"Ne peut pas être évalué : « {d.libelle(cache)} » (secret)." in phrase) is dit


def test_what_is_only_followed_comes_after_what_is_judged(grand: Path) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    premier = d.objectifs_vises([ANNEE])[0]
    chiffres = tuple(
        replace(c, atteint=None, cible=None, operateur=None) if c.indicateur == premier.indicateur else c
        for c in d.chiffres
    )
    objectifs = tuple(o for o in d.objectifs if o.vise != premier or o.axe == "epci")
    section = synthese.section(replace(d, chiffres=chiffres, objectifs=objectifs), "")
    etats = [carte.etat for b in section.blocs if isinstance(b, Cartes) for carte in b.cartes]
    suivis = [etat == "suivi" for etat in etats]
    assert any(suivis)
    assert suivis == sorted(suivis)


@pytest.mark.parametrize(
    ("axe", "forme", "dit"),
    [
        ("commune", "aucun", "aucune"),
        ("bailleur", "aucun", "aucun"),
        ("bailleur x commune", "plusieurs", "croisements bailleur × commune"),
        ("bailleur x commune", "titre", "Bailleur × Commune"),
    ],
)
def test_an_axis_is_said_in_words(axe: str, forme: str, dit: str) -> None:
    assert libelles.axe(axe, forme) == dit


@pytest.mark.parametrize(("valeur", "dit"), [(25.02, "0,0"), (24.98, "0,0"), (25.06, "+0,1"), (24.9, "−0,1")])
def test_nothing_is_not_signed(grand: Path, valeur: float, dit: str) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    vise = d.objectifs_vises([ANNEE], "epci")[0]
    valeurs = {str(ANNEE): valeur, str(ANNEE - 1): 25.0}
    chiffres = tuple(
        replace(c, valeur=valeurs[c.periode])
        if (c.indicateur, c.axe) == (vise.indicateur, "epci") and c.periode in valeurs
        else c
        for c in d.chiffres
    )
    assert tables.ecart(replace(d, chiffres=chiffres), vise, "epci", None, ANNEE - 1) == dit


@pytest.mark.parametrize(
    ("etats", "dit"),
    [
        (("non_atteint", "non_atteint"), "les 2 communes"),
        (("non_atteint", "non_atteint", "secret"), "2 communes sur 2 au résultat connu"),
        (("non_atteint", "atteint", "indisponible"), "1 commune sur 2 au résultat connu"),
        (("non_atteint", "absent", "sans_objet"), "1 commune sur 1"),
    ],
)
def test_masked_actors_are_not_said_to_be_as_the_others(
    grand: Path, etats: tuple[Etat, ...], dit: str
) -> None:
    with donnees.ouvrir(grand) as con:
        d = donnees.charger(con, EPCI, ANNEE)
    (vise, *_) = d.objectifs_vises([ANNEE], "commune")
    codes = [code for code, _ in d.modalites("commune", [vise.indicateur])]
    voulus = dict(zip(codes, etats, strict=False))
    statuts = {"secret", "indisponible", "sans_objet"}
    chiffres = tuple(
        replace(
            c,
            statut=voulu if voulu in statuts else "publiable",
            valeur=c.valeur if voulu in ("atteint", "non_atteint") else None,
            atteint=voulu == "atteint" if voulu in ("atteint", "non_atteint") else None,
        )
        for c in d.chiffres
        for voulu in [voulus.get(c.modalite, "absent") if c.axe == "commune" else "autre"]
        if voulu != "autre"
    )
    autres = tuple(c for c in d.chiffres if c.axe != "commune")
    section = synthese.section(replace(d, chiffres=(*autres, *chiffres)), "")
    (phrase,) = [
        m
        for b in section.blocs
        if isinstance(b, Paragraphe)
        for m in b.morceaux
        if "qui est le leur" in str(m)
    ]
    assert re.search(rf"{dit}(?! au)", str(phrase))
