# SPDX-License-Identifier: Apache-2.0
# temper-verify in a container:
#   docker build -t temper-verify .
#   docker run --rm -v "$PWD:/src:ro" temper-verify MODEL --policy policy.yaml
FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends binutils python3
WORKDIR /temper
COPY . .
RUN scripts/build-verifier /temper-verify

FROM debian:bookworm-slim
COPY --from=build /temper-verify /usr/local/bin/temper-verify
# Verifying writes nothing and needs no rights but to read the model.
USER 65534:65534
WORKDIR /src
ENTRYPOINT ["temper-verify"]
