import Attribution
import DeployModel
import TestSupport

/// A made-up service, an hour before and an hour after something went wrong.
struct Incident: Sendable {
    var events = 12_000
    var seed: UInt64 = 7
    /// The share of events that fail anyhow.
    var background = 0.004
    /// The share of events that fail as well where the fault is.
    var failing = 0.4
    /// Where the fault is.
    var fault: @Sendable (Event) -> Bool = { _ in false }
    /// What the failures leave in the event.
    var symptom: @Sendable (inout Event) -> Void = {
        $0.fields["error.message"] = .string("refused: 403 for \($0.index)")
    }

    struct Event: Sendable {
        var index = 0
        var isAfter = false
        var failed = false
        /// Whether it failed because of the fault.
        var isHit = false
        var fields: [String: FieldValue] = [:]

        func text(_ name: String) -> String { fields[name]?.text ?? "" }
        func number(_ name: String) -> Double {
            if case .number(let number) = fields[name] { return number }
            return .nan
        }
    }

    static let start = Instant(seconds: 1_600_000_000)
    static let middle = start + 3600
    static let baseline = TimeWindow(since: start, until: middle)
    static let interest = TimeWindow(since: middle, until: middle + 3600)

    /// All events, in order of time.
    func made() -> [Event] {
        var noise = SeededNoise(seed: seed)
        func pick(_ values: [String]) -> FieldValue {
            .string(values[Int.random(in: 0..<values.count, using: &noise)])
        }
        func chance() -> Double { Double.random(in: 0..<1, using: &noise) }
        return (0..<events).map { index in
            var event = Event(index: index, isAfter: index >= events / 2)
            let workload = pick(["checkout", "mailer", "storefront", "storefront"])
            let hash =
                ["checkout": "66d9f4b5c8", "mailer": "7d9f4b6c85", "storefront": "5f6d7c8b94"][workload.text]
                ?? ""
            event.fields["k8s.pod.name"] = .string(
                "\(workload.text)-\(hash)-\(["x7k2p", "q8w4z", "9bcdf"][Int.random(in: 0..<3, using: &noise)])"
            )
            event.fields["k8s.deployment.name"] = workload
            let node = pick((1...9).map { "node-\($0)" })
            event.fields["k8s.node.name"] = node
            event.fields["host.name"] = node
            event.fields["http.route"] = pick(["/", "/basket", "/order", "/pay", "/search"])
            event.fields["customer.plan"] = chance() < 0.06 ? nil : pick(["free", "pro", "enterprise"])
            event.fields["request.bytes"] = .number((chance() * chance() * 1_000_000).rounded())
            event.fields["trace.id"] = .string(String(noise.next(), radix: 16))
            event.fields["queue.depth"] = .number(Double(noise.poisson(40)))
            let failsAnyhow = chance() < background
            event.isHit = !failsAnyhow && event.isAfter && fault(event) && chance() < failing
            event.failed = failsAnyhow || event.isHit
            event.fields["error"] = .bool(event.failed)
            if event.failed { symptom(&event) }
            return event
        }
    }

    /// The events as a table.
    func table() -> EventTable { Self.table(made()) }

    static func table(_ events: [Event], weights: [Double]? = nil) -> EventTable {
        let total = events.map(\.index).max().map { $0 + 1 } ?? 1
        let names = Set(events.flatMap { $0.fields.keys }).sorted()
        return EventTable(
            times: events.map { start + $0.index * 7200 / total },
            failing: events.map(\.failed), weights: weights ?? events.map { _ in 1 },
            columns: names.map { name in
                var values: [FieldValue] = []
                var codes: [FieldValue: Int32] = [:]
                let column = events.map { event -> Int32 in
                    guard let value = event.fields[name] else { return -1 }
                    if let known = codes[value] { return known }
                    codes[value] = Int32(values.count)
                    values.append(value)
                    return Int32(values.count - 1)
                }
                return EventTable.Column(name: name, values: values, codes: column)
            }, roles: [.error: "error", .pod: "k8s.pod.name", .workload: "k8s.deployment.name"])
    }

    /// What sets the failing events apart.
    func explained(_ options: AttributionOptions = .init()) -> Explanation {
        explain(table(), interest: Self.interest, baseline: Self.baseline, options: options)
    }
}
