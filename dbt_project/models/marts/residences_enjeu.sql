-- The residences where social mixing is at stake, ranked, explained and dated, per EPCI and method: those that the method puts
-- in its most fragile class, on the list of the year it was drawn up, kept until the next renewal. One row per EPCI, list,
-- method and residence. The list is a proposal: the conference adopts it.
with annees as (

    select distinct
        epci_siren,
        methode,
        annee,
        min(annee) over (partition by epci_siren, methode) as premiere
    from {{ ref('int_fragilite_classes') }}
    where axe = 'residence' and classe_retenue is not null

),

-- A new list every so many years, from the first one that could be drawn up.
listes as (

    select
        annees.epci_siren,
        annees.methode,
        annees.annee,
        durees.duree_annees,
        {{ dernier_jour('annees.annee') }} as date_liste,
        {{ dernier_jour('annees.annee + durees.duree_annees') }} as date_renouvellement
    from annees
    cross join {{ ref('ref_listes_residences') }} as durees
    where mod(annees.annee - annees.premiere, durees.duree_annees) = 0

),

residences as (

    select
        fragilite.*,
        listes.date_liste,
        listes.date_renouvellement
    from {{ ref('fragilite') }} as fragilite
    inner join listes
        on
            fragilite.epci_siren = listes.epci_siren
            and fragilite.methode = listes.methode
            and fragilite.annee = listes.annee
    where fragilite.axe = 'residence'

),

explications as (

    select
        criteres.epci_siren,
        criteres.annee,
        criteres.methode,
        criteres.modalite,
        string_agg(
            criteres.critere_libelle
            || case when criteres.bloc = 'flux' then ' (emménagés récents)' else '' end
            || case
                when criteres.taux is not null
                    then ' : ' || replace(cast(round(criteres.taux, 1) as {{ dbt.type_string() }}), '.', ',') || ' %'
                else ''
            end,
            ' ; ' order by criteres.points desc, criteres.bloc desc, criteres.critere
        ) as explication
    from {{ ref('fragilite_criteres') }} as criteres
    inner join (
        select
            epci_siren,
            annee,
            methode,
            modalite,
            max(points) as points_max
        from {{ ref('fragilite_criteres') }}
        where axe = 'residence'
        group by epci_siren, annee, methode, modalite
    ) as maxima
        on
            criteres.epci_siren = maxima.epci_siren
            and criteres.annee = maxima.annee
            and criteres.methode = maxima.methode
            and criteres.modalite = maxima.modalite
    where criteres.axe = 'residence' and criteres.points > 0 and criteres.points >= maxima.points_max
    group by criteres.epci_siren, criteres.annee, criteres.methode, criteres.modalite

)

select
    residences.epci_siren,
    residences.annee as annee_liste,
    residences.date_liste,
    residences.date_renouvellement,
    residences.methode,
    residences.methode_libelle,
    cast(
        row_number() over (
            partition by residences.epci_siren, residences.methode, residences.annee
            order by
                coalesce(residences.classe, residences.classe_stock) desc,
                coalesce(residences.points_stock, 0) + coalesce(residences.points_flux, 0) desc,
                residences.nb_logements desc nulls last,
                residences.modalite
        ) as integer
    ) as rang,
    residences.modalite as residence,
    lieux.bailleur_siren,
    bailleurs.nom as bailleur,
    lieux.code_commune,
    communes.nom as commune,
    lieux.secteur,
    residences.nb_logements,
    residences.points_stock,
    residences.points_flux,
    residences.classe_stock,
    residences.classe_flux,
    residences.classe,
    coalesce(residences.classe_libelle, residences.classe_stock_libelle) as classe_libelle,
    coalesce(residences.classe, residences.classe_stock) as classe_retenue,
    classes.est_plus_fragile as est_proposee,
    explications.explication,
    residences.millesime_ops,
    residences.millesime_rpls,
    residences.annee_sne
from residences
inner join {{ ref('int_fragilite_classes') }} as classes
    on
        residences.epci_siren = classes.epci_siren
        and residences.annee = classes.annee
        and residences.methode = classes.methode
        and residences.axe = classes.axe
        and residences.modalite = classes.modalite
left join explications
    on
        residences.epci_siren = explications.epci_siren
        and residences.annee = explications.annee
        and residences.methode = explications.methode
        and residences.modalite = explications.modalite
left join (
    select
        epci_siren,
        millesime,
        residence,
        min(bailleur_siren) as bailleur_siren,
        min(code_commune) as code_commune,
        case when min(secteur) = max(secteur) then min(secteur) else 'mixte' end as secteur
    from {{ ref('fct_logement') }}
    where residence is not null and est_dans_le_parc
    group by epci_siren, millesime, residence
) as lieux
    on
        residences.epci_siren = lieux.epci_siren
        and residences.millesime_rpls = lieux.millesime
        and residences.modalite = lieux.residence
left join {{ ref('dim_bailleur') }} as bailleurs on lieux.bailleur_siren = bailleurs.siren
left join {{ ref('dim_commune') }} as communes on lieux.code_commune = communes.code_commune
where
    (residences.statut_classe in ('publiable', 'sans_objet'))
    and coalesce(residences.classe, residences.classe_stock) is not null
