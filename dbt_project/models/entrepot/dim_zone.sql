-- Priority neighbourhoods of both generations and local zones of the published territories.
select
    'qpv' as type_zone,
    qpv.code_qpv as zone,
    min(membres.epci_siren) as epci_siren,
    min(qpv.libelle) as nom,
    qpv.generation,
    min({{ debut_generation('departements', 'generations') }}) as debut,
    min({{ fin_generation('departements', 'generations') }}) as fin,
    {{ liste_de_textes('qpv.code_commune', ',', distincts=true) }} as communes
from {{ ref('int_qpv') }} as qpv
inner join {{ source('seeds', 'ref_qpv_generations') }} as generations on qpv.generation = generations.generation
left join {{ source('seeds', 'ref_departements') }} as departements
    on departements.code_departement = {{ departement_de('qpv.code_commune') }}
left join (
    select
        code_lu,
        epci_siren
    from {{ ref('int_epci_membres') }}
    where annee = (select max(toutes.annee) from {{ ref('int_epci_membres') }} as toutes)
) as membres on qpv.code_commune = membres.code_lu
group by qpv.code_qpv, qpv.generation
union all
select
    type_zone,
    zone,
    epci_siren,
    min(nom) as nom,
    cast(null as integer) as generation,
    min(debut) as debut,
    max(fin) as fin,
    {{ liste_de_textes("case when critere = 'commune' then valeur end", ',', distincts=true) }} as communes
from {{ ref('int_zones') }}
group by type_zone, zone, epci_siren
