"""Make spectrum.csv of the GEMMA-like example: flat background, expected as observed.

Run: python config/gemma-like/make_spectrum.py"""

from pathlib import Path

DAYS_ON, DAYS_OFF, MASS_KG = 18134.0 / 24, 4487.0 / 24, 1.5
BACKGROUND = 2.5  # per keV, kg and day
LOW_KEV, HIGH_KEV, WIDTH_KEV = 2.8, 55.8, 1.0

rows = []
for number in range(round((HIGH_KEV - LOW_KEV) / WIDTH_KEV)):
    low = LOW_KEV + number * WIDTH_KEV
    expected = round(BACKGROUND * WIDTH_KEV * MASS_KG * DAYS_ON)
    # of each bin of the reactor-off data, scaled to those on; used only without a smooth background
    error = (expected * DAYS_ON / DAYS_OFF) ** 0.5
    rows.append(f"{low:.1f},{low + WIDTH_KEV:.1f},{expected},{expected},{error:.2f}")
head = """\
# No data: the expected background of a GEMMA-like experiment stands in place of observed counts, by make_spectrum.py.
# 1.5 kg of germanium, 18134 h of reactor on and 4487 h off, 2.5 counts/(keV kg day) [assumed: flat].
energy_low_keV,energy_high_keV,observed,background,background_error
"""
Path(__file__).with_name("spectrum.csv").write_text(head + "\n".join(rows) + "\n")
