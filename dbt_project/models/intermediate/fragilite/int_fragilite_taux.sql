-- Numerator and denominator of each indicator that a method may use, at every place. `cle_source` names the source and its
-- vintage (for requests for mutation, the year of the requests and the vintage of the register); only the survey tells the
-- populations apart. The EPCI's own row is the mean of the whole stock.
with occupation as (

    select
        epci_siren,
        annee as millesime,
        axe,
        modalite,
        indicateur,
        case when segment = 'emmenages_recents' then 'emmenages_recents' else 'ensemble' end as population,
        numerateur,
        denominateur,
        statut_source
    from {{ ref('int_indicateurs_occupation') }}
    where
        axe in ('epci', 'qpv', 'zone', 'residence')
        and (segment_type = 'tous' or (segment_type = 'population' and segment = 'emmenages_recents'))
    union all
    select
        epci_siren,
        annee as millesime,
        'commune x secteur' as axe,
        modalite || ' x hors_qpv' as modalite,
        indicateur,
        case when segment = 'hors_qpv' then 'ensemble' else 'emmenages_recents' end as population,
        numerateur,
        denominateur,
        statut_source
    from {{ ref('int_indicateurs_occupation') }}
    where axe = 'commune' and segment in ('hors_qpv', 'emmenages_recents x hors_qpv')

)

select
    epci_siren,
    'ops' as source,
    {{ cle_source("'ops'", 'millesime') }} as cle_source,
    axe,
    modalite,
    indicateur,
    population,
    numerateur,
    denominateur,
    statut_source = 'secret' as est_secret
from occupation
{%- for m in mesures_fragilite_parc() %}
union all
select
    epci_siren,
    'rpls' as source,
    {{ cle_source("'rpls'", 'millesime') }} as cle_source,
    axe,
    modalite,
    '{{ m }}' as indicateur,
    'ensemble' as population,
    {{ m }}_num as numerateur,
    {{ m }}_den as denominateur,
    false as est_secret
from {{ ref('int_fragilite_parc') }}
{%- endfor %}
union all
select
    epci_siren,
    'sne' as source,
    {{ cle_source("'sne'", 'millesime', 'annee_sne') }} as cle_source,
    axe,
    modalite,
    'part_demandes_mutation_parc' as indicateur,
    'ensemble' as population,
    numerateur,
    denominateur,
    false as est_secret
from {{ ref('int_fragilite_mutation') }}
