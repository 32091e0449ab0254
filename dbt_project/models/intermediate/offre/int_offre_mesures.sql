-- What each dwelling of the stock is, for comparing what was let in the year and what was built with the stock itself. A dwelling
-- is new when it was first let in the social stock in the year before the vintage; one let in the year may be new or not.
select
    mesures.millesime,
    mesures.logement_id,
    mesures.epci_siren,
    mesures.code_commune,
    mesures.departement,
    mesures.code_qpv,
    mesures.bailleur_siren,
    mesures.residence,
    mesures.secteur,
    mesures.typologie,
    mesures.famille_financement,
    mesures.periode_construction,
    mesures.type_construction,
    mesures.dpe_energie,
    case when logements.loyer_principal is not null then tranches.code end as tranche_loyer,
    {{ effectif('logements', "true") }},
    {{ taux('logements_loues_annee', "true", "case when not logements.est_loue then false else logements.est_emmenagement_recent end", "false") }},
    {{ taux('logements_neufs', "true", "logements.annee_location >= logements.millesime - 1", "false") }},
    {{ taux('vacance_technique', "true", "case when logements.mode is not null then coalesce(modes.est_vacance_technique, false) end", "false") }}
from {{ ref('int_logement_mesures') }} as mesures
inner join {{ ref('fct_logement') }} as logements
    on mesures.logement_id = logements.logement_id and mesures.millesime = logements.millesime
left join {{ source('seeds', 'ref_vacance_technique') }} as modes on logements.mode = modes.code
left join {{ source('seeds', 'ref_tranches_loyer') }} as tranches
    on
        logements.loyer_principal >= coalesce(tranches.borne_min, 0) * logements.surface_louee
        and (
            tranches.borne_max is null
            or logements.loyer_principal < tranches.borne_max * logements.surface_louee
        )
