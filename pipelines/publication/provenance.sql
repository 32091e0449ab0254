-- From the key of a figure of marts.indicateurs to the rows that count in it, and to the file and line of each: one query, in
-- the warehouse alone. Which columns count what, and make which axis and segment, are rows of meta.mesures, meta.axes and
-- meta.segments; a row of measures is read as JSON, so that a name found there says what to read. Of a place's score of fragility,
-- the rows that its criteria were read in (role « lu »). What has no rows (a figure made of figures, a count of nothing, a
-- figure that is not there) is one row that says why (role « aucune ligne »).
create or replace macro meta.provenance(
    le_siren,
    la_periode,
    l_indicateur,
    axe := 'epci',
    modalite := null,
    segment_type := 'tous',
    segment := 'tous',
    periode_type := null
) as table
with figure as (
    select
        f.epci_siren,
        f.periode_type,
        f.periode,
        f.indicateur,
        f.axe,
        f.modalite,
        f.segment_type,
        f.segment,
        f.numerateur,
        f.denominateur,
        f.valeur,
        f.statut,
        i.famille,
        i.formule
    from marts.indicateurs as f
    inner join meta.indicateurs as i on f.indicateur = i.indicateur
    where
        f.epci_siren = le_siren
        and f.periode = la_periode
        and f.indicateur = l_indicateur
        and f.axe = axe
        and f.modalite = coalesce(modalite, le_siren)
        and f.segment_type = segment_type
        and f.segment = segment
        and f.periode_type = coalesce(periode_type, f.periode_type)
    -- A month ends a window of six months and one of twelve.
    order by f.periode_type
    limit 1
),

demandes as (
    select
        f.epci_siren,
        f.periode_type,
        f.periode,
        f.modalite,
        m.famille,
        m.mesure,
        m.valeur,
        m.role,
        f.segment_type,
        -- What the measure makes by itself is not looked for in the row.
        case when m.segment = '' then f.segment else 'tous' end as segment,
        s.colonne as colonne_segment,
        a.colonnes
    from figure as f
    inner join meta.mesures as m
        on
            f.indicateur = m.indicateur
            and (
                m.segment_type = ''
                or (f.segment_type = m.segment_type and (f.segment = m.segment or m.segment = ''))
            )
    inner join (
        select
            x.famille,
            x.axe,
            list(x.colonne order by x.rang) as colonnes
        from meta.axes as x
        group by x.famille, x.axe
    ) as a
        on m.famille = a.famille and f.axe = a.axe
    left join meta.segments as s on m.famille = s.famille and f.segment_type = s.segment_type
    where
        (f.segment_type = 'tous' or m.segment_type <> '' or s.colonne is not null)
        and (
            m.axe = f.axe
            or (
                m.axe = ''
                and not exists (
                    select 1 from meta.mesures as p where p.indicateur = f.indicateur and p.axe = f.axe
                )
            )
        )
),

-- The leases signed on a dwelling that a household of the first quartile can pay for.
signes as (
    select
        a.attribution_id,
        'bail_signe' as evenement,
        e.est_central
    from entrepot.fct_attribution as a
    inner join intermediate.int_accessibilite_logement as c
        on a.logement_id = c.logement_id and a.millesime_logement = c.millesime
    inner join seeds.ref_taux_effort as e on e.est_central and c.taux_effort <= e.taux_pct
),

