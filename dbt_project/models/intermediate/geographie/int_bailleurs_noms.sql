-- The landlord that a written name means, for rows that give a name without a SIREN: its names and aliases, folded. A
-- name that means two landlords means none.
with noms as (

    select
        {{ nom_normalise('nom') }} as nom_normalise,
        siren
    from {{ ref('int_bailleurs') }}
    union
    select
        {{ nom_normalise('alias') }} as nom_normalise,
        siren
    from {{ ref('stg_referentiels__bailleurs') }}
    union
    select
        {{ nom_normalise('alias') }} as nom_normalise,
        siren
    from {{ ref('stg_conventions__bailleurs') }}

)

select
    noms.nom_normalise,
    min(bailleurs.bailleur_siren) as bailleur_siren
from noms
inner join {{ ref('int_bailleurs') }} as bailleurs on noms.siren = bailleurs.siren
where noms.nom_normalise is not null
group by noms.nom_normalise
having count(distinct bailleurs.bailleur_siren) = 1
