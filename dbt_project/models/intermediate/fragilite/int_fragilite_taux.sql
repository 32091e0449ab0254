-- Numerator and denominator of each indicator that a method may use, at every place. `cle_source` names the source and its
-- vintage (for requests for mutation, the year of the requests and the vintage of the register); only the survey tells the
-- populations apart. The EPCI's own row is the mean of the whole stock.
with paires as (

    select distinct
        epci_siren,
        annee_sne,
        millesime_rpls
    from {{ ref('int_fragilite_millesimes') }}
    where millesime_rpls is not null

),

demandes as (

    select
        annee,
        num_rpls_origine as ident_rep,
        count(*) as nb
    from {{ ref('fct_demande') }}
    where est_mutation and num_rpls_origine is not null
    group by annee, num_rpls_origine

),

cumules as (

    select
        lieux.epci_siren,
        paires.annee_sne,
        lieux.millesime,
        lieux.axe,
        lieux.modalite,
        {{ somme('coalesce(demandes.nb, 0)') }} as numerateur,
        {{ somme(compte('logements.est_loue')) }} as denominateur
    from {{ ref('int_fragilite_logement_lieu') }} as lieux
    inner join paires on lieux.epci_siren = paires.epci_siren and lieux.millesime = paires.millesime_rpls
    inner join {{ ref('fct_logement') }} as logements
        on lieux.logement_id = logements.logement_id and lieux.millesime = logements.millesime
    left join demandes on paires.annee_sne = demandes.annee and logements.ident_rep = demandes.ident_rep
    group by lieux.epci_siren, paires.annee_sne, lieux.millesime, lieux.axe, lieux.modalite

),

-- Requests for mutation active on 31 December that come from the dwellings of each place, over its occupied dwellings, for
-- each pair of a year of requests and a vintage of the register that a method runs on. A year whose requests name no
-- dwelling of the territory gives no row: it is unknown, not zero.
fragilite_mutation as (

    select cumules.*
    from cumules
    inner join cumules as territoires
        on
            cumules.epci_siren = territoires.epci_siren
            and cumules.annee_sne = territoires.annee_sne
            and cumules.millesime = territoires.millesime
            and territoires.axe = 'epci'
            and territoires.numerateur > 0

),

occupation as (

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
from fragilite_mutation
