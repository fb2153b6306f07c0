import DeployModel

/// The events of the demo: ten days of three workloads, with a daily rhythm and background errors.
struct DemoEvents {
    private static let days = 10
    private static let count = 30_000
    private let rollouts: [String: [Instant]]
    private let onset: Instant
    private var chance: Chance
    /// For each workload the pods of each template, oldest first.
    private var pods: [String: [[String]]] = [:]

    private static let traffic: [(workload: String, pods: Int, share: Double, background: Double)] = [
        ("storefront", 6, 0.55, 0.003), ("checkout", 4, 0.27, 0.004), ("mailer", 8, 0.18, 0.003),
    ]
    private static let routes = [
        "storefront": ["/", "/product/:id", "/search"], "checkout": ["/basket", "/order", "/pay"],
        "mailer": ["send_receipt", "send_parcel_news"],
    ]
    private static let complaints = [
        "product {n} not found", "timeout after {n} ms", "client closed request {n}",
    ]

    init(seed: UInt64, rollouts: [String: [Instant]], onset: Instant) {
        chance = Chance(seed: seed)
        self.rollouts = rollouts
        self.onset = onset
        for (workload, count, _, _) in Self.traffic {
            pods[workload] = (rollouts[workload] ?? []).map { _ in
                let template = chance.text(10, of: "456789bcdf")
                return (0..<count).map { _ in
                    "\(workload)-\(template)-\(chance.text(5, of: "bcdfghjklmnpqrstvwxz2456789"))"
                }
            }
        }
    }

    /// One JSON object a line, in order of time.
    func export() -> [UInt8] {
        var copy = self
        let since = copy.firstInstant
        var times: [Int64] = []
        while times.count < Self.count {
            let offset = copy.chance.share() * Double(Self.days) * 86_400_000
            // A day is a parabola with its top in the afternoon: three times the traffic of the night.
            let ofDay = (offset / 86_400_000).truncatingRemainder(dividingBy: 1) - 0.6
            if copy.chance.share() < max(0.25, 1 - 3 * ofDay * ofDay) {
                times.append(since.milliseconds + Int64(offset))
            }
        }
        times.sort()
        var bytes: [UInt8] = []
        for time in times { bytes += copy.event(at: Instant(milliseconds: time)).utf8 }
        return bytes
    }

    private var firstInstant: Instant {
        let all = rollouts.values.flatMap { $0 }.sorted()
        // The shop started long before; the export begins with the first Monday.
        return Instant(seconds: Int(all.first?.seconds ?? 0) / 86_400 * 86_400) + 12 * 86_400
    }

    private mutating func event(at time: Instant) -> String {
        var draw = chance.share()
        let kind =
            Self.traffic.first {
                draw -= $0.share; return draw < 0
            } ?? Self.traffic[0]
        let template = max(0, (rollouts[kind.workload] ?? []).filter { $0 <= time }.count - 1)
        let names = pods[kind.workload]?[template] ?? []
        let pod = names.isEmpty ? kind.workload : names[chance.number(0..<names.count)]
        let number = chance.number(1000..<9_999_999)
        let isBroken = kind.workload == "mailer" && time >= onset && chance.share() < 0.45
        let isFailing = chance.share() < kind.background || isBroken
        let message = isBroken ? "sms rejected: 403 for message {n}" : Self.complaints[chance.number(0..<3)]
        let routes = Self.routes[kind.workload] ?? []
        let took = Int(20 + 180 * chance.share() * chance.share())
        var fields = [
            "\"timestamp\":\"\(time)\"", "\"pod\":\"\(pod)\"",
            "\"route\":\"\(routes[chance.number(0..<routes.count)])\"",
            "\"customer\":\"c\(chance.number(1..<900))\"",
            "\"region\":\"\(["north", "south"][chance.number(0..<2)])\"",
            "\"duration_ms\":\(took)", "\"error\":\(isFailing)",
        ]
        if isFailing { fields.append("\"message\":\"\(message.replacing("{n}", with: String(number)))\"") }
        return "{" + fields.joined(separator: ",") + "}\n"
    }
}
