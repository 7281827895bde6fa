# The image of every role: consume, serve, settle, migrate.
#
#   docker build --tag voltpass .
#   docker run --rm voltpass            (help)
#
# The compiled kernels are made for x86-64-v3 (AVX2: Intel since 2013, AMD since 2015); for other machines
# build with e.g. --build-arg NUMBA_CPU_NAME=generic.

ARG PYTHON=3.12

# ------------------------------------------------------------------ wheels, each checked by its hash
FROM python:${PYTHON}-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY requirements.txt ./
RUN pip wheel --quiet --require-hashes --only-binary :all: --wheel-dir /wheels --requirement requirements.txt

COPY . .
RUN pip install --quiet --no-index --find-links /wheels hatchling \
 && pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /wheels .

# Without the extra `demo`: an image needs neither an embedded broker nor an embedded database.
RUN python -m venv --without-pip /opt/voltpass \
 && pip --python /opt/voltpass/bin/python install --quiet --no-index --find-links /wheels voltpass

# Kernels compiled once, here. numba puts the features of the building machine into the key of its
# cache unless they are pinned too, and an image built elsewhere would compile at every start.
ARG NUMBA_CPU_NAME=x86-64-v3
ENV NUMBA_CACHE_DIR=/opt/voltpass/numba \
    NUMBA_CPU_NAME=${NUMBA_CPU_NAME} \
    NUMBA_CPU_FEATURES=""
# numba accepts a cache folder only if it can make a file in it. The sticky bit grants that and no
# more: what is in it belongs to root, and the service can neither change nor remove it.
WORKDIR /
RUN /opt/voltpass/bin/python -m kernels \
 && find /opt/voltpass/numba -type d -exec chmod 1777 {} +

# ------------------------------------------------------------------------------------ what is run
FROM python:${PYTHON}-slim

RUN groupadd --system --gid 10001 voltpass \
 && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
            --shell /usr/sbin/nologin voltpass

COPY --from=build /opt/voltpass /opt/voltpass

ARG NUMBA_CPU_NAME=x86-64-v3
ENV PATH=/opt/voltpass/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/opt/voltpass/numba \
    NUMBA_CPU_NAME=${NUMBA_CPU_NAME} \
    NUMBA_CPU_FEATURES=""

USER 10001:10001
EXPOSE 8000

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["voltpass", "healthcheck"]

ENTRYPOINT ["voltpass"]
CMD ["--help"]
