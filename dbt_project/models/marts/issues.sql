-- What became of what the committees decided: leases signed, candidates who refused or withdrew, and the rest. The base is that of
-- the share of refusals (`refus`). One row per EPCI, year, place or landlord, and outcome.
with decisions as (

    select
        mesures.epci_siren,
        mesures.annee,
        mesures.code_commune,
        mesures.code_qpv,
        mesures.bailleur_siren,
        -- A signed lease is no refusal, whatever the outcome beside it.
        case when attributions.est_bail_signe then 'bail_signe' else coalesce(attributions.issue, 'inconnu') end as issue
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions on mesures.attribution_id = attributions.attribution_id
    {{ joindre_annees_demandees('mesures') }}
    where mesures.evenement = 'prononcee'

),

comptes as (
    {% for axe, colonne in [
        ('epci', 'epci_siren'), ('commune', 'code_commune'), ('bailleur', 'bailleur_siren'), ('qpv', 'code_qpv'),
    ] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        epci_siren,
        annee,
        '{{ axe }}' as axe,
        coalesce({{ colonne }}, 'inconnu') as modalite,
        issue,
        count(*) as nb
    from decisions
    {%- if axe == 'qpv' %}
    where code_qpv is not null
    {%- endif %}
    group by 1, 2, 3, 4, 5
    {%- endfor %}

),

parts as (

    select
        *,
        sum(nb) over (partition by epci_siren, annee, axe, modalite) as total
    from comptes

)

select
    parts.epci_siren,
    parts.annee,
    parts.axe,
    parts.modalite,
    libelles.modalite_libelle,
    parts.issue,
    cast(parts.nb as bigint) as nb,
    cast(parts.total as bigint) as total,
    100 * cast(parts.nb as double) / nullif(cast(parts.total as double), 0) as part,
    {{ petit_effectif('parts.nb', 'parametres.seuil_secret') }}
    or {{ petit_effectif('parts.total - parts.nb', 'parametres.seuil_secret') }} as petit_effectif
from parts
inner join {{ ref('int_parametres') }} as parametres on parts.epci_siren = parametres.epci_siren
left join {{ ref('int_figures_libelles') }} as libelles
    on parts.epci_siren = libelles.epci_siren and parts.axe = libelles.axe and parts.modalite = libelles.modalite
