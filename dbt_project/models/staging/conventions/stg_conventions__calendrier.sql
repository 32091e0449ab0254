select * from {{ source('conventions', 'convention_calendrier') }}
