-- The rule of every allocation indicator, on every event: does the row belong to its base, does it answer, is the answer
-- unknown? A rate is later a sum of `_num` over a sum of `_den`; nothing else is ever computed from them.
with origines as (

    -- Where the dwelling stood that an applicant left, for those rehoused.
    select
        quittes.demandeur_id,
        quittes.annee,
        {%- for generation in var('generations_qpv') %}
        max(logements.code_qpv_{{ generation }}) as origine_qpv_{{ generation }},
        {%- endfor %}
        count(*) as nb
    from {{ ref('int_logements_quittes') }} as quittes
    inner join {{ ref('dim_logement') }} as logements on quittes.ident_rep = logements.ident_rep
    group by quittes.demandeur_id, quittes.annee

),

assimilees as (

    select
        evenements.attribution_id,
        evenements.evenement,
        min(zones.zone) as zone
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('int_attribution_zone') }} as zones
        on
            evenements.attribution_id = zones.attribution_id
            and zones.type_zone = 'assimile'
            and evenements.date_evenement >= coalesce(zones.debut, evenements.date_evenement)
            and evenements.date_evenement <= coalesce(zones.fin, evenements.date_evenement)
    group by evenements.attribution_id, evenements.evenement

),

fragiles as (

    select distinct
        zones.attribution_id,
        zones.debut,
        zones.fin
    from {{ ref('int_attribution_zone') }} as zones
    where zones.type_zone = 'fragile'

),

territoires_fragiles as (

    select distinct epci_siren
    from {{ ref('int_zones') }}
    where type_zone = 'fragile'

),

faits as (

    select
        evenements.attribution_id,
        evenements.evenement,
        evenements.date_evenement,
        evenements.annee,
        evenements.mois,
        evenements.epci_siren,
        evenements.code_qpv,
        assimilees.zone as zone_assimilee,
        evenements.secteur,
        -- The sector of the lists of neighbourhoods alone.
        {{ secteur('false', 'evenements.en_qpv_strict') }} as secteur_strict,
        evenements.quartile,
        evenements.seuil_q1 is not null as est_seuil_connu,
        attributions.code_commune,
        attributions.departement,
        attributions.bailleur_siren,
        attributions.reservataire,
        attributions.residence,
        attributions.typologie,
        attributions.composition,
        attributions.financement,
        attributions.est_mutation,
        case
            when attributions.est_mutation then 'mutation'
            when not attributions.est_mutation then 'primo'
        end as demandeur,
        attributions.issue,
        attributions.est_bail_signe,
        attributions.est_entree,
        attributions.est_prioritaire,
        attributions.est_dalo,
        attributions.est_travailleur_essentiel,
        attributions.est_mal_loges,
        attributions.est_relogement,
        attributions.est_relogement_objectif as est_releve,
        attributions.pct_plafond_plus < bornes.bas_revenus_pct_max as est_bas_revenus,
        case
            when not situations.est_solvable or attributions.pct_plafond_plus <= bornes.porteurs_mixite_pct_min then false
            when situations.est_solvable and attributions.pct_plafond_plus > bornes.porteurs_mixite_pct_min then true
        end as est_porteur_mixite,
        attributions.est_sous_plafond_plai,
        attributions.ressources_uc,
        attributions.num_rpls,
        attributions.logement_id,
        contingents.est_non_reserve,
        {{ jours_entre('attributions.date_premier_depot', 'evenements.date_evenement') }} as delai_jours,
        case
            when attributions.est_neuf then true
            when attributions.annee_mise_en_service is not null
                then evenements.annee - attributions.annee_mise_en_service < bornes.annees_logement_recent
            else attributions.est_neuf
        end as est_recent,
        case
            {%- for generation in var('generations_qpv') %}
            when evenements.generation_qpv = {{ generation }} and origines.nb is not null
                then coalesce(evenements.code_qpv, '') <> coalesce(origines.origine_qpv_{{ generation }}, '')
            {%- endfor %}
        end as est_hors_site,
        case
            when exists (
                    select 1
                    from {{ ref('int_attribution_zone') }} as zones
                    where
                        zones.attribution_id = evenements.attribution_id
                        and zones.type_zone = 'qva'
                        and evenements.date_evenement >= coalesce(zones.debut, evenements.date_evenement)
                        and evenements.date_evenement <= coalesce(zones.fin, evenements.date_evenement)
            ) then true
            else false
        end as est_qva,
        case
            when territoires_fragiles.epci_siren is null then null
            else exists (
                select 1
                from fragiles
                where
                    fragiles.attribution_id = evenements.attribution_id
                    and evenements.date_evenement >= coalesce(fragiles.debut, evenements.date_evenement)
                    and evenements.date_evenement <= coalesce(fragiles.fin, evenements.date_evenement)
            )
        end as est_fragile,
        parametres.inconnus_au_denominateur = 'inclus' as inconnus_inclus,
        parametres.releves_qpv = 'toujours' as releves_toujours,
        parametres.base_bailleur_prioritaires = 'toutes' as base_toutes,
        evenements.evenement = parametres.evenement_hors_qpv as compte_hors_qpv,
        evenements.evenement = parametres.evenement_qpv as compte_qpv,
        evenements.evenement = parametres.evenement_prioritaires as compte_prioritaires,
        evenements.evenement = parametres.evenement_mutations as compte_mutations
    from {{ ref('fct_evenement_attribution') }} as evenements
    inner join {{ ref('fct_attribution') }} as attributions
        on evenements.attribution_id = attributions.attribution_id
    inner join {{ ref('int_parametres') }} as parametres on evenements.epci_siren = parametres.epci_siren
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            evenements.date_evenement >= bornes.debut
            and evenements.date_evenement <= coalesce(bornes.fin, evenements.date_evenement)
    left join {{ source('seeds', 'ref_situations_pro') }} as situations
        on attributions.situation_pro = situations.situation_pro
    left join {{ ref('dim_reservataire') }} as contingents on attributions.reservataire = contingents.reservataire
    left join origines
        on attributions.demandeur_id = origines.demandeur_id and evenements.annee = origines.annee
    left join assimilees
        on
            evenements.attribution_id = assimilees.attribution_id
            and evenements.evenement = assimilees.evenement
    left join territoires_fragiles on evenements.epci_siren = territoires_fragiles.epci_siren

)

