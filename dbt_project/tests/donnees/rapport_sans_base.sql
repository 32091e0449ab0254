-- A rate or a ratio without a base has no value: 0 would say that nothing was done where nothing is known.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    segment,
    numerateur,
    denominateur,
    valeur
from {{ ref('indicateurs') }}
where
    indicateur in (select indicateur from {{ source('seeds', 'ref_indicateurs') }} where nature in ('taux', 'ratio'))
    and coalesce(denominateur, 0) = 0
    and valeur is not null
