"""What the public tables hold, and what a stranger who has all of them learns of the small counts: nothing."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.diffusion import Plan, build_public, load_plan, protection, read_memory, write_memory
from pipelines.diffusion.edition import COLUMNS
from pipelines.diffusion.grille import FIGURE
from pipelines.errors import MauvaisUsage
from tests.diffusion.attaque import Fuite, attaquer
from tests.diffusion.territoires import ANNEES, COMMUNES, NEUF, QPV, SIRENS, communes_des_qpv, figures

COUNTED = pl.col("unite").is_in(["%", "nombre", "ratio"])
HIDDEN = pl.col("masque").is_not_null() & (pl.col("masque") != "producteur")


def tables(exact: pl.DataFrame, plan: Plan | None = None, **memory: object) -> pl.DataFrame:
    """The rows of every public table, with the name of the table."""
    plan = plan or load_plan()
    with duckdb.connect() as con:
        con.register("exact", exact.to_arrow())
        build_public(con, "exact", plan, **memory)  # type: ignore[arg-type]
        return pl.concat(
            [con.execute(f"select *, '{name}' as nom from diffusion.{name}").pl() for name in plan.toutes()]
        )


def attack(exact: pl.DataFrame) -> tuple[pl.DataFrame, list[Fuite]]:
    public = tables(exact)
    about = exact.filter("base_menages")["indicateur"].unique().to_list()
    return public, attaquer(public.filter(pl.col("indicateur").is_in(about)), exact, communes_des_qpv())


def check(exact: pl.DataFrame) -> None:
    public, learnt = attack(exact)
    assert learnt == []
    headline = public.filter((pl.col("axe") == "epci") & (pl.col("periode_type") == "annee") & HIDDEN)
    small = exact.filter(
        pl.any_horizontal(
            (count >= 1) & (count < pl.col("seuil_secret"))
            for count in (
                pl.col("numerateur"),
                pl.col("denominateur"),
                pl.col("denominateur") - pl.col("numerateur"),
            )
        )
    )
    # Those with a target, and the other objectives that a convention follows.
    aimed = headline.filter(pl.col("cible").is_not_null() | (pl.col("nom") == "objectifs"))
    assert aimed.join(small, on=FIGURE, how="anti").select(FIGURE).rows() == []


@pytest.mark.parametrize("siren", SIRENS)
def test_a_stranger_learns_no_small_count_of_a_small_territory(siren: str) -> None:
    check(figures([siren]))


@pytest.mark.slow
@pytest.mark.parametrize("baux_par_an", [60, 150, 300, 3000, 12000])
@pytest.mark.parametrize("siren", SIRENS)
def test_nor_of_smaller_and_larger_ones(siren: str, baux_par_an: int) -> None:
    _, learnt = attack(figures([siren], baux_par_an=baux_par_an))
    assert learnt == []


def test_the_attack_sees_what_masking_small_counts_alone_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "protect", lambda _: None)
    _, learnt = attack(figures(SIRENS[:1]))
    assert sum(leak.exacte for leak in learnt) > 10


def test_a_planned_table_is_a_complete_grid() -> None:
    """Nobody is counted in the last commune: it has its rows all the same, as 0."""
    exact = figures(SIRENS[:1])
    last = COMMUNES[SIRENS[0]][-1]
    without = exact.filter(~((pl.col("modalite") == last) & (pl.col("annee") == ANNEES[0])))
    public = tables(without)
    keys = ["nom", *FIGURE]
    assert public.select(keys).sort(keys).equals(tables(exact).select(keys).sort(keys))
    rows = public.filter((pl.col("modalite") == last) & (pl.col("annee") == ANNEES[0]))
    assert rows.height == 5
    assert set(rows["numerateur"]) == {0}
    for column in ("inconnus", "manque", "petit_effectif"):
        assert column not in COLUMNS
    assert public.filter(pl.any_horizontal(pl.col("modalite", "segment") == "inconnu")).is_empty()


@pytest.mark.parametrize("colonne", ["numerateur", "denominateur", "valeur", "cible"])
def test_a_column_of_numbers_says_when_it_is_not_added_up(colonne: str) -> None:
    """A tool shows the comment of the column alone: a sum over a hidden row would be short of it."""
    assert "e pas additionner" in COLUMNS[colonne]


def test_zero_is_published_and_all_of_a_group_is_not() -> None:
    """Every lease of a commune to a priority household says what each is; none says nothing of anybody."""
    none, every = COMMUNES[SIRENS[0]][:2]

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(
            prioritaire=pl.when(pl.col("commune") == every)
            .then(True)
            .otherwise(pl.col("prioritaire") & (pl.col("commune") != none))
        )

    exact = figures(SIRENS[:1], change=change)
    public = tables(exact).filter(
        (pl.col("nom") == "attributions_commune") & (pl.col("indicateur") == "prioritaires")
    )
    zero = public.filter(pl.col("modalite") == none)
    assert set(zero["numerateur"]) == {0}
    assert set(zero["valeur"]) == {0.0}
    assert public.filter(pl.col("modalite") == every)["valeur"].null_count() == len(ANNEES)
    assert public.filter(pl.col("modalite") == every)["numerateur"].null_count() == len(ANNEES)


def test_the_order_of_the_figures_decides_nothing() -> None:
    exact = figures(SIRENS[:1])
    assert tables(exact).equals(tables(exact.sample(fraction=1, shuffle=True, seed=3)))


def test_blocs_protected_by_other_processes_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = figures(SIRENS[:1])
    alone = tables(exact)
    monkeypatch.setattr(protection, "_MANY", 1)
    assert tables(exact).equals(alone)


@pytest.mark.parametrize(("seuil", "masked"), [(0, False), (2, False), (11, True)])
def test_the_threshold_of_the_convention_decides(seuil: int, masked: bool) -> None:
    """On each side: nothing is small under 2 once nobody is alone, and 0 turns the mask off."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        # Each lease twice, so that no count is 1.
        return pl.concat([rows, rows])

    public = tables(figures(SIRENS[:1], seuil=seuil, change=change)).filter(
        pl.col("nom") == "attributions_commune"
    )
    assert public.filter(HIDDEN).is_empty() != masked


