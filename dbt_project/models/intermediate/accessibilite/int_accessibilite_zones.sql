-- The zone of the housing-aid scales and of the rent ceilings that each commune is in: the order's list where it is held, else
-- the zone read from the ABC zoning, which is close and not the same (`est_approchee`).
select
    communes.code_commune,
    coalesce(officielles.zone_apl, approchees.zone_apl) as zone_apl,
    officielles.zone_apl is null as est_approchee,
    case
        when plafonds.zone = 'paris_communes_limitrophes' then '1bis'
        else coalesce(officielles.zone_apl, approchees.zone_apl)
    end as zone_loyer
from {{ ref('dim_commune') }} as communes
left join {{ source('seeds', 'ref_zones_apl') }} as officielles on communes.code_commune = officielles.code_commune
left join {{ source('seeds', 'ref_zones_apl_approchees') }} as approchees on communes.zone_abc = approchees.zone_abc
left join {{ source('seeds', 'ref_zones_plafonds') }} as plafonds
    on plafonds.niveau = 'commune' and communes.code_commune = plafonds.code
