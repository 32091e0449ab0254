-- The points of each criterion at each place. A method that scores an empty place as if its shares were 0 says so
-- (`parts_nulles`); everywhere else an empty or too small place has no points, which is not 0 point.
-- `compte_revele` is the count that the points would give back: the only whole number that the band can hold for this base,
-- or the complement of it. The small-cell rule reads it.
{%- set indice = "100 * cast(n as double) * denominateur_epci / nullif(base, 0) / nullif(numerateur_epci, 0)" %}
with bornes as (

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
    from {{ ref('int_fragilite_criteres') }} as criteres
    left join {{ ref('int_fragilite_ecarts') }} as ecarts
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
