public import DeployModel

/// Requests to two workloads of two pods each, and the deploys beside them; the same for every format they are written in.
public struct ExportedTraffic: Sendable {
    /// One request.
    public struct Request: Sendable {
        /// When it began.
        public var time: Instant
        /// Who served it.
        public var pod: String
        /// The HTTP status of its answer.
        public var status: Int
        /// How long it took, in milliseconds.
        public var milliseconds: Int

        /// Whether the server failed.
        public var isFailing: Bool { status >= 500 }
        fileprivate var level: String { isFailing ? "error" : "info" }
        fileprivate var message: String { isFailing ? "upstream timeout" : "served" }
        fileprivate var nanoseconds: String { "\(time.milliseconds)000000" }
    }

    /// The requests, in order of time.
    public var requests: [Request] = []
    /// When the first minute begins, and how many there are.
    public let start: Instant, minutes = 240
    /// The minutes at which deploys started.
    public let deploys = [60, 120, 180]

    /// Four hours; from two minutes after the second deploy on, half of the worker's requests fail.
    ///
    /// - Parameter start: a whole minute.
    public init(seed: UInt64 = 11, start: Instant = Instant(seconds: 1_791_640_800)) {
        self.start = start
        var noise = SeededNoise(seed: seed)
        let pods = [
            "checkout-7d9f6c5b48-x2x4z", "checkout-7d9f6c5b48-q8w4k", "worker-68698bb967-8q2fl",
            "worker-68698bb967-z4r7w",
        ]
        for minute in 0..<minutes {
            let offsets = (0..<2 + Int(noise.next() % 3)).map { _ in Int64(noise.next() % 60_000) }.sorted()
            for offset in offsets {
                let pod = pods[Int(noise.next() % 4)]
                let isBroken = pod.hasPrefix("worker") && minute >= 122 && noise.next() % 2 == 0
                let status = isBroken || noise.next() % 100 == 0 ? 503 : noise.next() % 20 == 0 ? 404 : 200
                requests.append(
                    Request(
                        time: Instant(milliseconds: start.milliseconds + Int64(minute) * 60_000 + offset),
                        pod: pod,
                        status: status, milliseconds: 20 + Int(noise.next() % 200)))
            }
        }
    }

    /// All and failing requests.
    public var total: Rate { rate(requests) }

    /// All and failing requests of each pod.
    public var byPod: [String: Rate] { Dictionary(grouping: requests, by: \.pod).mapValues(rate) }

    /// All and failing requests of each minute that has any.
    public var byMinute: [Instant: Rate] {
        Dictionary(grouping: requests) { minute($0.time) }.mapValues(rate)
    }

    private func rate(_ requests: [Request]) -> Rate {
        Rate(Double(requests.count(where: \.isFailing)), of: Double(requests.count))
    }

    private func minute(_ time: Instant) -> Instant {
        Instant(milliseconds: time.milliseconds / 60_000 * 60_000)
    }

    /// Deploy records, as NDJSON.
    public var deployRecords: String {
        deploys.enumerated().map { index, minute in
            "{\"id\":\"d\(index)\",\"started_at\":\"\(start + minute * 60)\",\"finished_at\":\"\(start + (minute + 2) * 60)\"}\n"
        }.joined()
    }

    /// How many requests of each pod and status began in each minute.
    fileprivate var groups: [(minute: Int, pod: String, status: Int, count: Int)] {
        let counts = Dictionary(grouping: requests) { request in
            "\((request.time.milliseconds - start.milliseconds) / 60_000)|\(request.pod)|\(request.status)"
        }
        return counts.map { key, requests in
            let minute = Int(key.prefix { $0 != "|" }) ?? 0
            return (minute, requests[0].pod, requests[0].status, requests.count)
        }.sorted { ($0.minute, $0.pod, $0.status) < ($1.minute, $1.pod, $1.status) }
    }

