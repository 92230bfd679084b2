# Two stages: what builds is not shipped. The image runs as a user without rights, and needs no writable root.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/make-emulator
# Locked by their hashes, and in a layer of their own: they change less often than the sources.
COPY requirements/runtime.txt requirements/
RUN /opt/make-emulator/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
COPY fixtures fixtures
COPY contract_tests contract_tests
COPY skills skills
RUN /opt/make-emulator/bin/pip install --no-cache-dir --no-deps . \
 && /opt/make-emulator/bin/pip uninstall --yes pip

FROM python:3.13-slim
ARG VERSION=""
LABEL org.opencontainers.image.title="make-emulator" \
      org.opencontainers.image.description="A local emulator of the Make API v2" \
      org.opencontainers.image.source="https://github.com/make-emulator/make-emulator" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
# /emulator/init.d is for files to start with; a volume at /emulator/data belongs to the user, for state and certificates.
RUN groupadd --gid 10001 emulator \
 && useradd --uid 10001 --gid 10001 --home-dir /emulator --no-create-home --shell /usr/sbin/nologin emulator \
 && mkdir -p /emulator/init.d /emulator/data \
 && chown emulator:emulator /emulator/data
COPY --from=build /opt/make-emulator /opt/make-emulator
ENV PATH="/opt/make-emulator/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MAKE_EMULATOR_HOST=0.0.0.0 \
    MAKE_EMULATOR_PORT=4747 \
    MAKE_EMULATOR_INIT_DIR=/emulator/init.d
WORKDIR /emulator
# By number, so that Kubernetes sees that it is not root.
USER 10001:10001
EXPOSE 4747
HEALTHCHECK --interval=3s --timeout=3s --start-period=60s --retries=3 CMD ["make-emulator", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["make-emulator"]
CMD ["serve"]
