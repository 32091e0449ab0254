-- The landlords, under one identifier and one name each. A row with an alias and a different SIREN states a merger: what
-- the absorbed landlord signed is counted with the one that absorbed it.
with declares as (

    {{ bailleurs_declares() | indent(4) }}

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
