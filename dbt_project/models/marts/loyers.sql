-- Rents of the let stock, in euros per square metre: a sum over a sum.
{{ mart_large(['loyer_m2', 'logements']) }}
