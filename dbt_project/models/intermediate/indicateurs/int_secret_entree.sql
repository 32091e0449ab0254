-- What the small-cell rule reads: the unmasked figures, a median shown with the number of households it rests on.
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
