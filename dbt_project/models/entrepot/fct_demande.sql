-- One row per request active on 31 December of a covered year; the first choice and the other choices are kept apart, and
-- are never added up.
with menages as (

    select
        demandes.*,
        {{ unites_consommation('demandes', 'echelle') }} as uc,
        {{ ressources_annuelles_retenues(
            'demandes', unites_consommation('demandes', 'echelle'), 'douteuses', 'traitements.ressources_douteuses'
        ) }} as ressources_annuelles
    from {{ ref('int_demande_active') }} as demandes
    left join {{ source('seeds', 'ref_unites_consommation') }} as echelle
        on
            demandes.date_situation >= echelle.debut
            and demandes.date_situation <= coalesce(echelle.fin, demandes.date_situation)
    {{ joindre_ressources_douteuses('demandes.date_situation', 'douteuses') }}
    {{ joindre_epci('demandes.annee', 'demandes.commune_choix1', 'lieux') }}
    left join {{ ref('int_parametres') }} as traitements on lieux.epci_siren = traitements.epci_siren

)

select
    menages.annee,
    menages.demandeur_id,
    menages.date_situation,
    menages.millesime as millesime_extraction,
    menages.date_extraction,
    menages.date_premier_depot,
    {{ jours_entre('menages.date_premier_depot', 'menages.date_situation') }} as anciennete_jours,
    menages.date_renouvellement,
    menages.code_commune_choix1,
    {{ commune_courante('menages.commune_choix2', 'choix2') }} as code_commune_choix2,
    {{ commune_courante('menages.commune_choix3', 'choix3') }} as code_commune_choix3,
    membres.epci_siren as epci_siren_choix1,
    membres2.epci_siren as epci_siren_choix2,
    membres3.epci_siren as epci_siren_choix3,
    communes.departement as departement_choix1,
    menages.typologie_souhaitee as typologie,
    menages.residence_origine,
    menages.num_rpls_origine,
    menages.cotation,
    menages.guichet,
    menages.uc as nb_uc,
    menages.ressources_annuelles,
    {{ en_decimal('cast(menages.ressources_annuelles as double) / nullif(cast(menages.uc as double), 0)', 14, 2) }}
        as ressources_uc,
    menages.rfr,
    {{ plafond_du_menage('PLAI', rang_categorie('menages')) }} as plafond_plai,
    -- The ceiling of the commune of first choice.
    menages.rfr <= {{ plafond_du_menage('PLAI', rang_categorie('menages')) }} as est_sous_plafond_plai,
    {{ quartile(
        'menages.ressources_annuelles', 'menages.uc', 'seuils.seuil_q1', 'seuils.borne_q2', 'seuils.borne_q3',
        'parametres.egalite_seuil'
    ) }} as quartile,
    menages.composition,
    menages.nb_personnes,
    menages.nb_moins_14,
    menages.nb_enfants,
    menages.age,
    menages.situation_pro,
    menages.situation_logement,
    {{ commune_courante('menages.code_commune_origine', 'origine') }} as code_commune_origine,
    origines.epci_siren as epci_siren_origine,
    menages.mutation as est_mutation,
    case when menages.mutation then 'mutation' when not menages.mutation then 'primo' end as demandeur,
    menages.dalo as est_dalo,
    menages.travailleur_essentiel as est_travailleur_essentiel,
    menages.priorite_l441_1 as est_priorite_l441_1,
    menages._fichier,
    menages._ligne
from menages
{{ joindre_commune('menages.commune_choix2', 'choix2') }}
{{ joindre_commune('menages.commune_choix3', 'choix3') }}
{{ joindre_commune('menages.code_commune_origine', 'origine') }}
{{ joindre_epci('menages.annee', 'menages.commune_choix1', 'membres') }}
{{ joindre_epci('menages.annee', 'menages.commune_choix2', 'membres2') }}
{{ joindre_epci('menages.annee', 'menages.commune_choix3', 'membres3') }}
{{ joindre_epci('menages.annee', 'menages.code_commune_origine', 'origines') }}
left join {{ ref('dim_commune') }} as communes on menages.code_commune_choix1 = communes.code_commune
{{ joindre_plafonds(
    ['PLAI'], 'menages.code_commune_choix1', 'communes.departement', 'menages.date_situation', rang_categorie('menages')
) }}
left join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
left join {{ ref('int_seuils_epci') }} as seuils
    on menages.annee = seuils.annee and membres.epci_siren = seuils.epci_siren
