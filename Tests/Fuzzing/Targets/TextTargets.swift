import BlameDeployCLI
import ConfigFaults
import Connectors
import DeployModel
import EventIngest
import GitHistory
import Settings

extension FuzzTarget {
    /// `--error`.
    static let expressions = FuzzTarget("expressions", seeds: { Seeds.expressions }) { input in
        do {
            let read = try ErrorExpression(text(input))
            try promise(
                Set(read.requiredFields).isSubset(of: read.fields), "a field is asked for that is not there")
        } catch let error as IngestError {
            try promise(error.remedy != nil && error.location != nil, "an error without help: \(error)")
        }
    }

    /// `--since`, `--tz` and RFC 3339.
    static let times = FuzzTarget("times", seeds: { Seeds.times }, longest: 256) { input in
        let text = text(input)
        if let time = TimeExpression(text) {
            _ = time.resolved(from: Instant(seconds: 1_600_000_000)).description
        }
        if let zone = zoneOffsetSeconds(text) {
            try promise(abs(zone) < 86_400, "a zone \(zone) seconds from Greenwich")
            _ = TimeExpression("2020-07-22", offsetSeconds: zone)
        }
        if let instant = Instant(rfc3339: text) {
            try promise(
                Instant(rfc3339: instant.description) == instant,
                "\(instant) does not read back")
        }
        if let seconds = Double(text) { _ = Instant(clampingSeconds: seconds).description }
    }

    /// `.blamedeploy.yml`.
    static let settings = FuzzTarget("settings", seeds: { Seeds.settings }) { input in
        do {
            let read = try readSettings(
                input, source: ".blamedeploy.yml", folder: "/r",
                vocabulary: SettingsVocabulary(
                    roles: FieldRole.allCases.map(\.rawValue), faults: ["duplicate-key"],
                    formats: EventFormat.allCases.map(\.rawValue),
                    isTime: { TimeExpression($0) != nil }, isZone: { zoneOffsetSeconds($0) != nil }))
            for path in ["k8s/mailer.yaml", "a/b/c/d/e/f/g/h/i.yaml", String(repeating: "a/", count: 30)] {
                _ = read.counts(path: path, in: "production")
            }
        } catch let error as SettingsError {
            try promise(!error.problem.isEmpty && error.location != nil, "an error without a place: \(error)")
        }
    }

    /// Lines of notes, written and read again.
    static let notes = FuzzTarget("notes", seeds: { Seeds.notes }) { input in
        for line in text(input).split(whereSeparator: \.isNewline) {
            guard let mark = DeployMark(line: line) else { continue }
            let again = DeployMark(line: mark.line)
            try promise(again?.line == mark.line, "'\(mark.line)' reads back as '\(again?.line ?? "")'")
            try promise(!mark.line.contains(where: \.isNewline), "a mark takes two lines")
        }
    }

    /// Addresses of servers, and what servers call the types of their columns.
    static let addresses = FuzzTarget("addresses", seeds: { Seeds.addresses }, longest: 512) { input in
        let text = text(input)
        do {
            if let server = try EventServer(text) { _ = server.name }
        } catch let error as ConnectorError {
            try promise(!error.problem.isEmpty, "an error that says nothing")
        }
        _ = ColumnType(text)
    }

    /// Names and messages that events and manifests bring.
    static let names = FuzzTarget("names", seeds: { Seeds.names }, longest: 1024) { input in
        let text = text(input)
        try promise(text.isEmpty || !PodName(text).workload.isEmpty, "a pod of no workload")
        let template = MessageTemplate(text).text
        try promise(template.utf8.count <= 203, "a template of \(template.utf8.count) bytes")
        let hidden = masked(text)
        try promise(hidden.isEmpty == text.isEmpty, "masking takes the whole text away")
        let middle = text.index(text.startIndex, offsetBy: text.count / 2)
        let (a, b) = (String(text[..<middle].prefix(64)), String(text[middle...].prefix(64)))
        try promise(editDistance(a, b) == editDistance(b, a), "a distance depends on its direction")
        let pattern = PathPattern(a)
        _ = pattern.matches(b)
    }
}

private func text(_ input: [UInt8]) -> String { String(decoding: input, as: UTF8.self) }
