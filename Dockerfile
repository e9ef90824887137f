# The image of every service in compose.yaml: Python, what requirements.lock names, and the command wats-worker.
# It holds nothing that a factory would have to keep: that lies in volumes and in files that are mounted.
#
#   docker build --tag wats-worker .
#   docker build --build-arg BASE=python:3.13-slim@sha256:… .        a base of your own choice
#
# There is nothing in it that knows a processor: on amd64 and on arm64 the same lines make it, with the wheels of each.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
# The environment has no pip of its own; the one out here fills it, and stays behind.
RUN python -m venv --without-pip /opt/wats-worker
COPY requirements.lock requirements-build.lock ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements-build.lock \
 && python -m pip --python /opt/wats-worker/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: --requirement requirements.lock
# Of your own choice, such as the driver of a database that is polled, or npTDMS.
ARG PACKAGES=
RUN [ -z "${PACKAGES}" ] || python -m pip --python /opt/wats-worker/bin/python install --no-cache-dir ${PACKAGES}
COPY pyproject.toml README.md LICENSE ./
COPY wats_broker wats_broker
COPY wats_worker wats_worker
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /build/wheel . \
 && python -m pip --python /opt/wats-worker/bin/python install --no-cache-dir --no-deps /build/wheel/*.whl

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="wats-worker" \
      org.opencontainers.image.description="Turns the log files of factory test machines into WATS reports" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="python:3.13-slim"
# Nobody installs anything in here. Volumes take over the mode of these folders when they are empty: whatever user
# compose.yaml runs the stages as, they make a private folder of their own in there.
RUN python -m pip uninstall --yes --quiet pip \
 && groupadd --gid 10001 wats \
 && useradd --uid 10001 --gid wats --no-create-home --home-dir /data --shell /usr/sbin/nologin wats \
 && mkdir --mode 1777 /audit /broker /data /door /operator /scratch
COPY --from=build /opt/wats-worker /opt/wats-worker
# What lies on the path is found; what would be compiled on the way can't be written and needs not be.
ENV PATH=/opt/wats-worker/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    WATS_CONFIG=/etc/wats-worker/wats.toml \
    WATS_HEARTBEAT=/tmp/heartbeat
USER 10001:10001
WORKDIR /data
STOPSIGNAL SIGTERM
# Whatever stage runs in the container writes this file anew every 5 seconds, as long as the broker hears it. Asking
# by `wats-worker health --here` would tell the same, at half a second of a processor for each look.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD test -n "$(find "$WATS_HEARTBEAT" -newermt '-30 seconds')"
ENTRYPOINT ["wats-worker"]
CMD ["--help"]
