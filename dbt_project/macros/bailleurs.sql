{#- What is written of landlords, by whom: the reference list, the conventions, the sources. The lower the priority, the more
    its name is trusted. A convention's names carry its territory; the others are everybody's. -#}
{%- macro bailleurs_declares() -%}
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    siren,
    nom,
    alias,
    1 as priorite
from {{ source('referentiels', 'ref_bailleurs') }}
union all
select
    epci_siren,
    siren,
    nom,
    alias,
    2 as priorite
from {{ source('conventions', 'convention_bailleurs') }}
union all
select distinct
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    bailleur_siren as siren,
    bailleur_nom as nom,
    cast(null as {{ dbt.type_string() }}) as alias,
    3 as priorite
from {{ ref('stg_sne__attributions') }}
where bailleur_siren is not null
union all
select distinct
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    siren_bailleur as siren,
    nom_bailleur as nom,
    cast(null as {{ dbt.type_string() }}) as alias,
    4 as priorite
from {{ ref('stg_rpls__logements') }}
where siren_bailleur is not null
union all
select distinct
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    bailleur_siren as siren,
    cast(null as {{ dbt.type_string() }}) as nom,
    cast(null as {{ dbt.type_string() }}) as alias,
    5 as priorite
from {{ source('ops', 'ops_occupation') }}
where bailleur_siren is not null
{%- endmacro -%}
