import ConfigFaults
import DeployModel
import EventIngest
import GitHistory
import Investigation
import Parallel
import Synchronization

/// Answers what the pipeline asks, from the repository and the events.
struct CollectedEvidence: InvestigationSource {
    var repository: Repository?
    var code: [any CodeRepository] = []
    var rules: ProjectRules?
    /// How closely commits are compared.
    var depth = ComparisonDepth.hints
    /// Is told of each comparison.
    var progress: Progress?
    /// How many threads compare deploys.
    var workers = availableCores()
    private let earlier = EarlierReads()
    private let ahead = ComparedAhead()
    /// Where the events are; `nil` where none are looked at.
    var supply: EventSupply?
    var readEvents: (_ during: TimeWindow, _ before: TimeWindow?) throws -> EventTable

    func events(during interest: TimeWindow, before baseline: TimeWindow?) throws -> EventTable {
        try readEvents(interest, baseline)
    }

    func recounted(
        _ explanation: Explanation, of table: EventTable, during interest: TimeWindow,
        before baseline: TimeWindow?
    ) throws -> Explanation {
        try supply?.recounted(explanation, of: table, interest: interest, baseline: baseline) ?? explanation
    }

    func comparison(of deploy: Deploy) throws -> ConfigComparison? {
        if let compared = ahead.take(deploy) { return try compared.get() }
        defer { progress?.advance() }
        return try DeployComparer(code: code, rules: rules, depth: depth, earlier: earlier)
            .comparison(of: deploy, in: repository)
    }

    /// Deploys are going to be compared, one after another, and then judged.
    func willCompare(_ deploys: [Deploy]) {
        progress?.begin(
            "comparing what deploys changed", of: deploys.count, then: "weighing the evidence")
        // Code in other repositories is read through objects that are for one thread.
        guard let folder = repository?.folder, code.isEmpty, workers > 1, deploys.count >= 8 * workers
        else { return }
        ahead.compare(deploys, workers: workers, progress: progress) { [rules, depth] stretches in
            // Where it cannot be opened again, the deploys are compared when they are asked for.
            guard let repository = try? Repository(discovering: folder) else { return }
            let comparer = DeployComparer(rules: rules, depth: depth, earlier: EarlierReads())
            stretches { deploy in Result { try comparer.comparison(of: deploy, in: repository) } }
        }
    }

    func origin(of path: String, in deploy: Deploy) throws -> CommitID? {
        guard let repository, let commit = deploy.commit else { return nil }
        return try repository.lastCommit(touching: path, after: repository.base(of: deploy), upTo: commit)
    }
}

/// Compares what deploys changed, one after another. For one thread.
private struct DeployComparer {
    /// The repositories that images are built from.
    var code: [any CodeRepository] = []
    var rules: ProjectRules?
    var depth: ComparisonDepth
    var earlier: EarlierReads

    /// - Returns: `nil` for a deploy whose commit is not at hand.
    func comparison(of deploy: Deploy, in repository: Repository?) throws -> ConfigComparison? {
        guard let repository, let commit = deploy.commit, (try? repository.commit(commit)) != nil else {
            return nil
        }
        var comparison = try repository.compareConfig(
            from: repository.base(of: deploy), to: commit, code: code, earlier: earlier, depth: depth)
        rules?.narrow(&comparison, environment: deploy.environment)
        return comparison
    }
}

/// The comparisons that several threads made before they were asked for.
private final class ComparedAhead {
    typealias Compared = Result<ConfigComparison?, any Error>

    private var waiting: [String: Compared] = [:]

    /// Hands a comparison out, once.
    func take(_ deploy: Deploy) -> Compared? { waiting.removeValue(forKey: deploy.id) }

    /// Compares deploys, neighbours on one thread: what it read for one is mostly what it needs for the next.
    ///
    /// - Parameter work: what a thread does; is handed a function that goes through the deploys that are left.
    func compare(
        _ deploys: [Deploy], workers: Int, progress: Progress?,
        _ work: @Sendable (_ stretches: ((Deploy) -> Compared) -> Void) -> Void
    ) {
        let size = max(1, deploys.count / (4 * workers))
        let next = Atomic(0)
        let found = concurrentMap(Array(0..<workers), workers: workers) { _ in
            var compared: [(id: String, outcome: Compared)] = []
            work { compare in
                while case let start = next.wrappingAdd(size, ordering: .relaxed).oldValue,
                    start < deploys.count
                {
                    for deploy in deploys[start..<min(start + size, deploys.count)] {
                        compared.append((deploy.id, compare(deploy)))
                        progress?.advance()
                    }
                }
            }
            return compared
        }
        for (id, outcome) in found.joined() { waiting[id] = outcome }
    }
}

/// What was read for the comparison before: the files of the next one are mostly the same.
final class EarlierReads {
    fileprivate var tree: CommitTree?
    fileprivate let cache = ManifestCache()
    /// Which files hold which names.
    fileprivate let index = WordIndex()
}

extension Repository {
    /// What a deploy is compared with: the deploy before it, where its commit is at hand, else its first parent.
    func base(of deploy: Deploy) -> CommitID? {
        if let previous = deploy.previous, (try? commit(previous)) != nil { return previous }
        guard let own = deploy.commit, let record = try? commit(own) else { return nil }
        return record.parents.first
    }

    /// The configuration changes between two commits; `from` is `nil` for the very first one.
    ///
    /// - Parameters:
    ///   - code: the repositories that images are built from.
    ///   - earlier: what comparisons before this one read.
    ///   - depth: what is looked for.
    func compareConfig(
        from: CommitID?, to: CommitID, code: [any CodeRepository] = [],
        earlier: EarlierReads = EarlierReads(),
        depth: ComparisonDepth = .hints
    ) throws -> ConfigComparison {
        let before = try from.map { try tree(of: $0, near: earlier.tree) }
        let after = try tree(of: to, near: before ?? earlier.tree, index: earlier.index)
        earlier.tree = after
        return try ConfigFaults.compareConfig(
            before: before, after: after, files: try changes(from: from, to: to), cache: earlier.cache,
            code: code, depth: depth)
    }
}
