# Two stages: what builds is not shipped. The image runs as a user without rights.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
COPY fixtures fixtures
COPY contract_tests contract_tests
COPY skills skills
RUN python -m venv /opt/make-emulator \
 && /opt/make-emulator/bin/pip install --no-cache-dir '.[functions]' \
 && /opt/make-emulator/bin/pip uninstall --yes pip

FROM python:3.13-slim
COPY --from=build /opt/make-emulator /opt/make-emulator
RUN useradd --system --no-create-home --uid 10001 emulator
USER emulator
ENV PATH="/opt/make-emulator/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    MAKE_EMULATOR_HOST=0.0.0.0 \
    MAKE_EMULATOR_PORT=4747
EXPOSE 4747
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:%s/_emulator/health' % os.environ['MAKE_EMULATOR_PORT'], timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["make-emulator"]
CMD ["serve"]
