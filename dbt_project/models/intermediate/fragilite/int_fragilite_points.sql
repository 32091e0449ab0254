-- The points of each criterion at each place. A method that scores an empty place as if its shares were 0 says so
-- (`parts_nulles`); everywhere else an empty or too small place has no points, which is not 0 point.
-- `compte_revele` is the count that the points would give back: the only whole number that the band can hold for this base,
-- or the complement of it. The small-cell rule reads it.
{%- set indice = "100 * cast(n as double) * denominateur_epci / nullif(base, 0) / nullif(numerateur_epci, 0)" %}
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

),

-- One criterion of one method at one place: its counts, the territory's mean, and what is known of it. `etat` is `connu`;
-- `vide` (nobody, or no dwelling, to count); `petit` (below the method's least base); `secret` (the survey hides it);
-- `absent` (the source, or this place in it, was not given).
fragilite_criteres as (

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

),

taux as (

    select
        *,
        {{ en_decimal('100 * cast(numerateur as double) / nullif(denominateur, 0)', 18, 6) }} as taux,
        {{ en_decimal('100 * cast(numerateur_epci as double) / nullif(denominateur_epci, 0)', 18, 6) }} as moyenne
    from fragilite_criteres
    where etat = 'connu'

),

-- How far the places of a kind lie from the mean of the whole stock, in points: the square root of the mean of the squared
-- differences, each place counting for one. Methods whose bounds are in standard deviations read it.
fragilite_ecarts as (

    select
        epci_siren,
        annee,
        methode,
        axe,
        type_lieu,
        bloc,
        indicateur,
        count(*) as nb_lieux,
        sqrt(cast(sum((taux - moyenne) * (taux - moyenne)) as double) / nullif(count(*), 0)) as ecart_type
    from taux
    where moyenne is not null
    group by epci_siren, annee, methode, axe, type_lieu, bloc, indicateur

),

bornes as (

    select
        methode,
        bloc,
        indicateur,
        borne_rang,
        borne,
        borne_incluse,
        borne_sup,
        borne_sup_incluse,
        score
    from {{ source('conventions', 'methodes_fragilite') }}

),

retenus as (

    select
        criteres.*,
        criteres.etat = 'vide' and criteres.zone_vide = 'parts_nulles' as est_note_vide,
        case when criteres.etat = 'connu' then criteres.numerateur else 0 end as n,
        case when criteres.etat = 'connu' then criteres.denominateur else 1 end as base,
        {{ en_decimal(
            '100 * cast(criteres.numerateur_epci as double) / nullif(criteres.denominateur_epci, 0)', 18, 6
        ) }} as moyenne,
        ecarts.ecart_type
    from fragilite_criteres as criteres
    left join fragilite_ecarts as ecarts
        on
            criteres.epci_siren = ecarts.epci_siren
            and criteres.annee = ecarts.annee
            and criteres.methode = ecarts.methode
            and criteres.axe = ecarts.axe
            and criteres.type_lieu = ecarts.type_lieu
            and criteres.bloc = ecarts.bloc
            and criteres.indicateur = ecarts.indicateur

),

-- Bounds in percentage of the base, whatever they are stated in.
bandes as (

    select
        retenus.*,
        bornes.borne_incluse,
        bornes.borne_sup_incluse,
        bornes.score,
        bornes.borne,
        bornes.borne_sup,
        {%- for cote in ['borne', 'borne_sup'] %}
        {%- set pct %}
            case retenus.type_seuil
                when 'absolu' then cast(bornes.{{ cote }} as double)
                when 'pourcentage' then cast(retenus.moyenne as double) * (100 + cast(bornes.{{ cote }} as double)) / 100
                when 'ecart_type'
                    then cast(retenus.moyenne as double) + cast(bornes.{{ cote }} as double) * retenus.ecart_type
            end
        {%- endset %}
        {{ en_decimal(pct, 18, 6) }} as {{ cote }}_pct{{ "," if not loop.last }}
        {%- endfor %}
    from retenus
    inner join bornes
        on
            retenus.methode = bornes.methode
            and retenus.bloc = bornes.bloc
            and retenus.indicateur = bornes.indicateur
    where retenus.etat = 'connu' or retenus.est_note_vide

),

notes as (

    select
        epci_siren,
        annee,
        methode,
        axe,
        modalite,
        bloc,
        indicateur,
        score as points,
        not (
            (n > 0 and {{ dans_bande('n - 1', 'base', 'bandes') }})
            or (n < base and {{ dans_bande('n + 1', 'base', 'bandes') }})
        ) as est_seul
    from bandes
    where
        type_seuil <> 'indice'
        and (borne is null or borne_pct is not null)
        and (borne_sup is null or borne_sup_pct is not null)
        and {{ dans_bande('n', 'base', 'bandes') }}
    union all
    select
        epci_siren,
        annee,
        methode,
        axe,
        modalite,
        bloc,
        indicateur,
        {{ en_decimal(
            "case when sens = 'haut' then " ~ indice ~ " else 200 - " ~ indice ~ " end", 12, 4
        ) }} as points,
        true as est_seul
    from bandes
    where type_seuil = 'indice' and denominateur_epci > 0

)

select
    retenus.epci_siren,
    retenus.annee,
    retenus.methode,
    retenus.axe,
    retenus.modalite,
    retenus.type_lieu,
    retenus.bloc,
    retenus.indicateur,
    retenus.numerateur,
    retenus.denominateur,
    retenus.moyenne,
    -- A criterion that is known, but whose method needs a mean that is not, is not scored.
    case when retenus.etat = 'connu' and notes.points is null then 'absent' else retenus.etat end as etat,
    retenus.est_note_vide,
    notes.points,
    case when catalogue.base_menages and retenus.etat = 'connu' then retenus.denominateur end as base_menages,
    case
        when catalogue.base_menages and retenus.etat = 'connu' and notes.est_seul
            then {{ plus_petit(
                'coalesce(nullif(retenus.numerateur, 0), retenus.denominateur)',
                'coalesce(nullif(retenus.denominateur - retenus.numerateur, 0), retenus.denominateur)'
            ) }}
    end as compte_revele
from retenus
inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on retenus.indicateur = catalogue.indicateur
left join notes
    on
        retenus.epci_siren = notes.epci_siren
        and retenus.annee = notes.annee
        and retenus.methode = notes.methode
        and retenus.axe = notes.axe
        and retenus.modalite = notes.modalite
        and retenus.bloc = notes.bloc
        and retenus.indicateur = notes.indicateur
