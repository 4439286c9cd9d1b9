"""Events that come reconstructed, as rows of a table: energy, position, time, whatever cuts read.

In: ROOT, Parquet, Feather, HDF5 or CSV files and a map of their columns. Out: the same file of
reconstructed events that `reconstruction` writes. Start with `read_reconstructed`."""
