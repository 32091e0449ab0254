select * from {{ source('conventions', 'methodes_fragilite_entetes') }}
