-- Requests for mutation coming from the dwellings of a place over its occupied dwellings: requests active on 31 December N,
-- dwellings of the vintage that pairs with N.
with logements as (

    select
        millesime - 1 as annee,
        logement_id,
        ident_rep,
        epci_siren,
        code_commune,
        code_qpv,
        bailleur_siren,
        residence,
        est_loue
    from {{ ref('fct_logement') }}
    where est_dans_le_parc

),

demandes as (

    select
        annee,
        num_rpls_origine as ident_rep,
        count(*) as nb
    from {{ ref('fct_demande') }}
    where est_mutation and num_rpls_origine is not null
    group by annee, num_rpls_origine

),

lignes as (

    select
        logements.*,
        coalesce(origines.nb, 0) as nb_demandes
    from logements
    left join demandes as origines on logements.annee = origines.annee and logements.ident_rep = origines.ident_rep

),

-- Requests that name no dwelling of the territory say nothing of them: their share is unknown there, not 0.
couvertes as (

    select
        epci_siren,
        annee
    from lignes
    group by epci_siren, annee
    having max(nb_demandes) > 0

),

cumules as (

    {% for axe in axes_parc() if axe.axe in ['epci', 'commune', 'qpv', 'bailleur', 'residence'] %}
    {%- if not loop.first %}
    union all
    {% endif %}
    select
        epci_siren,
        annee,
        '{{ axe.axe }}' as axe,
        {{ axe.colonnes[0] }} as modalite,
        {{ somme('nb_demandes') }} as numerateur,
        {{ somme(compte('est_loue')) }} as denominateur
    from lignes
    where {{ axe.colonnes[0] }} is not null
    group by 1, 2, 3, 4
    {%- endfor %}
    union all
    select
        lignes.epci_siren,
        lignes.annee,
        'zone' as axe,
        zones.zone as modalite,
        {{ somme('lignes.nb_demandes') }} as numerateur,
        {{ somme(compte('lignes.est_loue')) }} as denominateur
    from lignes
    inner join {{ ref('int_logement_zone') }} as zones
        on lignes.logement_id = zones.logement_id and lignes.annee + 1 = zones.millesime
    group by 1, 2, 3, 4

)

select
    cumules.epci_siren,
    'annee' as periode_type,
    cast(cumules.annee as {{ dbt.type_string() }}) as periode,
    cumules.annee,
    'part_demandes_mutation_parc' as indicateur,
    cumules.axe,
    cumules.modalite,
    'tous' as segment_type,
    'tous' as segment,
    cast(cumules.numerateur as bigint) as numerateur,
    cast(cumules.denominateur as bigint) as denominateur,
    cast(null as bigint) as inconnus,
    cast(null as double) as mesure
from cumules
inner join {{ ref('int_parametres') }} as parametres on cumules.epci_siren = parametres.epci_siren
inner join couvertes on cumules.epci_siren = couvertes.epci_siren and cumules.annee = couvertes.annee
