# The program is cross-compiled where the build runs, so that no platform is emulated.
ARG GO_VERSION=1.26.8
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN GOOS=$TARGETOS GOARCH=$TARGETARCH deploy/build /out/jaspers && mkdir -m 0700 /out/data

# Nothing but the program, the authorities whose certificates it believes, and a folder for a volume, which an SQLite
# database needs. It brings its own time zones.
FROM scratch
LABEL org.opencontainers.image.title="Jaspers AI" \
      org.opencontainers.image.description="A self-hosted server that joins an investor's ledger with market research under one analyst" \
      org.opencontainers.image.source="https://github.com/jaspers-ai/jaspers" \
      org.opencontainers.image.documentation="https://github.com/jaspers-ai/jaspers/blob/main/docs/operations/install.md" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/jaspers /jaspers
ENV JASPERS_ADDR=0.0.0.0:3000 JASPERS_DATA_DIR=/data
USER 65532:65532
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/jaspers", "health"]
ENTRYPOINT ["/jaspers"]
CMD ["serve"]
