-- One criterion of one method at one place: its counts, the territory's mean, and what is known of it. `etat` is `connu`;
-- `vide` (nobody, or no dwelling, to count); `petit` (below the method's least base); `secret` (the survey hides it);
-- `absent` (the source, or this place in it, was not given).
with criteres as (

    select distinct
        methode,
        bloc,
        population,
        indicateur,
        sens,
        type_seuil,
        case
            when source = 'ops' then 'ops'
            when source = 'rpls' then 'rpls'
            else 'sne'
        end as source
    from {{ source('conventions', 'methodes_fragilite') }}

),

attendus as (

    select
        lieux.epci_siren,
        lieux.annee,
        lieux.methode,
        lieux.axe,
        lieux.modalite,
        lieux.type_lieu,
        lieux.nb_logements,
        millesimes.zone_vide,
        millesimes.base_minimale,
        millesimes.millesime_rpls,
        criteres.bloc,
        criteres.population,
        criteres.indicateur,
        criteres.sens,
        criteres.type_seuil,
        criteres.source,
        case when criteres.source = 'ops' then criteres.population else 'ensemble' end as population_lue,
        case criteres.source
            when 'ops' then {{ cle_source("'ops'", 'millesimes.millesime_ops') }}
            when 'rpls' then {{ cle_source("'rpls'", 'millesimes.millesime_rpls') }}
            else {{ cle_source("'sne'", 'millesimes.millesime_rpls', 'millesimes.annee_sne') }}
        end as cle_source,
        {{ cle_source("'ops'", 'millesimes.millesime_ops') }} as cle_ops
    from {{ ref('int_fragilite_lieux') }} as lieux
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            lieux.epci_siren = millesimes.epci_siren
            and lieux.annee = millesimes.annee
            and lieux.methode = millesimes.methode
    inner join criteres on lieux.methode = criteres.methode

),

-- Which places the survey knows, and for which populations: a place that it knows, without recent movers, has none.
presences as (

    select
        epci_siren,
        cle_source,
        axe,
        modalite,
        max(case when population = 'ensemble' then 1 else 0 end) as a_ensemble,
        max(case when population = 'emmenages_recents' then 1 else 0 end) as a_emmenages
    from {{ ref('int_fragilite_taux') }}
    where source = 'ops'
    group by epci_siren, cle_source, axe, modalite

)

select
    attendus.epci_siren,
    attendus.annee,
    attendus.methode,
    attendus.axe,
    attendus.modalite,
    attendus.type_lieu,
    attendus.bloc,
    attendus.population,
    attendus.indicateur,
    attendus.sens,
    attendus.type_seuil,
    attendus.zone_vide,
    attendus.source,
    taux.numerateur,
    taux.denominateur,
    moyennes.numerateur as numerateur_epci,
    moyennes.denominateur as denominateur_epci,
    case
        when attendus.source = 'ops' and taux.est_secret then 'secret'
        when taux.denominateur > 0 and taux.denominateur < attendus.base_minimale then 'petit'
        when taux.denominateur > 0 and taux.numerateur is not null then 'connu'
        when attendus.cle_source is null then 'absent'
        when attendus.source <> 'ops'
            then case when moyennes.denominateur > 0 then 'vide' else 'absent' end
        when taux.denominateur = 0 then 'vide'
        when attendus.population = 'ensemble' and presences.a_ensemble = 1 then 'absent'
        when attendus.population = 'emmenages_recents' and presences.a_emmenages = 1 then 'absent'
        when presences.epci_siren is not null then 'vide'
        when attendus.millesime_rpls is not null and attendus.nb_logements is null then 'vide'
        else 'absent'
    end as etat
from attendus
left join {{ ref('int_fragilite_taux') }} as taux
    on
        attendus.epci_siren = taux.epci_siren
        and attendus.cle_source = taux.cle_source
        and attendus.axe = taux.axe
        and attendus.modalite = taux.modalite
        and attendus.indicateur = taux.indicateur
        and attendus.population_lue = taux.population
left join {{ ref('int_fragilite_taux') }} as moyennes
    on
        attendus.epci_siren = moyennes.epci_siren
        and attendus.cle_source = moyennes.cle_source
        and moyennes.axe = 'epci'
        and attendus.indicateur = moyennes.indicateur
        and attendus.population_lue = moyennes.population
left join presences
    on
        attendus.epci_siren = presences.epci_siren
        and attendus.cle_ops = presences.cle_source
        and attendus.axe = presences.axe
        and attendus.modalite = presences.modalite
