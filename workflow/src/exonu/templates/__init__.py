r"""Templates: from selected events to expected counts by component, with systematic variations.

In: selected and reconstructed events. Out: \`templates.json\`, ROOT histograms and tables. Start
    with \`filling\`.
"""
