select * from {{ source('conventions', 'convention_parametres') }}
