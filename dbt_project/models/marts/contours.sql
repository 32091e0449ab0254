-- The polygons that a report draws: communes of the territory, its priority neighbourhoods of both generations, and its
-- local zones that are drawn. Nothing is simplified nor moved here; of a commune, or a generation, without outlines in the landing
-- folder, the shipped ones are drawn, which locate no dwelling.
with traces as (

    select
        generation,
        code_qpv,
        geometrie
    from {{ source('geographie', 'qpv_polygones') }}
    union all
    select
        generation,
        code_qpv,
        geometrie
    from {{ source('livres', 'livre_qpv_polygones') }}
    where generation not in (select lus.generation from {{ source('geographie', 'qpv_polygones') }} as lus)

),

-- Commune by commune, the landing folder's latest outline, else the shipped one.
dessins as (

    select
        code_commune,
        nom,
        geometrie,
        millesime
    from {{ source('geographie', 'geo_communes_contours') }}
    union all
    select
        livres.code_commune,
        noms.nom,
        livres.geometrie,
        cast(null as integer) as millesime
    from {{ source('livres', 'livre_communes_contours') }} as livres
    inner join {{ source('livres', 'livre_communes') }} as noms on livres.code_commune = noms.code_commune

),

communes as (

    select
        membres.epci_siren,
        'commune' as niveau,
        membres.code_commune as code,
        contours.nom as libelle,
        contours.geometrie,
        row_number() over (
            partition by membres.epci_siren, membres.code_commune order by contours.millesime desc nulls last
        ) as rang
    from dessins as contours
    inner join {{ ref('int_epci_membres') }} as membres on contours.code_commune = membres.code_commune
    where
        membres.est_listee
        and membres.annee = (select max(tous.annee) from {{ ref('int_epci_membres') }} as tous)

),

quartiers as (

    select
        zones.epci_siren,
        'qpv' as niveau,
        zones.zone as code,
        zones.nom as libelle,
        contours.geometrie,
        1 as rang
    from traces as contours
    inner join {{ ref('dim_zone') }} as zones
        on contours.code_qpv = zones.zone and contours.generation = zones.generation and zones.type_zone = 'qpv'
    where zones.epci_siren is not null

),

locales as (

    select
        epci_siren,
        'zone' as niveau,
        zone as code,
        nom as libelle,
        valeur as geometrie,
        row_number() over (partition by epci_siren, zone order by valeur nulls last) as rang
    from {{ ref('int_zones') }}
    where critere = 'polygone'

),

tous as (

    select * from communes
    where rang = 1
    union all
    select * from quartiers
    union all
    select * from locales

)

select
    epci_siren,
    niveau,
    code,
    cast(rang as integer) as rang,
    libelle,
    geometrie
from tous
