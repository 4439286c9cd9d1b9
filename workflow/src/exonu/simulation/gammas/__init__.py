"""γ-rays and X-rays in the liquid: photoelectric absorption and Compton scattering.

In: energy, place and direction. Out: sites of energy. Start with `gamma_transport`.
"""
