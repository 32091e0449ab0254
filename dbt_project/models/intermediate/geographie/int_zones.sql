-- The local zones of a territory, one row per criterion: those of the convention and those of the landing folder, the
-- latter replacing a zone of the same name. Open bounds stand for "always".
with lues as (

    select
        epci_siren,
        zone,
        type_zone,
        nom,
        critere,
        valeur,
        debut,
        fin
    from {{ source('geographie', 'zones_locales') }}
    union all
    select
        convention.epci_siren,
        convention.zone,
        convention.type_zone,
        convention.nom,
        convention.critere,
        convention.valeur,
        convention.debut,
        convention.fin
    from {{ source('conventions_publiees', 'convention_zones') }} as convention
    where not exists (
        select 1
        from {{ source('geographie', 'zones_locales') }} as locales
        where locales.epci_siren = convention.epci_siren and locales.zone = convention.zone
    )

)

select distinct
    lues.epci_siren,
    lues.zone,
    lues.type_zone,
    lues.nom,
    lues.critere,
    case
        when lues.critere = 'commune' then {{ commune_courante('lues.valeur', 'courante') }}
        else lues.valeur
    end as valeur,
    lues.debut,
    lues.fin
from lues
{{ joindre_commune('lues.valeur', 'courante') }}
