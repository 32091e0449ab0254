-- What producers publish beside what the warehouse counts. A difference is said when it exceeds both what is allowed in the unit
-- (a place of ten dwellings is not at fault for one) and in % (a city is not for ten). An aggregate of a place that the
-- warehouse has no figure of is left out; a total that someone typed is answered.
{{ config(alias='totaux_officiels') }}
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

),

-- Official figures about the covered territories, in the shape of those that they check: the totals typed in the landing folder,
-- and the aggregates that producers publish of the stock and of the demand. What is secret or not published checks nothing. A
-- département is the territory that has all its communes and no other. Where no dwelling is held, the published table of the
-- stock is the figure itself: it checks nothing either.
totaux_officiels as (

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

),

compares as (

    select
        officiels.epci_siren,
        officiels.annee,
        officiels.mesure,
        regles.indicateur,
        officiels.axe,
        officiels.modalite,
        figures.modalite_libelle,
        figures.unite,
        officiels.valeur * cast(regles.facteur as double) as valeur_officielle,
        figures.valeur as valeur_entrepot,
        figures.valeur - officiels.valeur * cast(regles.facteur as double) as ecart,
        cast(regles.ecart_max as double) as ecart_max,
        cast(regles.ecart_max_pct as double) as ecart_max_pct,
        regles.raison_en_plus,
        regles.raison_en_moins,
        officiels.producteur,
        officiels.page,
        officiels.publie_le
    from totaux_officiels as officiels
    inner join {{ source('seeds', 'ref_mesures_officielles') }} as regles
        on
            officiels.mesure = regles.mesure
            and {{ premier_jour('officiels.annee') }} >= regles.debut
            and {{ premier_jour('officiels.annee') }} <= coalesce(regles.fin, {{ premier_jour('officiels.annee') }})
    left join {{ ref('indicateurs') }} as figures
        on
            officiels.epci_siren = figures.epci_siren
            and regles.indicateur = figures.indicateur
            and officiels.axe = figures.axe
            and officiels.modalite = figures.modalite
            and regles.segment_type = figures.segment_type
            and regles.segment = figures.segment
            and figures.periode_type in ('annee', 'millesime')
            and figures.periode = cast(officiels.annee as {{ dbt.type_string() }})
    where officiels.est_depose or figures.valeur is not null

)

select
    epci_siren,
    annee,
    mesure,
    indicateur,
    axe,
    modalite,
    modalite_libelle,
    unite,
    valeur_officielle,
    valeur_entrepot,
    ecart,
    100 * ecart / nullif(valeur_officielle, 0) as ecart_pct,
    ecart_max,
    ecart_max_pct,
    case
        when ecart is null then 'sans_figure'
        when abs(ecart) > ecart_max and 100 * abs(ecart) > ecart_max_pct * valeur_officielle then 'ecart'
        else 'conforme'
    end as etat,
    case
        when abs(ecart) > ecart_max and 100 * abs(ecart) > ecart_max_pct * valeur_officielle
            then case when ecart > 0 then raison_en_plus else raison_en_moins end
    end as raison,
    producteur,
    page,
    publie_le
from compares
