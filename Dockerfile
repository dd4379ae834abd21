# The same image as `make image`, where there is a docker daemon and a network: docker build -t lockmaster .
FROM python:3.11-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends binutils gcc libc6-dev musl-tools
WORKDIR /src
COPY requirements/image.lock requirements/
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/image.lock
COPY LICENSE pyproject.toml ./
COPY src src
COPY tools tools
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .
RUN python -m tools.image --only-root --root /image

FROM scratch
COPY --from=build /image/ /
LABEL org.opencontainers.image.title="lockmaster" \
      org.opencontainers.image.description="The schema is ready before the application starts." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/lockmaster:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 10001:10001
WORKDIR /
ENTRYPOINT ["/lockmaster/lockmaster"]