    /// For each pod and status how many began in each minute, those without any too.
    fileprivate var series: [(pod: String, status: Int, counts: [Int])] {
        let own = Dictionary(grouping: groups) { "\($0.pod)|\($0.status)" }
        return own.sorted { $0.key < $1.key }.map { _, groups in
            var counts = [Int](repeating: 0, count: minutes)
            for group in groups { counts[group.minute] = group.count }
            return (groups[0].pod, groups[0].status, counts)
        }
    }

    fileprivate func time(_ minute: Int) -> Instant { start + minute * 60 }
}

/// A format that the traffic is written in.
public struct TrafficFormat: Sendable, CustomStringConvertible {
    /// What one export of it is called.
    public var description: String
    /// The name of its file.
    public var file: String
    /// Whether it tells which pod served a request.
    public var namesPods: Bool
    /// The text of the export.
    public var write: @Sendable (ExportedTraffic) -> String

    init(
        _ description: String, _ file: String, namesPods: Bool = true,
        write: @escaping @Sendable (ExportedTraffic) -> String
    ) {
        self.description = description
        self.file = file
        self.namesPods = namesPods
        self.write = write
    }

    private init(
        lines description: String, _ file: String, namesPods: Bool = true,
        _ line: @escaping @Sendable (ExportedTraffic.Request) -> String
    ) {
        self.init(description, file, namesPods: namesPods) { traffic in
            traffic.requests.map { line($0) + "\n" }.joined()
        }
    }

