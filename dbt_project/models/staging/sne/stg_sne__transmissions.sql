select * from {{ source('sne', 'sne_transmissions') }}
