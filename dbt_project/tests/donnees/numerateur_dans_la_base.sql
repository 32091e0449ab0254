-- The numerator of a rate is a part of its denominator, and no count is negative. A rate between two sources or two years may
-- exceed 100: a_plus_de_cent.sql warns of it.
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
    (nature = 'taux' and numerateur > denominateur and indicateur not in ('{{ rapports_entre_sources() | join("', '") }}'))
    or numerateur < 0
    or denominateur < 0
    or inconnus < 0
