-- Each yearly figure that has an objective for the whole territory, under each reading that the texts leave open: one choice
-- differs at a time, all the others are the convention's. The rules are those of the published figures (macro regles_attribution)
-- on the same events; under the reading that the convention chose, the counts are the published ones.
{%- set indicateurs = regles_attribution() %}
{%- set reponses = reponses_attribution() %}
{%- set egalites = ['non_q1', 'q1'] %}
{%- set choix = [
    'inconnus_au_denominateur', 'evenement_hors_qpv', 'evenement_qpv', 'evenement_prioritaires', 'evenement_mutations',
    'releves_qpv', 'egalite_seuil',
] %}
{%- set trop = trop_d_inconnus(
    'sommes.inconnus', '(' ~ nombre_de_cas('sommes', 'lectures.inconnus_au_denominateur') ~ ')', 'bornes'
) %}
with figures as (

    select
        figures.epci_siren,
        cast(figures.periode as integer) as annee,
        figures.indicateur,
        figures.segment_type,
        figures.segment,
        figures.cible,
        figures.operateur,
        figures.unite,
        figures.source,
        figures.version_methode,
        catalogue.famille_evenement
    from {{ ref('indicateurs') }} as figures
    inner join {{ source('seeds', 'ref_indicateurs') }} as catalogue on figures.indicateur = catalogue.indicateur
    where
        figures.periode_type = 'annee'
        and figures.axe = 'epci'
        and figures.indicateur in ('{{ indicateurs | join("', '") }}')
        and (figures.segment_type = 'tous' or figures.operateur is not null)
        and exists (
            select 1
            from {{ ref('dim_objectif') }} as objectifs
            where
                figures.epci_siren = objectifs.epci_siren
                and figures.indicateur = objectifs.indicateur
                and {{ dernier_jour('cast(figures.periode as integer)') }}
                >= coalesce(objectifs.debut, {{ dernier_jour('cast(figures.periode as integer)') }})
                and {{ dernier_jour('cast(figures.periode as integer)') }}
                <= coalesce(objectifs.fin, {{ dernier_jour('cast(figures.periode as integer)') }})
        )

),

-- Events that no rule tells apart, counted together: some hundreds of rows for a year of a territory.
evenements as (

    select
        mesures.epci_siren,
        mesures.annee,
        mesures.evenement,
        mesures.secteur,
        mesures.secteur_strict,
        coalesce(mesures.secteur_elargi, 'inconnu') as secteur_elargi,
        {%- for egalite in egalites %}
        {{ quartile(
            'attributions.ressources_annuelles', 'attributions.nb_uc', 'seuils.seuil_q1', 'seuils.borne_q2', 'seuils.borne_q3',
            "'" ~ egalite ~ "'"
        ) }} as quartile_{{ egalite }},
        {%- endfor %}
        {%- for reponse in reponses %}
        mesures.{{ reponse }},
        {%- endfor %}
        count(*) as nb
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions on mesures.attribution_id = attributions.attribution_id
    left join {{ ref('int_seuils_epci') }} as seuils
        on mesures.epci_siren = seuils.epci_siren and mesures.annee = seuils.annee
    group by {{ range(1, 9 + reponses | length) | join(', ') }}

),

-- One set of choices per reading: the convention's, but one.
lectures as (

    select
        parametres.epci_siren,
        ouvertes.ordre,
        ouvertes.parametre,
        ouvertes.valeur,
        ouvertes.famille,
        ouvertes.valeur = case ouvertes.parametre
            {%- for nom in choix %}
            when '{{ nom }}' then parametres.{{ nom }}
            {%- endfor %}
            when 'perimetre_assimiles' then 'en_qpv'
            when 'releves_hors_qpv' then 'comptes'
        end as est_retenue,
        {%- for nom in choix %}
        case when ouvertes.parametre = '{{ nom }}' then ouvertes.valeur else parametres.{{ nom }} end as {{ nom }},
        {%- endfor %}
        not (ouvertes.parametre = 'perimetre_assimiles' and ouvertes.valeur = 'hors_qpv') as avec_assimiles,
        not (ouvertes.parametre = 'releves_hors_qpv' and ouvertes.valeur = 'non_comptes') as avec_releves
    from {{ source('seeds', 'ref_lectures') }} as ouvertes
    cross join {{ ref('int_parametres') }} as parametres

),

