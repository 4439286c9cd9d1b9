r"""Events: from raw files to reconstructed and selected events.

In: ROOT files, run list and sample sheet. Out: selected events, cut flow, diagnostics. Start with
    \`ingest\`, then
\`reconstruction.chain\` and \`selection.cuts\`.
"""
