# One image for every part: the command says which. Small, and nobody in it is root.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements-second.txt pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/baithak \
 && /opt/baithak/bin/pip install --no-cache-dir --require-hashes -r requirements-second.txt
COPY bot bot
COPY moderation moderation
RUN /opt/baithak/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && find /opt/baithak -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /srv/baithak baithak \
 && install -d -o baithak -g baithak /srv/baithak /srv/baithak/var
COPY --from=build /opt/baithak /opt/baithak
COPY config /srv/baithak/config
ENV PATH=/opt/baithak/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    BAITHAK_CONFIG_DIR=/srv/baithak/config BAITHAK_DATA_DIR=/srv/baithak/var \
    BAITHAK_WEB_HOST=0.0.0.0 BAITHAK_LOG_FORMAT=json
WORKDIR /srv/baithak
USER baithak
VOLUME /srv/baithak/var
EXPOSE 8080 8081
ENTRYPOINT ["baithak"]
CMD ["--help"]
