import ConfigFaults
import ConfigTree
import DeployModel
import GitHistory
import Parallel
import Synchronization

/// Every commit of a range judged by itself.
struct HistoryLint: Sendable {
    var repository: String
    var commits: [CommitRecord]
    var workers: Int
    /// What the settings of the project leave out.
    var rules: ProjectRules?
    /// Is told of each commit.
    var progress: Progress

    /// What was found, in the order of the commits.
    struct Outcome: Sendable {
        /// The commits that bring in contradictions.
        var findings: [DeployChanges] = []
        /// How many commits change configuration.
        var configCommits = 0
    }

    /// Commits that change no configuration are passed over.
    func run() throws -> Outcome {
        progress.begin("judging commits", of: commits.count)
        let size = max(1, (commits.count + 16 * workers - 1) / (16 * workers))
        let stretches = stride(from: 0, to: commits.count, by: size).map {
            commits[$0..<min($0 + size, commits.count)]
        }
        let index = WordIndex()
        let next = Atomic(0)
        let count = min(workers, stretches.count)
        // What a worker read for one stretch is mostly what it needs for its next.
        let judged = try concurrentMap(Array(0..<count), workers: count) { _ in
            let judge = try HistoryJudge(
                repository: repository, index: index, rules: rules, progress: progress)
            var found: [(place: Int, outcome: Outcome)] = []
            while case let place = next.wrappingAdd(1, ordering: .relaxed).oldValue, place < stretches.count {
                found.append((place, try judge.judge(stretches[place])))
            }
            return found
        }
        return judged.flatMap { $0 }.sorted { $0.place < $1.place }
            .reduce(into: Outcome()) { whole, part in
                whole.findings += part.outcome.findings
                whole.configCommits += part.outcome.configCommits
            }
    }
}

/// Judges commits one after another, and remembers what it read. For one thread.
private final class HistoryJudge {
    private let repository: Repository
    private let index: WordIndex
    private let cache = ManifestCache()
    private let rules: ProjectRules?
    private let progress: Progress
    private var latest: (commit: CommitID, tree: CommitTree)?

    init(repository: String, index: WordIndex, rules: ProjectRules?, progress: Progress) throws {
        self.repository = try Repository(discovering: repository)
        self.index = index
        (self.rules, self.progress) = (rules, progress)
    }

    private func tree(of commit: CommitID) throws -> CommitTree {
        if let latest, latest.commit == commit { return latest.tree }
        let tree = try repository.tree(of: commit, near: latest?.tree, index: index)
        latest = (commit, tree)
        return tree
    }

    func judge(_ stretch: ArraySlice<CommitRecord>) throws -> HistoryLint.Outcome {
        var outcome = HistoryLint.Outcome()
        for record in stretch {
            defer { progress.advance() }
            let parent = record.parents.first
            let difference = try CommitDifference(repository, from: parent, to: record.id)
            guard difference.paths.contains(where: mayBeConfiguration) else { continue }
            let files = try repository.changes(in: difference)
            outcome.configCommits += 1
            let before = try parent.map(tree)
            let after = try tree(of: record.id)
            var comparison = try compareConfig(
                before: before, after: after, files: files, cache: cache, depth: .contradictions)
            rules?.narrow(&comparison, environment: nil)
            let contradictions = comparison.contradictions
            guard !contradictions.changes.isEmpty else { continue }
            var changes = rankChanges(contradictions, failures: .unknown)
            for index in changes.indices { changes[index].commit = record.id }
            outcome.findings.append(
                DeployChanges(
                    deploy: Deploy(record), from: parent, to: record.id, changes: changes,
                    filesChanged: comparison.filesChanged, configFiles: comparison.configFiles,
                    otherFiles: comparison.otherFiles))
        }
        return outcome
    }
}
