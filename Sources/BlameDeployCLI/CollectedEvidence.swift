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
        return try comparer(code: code, earlier: earlier).comparison(of: deploy, in: repository)
    }

    private func comparer(code: [any CodeRepository] = [], earlier: EarlierReads) -> DeployComparer {
        DeployComparer(code: code, rules: rules, depth: depth, earlier: earlier)
    }

    /// Deploys are going to be compared, one after another, and then judged.
    func willCompare(_ deploys: [Deploy]) {
        progress?.begin(
            "comparing what deploys changed", of: deploys.count, then: "weighing the evidence")
    }

    /// Compares deploys before their comparisons are asked for, where they are many and all of them are going to be kept.
    func compareAhead(_ deploys: [Deploy]) {
        willCompare(deploys)
        for (id, outcome) in mapCompared(deploys, { ($0.id, $1) }) ?? [] { ahead.keep(outcome, of: id) }
    }

    /// Something small of the comparison of each deploy, in order.
    func compared<Output: Sendable>(
        _ deploys: [Deploy], _ body: @Sendable (Deploy, ConfigComparison?) -> Output
    ) throws -> [Output] {
        willCompare(deploys)
        if let outputs = mapCompared(deploys, { deploy, compared in compared.map { body(deploy, $0) } }) {
            return try outputs.map { try $0.get() }
        }
        return try deploys.map { body($0, try comparison(of: $0)) }
    }

    /// The same by several threads, neighbours by one: what it read for one deploy is mostly what it needs for the next.
    ///
    /// - Returns: `nil` where one thread is as good, or where the repository cannot be opened again.
    private func mapCompared<Output: Sendable>(
        _ deploys: [Deploy], _ body: @Sendable (Deploy, Compared) -> Output
    ) -> [Output]? {
        // Code in other repositories is read through objects that are for one thread.
        guard let folder = repository?.folder, code.isEmpty, workers > 1, deploys.count >= 8 * workers
        else { return nil }
        let size = deploys.count / (4 * workers)
        let next = Atomic(0)
        let index = WordIndex()
        let (rules, depth, progress) = (rules, depth, progress)
        let shares = concurrentMap(Array(0..<workers), workers: workers) { _ -> [(Int, Output)]? in
            guard let repository = try? Repository(at: folder) else { return nil }
            let comparer = DeployComparer(
                rules: rules, depth: depth, earlier: EarlierReads(index: index))
            var share: [(Int, Output)] = []
            while case let start = next.wrappingAdd(size, ordering: .relaxed).oldValue, start < deploys.count
            {
                for place in start..<min(start + size, deploys.count) {
                    let outcome = Compared {
                        try comparer.comparison(of: deploys[place], in: repository)
                    }
                    share.append((place, body(deploys[place], outcome)))
                    progress?.advance()
                }
            }
            return share
        }
        let done = shares.compactMap { $0 }.joined().sorted { $0.0 < $1.0 }
        return done.count == deploys.count ? done.map(\.1) : nil
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

private typealias Compared = Result<ConfigComparison?, any Error>

/// The comparisons that were made before they were asked for.
private final class ComparedAhead {
    private var waiting: [String: Compared] = [:]

    /// Keeps a comparison until it is asked for.
    func keep(_ compared: Compared, of deploy: String) { waiting[deploy] = compared }

    /// Hands a comparison out, once.
    func take(_ deploy: Deploy) -> Compared? { waiting.removeValue(forKey: deploy.id) }
}

/// What was read for the comparison before: the files of the next one are mostly the same.
final class EarlierReads {
    fileprivate var tree: CommitTree?
    fileprivate let cache = ManifestCache()
    /// Which files hold which names.
    fileprivate let index: WordIndex

    init(index: WordIndex = WordIndex()) { self.index = index }
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
