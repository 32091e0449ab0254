-- Bounds of the second and third quartiles of yearly resources per consumption unit, among the active requests on
-- 31 December of the year before, as the ministerial order does for the first, of which an estimate stands beside. They serve the year's allocations.
-- The region is that of the wanted commune's code: a region's demand is also that of its communes which no list of the run holds.
with ressources as (

    select
        demandes.annee + 1 as annee,
        membres.epci_siren,
        departements.code_region as region,
        {{ ressources_par_uc(
            ressources_annuelles_retenues(
                'demandes', unites_consommation('demandes', 'echelle'), 'douteuses', 'parametres.ressources_douteuses'
            ),
            unites_consommation('demandes', 'echelle')
        ) }} as ressources_uc
    from {{ ref('int_demande_active') }} as demandes
    inner join {{ source('seeds', 'ref_unites_consommation') }} as echelle
        on
            demandes.date_situation >= echelle.debut
            and demandes.date_situation <= coalesce(echelle.fin, demandes.date_situation)
    {{ joindre_ressources_douteuses('demandes.date_situation', 'douteuses') }}
    {{ joindre_epci('demandes.annee', 'demandes.commune_choix1', 'membres') }}
    left join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    left join {{ source('seeds', 'ref_departements') }} as departements
        on departements.code_departement = {{ departement_de('demandes.code_commune_choix1') }}

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
    -- The first bound is an estimate of the order's threshold, shown in euros and cents. The two others are compared with
    -- incomes that nobody rounded: they are not rounded either, so that the household whose income is the bound is on it.
    {{ en_decimal('percentile_disc(0.25) within group (order by ressources_uc)', 14, 2) }} as borne_q1,
    percentile_disc(0.5) within group (order by ressources_uc) as borne_q2,
    percentile_disc(0.75) within group (order by ressources_uc) as borne_q3,
    count(*) as nb_demandes
from portees
where ressources_uc is not null
group by annee, portee, code
