-- The open register and the restricted one of one vintage both hold the dwellings of a commune: they would be counted twice, and
-- nothing tells which are which, since the open one gives no number.
with presentations as (

    select
        millesime,
        code_commune,
        disposition,
        count(*) as nb_logements,
        count(ident_rep) as nb_numeros
    from {{ ref('stg_rpls__logements') }}
    group by millesime, code_commune, disposition

)

select
    ouvertes.millesime,
    ouvertes.code_commune,
    sum(ouvertes.nb_logements) as nb_logements_sans_numero
from presentations as ouvertes
inner join presentations as restreintes
    on
        ouvertes.millesime = restreintes.millesime
        and ouvertes.code_commune = restreintes.code_commune
        and ouvertes.disposition <> restreintes.disposition
where ouvertes.nb_numeros = 0 and restreintes.nb_numeros > 0
group by ouvertes.millesime, ouvertes.code_commune
