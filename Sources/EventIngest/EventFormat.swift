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
    /// Azure Log Analytics and Application Insights.
    case azure
    /// ClickHouse's `FORMAT JSON` and `JSONCompact`; its other formats are NDJSON and CSV.
    case clickhouse
    /// AWS CloudWatch Logs, Logs Insights and metrics.
    case cloudwatch
    /// Datadog logs and metrics.
    case datadog
    /// Answers, histograms and dumps of Elasticsearch and OpenSearch.
    case elasticsearch
    /// Access logs of Envoy and Istio.
    case envoy
    /// Google Cloud Logging.
    case gcloud
    /// Panels and data frames of Grafana.
    case grafana
    /// Query results and batch events of Honeycomb.
    case honeycomb
    /// The JSON of systemd's journal.
    case journald
    /// Lines of `kubectl logs --timestamps`.
    case kubectl
    /// Events of a Kubernetes cluster.
    case kubernetesEvents = "kubernetes-events"
    /// Loki's streams, and lines of `logcli`.
    case loki
    /// OpenMetrics, and the older text format of Prometheus.
    case openmetrics
    /// OTLP/JSON traces, logs and metrics.
    case otlp
    /// Range queries of Prometheus and what answers like it.
    case prometheus
    /// Events of Sentry.
    case sentry
    /// The JSON of stern.
    case stern
    /// Lines of syslog.
    case syslog
    /// Exports of VictoriaMetrics.
    case victoriametrics
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
