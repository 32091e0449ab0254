-- Active requests against the leases of the year where two features of the household meet: quartile and wanted size, for all
-- applicants, then for those who already live in the stock and the others. One row per EPCI, year, kind of applicant, quartile and
-- size. Counts add up within one kind of applicant, a tension never does.
with demandes as (

    select
        epci_siren,
        annee,
        coalesce(demandeur, 'inconnu') as demandeur,
        coalesce(quartile, 'inconnu') as quartile,
        coalesce(typologie, 'inconnu') as typologie,
        {{ somme('demandes_num') }} as demandes,
        cast(0 as bigint) as baux
    from {{ ref('int_demande_mesures') }}
    group by 1, 2, 3, 4, 5

),

baux as (

    select
        mesures.epci_siren,
        mesures.annee,
        coalesce(mesures.demandeur, 'inconnu') as demandeur,
        coalesce(mesures.quartile, 'inconnu') as quartile,
        coalesce(mesures.typologie, 'inconnu') as typologie,
        cast(0 as bigint) as demandes,
        {{ somme('mesures.baux_num') }} as baux
    from {{ ref('int_attribution_mesures') }} as mesures
    {{ joindre_annees_demandees('mesures') }}
    where mesures.evenement = 'bail_signe'
    group by 1, 2, 3, 4, 5

),

toutes as (

    select * from demandes
    union all
    select * from baux

),

niveaux as (

    select * from toutes
    union all
    select
        epci_siren,
        annee,
        'tous' as demandeur,
        quartile,
        typologie,
        demandes,
        baux
    from toutes

),

comptes as (

    select
        epci_siren,
        annee,
        demandeur,
        quartile,
        typologie,
        {{ somme('demandes') }} as demandes,
        {{ somme('baux') }} as baux
    from niveaux
    group by 1, 2, 3, 4, 5

),

-- A year in which the whole territory has no request, or no lease, is one whose file is missing: nothing is counted then, not even 0.
connus as (

    select
        *,
        case when max(demandes) over (partition by epci_siren, annee) > 0 then demandes end as demandes_connues,
        case when max(baux) over (partition by epci_siren, annee) > 0 then baux end as baux_connus
    from comptes

)

select
    comptes.epci_siren,
    comptes.annee,
    comptes.demandeur,
    comptes.quartile,
    comptes.typologie,
    comptes.demandes_connues as demandes,
    comptes.baux_connus as baux,
    cast(comptes.demandes_connues as double) / nullif(comptes.baux_connus, 0) as tension,
    {{ petit_effectif('comptes.demandes_connues', 'parametres.seuil_secret') }}
    or {{ petit_effectif('comptes.baux_connus', 'parametres.seuil_secret') }} as petit_effectif
from connus as comptes
inner join {{ ref('int_parametres') }} as parametres on comptes.epci_siren = parametres.epci_siren
