{{ config(alias='appariements') }}
-- The shares that tell whether the sources meet, judged by the bounds of their year. What is about few rows is not judged.
with juges as (

    select
        comptes.epci_siren,
        regles.source,
        comptes.annee,
        comptes.controle,
        regles.sens,
        regles.libelle,
        comptes.nombre,
        comptes.total,
        100 * cast(comptes.nombre as double) / nullif(comptes.total, 0) as valeur,
        regles.borne_alerte,
        regles.borne_bloquante,
        regles.base_minimale,
        regles.figures,
        regles.a_faire,
        coalesce(comptes.contrepartie, comptes.total) as contrepartie
    from {{ ref('int_appariements') }} as comptes
    inner join {{ source('seeds', 'ref_appariements') }} as regles
        on
            comptes.controle = regles.controle
            and {{ premier_jour('comptes.annee') }} >= regles.debut
            and {{ premier_jour('comptes.annee') }} <= coalesce(regles.fin, {{ premier_jour('comptes.annee') }})
    where comptes.total > 0

)

select
    epci_siren,
    source,
    annee,
    controle,
    sens,
    libelle,
    nombre,
    total,
    valeur,
    borne_alerte,
    borne_bloquante,
    case
        when total < base_minimale then 'non_juge'
        when sens = '>=' and valeur <= cast(borne_bloquante as double) and contrepartie >= base_minimale
            then 'bloquant'
        when sens = '>=' and valeur < cast(borne_alerte as double) then 'alerte'
        when sens = '<=' and valeur > cast(borne_alerte as double) then 'alerte'
        else 'conforme'
    end as etat,
    figures,
    a_faire
from juges
