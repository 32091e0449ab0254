-- The places that each method scores in each year: the priority neighbourhoods and the local zones in force on 31 December,
-- empty ones included, what each commune has outside priority neighbourhoods, and the residences that the survey knows.
with qpv as (

    select
        membres.epci_siren,
        membres.annee,
        qpv.generation,
        qpv.code_qpv,
        min(qpv.code_commune) as code_commune
    from {{ ref('int_qpv') }} as qpv
    inner join {{ ref('int_epci_membres') }} as membres on qpv.code_commune = membres.code_lu
    group by membres.epci_siren, membres.annee, qpv.generation, qpv.code_qpv

),

occupes as (

    select distinct
        epci_siren,
        annee as millesime,
        axe,
        modalite
    from {{ ref('int_indicateurs_occupation') }}
    where axe in ('qpv', 'residence')

),

lieux as (

    select
        millesimes.epci_siren,
        millesimes.annee,
        millesimes.methode,
        'qpv' as axe,
        qpv.code_qpv as modalite,
        'qpv' as type_lieu
    from {{ ref('int_fragilite_millesimes') }} as millesimes
    inner join {{ ref('int_parametres') }} as parametres on millesimes.epci_siren = parametres.epci_siren
    inner join qpv on millesimes.epci_siren = qpv.epci_siren and millesimes.annee = qpv.annee
    {{ joindre_generation('parametres.generation_qpv', dernier_jour('millesimes.annee'), 'qpv.code_commune') }}
    where qpv.generation = generations.generation
    union all
    select
        millesimes.epci_siren,
        millesimes.annee,
        millesimes.methode,
        'zone' as axe,
        zones.zone as modalite,
        zones.type_zone as type_lieu
    from {{ ref('int_fragilite_millesimes') }} as millesimes
    inner join {{ ref('int_zones') }} as zones
        on
            millesimes.epci_siren = zones.epci_siren
            and {{ dernier_jour('millesimes.annee') }} >= coalesce(zones.debut, {{ dernier_jour('millesimes.annee') }})
            and {{ dernier_jour('millesimes.annee') }} <= coalesce(zones.fin, {{ dernier_jour('millesimes.annee') }})
    union all
    select
        millesimes.epci_siren,
        millesimes.annee,
        millesimes.methode,
        'commune x secteur' as axe,
        parc.modalite,
        'hors_qpv' as type_lieu
    from {{ ref('int_fragilite_millesimes') }} as millesimes
    inner join {{ ref('int_fragilite_parc') }} as parc
        on
            millesimes.epci_siren = parc.epci_siren
            and millesimes.millesime_rpls = parc.millesime
            and parc.axe = 'commune x secteur'
    union all
    select
        millesimes.epci_siren,
        millesimes.annee,
        millesimes.methode,
        'residence' as axe,
        occupes.modalite,
        'residence' as type_lieu
    from {{ ref('int_fragilite_millesimes') }} as millesimes
    inner join occupes
        on
            millesimes.epci_siren = occupes.epci_siren
            and millesimes.millesime_ops = occupes.millesime
            and occupes.axe = 'residence'

)

select
    lieux.epci_siren,
    lieux.annee,
    lieux.methode,
    lieux.axe,
    lieux.modalite,
    min(lieux.type_lieu) as type_lieu,
    max(parc.nb_logements) as nb_logements
from lieux
inner join {{ ref('int_fragilite_millesimes') }} as millesimes
    on
        lieux.epci_siren = millesimes.epci_siren
        and lieux.annee = millesimes.annee
        and lieux.methode = millesimes.methode
left join {{ ref('int_fragilite_parc') }} as parc
    on
        lieux.epci_siren = parc.epci_siren
        and millesimes.millesime_rpls = parc.millesime
        and lieux.axe = parc.axe
        and lieux.modalite = parc.modalite
group by lieux.epci_siren, lieux.annee, lieux.methode, lieux.axe, lieux.modalite
