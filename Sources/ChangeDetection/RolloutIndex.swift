import DeployModel

/// When pods of each workload first carried a new template.
struct RolloutIndex {
    /// By workload, ascending.
    private let firsts: [String: [Instant]]

    init(_ rollouts: [ObservedRollout]) {
        firsts = Dictionary(grouping: rollouts, by: \.workload).mapValues { $0.map(\.first).sorted() }
    }

    /// For each workload that a scope and a deploy share, when a new template first showed after the deploy began (or up to ten
    /// minutes before: clocks differ).
    func relevant(to candidate: Candidate, scope: Scope) -> [Instant] {
        let owner: String? =
            switch scope.kind {
            case .workload: scope.name
            case .pod: PodName(scope.name).workload
            default: nil
            }
        let shared = candidate.workloads.filter { owner == nil || $0 == owner }
        return shared.compactMap { workload in
            firsts[workload]?.first { $0 > candidate.startedAt - 600 }
        }.sorted()
    }
}
