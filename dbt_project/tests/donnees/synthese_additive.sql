{{ config(severity='warn') }}
-- Where the parts of an axis are said to add up to the territory, they do: numerators, bases and unknowns. An axis with a count
-- that is secret at its producer's, or with no part at all, adds up to nothing.
with sommes as (

    select
        epci_siren,
        annee,
        indicateur,
        axe,
        sum(numerateur) as numerateur,
        sum(denominateur) as denominateur,
        sum(inconnus) as inconnus
    from {{ ref('synthese') }}
    where somme_epci
    group by epci_siren, annee, indicateur, axe
    having count(*) = count(numerateur) and count(*) = count(case when statut <> 'secret' then 1 end)

)

select
    sommes.*,
    totaux.numerateur as total,
    totaux.denominateur as total_base,
    totaux.inconnus as total_inconnus
from sommes
inner join {{ ref('synthese') }} as totaux
    on
        sommes.epci_siren = totaux.epci_siren
        and sommes.annee = totaux.annee
        and sommes.indicateur = totaux.indicateur
        and totaux.axe = 'epci'
        and totaux.statut <> 'secret'
        and totaux.numerateur is not null
where
    sommes.numerateur <> totaux.numerateur
    or sommes.denominateur <> totaux.denominateur
    or sommes.inconnus <> totaux.inconnus
