import ArgumentParser
import DeployModel
import EventIngest
import Parallel

private let knownFormats = EventFormat.allCases.map(\.rawValue).joined(separator: ", ")

/// What is read as events, and how.
struct EventOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Exported events: files, folders, - for standard input; or the address of a server.",
            valueName: "events"))
    var events: [String] = []

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "Say which field plays a role: pod=kubernetes.pod_name. Repeatable.", valueName: "role=field"))
    var roles: [String] = []

    @Option(help: ArgumentHelp("Which events failed: 'status >= 500 or error'.", valueName: "expr"))
    var error: String?

    @Option(
        name: .customLong("format-in"),
        help: ArgumentHelp(
            "Read the events as this format, rather than recognising it: \(knownFormats).",
            valueName: "format"))
    var format: String?

    @Option(
        help: ArgumentHelp(
            "What the values of metrics are: counter (so far), count (of each interval) or rate (per second).",
            valueName: "kind"))
    var metricKind: String?

    @Option(
        name: .customLong("symptom"),
        help: ArgumentHelp("A field that only describes failures. Repeatable.", valueName: "field"))
    var symptoms: [String] = []

    @Option(
        name: .customLong("cause"),
        help: ArgumentHelp(
            "A field that may be a cause whatever it looks like. Repeatable.", valueName: "field"))
    var causes: [String] = []

    @Option(
        help: ArgumentHelp(
            "How many threads may work: by default one for each core. The result is the same.",
            valueName: "n"))
    var jobs: Int?

    /// `--map` taken apart.
    var roleFields: [FieldRole: String] {
        roles.reduce(into: [:]) { fields, text in
            guard let (role, field) = Self.roleAndField(text) else { return }
            fields[role] = field
        }
    }

    /// How many threads may work at once.
    var workers: Int { jobs ?? availableCores() }

    /// Lets no part of the program use more threads than were asked for.
    func bindWorkers() { boundWorkers(to: jobs ?? .max) }

    /// How the events are read.
    func ingestOptions(offsetSeconds: Int?) -> IngestOptions {
        IngestOptions(
            roleFields: roleFields, errorExpression: error,
            formatIn: format.flatMap(EventFormat.init(rawValue:)),
            offsetSeconds: offsetSeconds, metricKind: metricKind.flatMap(MetricKind.init(rawValue:)),
            jobs: workers)
    }

    func validate() throws {
        for text in roles where Self.roleAndField(text) == nil {
            let known = FieldRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--map takes ROLE=FIELD with a role of \(known), not '\(text)'")
        }
        if let jobs, !(1...256).contains(jobs) {
            throw ValidationError("--jobs takes a number of threads from 1 to 256")
        }
        if let format, EventFormat(rawValue: format) == nil {
            throw ValidationError("--format-in takes \(knownFormats), not '\(format)'")
        }
        if let metricKind, MetricKind(rawValue: metricKind) == nil {
            throw ValidationError("--metric-kind takes counter, count or rate, not '\(metricKind)'")
        }
    }

    private static func roleAndField(_ text: String) -> (FieldRole, String)? {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let role = FieldRole(rawValue: String(parts[0])) else { return nil }
        return (role, String(parts[1]))
    }
}