faits as (

    select
        evenements.epci_siren,
        evenements.annee,
        evenements.nb,
        evenements.secteur_elargi,
        lectures.ordre,
        {%- for famille in ['hors_qpv', 'qpv', 'prioritaires', 'mutations'] %}
        evenements.evenement = lectures.evenement_{{ famille }} as compte_{{ famille }},
        {%- endfor %}
        lectures.inconnus_au_denominateur = 'inclus' as inconnus_inclus,
        lectures.releves_qpv = 'toujours' as releves_toujours,
        case when lectures.avec_assimiles then evenements.secteur else evenements.secteur_strict end as secteur,
        case lectures.egalite_seuil
            {%- for egalite in egalites %}
            when '{{ egalite }}' then evenements.quartile_{{ egalite }}
            {%- endfor %}
        end as quartile,
        evenements.est_releve and lectures.avec_releves as est_releve
        {%- for reponse in reponses if reponse != 'est_releve' %},
        evenements.{{ reponse }}
        {%- endfor %}
    from evenements
    inner join lectures on evenements.epci_siren = lectures.epci_siren

),

mesures as (

    select
        epci_siren,
        annee,
        nb,
        secteur_elargi,
        ordre,
        {%- for indicateur in indicateurs %}
        {{ taux_de_la_regle(indicateur) }}{{ "," if not loop.last }}
        {%- endfor %}
    from faits

),

sommes as (
    {% for indicateur in indicateurs %}
    {%- for segment in [
        {'segment_type': 'tous', 'colonne': "'tous'"}, {'segment_type': 'secteur_elargi', 'colonne': 'secteur_elargi'}
    ] %}
    select
        epci_siren,
        annee,
        ordre,
        '{{ indicateur }}' as indicateur,
        '{{ segment.segment_type }}' as segment_type,
        {{ segment.colonne }} as segment,
        {{ somme('nb * ' ~ indicateur ~ '_num') }} as numerateur,
        {{ somme('nb * ' ~ indicateur ~ '_den') }} as denominateur,
        {{ somme('nb * ' ~ indicateur ~ '_inc') }} as inconnus
    from mesures
    group by 1, 2, 3, 4, 5, 6
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    figures.epci_siren,
    figures.annee,
    figures.indicateur,
    figures.segment_type,
    figures.segment,
    lectures.ordre,
    lectures.parametre,
    lectures.valeur as lecture,
    lectures.est_retenue,
    sommes.numerateur,
    sommes.denominateur,
    sommes.inconnus,
    case
        when {{ trop }} then null
        else 100 * cast(sommes.numerateur as double) / nullif(cast(sommes.denominateur as double), 0)
    end as valeur,
    figures.unite,
    figures.cible,
    figures.operateur,
    case
        when
            sommes.denominateur > 0
            and not coalesce({{ trop }}, false)
            then {{ cible_atteinte('figures.operateur', 'figures.cible', 'sommes.numerateur', 'sommes.denominateur') }}
    end as atteint,
    figures.source,
    figures.version_methode
from figures
inner join lectures
    on
        figures.epci_siren = lectures.epci_siren
        and coalesce(lectures.famille, figures.famille_evenement) = figures.famille_evenement
inner join sommes
    on
        figures.epci_siren = sommes.epci_siren
        and figures.annee = sommes.annee
        and figures.indicateur = sommes.indicateur
        and figures.segment_type = sommes.segment_type
        and figures.segment = sommes.segment
        and lectures.ordre = sommes.ordre
left join {{ source('seeds', 'ref_bornes_indicateurs') }} as bornes
    on
        {{ dernier_jour('figures.annee') }} >= bornes.debut
        and {{ dernier_jour('figures.annee') }} <= coalesce(bornes.fin, {{ dernier_jour('figures.annee') }})
