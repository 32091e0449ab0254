-- A territory that has a convention, and of which no source says anything.
{{ config(severity='warn') }}

{{ territoires_sans_donnees() }}
