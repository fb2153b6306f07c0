/// The formats that events are read from.
public enum EventFormat: String, Sendable, Hashable, CaseIterable {
    /// One JSON object a line.
    case ndjson
    /// A header and records, separated by commas, semicolons, tabs or bars.
    case csv
    /// A JSON document that holds the events in an array, or several objects one after the other.
    case json
    /// Access logs of nginx, Apache and ingress-nginx.
    case accessLog = "access-log"
    case azure, clickhouse, cloudwatch, datadog, elasticsearch, envoy, gcloud, grafana, honeycomb, journald
    case kubectl
    case kubernetesEvents = "kubernetes-events"
    case loki, openmetrics, otlp, prometheus, sentry, stern, syslog, victoriametrics
}

/// How a file is compressed.
enum Compression: String, Sendable {
    case none = ""
    case gzip
    case zstd

    /// Recognised by the first bytes (RFC 1952 2.3.1, RFC 8878 3.1.1).
    init(magic: some Collection<UInt8>) {
        if magic.starts(with: [0x1F, 0x8B]) {
            self = .gzip
        } else if magic.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            self = .zstd
        } else {
            self = .none
        }
    }
}
