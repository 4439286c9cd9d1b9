"""Events outside the fiducial volume, shell by shell: they measure what a source in the liquid does not
see, the gaps behind which the wall's decays are, before the search looks inside."""
