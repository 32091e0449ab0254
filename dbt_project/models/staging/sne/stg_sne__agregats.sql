select * from {{ source('sne', 'sne_agregats') }}
