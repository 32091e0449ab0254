select * from {{ source('conventions', 'convention_methodes') }}
