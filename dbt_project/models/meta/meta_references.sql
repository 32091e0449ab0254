{{ config(alias='references') }}
-- Which reference says where the published territories are: a file of the landing folder, or what the product ships. The rows
-- of each that serve, so that a list of the folder which replaces only a part is seen to.
with communes as (

    select distinct
        membres.code_lu,
        membres.code_commune
    from {{ ref('int_epci_membres') }} as membres
    inner join {{ source('conventions', 'territoires') }} as territoires on membres.epci_siren = territoires.epci_siren

),

codes as (

    select code_lu as code_commune from communes
    union
    select code_commune from communes

),

lues as (

    select
        'Communes' as reference,
        'dossier' as origine,
        noms._fichier as fichier,
        noms.code_commune as code
    from {{ source('geographie', 'geo_communes') }} as noms
    inner join codes on noms.code_commune = codes.code_commune
    union all
    select
        'Communes' as reference,
        'livre' as origine,
        noms._fichier as fichier,
        noms.code_commune as code
    from {{ source('livres', 'livre_communes') }} as noms
    inner join codes on noms.code_commune = codes.code_commune
    where noms.code_commune not in (select lus.code_commune from {{ source('geographie', 'geo_communes') }} as lus)
    union all
    select
        'Membres des EPCI' as reference,
        membres.origine,
        coalesce(listes.fichier, livres.fichier) as fichier,
        membres.code_lu as code
    from {{ ref('int_epci_membres') }} as membres
    inner join {{ source('conventions', 'territoires') }} as territoires on membres.epci_siren = territoires.epci_siren
    left join (
        select
            millesime,
            min(_fichier) as fichier
        from {{ source('geographie', 'geo_epci_membres') }}
        group by millesime
    ) as listes on membres.millesime_liste = listes.millesime
    left join (
        select min(_fichier) as fichier from {{ source('livres', 'livre_epci_membres') }}
    ) as livres on membres.origine = 'livre'
    union all
    select
        'Anciens codes de commune' as reference,
        'dossier' as origine,
        passages._fichier as fichier,
        passages.code_commune_historique as code
    from {{ source('geographie', 'geo_passage') }} as passages
    inner join codes on passages.code_commune = codes.code_commune
    union all
    select
        'Anciens codes de commune' as reference,
        'livre' as origine,
        passages._fichier as fichier,
        passages.code_commune_historique as code
    from {{ source('livres', 'livre_passage') }} as passages
    inner join codes on passages.code_commune = codes.code_commune
    where
        passages.code_commune_historique not in (
            select lus.code_commune_historique from {{ source('geographie', 'geo_passage') }} as lus
        )
    union all
    select
        'Quartiers prioritaires de ' || cast(quartiers.generation as {{ dbt.type_string() }}) as reference,
        'dossier' as origine,
        quartiers._fichier as fichier,
        quartiers.code_qpv as code
    from {{ source('geographie', 'qpv_communes') }} as quartiers
    inner join codes on quartiers.code_commune = codes.code_commune
    union all
    select
        'Quartiers prioritaires de ' || cast(quartiers.generation as {{ dbt.type_string() }}) as reference,
        'livre' as origine,
        quartiers._fichier as fichier,
        quartiers.code_qpv as code
    from {{ source('livres', 'livre_qpv') }} as quartiers
    inner join codes on quartiers.code_commune = codes.code_commune
    where quartiers.generation not in (select lus.generation from {{ source('geographie', 'qpv_communes') }} as lus)
    union all
    select
        'Zonage A, B, C' as reference,
        'dossier' as origine,
        zones._fichier as fichier,
        zones.code_commune as code
    from {{ source('geographie', 'geo_zonage_abc') }} as zones
    inner join codes on zones.code_commune = codes.code_commune
    union all
    select
        'Zonage A, B, C' as reference,
        'livre' as origine,
        zones._fichier as fichier,
        zones.code_commune as code
    from {{ source('livres', 'livre_communes') }} as zones
    inner join codes on zones.code_commune = codes.code_commune
    where
        zones.zone_abc is not null
        and zones.code_commune not in (select lus.code_commune from {{ source('geographie', 'geo_zonage_abc') }} as lus)
    union all
    select
        'Seuils du premier quartile' as reference,
        'dossier' as origine,
        seuils._fichier as fichier,
        cast(seuils.annee as {{ dbt.type_string() }}) as code
    from {{ source('referentiels', 'ref_seuils_q1') }} as seuils
    inner join {{ ref('int_seuils_epci') }} as servis
        on
            seuils.portee = servis.portee
            and seuils.code = servis.code
            and seuils.annee = servis.annee_seuil_q1
    where seuils.seuil is not null
    union all
    select
        'Seuils du premier quartile' as reference,
        'livre' as origine,
        'seeds/ref_seuils_q1.csv' as fichier,
        cast(seuils.annee as {{ dbt.type_string() }}) as code
    from {{ source('seeds', 'ref_seuils_q1') }} as seuils
    inner join {{ ref('int_seuils_epci') }} as servis
        on
            seuils.portee = servis.portee
            and seuils.code = servis.code
            and seuils.annee = servis.annee_seuil_q1
    left join {{ source('referentiels', 'ref_seuils_q1') }} as deposes
        on
            seuils.portee = deposes.portee
            and seuils.code = deposes.code
            and seuils.annee = deposes.annee
            and deposes.seuil is not null
    where deposes.annee is null

)

select
    reference,
    origine,
    fichier,
    count(distinct code) as codes
from lues
group by reference, origine, fichier
