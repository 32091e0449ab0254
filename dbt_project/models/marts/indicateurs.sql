-- Every figure with its target, exact: the table from which every report of the members of the CIL is made. One row per EPCI,
-- period, indicator, axis, modality and segment. What anybody may read is another edition, made of this one after the build.
with seuils as (

    select
        fins.epci_siren,
        fins.annee,
        debuts.annee as annee_debut,
        case
            when 'absent' in (fins.statut_seuil_q1, debuts.statut_seuil_q1) then 'absent'
            when 'provisoire' in (fins.statut_seuil_q1, debuts.statut_seuil_q1) then 'provisoire'
        end as statut_seuil_q1
    from {{ ref('int_seuils_epci') }} as fins
    inner join {{ ref('int_seuils_epci') }} as debuts
        on fins.epci_siren = debuts.epci_siren and fins.annee - debuts.annee between 0 and 1

)

select
    figures.epci_siren,
    figures.periode_type,
    figures.periode,
    figures.indicateur,
    figures.axe,
    figures.modalite,
    libelles.modalite_libelle,
    figures.segment_type,
    figures.segment,
    case when catalogue.nature in ('taux', 'ratio', 'effectif') then figures.numerateur end as numerateur,
    case when catalogue.nature in ('taux', 'ratio') then figures.denominateur end as denominateur,
    case when catalogue.nature <> 'effectif' then figures.inconnus end as inconnus,
    figures.valeur,
    catalogue.unite,
    cibles.cible,
    cibles.operateur,
    cibles.atteint,
    cast(cibles.manque as bigint) as manque,
    case
        when figures.statut_source is not null then figures.statut_source
        when figures.valeur is null then 'indisponible'
        when cibles.est_en_rupture then 'rupture_serie'
        when cibles.statut_objectif = 'sans_objet' then 'sans_objet'
        when seuils.statut_seuil_q1 = 'provisoire' then 'provisoire'
        else 'publiable'
    end as statut,
    {{ libelle_sources(
        'catalogue.source', 'figures.annee', 'figures.periode_type', 'figures.statut_source'
    ) }}
    || case
        when publies.epci_siren is not null and coalesce(figures.statut_source, 'secret') = 'secret'
            then ', tables publiées'
        else ''
    end
    || case seuils.statut_seuil_q1
        when 'absent'
            then ' ; seuil du 1er quartile absent (voir meta.seuils_q1)'
        when 'provisoire' then ' ; seuil du 1er quartile provisoire, celui de l''année précédente'
        else ''
    end as source,
    catalogue.version_methode,
    -- A count of few households, printed or that follows from what is: part, rest, base, unknowns.
    catalogue.base_menages
    and (
        {{ petit_effectif('figures.numerateur', 'parametres.seuil_secret') }}
        or {{ petit_effectif('figures.denominateur', 'parametres.seuil_secret') }}
        or {{ petit_effectif('figures.inconnus', 'parametres.seuil_secret') }}
        or (
            catalogue.nature = 'taux'
            and {{ petit_effectif('figures.denominateur - figures.numerateur', 'parametres.seuil_secret') }}
        )
    ) as petit_effectif
from {{ ref('int_figures_valeurs') }} as figures
inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
inner join {{ ref('int_parametres') }} as parametres on figures.epci_siren = parametres.epci_siren
-- The worst of the thresholds that a figure rests on: a window may begin in the year before that in which it ends, a vintage of
-- the stock is compared with the threshold of the year that ended the day before.
left join seuils
    on
        (catalogue.depend_seuil or figures.segment_type = 'quartile')
        and figures.epci_siren = seuils.epci_siren
        and seuils.annee = figures.annee - case when figures.periode_type = 'millesime' then 1 else 0 end
        and seuils.annee_debut
        = figures.annee_debut - case when figures.periode_type = 'millesime' then 1 else 0 end
-- The vintages of which no dwelling is held: their stock is that of the published tables.
left join (select distinct
    epci_siren,
    annee
from {{ ref('int_indicateurs_parc_publie') }}) as publies
    on
        catalogue.domaine = 'parc'
        and figures.periode_type = 'millesime'
        and figures.epci_siren = publies.epci_siren
        and figures.annee = publies.annee
left join {{ ref('int_figures_libelles') }} as libelles
    on
        figures.epci_siren = libelles.epci_siren
        and figures.axe = libelles.axe
        and figures.modalite = libelles.modalite
left join {{ ref('int_figures_cibles') }} as cibles
    on
        figures.epci_siren = cibles.epci_siren
        and figures.periode_type = cibles.periode_type
        and figures.periode = cibles.periode
        and figures.indicateur = cibles.indicateur
        and figures.axe = cibles.axe
        and figures.modalite = cibles.modalite
        and figures.segment_type = cibles.segment_type
        and figures.segment = cibles.segment
