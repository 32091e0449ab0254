-- What a household of the first quartile has to pay with, and what its housing aid is computed from, for each territory,
-- vintage, zone and type of household: resources at the threshold of the year that pairs with the vintage, and the scales in
-- force on the day of the register. A scale older than the first known one takes the first; `debut_bareme` says which.
with territoires as (

    select
        seuils.epci_siren,
        seuils.annee + 1 as millesime,
        {{ premier_jour('seuils.annee + 1') }} as date_situation,
        seuils.seuil_q1,
        seuils.annee_seuil_q1
    from {{ ref('int_seuils_epci') }} as seuils
    inner join {{ ref('int_parametres') }} as parametres on seuils.epci_siren = parametres.epci_siren
    where
        seuils.seuil_q1 is not null
        and seuils.annee + 1 in (select distinct logements.millesime from {{ ref('stg_rpls__logements') }} as logements)

),

{%- for table in ['plafonds_loyer', 'baremes', 'foyers'] %}

debuts_{{ table }} as (

    select
        territoires.millesime,
        coalesce(
            max(case when dates.debut <= territoires.date_situation then dates.debut end), min(dates.debut)
        ) as debut
    from (select distinct millesime, date_situation from territoires) as territoires
    cross join (select distinct debut from {{ source('seeds', 'ref_apl_' ~ table) }}) as dates
    group by territoires.millesime

),
{%- endfor %}

plafonds as (

    select
        debuts.millesime,
        plafonds.*
    from debuts_plafonds_loyer as debuts
    inner join {{ source('seeds', 'ref_apl_plafonds_loyer') }} as plafonds on debuts.debut = plafonds.debut

),

types as (

    select
        territoires.epci_siren,
        territoires.millesime,
        territoires.seuil_q1,
        territoires.annee_seuil_q1,
        menages.menage,
        menages.libelle as menage_libelle,
        menages.ordre,
        menages.foyer,
        menages.nb_personnes_a_charge as nb_pac,
        echelle.premiere_personne
        + echelle.personne_14_ans_et_plus * (menages.nb_personnes - 1 - menages.nb_moins_14)
        + echelle.enfant_moins_14_ans * menages.nb_moins_14 as nb_uc,
        cast(hypotheses.charges_eur_m2_mois as double) as charges_eur_m2_mois,
        cast(hypotheses.coefficient_ressources_apl as double) as coefficient_ressources_apl,
        cast(hypotheses.part_seuil_q1 as double) as part_seuil_q1
    from territoires
    cross join {{ source('seeds', 'ref_menages_types') }} as menages
    inner join {{ source('seeds', 'ref_unites_consommation') }} as echelle
        on
            territoires.date_situation >= echelle.debut
            and territoires.date_situation <= coalesce(echelle.fin, territoires.date_situation)
    inner join {{ source('seeds', 'ref_hypotheses_accessibilite') }} as hypotheses
        on
            territoires.date_situation >= hypotheses.debut
            and territoires.date_situation <= coalesce(hypotheses.fin, territoires.date_situation)

),

-- The ceiling of a household in a zone; the reference rent of the rate TL is the ceiling of one zone for all.
loyers as (

    select
        types.epci_siren,
        types.millesime,
        types.menage,
        plafonds.zone_apl,
        cast(
            case types.foyer
                when 'seul' then plafonds.personne_seule
                when 'couple' then plafonds.couple
                else plafonds.une_personne_a_charge
                    + (types.nb_pac - 1) * plafonds.personne_a_charge_supplementaire
            end as double
        ) as plafond_loyer
    from types
    inner join plafonds on types.millesime = plafonds.millesime

)

select
    types.epci_siren,
    types.millesime,
    types.menage,
    types.menage_libelle,
    types.ordre,
    loyers.zone_apl,
    types.nb_uc,
    types.seuil_q1,
    types.annee_seuil_q1,
    cast(types.seuil_q1 as double) * types.part_seuil_q1 * cast(types.nb_uc as double) / 12 as revenu_mensuel,
    cast(types.seuil_q1 as double) * types.part_seuil_q1 * cast(types.nb_uc as double) * types.coefficient_ressources_apl
        as ressources_apl,
    types.charges_eur_m2_mois,
    loyers.plafond_loyer,
    references_tl.plafond_loyer as loyer_reference,
    cast(baremes.forfait_charges + types.nb_pac * baremes.forfait_charges_par_personne_a_charge as double)
        as forfait_charges,
    cast(baremes.participation_minimale as double) as participation_minimale,
    cast(baremes.participation_minimale_taux as double) as participation_minimale_taux,
    cast(baremes.tranche_1_pct as double) as tranche_1_pct,
    cast(baremes.tranche_2_pct as double) as tranche_2_pct,
    cast(baremes.taux_tranche_2_pct as double) as taux_tranche_2_pct,
    cast(baremes.taux_tranche_3_pct as double) as taux_tranche_3_pct,
    cast(baremes.abattement_mensuel as double) as abattement_mensuel,
    cast(baremes.montant_minimal as double) as montant_minimal,
    cast(baremes.crds_pct as double) as crds_pct,
    cast(foyers.tf_pct as double) as tf_pct,
    cast(foyers.r0 as double) as r0,
    {{ plus_grand(
        'debuts_plafonds_loyer.debut', plus_grand('debuts_baremes.debut', 'debuts_foyers.debut')
    ) }} as debut_bareme
from types
inner join loyers
    on types.epci_siren = loyers.epci_siren and types.millesime = loyers.millesime and types.menage = loyers.menage
inner join debuts_plafonds_loyer on types.millesime = debuts_plafonds_loyer.millesime
inner join debuts_baremes on types.millesime = debuts_baremes.millesime
inner join {{ source('seeds', 'ref_apl_baremes') }} as baremes on debuts_baremes.debut = baremes.debut
inner join debuts_foyers on types.millesime = debuts_foyers.millesime
inner join {{ source('seeds', 'ref_apl_foyers') }} as foyers
    on
        debuts_foyers.debut = foyers.debut
        and types.foyer = foyers.foyer
        and types.nb_pac = foyers.nb_personnes_a_charge
inner join loyers as references_tl
    on
        types.epci_siren = references_tl.epci_siren
        and types.millesime = references_tl.millesime
        and types.menage = references_tl.menage
        and baremes.loyer_reference_zone = references_tl.zone_apl
