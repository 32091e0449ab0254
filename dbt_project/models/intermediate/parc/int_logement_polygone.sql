-- The priority neighbourhood whose polygon holds a dwelling's coordinates, for dwellings that the register does not
-- geocode itself. Neighbouring polygons can overlap by their simplification: one is kept, the first by code.
-- This model needs DuckDB's spatial extension: beside another engine, DuckDB makes it (docs/moteurs.md).
{{ config(tags=['spatial', 'hors_moteur']) }}
{%- if env_var('OBSERVATOIRE_SANS_POLYGONES', '') %}
-- No dwelling has coordinates, or no outline was given: the build said so, and the extension is not loaded.
select
    cast(null as {{ dbt.type_string() }}) as logement_id,
    cast(null as integer) as millesime,
    cast(null as integer) as generation,
    cast(null as {{ dbt.type_string() }}) as code_qpv
from {{ ref('stg_rpls__logements') }}
where x is not null and y is not null and exists (select 1 from {{ source('geographie', 'qpv_polygones') }} where geometrie is not null)
{%- else %}
with polygones as (

    select
        generation,
        code_qpv,
        st_geomfromgeojson(geometrie) as geometrie
    from {{ source('geographie', 'qpv_polygones') }}
    where geometrie is not null

),

points as (

    select
        logement_id,
        millesime,
        case
            when epsg = '4326' then st_point(x, y)
            -- Coordinates that the projection cannot hold are none.
            else try(st_transform(st_point(x, y), 'EPSG:' || coalesce(epsg, '2154'), 'EPSG:4326', true))
        end as point
    from {{ ref('stg_rpls__logements') }}
    where x is not null and y is not null

)

select
    points.logement_id,
    points.millesime,
    polygones.generation,
    min(polygones.code_qpv) as code_qpv
from points
inner join polygones on st_within(points.point, polygones.geometrie)
group by points.logement_id, points.millesime, polygones.generation
{%- endif %}
