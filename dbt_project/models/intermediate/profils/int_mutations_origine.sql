-- The dwelling that a household in mutation lives in (its request) or left (its lease), with what the law compares: rooms and
-- persons, area and the least area for that many persons. The register's vintage is the latest not after the year that
-- pairs with the request or lease, else the earliest.
with demandes as (

    select
        mesures.epci_siren,
        mesures.annee,
        'demande' as public,
        mesures.code_commune,
        cast(null as {{ dbt.type_string() }}) as bailleur_siren,
        cast(null as {{ dbt.type_string() }}) as type_mutation,
        faits.nb_personnes,
        faits.num_rpls_origine as ident_rep,
        faits.demandeur_id,
        cast(null as {{ dbt.type_string() }}) as attribution_id
    from {{ ref('int_demande_mesures') }} as mesures
    inner join {{ ref('fct_demande') }} as faits
        on mesures.annee = faits.annee and mesures.demandeur_id = faits.demandeur_id
    where faits.est_mutation

),

baux as (

    select
        evenements.epci_siren,
        evenements.annee,
        'mutations' as public,
        attributions.code_commune,
        attributions.bailleur_siren,
        attributions.type_mutation,
        attributions.nb_personnes,
        quittes.ident_rep,
        attributions.demandeur_id,
        attributions.attribution_id
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('evenements') }}
    left join {{ ref('int_logements_quittes') }} as quittes
        on attributions.demandeur_id = quittes.demandeur_id and evenements.annee = quittes.annee
    where evenements.evenement = 'bail_signe' and attributions.est_mutation

),

menages as (

    select
        tous.*,
        row_number() over (
            order by
                tous.public nulls last,
                tous.epci_siren nulls last,
                tous.annee nulls last,
                tous.ident_rep nulls last,
                tous.attribution_id nulls last,
                tous.nb_personnes nulls last
        ) as numero
    from (
        select * from demandes
        union all
        select * from baux
    ) as tous

),

logements as (

    select
        menages.numero,
        logements.nb_pieces,
        logements.surface_habitable,
        row_number() over (
            partition by menages.numero
            order by
                case when logements.millesime <= menages.annee + 1 then 0 else 1 end,
                abs(logements.millesime - menages.annee - 1) nulls last,
                logements.logement_id nulls last
        ) as rang
    from menages
    inner join {{ ref('dim_logement') }} as logements on menages.ident_rep = logements.ident_rep

)

select
    menages.epci_siren,
    menages.annee,
    menages.public,
    menages.demandeur_id,
    menages.attribution_id,
    menages.code_commune,
    menages.bailleur_siren,
    menages.type_mutation,
    logements.nb_pieces - menages.nb_personnes > seuils.ecart_pieces_max as est_sous_occupe,
    logements.surface_habitable < minimales.surface_min_m2 as est_sur_occupe
from menages
inner join {{ source('seeds', 'ref_seuils_occupation') }} as seuils
    on
        {{ dernier_jour('menages.annee') }} >= seuils.debut
        and {{ dernier_jour('menages.annee') }} <= coalesce(seuils.fin, {{ dernier_jour('menages.annee') }})
left join logements on menages.numero = logements.numero and logements.rang = 1
left join (
    select
        *,
        max(nb_personnes) over () as nb_personnes_max
    from {{ source('seeds', 'ref_surfaces_minimales') }}
) as minimales
    on
        minimales.nb_personnes = {{ plus_petit('menages.nb_personnes', 'minimales.nb_personnes_max') }}
