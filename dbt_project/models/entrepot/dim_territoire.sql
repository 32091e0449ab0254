-- The territories published: those that have a convention, or for which the legal defaults were asked.
with noms as (

    select
        epci_siren,
        max(epci_nom) as epci_nom,
        count(distinct code_commune) as nb_communes
    from {{ ref('int_epci_membres') }}
    where annee = (select max(toutes.annee) from {{ ref('int_epci_membres') }} as toutes) and est_listee
    group by epci_siren

)

select
    conventions.epci_siren,
    coalesce(conventions.nom, noms.epci_nom) as nom,
    noms.epci_nom as nom_officiel,
    conventions.slug,
    conventions.debut,
    conventions.fin,
    conventions.version as version_convention,
    conventions.empreinte as empreinte_convention,
    conventions.fichier is null as est_defaut_legal,
    noms.nb_communes
from {{ source('conventions_publiees', 'conventions') }} as conventions
left join noms on conventions.epci_siren = noms.epci_siren
