-- The residences where social mixing is at stake, ranked, explained and dated, per EPCI and method: those that the method puts
-- in its most fragile class, those that landlords, communes or others asked to add, without those they asked to take off. A
-- list is kept until its renewal. One row per EPCI, list, method and residence examined; `est_retenue` says which ones are
-- on the list. It is a proposal: the conference adopts it.
with annees as (

    select distinct
        epci_siren,
        methode,
        annee
    from {{ ref('int_fragilite_classes') }}
    where axe = 'residence' and classe_retenue is not null
    union
    select distinct
        avis.epci_siren,
        cast(null as {{ dbt.type_string() }}) as methode,
        cast(extract(year from avis.date_avis) as integer) - 1 as annee
    from {{ source('geographie', 'avis_residences') }} as avis
    where
        not exists (
            select 1
            from {{ ref('int_fragilite_classes') }} as classes
            where
                classes.epci_siren = avis.epci_siren
                and classes.axe = 'residence'
                and classes.classe_retenue is not null
        )

),

datees as (

    select
        *,
        min(annee) over (partition by epci_siren, methode) as premiere
    from annees

),

-- When each list of priority residences is drawn up: on the last day of the first year that a method can class residences, then
-- every so many years. A territory without a method has the lists of the opinions it collected.
residences_listes as (

    select
        datees.epci_siren,
        datees.methode,
        datees.annee,
        {{ dernier_jour('datees.annee') }} as date_liste,
        {{ dernier_jour('datees.annee + durees.duree_annees') }} as date_renouvellement
    from datees
    cross join {{ source('seeds', 'ref_listes_residences') }} as durees
    where mod(datees.annee - datees.premiere, nullif(durees.duree_annees, 0)) = 0

),

listes as (

    select distinct
        epci_siren,
        date_liste,
        date_renouvellement
    from residences_listes

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

),

-- What landlords, communes and others said of each residence for each list: the latest opinion of each author given while
-- the list is in force (its figures are those of the year before). One opinion to add is enough to add; one to take off takes off when none adds.
residences_avis as (

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

),

notees as (

    select
        listes.epci_siren,
        listes.annee,
        listes.methode,
        fragilite.modalite as residence,
        fragilite.methode_libelle,
        fragilite.nb_logements,
        fragilite.points_stock,
        fragilite.points_flux,
        fragilite.classe_stock,
        fragilite.classe_flux,
        fragilite.classe,
        coalesce(fragilite.classe_libelle, fragilite.classe_stock_libelle) as classe_libelle,
        coalesce(fragilite.classe, fragilite.classe_stock) as classe_retenue,
        classes.est_plus_fragile,
        fragilite.millesime_ops,
        fragilite.millesime_rpls,
        fragilite.annee_sne
    from residences_listes as listes
    inner join {{ ref('fragilite') }} as fragilite
        on
            listes.epci_siren = fragilite.epci_siren
            and listes.methode = fragilite.methode
            and listes.annee = fragilite.annee
            and fragilite.axe = 'residence'
    inner join {{ ref('int_fragilite_classes') }} as classes
        on
            fragilite.epci_siren = classes.epci_siren
            and fragilite.annee = classes.annee
            and fragilite.methode = classes.methode
            and fragilite.axe = classes.axe
            and fragilite.modalite = classes.modalite
    -- A class that the small-cell rule masks puts no residence on the list by itself.
    where coalesce(fragilite.classe, fragilite.classe_stock) is not null

),

explications as (

    select
        criteres.epci_siren,
        criteres.annee,
        criteres.methode,
        criteres.modalite as residence,
        {{ liste_de_textes(
            'criteres.explication', ' ; ', 'criteres.bloc desc nulls last, criteres.critere nulls last'
        ) }} as explication
    from (
        select
            *,
            critere_libelle
            || case when bloc = 'flux' then ' (emménagés récents)' else '' end
            || case
                when taux is not null then ' : ' || replace({{ reel_en_texte(arrondi('taux', 1)) }}, '.', ',') || ' %'
                else ''
            end as explication,
            max(points) over (partition by epci_siren, annee, methode, modalite) as points_max
        from {{ ref('fragilite_criteres') }}
        where axe = 'residence'
    ) as criteres
    where criteres.points > 0 and criteres.points = criteres.points_max
    group by criteres.epci_siren, criteres.annee, criteres.methode, criteres.modalite

),

toutes as (

    select
        epci_siren,
        annee,
        methode,
        residence
    from notees
    union
    select
        listes.epci_siren,
        listes.annee,
        listes.methode,
        avis.residence
    from residences_avis as avis
    inner join residences_listes as listes
        on avis.epci_siren = listes.epci_siren and avis.date_liste = listes.date_liste

),

