select * from {{ source('geographie', 'geo_communes_contours') }}
