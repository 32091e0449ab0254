select * from {{ source('geographie', 'avis_residences') }}
