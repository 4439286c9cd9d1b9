"""Small synthetic raw files: what a user might have, whole and broken."""

from dataclasses import replace

import numpy as np

from exonu.events.raw.raw_events import Events

N_CHANNELS = 642


def make_events(n=50, run=1, seed=1, mean_hits=20, **changes):
    """Events with random hits; charge and time are whole eighths, which nine bits of mantissa
    keep."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(mean_hits, n)
    total = counts.sum()
    arrays = {
        "run": np.full(n, run, dtype=np.uint32),
        "event": np.arange(n, dtype=np.uint64),
        "time_s": np.sort(rng.uniform(0, 1000, n)),
        "trigger": rng.choice([1, 3], n, p=[0.9, 0.1]).astype(np.uint8),
        "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "channel": rng.integers(0, N_CHANNELS, total).astype(np.uint16),
        "charge": (rng.integers(4, 60, total) / 8).astype(np.float32),
        "time": (rng.integers(0, 500, total) / 8).astype(np.float32),
    }
    return Events(**(arrays | changes))


def from_first_hit(events):
    """The events as raw files are read: times from the first hit of their event."""
    there = events.n_hits > 0
    first = np.zeros(len(events), dtype=events.time.dtype)
    first[there] = np.minimum.reduceat(events.time, events.offsets[:-1][there])
    return replace(events, time=events.time - np.repeat(first, events.n_hits))


def simulated(n=50, seed=2, **changes):
    """Simulated events: with truth and weights."""
    rng = np.random.default_rng(seed)
    truth = {
        "true_energy_keV": rng.uniform(0, 30, n),
        "true_xyz_cm": rng.uniform(-20, 20, (n, 3)),
        "component": np.full(n, 4, dtype=np.uint16),
        "weight": rng.uniform(0.5, 1.5, n),
    }
    return make_events(n, seed=seed, **(truth | changes))


RUN_LIST = (
    "run\tfiles\tstart\tlive_time_s\tdead_pmts\n"
    "1\trun1.root\t2013-11-20T08:00:00\t86400\t3,17\n"
    "2\trun2.root\t2013-11-21T08:00:00\t43200\t-\n"
)
SAMPLES = (
    "sample\tcomponent\tfiles\tequivalent_live_days\tactivity_prior\tactivity_uncertainty\n"
    "signal\tsignal\tsignal.root\t10\t1\t-\n"
)
CALIBRATION = (
    "run\tgain\ttime_offset_ns\tlight_yield\n1\t1.25\t2\t0.98\n2\t1\t0\t1.01\nsimulation\t1\t0\t1\n"
)
EVENTS = """\
config_version: 1
name: synthetic
is_simulated: true
runs: runs.tsv
samples: samples.tsv
calibration: calibration.tsv
cuts:
  - {name: trigger, keep: inner_trigger and not outer_trigger, status: published}
  - {name: previous-event, keep: time_since_previous_ms > 10, status: assumed}
  - {name: light, keep: total_pe > 60, status: assumed}
"""
