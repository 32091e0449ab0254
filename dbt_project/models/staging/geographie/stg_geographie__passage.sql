select * from {{ source('geographie', 'geo_passage') }}
