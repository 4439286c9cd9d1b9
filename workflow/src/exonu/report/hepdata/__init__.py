"""The submission to HEPData: tables, likelihoods and their packing. Start with `submission`."""
