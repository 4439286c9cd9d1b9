"""Colours of all figures and of the summary page, which needs no more of matplotlib than these.

Those of M. Okabe and K. Ito, "Color Universal Design" (2008), and two greys.
"""

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY, BAND_GREY = "#7F7F7F", "#D0D0D0"
