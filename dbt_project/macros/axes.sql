{#- The axes on which figures are made, declared once: the columns that make the modality, and the finest periods kept
    (1 years, 2 half-years and quarters too, 3 rolling windows too). Crossings stop at the periods a report uses. -#}

{%- macro axes_attribution() -%}
    {{ return([
        {'axe': 'epci', 'colonnes': ['epci_siren'], 'niveau': 3},
        {'axe': 'commune', 'colonnes': ['code_commune'], 'niveau': 3},
        {'axe': 'departement', 'colonnes': ['departement'], 'niveau': 2},
        {'axe': 'qpv', 'colonnes': ['code_qpv'], 'niveau': 2},
        {'axe': 'bailleur', 'colonnes': ['bailleur_siren'], 'niveau': 3},
        {'axe': 'reservataire', 'colonnes': ['reservataire'], 'niveau': 3},
        {'axe': 'residence', 'colonnes': ['residence'], 'niveau': 1},
        {'axe': 'bailleur x commune', 'colonnes': ['bailleur_siren', 'code_commune'], 'niveau': 2},
        {'axe': 'bailleur x reservataire', 'colonnes': ['bailleur_siren', 'reservataire'], 'niveau': 1},
        {'axe': 'reservataire x qpv', 'colonnes': ['reservataire', 'code_qpv'], 'niveau': 1},
        {'axe': 'qpv x commune', 'colonnes': ['code_qpv', 'code_commune'], 'niveau': 1},
    ]) }}
{%- endmacro -%}

{#- Segments of allocations: a column, and the axes that carry it. -#}
{%- macro segments_attribution() -%}
    {{ return([
        {'segment_type': 'secteur', 'axes': ['epci', 'commune', 'bailleur', 'reservataire'], 'niveau': 2},
        {'segment_type': 'quartile', 'axes': ['epci', 'commune', 'qpv', 'bailleur', 'qpv x commune'], 'niveau': 1},
        {'segment_type': 'typologie', 'axes': ['epci', 'commune'], 'niveau': 1},
        {'segment_type': 'composition', 'axes': ['epci', 'commune'], 'niveau': 1},
        {'segment_type': 'financement', 'axes': ['epci', 'bailleur'], 'niveau': 1},
        {'segment_type': 'demandeur', 'axes': ['epci', 'commune', 'bailleur'], 'niveau': 1},
    ]) }}
{%- endmacro -%}

{#- Every measure of int_attribution_mesures: its indicator, and the segment it makes by itself. -#}
{%- macro mesures_attribution() -%}
    {{ return([
        {'mesure': 'hors_qpv_q1'}, {'mesure': 'hors_qpv_q1_strict'}, {'mesure': 'qpv_q234'}, {'mesure': 'qpv_q2'},
        {'mesure': 'qpv_q34'}, {'mesure': 'prioritaires'}, {'mesure': 'dalo'}, {'mesure': 'mal_loges'},
        {'mesure': 'travailleurs_essentiels'}, {'mesure': 'mutations'}, {'mesure': 'bas_revenus'},
        {'mesure': 'porteurs_mixite'}, {'mesure': 'q1_secteurs_fragiles'}, {'mesure': 'relogements_hors_site'},
        {'mesure': 'relogements_hors_qpv'}, {'mesure': 'relogements_neuf'}, {'mesure': 'refus'}, {'mesure': 'baux'},
        {'mesure': 'completude_ressources'}, {'mesure': 'completude_qpv'}, {'mesure': 'completude_num_rpls'},
        {'mesure': 'rattachement_rpls'}, {'mesure': 'completude_reservataire'},
        {'mesure': 'attributions_prononcee', 'indicateur': 'attributions', 'segment_type': 'evenement',
            'segment': 'prononcee'},
        {'mesure': 'attributions_effective', 'indicateur': 'attributions', 'segment_type': 'evenement',
            'segment': 'effective'},
        {'mesure': 'attributions_bail_signe', 'indicateur': 'attributions', 'segment_type': 'evenement',
            'segment': 'bail_signe'},
        {'mesure': 'attributions_entree', 'indicateur': 'attributions', 'segment_type': 'evenement',
            'segment': 'entree'},
        {'mesure': 'conversion_bail_effective', 'indicateur': 'conversion_bail', 'segment_type': 'etape',
            'segment': 'effective_bail'},
        {'mesure': 'conversion_bail_entree', 'indicateur': 'conversion_bail', 'segment_type': 'etape',
            'segment': 'bail_entree'},
    ]) }}
{%- endmacro -%}

{#- A modality that the row does not give is shown under its own name, never dropped nor mixed with another. -#}
{%- macro modalite(colonnes) -%}
    {%- for colonne in colonnes -%}
        coalesce({{ colonne }}, 'inconnu'){% if not loop.last %} || ' x ' || {% endif %}
    {%- endfor -%}
{%- endmacro -%}

{#- Axes and segments of the demand; the requests of a landlord's desk are counted where they were filed. -#}
{%- macro axes_demande() -%}
    {{ return([
        {'axe': 'epci', 'colonnes': ['epci_siren']},
        {'axe': 'commune', 'colonnes': ['code_commune']},
        {'axe': 'departement', 'colonnes': ['departement']},
        {'axe': 'guichet', 'colonnes': ['guichet']},
    ]) }}
{%- endmacro -%}

{%- macro segments_demande() -%}
    {{ return(['tous', 'typologie', 'quartile', 'demandeur', 'composition']) }}
{%- endmacro -%}

{#- Axes and segments of the stock. -#}
{%- macro axes_parc() -%}
    {{ return([
        {'axe': 'epci', 'colonnes': ['epci_siren']},
        {'axe': 'commune', 'colonnes': ['code_commune']},
        {'axe': 'departement', 'colonnes': ['departement']},
        {'axe': 'qpv', 'colonnes': ['code_qpv']},
        {'axe': 'bailleur', 'colonnes': ['bailleur_siren']},
        {'axe': 'residence', 'colonnes': ['residence']},
        {'axe': 'bailleur x commune', 'colonnes': ['bailleur_siren', 'code_commune']},
    ]) }}
{%- endmacro -%}

{%- macro segments_parc() -%}
    {{ return([
        {'segment_type': 'secteur', 'colonne': 'secteur'},
        {'segment_type': 'typologie', 'colonne': 'typologie'},
        {'segment_type': 'financement', 'colonne': 'famille_financement'},
        {'segment_type': 'periode_construction', 'colonne': 'periode_construction'},
        {'segment_type': 'type_construction', 'colonne': 'type_construction'},
        {'segment_type': 'dpe', 'colonne': 'dpe_energie'},
    ]) }}
{%- endmacro -%}
