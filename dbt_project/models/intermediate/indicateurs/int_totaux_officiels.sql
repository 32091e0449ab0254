-- Official figures about the covered territories, in the shape of those that they check: the totals typed in the landing folder,
-- and the aggregates that producers publish of the stock and of the demand. What is secret or not published checks nothing. A
-- département is the territory that has all its communes and no other. Where no dwelling is held, the published table of the
-- stock is the figure itself: it checks nothing either.
with membres as (

    {{ communes_des_epci() }}

),

couverts as (

    select
        membres.epci_siren,
        membres.code_commune,
        communes.departement
    from membres
    inner join {{ ref('int_parametres') }} as parametres on membres.epci_siren = parametres.epci_siren
    inner join {{ ref('dim_commune') }} as communes on membres.code_commune = communes.code_commune

),

-- Territories that are in one département, whose département is known for every commune.
d_un_seul as (

    select epci_siren
    from couverts
    group by epci_siren
    having count(distinct departement) = 1 and count(departement) = count(*)

),

tailles as (

    select
        departement,
        count(*) as nb_communes
    from {{ ref('dim_commune') }}
    group by departement

),

departements as (

    select
        couverts.departement,
        min(couverts.epci_siren) as epci_siren
    from couverts
    inner join d_un_seul on couverts.epci_siren = d_un_seul.epci_siren
    inner join tailles on couverts.departement = tailles.departement
    group by couverts.departement, tailles.nb_communes
    having count(distinct couverts.epci_siren) = 1 and count(distinct couverts.code_commune) = tailles.nb_communes

),

lieux as (

    select
        epci_siren,
        'epci' as niveau,
        epci_siren as code,
        'epci' as axe,
        epci_siren as modalite
    from {{ ref('int_parametres') }}
    union all
    select
        epci_siren,
        'departement' as niveau,
        departement as code,
        'epci' as axe,
        epci_siren as modalite
    from departements
    union all
    select
        epci_siren,
        'commune' as niveau,
        code_commune as code,
        'commune' as axe,
        code_commune as modalite
    from couverts
    union all
    select distinct
        couverts.epci_siren,
        'qpv' as niveau,
        quartiers.code_qpv as code,
        'qpv' as axe,
        quartiers.code_qpv as modalite
    from {{ ref('int_qpv') }} as quartiers
    inner join couverts on quartiers.code_commune = couverts.code_commune

)

select
    lieux.epci_siren,
    totaux.annee,
    totaux.mesure,
    lieux.axe,
    lieux.modalite,
    cast(totaux.valeur as double) as valeur,
    totaux.producteur,
    totaux.page,
    totaux.publie_le,
    true as est_depose
from {{ source('referentiels', 'ref_totaux_officiels') }} as totaux
inner join lieux on totaux.niveau = lieux.niveau and totaux.code = lieux.code
union all
select
    lieux.epci_siren,
    agregats.millesime as annee,
    agregats.mesure,
    lieux.axe,
    lieux.modalite,
    cast(agregats.valeur as double) as valeur,
    'Agrégats publiés de la demande (SNE)' as producteur,
    cast(null as {{ dbt.type_string() }}) as page,
    cast(null as date) as publie_le,
    false as est_depose
from {{ ref('int_sne_agregats') }} as agregats
inner join lieux on agregats.niveau = lieux.niveau and agregats.code = lieux.code
where agregats.statut = 'publie'
union all
select
    agregats.epci_siren,
    agregats.millesime as annee,
    agregats.mesure,
    agregats.axe,
    agregats.modalite,
    cast(agregats.valeur as double) as valeur,
    'Tables publiées du répertoire (Insee, SDES)' as producteur,
    cast(null as {{ dbt.type_string() }}) as page,
    cast(null as date) as publie_le,
    false as est_depose
from {{ ref('int_parc_agregats') }} as agregats
where
    agregats.valeur is not null
    and exists (
        select 1
        from {{ ref('dim_logement') }} as detail
        where detail.epci_siren = agregats.epci_siren and detail.millesime = agregats.millesime
    )
