{{ config(severity='warn') }}
-- A rate between two sources or two years whose numerator exceeds its denominator: more households answered than dwellings were
-- surveyed, more requests than dwellings. The figure stands, its reader should know.
select
    epci_siren,
    periode,
    indicateur,
    axe,
    modalite,
    segment,
    numerateur,
    denominateur,
    source
from {{ ref('indicateurs') }}
where indicateur in ('{{ rapports_entre_sources() | join("', '") }}') and numerateur > denominateur
