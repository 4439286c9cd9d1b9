"""The summary page of an analysis: one HTML file. Start with `summary_page`."""
