select * from {{ source('geographie', 'geo_epci_membres') }}
