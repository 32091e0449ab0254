-- The landlords, under one identifier and one name each. A row with an alias and a different SIREN states a merger: what
-- the absorbed landlord signed is counted with the one that absorbed it.
with declares as (

    select
        siren,
        nom,
        alias,
        1 as priorite
    from {{ ref('stg_referentiels__bailleurs') }}
    union all
    select
        siren,
        nom,
        alias,
        2 as priorite
    from {{ ref('stg_conventions__bailleurs') }}
    union all
    select distinct
        bailleur_siren as siren,
        bailleur_nom as nom,
        cast(null as {{ dbt.type_string() }}) as alias,
        3 as priorite
    from {{ ref('stg_sne__attributions') }}
    where bailleur_siren is not null
    union all
    select distinct
        siren_bailleur as siren,
        nom_bailleur as nom,
        cast(null as {{ dbt.type_string() }}) as alias,
        4 as priorite
    from {{ ref('stg_rpls__logements') }}
    where siren_bailleur is not null
    union all
    select distinct
        bailleur_siren as siren,
        cast(null as {{ dbt.type_string() }}) as nom,
        cast(null as {{ dbt.type_string() }}) as alias,
        5 as priorite
    from {{ ref('stg_ops__occupation') }}
    where bailleur_siren is not null

),

noms as (

    select
        siren,
        nom,
        row_number() over (
            partition by siren
            order by case when nom is null then 1 else 0 end, priorite nulls last, nom nulls last
        ) as rang
    from declares
    where siren is not null

),

fusions as (

    select
        alias as siren,
        min(siren) as bailleur_siren
    from declares
    where alias in (select autres.siren from declares as autres) and alias <> siren
    group by alias

)

select
    noms.siren,
    coalesce(fusions.bailleur_siren, noms.siren) as bailleur_siren,
    coalesce(noms.nom, noms.siren) as nom
from noms
left join fusions on noms.siren = fusions.siren
where noms.rang = 1
