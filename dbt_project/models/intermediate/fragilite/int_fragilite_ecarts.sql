-- How far the places of a kind lie from the mean of the whole stock, in points: the square root of the mean of the squared
-- differences, each place counting for one. Methods whose bounds are in standard deviations read it.
with taux as (

    select
        *,
        {{ en_decimal('100 * cast(numerateur as double) / nullif(denominateur, 0)', 18, 6) }} as taux,
        {{ en_decimal('100 * cast(numerateur_epci as double) / nullif(denominateur_epci, 0)', 18, 6) }} as moyenne
    from {{ ref('int_fragilite_criteres') }}
    where etat = 'connu'

)

select
    epci_siren,
    annee,
    methode,
    axe,
    type_lieu,
    bloc,
    indicateur,
    count(*) as nb_lieux,
    sqrt(cast(sum((taux - moyenne) * (taux - moyenne)) as double) / nullif(count(*), 0)) as ecart_type
from taux
where moyenne is not null
group by epci_siren, annee, methode, axe, type_lieu, bloc, indicateur