def test_a_rent_needs_dwellings_and_landlords() -> None:
    exact = figures(SIRENS[:1])
    public = tables(exact).filter(pl.col("indicateur") == "loyer_m2")
    shown = set(public.filter(pl.col("valeur").is_not_null())["modalite"])
    # The last two communes have two landlords; the new landlord has four dwellings.
    assert shown.isdisjoint({*COMMUNES[SIRENS[0]][6:], NEUF})
    assert {SIRENS[0], *COMMUNES[SIRENS[0]][:6]} <= shown


def shifted(extra: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Late leases of the first year: so many more, each like the first one."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        if rows["annee"][0] != ANNEES[0]:
            return rows
        return pl.concat([rows, *[rows.head(1)] * extra])

    return change


def versions(folder: Path, *exact: pl.DataFrame, memory: bool = True) -> list[pl.DataFrame]:
    """The public tables of successive versions, each made with the memory of those before."""
    path, found = folder / "memoire.parquet", []
    for rows in exact:
        found.append(tables(rows, memoires=[path] if memory else []))
        with duckdb.connect() as con:
            con.register("exact", rows.to_arrow())
            write_memory(path, build_public(con, "exact", load_plan(), [path]).memoire)
    return found


@pytest.mark.parametrize(("extra", "frozen"), [(3, True), (11, False)])
def test_two_versions_differ_by_nothing_or_by_the_threshold(tmp_path: Path, extra: int, frozen: bool) -> None:
    before, after = versions(tmp_path, figures(SIRENS[:1]), figures(SIRENS[:1], change=shifted(extra)))
    first = pl.col("annee") == ANNEES[0]
    assert after.filter(first & pl.col("figee")).is_empty() != frozen
    both = before.join(after, on=["nom", *FIGURE], suffix="_apres")
    about = figures(SIRENS[:1]).filter("base_menages")["indicateur"].unique().to_list()
    for count in ("numerateur", "denominateur"):
        moved = (pl.col(f"{count}_apres") - pl.col(count)).abs()
        little = both.filter(pl.col("indicateur").is_in(about) & (moved >= 1) & (moved < 11))
        assert little.select(FIGURE).rows() == []
        shown = both.filter(
            pl.col("indicateur").is_in(about)
            & pl.col(count).is_null()
            & pl.col(f"{count}_apres").is_not_null()
        )
        assert shown.filter(HIDDEN).select(FIGURE).rows() == []


@pytest.mark.parametrize("seuil", [0, 5])
def test_a_lower_threshold_shows_nothing_that_was_hidden(tmp_path: Path, seuil: int) -> None:
    before, after = versions(tmp_path, figures(SIRENS[:1]), figures(SIRENS[:1], seuil=seuil))
    both = before.join(after, on=["nom", *FIGURE], suffix="_apres").filter(HIDDEN)
    assert both.height > 100
    for count in ("numerateur", "denominateur", "valeur"):
        assert both.filter(pl.col(count).is_null() & pl.col(f"{count}_apres").is_not_null()).is_empty()


def test_a_target_that_is_the_rate_of_a_kept_year_does_not_say_what_has_changed(tmp_path: Path) -> None:
    """« Au moins le taux de l'année d'avant » : that year keeps what it said, the year after does not tell the rest."""

    def as_last_year(exact: pl.DataFrame) -> pl.DataFrame:
        last = (
            exact.filter((pl.col("indicateur") == "mutations") & (pl.col("annee") == ANNEES[0]))
            .filter(pl.col("periode_type") == "annee")
            .select("axe", "modalite", "indicateur", pl.col("valeur").alias("_avant"))
            .with_columns(annee=pl.lit(ANNEES[1], dtype=pl.Int32))
        )
        aimed = pl.col("_avant").is_not_null()
        return (
            exact.join(last, on=["axe", "modalite", "indicateur", "annee"], how="left", maintain_order="left")
            .with_columns(
                cible=pl.when(aimed).then("_avant").otherwise("cible"),
                operateur=pl.when(aimed).then(pl.lit(">=N-1")).otherwise("operateur"),
                atteint=pl.when(aimed).then(pl.col("valeur") >= pl.col("_avant")).otherwise("atteint"),
            )
            .drop("_avant")
        )

    exact = [as_last_year(figures(SIRENS[:1], change=change)) for change in (shifted(0), shifted(3))]
    before, after = versions(tmp_path, *exact)
    aimed = (
        (pl.col("nom") == "objectifs")
        & (pl.col("indicateur") == "mutations")
        & (pl.col("annee") == ANNEES[1])
    )
    assert after.filter(pl.col("annee") == ANNEES[0])["figee"].all()
    assert not after.filter(aimed)["figee"].any()
    assert before.filter(aimed)["cible"].is_not_null().all()
    assert after.filter(aimed)["cible"].to_list() == before.filter(aimed)["cible"].to_list()
    assert after.filter(aimed)["atteint"].to_list() == before.filter(aimed)["atteint"].to_list()


def learnt_from_both(found: list[pl.DataFrame], exact: list[pl.DataFrame]) -> list[Fuite]:
    about = exact[0].filter("base_menages")["indicateur"].unique().to_list()
    before, after = (rows.filter(pl.col("indicateur").is_in(about)) for rows in found)
    # A year that is kept says what it said, and says that it does: nothing of it is of this version.
    place = ["epci_siren", "periode_type", "periode"]
    kept = after.filter("figee").select(place).unique()
    meant = pl.concat([exact[1].join(kept, on=place, how="anti"), exact[0].join(kept, on=place, how="semi")])
    return attaquer(after, meant, communes_des_qpv(), avant=(before, exact[0]))


def scattered(extra: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Late leases of the first year, like others taken here and there."""

    def change(rows: pl.DataFrame) -> pl.DataFrame:
        late = rows.sample(extra, seed=extra)
        return pl.concat([rows, late]) if rows["annee"][0] == ANNEES[0] else rows

    return change


def missed(rows: pl.DataFrame) -> pl.DataFrame:
    """Late leases of which all but one are to priority households: the counts change by the threshold, their difference by 1."""
    if rows["annee"][0] != ANNEES[0]:
        return rows
    one = rows.filter((pl.col("reservataire") == "7") & pl.col("prioritaire")).head(1)
    return pl.concat([rows, *[one] * 15, one.with_columns(prioritaire=pl.lit(False))])


def doubled(rows: pl.DataFrame) -> pl.DataFrame:
    """As many late leases as there were: no count changes by little."""
    return pl.concat([rows, rows]) if rows["annee"][0] == ANNEES[0] else rows


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (shifted(0), False),
        (shifted(3), True),
        (shifted(11), False),
        (scattered(300), True),
        (doubled, False),
        (missed, True),
    ],
)
def test_who_kept_the_former_version_learns_no_small_count(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], kept: bool
) -> None:
    """Nothing changed, a few late leases, as many as the threshold at one place, many everywhere."""
    exact = [figures(SIRENS[1:2]), figures(SIRENS[1:2], change=change)]
    found = versions(tmp_path, *exact)
    assert found[1].filter("figee").is_empty() != kept
    assert learnt_from_both(found, exact) == []


@pytest.mark.parametrize("change", [shifted(3), scattered(40), scattered(300)])
def test_nor_when_the_year_is_closed(tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """A later year is there: the late leases are counted, few as they are; who they are among is not."""
    before = figures(SIRENS[1:2]).filter(pl.col("annee") == ANNEES[0])
    exact = [before, figures(SIRENS[1:2], change=change)]
    found = versions(tmp_path, *exact)
    assert found[1].filter("figee").is_empty()
    learnt = learnt_from_both(found, exact)
    assert [leak for leak in learnt if "arrivés depuis" not in leak.quoi] == []


def test_the_attack_sees_what_two_versions_without_memory_give_back(tmp_path: Path) -> None:
    exact = [figures(SIRENS[1:2]), figures(SIRENS[1:2], change=shifted(3))]
    assert learnt_from_both(versions(tmp_path, *exact, memory=False), exact) != []


def test_territories_built_apart_share_one_memory(tmp_path: Path) -> None:
    """Each read the memory before the other wrote it: neither forgets."""
    path, made = tmp_path / "memoire.parquet", []
    for siren in SIRENS[:2]:
        with duckdb.connect() as con:
            con.register("exact", figures([siren]).to_arrow())
            made.append(build_public(con, "exact", load_plan(), [path]).memoire)
    for memory in made:
        write_memory(path, memory)
    kept = read_memory([path])
    assert kept.height == sum(memory.height for memory in made) > 0
    assert kept.select(FIGURE).is_unique().all()


def test_the_levels_above_the_territory_are_those_of_producers_alone() -> None:
    plan = load_plan(
        f'territoires: {{"{SIRENS[0]}": {{ajouter: {{region: '
        "{titre: Baux, indicateurs: [baux], axes: [region], periodes: [annee]}}}}"
    )
    with pytest.raises(MauvaisUsage, match="au-dessus de l'intercommunalité"):
        tables(figures(SIRENS[:1]), plan)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ("{titre: x, indicateurs: [inconnu_au_plan], axes: [epci], periodes: [annee]}", "hors du plan"),
        (
            "{titre: x, indicateurs: [baux], axes: [residence], periodes: [annee]}",
            "axe « residence » inconnu",
        ),
        (
            "{titre: x, indicateurs: [baux], axes: ['bailleur x commune'], periodes: [annee]}",
            "plan de diffusion refusé",
        ),
        (
            "{titre: x, indicateurs: [baux], axes: [commune], segments: [typologie], periodes: [annee]}",
            "se croise pas",
        ),
        (
            "{titre: x, indicateurs: [baux], axes: [epci], periodes: [trimestre]}",
            "« trimestre » inconnu ; attendu",
        ),
        ("{titre: x, indicateurs: [baux], axes: [epci], periodes: [annee], annee: 2021}", "clé inconnue"),
        ("{titre: x, indicateurs: [baux], axes: [epci]}", "periodes : clé absente"),
        ("{titre: x, indicateurs: baux, axes: [epci], periodes: [annee]}", "d'une autre forme"),
        # Two half-years of a commune make its year; a segment, or a contingent, may be another figure.
        (
            "{titre: x, indicateurs: [baux], axes: [commune], periodes: [semestre]}",
            "ajoutee : un semestre ne se",
        ),
        (
            "{titre: x, indicateurs: [baux], axes: [epci], segments: [typologie], periodes: [semestre]}",
            "semestre ne se publie",
        ),
        ("{titre: x, indicateurs: [demandes], axes: [epci], periodes: [semestre]}", "pas par semestre"),
        (
            "{titre: x, indicateurs: [baux], axes: [epci], segments: [secteur], periodes: [annee]}",
            "« secteur » hors du plan",
        ),
        (
            "{titre: x, indicateurs: [baux], axes: [epci], segments: [demandeur], periodes: [annee]}",
            "« demandeur » hors du plan",
        ),
        ("{titre: x, indicateurs: [mal_loges], axes: [epci], periodes: [annee]}", "hors du plan"),
    ],
)
def test_what_a_territory_adds_stays_short(table: str, match: str) -> None:
    with pytest.raises(MauvaisUsage, match=match):
        load_plan(f'territoires: {{"{SIRENS[0]}": {{ajouter: {{ajoutee: {table}}}}}}}')


def test_a_territory_that_is_no_siren_is_refused_by_the_name_of_the_file() -> None:
    with pytest.raises(MauvaisUsage, match=r"^diffusion/plan\.yml : « chalon » n'est pas un SIREN"):
        load_plan("territoires: {chalon: {retirer: [attributions_qpv]}}")


def test_what_a_territory_adds_is_protected_with_the_rest() -> None:
    """More axes and a segment of the plan: the counts of one system, and nothing learnt."""
    plan = load_plan(
        f'territoires: {{"{SIRENS[1]}": {{ajouter: {{'
        "tailles: {titre: x, indicateurs: [baux, tension], axes: [epci], segments: [typologie], periodes: [annee]}, "
        "essentiels: {titre: x, indicateurs: [travailleurs_essentiels], axes: [commune, bailleur, qpv], "
        "periodes: [annee]}}}}"
    )
    exact = figures(SIRENS[1:2])
    public = tables(exact, plan)
    assert public.filter(pl.col("nom") == "essentiels").height > 0
    about = exact.filter("base_menages")["indicateur"].unique().to_list()
    assert attaquer(public.filter(pl.col("indicateur").is_in(about)), exact, communes_des_qpv()) == []


def test_neighbourhoods_of_the_made_up_territories_are_those_of_the_map() -> None:
    """What the attack knows of places is what the figures were made with."""
    exact = figures(SIRENS)
    crossed = exact.filter(pl.col("axe") == "qpv x commune")["modalite"].str.split(" x ").to_list()
    assert {tuple(pair) for pair in crossed} == set(communes_des_qpv())
    assert {qpv for those in QPV.values() for qpv in those} == {qpv for qpv, _ in crossed}
