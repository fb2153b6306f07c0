import ConfigFaults
import ConfigTree
import DeployModel
import GitHistory
import Parallel

/// Every commit of a range judged by itself.
struct HistoryLint: Sendable {
    var repository: String
    var commits: [CommitRecord]
    var workers: Int
    /// What the settings of the project leave out.
    var rules: ProjectRules?

    /// What was found, in the order of the commits.
    struct Outcome: Sendable {
        /// The commits that bring in contradictions.
        var findings: [DeployChanges] = []
        /// How many commits change configuration.
        var configCommits = 0
    }

    /// Commits that change no configuration are passed over.
    func run() throws -> Outcome {
        let size = max(1, (commits.count + 8 * workers - 1) / (8 * workers))
        let stretches = stride(from: 0, to: commits.count, by: size).map {
            commits[$0..<min($0 + size, commits.count)]
        }
        let index = WordIndex()
        return try concurrentMap(stretches, workers: workers) { try judge($0, index: index) }
            .reduce(into: Outcome()) { whole, part in
                whole.findings += part.findings
                whole.configCommits += part.configCommits
            }
    }

    private func judge(_ stretch: ArraySlice<CommitRecord>, index: WordIndex) throws -> Outcome {
        let repository = try Repository(discovering: repository)
        let cache = ManifestCache()
        var latest: (commit: CommitID, tree: CommitTree)?
        func tree(of commit: CommitID) throws -> CommitTree {
            if let latest, latest.commit == commit { return latest.tree }
            let tree = try repository.tree(of: commit, near: latest?.tree, index: index)
            latest = (commit, tree)
            return tree
        }
        var outcome = Outcome()
        for record in stretch {
            let parent = record.parents.first
            let paths = try repository.changedPaths(from: parent, to: record.id)
            guard paths.contains(where: mayBeConfiguration) else { continue }
            let files = try repository.changes(from: parent, to: record.id)
            outcome.configCommits += 1
            let before = try parent.map(tree)
            let after = try tree(of: record.id)
            var comparison = try compareConfig(before: before, after: after, files: files, cache: cache)
            rules?.narrow(&comparison, environment: nil)
            let contradictions = comparison.contradictions
            guard !contradictions.changes.isEmpty else { continue }
            outcome.findings.append(
                DeployChanges(
                    deploy: nil, from: parent, to: record.id,
                    changes: rankChanges(contradictions, failures: .unknown),
                    filesChanged: comparison.filesChanged, configFiles: comparison.configFiles,
                    otherFiles: comparison.otherFiles))
        }
        return outcome
    }
}
