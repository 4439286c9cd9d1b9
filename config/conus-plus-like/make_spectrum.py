"""Make spectrum.csv of the CONUS+-like example: flat background, expected as observed.

Run: python config/conus-plus-like/make_spectrum.py"""

from pathlib import Path

KG_DAYS = 327.0
BACKGROUND = 10.0  # per keV, kg and day
LOW_KEV, HIGH_KEV, WIDTH_KEV = 0.16, 1.0, 0.02

rows = []
for number in range(round((HIGH_KEV - LOW_KEV) / WIDTH_KEV)):
    low = LOW_KEV + number * WIDTH_KEV
    expected = BACKGROUND * WIDTH_KEV * KG_DAYS
    rows.append(f"{low:.2f},{low + WIDTH_KEV:.2f},{round(expected)},{expected:.1f}")
head = """\
# No data: the expected background of a CONUS+-like experiment stands in place of observed counts, by make_spectrum.py.
# 327 kg d of germanium, 10 counts/(keV kg day) [assumed: flat]; the analysis is blind: antineutrinos are added.
energy_low_keV,energy_high_keV,observed,background
"""
Path(__file__).with_name("spectrum.csv").write_text(head + "\n".join(rows) + "\n")
