-- Measures of Insee's bases on neighbourhoods, by theme, in the shape of a portrait's figures: the neighbourhoods of each territory, and
-- its communes, itself and France where a base has them. Published values as they are; a share of two published numbers is the
-- only one made here.
with membres as (

    {{ communes_des_epci() }}

),

lieux as (

    {{ lieux_des_epci('membres') }}

),

situes as (

    select
        lieux.epci_siren,
        bases.millesime,
        bases.niveau,
        bases.code,
        bases.mesure,
        bases.valeur,
        bases.statut
    from {{ source('geographie', 'quartiers_insee') }} as bases
    inner join lieux on bases.niveau = lieux.niveau and bases.code = lieux.code
    union all
    select
        parametres.epci_siren,
        bases.millesime,
        bases.niveau,
        bases.code,
        bases.mesure,
        bases.valeur,
        bases.statut
    from {{ source('geographie', 'quartiers_insee') }} as bases
    cross join {{ ref('int_parametres') }} as parametres
    where bases.niveau = 'france'

)

select
    parts.epci_siren,
    'millesime' as periode_type,
    cast(parts.millesime as {{ dbt.type_string() }}) as periode,
    mesures.theme as domaine,
    mesures.mesure as indicateur,
    mesures.libelle as indicateur_libelle,
    mesures.type_indicateur,
    parts.niveau as axe,
    parts.code as modalite,
    'tous' as segment_type,
    'tous' as segment,
    case when mesures.base is not null then cast({{ arrondi('parts.valeur') }} as bigint) end as numerateur,
    cast({{ arrondi('bases.valeur') }} as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    case
        when mesures.base is null then cast(parts.valeur as double)
        else 100 * cast(parts.valeur as double) / nullif(cast(bases.valeur as double), 0)
    end as valeur,
    mesures.unite,
    case
        when parts.statut = 'secret' or bases.statut = 'secret' then 'secret'
        when parts.statut = 'sans_objet' then 'sans_objet'
        when parts.valeur is null or (mesures.base is not null and coalesce(bases.valeur, 0) = 0) then 'indisponible'
        else 'publiable'
    end as statut,
    false as petit_effectif,
    'Insee, bases sur les quartiers ' || cast(parts.millesime as {{ dbt.type_string() }}) as source
from situes as parts
inner join {{ source('seeds', 'ref_mesures_quartiers') }} as mesures on parts.mesure = mesures.mesure
left join situes as bases
    on
        parts.epci_siren = bases.epci_siren
        and parts.millesime = bases.millesime
        and parts.niveau = bases.niveau
        and parts.code = bases.code
        and mesures.base = bases.mesure