mesurees as (
    select
        d.*,
        m.attribution_id as identifiant,
        m.date_evenement as jour,
        case
            when d.segment_type = 'type_mutation'
                then json_merge_patch(to_json(m), json_object('type_mutation', a.type_mutation))
            when d.mesure <> 'accessible_q1_attribues' and d.colonnes <> ['zone'] then to_json(m)
            else
                json_merge_patch(
                    to_json(m),
                    json_object(
                        'zone', z.zone,
                        'accessible_q1_attribues_num', cast(s.est_central and m.quartile = 'Q1' as integer),
                        'accessible_q1_attribues_den',
                        cast(s.est_central and m.quartile is not null as integer),
                        'accessible_q1_attribues_inc', cast(s.est_central and m.quartile is null as integer)
                    )
                )
        end as ligne
    from demandes as d
    inner join entrepot.dim_periode as p
        on d.epci_siren = p.epci_siren and d.periode_type = p.periode_type and d.periode = p.periode
    inner join intermediate.int_attribution_mesures as m
        on d.epci_siren = m.epci_siren and m.date_evenement >= p.debut and m.date_evenement <= p.fin
    inner join entrepot.fct_attribution as a on m.attribution_id = a.attribution_id
    left join signes as s on m.attribution_id = s.attribution_id and m.evenement = s.evenement
    left join intermediate.int_attribution_zone as z
        on
            m.attribution_id = z.attribution_id
            and d.modalite = z.zone
            and d.colonnes = ['zone']
            and m.date_evenement >= coalesce(z.debut, m.date_evenement)
            and m.date_evenement <= coalesce(z.fin, m.date_evenement)
    where d.famille = 'attributions'
    union all
    select
        d.*,
        m.demandeur_id as identifiant,
        null as jour,
        to_json(m) as ligne
    from demandes as d
    inner join intermediate.int_demande_mesures as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.annee
    where d.famille = 'demande'
    union all
    select
        d.*,
        m.logement_id as identifiant,
        null as jour,
        case
            when d.colonnes = ['zone'] then json_merge_patch(to_json(m), json_object('zone', z.zone)) else to_json(m)
        end as ligne
    from demandes as d
    inner join intermediate.int_logement_mesures as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.millesime
    left join intermediate.int_logement_zone as z
        on m.logement_id = z.logement_id and m.millesime = z.millesime and d.modalite = z.zone and d.colonnes = ['zone']
    where d.famille in ('parc', 'offre')
    union all
    select
        d.*,
        m.logement_id as identifiant,
        null as jour,
        json_merge_patch(
            to_json(m),
            json_object(
                'zone', z.zone,
                'taux_effort', cast(e.taux_pct as varchar),
                'taux_effort x secteur', concat_ws(' x ', e.taux_pct, coalesce(m.secteur, 'inconnu')),
                'taux_effort x typologie', concat_ws(' x ', e.taux_pct, coalesce(m.typologie, 'inconnu')),
                'taux_effort x financement', concat_ws(' x ', e.taux_pct, coalesce(m.famille_financement, 'inconnu')),
                'taux_effort x disponibilite',
                concat_ws(
                    ' x ', e.taux_pct,
                    case when c.est_libere then 'libere' when not c.est_libere then 'occupe' else 'inconnu' end
                ),
                'disponibilite',
                case when c.est_libere then 'libere' when not c.est_libere then 'occupe' else 'inconnu' end,
                'accessible_q1_num', cast(c.taux_effort <= e.taux_pct as integer),
                'accessible_q1_den', cast(c.taux_effort is not null as integer),
                'accessible_q1_inc', cast(c.taux_effort is null as integer),
                'mobilisable_q1_num', cast(c.secteur = 'hors_qpv' and c.est_sous_plafond_plai as integer),
                'mobilisable_q1_den',
                cast(c.secteur = 'hors_qpv' and c.est_sous_plafond_plai is not null as integer),
                'mobilisable_q1_inc', cast(c.secteur = 'hors_qpv' and c.est_sous_plafond_plai is null as integer),
                'plai_neufs_hors_qpv_num',
                cast(c.secteur = 'hors_qpv' and c.est_neuf and m.famille_financement = 'PLAI' as integer),
                'plai_neufs_hors_qpv_den', cast(c.secteur = 'hors_qpv' and c.est_neuf as integer),
                'plai_neufs_hors_qpv_inc', cast(c.secteur = 'hors_qpv' and c.est_neuf is null as integer)
            )
        ) as ligne
    from demandes as d
    inner join intermediate.int_logement_mesures as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.millesime
    inner join intermediate.int_accessibilite_logement as c
        on m.logement_id = c.logement_id and m.millesime = c.millesime and c.est_a_louer
    inner join seeds.ref_taux_effort as e
        on
            case
                when d.segment_type like 'taux_effort%'
                    then cast(e.taux_pct as varchar) = split_part(d.segment, ' x ', 1)
                else e.est_central
            end
    left join intermediate.int_logement_zone as z
        on m.logement_id = z.logement_id and m.millesime = z.millesime and d.modalite = z.zone and d.colonnes = ['zone']
    where d.famille = 'accessibilite'
    union all
    select
        d.*,
        m.attribution_id as identifiant,
        null as jour,
        to_json(m) as ligne
    from demandes as d
    inner join intermediate.int_relogements as m
        on d.epci_siren = m.epci_siren and try_cast(d.periode as integer) = m.annee
    where d.famille = 'relogements'
    union all
    select
        d.*,
        coalesce(m.attribution_id, m.demandeur_id) as identifiant,
        null as jour,
        to_json(m) as ligne
    from demandes as d
    inner join intermediate.int_mutations_origine as m
        on
            d.epci_siren = m.epci_siren
            and try_cast(d.periode as integer) = m.annee
            and d.famille = 'origine_' || m.public
    union all
    select
        d.*,
        m.identifiant,
        null as jour,
        json_merge_patch(
            to_json(m),
            json_object(
                'menages_num', 1,
                'part_anciennete_5ans_num', cast(t.code is not null and t.mois_max is null as integer),
                'part_anciennete_5ans_den', cast(t.code is not null as integer),
                'part_anciennete_5ans_inc', cast(t.code is null as integer)
            )
        ) as ligne
    from demandes as d
    inner join intermediate.int_profils as m
        on
            d.epci_siren = m.epci_siren
            and try_cast(d.periode as integer) = m.annee
            and d.famille = 'profils_' || m.indicateur
    left join seeds.ref_tranches_anciennete as t on m.tranche_anciennete = t.code
),

