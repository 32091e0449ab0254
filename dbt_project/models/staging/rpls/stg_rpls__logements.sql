-- One dwelling at one vintage. A layout without a dwelling number (the open detail file) gets an identifier made of
-- the row's content; rows that look identical are distinct dwellings and are numbered in the order of the file.
with lus as (

    select
        *,
        {{ empreinte_ligne([
            'millesime', 'siren_bailleur', 'code_commune', 'type_construction', 'nb_pieces', 'surface_habitable',
            'annee_construction', 'annee_location', 'annee_patrimoine', 'financement', 'code_segment_patrimoine',
            'date_dpe', 'dpe_energie', 'dpe_serre', 'qpv_declare', 'x', 'y'
        ], reels=['x', 'y']) }} as empreinte
    from {{ source('rpls', 'rpls_logements') }}

)

select
    *,
    coalesce(
        ident_rep,
        'L' || empreinte || '-' || cast(
            row_number() over (partition by millesime, empreinte, ident_rep is null order by _fichier nulls last, _ligne nulls last)
            as {{ dbt.type_string() }}
        )
    ) as logement_id
from lus
