"""Fragility methods as data: the models of `methodes/*.yml` and their loader.

A method says how values become scores, sums become classes and two classes become one; computing them is
the business of `dbt_project/`. A band begins at `a_partir_de` (≥) or `au_dela_de` (>) and runs to the next
one; the first has no start.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from pipelines.conventions.models import Bloc, Entier, Identifiant, Texte
from pipelines.conventions.reading import nearest, read, refusal, refuse, validate
from pipelines.conventions.vocabulary import indicator_catalogue
from pipelines.paths import METHODES

# As many as the tables keep.
_DECIMALES = 4


def _number(valeur: object) -> object:
    if isinstance(valeur, bool) or not isinstance(valeur, int | float):
        raise refusal("un nombre (point décimal, sans guillemets)", valeur)
    if abs(valeur) > 1_000_000:
        raise refusal("un nombre d'au plus 1 000 000", valeur)
    if round(valeur, _DECIMALES) != valeur:
        raise refusal(f"un nombre de {_DECIMALES} décimales au plus", valeur)
    return valeur


Decimale = Annotated[Decimal, BeforeValidator(_number)]


def _one_of(*mots: str) -> BeforeValidator:
    def check(valeur: object) -> object:
        if valeur not in mots:
            raise refusal(f"l'une des valeurs {', '.join(mots)}", valeur, nearest(valeur, mots))
        return valeur

    return BeforeValidator(check)


class Intervalle(Bloc):
    """Where a band begins."""

    a_partir_de: Decimale | None = None
    au_dela_de: Decimale | None = None

    @property
    def borne(self) -> Decimal | None:
        """Lower bound, None for the first band."""
        return self.a_partir_de if self.a_partir_de is not None else self.au_dela_de

    @property
    def incluse(self) -> bool | None:
        """Whether the bound belongs to this band, None for the first."""
        return None if self.borne is None else self.a_partir_de is not None

    @model_validator(mode="after")
    def _check_start(self) -> Self:
        if self.a_partir_de is not None and self.au_dela_de is not None:
            raise refusal("soit « a_partir_de », soit « au_dela_de »", "les deux")
        return self


class Palier(Intervalle):
    """A band of values and its score."""

    score: Decimale


class Coupe(Intervalle):
    """A band of sums and its class."""

    classe: Annotated[Entier, Field(ge=1, le=9)]


def check_bands(bandes: tuple[Palier, ...] | tuple[Coupe, ...]) -> None:
    """Refuse bands that leave a hole, overlap, or are not in order."""
    for rang, bande in enumerate(bandes):
        if (rang == 0) != (bande.borne is None):
            raise refusal("une première bande sans début, puis des bandes qui en ont un", f"rang {rang + 1}")
        precedente = bandes[rang - 1].borne if rang > 1 else None
        if precedente is not None and bande.borne is not None and bande.borne <= precedente:
            raise refusal(f"une borne au-dessus de {precedente}", bande.borne)


class IndicateurMethode(Bloc):
    """How one indicator is scored in one block.

    `sens` haut: a high value is fragile; bas: a low value is. `type_seuil` absolu: bounds in the indicator's
    unit; ecart_type: in standard deviations from the mean of the stock; pourcentage: in % of that mean;
    indice: no band, the score is the value as an index, 100 being the mean (200 minus it when `sens` is bas).
    """

    numerateur: Texte
    denominateur: Texte
    source: Annotated[Texte, _one_of("ops", "rpls", "sne", "ops,rpls", "sne,rpls")]
    sens: Annotated[Texte, _one_of("haut", "bas")]
    type_seuil: Annotated[Texte, _one_of("absolu", "ecart_type", "pourcentage", "indice")] = "absolu"
    moyenne: Decimale | None = None
    paliers: tuple[Palier, ...] = ()

    @model_validator(mode="after")
    def _check_bands(self) -> Self:
        if (self.type_seuil == "indice") == bool(self.paliers):
            raise refusal(
                "des paliers, sauf avec le type de seuil « indice »", self.type_seuil, cle="paliers"
            )
        check_bands(self.paliers)
        scores = [p.score if self.sens == "haut" else -p.score for p in self.paliers]
        if scores != sorted(scores):
            attendu = "croissants" if self.sens == "haut" else "décroissants"
            raise refusal(f"des scores {attendu} puisque le sens est « {self.sens} »", None, cle="paliers")
        return self


class BlocMethode(Bloc):
    """One block: all occupants (`stock`) or recent movers (`flux`)."""

    population: Annotated[Texte, _one_of("ensemble", "emmenages_recents")]
    indicateurs: Annotated[dict[str, IndicateurMethode], Field(min_length=1)]
    classes: Annotated[tuple[Coupe, ...], Field(min_length=1)]

    @field_validator("indicateurs")
    @classmethod
    def _check_catalogue(
        cls, valeur: dict[str, IndicateurMethode], info: ValidationInfo
    ) -> dict[str, IndicateurMethode]:
        catalogue = (info.context or {}).get("indicateurs")
        for nom in valeur:
            if catalogue is not None and nom not in catalogue:
                raise refusal("un indicateur du catalogue", nom, nearest(nom, catalogue), cle=nom)
        return valeur

    @field_validator("classes")
    @classmethod
    def _check_classes(cls, valeur: tuple[Coupe, ...]) -> tuple[Coupe, ...]:
        check_bands(valeur)
        return valeur


class CaseMatrice(Bloc):
    """One cell of the matrix: the general class of a pair of classes (no `flux` in a method of one block)."""

    stock: Annotated[Entier, Field(ge=1, le=9)]
    flux: Annotated[Entier, Field(ge=1, le=9)] | None = None
    classe: Annotated[Entier, Field(ge=1, le=9)]


class Blocs(Bloc):
    """The blocks of a method; the flow is optional."""

    stock: BlocMethode
    flux: BlocMethode | None = None


class Methode(Bloc):
    """One fragility method.

    `agregation` somme_scores adds the scores of a block, moyenne_indices averages its indices. `zone_vide`
    says what a zone without base gets: non_classe, or parts_nulles (scored as if its shares were 0).
    `base_minimale` is the number of households or dwellings below which a zone is not classed. `poids` weighs
    the shares of the stock by class.
    """

    methode: Identifiant
    version: Texte
    libelle: Texte
    description: Texte
    reference: Texte
    agregation: Annotated[Texte, _one_of("somme_scores", "moyenne_indices")] = "somme_scores"
    zone_vide: Annotated[Texte, _one_of("non_classe", "parts_nulles")] = "non_classe"
    base_minimale: Annotated[Entier, Field(ge=0, le=10000)] = 1
    poids: Annotated[Texte, _one_of("logements", "menages")] = "logements"
    libelles_classes: Annotated[dict[str, Texte], Field(min_length=1)]
    blocs: Blocs
    matrice: tuple[CaseMatrice, ...] = ()

    def blocks(self) -> list[tuple[str, BlocMethode]]:
        """Blocks by name, stock first."""
        paires = [("stock", self.blocs.stock), ("flux", self.blocs.flux)]
        return [(nom, bloc) for nom, bloc in paires if bloc is not None]

    def label(self, classe: int) -> str:
        """French name of a class."""
        return self.libelles_classes[str(classe)]

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        par_bloc = {nom: {c.classe for c in bloc.classes} for nom, bloc in self.blocks()}
        utilisees = set.union(*par_bloc.values(), {c.classe for c in self.matrice})
        for classe in sorted(utilisees):
            if str(classe) not in self.libelles_classes:
                raise refusal(f"un libellé pour la classe {classe}", None, cle="libelles_classes")
        indice = {i.type_seuil == "indice" for _, bloc in self.blocks() for i in bloc.indicateurs.values()}
        if indice != {self.agregation == "moyenne_indices"}:
            raise refusal(
                "le type de seuil « indice » avec l'agrégation « moyenne_indices », et avec elle seule",
                self.agregation,
                cle="agregation",
            )
        if self.matrice:
            flux: set[int | None] = set(par_bloc["flux"]) if "flux" in par_bloc else {None}
            attendues = {(s, f) for s in par_bloc["stock"] for f in flux}
            recues = [(c.stock, c.flux) for c in self.matrice]
            if len(recues) != len(attendues) or set(recues) != attendues:
                raise refusal("une case, et une seule, par couple de classes", None, cle="matrice")
        return self


def load_methods(dossier: Path | None = None, base: Path = METHODES) -> list[Methode]:
    """The methods of the project and those of `<dossier>/methodes/`, sorted by name.

    Raises:
        DonneesRefusees: a file is refused, is not named after its method, or repeats a method of the project.
    """
    dossiers = [base, *([dossier / "methodes"] if dossier is not None else [])]
    uniques = {d.resolve(): d for d in dossiers if d.is_dir()}
    contexte = {"indicateurs": indicator_catalogue()}
    methodes: dict[str, Methode] = {}
    for racine in uniques.values():
        for chemin in sorted(racine.glob("*.yml"), key=lambda p: p.name):
            methode = validate(Methode, read(chemin), contexte)
            if methode.methode != chemin.stem:
                raise refuse(
                    chemin, f"attendu « {chemin.stem} », reçu « {methode.methode} »", None, "methode"
                )
            if methode.methode in methodes:
                raise refuse(chemin, "méthode déjà fournie par le projet ; lui donner un autre nom")
            methodes[methode.methode] = methode
    return [methodes[nom] for nom in sorted(methodes)]
