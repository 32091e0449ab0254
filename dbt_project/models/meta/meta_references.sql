{{ config(alias='references') }}
{#- Of each list that the folder completes or replaces code by code (a generation of neighbourhoods whole): what it is, the
    folder's table, the shipped one, the column that tells what is replaced, the code that is counted. -#}
{%- set listes = [
    ("'Communes'", 'geo_communes', 'livre_communes', 'code_commune', 'code_commune'),
    ("'Anciens codes de commune'", 'geo_passage', 'livre_passage', 'code_commune_historique', 'code_commune_historique'),
    ("'Quartiers prioritaires de ' || cast(generation as " ~ dbt.type_string() ~ ")", 'qpv_communes', 'livre_qpv', 'generation', 'code_qpv'),
    ("'Zonage A, B, C'", 'geo_zonage_abc', 'livre_communes', 'code_commune', 'code_commune'),
] -%}
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

    {%- for reference, deposee, livree, remplace, code in listes %}
    select
        {{ reference }} as reference,
        'dossier' as origine,
        _fichier as fichier,
        {{ code }} as code
    from {{ source('geographie', deposee) }}
    where code_commune in (select codes.code_commune from codes)
    union all
    select
        {{ reference }} as reference,
        'livre' as origine,
        _fichier as fichier,
        {{ code }} as code
    from {{ source('livres', livree) }}
    where
        code_commune in (select codes.code_commune from codes)
        and {{ remplace }} not in (select deposes.{{ remplace }} from {{ source('geographie', deposee) }} as deposes)
        {%- if deposee == 'geo_zonage_abc' %}
        and zone_abc is not null
        {%- endif %}
    union all
    {%- endfor %}
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
        'Seuils du premier quartile' as reference,
        seuils.origine,
        case seuils.origine when 'livre' then 'seeds/ref_seuils_q1.csv' else deposes._fichier end as fichier,
        cast(seuils.annee_reference as {{ dbt.type_string() }}) as code
    from {{ ref('int_seuils_epci') }} as servis
    inner join {{ ref('dim_seuil_q1') }} as seuils
        on
            servis.annee = seuils.annee
            and servis.portee = seuils.portee
            and servis.code = seuils.code
            and servis.annee_seuil_q1 = seuils.annee_reference
    left join {{ source('referentiels', 'ref_seuils_q1') }} as deposes
        on
            seuils.annee_reference = deposes.annee
            and seuils.portee = deposes.portee
            and seuils.code = deposes.code
            and deposes.seuil is not null

)

select
    reference,
    origine,
    fichier,
    count(distinct code) as codes
from lues
group by reference, origine, fichier
