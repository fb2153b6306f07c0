import DeployModel

/// The workloads of the events, found by the names that the configuration has for them.
struct Targets {
    private let failures: FailureContext
    /// The labels of each workload of the configuration, by its name.
    private let labels: [String: Set<String>]
    /// The names of which only a part is known.
    private let partial: Set<String>

    init(_ failures: FailureContext, workloads: [Workload]) {
        self.failures = failures
        labels = Dictionary(workloads.map { ($0.name, $0.labels) }, uniquingKeysWith: { first, _ in first })
        partial = Set(workloads.filter(\.isNamePartial).map(\.name))
    }

    /// Whether nothing is known of who fails.
    var isEmpty: Bool { failures.workloads.isEmpty }

    /// Which of those that fail, with their shares, and which of those that do not, a reach takes in.
    func touched(by reach: [String]) -> (failing: [String: Double], healthy: Set<String>) {
        func touches(_ name: String) -> Bool { reach.contains { isSame(name, as: $0) } }
        return (failures.workloads.filter { touches($0.key) }, failures.healthyWorkloads.filter(touches))
    }

    /// Whether only parts of all the names of a reach are known.
    func isGuess(_ reach: [String]) -> Bool { reach.allSatisfy(partial.contains) }

    /// A release or an overlay puts a prefix or a suffix to a name; but where the configuration has a workload of exactly that
    /// name, no other is meant.
    private func isSame(_ name: String, as target: String) -> Bool {
        if target == name || labels[target]?.contains(name) ?? false { return true }
        guard labels[name] == nil || partial.contains(target) else { return false }
        return name.hasPrefix(target + "-") || target.hasPrefix(name + "-") || name.hasSuffix("-" + target)
            || target.hasSuffix("-" + name)
    }
}
