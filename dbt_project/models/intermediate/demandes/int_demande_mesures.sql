-- The rule of every demand indicator, on every active request of a published territory. A request belongs to the
-- territory of its first choice, or of any of its choices when the convention says so (once per territory).
with choix as (

    select
        demandes.annee,
        demandes.demandeur_id,
        demandes.epci_siren_choix1 as epci_siren,
        1 as rang
    from {{ ref('fct_demande') }} as demandes
    where demandes.epci_siren_choix1 is not null
    {%- for n in [2, 3] %}
    union all
    select
        demandes.annee,
        demandes.demandeur_id,
        demandes.epci_siren_choix{{ n }} as epci_siren,
        {{ n }} as rang
    from {{ ref('fct_demande') }} as demandes
    where demandes.epci_siren_choix{{ n }} is not null
    {%- endfor %}

),

territoires as (

    select
        choix.annee,
        choix.demandeur_id,
        choix.epci_siren,
        min(choix.rang) as rang
    from choix
    inner join {{ ref('int_parametres') }} as parametres on choix.epci_siren = parametres.epci_siren
    {{ joindre_annees_demandees('choix') }}
    where choix.rang = 1 or parametres.territoire_demande = 'tous_choix'
    group by choix.annee, choix.demandeur_id, choix.epci_siren

)

select
    territoires.annee,
    territoires.epci_siren,
    territoires.demandeur_id,
    case when territoires.rang = 1 then demandes.code_commune_choix1 end as code_commune,
    case when territoires.rang = 1 then demandes.departement_choix1 end as departement,
    demandes.guichet,
    demandes.typologie,
    demandes.quartile,
    demandes.demandeur,
    demandes.composition,
    demandes.anciennete_jours,
    {{ effectif('demandes', "true") }},
    {{ taux('part_mutations_demande', "true", "demandes.est_mutation", "false") }},
    {{ taux('part_endogene', "true",
            "case when demandes.code_commune_origine is not null"
            " then coalesce(demandes.epci_siren_origine = territoires.epci_siren, false) end", "false") }},
    {{ taux('part_travailleurs_essentiels_demande', "true", "demandes.est_travailleur_essentiel", "false") }},
    {{ taux('part_sous_plafond_plai_demande', "true", "demandes.est_sous_plafond_plai", "false") }},
    {{ taux('ressources_renseignees', "true", "demandes.ressources_uc is not null", "false") }}
from territoires
inner join {{ ref('fct_demande') }} as demandes
    on territoires.annee = demandes.annee and territoires.demandeur_id = demandes.demandeur_id
