{#- The rule of each objective that the texts leave room in, written once: what is in the base, what answers it. They are read by
    int_attribution_mesures with the choices of the convention, and by marts.sensibilite with each other choice. A rule reads the
    choices as columns: `compte_<famille>` (is it the event counted), `inconnus_inclus`, `releves_toujours`. -#}
{%- macro regles_attribution() -%}
    {{ return({
        'hors_qpv_q1': {
            'base': "compte_hors_qpv and secteur = 'hors_qpv'",
            'reponse': "case when not est_seuil_connu then null when est_releve then true else quartile = 'Q1' end",
        },
        'qpv_q234': {
            'base': "compte_qpv and secteur = 'qpv'",
            'reponse': "case when not est_seuil_connu then null when releves_toujours and est_releve then true"
                       " else quartile <> 'Q1' end",
        },
        'qpv_q34': {
            'base': "compte_qpv and secteur = 'qpv'",
            'reponse': "case when quartile = 'Q1' then false when quartile <> 'Q2-4' then quartile in ('Q3', 'Q4') end",
        },
        'prioritaires': {'base': 'compte_prioritaires', 'reponse': 'est_prioritaire'},
        'mal_loges': {'base': 'compte_prioritaires', 'reponse': 'est_mal_loges'},
        'travailleurs_essentiels': {'base': 'compte_prioritaires', 'reponse': 'est_travailleur_essentiel'},
        'mutations': {'base': 'compte_mutations', 'reponse': 'est_mutation'},
        'bas_revenus': {'base': 'compte_qpv', 'reponse': 'est_bas_revenus'},
        'porteurs_mixite': {'base': 'compte_qpv', 'reponse': 'est_porteur_mixite'},
    }) }}
{%- endmacro -%}

{#- The counting columns of one of these rules. -#}
{%- macro taux_de_la_regle(indicateur) -%}
    {%- set regle = regles_attribution()[indicateur] -%}
    {{ taux(indicateur, regle.base, regle.reponse) }}
{%- endmacro -%}

{#- What the rules read of an event, beside its sector and its quartile: what int_attribution_mesures hands to marts.sensibilite. -#}
{%- macro reponses_attribution() -%}
    {{ return([
        'est_seuil_connu', 'est_releve', 'est_prioritaire', 'est_mal_loges', 'est_travailleur_essentiel', 'est_mutation',
        'est_bas_revenus', 'est_porteur_mixite',
    ]) }}
{%- endmacro -%}

{#- Where a dwelling stands: an assimilated neighbourhood leaves "hors QPV" and enters "en QPV". -#}
{%- macro secteur(est_assimile, en_qpv) -%}
    case
        when {{ est_assimile }} or {{ en_qpv }} then 'qpv'
        when not {{ en_qpv }} then 'hors_qpv'
        else 'inconnu'
    end
{%- endmacro -%}

{#- What is known of some is not known of all: whether the unknown answers exceed the bound of the year, among the cases that a rate
    is about. -#}
{%- macro trop_d_inconnus(inconnus, nb_cas, bornes) -%}
    100 * {{ inconnus }} > {{ bornes }}.inconnus_pct_max * {{ nb_cas }}
{%- endmacro -%}

{#- The cases that a rate is about: the unknown ones are in the base already where the convention keeps them there. -#}
{%- macro nombre_de_cas(comptes, inconnus_au_denominateur) -%}
    {{ comptes }}.denominateur
    + case when {{ inconnus_au_denominateur }} = 'inclus' then 0 else {{ comptes }}.inconnus end
{%- endmacro -%}
