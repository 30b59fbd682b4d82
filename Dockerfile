# The service alone: no training, no torch. Build from the repository's root.
FROM python:3.12-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/intona \
    && /opt/intona/bin/pip install --no-cache-dir ".[server]"

FROM python:3.12-slim
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
