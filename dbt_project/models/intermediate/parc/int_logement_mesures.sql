-- The rule of every stock indicator, on every dwelling of the stock of a published territory.
select
    logements.millesime,
    logements.logement_id,
    logements.epci_siren,
    logements.code_commune,
    logements.departement,
    case when logements.secteur = 'qpv' then logements.code_qpv end as code_qpv,
    logements.bailleur_siren,
    logements.residence,
    logements.segment_sans_residence,
    logements.secteur,
    logements.typologie,
    logements.famille_financement,
    logements.periode_construction,
    logements.type_construction,
    logements.dpe_energie,
    case when logements.loyer_principal is not null then tranches.code end as tranche_loyer,
    {{ effectif('logements', "true") }},
    {{ taux('part_qpv', "true",
            "case when logements.secteur <> 'inconnu' then logements.secteur = 'qpv' end", "false") }},
    -- The official method keeps the dwelling in the denominator when the date is unknown; it is counted apart as well.
    {{ taux('vacance', "logements.est_loue or logements.est_vacant", "logements.est_vacant", "true") }},
    {{ taux('vacance_3mois', "logements.est_loue or logements.est_vacant", "logements.est_vacant_3_mois", "true") }},
    {{ taux('mobilite', "logements.est_en_service_avant and (logements.est_loue or logements.est_vacant)",
            "logements.est_emmenagement_recent", "true") }},
    -- New when it was first let in the social stock in the year before the vintage; one let in the year may be new or not.
    {{ taux('logements_loues_annee', "true", "case when not logements.est_loue then false else logements.est_emmenagement_recent end", "false") }},
    {{ taux('logements_neufs', "true", "logements.annee_location >= logements.millesime - 1", "false") }},
    {{ taux('vacance_technique', "true", "case when logements.mode is not null then coalesce(modes.est_vacance_technique, false) end", "false") }},
    case when logements.est_loue then logements.loyer_principal end as loyer,
    case when logements.est_loue then logements.surface_louee end as surface,
    {{ compte("logements.est_loue and logements.loyer_principal is null") }} as loyer_inc
from {{ ref('fct_logement') }} as logements
inner join {{ ref('int_parametres') }} as parametres on logements.epci_siren = parametres.epci_siren
left join {{ source('seeds', 'ref_vacance_technique') }} as modes on logements.mode = modes.code
left join {{ source('seeds', 'ref_tranches_loyer') }} as tranches
    on
        logements.loyer_principal >= coalesce(tranches.borne_min, 0) * logements.surface_louee
        and (
            tranches.borne_max is null
            or logements.loyer_principal < tranches.borne_max * logements.surface_louee
        )
where logements.est_dans_le_parc
