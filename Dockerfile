# One image for the gateway and the ingestor: `docker run portico gateway`, `docker run portico ingestor`.

FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/portico
ENV PATH=/opt/portico/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-production.lock .
RUN pip install --require-hashes --requirement requirements-production.lock
COPY pyproject.toml README.md LICENSE ./
COPY domain domain
COPY contracts contracts
COPY messaging messaging
COPY storage storage
COPY ingestor ingestor
COPY gateway gateway
COPY cli cli
RUN pip install --no-deps --no-build-isolation . \
    && pip uninstall --yes setuptools \
    && pip uninstall --yes pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin portico
COPY --from=build /opt/portico /opt/portico
ENV PATH=/opt/portico/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
# REST, gRPC, and the admin port with /healthz, /readyz and /metrics.
EXPOSE 8080 9090 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('PORTICO_ADMIN_PORT', '8081') + '/healthz', timeout=4)"]
ENTRYPOINT ["portico"]
CMD ["--help"]
