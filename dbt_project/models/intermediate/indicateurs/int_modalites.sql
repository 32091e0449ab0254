-- The name of each modality of each axis, as a reader knows it.
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'epci' as axe,
    epci_siren as modalite,
    nom as libelle
from {{ ref('dim_territoire') }}
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'commune' as axe,
    code_commune as modalite,
    nom as libelle
from {{ ref('dim_commune') }}
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'qpv' as axe,
    code_qpv as modalite,
    min(libelle) as libelle
from {{ ref('int_qpv') }}
group by code_qpv
union all
-- An assimilated neighbourhood stands among the priority ones under its own name.
select
    epci_siren,
    'qpv' as axe,
    zone as modalite,
    min(nom) as libelle
from {{ ref('int_zones') }}
where type_zone = 'assimile'
group by epci_siren, zone
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'bailleur' as axe,
    siren as modalite,
    nom as libelle
from {{ ref('dim_bailleur') }}
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'reservataire' as axe,
    reservataire as modalite,
    libelle
from {{ ref('dim_reservataire') }}
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'departement' as axe,
    code_departement as modalite,
    nom as libelle
from {{ source('seeds', 'ref_departements') }}
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'region' as axe,
    code_region as modalite,
    nom as libelle
from {{ source('seeds', 'ref_regions') }}
union all
select
    epci_siren,
    'zone' as axe,
    zone as modalite,
    min(nom) as libelle
from {{ ref('int_zones') }}
group by epci_siren, zone
union all
select
    cast(null as {{ dbt.type_string() }}) as epci_siren,
    'secteur' as axe,
    modalite,
    libelle
from (values ('hors_qpv', 'hors QPV'), ('qpv', 'en QPV'), ('inconnu', 'situation inconnue')) as secteurs (modalite, libelle)
