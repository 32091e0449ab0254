{{ config(alias='contradictions') }}
-- What an allocation says that cannot all be true, and the rule that was followed: a code of a priority neighbourhood that no list
-- has, or has in another commune, is not believed; a signed lease makes its candidate effective, whatever the outcome
-- written beside it, and is no refusal; a candidate « attribué » without a lease is not effective when one ranked after it
-- signed. One row per allocation and rule; published territories only.
with attributions as (

    select
        faits.*,
        issues.est_attribuee,
        min(case when issues.est_attribuee and not coalesce(faits.est_bail_signe, true) then faits.rang end)
            over (partition by faits.cle_commission) as premier_rang_sans_bail
    from {{ ref('fct_attribution') }} as faits
    left join {{ ref('ref_issues') }} as issues on faits.issue = issues.issue

),

lignes as (

    select
        attributions.attribution_id,
        'qpv_' || codes.statut as regle
    from attributions
    inner join {{ ref('int_attribution_qpv') }} as codes on attributions.attribution_id = codes.attribution_id
    where codes.statut in ('inexistant', 'autre_commune')
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
        else
            'Un bail est signé à ce rang alors qu''un rang précédent reste « attribué » sans bail : seul le signataire est effectif.'
    end as message,
    attributions._fichier as fichier,
    cast(attributions._ligne as bigint) as ligne
from lignes
inner join attributions on lignes.attribution_id = attributions.attribution_id
inner join {{ ref('int_parametres') }} as parametres on attributions.epci_siren = parametres.epci_siren
