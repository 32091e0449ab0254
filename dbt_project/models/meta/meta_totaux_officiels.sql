{{ config(alias='totaux_officiels') }}
-- What producers publish beside what the warehouse counts. A difference is said when it exceeds both what is allowed in the unit
-- (a place of ten dwellings is not at fault for one) and in % (a city is not for ten). An aggregate of a place that the
-- warehouse has no figure of is left out; a total that someone typed is answered.
with compares as (

    select
        officiels.epci_siren,
        officiels.annee,
        officiels.mesure,
        regles.indicateur,
        officiels.axe,
        officiels.modalite,
        figures.modalite_libelle,
        figures.unite,
        officiels.valeur * cast(regles.facteur as double) as valeur_officielle,
        figures.valeur as valeur_entrepot,
        figures.valeur - officiels.valeur * cast(regles.facteur as double) as ecart,
        cast(regles.ecart_max as double) as ecart_max,
        cast(regles.ecart_max_pct as double) as ecart_max_pct,
        regles.raison_en_plus,
        regles.raison_en_moins,
        officiels.producteur,
        officiels.page,
        officiels.publie_le
    from {{ ref('int_totaux_officiels') }} as officiels
    inner join {{ source('seeds', 'ref_mesures_officielles') }} as regles
        on
            officiels.mesure = regles.mesure
            and {{ premier_jour('officiels.annee') }} >= regles.debut
            and {{ premier_jour('officiels.annee') }} <= coalesce(regles.fin, {{ premier_jour('officiels.annee') }})
    left join {{ ref('indicateurs') }} as figures
        on
            officiels.epci_siren = figures.epci_siren
            and regles.indicateur = figures.indicateur
            and officiels.axe = figures.axe
            and officiels.modalite = figures.modalite
            and regles.segment_type = figures.segment_type
            and regles.segment = figures.segment
            and figures.periode_type in ('annee', 'millesime')
            and figures.periode = cast(officiels.annee as {{ dbt.type_string() }})
    where officiels.est_depose or figures.valeur is not null

)

select
    epci_siren,
    annee,
    mesure,
    indicateur,
    axe,
    modalite,
    modalite_libelle,
    unite,
    valeur_officielle,
    valeur_entrepot,
    ecart,
    100 * ecart / nullif(valeur_officielle, 0) as ecart_pct,
    ecart_max,
    ecart_max_pct,
    case
        when ecart is null then 'sans_figure'
        when abs(ecart) > ecart_max and 100 * abs(ecart) > ecart_max_pct * valeur_officielle then 'ecart'
        else 'conforme'
    end as etat,
    case
        when abs(ecart) > ecart_max and 100 * abs(ecart) > ecart_max_pct * valeur_officielle
            then case when ecart > 0 then raison_en_plus else raison_en_moins end
    end as raison,
    producteur,
    page,
    publie_le
from compares