comptees as (
    select
        m.*,
        case
            when m.role = 'reponse' then cast((m.ligne ->> m.mesure) = 'true' as integer)
            else cast(m.ligne ->> (m.mesure || '_num') as integer)
        end as num,
        case
            when m.role = 'reponse' then cast((m.ligne ->> m.mesure) is not null as integer)
            else coalesce(cast(m.ligne ->> (m.mesure || '_den') as integer), 0)
        end as den,
        case
            when m.role = 'reponse' then cast((m.ligne ->> m.mesure) is null as integer)
            else coalesce(cast(m.ligne ->> (m.mesure || '_inc') as integer), 0)
        end as inc,
        m.valeur = '' or (m.ligne ->> m.valeur) is not null as est_connue
    from mesurees as m
    where
        array_to_string(list_transform(m.colonnes, lambda c : coalesce(m.ligne ->> c, 'inconnu')), ' x ') = m.modalite
        and (m.segment = 'tous' or coalesce(m.ligne ->> m.colonne_segment, 'inconnu') = m.segment)
        and (not list_contains(m.colonnes, 'code_qpv') or (m.ligne ->> 'secteur') = 'qpv')
),

jugees as (
    select
        c.*,
        c.valeur = '' and c.role <> 'denominateur' and coalesce(c.num, 0) > 0 as est_num,
        case
            when c.role = 'denominateur' then c.num > 0
            when c.valeur = '' then c.den > 0
            else coalesce(c.num, 1) > 0 and c.est_connue
        end as est_den,
        c.role <> 'denominateur' and (c.inc > 0 or (coalesce(c.num, 0) > 0 and not c.est_connue)) as est_inc
    from comptees as c
),

-- The places, vintages and survey rows behind a score: what the criteria of the method were read in.
notees as (
    select
        f.epci_siren,
        f.axe,
        f.modalite,
        m.millesime_ops,
        m.millesime_rpls
    from figure as f
    inner join intermediate.int_fragilite_millesimes as m
        on
            f.epci_siren = m.epci_siren
            and try_cast(f.periode as integer) = m.annee
            and split_part(f.segment, ' x ', 1) = m.methode
    where f.famille = 'fragilite'
),

