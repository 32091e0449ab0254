{{ config(alias='contradictions') }}
-- What an allocation says that cannot all be true, and the rule that was followed: a code of a priority neighbourhood that no list
-- has, or has in another commune, is not believed; a signed lease makes its candidate effective, whatever the outcome
-- written beside it, and is no refusal; a candidate « attribué » without a lease is not effective when one ranked after it
-- signed; two leases of a person within days of each other, two decisions on one dwelling,
-- two persons who sign one dwelling on one day, are counted both; a request said to be active that has a past date of
-- striking off is struck off. One row per allocation or request and rule; published territories only.
with attributions as (

    select
        faits.*,
        lag(faits.date_signature_bail)
            over (
                partition by faits.demandeur_id
                order by faits.date_signature_bail nulls last, faits.attribution_id nulls last
            ) as bail_precedent,
        lag(faits.date_decision)
            over (
                partition by faits.demandeur_id, faits.num_rpls
                order by faits.date_decision nulls last, faits.attribution_id nulls last
            ) as decision_precedente,
        min(faits.demandeur_id) over (partition by faits.num_rpls, faits.date_signature_bail) as premier_signataire,
        issues.est_attribuee,
        min(case when issues.est_attribuee and not coalesce(faits.est_bail_signe, true) then faits.rang end)
            over (partition by faits.cle_commission) as premier_rang_sans_bail
    from {{ ref('fct_attribution') }} as faits
    left join {{ source('seeds', 'ref_issues') }} as issues on faits.issue = issues.issue

),

lignes as (

    select
        attribution_id,
        'qpv_' || statut_code_qpv as regle
    from attributions
    where statut_code_qpv in ('inexistant', 'autre_commune')
    union all
    select
        attribution_id,
        'bail_sans_attribution' as regle
    from attributions
    where est_bail_signe and not est_attribuee
    union all
    select
        attribution_id,
        'bail_d_un_rang_suivant' as regle
    from attributions
    where est_bail_signe and rang > premier_rang_sans_bail
    union all
    select
        attributions.attribution_id,
        'baux_rapproches' as regle
    from attributions
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            attributions.date_signature_bail >= bornes.debut
            and attributions.date_signature_bail <= coalesce(bornes.fin, attributions.date_signature_bail)
    where
        {{ jours_entre('attributions.bail_precedent', 'attributions.date_signature_bail') }} < bornes.jours_entre_baux_min
    union all
    select
        attributions.attribution_id,
        'decisions_rapprochees' as regle
    from attributions
    inner join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
        on
            attributions.date_decision >= bornes.debut
            and attributions.date_decision <= coalesce(bornes.fin, attributions.date_decision)
    where
        attributions.num_rpls is not null
        and {{ jours_entre('attributions.decision_precedente', 'attributions.date_decision') }} < bornes.jours_entre_baux_min
    union all
    select
        attribution_id,
        'deux_signataires' as regle
    from attributions
    where num_rpls is not null and date_signature_bail is not null and demandeur_id <> premier_signataire

)

select
    attributions.epci_siren,
    cast(
        extract(year from coalesce(attributions.date_signature_bail, attributions.date_decision)) as integer
    ) as annee,
    lignes.regle,
    case lignes.regle
        when 'qpv_inexistant'
            then
                'Le code de quartier prioritaire n''est dans aucune liste de sa génération : il n''est pas cru, le répertoire ou la'
                || ' déclaration le remplace.'
        when 'qpv_autre_commune'
            then
                'Le code de quartier prioritaire est celui d''une autre commune : il n''est pas cru, le répertoire ou la'
                || ' déclaration le remplace.'
        when 'bail_sans_attribution'
            then
                'Un bail est signé alors que la suite donnée n''est pas « attribué » : l''attribution est comptée effective, et non'
                || ' refusée.'
        when 'baux_rapproches'
            then
                'La même personne a signé un autre bail quelques jours plus tôt : les deux sont comptés. L''un répète sans doute'
                || ' l''autre (commission, logement ou résidence écrits autrement) : le corriger à la source.'
        when 'decisions_rapprochees'
            then
                'La même personne a été examinée pour le même logement quelques jours plus tôt : les deux décisions sont comptées.'
                || ' Si la date de la commission a été corrigée, retirer l''ancienne.'
        when 'deux_signataires'
            then
                'Une autre personne a signé le même jour un bail pour le même logement : les deux sont comptés. S''ils sont'
                || ' cotitulaires, ou si le numéro du logement est faux, le corriger à la source.'
        else
            'Un bail est signé à ce rang alors qu''un rang précédent reste « attribué » sans bail : seul le signataire est effectif.'
    end as message,
    attributions._fichier as fichier,
    cast(attributions._ligne as bigint) as ligne
from lignes
inner join attributions on lignes.attribution_id = attributions.attribution_id
inner join {{ ref('int_parametres') }} as parametres on attributions.epci_siren = parametres.epci_siren
union all
select
    membres.epci_siren,
    cast(extract(year from demandes.date_extraction) as integer) as annee,
    'active_et_radiee' as regle,
    'La demande est dite active et a une date de radiation passée : elle est comptée radiée à cette date.' as message,
    demandes._fichier as fichier,
    cast(demandes._ligne as bigint) as ligne
from {{ source('sne', 'sne_demandes') }} as demandes
{{ joindre_epci('extract(year from demandes.date_extraction)', 'demandes.commune_choix1', 'membres') }}
inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
where demandes.statut = 'active' and demandes.date_radiation <= demandes.date_extraction
