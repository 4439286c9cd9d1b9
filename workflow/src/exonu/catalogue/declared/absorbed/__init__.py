"""What an atom absorbs, and spectra from files: no neutrinos scatter."""
