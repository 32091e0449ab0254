-- Figures on the stock that a household of the first quartile can pay for, in the common shape: accessible dwellings by rate of
-- effort, dwellings under the PLAI ceiling and new PLAI outside priority neighbourhoods, those freed in the year, by class of
-- fragility, and what the accessible dwellings that were let went to.
{%- set segments = [
    {'type': 'typologie', 'colonne': 'typologie'}, {'type': 'secteur', 'colonne': 'secteur'},
    {'type': 'financement', 'colonne': 'famille_financement'}, {'type': 'disponibilite', 'colonne': 'disponibilite'},
] %}
with
-- Dwellings let or offered, counted once per rate of effort (a row of ref_taux_effort) at the finest crossing of the axes and
-- segments that figures use: every figure is a sum of these rows.
accessibilite_cumul as (

    select
        mesures.epci_siren,
        mesures.millesime,
        mesures.code_commune,
        mesures.departement,
        mesures.code_qpv,
        mesures.bailleur_siren,
        mesures.residence,
        mesures.secteur,
        coalesce(mesures.typologie, 'inconnu') as typologie,
        mesures.famille_financement,
        case when couts.est_libere then 'libere' when not couts.est_libere then 'occupe' else 'inconnu' end as disponibilite,
        efforts.taux_pct,
        efforts.est_central,
        {{ compte_accessibles() }},
        {{ compte_mobilisables() }},
        {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf and mesures.famille_financement = 'PLAI'")) }} as plai_num,
        {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf")) }} as plai_den,
        {{ somme(compte("couts.secteur = 'hors_qpv' and couts.est_neuf is null")) }} as plai_inc
    from {{ ref('int_logement_mesures') }} as mesures
    inner join {{ ref('int_accessibilite_logement') }} as couts
        on mesures.logement_id = couts.logement_id and mesures.millesime = couts.millesime
    cross join {{ source('seeds', 'ref_taux_effort') }} as efforts
    where couts.est_a_louer
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13

),

cumules as (

    {% for axe in axes_parc() %}
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        'tous' as segment_type,
        'tous' as segment,
        taux_pct,
        est_central,
        {{ sommes_accessibilite() }}
    from accessibilite_cumul
    {%- if axe.axe == 'qpv' %}
    where secteur = 'qpv'
    {%- elif axe.axe == 'residence' %}
    where residence is not null
    {%- endif %}
    group by 1, 2, 3, 4, 5, 6, 7, 8
    union all
    {%- endfor %}
    {%- for segment in segments %}
    {%- for axe in axes_parc() if axe.axe in ['epci', 'commune', 'bailleur'] %}
    select
        epci_siren,
        millesime,
        '{{ axe.axe }}' as axe,
        {{ modalite(axe.colonnes) }} as modalite,
        '{{ segment.type }}' as segment_type,
        {{ segment.colonne }} as segment,
        taux_pct,
        est_central,
        {{ sommes_accessibilite() }}
    from accessibilite_cumul
    group by 1, 2, 3, 4, 5, 6, 7, 8
    union all
    {%- endfor %}
    {%- endfor %}
    select
        couts.epci_siren,
        couts.millesime,
        'zone' as axe,
        zones.zone as modalite,
        'tous' as segment_type,
        'tous' as segment,
        efforts.taux_pct,
        efforts.est_central,
        {{ compte_accessibles() }},
        {{ compte_mobilisables() }},
        cast(null as bigint) as plai_num,
        cast(null as bigint) as plai_den,
        cast(null as bigint) as plai_inc
    from {{ ref('int_accessibilite_logement') }} as couts
    inner join {{ ref('int_logement_zone') }} as zones
        on couts.logement_id = zones.logement_id and couts.millesime = zones.millesime
    cross join {{ source('seeds', 'ref_taux_effort') }} as efforts
    where couts.est_a_louer
    group by 1, 2, 3, 4, 5, 6, 7, 8
    union all
    -- By class of fragility of the place, for each kind of place that a method classes.
    select
        classes.epci_siren,
        millesimes.millesime_rpls as millesime,
        'epci' as axe,
        classes.epci_siren as modalite,
        'methode x type_lieu x classe' as segment_type,
        classes.methode || ' x ' || classes.type_lieu || ' x '
        || coalesce(cast(classes.classe_retenue as {{ dbt.type_string() }}), 'non_classe') as segment,
        efforts.taux_pct,
        efforts.est_central,
        {{ compte_accessibles() }},
        cast(null as bigint) as mobilisable_num,
        cast(null as bigint) as mobilisable_den,
        cast(null as bigint) as mobilisable_inc,
        cast(null as bigint) as plai_num,
        cast(null as bigint) as plai_den,
        cast(null as bigint) as plai_inc
    from {{ ref('int_fragilite_classes') }} as classes
    inner join {{ ref('int_fragilite_millesimes') }} as millesimes
        on
            classes.epci_siren = millesimes.epci_siren
            and classes.annee = millesimes.annee
            and classes.methode = millesimes.methode
            and classes.annee + 1 = millesimes.millesime_rpls
    inner join {{ ref('int_fragilite_logement_lieu') }} as lieux
        on
            classes.epci_siren = lieux.epci_siren
            and millesimes.millesime_rpls = lieux.millesime
            and classes.axe = lieux.axe
            and classes.modalite = lieux.modalite
    inner join {{ ref('int_accessibilite_logement') }} as couts
        on lieux.logement_id = couts.logement_id and lieux.millesime = couts.millesime
    cross join {{ source('seeds', 'ref_taux_effort') }} as efforts
    where couts.est_a_louer
    group by 1, 2, 3, 4, 5, 6, 7, 8
    union all
    -- Every household type against every dwelling whose size may fit it.
    select
        logements.epci_siren,
        logements.millesime,
        'epci' as axe,
        logements.epci_siren as modalite,
        'menage' as segment_type,
        menages.menage as segment,
        efforts.taux_pct,
        efforts.est_central,
        {{ somme(compte(taux_effort('logements.loyer_principal', 'logements.surface_louee', 'menages') ~ ' <= efforts.taux_pct')) }}
            as accessible_num,
        {{ somme(compte('logements.loyer_principal is not null')) }} as accessible_den,
        {{ somme(compte('logements.loyer_principal is null')) }} as accessible_inc,
        cast(null as bigint) as mobilisable_num,
        cast(null as bigint) as mobilisable_den,
        cast(null as bigint) as mobilisable_inc,
        cast(null as bigint) as plai_num,
        cast(null as bigint) as plai_den,
        cast(null as bigint) as plai_inc
    from {{ ref('fct_logement') }} as logements
    inner join {{ ref('dim_commune') }} as communes on logements.code_commune = communes.code_commune
    inner join {{ source('seeds', 'ref_menages_typologies') }} as tailles on logements.typologie = tailles.typologie
    inner join {{ ref('int_accessibilite_menages') }} as menages
        on
            logements.epci_siren = menages.epci_siren
            and logements.millesime = menages.millesime
            and communes.zone_apl = menages.zone_apl
            and tailles.menage = menages.menage
    cross join {{ source('seeds', 'ref_taux_effort') }} as efforts
    where logements.est_dans_le_parc and (logements.est_loue or logements.est_vacant)
    group by 1, 2, 3, 4, 5, 6, 7, 8

),

-- Leases of the year signed on an accessible dwelling, and who signed them.
baux as (

    select
        mesures.epci_siren,
        mesures.annee,
        mesures.code_commune,
        mesures.bailleur_siren,
        mesures.secteur,
        case when mesures.quartile is not null then mesures.quartile = 'Q1' end as est_q1
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions
        on mesures.attribution_id = attributions.attribution_id
    inner join {{ ref('int_accessibilite_logement') }} as couts
        on
            attributions.logement_id = couts.logement_id
            and attributions.millesime_logement = couts.millesime
    inner join {{ source('seeds', 'ref_taux_effort') }} as efforts
        on efforts.est_central and couts.taux_effort <= efforts.taux_pct
    {{ joindre_annees_demandees('mesures') }}
    where mesures.evenement = 'bail_signe'

),

attribues as (

    {%- for axe in ['epci', 'commune', 'bailleur'] %}
    {%- set colonne = {'epci': 'epci_siren', 'commune': 'code_commune', 'bailleur': 'bailleur_siren'}[axe] %}
    {%- set dernier = loop.last %}
    {%- for segment_type, segment in [('tous', "'tous'"), ('secteur', 'secteur')] %}
    select
        epci_siren,
        annee,
        '{{ axe }}' as axe,
        coalesce({{ colonne }}, 'inconnu') as modalite,
        '{{ segment_type }}' as segment_type,
        {{ segment }} as segment,
        {{ somme(compte('est_q1')) }} as numerateur,
        {{ somme(compte('est_q1 is not null')) }} as denominateur,
        {{ somme(compte('est_q1 is null')) }} as inconnus
    from baux
    group by 1, 2, 3, 4, 5, 6
    {%- if not (dernier and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

figures as (

    select
        epci_siren,
        millesime,
        'accessible_q1' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        accessible_num as numerateur,
        accessible_den as denominateur,
        accessible_inc as inconnus
    from cumules
    where est_central
    union all
    select
        epci_siren,
        millesime,
        'accessible_q1' as indicateur,
        axe,
        modalite,
        case when segment_type = 'tous' then 'taux_effort' else 'taux_effort x ' || segment_type end as segment_type,
        case
            when segment_type = 'tous' then cast(taux_pct as {{ dbt.type_string() }})
            else cast(taux_pct as {{ dbt.type_string() }}) || ' x ' || segment
        end as segment,
        accessible_num as numerateur,
        accessible_den as denominateur,
        accessible_inc as inconnus
    from cumules
    where segment_type = 'tous' or axe = 'epci'
    union all
    select
        epci_siren,
        millesime,
        'mobilisable_q1' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        mobilisable_num as numerateur,
        mobilisable_den as denominateur,
        mobilisable_inc as inconnus
    from cumules
    where est_central and mobilisable_num + mobilisable_den + mobilisable_inc > 0
    union all
    select
        epci_siren,
        millesime,
        'plai_neufs_hors_qpv' as indicateur,
        axe,
        modalite,
        segment_type,
        segment,
        plai_num as numerateur,
        cast(null as bigint) as denominateur,
        plai_inc as inconnus
    from cumules
    where est_central and segment_type in ('tous', 'typologie') and plai_num is not null

)

select
    epci_siren,
    'millesime' as periode_type,
    cast(millesime as {{ dbt.type_string() }}) as periode,
    millesime as annee,
    indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    numerateur,
    denominateur,
    inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from figures
union all
select
    epci_siren,
    'annee' as periode_type,
    cast(annee as {{ dbt.type_string() }}) as periode,
    annee,
    'accessible_q1_attribues' as indicateur,
    axe,
    modalite,
    segment_type,
    segment,
    numerateur,
    denominateur,
    inconnus,
    cast(null as double) as mesure,
    cast(null as {{ dbt.type_string() }}) as statut_source
from attribues
