import DeployModel

extension ExportShape {
    /// Access logs of nginx, Apache and ingress-nginx: the common and the combined form, with whatever is appended.
    static let accessLog = [
        ExportShape(.accessLog, .lines { _ in AccessLogReader() }) { head in
            head.mostLines { AccessLogLine($0) != nil }
        }
    ]
}

private final class AccessLogReader: LineExportReader {
    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let parsed = AccessLogLine(text) else {
                throw RecordFailure(reason: "it is no line of an access log in the common or combined form")
            }
            var record = ExportRecord(at: parsed.time)
            parsed.add(to: &record)
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { ExportRemarks() }
}

/// A line `client ident user [time] "request" status bytes`, perhaps with referrer and agent, perhaps with more.
struct AccessLogLine {
    let time: Instant
    private let client: Substring
    private let request: String
    private let status: Int
    private let bytes: Substring
    private let agent: String?
    /// What stands behind the agent.
    private let tail: [Substring]

    init?(_ text: String) {
        guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]"),
            let time = TextTime.accessLog(text[text.index(after: open)..<close])
        else { return nil }
        let head = text[..<open].split(separator: " ")
        guard head.count == 3 || head.count == 2 else { return nil }
        var rest = text[close...].dropFirst()
        guard let request = Self.quoted(&rest) else { return nil }
        let words = rest.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].count == 3, let status = Int(words[0]) else { return nil }
        self.time = time
        client = head[0]
        self.request = request
        self.status = status
        bytes = words[1]
        rest = words.count == 3 ? words[2] : ""
        _ = Self.quoted(&rest)
        agent = Self.quoted(&rest)
        tail = rest.split(separator: " ")
    }

    /// A text in quotes at the front, with `\"` and `\xNN` inside as they are written.
    private static func quoted(_ rest: inout Substring) -> String? {
        while rest.first == " " { rest.removeFirst() }
        guard rest.first == "\"" else { return nil }
        var end = rest.index(after: rest.startIndex)
        while end < rest.endIndex, rest[end] != "\"" {
            if rest[end] == "\\" { end = rest.index(after: end) }
            guard end < rest.endIndex else { return nil }
            end = rest.index(after: end)
        }
        guard end < rest.endIndex else { return nil }
        let text = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        return text
    }

    func add(to record: inout ExportRecord) {
        record.add("status", Double(status))
        let words = request.split(separator: " ")
        // A handshake sent to the wrong port is no request.
        if words.count >= 2, words[0].allSatisfy({ $0.isUppercase }) {
            record.add("method", words[0])
            record.add("path", words[1].prefix { $0 != "?" })
        }
        record.add("client", client)
        if let count = Double(bytes) { record.add("bytes", count) }
        if let agent, agent != "-" { record.add("agent", agent) }
        // ingress-nginx: length, seconds, [namespace-service-port], [alternative], address, length, seconds, status, id.
        guard tail.count >= 3, Double(tail[0]) != nil, let seconds = Double(tail[1]), tail[2].hasPrefix("[")
        else { return }
        record.add("duration_ms", seconds * 1000)
        let upstream = tail[2].dropFirst().prefix { $0 != "]" }
        if !upstream.isEmpty { record.add("service", upstream) }
    }
}
