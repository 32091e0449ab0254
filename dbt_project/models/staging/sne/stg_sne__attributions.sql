-- One candidate ranked by a committee on one dwelling. The identifier comes from the row's content only.
with lus as (

    select
        *,
        {{ empreinte_ligne([
            'demandeur_id', 'date_decision', 'rang', 'issue', 'date_signature_bail', 'date_entree', 'bailleur_siren',
            'num_rpls', 'residence', 'code_commune_logement', 'typologie', 'surface', 'loyer', 'ressources_mensuelles'
        ]) }} as empreinte
    from {{ source('sne', 'sne_attributions') }}

)

select
    *,
    empreinte || '-' || cast(
        row_number() over (partition by empreinte order by _fichier nulls last, _ligne nulls last) as {{ dbt.type_string() }}
    ) as attribution_id
from lus
