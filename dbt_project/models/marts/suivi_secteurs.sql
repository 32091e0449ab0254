-- The publics that a convention follows in its local sectors, twice a year: landlord × commune × sector × class of fragility. One row
-- per EPCI, period (year, half-year), landlord, commune, sector and method of fragility, with the sector's class that year; a
-- territory without method has one row, without class. Counts add up once the method is fixed.
{%- set publics = ['bas_revenus', 'porteurs_mixite', 'mal_loges', 'mutations'] %}
with periodes as (

    {{ mois_des_periodes() | indent(4) }}

),

comptes as (

    select
        mesures.epci_siren,
        periodes.periode_type,
        periodes.periode,
        periodes.annee,
        coalesce(mesures.bailleur_siren, 'inconnu') as bailleur_siren,
        coalesce(mesures.code_commune, 'inconnu') as code_commune,
        zones.zone as secteur,
        {{ somme('mesures.baux_num') }} as baux,
        {%- for public in publics %}
        {{ somme('mesures.' ~ public ~ '_num') }} as {{ public }},
        {{ somme('mesures.' ~ public ~ '_den') }} as {{ public }}_base,
        {{ somme('mesures.' ~ public ~ '_inc') }} as {{ public }}_inconnus,
        {%- endfor %}
        {{ somme("case when mesures.evenement = 'bail_signe' and attributions.est_relogement then 1 else 0 end") }} as relogements
    from {{ ref('int_attribution_mesures') }} as mesures
    inner join {{ ref('fct_attribution') }} as attributions on mesures.attribution_id = attributions.attribution_id
    inner join periodes
        on
            mesures.epci_siren = periodes.epci_siren
            and mesures.mois = periodes.mois
            and periodes.periode_type in ('annee', 'semestre')
    inner join {{ ref('int_attribution_zone') }} as zones
        on
            mesures.attribution_id = zones.attribution_id
            and zones.type_zone in ('sous_secteur', 'secteur')
            and mesures.date_evenement >= coalesce(zones.debut, mesures.date_evenement)
            and mesures.date_evenement <= coalesce(zones.fin, mesures.date_evenement)
    group by 1, 2, 3, 4, 5, 6, 7

)

select
    comptes.epci_siren,
    comptes.periode_type,
    comptes.periode,
    comptes.bailleur_siren,
    bailleurs.nom as bailleur,
    comptes.code_commune,
    communes.nom as commune,
    comptes.secteur,
    libelles.libelle as secteur_libelle,
    coalesce(fragilite.methode, 'aucune') as methode,
    coalesce(fragilite.classe, fragilite.classe_stock) as classe,
    coalesce(fragilite.classe_libelle, fragilite.classe_stock_libelle) as classe_libelle,
    comptes.baux,
    {%- for public in publics %}
    comptes.{{ public }},
    comptes.{{ public }}_base,
    comptes.{{ public }}_inconnus,
    100 * cast(comptes.{{ public }} as double) / nullif(cast(comptes.{{ public }}_base as double), 0) as part_{{ public }},
    {%- endfor %}
    comptes.relogements,
    100 * cast(comptes.relogements as double) / nullif(cast(comptes.baux as double), 0) as part_relogements,
    {{ petit_effectif('comptes.baux', 'parametres.seuil_secret') }}
    {%- for public in publics %}
    or {{ petit_effectif('comptes.' ~ public, 'parametres.seuil_secret') }}
    or {{ petit_effectif('comptes.' ~ public ~ '_base - comptes.' ~ public, 'parametres.seuil_secret') }}
    {%- endfor %}
    or {{ petit_effectif('comptes.relogements', 'parametres.seuil_secret') }} as petit_effectif
from comptes
inner join {{ ref('int_parametres') }} as parametres on comptes.epci_siren = parametres.epci_siren
left join {{ ref('fragilite') }} as fragilite
    on
        comptes.epci_siren = fragilite.epci_siren
        and comptes.annee = fragilite.annee
        and fragilite.axe = 'zone'
        and comptes.secteur = fragilite.modalite
left join {{ ref('dim_bailleur') }} as bailleurs on comptes.bailleur_siren = bailleurs.siren
left join {{ ref('dim_commune') }} as communes on comptes.code_commune = communes.code_commune
left join {{ ref('int_modalites') }} as libelles
    on comptes.epci_siren = libelles.epci_siren and libelles.axe = 'zone' and comptes.secteur = libelles.modalite
