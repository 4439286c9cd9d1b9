"""Intervals and discovery by the conventions of the field, beside the CLs limits of `asymptotic`.

In: a `Model` and its profiles. Out: intervals, p-values, significances. Start with `two_sided`;
`feldman_cousins` needs toys, `discovery` says how likely background alone is, `mass_scan` how
likely it is anywhere among many masses, `conventions` which of them a named convention takes.
"""

REPORTED_FROM = 3.0
"""Significance from which the lower end of an interval is stated, by arXiv:2105.00599."""
