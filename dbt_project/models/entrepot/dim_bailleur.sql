-- Landlords that the data or the conventions name; a merged landlord points to the one that absorbed it.
select
    siren,
    bailleur_siren,
    nom
from {{ ref('int_bailleurs') }}
