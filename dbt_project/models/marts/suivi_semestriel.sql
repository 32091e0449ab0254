-- Reinforced follow-up of each landlord outside priority neighbourhoods, as of 30 June and 31 December: judged on the last
-- six months, kept until the rolling twelve months are back on target. A figure that the small-cell rule masks gives no
-- judgement. One row per EPCI, landlord and half-year.
with
-- What each landlord sent to the prefect for a half-year: the first sending counts for the date, and it is complete when
-- every sending says so.
transmissions as (

    select
        transmissions.epci_siren,
        coalesce(bailleurs.bailleur_siren, transmissions.bailleur_siren) as bailleur_siren,
        transmissions.semestre,
        min(transmissions.date_transmission) as date_transmission,
        {{ somme('transmissions.nb_attributions') }} as nb_attributions,
        bool_and(transmissions.est_complete) as est_complete
    from {{ source('sne', 'sne_transmissions') }} as transmissions
    left join {{ ref('int_bailleurs') }} as bailleurs on transmissions.bailleur_siren = bailleurs.siren
    group by 1, 2, 3

),

fenetres as (

    select
        epci_siren,
        periode,
        modalite as bailleur_siren,
        min(modalite_libelle) as bailleur,
        max(case when periode_type = 'glissant_6m' then numerateur end) as numerateur_6m,
        max(case when periode_type = 'glissant_6m' then denominateur end) as denominateur_6m,
        max(case when periode_type = 'glissant_6m' then inconnus end) as inconnus_6m,
        max(case when periode_type = 'glissant_6m' then valeur end) as taux_6m,
        bool_and(case when periode_type = 'glissant_6m' then atteint end) as atteint_6m,
        max(case when periode_type = 'glissant_6m' then manque end) as manque_6m,
        max(case when periode_type = 'glissant_6m' then statut end) as statut_6m,
        max(case when periode_type = 'glissant_12m' then valeur end) as taux_12m,
        bool_and(case when periode_type = 'glissant_12m' then atteint end) as atteint_12m,
        max(case when periode_type = 'glissant_12m' then manque end) as manque_12m,
        max(case when periode_type = 'glissant_12m' then statut end) as statut_12m,
        bool_or(petit_effectif) as petit_effectif,
        max(cible) as cible
    from {{ ref('indicateurs') }}
    where
        indicateur = 'hors_qpv_q1'
        and axe = 'bailleur'
        and segment_type = 'tous'
        and periode_type in ('glissant_6m', 'glissant_12m')
        and right(periode, 2) in ('06', '12')
    group by 1, 2, 3

),

etats as (

    select
        *,
        case
            when not atteint_6m then 1
            when atteint_6m and atteint_12m then 0
        end as bascule
    from fenetres

),

calendrier as (

    select
        epci_siren,
        max(delai_jours) as delai_jours
    from {{ source('conventions_publiees', 'convention_calendrier') }}
    where rapport = 'suivi_semestriel'
    group by epci_siren

),

dates as (

    select
        etats.*,
        make_date(cast(left(etats.periode, 4) as integer), cast(right(etats.periode, 2) as integer), 1) as mois,
        {{ derniere_connue('etats.bascule') }} over (
            partition by etats.epci_siren, etats.bailleur_siren
            order by etats.periode nulls last
            rows between unbounded preceding and current row
        ) as etat
    from etats

)

select
    dates.epci_siren,
    left(dates.periode, 4) || case when right(dates.periode, 2) = '06' then '-S1' else '-S2' end as semestre,
    {{ ajouter_mois('dates.mois', 1) }} - 1 as date_arrete,
    dates.bailleur_siren,
    dates.bailleur,
    dates.numerateur_6m,
    dates.denominateur_6m,
    dates.inconnus_6m,
    dates.taux_6m,
    dates.taux_12m,
    dates.cible,
    dates.atteint_6m,
    dates.atteint_12m,
    dates.manque_6m,
    dates.manque_12m,
    case dates.etat when 1 then true when 0 then false end as en_suivi_renforce,
    {{ ajouter_mois('dates.mois', 1) }} - 1 + cast(calendrier.delai_jours as integer) as date_limite_transmission,
    transmissions.date_transmission,
    transmissions.nb_attributions as nb_attributions_transmises,
    transmissions.est_complete,
    transmissions.date_transmission
    <= {{ ajouter_mois('dates.mois', 1) }} - 1 + cast(calendrier.delai_jours as integer) as transmis_a_temps,
    case
        when transmissions.date_transmission is null then 'inconnue'
        when not transmissions.est_complete then 'partielle'
        when
            transmissions.date_transmission
            > {{ ajouter_mois('dates.mois', 1) }} - 1 + cast(calendrier.delai_jours as integer)
            then 'tardive'
        else 'a_temps'
    end as transmission,
    -- A partial or missing transmission is a failure whatever the rate.
    case
        when not transmissions.est_complete then true
        when dates.etat = 1 then true
        when dates.etat = 0 then false
    end as manquement,
    dates.petit_effectif,
    coalesce(dates.statut_6m, dates.statut_12m) as statut
from dates
left join calendrier on dates.epci_siren = calendrier.epci_siren
left join transmissions
    on
        dates.epci_siren = transmissions.epci_siren
        and dates.bailleur_siren = transmissions.bailleur_siren
        and left(dates.periode, 4) || case when right(dates.periode, 2) = '06' then '-S1' else '-S2' end
        = transmissions.semestre
