select * from {{ source('geographie', 'qpv_correspondance') }}
