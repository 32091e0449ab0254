-- Threshold of the first quartile for each covered year and territory: that of the year, else of the nearest known year
-- (the earlier one when two are as near), said so in `annee_reference`.
with seuils as (

    select
        annee,
        portee,
        code,
        min(seuil) as seuil,
        'dossier' as origine
    from {{ ref('stg_referentiels__seuils_q1') }}
    group by annee, portee, code
    union all
    select
        livres.annee,
        livres.portee,
        livres.code,
        cast(livres.seuil as decimal(12, 2)) as seuil,
        'livre' as origine
    from {{ ref('ref_seuils_q1') }} as livres
    where not exists (
        select 1
        from {{ ref('stg_referentiels__seuils_q1') }} as lus
        where lus.annee = livres.annee and lus.portee = livres.portee and lus.code = livres.code
    )

),

annees as (

    select distinct annee from {{ ref('int_epci_membres') }}

),

proches as (

    select
        annees.annee,
        seuils.portee,
        seuils.code,
        seuils.seuil,
        seuils.annee as annee_reference,
        seuils.origine,
        row_number() over (
            partition by annees.annee, seuils.portee, seuils.code
            order by abs(seuils.annee - annees.annee) nulls last, seuils.annee nulls last
        ) as rang
    from annees
    inner join seuils on true

)

select
    annee,
    portee,
    code,
    seuil,
    annee_reference,
    annee_reference = annee as est_exact,
    origine
from proches
where rang = 1
