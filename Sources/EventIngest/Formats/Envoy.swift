import DeployModel

extension ExportShape {
    /// Access logs of Envoy and Istio: the default text of both, and JSON.
    static let envoy = [
        ExportShape(.envoy, .json(descends: [], isLines: true) { EnvoyReader($0) }) { head in
            head.has("response_flags", "response_code", "start_time")
        },
        ExportShape(
            .envoy,
            .lines { _ in
                RecordLines(
                    orElse: "it is no line in the default format of Envoy or Istio", remarks: envoyRemarks
                ) { EnvoyLine($0)?.record }
            }, where: { head in head.mostLines { EnvoyLine($0) != nil } }),
    ]
}

/// `outbound|80||checkout.prod.svc.cluster.local` without what is the same for all.
private func service(ofCluster cluster: String) -> String? {
    let parts = cluster.split(separator: "|", omittingEmptySubsequences: false)
    guard parts.count == 4, !parts[3].isEmpty else { return nil }
    let host = parts[3]
    return String(host.split(separator: ".").first ?? host)
}

private final class EnvoyReader: JSONExportReader {
    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var record = ExportRecord(at: try instant(node["start_time"]))
            if let code = node["response_code"]?.double, code > 0 { record.add("status", code) }
            record.add("duration_ms", node["duration"]?.double)
            record.add("service", node["upstream_cluster"]?.string.flatMap(service))
            for member in node.members
            where !["start_time", "response_code", "duration"].contains(member.key) {
                if member.value != .string("-") { record.add(member.key, member.value) }
            }
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { envoyRemarks() }
}

@Sendable private func envoyRemarks() -> ExportRemarks {
    ExportRemarks(assumptions: ["status 0 (the client left before an answer) is no failure"])
}

/// A line in Envoy's default format, or in Istio's, which has three more fields behind the flags.
private struct EnvoyLine {
    let time: Instant
    let status: Double
    let fields: [(String, String)]
    let duration: Double?

    init?(_ text: String) {
        guard text.first == "[", let close = text.firstIndex(of: "]"),
            let time = Instant(
                rfc3339: text[text.index(after: text.startIndex)..<close], assumingOffsetSeconds: nil),
            let words = Self.words(text[text.index(after: close)...]), words.count >= 6,
            let status = Double(words[1])
        else { return nil }
        self.time = time
        self.status = status
        let request = words[0].split(separator: " ")
        var named = [("method", request.first.map(String.init) ?? "-"), ("response_flags", words[2])]
        if request.count > 1 { named.append(("path", String(request[1].prefix { $0 != "?" }))) }
        var rest = words[3...]
        if Double(rest.first ?? "") == nil {
            for name in [
                "response_code_details", "connection_termination_details",
                "upstream_transport_failure_reason",
            ] {
                if let word = rest.popFirst() { named.append((name, word)) }
            }
        }
        // Bytes received and sent, duration, upstream's time; client, agent, request, authority, upstream.
        let tail = Array(rest)
        guard tail.count >= 3 else { return nil }
        duration = Double(tail[2])
        for (name, index) in [
            ("user_agent", 5), ("authority", 7), ("upstream_host", 8), ("upstream_cluster", 9),
        ]
        where index < tail.count { named.append((name, tail[index])) }
        if let cluster = named.first(where: { $0.0 == "upstream_cluster" })?.1,
            let name = service(ofCluster: cluster)
        {
            named.append(("service", name))
        }
        fields = named.filter { $0.1 != "-" && !$0.1.isEmpty }
    }

    var record: ExportRecord {
        var record = ExportRecord(at: time)
        if status > 0 { record.add("status", status) }
        record.add("duration_ms", duration)
        for (name, value) in fields { record.add(name, value) }
        return record
    }

    /// Words between spaces; a quoted one may hold spaces.
    private static func words(_ text: Substring) -> [String]? {
        var words: [String] = [], word = ""
        var isQuoted = false, isEscaped = false
        for character in text {
            if isEscaped {
                word.append(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                if isQuoted { words.append(word) }
                word = ""
                isQuoted.toggle()
            } else if character == " ", !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return isQuoted ? nil : words
    }
}
