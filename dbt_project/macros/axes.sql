{#- The axes on which figures are made, declared once: the columns that make the modality, and the finest periods kept
    (1 years, 2 half-years too, 3 quarters too, 4 rolling windows too). Crossings stop at the periods a report uses. -#}

{%- macro axes_attribution() -%}
    {{ return([
        {'axe': 'epci', 'colonnes': ['epci_siren'], 'niveau': 4},
        {'axe': 'commune', 'colonnes': ['code_commune'], 'niveau': 4},
        {'axe': 'departement', 'colonnes': ['departement'], 'niveau': 4},
        {'axe': 'qpv', 'colonnes': ['code_qpv'], 'niveau': 4},
        {'axe': 'bailleur', 'colonnes': ['bailleur_siren'], 'niveau': 4},
        {'axe': 'reservataire', 'colonnes': ['reservataire'], 'niveau': 4},
        {'axe': 'residence', 'colonnes': ['residence'], 'niveau': 1},
        {'axe': 'bailleur x commune', 'colonnes': ['bailleur_siren', 'code_commune'], 'niveau': 2},
        {'axe': 'bailleur x reservataire', 'colonnes': ['bailleur_siren', 'reservataire'], 'niveau': 1},
        {'axe': 'reservataire x qpv', 'colonnes': ['reservataire', 'code_qpv'], 'niveau': 1},
        {'axe': 'qpv x commune', 'colonnes': ['code_qpv', 'code_commune'], 'niveau': 1},
    ]) }}
{%- endmacro -%}

{#- Segments of allocations: a column, and the axes that carry it. Those of `segments_comptes` only count leases on a commune:
    what the requests there are divided by. -#}
{%- macro segments_attribution() -%}
    {{ return([
        {'segment_type': 'secteur', 'axes': ['epci', 'commune', 'bailleur', 'reservataire'], 'niveau': 1},
        {'segment_type': 'secteur_elargi', 'axes': ['epci', 'bailleur'], 'niveau': 2},
        {'segment_type': 'quartile', 'axes': ['epci', 'commune', 'qpv', 'bailleur', 'qpv x commune'], 'niveau': 1},
        {'segment_type': 'typologie', 'axes': ['epci', 'commune'], 'niveau': 1},
        {'segment_type': 'composition', 'axes': ['epci', 'commune'], 'niveau': 1},
        {'segment_type': 'financement', 'axes': ['epci', 'bailleur'], 'niveau': 1},
        {'segment_type': 'demandeur', 'axes': ['epci', 'commune', 'bailleur'], 'niveau': 1},
    ]) }}
{%- endmacro -%}

{%- macro segments_comptes() -%}
    {{ return(['typologie', 'composition', 'demandeur']) }}
{%- endmacro -%}

{#- Every measure of int_attribution_mesures: its indicator, the segment it makes by itself, whether it is worth a figure on
    fine axes (crossings, residences) and segments, and the only axes it has when it has not all of them. -#}
{%- macro mesures_attribution() -%}
    {%- set taux = [] -%}
    {%- for nom in [
        'hors_qpv_q1', 'qpv_q234', 'prioritaires', 'mutations', 'baux', 'bas_revenus', 'porteurs_mixite', 'mal_loges'
    ] -%}
        {%- do taux.append({'mesure': nom, 'fin': true}) -%}
    {%- endfor -%}
    {%- for nom in [
        'hors_qpv_q1_strict', 'qpv_q2', 'qpv_q34', 'dalo', 'travailleurs_essentiels', 'sous_plafond_plai', 'q1_secteurs_fragiles', 'relogements_hors_site', 'relogements_hors_qpv', 'relogements_neuf',
        'refus'
    ] -%}
        {%- do taux.append({'mesure': nom}) -%}
    {%- endfor -%}
    {%- for nom in [
        'completude_ressources', 'completude_qpv', 'completude_num_rpls', 'rattachement_rpls', 'completude_reservataire'
    ] -%}
        {%- do taux.append({'mesure': nom, 'axes': ['epci', 'commune', 'bailleur']}) -%}
    {%- endfor -%}
    {%- for evenement in ['prononcee', 'effective', 'bail_signe', 'entree'] -%}
        {%- do taux.append({
            'mesure': 'attributions_' ~ evenement, 'indicateur': 'attributions',
            'segment_type': 'evenement', 'segment': evenement
        }) -%}
    {%- endfor -%}
    {%- for mesure, etape in [('effective', 'effective_bail'), ('entree', 'bail_entree')] -%}
        {%- do taux.append({
            'mesure': 'conversion_bail_' ~ mesure, 'indicateur': 'conversion_bail',
            'segment_type': 'etape', 'segment': etape
        }) -%}
    {%- endfor -%}
    {{ return(taux) }}
{%- endmacro -%}

{#- A modality that the row does not give is shown under its own name, never dropped nor mixed with another. -#}
{%- macro modalite(colonnes, alias=none) -%}
    {%- for colonne in colonnes -%}
        coalesce({{ alias ~ '.' if alias }}{{ colonne }}, 'inconnu'){% if not loop.last %} || ' x ' || {% endif %}
    {%- endfor -%}
{%- endmacro -%}

{#- Axes, segments and measures of the demand; the requests of a landlord's desk are counted where they were filed. -#}
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

{#- What the households of requests and leases are described by (int_profils). -#}
{%- macro segments_profils() -%}
    {{ return([
        'tranche_age', 'tranche_ressources', 'tranche_anciennete', 'situation_logement', 'situation_pro', 'origine'
    ]) }}
{%- endmacro -%}

{%- macro mesures_demande() -%}
    {{ return([
        'demandes', 'part_mutations_demande', 'part_endogene', 'part_travailleurs_essentiels_demande', 'part_sous_plafond_plai_demande',
        'ressources_renseignees',
    ]) }}
{%- endmacro -%}

{#- Axes, segments and measures of the stock. -#}
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

{%- macro mesures_parc() -%}
    {{ return(['logements', 'part_qpv', 'vacance', 'vacance_3mois', 'mobilite']) }}
{%- endmacro -%}

{#- What is let, new or empty for works among the dwellings, and what a household of the first quartile can pay for. -#}
{%- macro mesures_offre() -%}
    {{ return(['logements_loues_annee', 'logements_neufs', 'vacance_technique']) }}
{%- endmacro -%}

{%- macro mesures_accessibilite() -%}
    {{ return(['accessible_q1', 'mobilisable_q1', 'plai_neufs_hors_qpv']) }}
{%- endmacro -%}
