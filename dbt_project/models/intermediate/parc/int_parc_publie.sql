-- The published tables of the stock, for the territories and vintages of which no dwelling is held; where some are, they only
-- check its figures (meta_totaux_officiels).
select agregats.*
from {{ ref('int_parc_agregats') }} as agregats
where not exists (
    select 1
    from {{ ref('dim_logement') }} as detail
    where detail.epci_siren = agregats.epci_siren and detail.millesime = agregats.millesime
)
