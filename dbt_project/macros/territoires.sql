{#- The territories of the run that no source says anything of: none of their communes is in the data. -#}
{%- macro territoires_sans_donnees() -%}
    select
        territoires.epci_siren,
        territoires.nom
    from {{ ref('dim_territoire') }} as territoires
    where
        territoires.epci_siren not in (select epci_siren from {{ ref('fct_attribution') }} where epci_siren is not null)
        and territoires.epci_siren
        not in (select epci_siren from {{ ref('int_demande_extractions') }} where epci_siren is not null)
        and territoires.epci_siren not in (select epci_siren from {{ ref('dim_logement') }} where epci_siren is not null)
        and territoires.epci_siren not in (select epci_siren from {{ ref('int_indicateurs_parc_publie') }})
        and territoires.epci_siren not in (select epci_siren from {{ ref('fct_occupation') }} where epci_siren is not null)
        and territoires.epci_siren
        not in (select epci_siren from {{ ref('int_indicateurs_revenus') }} where epci_siren is not null)
        and territoires.epci_siren
        not in (select epci_siren from {{ ref('int_indicateurs_reperes') }} where epci_siren is not null)
{%- endmacro -%}
