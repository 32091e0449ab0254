-- What landlords, communes and others said of each residence for each list: the latest opinion of each author given while
-- the list is in force (its figures are those of the year before). One opinion to add is enough to add; one to take off takes off when none adds.
with listes as (

    select distinct
        epci_siren,
        date_liste,
        date_renouvellement
    from {{ ref('int_residences_listes') }}

),

derniers as (

    select
        listes.epci_siren,
        listes.date_liste,
        coalesce(noms.residence, avis.residence) as residence,
        avis.auteur,
        avis.avis,
        avis.motif,
        avis.date_avis,
        row_number() over (
            partition by listes.epci_siren, listes.date_liste, coalesce(noms.residence, avis.residence), avis.auteur
            order by avis.date_avis desc nulls last, avis.avis nulls last
        ) as rang
    from {{ source('geographie', 'avis_residences') }} as avis
    inner join listes
        on
            avis.epci_siren = listes.epci_siren
            and avis.date_avis > listes.date_liste
            and avis.date_avis <= listes.date_renouvellement
    left join (
        select distinct
            epci_siren,
            cle,
            residence
        from {{ ref('int_residences_noms') }}
        where est_seule_de_l_epci
    ) as noms
        on avis.epci_siren = noms.epci_siren and {{ residence_normalisee('avis.residence') }} = noms.cle

)

select
    epci_siren,
    date_liste,
    residence,
    max(case when avis = 'ajouter' then 1 else 0 end) = 1 as est_ajoutee,
    max(case when avis = 'retirer' then 1 else 0 end) = 1 as est_retiree,
    {{ liste_de_textes(
        "auteur || ' : ' || avis || coalesce(' (' || motif || ')', '')", ' ; ', 'date_avis nulls last, auteur nulls last'
    ) }} as avis
from derniers
where rang = 1
group by epci_siren, date_liste, residence
