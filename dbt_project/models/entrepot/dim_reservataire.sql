-- Holders of reservation rights, in the codes of the register (CONTRESLOG).
select
    code as reservataire,
    libelle,
    groupe,
    groupe_libelle,
    est_non_reserve
from {{ source('seeds', 'ref_contingents') }}
