select * from {{ source('geographie', 'geo_plm') }}