-- The rows of the survey that a figure of it is read in, chosen as the figure chooses them: the whole of a commune, its parts
-- inside and outside priority neighbourhoods where it has no whole; the row of all landlords, each landlord's where there is none.
enquete as (
    select
        f.indicateur,
        o.*
    from figure as f
    inner join entrepot.fct_occupation as o
        on
            f.famille = 'occupation'
            and f.epci_siren = o.epci_siren
            and try_cast(f.periode as integer) = o.millesime
            and o.population
            = case when f.segment_type like 'population%' then upper(split_part(f.segment, ' x ', 1)) else 'ENSEMBLE' end
            and (
                f.segment_type in ('tous', 'population')
                or (f.segment_type like '%secteur' and o.zone = upper(split_part(f.segment, ' x ', -1)))
            )
            and o.niveau = case when f.axe in ('epci', 'bailleur') then 'commune' else f.axe end
            and f.modalite = case f.axe when 'epci' then o.epci_siren when 'bailleur' then o.bailleur_siren else o.code end
    where
        (f.indicateur = 'taux_couverture' and o.nb_logements_enquetes is not null)
        or exists (
            select 1
            from seeds.ref_indicateurs_occupation as c
            where f.indicateur = c.indicateur and o.theme = c.theme and o.modalite = c.modalite
        )
    qualify
        (
            o.niveau <> 'commune'
            or f.segment_type like '%secteur'
            or o.zone = 'ENSEMBLE'
            or not bool_or(o.zone = 'ENSEMBLE') over (partition by o.code, o.bailleur_siren)
        )
        and (
            o.bailleur_siren is null
            or not bool_or(o.bailleur_siren is null) over (partition by o.code, o.code_lu, o.zone)
        )
),

lignes as (
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        false as est_lu,
        'entrepot.fct_attribution' as fait,
        j.identifiant,
        j.jour,
        concat_ws(
            ', ', (j.ligne ->> 'evenement'), (j.ligne ->> 'secteur'), (j.ligne ->> 'typologie'),
            case
                when json_exists(j.ligne, '$.quartile') or j.famille = 'attributions'
                    then 'quartile ' || coalesce(j.ligne ->> 'quartile', 'inconnu')
            end,
            (j.ligne ->> 'demandeur'), (j.ligne ->> 'relogement'), 'loyer quitté ' || (j.ligne ->> 'loyer_quitte'),
            case when f.est_relogement_objectif then 'relogé' end, case when f.est_prioritaire then 'prioritaire' end
        ) as detail,
        f._fichier as fichier,
        f._ligne as numero
    from jugees as j
    inner join entrepot.fct_attribution as f on j.identifiant = f.attribution_id
    where j.famille in ('attributions', 'relogements', 'origine_mutations', 'profils_baux')
    union all
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        false,
        'entrepot.fct_demande',
        j.identifiant,
        f.date_premier_depot,
        concat_ws(
            ', ', (j.ligne ->> 'demandeur'), (j.ligne ->> 'typologie'),
            'quartile ' || coalesce(j.ligne ->> 'quartile', 'inconnu')
        ),
        f._fichier,
        f._ligne
    from jugees as j
    inner join entrepot.fct_demande as f
        on j.identifiant = f.demandeur_id and cast(j.ligne ->> 'annee' as integer) = f.annee
    where j.famille in ('demande', 'origine_demande', 'profils_demandes')
    union all
    select
        j.est_num,
        j.est_den,
        j.est_inc,
        false,
        'entrepot.fct_logement',
        j.identifiant,
        f.date_bail,
        concat_ws(
            ', ', 'mode ' || f.mode, f.typologie, (j.ligne ->> 'secteur'), 'loyer ' || (j.ligne ->> 'loyer'),
            'surface ' || (j.ligne ->> 'surface')
        ),
        f._fichier,
        f._ligne
    from jugees as j
    inner join entrepot.fct_logement as f
        on j.identifiant = f.logement_id and cast(j.ligne ->> 'millesime' as integer) = f.millesime
    where j.famille in ('parc', 'offre', 'accessibilite')
    union all
    -- The survey and the incomes are published tables already: a row is an aggregate.
    select
        true,
        true,
        false,
        false,
        'entrepot.fct_occupation',
        concat_ws(' ', o.bailleur_siren, o.code, o.zone),
        null,
        concat_ws(
            ', ', o.theme, o.modalite, o.population,
            coalesce(cast(o.effectif as varchar), o.statut) || ' sur ' || coalesce(cast(o.base as varchar), o.statut)
        ),
        o._fichier,
        o._ligne
    from enquete as o
    inner join seeds.ref_indicateurs_occupation as c
        on o.indicateur = c.indicateur and o.theme = c.theme and o.modalite = c.modalite
    union all
    -- How many answered is on every row of a place: one of them says it.
    select
        true,
        true,
        false,
        false,
        'entrepot.fct_occupation',
        concat_ws(' ', o.bailleur_siren, o.code, o.zone),
        null,
        concat_ws(
            ', ', 'répondants', o.population,
            cast(o.nb_menages_repondants as varchar) || ' sur ' || cast(o.nb_logements_enquetes as varchar)
        ),
        o._fichier,
        o._ligne
    from enquete as o
    where o.indicateur = 'taux_couverture' and o.nb_logements_enquetes is not null
    qualify
        row_number() over (
            partition by o.code, o.code_lu, o.zone, o.bailleur_siren
            order by o.nb_logements_enquetes desc, o.nb_menages_repondants desc nulls last, o._fichier, o._ligne
        ) = 1
    union all
    select
        true,
        false,
        false,
        false,
        'entrepot.fct_revenu',
        r.code,
        null,
        concat_ws(', ', r.mesure, r.concept, coalesce(cast(r.valeur as varchar), r.statut)),
        r._fichier,
        r._ligne
    from figure as f
    inner join entrepot.fct_revenu as r
        on
            -- An indicator of the survey has the name of this measure.
            f.indicateur = case when r.mesure = 'part_minima_sociaux' then r.mesure || '_revenu' else r.mesure end
            and try_cast(f.periode as integer) = r.millesime
            and f.axe = r.niveau
            and f.modalite = r.code
            and f.segment = r.concept
    union all
    select
        false,
        false,
        false,
        true,
        'entrepot.fct_occupation',
        concat_ws(' ', o.bailleur_siren, o.code, o.zone),
        null,
        concat_ws(', ', o.theme, o.modalite, o.population, coalesce(cast(o.effectif as varchar), o.statut)),
        o._fichier,
        o._ligne
    from notees as n
    inner join entrepot.fct_occupation as o
        on
            n.epci_siren = o.epci_siren
            and n.millesime_ops = o.millesime
            and o.niveau = split_part(n.axe, ' x ', 1)
            and o.code = split_part(n.modalite, ' x ', 1)
            and (n.axe <> 'commune x secteur' or upper(split_part(n.modalite, ' x ', 2)) = o.zone)
    union all
    select
        false,
        false,
        false,
        true,
        'entrepot.fct_logement',
        f.logement_id,
        f.date_bail,
        concat_ws(', ', 'mode ' || f.mode, f.typologie),
        f._fichier,
        f._ligne
    from notees as n
    inner join intermediate.int_fragilite_logement_lieu as l
        on
            n.epci_siren = l.epci_siren
            and n.millesime_rpls = l.millesime
            and n.axe = l.axe
            and n.modalite = l.modalite
    inner join entrepot.fct_logement as f on l.logement_id = f.logement_id and l.millesime = f.millesime
),

