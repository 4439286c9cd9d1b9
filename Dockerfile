# exonu with the versions of its lock: `docker build -t exonu .`, then, in a folder with a config/ of your own or an empty one,
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" exonu snakemake -s /opt/exonu/Snakefile --cores 4
#   docker run --rm -v "$PWD:/work" exonu exonu limit config/my-experiment --interaction magnetic-moment
FROM python:3.11-slim

# Hashes before sources: a change of the code does not install the libraries again.
COPY envs/requirements.lock /opt/exonu/envs/requirements.lock
RUN python -m pip install --no-cache-dir --no-compile --require-hashes -r /opt/exonu/envs/requirements.lock

WORKDIR /opt/exonu
COPY pyproject.toml README.md LICENSE Snakefile ./
COPY workflow workflow
COPY resources resources
COPY config config
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && python -m compileall -q workflow/src

# Any user may run it: caches of matplotlib, numba and Snakemake go to /tmp.
ENV HOME=/tmp \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba
WORKDIR /work
CMD ["exonu", "--help"]
