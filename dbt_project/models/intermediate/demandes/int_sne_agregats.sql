-- The published aggregates of the demand, each with the place that it is really about: a table that has the arrondissements of
-- a city gives, under the city's own code, only what names none of them, and that is left out.
with residuelles as (

    select distinct
        lus.millesime,
        courante.code_commune as code
    from {{ source('sne', 'sne_agregats') }} as lus
    inner join {{ ref('int_commune_courante') }} as courante on lus.code = courante.code_lu
    where lus.niveau = 'commune' and courante.est_arrondissement

)

select
    agregats.millesime,
    agregats.niveau,
    agregats.code,
    agregats.mesure,
    agregats.valeur,
    agregats.statut
from {{ source('sne', 'sne_agregats') }} as agregats
left join residuelles
    on
        agregats.niveau = 'commune'
        and agregats.millesime = residuelles.millesime
        and agregats.code = residuelles.code
where residuelles.code is null
