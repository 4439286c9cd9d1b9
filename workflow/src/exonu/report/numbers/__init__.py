"""The numbers behind figures and tables: nothing here draws.

In: experiments, limits and fits. Out: tables. Start with `counts`.
"""
