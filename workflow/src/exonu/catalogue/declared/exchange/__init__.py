"""Exchange of bosons, heavy or light, between neutrinos and electrons."""
