{{ config(severity='warn') }}
-- An objective whose modality no figure has: a mistyped SIREN or commune in a convention, or an actor without a lease.
select
    objectifs.epci_siren,
    objectifs.objectif,
    objectifs.indicateur,
    objectifs.axe,
    objectifs.modalite
from {{ ref('dim_objectif') }} as objectifs
left join {{ ref('indicateurs') }} as figures
    on
        objectifs.epci_siren = figures.epci_siren
        and objectifs.indicateur = figures.indicateur
        and objectifs.axe = figures.axe
        and objectifs.modalite = figures.modalite
where
    objectifs.modalite is not null
    and objectifs.statut <> 'sans_objet'
    and figures.indicateur is null
    and exists (select 1 from {{ ref('fct_attribution') }})
