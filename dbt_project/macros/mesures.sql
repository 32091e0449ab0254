{#- How an indicator is counted on a row: `_num`, `_den`, `_inc` columns of 0 and 1 that are only ever summed.

    `taux` is the one rule for "a rate with unknowns": a row of the base whose answer is unknown leaves the denominator
    and is counted apart, unless the convention includes unknowns. -#}

{%- macro compte(condition) -%}
    case when {{ condition }} then 1 else 0 end
{%- endmacro -%}

{%- macro taux(nom, base, reponse, inconnus='inconnus_inclus') %}
    {{ compte("(" ~ base ~ ") and (" ~ reponse ~ ")") }} as {{ nom }}_num,
    {{ compte("(" ~ base ~ ") and ((" ~ reponse ~ ") is not null or " ~ inconnus ~ ")") }} as {{ nom }}_den,
    {{ compte("(" ~ base ~ ") and (" ~ reponse ~ ") is null") }} as {{ nom }}_inc
{%- endmacro -%}

{%- macro effectif(nom, condition, inconnu='false') %}
    {{ compte(condition) }} as {{ nom }}_num,
    0 as {{ nom }}_den,
    {{ compte(inconnu) if inconnu != 'false' else 0 }} as {{ nom }}_inc
{%- endmacro -%}

{#- The counts of events: the measure that makes each (none where a model of its own does), the columns without which it cannot be
    made, and those of which an empty cell says nothing. -#}
{%- macro comptes_evenements() -%}
    {{ return([
        {'indicateur': 'baux', 'segment_type': 'tous', 'segment': 'tous', 'mesure': 'baux', 'champs': ['date_signature_bail']},
        {'indicateur': 'attributions', 'segment_type': 'evenement', 'segment': 'prononcee', 'mesure': 'attributions_prononcee',
         'champs': ['date_decision'], 'remplis': ['lues.issue']},
        {'indicateur': 'attributions', 'segment_type': 'evenement', 'segment': 'effective', 'mesure': 'attributions_effective',
         'champs': ['date_decision'], 'remplis': ['lues.issue', 'enregistrements.est_effective']},
        {'indicateur': 'attributions', 'segment_type': 'evenement', 'segment': 'bail_signe',
         'mesure': 'attributions_bail_signe', 'champs': ['date_signature_bail']},
        {'indicateur': 'attributions', 'segment_type': 'evenement', 'segment': 'entree', 'mesure': 'attributions_entree',
         'champs': ['date_entree']},
        {'indicateur': 'relogements', 'segment_type': 'tous', 'segment': 'tous', 'mesure': none,
         'champs': ['date_signature_bail', 'relogement']},
    ]) }}
{%- endmacro -%}

{#- The columns of the yearly figure of a territory that was counted and is 0, from a row of int_comptes_faits. -#}
{%- macro figure_nulle(comptes, denominateur='null') -%}
    {{ comptes }}.epci_siren,
    'annee' as periode_type,
    cast({{ comptes }}.annee as {{ dbt.type_string() }}) as periode,
    {{ comptes }}.annee,
    {{ comptes }}.indicateur,
    'epci' as axe,
    {{ comptes }}.epci_siren as modalite,
    {{ comptes }}.segment_type,
    {{ comptes }}.segment,
    cast(0 as bigint) as numerateur,
    cast({{ denominateur }} as bigint) as denominateur,
    cast(0 as bigint) as inconnus,
    cast(null as double) as mesure
{%- endmacro -%}