examinees as (

    select
        listes.epci_siren,
        listes.annee,
        listes.methode,
        listes.date_liste,
        listes.date_renouvellement,
        coalesce(notees.residence, avis.residence) as residence,
        notees.methode_libelle,
        notees.nb_logements,
        notees.points_stock,
        notees.points_flux,
        notees.classe_stock,
        notees.classe_flux,
        notees.classe,
        notees.classe_libelle,
        notees.classe_retenue,
        coalesce(notees.est_plus_fragile, false) as est_proposee,
        coalesce(avis.est_ajoutee, false) as est_ajoutee,
        coalesce(avis.est_retiree, false) as est_retiree,
        avis.avis,
        notees.millesime_ops,
        notees.millesime_rpls,
        notees.annee_sne
    from residences_listes as listes
    inner join toutes
        on
            listes.epci_siren = toutes.epci_siren
            and listes.annee = toutes.annee
            and coalesce(listes.methode, '') = coalesce(toutes.methode, '')
    left join notees
        on
            toutes.epci_siren = notees.epci_siren
            and toutes.annee = notees.annee
            and toutes.methode = notees.methode
            and toutes.residence = notees.residence
    left join residences_avis as avis
        on
            listes.epci_siren = avis.epci_siren
            and listes.date_liste = avis.date_liste
            and toutes.residence = avis.residence

),

-- Where a residence stands: the vintage that the method used, else the nearest one.
lieux as (

    select
        epci_siren,
        millesime,
        residence,
        count(*) as nb_logements,
        min(bailleur_siren) as bailleur_siren,
        min(code_commune) as code_commune,
        case when min(secteur) = max(secteur) then min(secteur) else 'mixte' end as secteur
    from {{ ref('fct_logement') }}
    where residence is not null and est_dans_le_parc
    group by epci_siren, millesime, residence

),

situees as (

    select
        examinees.*,
        lieux.nb_logements as nb_logements_parc,
        lieux.bailleur_siren,
        lieux.code_commune,
        lieux.secteur,
        row_number() over (
            partition by examinees.epci_siren, examinees.annee, examinees.methode, examinees.residence
            order by
                abs(lieux.millesime - coalesce(examinees.millesime_rpls, examinees.annee + 1)) nulls last,
                lieux.millesime nulls last
        ) as rang_millesime
    from examinees
    left join lieux
        on examinees.epci_siren = lieux.epci_siren and examinees.residence = lieux.residence

)

select
    situees.epci_siren,
    situees.annee as annee_liste,
    situees.date_liste,
    situees.date_renouvellement,
    coalesce(situees.methode, 'avis') as methode,
    coalesce(situees.methode_libelle, 'Avis seuls') as methode_libelle,
    cast(
        row_number() over (
            partition by situees.epci_siren, situees.methode, situees.annee
            order by
                case when situees.est_ajoutee or (situees.est_proposee and not situees.est_retiree) then 0 else 1 end,
                situees.classe_retenue desc nulls last,
                coalesce(situees.points_stock, 0) + coalesce(situees.points_flux, 0) desc nulls last,
                coalesce(situees.nb_logements, situees.nb_logements_parc) desc nulls last,
                situees.residence nulls last
        ) as integer
    ) as rang,
    situees.residence,
    situees.bailleur_siren,
    bailleurs.nom as bailleur,
    situees.code_commune,
    communes.nom as commune,
    situees.secteur,
    coalesce(situees.nb_logements, situees.nb_logements_parc) as nb_logements,
    situees.points_stock,
    situees.points_flux,
    situees.classe_stock,
    situees.classe_flux,
    situees.classe,
    situees.classe_libelle,
    situees.classe_retenue,
    situees.est_proposee,
    situees.avis,
    situees.est_ajoutee or (situees.est_proposee and not situees.est_retiree) as est_retenue,
    case
        when situees.est_ajoutee and situees.est_proposee then 'Classe la plus fragile et avis'
        when situees.est_ajoutee then 'Ajoutée par avis'
        when situees.est_proposee and situees.est_retiree then 'Retirée par avis'
        when situees.est_proposee then 'Classe la plus fragile'
        else 'Hors de la classe la plus fragile'
    end as raison,
    explications.explication,
    situees.millesime_ops,
    situees.millesime_rpls,
    situees.annee_sne
from situees
left join explications
    on
        situees.epci_siren = explications.epci_siren
        and situees.annee = explications.annee
        and situees.methode = explications.methode
        and situees.residence = explications.residence
left join {{ ref('dim_bailleur') }} as bailleurs on situees.bailleur_siren = bailleurs.siren
left join {{ ref('dim_commune') }} as communes on situees.code_commune = communes.code_commune
where situees.rang_millesime = 1
