select * from {{ source('geographie', 'qpv_communes') }}