    private init(
        array description: String, _ file: String, opening: String, closing: String,
        _ element: @escaping @Sendable (ExportedTraffic.Request) -> String
    ) {
        self.init(description, file) { traffic in
            opening + traffic.requests.map(element).joined(separator: ",\n") + closing
        }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    private static func body(_ request: ExportedTraffic.Request) -> String {
        "{\"level\":\"\(request.level)\",\"status\":\(request.status),\"msg\":\"\(request.message)\"}"
    }

    private static func attribute(_ key: String, _ value: String) -> String {
        "{\"key\":\"\(key)\",\"value\":{\"stringValue\":\"\(value)\"}}"
    }

    private static func resource(_ pod: String) -> String {
        "{\"attributes\":[\(attribute("k8s.pod.name", pod))]}"
    }

    private static func clf(_ time: Instant) -> String {
        let date = CivilDate(time)
        return
            "\(date.dayOfMonth < 10 ? "0" : "")\(date.dayOfMonth)/\(date.shortDay.suffix(3))/\(date.year):\(date.time) +0000"
    }

    private static func withoutZone(_ time: Instant) -> String {
        let date = CivilDate(time)
        return "\(date.day) \(date.time)"
    }

    /// A counter that is scraped at the end of each minute, and once before the first.
    private static func counter(_ counts: [Int]) -> [Int] {
        counts.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    }

    private static func matrix(_ traffic: ExportedTraffic, name: String?, isCounter: Bool) -> String {
        traffic.series.map { pod, status, counts in
            let values = isCounter ? counter(counts) : [0] + counts
            let points = values.enumerated().map { "[\(Int(traffic.time($0).seconds)),\"\($1)\"]" }.joined(
                separator: ",")
            let label = name.map { "\"__name__\":\"\($0)\"," } ?? ""
            return "{\"metric\":{\(label)\"pod\":\"\(pod)\",\"code\":\"\(status)\"},\"values\":[\(points)]}"
        }.joined(separator: ",")
    }

    private static func exposition(_ traffic: ExportedTraffic, perSecond: Int) -> String {
        traffic.series.map { pod, status, counts in
            counter(counts).enumerated().map {
                "http_requests_total{pod=\"\(pod)\",code=\"\(status)\"} \($1) \(Int(traffic.time($0).seconds) * perSecond)\n"
            }.joined()
        }.joined()
    }

    private static func otlpMetrics(_ traffic: ExportedTraffic, isDelta: Bool) -> String {
        traffic.series.map { pod, status, counts in
            let values = isDelta ? counts : Array(counter(counts).dropFirst())
            let points = values.enumerated().map { minute, value in
                let since = isDelta ? traffic.time(minute) : traffic.start
                return "{\"startTimeUnixNano\":\"\(since.milliseconds)000000\",\"timeUnixNano\":"
                    + "\"\(traffic.time(minute + 1).milliseconds)000000\",\"asInt\":\"\(value)\",\"attributes\":["
                    + "\(attribute("http.response.status_code", "\(status)"))]}"
            }.joined(separator: ",")
            return
                "{\"resourceMetrics\":[{\"resource\":\(resource(pod)),\"scopeMetrics\":[{\"metrics\":[{\"name\":\"http.requests\","
                + "\"sum\":{\"aggregationTemporality\":\(isDelta ? 1 : 2),\"isMonotonic\":true,\"dataPoints\":[\(points)]}}]}]}]}\n"
        }.joined()
    }

    /// All of them.
    public static let all: [TrafficFormat] = records + documents + logs + metrics

    private static let records: [TrafficFormat] = [
        TrafficFormat(lines: "NDJSON", "events.ndjson") {
            "{\"ts\":\"\($0.time)\",\"pod\":\"\($0.pod)\",\"status\":\($0.status),\"duration_ms\":\($0.milliseconds)}"
        },
        TrafficFormat("CSV", "events.csv") { traffic in
            "ts,pod,status\n" + traffic.requests.map { "\($0.time),\($0.pod),\($0.status)\n" }.joined()
        },
        TrafficFormat(lines: "ClickHouse JSONEachRow", "rows.ndjson") {
            "{\"ts\":\"\(withoutZone($0.time))\",\"pod\":\"\($0.pod)\",\"status\":\"\($0.status)\"}"
        },
        TrafficFormat("ClickHouse CSVWithNames", "rows.csv") { traffic in
            "\"ts\",\"pod\",\"status\"\n"
                + traffic.requests.map { "\"\(withoutZone($0.time))\",\"\($0.pod)\",\($0.status)\n" }.joined()
        },
        TrafficFormat(
            array: "ClickHouse JSON", "rows.json",
            opening: "{\"meta\":[{\"name\":\"ts\",\"type\":\"DateTime\"}],\"data\":[", closing: "]}"
        ) { "{\"ts\":\"\(withoutZone($0.time))\",\"pod\":\"\($0.pod)\",\"status\":\($0.status)}" },
    ]

    private static let documents: [TrafficFormat] = [
        TrafficFormat(array: "JSON array", "array.json", opening: "[", closing: "]") {
            "{\n  \"ts\": \"\($0.time)\",\n  \"pod\": \"\($0.pod)\",\n  \"status\": \($0.status)\n}"
        },
        TrafficFormat(array: "Honeycomb batch", "batch.json", opening: "[", closing: "]") {
            "{\"time\":\"\($0.time)\",\"samplerate\":1,\"data\":{\"k8s.pod.name\":\"\($0.pod)\",\"error\":\($0.isFailing)}}"
        },
        TrafficFormat(
            array: "Elasticsearch hits", "hits.json",
            opening: "{\"took\":1,\"timed_out\":false,\"hits\":{\"hits\":[", closing: "]}}"
        ) {
            "{\"_index\":\"i\",\"_source\":{\"@timestamp\":\"\($0.time)\",\"kubernetes\":{\"pod\":{\"name\":\"\($0.pod)\"}},"
                + "\"http.response.status_code\":\($0.status)}}"
        },
        TrafficFormat(lines: "elasticdump", "dump.jsonl") {
            "{\"_index\":\"i\",\"_source\":{\"@timestamp\":\"\($0.time)\",\"pod\":\"\($0.pod)\",\"status\":\($0.status)}}"
        },
        TrafficFormat(
            array: "Datadog logs", "logs.json", opening: "{\"data\":[",
            closing: "],\"meta\":{\"status\":\"done\"}}"
        ) {
            "{\"id\":\"a\",\"type\":\"log\",\"attributes\":{\"timestamp\":\"\($0.time)\",\"status\":\"\($0.level)\","
                + "\"message\":\"\($0.message)\",\"tags\":[\"pod_name:\($0.pod)\"]}}"
        },
        TrafficFormat(
            array: "CloudWatch filter-log-events", "cloudwatch.json", opening: "{\"events\":[", closing: "]}"
        ) {
            "{\"logStreamName\":\"\($0.pod)_prod_app\",\"timestamp\":\($0.time.milliseconds),\"message\":\(quoted(body($0))),"
                + "\"ingestionTime\":1,\"eventId\":\"1\"}"
        },
        TrafficFormat(
            array: "CloudWatch Logs Insights", "insights.json", opening: "{\"results\":[",
            closing: "],\"status\":\"Complete\"}"
        ) {
            "[{\"field\":\"@timestamp\",\"value\":\"\(withoutZone($0.time))\"},{\"field\":\"pod\",\"value\":\"\($0.pod)\"},"
                + "{\"field\":\"@message\",\"value\":\(quoted(body($0)))},{\"field\":\"@ptr\",\"value\":\"x\"}]"
        },
        TrafficFormat(array: "Cloud Logging", "gcloud.json", opening: "[", closing: "]") {
            "{\"logName\":\"l\",\"resource\":{\"labels\":{\"pod_name\":\"\($0.pod)\"}},\"timestamp\":\"\($0.time)\","
                + ($0.isFailing ? "\"severity\":\"ERROR\"," : "") + "\"textPayload\":\"\($0.message)\"}"
        },
        TrafficFormat(array: "Azure, the CLI's array", "azure.json", opening: "[", closing: "]") {
            "{\"TimeGenerated\":\"\($0.time)\",\"PodName\":\"\($0.pod)\",\"LogLevel\":\"\($0.level)\",\"LogMessage\":\"\($0.message)\"}"
        },
        TrafficFormat(
            array: "Azure, the API's table", "tables.json",
            opening:
                "{\"tables\":[{\"columns\":[{\"name\":\"timestamp\"},{\"name\":\"PodName\"},{\"name\":\"success\"}],\"rows\":[",
            closing: "]}]}"
        ) { "[\"\($0.time)\",\"\($0.pod)\",\"\($0.isFailing ? "False" : "True")\"]" },
        TrafficFormat(array: "Sentry events", "sentry.json", opening: "[", closing: "]") {
            "{\"eventID\":\"a\",\"dateCreated\":\"\($0.time)\",\"title\":\"\($0.message)\",\"tags\":[{\"key\":\"level\",\"value\":"
                + "\"\($0.level)\"},{\"key\":\"pod\",\"value\":\"\($0.pod)\"}]}"
        },
        TrafficFormat(
            array: "Kubernetes Events", "kubernetes.json", opening: "{\"kind\":\"List\",\"items\":[",
            closing: "]}"
        ) {
            "{\"kind\":\"Event\",\"involvedObject\":{\"kind\":\"Pod\",\"name\":\"\($0.pod)\"},\"type\":"
                + "\"\($0.isFailing ? "Warning" : "Normal")\",\"message\":\"\($0.message)\",\"count\":1,\"lastTimestamp\":\"\($0.time)\"}"
        },
        TrafficFormat(lines: "OTLP traces", "traces.jsonl") {
            "{\"resourceSpans\":[{\"resource\":\(resource($0.pod)),\"scopeSpans\":[{\"spans\":[{\"name\":\"POST /pay\",\"kind\":2,"
                + "\"startTimeUnixNano\":\"\($0.nanoseconds)\",\"endTimeUnixNano\":\"\($0.nanoseconds)\","
                + "\"status\":{\"code\":\($0.isFailing ? 2 : 0)}}]}]}]}"
        },
        TrafficFormat(lines: "OTLP logs", "logs.jsonl") {
            "{\"resourceLogs\":[{\"resource\":\(resource($0.pod)),\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":"
                + "\"\($0.nanoseconds)\",\"severityNumber\":\($0.isFailing ? 17 : 9),\"body\":{\"stringValue\":\"\($0.message)\"}}]}]}]}"
        },
    ]

    private static let logs: [TrafficFormat] = [
        TrafficFormat("Loki streams", "loki.json") { traffic in
            let streams = Dictionary(grouping: traffic.requests, by: \.pod).sorted { $0.key < $1.key }.map {
                pod, requests in
                let lines = requests.reversed().map { "[\"\($0.nanoseconds)\",\(quoted(body($0)))]" }.joined(
                    separator: ",")
                return "{\"stream\":{\"pod\":\"\(pod)\"},\"values\":[\(lines)]}"
            }
            return
                "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[\(streams.joined(separator: ","))]}}"
        },
        TrafficFormat(lines: "logcli jsonl", "logcli.jsonl") {
            "{\"labels\":{\"pod\":\"\($0.pod)\"},\"line\":\(quoted(body($0))),\"timestamp\":\"\($0.time)\"}"
        },
        TrafficFormat(lines: "logcli default", "logcli.txt") {
            "\($0.time) {pod=\"\($0.pod)\"} level=\($0.level) msg=\"\($0.message)\""
        },
        TrafficFormat(lines: "common log", "common.log", namesPods: false) {
            "203.0.113.9 - - [\(clf($0.time))] \"GET /pay HTTP/1.1\" \($0.status) 512"
        },
        TrafficFormat(lines: "combined log", "combined.log", namesPods: false) {
            "203.0.113.9 - - [\(clf($0.time))] \"GET /pay HTTP/1.1\" \($0.status) 512 \"-\" \"curl/8 (x)\""
        },
        TrafficFormat(lines: "ingress-nginx", "ingress.log", namesPods: false) {
            "203.0.113.9 - - [\(clf($0.time))] \"GET /pay HTTP/1.1\" \($0.status) 512 \"-\" \"curl/8\" 104 0.030 [prod-"
                + "\($0.pod.prefix { $0 != "-" })-80] [] 10.0.0.7:80 512 0.030 \($0.status) 8f2c"
        },
        TrafficFormat(lines: "Envoy", "envoy.log", namesPods: false) {
            "[\($0.time)] \"GET /pay HTTP/1.1\" \($0.status) - 0 91 \($0.milliseconds) - \"-\" \"curl/8\" \"8f\" \"shop\" \"10.0.0.7:80\""
        },
        TrafficFormat(lines: "Istio JSON", "istio.json", namesPods: false) {
            "{\"start_time\":\"\($0.time)\",\"response_code\":\($0.status),\"response_flags\":\"-\",\"duration\":\($0.milliseconds),"
                + "\"upstream_cluster\":\"outbound|80||\($0.pod.prefix { $0 != "-" }).prod.svc.cluster.local\"}"
        },
        TrafficFormat(lines: "kubectl logs", "pods.log") { "[pod/\($0.pod)/app] \($0.time) \(body($0))" },
        TrafficFormat(lines: "stern", "stern.json") {
            "{\"message\":\(quoted(body($0))),\"timestamp\":\"\($0.time)\",\"podName\":\"\($0.pod)\",\"containerName\":\"app\"}"
        },
        TrafficFormat(lines: "journald JSON", "journal.json", namesPods: false) {
            "{\"__REALTIME_TIMESTAMP\":\"\($0.time.milliseconds)000\",\"PRIORITY\":\"\($0.isFailing ? 3 : 6)\",\"_HOSTNAME\":\"n1\","
                + "\"_SYSTEMD_UNIT\":\"\($0.pod.prefix { $0 != "-" }).service\",\"MESSAGE\":\"\($0.message)\"}"
        },
        TrafficFormat(lines: "journald short-iso", "journal.log", namesPods: false) {
            "\(String("\($0.time)".prefix(19)))+0000 n1 shop[7]: \($0.isFailing ? "ERROR" : "INFO") \($0.message)"
        },
        TrafficFormat(lines: "syslog, RFC 5424", "syslog5424.log", namesPods: false) {
            "<\($0.isFailing ? 131 : 134)>1 \($0.time) n1 shop 7 - - \($0.message)"
        },
        TrafficFormat(lines: "syslog, RFC 3164", "syslog3164.log", namesPods: false) {
            let date = CivilDate($0.time)
            return
                "<\($0.isFailing ? 131 : 134)>\(date.shortDay.suffix(3)) \(date.dayOfMonth) \(date.time) n1 shop[7]: \($0.message)"
        },
    ]

    private static let metrics: [TrafficFormat] = [
        TrafficFormat("Honeycomb query result", "result.json") { traffic in
            let rows = traffic.groups.map {
                "{\"time\":\"\(traffic.time($0.minute))\",\"data\":{\"COUNT\":\($0.count),\"pod\":\"\($0.pod)\",\"status\":\($0.status)}}"
            }
            return
                "{\"id\":\"a\",\"complete\":true,\"data\":{\"series\":[\(rows.joined(separator: ","))],\"results\":[]}}"
        },
        TrafficFormat("Honeycomb CSV", "result.csv") { traffic in
            "Time,pod,status,COUNT\n"
                + traffic.groups.map { "\(traffic.time($0.minute)),\($0.pod),\($0.status),\($0.count)\n" }
                .joined()
        },
        TrafficFormat("Prometheus counters", "prometheus.json") {
            let result = matrix($0, name: "http_requests_total", isCounter: true)
            return "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(result)]}}"
        },
        TrafficFormat("Prometheus increase", "increase.json") {
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[\(matrix($0, name: nil, isCounter: false))]}}"
        },
        TrafficFormat("promtool", "promtool.json") {
            "[\(matrix($0, name: "http_requests_total", isCounter: true))]"
        },
        TrafficFormat("VictoriaMetrics", "export.jsonl") { traffic in
            traffic.series.map { pod, status, counts in
                let values = counter(counts)
                let times = values.indices.map { "\(traffic.time($0).milliseconds)" }.joined(separator: ",")
                return
                    "{\"metric\":{\"__name__\":\"http_requests_total\",\"pod\":\"\(pod)\",\"code\":\"\(status)\"},"
                    + "\"values\":[\(values.map(String.init).joined(separator: ","))],\"timestamps\":[\(times)]}\n"
            }.joined()
        },
        TrafficFormat("OpenMetrics", "open.txt") {
            "# TYPE http_requests counter\n\(exposition($0, perSecond: 1))# EOF\n"
        },
        TrafficFormat("Prometheus text", "text.prom") {
            "# TYPE http_requests_total counter\n\(exposition($0, perSecond: 1000))"
        },
        TrafficFormat("OTLP cumulative", "cumulative.jsonl") { otlpMetrics($0, isDelta: false) },
        TrafficFormat("OTLP delta", "delta.jsonl") { otlpMetrics($0, isDelta: true) },
        TrafficFormat("Grafana CSV", "panel.csv") { traffic in
            let header = traffic.series.map { ",\"\($0.pod) \($0.status)\"" }.joined()
            let rows = (0..<traffic.minutes).map { minute in
                "\(traffic.time(minute).milliseconds)"
                    + traffic.series.map { ",\($0.counts[minute])" }.joined() + "\n"
            }
            return "\"Time\"\(header)\n\(rows.joined())"
        },
        TrafficFormat("Grafana frames", "frames.json") { traffic in
            let times = (0..<traffic.minutes).map { "\(traffic.time($0).milliseconds)" }.joined(
                separator: ",")
            let frames = traffic.series.map { pod, status, counts in
                "{\"schema\":{\"refId\":\"A\",\"fields\":[{\"name\":\"Time\",\"type\":\"time\"},{\"name\":\"Value\",\"type\":\"number\","
                    + "\"labels\":{\"pod\":\"\(pod)\",\"code\":\"\(status)\"}}]},\"data\":{\"values\":[[\(times)],"
                    + "[\(counts.map(String.init).joined(separator: ","))]]}}"
            }
            return "{\"results\":{\"A\":{\"status\":200,\"frames\":[\(frames.joined(separator: ","))]}}}"
        },
        TrafficFormat("Elasticsearch date histogram", "histogram.json") { traffic in
            let buckets = Dictionary(grouping: traffic.groups, by: \.minute).sorted { $0.key < $1.key }.map {
                minute, groups in
                let pods = Dictionary(grouping: groups, by: \.pod).sorted { $0.key < $1.key }.map {
                    pod, groups in
                    let statuses = groups.map { "{\"key\":\($0.status),\"doc_count\":\($0.count)}" }.joined(
                        separator: ",")
                    return
                        "{\"key\":\"\(pod)\",\"doc_count\":\(groups.reduce(0) { $0 + $1.count }),\"status\":{\"buckets\":[\(statuses)]}}"
                }
                return
                    "{\"key_as_string\":\"\(traffic.time(minute))\",\"key\":\(traffic.time(minute).milliseconds),\"doc_count\":9,"
                    + "\"pod\":{\"sum_other_doc_count\":0,\"buckets\":[\(pods.joined(separator: ","))]}}"
            }
            return
                "{\"took\":1,\"_shards\":{\"failed\":0},\"hits\":{\"hits\":[]},\"aggregations\":{\"minutes\":{\"buckets\":["
                + "\(buckets.joined(separator: ","))]}}}"
        },
        TrafficFormat("Datadog metrics", "datadog.json") { traffic in
            let series = traffic.series.map { pod, status, counts in
                let points = counts.enumerated().map { "[\(traffic.time($0).milliseconds).0,\($1).0]" }
                    .joined(separator: ",")
                return
                    "{\"metric\":\"requests\",\"tag_set\":[\"pod_name:\(pod)\",\"status:\(status)\"],\"interval\":60,"
                    + "\"expression\":\"sum:requests{*}.as_count()\",\"pointlist\":[\(points)]}"
            }
            return
                "{\"status\":\"ok\",\"res_type\":\"time_series\",\"series\":[\(series.joined(separator: ","))]}"
        },
        TrafficFormat("CloudWatch Insights stats", "stats.json") { traffic in
            let rows = traffic.groups.map {
                "[{\"field\":\"bin(1m)\",\"value\":\"\(withoutZone(traffic.time($0.minute)))\"},{\"field\":\"pod\",\"value\":\"\($0.pod)\"},"
                    + "{\"field\":\"status\",\"value\":\"\($0.status)\"},{\"field\":\"count(*)\",\"value\":\"\($0.count)\"}]"
            }
            return "{\"results\":[\(rows.joined(separator: ","))],\"status\":\"Complete\"}"
        },
        TrafficFormat("CloudWatch metrics", "metrics.json", namesPods: false) { traffic in
            let minutes = traffic.byMinute.sorted { $0.key > $1.key }
            func metric(_ id: String, _ label: String, _ value: (Rate) -> Double) -> String {
                "{\"Id\":\"\(id)\",\"Label\":\"\(label)\",\"Timestamps\":[\(minutes.map { "\"\($0.key)\"" }.joined(separator: ","))],"
                    + "\"Values\":[\(minutes.map { "\(value($0.value))" }.joined(separator: ","))],\"StatusCode\":\"Complete\"}"
            }
            return "{\"MetricDataResults\":[\(metric("m1", "HTTPCode_Target_5XX_Count") { $0.errors }),"
                + "\(metric("m2", "RequestCount") { $0.events })],\"Messages\":[]}"
        },
    ]
}
