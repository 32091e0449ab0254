select * from {{ source('conventions', 'convention_bailleurs') }}
