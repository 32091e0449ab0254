-- Households of the active requests and of the leases of each year, described the same way so that they can be compared: age,
-- resources, seniority, housing and work situation, where they come from. What a row does not say is `inconnu`.
with demandes as (

    select
        mesures.epci_siren,
        mesures.annee,
        'demandes' as indicateur,
        faits.demandeur_id as identifiant,
        mesures.code_commune,
        faits.age,
        faits.ressources_uc,
        faits.situation_logement,
        faits.situation_pro,
        faits.date_premier_depot,
        faits.code_commune_origine,
        faits.epci_siren_origine,
        faits.date_situation as date_reference
    from {{ ref('int_demande_mesures') }} as mesures
    inner join {{ ref('fct_demande') }} as faits
        on mesures.annee = faits.annee and mesures.demandeur_id = faits.demandeur_id

),

baux as (

    select
        evenements.epci_siren,
        evenements.annee,
        'baux' as indicateur,
        attributions.attribution_id as identifiant,
        attributions.code_commune,
        attributions.age,
        attributions.ressources_uc,
        attributions.situation_logement,
        attributions.situation_pro,
        attributions.date_premier_depot,
        attributions.code_commune_origine,
        origines.epci_siren as epci_siren_origine,
        evenements.date_evenement as date_reference
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('evenements') }}
    {{ joindre_epci('evenements.annee', 'attributions.code_commune_origine_lu', 'origines') }}
    where evenements.evenement = 'bail_signe'

),

-- The départements of the territory: that of the wanted commune where it is known, else any of them.
departements as (

    select distinct
        epci_siren,
        annee,
        {{ departement_de('code_commune') }} as departement
    from {{ ref('int_epci_membres') }}
    where est_listee

),

menages as (

    select * from demandes
    union all
    select * from baux

)

select
    menages.epci_siren,
    menages.annee,
    menages.indicateur,
    menages.identifiant,
    menages.code_commune,
    coalesce(ages.code, 'inconnu') as tranche_age,
    coalesce(ressources.code, 'inconnu') as tranche_ressources,
    coalesce(anciennetes.code, 'inconnu') as tranche_anciennete,
    coalesce(menages.situation_logement, 'inconnu') as situation_logement,
    coalesce(menages.situation_pro, 'inconnu') as situation_pro,
    case
        when menages.code_commune_origine is null then 'inconnu'
        when menages.epci_siren_origine = menages.epci_siren then 'endogene'
        when departements.departement is not null then 'departement'
        else 'ailleurs'
    end as origine
from menages
inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        menages.date_reference >= bornes.debut
        and menages.date_reference <= coalesce(bornes.fin, menages.date_reference)
left join {{ source('seeds', 'ref_tranches_age') }} as ages
    on
        menages.age >= coalesce(ages.borne_min, menages.age)
        and (ages.borne_max is null or menages.age < ages.borne_max)
left join {{ source('seeds', 'ref_tranches_ressources') }} as ressources
    on
        menages.ressources_uc >= coalesce(ressources.borne_min, 0) * bornes.mois_par_an
        and (ressources.borne_max is null or menages.ressources_uc < ressources.borne_max * bornes.mois_par_an)
left join {{ source('seeds', 'ref_tranches_anciennete') }} as anciennetes
    on
        {{ mois_revolus('menages.date_premier_depot', 'menages.date_reference') }} >= coalesce(anciennetes.mois_min, 0)
        and (
            anciennetes.mois_max is null
            or {{ mois_revolus('menages.date_premier_depot', 'menages.date_reference') }} < anciennetes.mois_max
        )
left join departements
    on
        menages.epci_siren = departements.epci_siren
        and menages.annee = departements.annee
        and {{ departement_de('menages.code_commune_origine') }} = departements.departement
        and departements.departement
        = coalesce({{ departement_de('menages.code_commune') }}, departements.departement)
