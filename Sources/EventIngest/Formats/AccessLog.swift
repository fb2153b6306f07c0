import DeployModel

extension ExportShape {
    /// Access logs of nginx, Apache and ingress-nginx: the common and the combined form, with whatever is appended.
    static let accessLog = [
        ExportShape(
            .accessLog,
            .lines { _ in
                RecordLines(orElse: "it is no line of an access log in the common or combined form") { text in
                    AccessLogLine(text).map { parsed in
                        var record = ExportRecord(at: parsed.time)
                        parsed.add(to: &record)
                        return record
                    }
                }
            }, where: { head in head.mostLines { AccessLogLine($0) != nil } }),
        ExportShape(
            .accessLog,
            .refused(
                problem:
                    "this is the error log of a web server, which does not say how many requests there were",
                remedy: "export its access log, which has every request with its status"),
            where: { head in
                head.mostLines(isErrorLogLine)
            }),
    ]
}

/// `2026/10/10 14:02:11 [error] 12#12: *3 …` of nginx, `[Sat Oct 10 14:02:11.123456 2026] [proxy:error] [pid 12:tid 34] …` of Apache.
private func isErrorLogLine(_ line: String) -> Bool {
    let words = line.split(separator: " ", maxSplits: 6)
    func isLevel(_ word: Substring) -> Bool {
        guard word.hasPrefix("["), word.hasSuffix("]") else { return false }
        let level = word.dropFirst().dropLast().split(separator: ":").last ?? ""
        return [
            "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug",
        ].contains(level)
    }
    if words.count > 3, words[0].count == 10, words[0].split(separator: "/").count == 3,
        words[1].split(separator: ":").count == 3
    {
        return isLevel(words[2]) && words[3].contains("#")
    }
    return words.count > 5 && words[0].hasPrefix("[") && words[3].contains(":") && isLevel(words[5])
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
