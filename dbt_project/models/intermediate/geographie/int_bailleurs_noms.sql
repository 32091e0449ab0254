-- The landlord that a written name means, for rows that give a name without a SIREN: names and aliases, folded. What a
-- convention calls its landlords holds in its territory only, beside what everybody calls them; a name that means two
-- landlords means none.
with ecrits_partout as (

    {{ bailleurs_declares() | indent(4) }}

),

declares as (

    -- One name a landlord, the most trusted: a name typed once beside the wrong number is not one of its names.
    select
        epci_siren,
        siren,
        nom,
        row_number() over (
            partition by epci_siren, siren
            order by case when nom is null then 1 else 0 end, priorite nulls last, nom nulls last
        ) as rang
    from ecrits_partout

),

ecrits as (

    select
        epci_siren,
        {{ nom_normalise('nom') }} as nom_normalise,
        siren
    from declares
    where rang = 1
    union
    select
        epci_siren,
        {{ nom_normalise('alias') }} as nom_normalise,
        siren
    from ecrits_partout

),

noms as (

    select distinct
        ecrits.epci_siren,
        ecrits.nom_normalise,
        bailleurs.bailleur_siren
    from ecrits
    inner join {{ ref('int_bailleurs') }} as bailleurs on ecrits.siren = bailleurs.siren
    where ecrits.nom_normalise is not null

),

lus as (

    select
        epci_siren,
        nom_normalise,
        bailleur_siren
    from noms
    union
    select
        propres.epci_siren,
        propres.nom_normalise,
        communs.bailleur_siren
    from noms as propres
    inner join noms as communs on propres.nom_normalise = communs.nom_normalise
    where propres.epci_siren is not null and communs.epci_siren is null

)

select
    epci_siren,
    nom_normalise,
    case when min(bailleur_siren) = max(bailleur_siren) then min(bailleur_siren) end as bailleur_siren
from lus
group by epci_siren, nom_normalise
