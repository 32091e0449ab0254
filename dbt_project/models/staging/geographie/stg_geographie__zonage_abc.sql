select * from {{ source('geographie', 'geo_zonage_abc') }}
