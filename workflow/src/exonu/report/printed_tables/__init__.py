"""Tables for papers and notes, in CSV, LaTeX and Markdown. Start with `result_tables`."""
