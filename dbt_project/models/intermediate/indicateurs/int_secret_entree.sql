-- What the small-cell rule reads: the unmasked figures that count households, a median shown with the number of
-- households it rests on. Dwellings and published incomes are not personal data.
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
    inconnus,
    valeur,
    unite,
    cible,
    operateur,
    seuil_secret,
    base_menages
from {{ ref('indicateurs_bruts') }}
where base_menages
