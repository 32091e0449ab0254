select * from {{ source('geographie', 'qpv_polygones') }}
