select * from {{ source('conventions', 'convention_objectifs') }}
