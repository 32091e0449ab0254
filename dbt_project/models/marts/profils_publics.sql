-- Who was housed, by public and neighbourhood: the leases of the year of all households, of the first quartile, of the priority
-- publics, of both at once, of those rehoused and in new dwellings, by composition, age, work, origin, quartile and réservataire. One row per EPCI,
-- year, axis (the territory or a priority neighbourhood), public, dimension and value. A household may be of several publics: they
-- do not add up.
{%- set publics = {
    'tous': 'true', 'q1': "quartile = 'Q1'", 'prioritaires': 'est_prioritaire',
    'q1_prioritaires': "quartile = 'Q1' and est_prioritaire", 'reloges': 'est_relogement', 'logements_neufs': 'est_neuf',
} %}
{%- set dimensions = ['composition', 'tranche_age', 'situation_pro', 'origine', 'quartile', 'reservataire', 'relogement'] %}
with baux as (

    select
        mesures.epci_siren,
        mesures.annee,
        mesures.code_qpv,
        mesures.est_prioritaire,
        attributions.est_relogement,
        attributions.est_neuf,
        mesures.quartile,
        coalesce(mesures.composition, 'inconnu') as composition,
        coalesce(mesures.reservataire, 'inconnu') as reservataire,
        coalesce(attributions.relogement, 'aucun') as relogement,
        profils.tranche_age,
        profils.situation_pro,
        profils.origine
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions on mesures.attribution_id = attributions.attribution_id
    inner join {{ ref('int_profils') }} as profils
        on
            mesures.epci_siren = profils.epci_siren
            and mesures.attribution_id = profils.identifiant
            and mesures.annee = profils.annee
            and profils.indicateur = 'baux'
    where mesures.evenement = 'bail_signe'

),

comptes as (
    {% for axe, modalite in [('epci', 'epci_siren'), ('qpv', 'code_qpv')] %}
    {%- set premier = loop.first %}
    {%- for dimension in dimensions %}
    {%- if not (premier and loop.first) %}
    union all
    {%- endif %}
    select
        epci_siren,
        annee,
        '{{ axe }}' as axe,
        {{ modalite }} as modalite,
        '{{ dimension }}' as dimension,
        coalesce({{ dimension }}, 'inconnu') as valeur,
        {%- for public, condition in publics.items() %}
        {{ somme(compte(condition)) }} as {{ public }}{{ "," if not loop.last }}
        {%- endfor %}
    from baux
    where {{ modalite }} is not null
    group by 1, 2, 3, 4, 5, 6
    {%- endfor %}
    {%- endfor %}

),

lignes as (
    {% for public in publics %}
    select
        epci_siren,
        annee,
        axe,
        modalite,
        '{{ public }}' as public,
        dimension,
        valeur,
        {{ public }} as baux,
        sum({{ public }}) over (partition by epci_siren, annee, axe, modalite, dimension) as total
    from comptes
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    lignes.epci_siren,
    lignes.annee,
    lignes.axe,
    lignes.modalite,
    libelles.modalite_libelle,
    lignes.public,
    lignes.dimension,
    lignes.valeur,
    lignes.baux,
    cast(lignes.total as bigint) as total,
    100 * cast(lignes.baux as double) / nullif(cast(lignes.total as double), 0) as part,
    {{ petit_effectif('lignes.baux', 'parametres.seuil_secret') }}
    or {{ petit_effectif('lignes.total', 'parametres.seuil_secret') }}
    or {{ petit_effectif('lignes.total - lignes.baux', 'parametres.seuil_secret') }} as petit_effectif
from lignes
inner join {{ ref('int_parametres') }} as parametres on lignes.epci_siren = parametres.epci_siren
left join {{ ref('int_figures_libelles') }} as libelles
    on
        lignes.epci_siren = libelles.epci_siren
        and lignes.axe = libelles.axe
        and lignes.modalite = libelles.modalite
where lignes.baux > 0