select
    attribution_id,
    evenement,
    date_evenement,
    annee,
    mois,
    epci_siren,
    code_commune,
    departement,
    -- An assimilated neighbourhood stands among the priority ones under its own name.
    case when secteur = 'qpv' then coalesce(code_qpv, zone_assimilee) end as code_qpv,
    bailleur_siren,
    reservataire,
    residence,
    secteur,
    -- A watched neighbourhood (QVA) is not a priority one; some conventions follow both together.
    case when secteur = 'qpv' or est_qva then 'qpv_et_qva' when secteur = 'hors_qpv' then 'autre' end as secteur_elargi,
    quartile,
    typologie,
    composition,
    financement,
    demandeur,
    case when evenement = 'bail_signe' then delai_jours end as delai_jours,
    secteur_strict,
    {%- for reponse in reponses_attribution() %}
    {{ reponse }},
    {%- endfor %}

    -- Outside priority neighbourhoods: first quartile or rehoused (union, not sum); a rehoused household needs no income. For
    -- want of a threshold nothing is known of the others: rehoused households alone never make a rate.
    {{ taux_de_la_regle('hors_qpv_q1') }},
    {{ taux('hors_qpv_q1_strict', "compte_hors_qpv and secteur = 'hors_qpv'", "quartile = 'Q1'") }},

    -- In priority neighbourhoods: quartiles 2, 3 and 4.
    {{ taux_de_la_regle('qpv_q234') }},
    {{ taux('qpv_q2', "compte_qpv and secteur = 'qpv'",
            "case when quartile <> 'Q2-4' then quartile = 'Q2' end") }},
    {{ taux_de_la_regle('qpv_q34') }},

    -- Priority publics: a household is counted once whatever its number of grounds.
    {{ taux_de_la_regle('prioritaires') }},
    {{ taux('prioritaires_bailleur', "compte_prioritaires and (base_toutes or est_non_reserve)", "est_prioritaire") }},
    {{ taux('dalo', "compte_prioritaires", "est_dalo") }},
    {{ taux_de_la_regle('mal_loges') }},
    {{ taux_de_la_regle('travailleurs_essentiels') }},
    {{ taux_de_la_regle('mutations') }},

    -- Resources in percentage of the PLUS ceiling.
    {{ taux_de_la_regle('bas_revenus') }},
    {{ taux_de_la_regle('porteurs_mixite') }},
    {{ taux('sous_plafond_plai', "evenement = 'bail_signe'", "est_sous_plafond_plai") }},

    -- Where the first quartile was housed, among those housed outside priority neighbourhoods.
    {{ taux('q1_secteurs_fragiles', "evenement = 'bail_signe' and secteur = 'hors_qpv' and quartile = 'Q1'",
            "est_fragile") }},

    -- Rehousing.
    {{ taux('relogements_hors_site', "evenement = 'bail_signe' and est_relogement", "est_hors_site") }},
    {{ taux('relogements_hors_qpv', "evenement = 'bail_signe' and est_relogement",
            "case when secteur <> 'inconnu' then secteur = 'hors_qpv' end") }},
    {{ taux('relogements_neuf', "evenement = 'bail_signe' and est_relogement", "est_recent") }},

    -- Counts, and what becomes of a decision.
    {{ effectif('baux', "evenement = 'bail_signe'") }},
    {{ effectif('attributions_prononcee', "evenement = 'prononcee'") }},
    {{ effectif('attributions_effective', "evenement = 'effective'", "evenement = 'effective_inconnue'") }},
    {{ effectif('attributions_bail_signe', "evenement = 'bail_signe'") }},
    {{ effectif('attributions_entree', "evenement = 'entree'") }},
    {{ taux('conversion_bail_effective', "evenement = 'effective'", "est_bail_signe") }},
    {{ taux('conversion_bail_entree', "evenement = 'bail_signe'", "est_entree") }},
    {{ taux('refus', "evenement = 'prononcee'", "issue = 'refus' and not coalesce(est_bail_signe, false)") }},

    -- How complete the rows are.
    {{ taux('completude_ressources', "evenement = 'bail_signe'", "ressources_uc is not null", "true") }},
    {{ taux('completude_qpv', "evenement = 'bail_signe'", "secteur <> 'inconnu'", "true") }},
    {{ taux('completude_num_rpls', "evenement = 'bail_signe'", "num_rpls is not null", "true") }},
    {{ taux('rattachement_rpls', "evenement = 'bail_signe'", "logement_id is not null", "true") }},
    {{ taux('completude_reservataire', "evenement = 'bail_signe'", "reservataire is not null", "true") }}
from faits
