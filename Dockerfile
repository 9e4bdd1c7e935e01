# otaproof in an image: no network, no root and no file system to write to is needed once it is built.
#     docker build -t otaproof .
#     docker run --rm --read-only --network none -v "$PWD:/work:ro" otaproof check
# The base by its digest: --build-arg BASE=python@sha256:…
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
COPY requirements-core.lock /otaproof.lock
RUN python -m venv /opt/otaproof && /opt/otaproof/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement /otaproof.lock
COPY . /source
RUN /opt/otaproof/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --no-compile /source

FROM ${BASE}
COPY --from=build /opt/otaproof /opt/otaproof
RUN useradd --no-create-home --uid 1000 otaproof
ENV PATH=/opt/otaproof/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /work
ENTRYPOINT ["otaproof"]
CMD ["--help"]
