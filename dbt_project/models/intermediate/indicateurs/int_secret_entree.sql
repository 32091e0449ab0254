-- What the small-cell rule reads: the unmasked figures that count households, a median shown with the number of
-- households it rests on. Dwellings and published incomes are not personal data. Counts of unknowns describe the files,
-- not the households: a small one is masked by itself, and nothing is masked to hide it. Figures of a residence are not
-- published when they count households, so they need no decision.
{{ config(materialized='view') }}
select
    epci_siren,
    periode_type,
    periode,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    numerateur,
    coalesce(denominateur, base_mesure) as denominateur,
    cast(null as bigint) as inconnus,
    valeur,
    unite,
    cible,
    operateur,
    seuil_secret,
    base_menages
from {{ ref('indicateurs_bruts') }}
where base_menages and not {{ hors_secret() }}
