-- The numerator of a rate is a part of its denominator, and no count is negative. Requests for mutation are rows of another
-- source than the dwellings they are compared with: they may be more numerous.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    segment,
    numerateur,
    denominateur,
    inconnus
from {{ ref('indicateurs_bruts') }}
where
    (nature = 'taux' and numerateur > denominateur and indicateur <> 'part_demandes_mutation_parc')
    or numerateur < 0
    or denominateur < 0
    or inconnus < 0
