-- Active requests and leases of the year by what their households are, in the common shape; requests of five years and more.
-- By territory only: communes are too small for these splits, and every split that is published has to be protected.
-- Sizes, quartiles, household types and mutations are in int_indicateurs_demande and int_indicateurs_attribution.
{%- for segment in segments_profils() %}
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    indicateur,
    'epci' as axe,
    epci_siren as modalite,
    '{{ segment }}' as segment_type,
    {{ segment }} as segment,
    cast(count(*) as bigint) as numerateur,
    cast(null as bigint) as denominateur,
    cast(0 as bigint) as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from {{ ref('int_profils') }}
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
union all
{% endfor %}
select
    profils.epci_siren,
    'annee' as periode_type,
    cast(profils.annee as {{ dbt.type_string() }}) as periode,
    profils.annee,
    'part_anciennete_5ans' as indicateur,
    'epci' as axe,
    profils.epci_siren as modalite,
    'tous' as segment_type,
    'tous' as segment,
    {{ somme('case when tranches.mois_max is null then 1 else 0 end') }} as numerateur,
    cast(count(tranches.code) as bigint) as denominateur,
    cast(count(*) - count(tranches.code) as bigint) as inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from {{ ref('int_profils') }} as profils
left join {{ source('seeds', 'ref_tranches_anciennete') }} as tranches on profils.tranche_anciennete = tranches.code
where profils.indicateur = 'demandes'
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
