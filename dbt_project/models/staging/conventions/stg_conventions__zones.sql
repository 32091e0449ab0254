select * from {{ source('conventions', 'convention_zones') }}
