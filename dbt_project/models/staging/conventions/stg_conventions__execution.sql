select * from {{ source('conventions', 'parametres') }}