trouvees as materialized (
    select
        concat_ws(
            ' et ', case when l.est_num then 'numérateur' end, case when l.est_den then 'dénominateur' end,
            case when l.est_inc then 'inconnu' end, case when l.est_lu then 'lu' end
        ) as role,
        l.fait,
        l.identifiant,
        l.jour as date,
        l.detail,
        l.fichier,
        l.numero as ligne
    from lignes as l
    where l.est_num or l.est_den or l.est_inc or l.est_lu
)

select * from trouvees
union all
select
    'aucune ligne',
    null,
    null,
    null,
    case
        when f.indicateur is null
            then 'marts.indicateurs n''a pas cette figure : vérifiez le SIREN, la période, l''indicateur, l''axe, '
                || 'la modalité et le segment.'
        when f.valeur is null then 'Figure sans valeur (' || f.statut || ') : aucune ligne n''y compte.'
        when f.numerateur = 0 and coalesce(f.denominateur, 0) = 0 then 'Effectif nul : aucune ligne n''y compte.'
        else 'Cette figure se fait d''autres figures, ou d''un croisement que les lignes ne disent pas : '
            || coalesce(f.formule, 'voir meta.indicateurs')
            || '. Ses comptes, s''il y en a, sont dans marts.indicateurs.'
    end,
    null,
    null
from (select 1) as une
left join figure as f on true
where not exists (select 1 from trouvees)
order by fichier, ligne, identifiant
