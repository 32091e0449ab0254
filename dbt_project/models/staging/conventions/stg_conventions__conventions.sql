select * from {{ source('conventions', 'conventions') }}
