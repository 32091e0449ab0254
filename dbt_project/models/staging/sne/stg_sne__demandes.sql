-- One request in one extraction (millesime); the same request comes back in the extraction of each year.
select *
from {{ source('sne', 'sne_demandes') }}
