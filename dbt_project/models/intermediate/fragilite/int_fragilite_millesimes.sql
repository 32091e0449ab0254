-- The vintages that each method runs on, for each year of bilan: those that the convention pins for the method, else those
-- of the bilan's year. Requests for mutation are those active on 31 December of `annee_sne`.
select
    retenues.epci_siren,
    annees.annee,
    retenues.methode,
    entetes.version,
    entetes.agregation,
    entetes.zone_vide,
    entetes.base_minimale,
    entetes.poids,
    coalesce({{ entier_json('retenues.millesimes', 'ops') }}, ops.millesime) as millesime_ops,
    coalesce({{ entier_json('retenues.millesimes', 'rpls') }}, rpls.millesime) as millesime_rpls,
    coalesce({{ entier_json('retenues.millesimes', 'sne') }}, annees.annee) as annee_sne
from {{ source('conventions', 'convention_methodes') }} as retenues
inner join {{ source('conventions', 'methodes_fragilite_entetes') }} as entetes on retenues.methode = entetes.methode
inner join (
    select distinct
        epci_siren,
        annee
    from {{ ref('meta_millesimes') }}
) as annees on retenues.epci_siren = annees.epci_siren
left join {{ ref('meta_millesimes') }} as ops
    on annees.epci_siren = ops.epci_siren and annees.annee = ops.annee and ops.source = 'ops'
left join {{ ref('meta_millesimes') }} as rpls
    on annees.epci_siren = rpls.epci_siren and annees.annee = rpls.annee and rpls.source = 'rpls'
where retenues.role = 'fragilite'
