import ConfigFaults
import DeployModel
import EventIngest
import GitHistory
import Investigation

/// Answers what the pipeline asks, from the repository and the events.
struct CollectedEvidence: InvestigationSource {
    var repository: Repository?
    var code: [any CodeRepository] = []
    var rules: ProjectRules?
    /// How closely commits are compared.
    var depth = ComparisonDepth.hints
    /// Is told of each comparison.
    var progress: Progress?
    private let earlier = EarlierReads()
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
        defer { progress?.advance() }
        guard let repository, let commit = deploy.commit, (try? repository.commit(commit)) != nil else {
            return nil
        }
        var comparison = try repository.compareConfig(
            from: repository.base(of: deploy), to: commit, code: code, earlier: earlier, depth: depth)
        rules?.narrow(&comparison, environment: deploy.environment)
        return comparison
    }

    /// Deploys are going to be compared, one after another, and then judged.
    func willCompare(_ deploys: [Deploy]) {
        progress?.begin(
            "comparing what deploys changed", of: deploys.count, then: "weighing the evidence")
    }

    func origin(of path: String, in deploy: Deploy) throws -> CommitID? {
        guard let repository, let commit = deploy.commit else { return nil }
        return try repository.lastCommit(touching: path, after: repository.base(of: deploy), upTo: commit)
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
