/// The part of a field's name that only says how its exporter wraps events.
///
/// OpenTelemetry puts what an event says below `attributes` and who says it below `resource.attributes`; Splunk's export has
/// `result`, Honeycomb's `data`, Elastic's `_source`, Google's `jsonPayload`. What is inside goes by the names of everybody else.
public enum Envelope {
    private static let layers: Set<String> = [
        "attributes", "resource", "scope", "resourceattributes", "spanattributes", "logattributes", "data",
        "fields",
        "labels", "body", "result", "jsonpayload", "payload", "_source", "span",
    ]

    /// The name without its wrapping: `http.route` of `attributes.http.route`. At least its last part stays.
    public static func contents(of name: String) -> String {
        var rest = Substring(name)
        while let dot = rest.firstIndex(of: "."), layers.contains(rest[..<dot].lowercased()) {
            let inside = rest[rest.index(after: dot)...]
            if inside.isEmpty { break }
            rest = inside
        }
        return String(rest)
    }
}
