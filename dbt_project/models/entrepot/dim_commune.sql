-- Communes as they are today.
with lues as (

    select
        {{ commune_courante('communes.code_commune', 'courante') }} as code_commune,
        communes.code_commune as code_lu,
        communes.nom,
        communes.departement,
        communes.region,
        communes.population,
        communes.millesime
    from {{ source('geographie', 'geo_communes') }} as communes
    {{ joindre_commune('communes.code_commune', 'courante') }}

),

toutes as (

    select
        code_commune,
        nom,
        departement,
        region,
        population,
        millesime,
        1 as priorite
    from lues
    where code_lu = code_commune
    union all
    select
        communes.code_commune,
        communes.nom,
        communes.departement,
        communes.region,
        communes.population,
        0 as millesime,
        2 as priorite
    from {{ source('livres', 'livre_communes') }} as communes
    union all
    select
        membres.code_commune,
        min(membres.nom_commune) as nom,
        cast(null as {{ dbt.type_string() }}) as departement,
        cast(null as {{ dbt.type_string() }}) as region,
        max(membres.population) as population,
        max(membres.millesime) as millesime,
        3 as priorite
    from {{ source('geographie', 'geo_epci_membres') }} as membres
    group by membres.code_commune

),

choisies as (

    select
        *,
        row_number() over (
            partition by code_commune
            order by priorite asc nulls last, millesime desc nulls last, nom asc nulls last, population desc nulls last
        ) as rang
    from toutes
    where code_commune is not null

),

zonage as (

    select
        code_commune,
        min(zone_abc) as zone_abc
    from (
        select
            code_commune,
            zone_abc
        from {{ source('geographie', 'geo_zonage_abc') }}
        where millesime = (select max(lus.millesime) from {{ source('geographie', 'geo_zonage_abc') }} as lus)
        union all
        select
            code_commune,
            zone_abc
        from {{ source('livres', 'livre_communes') }}
        where code_commune not in (select lus.code_commune from {{ source('geographie', 'geo_zonage_abc') }} as lus)
    ) as zones
    group by code_commune

)

select
    choisies.code_commune,
    choisies.nom,
    coalesce(choisies.departement, departements.code_departement) as departement,
    coalesce(choisies.region, departements.code_region) as region,
    cast(choisies.population as bigint) as population,
    zonage.zone_abc,
    -- The zone of the housing-aid scales: the order's list where it is held, else the one read from the ABC zoning, which is close
    -- and not the same.
    coalesce(officielles.zone_apl, approchees.zone_apl) as zone_apl,
    officielles.zone_apl is null as zone_apl_approchee,
    case
        when plafonds.zone = 'paris_communes_limitrophes' then '1bis'
        else coalesce(officielles.zone_apl, approchees.zone_apl)
    end as zone_loyer
from choisies
left join {{ source('seeds', 'ref_departements') }} as departements
    on
        departements.code_departement = {{ departement_de('choisies.code_commune') }}
left join zonage on choisies.code_commune = zonage.code_commune
left join {{ source('seeds', 'ref_zones_apl') }} as officielles on choisies.code_commune = officielles.code_commune
left join {{ source('seeds', 'ref_zones_apl_approchees') }} as approchees on zonage.zone_abc = approchees.zone_abc
left join {{ source('seeds', 'ref_zones_plafonds') }} as plafonds
    on plafonds.niveau = 'commune' and choisies.code_commune = plafonds.code
where choisies.rang = 1
