# The service and all formats it writes, the extras [server,parquet]: no training, no torch. Build
# from the repository's root. What is installed is in image.lock, by version and hash; name the base by its digest for an image that can be built again:
#   docker build --build-arg BASE=python:3.12-slim@sha256:... .
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE image.lock ./
COPY src ./src
RUN python -m venv /opt/intona \
    && /opt/intona/bin/pip install --no-cache-dir --require-hashes -r image.lock \
    && /opt/intona/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE}
COPY --from=build /opt/intona /opt/intona
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin intona
USER 10001:10001
ENV PATH=/opt/intona/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INTONA_SERVE_HOST=0.0.0.0 \
    INTONA_SERVE_PORT=8765
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
# Nothing listens without INTONA_TOKEN: docker run -e INTONA_TOKEN=... -p 127.0.0.1:8765:8765
ENTRYPOINT ["intona"]
CMD ["serve"]
