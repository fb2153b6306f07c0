import DeployModel

extension ExportShape {
    /// journald: `journalctl -o json`.
    static let journald = [
        ExportShape(.journald, .json(descends: [], isLines: true) { JournalReader($0) }) {
            $0.has("__REALTIME_TIMESTAMP")
        },
        ExportShape(
            .journald,
            .refused(
                problem: "journald's binary export cannot be read",
                remedy: "export it again with journalctl -o json")
        ) { head in head.lines.first?.hasPrefix("__CURSOR=") == true },
    ]

    /// syslog (RFC 5424, RFC 3164 with or without its priority) and `journalctl -o short-iso`.
    static let syslog = [
        ExportShape(.syslog, .lines { SyslogReader($0) }) { head in
            head.mostLines { SyslogLine($0)?.isTelling == true }
        }
    ]
}

/// Severities of RFC 5424, table 2.
private let severities = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"]

private final class JournalReader: JSONExportReader {
    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            let time = node.first("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP")
            var record = ExportRecord(at: try ExportTime.microseconds.instant(time))
            if let priority = node["PRIORITY"]?.double.flatMap({ Int(exactly: $0) }),
                severities.indices.contains(priority)
            {
                record.add("level", severities[priority])
            }
            for (name, field) in [
                ("host", "_HOSTNAME"), ("unit", "_SYSTEMD_UNIT"), ("identifier", "SYSLOG_IDENTIFIER"),
                ("container", "CONTAINER_NAME"),
            ] { record.add(name, Self.text(node[field])) }
            if let message = Self.text(node["MESSAGE"]) { record.add(logText: message) }
            record.addOutcome()
            return record
        }
    }

    /// A text, the bytes of one that is no UTF-8, or the first of several.
    private static func text(_ node: JSONNode?) -> String? {
        guard let node else { return nil }
        if let text = node.string { return text }
        let bytes = node.elements.compactMap { $0.double.flatMap { UInt8(exactly: $0) } }
        if !bytes.isEmpty, bytes.count == node.elements.count {
            return String(decoding: bytes, as: UTF8.self)
        }
        return node.elements.first?.string
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        ExportRemarks(assumptions: [ExportRecord.outcomeWords])
    }
}

/// The head of a line of syslog.
private struct SyslogLine {
    enum Time { case instant(Instant), withoutYear(month: Substring, day: Substring, time: Substring) }

    var time: Time
    var severity: String?
    var host: Substring
    var program: Substring
    var message: Substring
    /// Whether nothing else looks like it: many programs begin a line with a time and two words.
    var isTelling = true

    init?(_ text: String) {
        var rest = text[...]
        if rest.first == "<", let close = rest.prefix(6).firstIndex(of: ">"),
            let priority = Int(rest[rest.index(after: rest.startIndex)..<close]), (0..<192).contains(priority)
        {
            severity = severities[priority % 8]
            rest = rest[rest.index(after: close)...]
        }
        if severity != nil, rest.hasPrefix("1 ") {
            // RFC 5424: version, time, host, program, process, message id, structured data.
            let words = rest.split(separator: " ", maxSplits: 6)
            guard words.count == 7, let instant = Instant(rfc3339: words[1], assumingOffsetSeconds: nil)
            else { return nil }
            (time, host, program) = (.instant(instant), words[2], words[3])
            message = Self.behindStructuredData(words[6])
            return
        }
        let words = rest.split(separator: " ", maxSplits: 4)
        guard words.count >= 3 else { return nil }
        if let instant = Instant(rfc3339: words[0], assumingOffsetSeconds: nil), words[0].count >= 19 {
            time = .instant(instant)
            rest = Self.behind(2, of: rest)
            host = words[1]
        } else if TextTime.month(words[0]) != nil, words[0].count == 3, Int(words[1]) != nil,
            words[2].count >= 8,
            words[2].dropFirst(2).first == ":", words.count >= 4
        {
            time = .withoutYear(month: words[0], day: words[1], time: words[2])
            rest = Self.behind(4, of: rest)
            host = words[3]
        } else {
            return nil
        }
        // `program[process]: message`
        guard let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains(" ") else { return nil }
        program = rest[..<colon].prefix { $0 != "[" }
        if severity == nil, case .instant = time { isTelling = program.count < rest[..<colon].count }
        message = rest[rest.index(after: colon)...].drop { $0 == " " }
    }

    private static func behind(_ count: Int, of text: Substring) -> Substring {
        var rest = text
        for _ in 0..<count { rest = rest.drop { $0 == " " }.drop { $0 != " " } }
        return rest.drop { $0 == " " }
    }

    /// Structured data is `-` or bracketed pieces, whose values may hold `\]`.
    private static func behindStructuredData(_ text: Substring) -> Substring {
        if text.first == "-" { return text.dropFirst().drop { $0 == " " } }
        var isEscaped = false, isQuoted = false
        for index in text.indices {
            if isEscaped {
                isEscaped = false
            } else if text[index] == "\\" {
                isEscaped = true
            } else if text[index] == "\"" {
                isQuoted.toggle()
            } else if text[index] == "]", !isQuoted {
                let next = text.index(after: index)
                if next == text.endIndex || text[next] == " " { return text[next...].drop { $0 == " " } }
            }
        }
        return text
    }
}

private final class SyslogReader: LineExportReader {
    private let context: ExportContext
    private var isWithoutYear = false

    init(_ context: ExportContext) { self.context = context }

    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty, !text.hasPrefix("-- ") else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let parsed = SyslogLine(text) else {
                throw RecordFailure(reason: "it is no line of syslog")
            }
            var record = ExportRecord(at: try instant(parsed.time))
            record.add("level", parsed.severity)
            if parsed.host != "-" { record.add("host", parsed.host) }
            if parsed.program != "-" { record.add("unit", parsed.program) }
            record.add(
                logText: parsed.message.hasPrefix("\u{FEFF}")
                    ? String(parsed.message.dropFirst()) : String(parsed.message))
            record.addOutcome()
            return record
        }
    }

    private func instant(_ time: SyslogLine.Time) throws(RecordFailure) -> Instant {
        switch time {
        case .instant(let instant): return instant
        case .withoutYear(let month, let day, let time):
            isWithoutYear = true
            guard let modified = context.modified,
                let instant = TextTime.syslog(
                    month: month, day: day, time: time, before: modified,
                    offsetSeconds: context.options.offsetSeconds ?? 0)
            else { throw RecordFailure(reason: "its time '\(month) \(day) \(time)' is no date") }
            return instant
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        guard isWithoutYear, let modified = context.modified else {
            return ExportRemarks(assumptions: [ExportRecord.outcomeWords])
        }
        return ExportRemarks(assumptions: [
            ExportRecord.outcomeWords,
            "times say no year: the last such day before the file was written (\(CivilDate(modified).day)), "
                + (context.options.offsetSeconds == nil ? "taken for UTC" : "in the zone of --tz"),
        ])
    }
}
