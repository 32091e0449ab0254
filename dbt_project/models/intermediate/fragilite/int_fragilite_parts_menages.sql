-- The same shares weighed by the households of the survey, for the methods that ask for it: households of the places of the
-- class over those of the places that are classed.
with menages as (

    select
        points.epci_siren,
        points.annee,
        points.methode,
        points.axe,
        points.modalite,
        max(points.denominateur) as nb_menages
    from {{ ref('int_fragilite_points') }} as points
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            points.epci_siren = millesimes.epci_siren
            and points.annee = millesimes.annee
            and points.methode = millesimes.methode
    where
        points.bloc = 'stock'
        and points.indicateur in ('part_isoles', 'part_monoparentales')
        and millesimes.poids = 'menages'
    group by points.epci_siren, points.annee, points.methode, points.axe, points.modalite

),

poids as (

    select
        classes.epci_siren,
        classes.annee,
        classes.methode,
        classes.type_lieu,
        classes.classe_retenue as classe,
        {{ somme('menages.nb_menages') }} as nb_menages
    from {{ ref('int_fragilite_classes') }} as classes
    inner join menages
        on
            classes.epci_siren = menages.epci_siren
            and classes.annee = menages.annee
            and classes.methode = menages.methode
            and classes.axe = menages.axe
            and classes.modalite = menages.modalite
    where classes.classe_retenue is not null and menages.nb_menages > 0
    group by classes.epci_siren, classes.annee, classes.methode, classes.type_lieu, classes.classe_retenue

)

select
    epci_siren,
    annee,
    methode,
    type_lieu,
    classe,
    nb_menages,
    sum(nb_menages) over (partition by epci_siren, annee, methode, type_lieu) as nb_classes,
    min(nb_menages) over (partition by epci_siren, annee, methode, type_lieu) as nb_menages_min
from poids
