-- Every figure that may be published, after the small-cell rule: the table from which every report is made. One row per
-- EPCI, period, indicator, axis, modality and segment. A figure about households that has no decision is masked, unless
-- it only says what the files do not say; the yearly totals of the EPCI that a bilan cannot do without are never masked to
-- protect another figure.
with masques as (

    select
        figures.*,
        case
            when not figures.base_menages then false
            when {{ hors_secret('figures') }}
                then
                    figures.axe = 'residence'
                    or coalesce({{ petit_effectif('figures.numerateur', 'figures.seuil_secret') }}, false)
                    or coalesce(
                        {{ petit_effectif('figures.denominateur - figures.numerateur', 'figures.seuil_secret') }}, false
                    )
        end as masque_sans_decision,
        figures.axe = 'epci'
        and figures.segment_type = 'tous'
        and figures.periode_type = 'annee'
        and totaux.indicateur is not null as est_total_publie,
        coalesce(
            figures.base_menages and {{ petit_effectif('figures.inconnus', 'figures.seuil_secret') }}, false
        ) as petits_inconnus
    from {{ ref('indicateurs_bruts') }} as figures
    left join {{ ref('ref_totaux_publies') }} as totaux on figures.indicateur = totaux.indicateur

),

decides as (

    select
        masques.*,
        {%- for nom in ['numerateur', 'denominateur', 'valeur', 'cible'] %}
        coalesce(
            masques.masque_sans_decision,
            secret.masque_{{ nom }} and not (masques.est_total_publie and secret.motif = 'secondaire'),
            true
        ) as masque_{{ nom }}{{ "," if not loop.last }}
        {%- endfor %}
    from masques
    left join {{ ref('secret') }} as secret
        on
            masques.epci_siren = secret.epci_siren
            and masques.periode_type = secret.periode_type
            and masques.periode = secret.periode
            and masques.indicateur = secret.indicateur
            and masques.axe = secret.axe
            and masques.modalite = secret.modalite
            and masques.segment_type = secret.segment_type
            and masques.segment = secret.segment

)

select
    epci_siren,
    periode_type,
    periode,
    indicateur,
    axe,
    modalite,
    modalite_libelle,
    segment_type,
    segment,
    case when not masque_numerateur then numerateur end as numerateur,
    case when not masque_denominateur then denominateur end as denominateur,
    case when not (masque_denominateur or petits_inconnus) then inconnus end as inconnus,
    case when not masque_valeur then valeur end as valeur,
    unite,
    case when not masque_cible then cible end as cible,
    operateur,
    case when not (masque_valeur or masque_cible) then atteint end as atteint,
    case
        when not (masque_valeur or masque_numerateur or masque_denominateur or masque_cible) then manque
    end as manque,
    case
        when statut in ('publiable', 'sans_objet', 'rupture_serie', 'provisoire') and masque_valeur then 'secret'
        else statut
    end as statut,
    source,
    version_methode
from decides
