-- A rate or a ratio without a base has no value: 0 would say that nothing was done where nothing is known. A rate that a producer
-- publishes has its value alone.
select
    figures.epci_siren,
    figures.periode,
    figures.indicateur,
    figures.axe,
    figures.modalite,
    figures.segment,
    figures.numerateur,
    figures.denominateur,
    figures.valeur
from {{ ref('indicateurs') }} as figures
left join {{ ref('int_indicateurs_parc_publie') }} as publies
    on
        figures.epci_siren = publies.epci_siren
        and figures.periode_type = publies.periode_type
        and figures.periode = publies.periode
        and figures.indicateur = publies.indicateur
        and figures.axe = publies.axe
        and figures.modalite = publies.modalite
        and figures.segment_type = publies.segment_type
where
    figures.indicateur in (select indicateur from {{ source('seeds', 'ref_indicateurs') }} where nature in ('taux', 'ratio'))
    and coalesce(figures.denominateur, 0) = 0
    and figures.valeur is not null
    and publies.mesure is null
