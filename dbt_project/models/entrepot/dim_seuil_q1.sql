-- Threshold of the first quartile for each covered year and territory: that of the year's order, else of the year just before,
-- which is provisional; never of an older year nor of a later one. Beside it, what the requests say the threshold could be: an
-- estimate by the order's own method, which judges nothing.
-- A territory listed without its threshold (« NC ») has none: the one of before, or the shipped one, stays.
with deposes as (

    select
        annee,
        portee,
        code,
        min(seuil) as seuil
    from {{ source('referentiels', 'ref_seuils_q1') }}
    where seuil is not null
    group by annee, portee, code

),

seuils as (

    select
        annee,
        portee,
        code,
        seuil,
        'dossier' as origine
    from deposes
    union all
    select
        livres.annee,
        livres.portee,
        livres.code,
        cast(livres.seuil as decimal(12, 2)) as seuil,
        'livre' as origine
    from {{ source('seeds', 'ref_seuils_q1') }} as livres
    where not exists (
        select 1
        from deposes as lus
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
            partition by annees.annee, seuils.portee, seuils.code order by seuils.annee desc nulls last
        ) as rang
    from annees
    inner join seuils on annees.annee - seuils.annee between 0 and 1

),

retenus as (

    select * from proches
    where rang = 1

)

select
    coalesce(retenus.annee, estimes.annee) as annee,
    coalesce(retenus.portee, estimes.portee) as portee,
    coalesce(retenus.code, estimes.code) as code,
    retenus.seuil,
    retenus.annee_reference,
    case
        when retenus.annee_reference is null then 'absent'
        when retenus.annee_reference = retenus.annee then 'exact'
        else 'provisoire'
    end as statut,
    retenus.origine,
    estimes.borne_q1 as seuil_estime,
    estimes.nb_demandes as nb_demandes_estimation
from retenus
full outer join {{ ref('int_quartiles_demande') }} as estimes
    on retenus.annee = estimes.annee and retenus.portee = estimes.portee and retenus.code = estimes.code
