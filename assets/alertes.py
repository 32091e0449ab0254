"""The alerts of the day: what a person should be told about the published warehouse."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import dagster as dg
from pydantic import Field

from assets.publication import ENTREPOT_PUBLIE, GROUP
from pipelines import alertes as veille
from pipelines import publication
from pipelines.calendrier import PARIS
from pipelines.jobs import FRAICHEUR, dated_sources
from pipelines.perimetre import alerts_on
from pipelines.resources import Parametres

CHECK = "rien_d_urgent"
KEY = dg.AssetKey(["publication", "alertes"])


class AlertesConfig(dg.Config):
    """The day to look at; empty: today in Paris."""

    jour: str | None = Field(default=None, description="AAAA-MM-JJ ; vide : aujourd'hui à Paris.")

    def day(self) -> date:
        """The day that was asked for."""
        return date.fromisoformat(self.jour) if self.jour else datetime.now(PARIS).date()


@dg.asset(
    key=KEY,
    group_name=GROUP,
    deps=[ENTREPOT_PUBLIE],
    description="Alertes du jour : millésimes et rapports en retard, contrôles, objectifs manqués.",
    kinds={"python"},
    check_specs=[
        dg.AssetCheckSpec(CHECK, asset=KEY, description="Aucune alerte urgente sur l'entrepôt publié."),
    ],
)
def alertes(
    config: AlertesConfig, parametres: Parametres
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Decide the alerts, send those that are new and show all of them."""
    jour = config.day()
    dossier = parametres.working_folder()
    found = alerts_on(dossier, jour)
    new = veille.new_alerts(dossier.alertes, found)
    problems = veille.send(new, parametres.alert_settings())
    if not problems:
        # What could not be sent is sent the next time.
        veille.remember(dossier.alertes, found, jour)
    urgent = [alerte for alerte in found if alerte.gravite == veille.GRAVITES[-1]]
    yield dg.MaterializeResult(
        asset_key=KEY,
        metadata={
            "jour": jour.isoformat(),
            "alertes": len(found),
            "nouvelles": len(new),
            "non_envoyees": problems,
            "liste": dg.MetadataValue.md(veille.to_markdown(found)),
        },
    )
    yield dg.AssetCheckResult(
        check_name=CHECK,
        asset_key=KEY,
        passed=not urgent,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"urgentes": len(urgent)},
    )


def freshness_checks() -> dg.AssetChecksDefinition:
    """Return the check of each source: the published warehouse has the vintages that its calendar expects.

    They run with the alerts, not with a build: a source is late while nothing is built.
    """

    keys = {source: dg.AssetKey(["sources", source]) for source in dated_sources()}

    @dg.multi_asset_check(
        name=FRAICHEUR,
        # Whoever asks for one source alone has its check alone.
        can_subset=True,
        specs=[
            dg.AssetCheckSpec(
                FRAICHEUR,
                asset=key,
                description="L'entrepôt publié a les millésimes que le calendrier de diffusion "
                "(meta.diffusion) attend ce jour-là de cette source.",
            )
            for key in keys.values()
        ],
    )
    def millesimes(
        context: dg.AssetCheckExecutionContext, config: AlertesConfig, parametres: Parametres
    ) -> Iterator[dg.AssetCheckResult]:
        jour = config.day()
        with publication.open_warehouse(parametres.working_folder().entrepot) as con:
            every = veille.freshness(veille.read_state(con), jour)
        asked = {check.asset_key for check in context.selected_asset_check_keys}
        for source, key in ((source, key) for source, key in keys.items() if key in asked):
            own = [f for f in every if f.produit.split("_")[0] == source]
            late = {f.produit: list(f.en_retard) for f in own if f.en_retard}
            yield dg.AssetCheckResult(
                check_name=FRAICHEUR,
                asset_key=key,
                passed=not late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "jour": jour.isoformat(),
                    "en_retard": dg.MetadataValue.json(late),
                    "millesimes": dg.MetadataValue.md(veille.freshness_to_markdown(own)),
                },
            )

    return millesimes
