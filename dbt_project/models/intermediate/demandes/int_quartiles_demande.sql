-- Bounds of the second and third quartiles of yearly resources per consumption unit, among the active requests on
-- 31 December of the year before, as the ministerial order does for the first. They serve the year's allocations.
with ressources as (

    select
        demandes.annee + 1 as annee,
        membres.epci_siren,
        communes.region,
        cast(demandes.ressources_mensuelles * 12 as double)
        / nullif(cast({{ unites_consommation('demandes', 'echelle') }} as double), 0) as ressources_uc
    from {{ ref('int_demande_active') }} as demandes
    inner join {{ ref('ref_unites_consommation') }} as echelle
        on
            demandes.date_situation >= echelle.debut
            and demandes.date_situation <= coalesce(echelle.fin, demandes.date_situation)
    {{ joindre_epci('demandes.annee', 'demandes.commune_choix1', 'membres') }}
    left join {{ ref('dim_commune') }} as communes on demandes.code_commune_choix1 = communes.code_commune

),

portees as (

    select
        annee,
        'epci' as portee,
        epci_siren as code,
        ressources_uc
    from ressources
    where epci_siren is not null
    union all
    select
        annee,
        'region' as portee,
        region as code,
        ressources_uc
    from ressources
    where region is not null

)

select
    annee,
    portee,
    code,
    {{ en_decimal('percentile_disc(0.5) within group (order by ressources_uc)', 14, 2) }} as borne_q2,
    {{ en_decimal('percentile_disc(0.75) within group (order by ressources_uc)', 14, 2) }} as borne_q3,
    count(*) as nb_demandes
from portees
where ressources_uc is not null
group by annee, portee, code
