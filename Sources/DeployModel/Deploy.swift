/// What shipped: a commit, or a record of a change outside git, and when.
public struct Deploy: Sendable, Hashable, Codable {
    /// Unique in a report: the record's own id if it has one, else the full sha (`sha#2` when it comes again).
    public var id: String
    /// The commit that runs from then on, where one is known.
    public var commit: CommitID?
    /// The commit that ran before, in the same environment; the diff of a deploy is against it.
    public var previous: CommitID?
    /// When it began to take effect: the record's start, or the clock of the history.
    public var startedAt: Instant
    /// When it had taken effect everywhere, where a record says so.
    public var finishedAt: Instant?
    /// The subject line.
    public var title: String
    /// Who made it, as the source names them.
    public var author: String
    /// `production`, `staging`, … where a record says so.
    public var environment: String?
    /// The service a record speaks of, where it does.
    public var service: String?
    /// Where we know it from.
    public var source: DeploySource
    /// Whether it went back to a commit that had run before.
    public var isRollback: Bool
    /// How many configuration files it changed; `nil` until the diff was read.
    public var configFiles: Int?
    /// Names of the workloads whose pods its configuration changes reach, sorted; empty until the diff was read.
    public var workloads: [String]

    /// A deploy; what a source does not know stays at its default.
    public init(
        id: String, commit: CommitID?, previous: CommitID? = nil, startedAt: Instant,
        finishedAt: Instant? = nil,
        title: String = "", author: String = "", environment: String? = nil, service: String? = nil,
        source: DeploySource, isRollback: Bool = false, configFiles: Int? = nil, workloads: [String] = []
    ) {
        self.id = id
        self.commit = commit
        self.previous = previous
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.title = title
        self.author = author
        self.environment = environment
        self.service = service
        self.source = source
        self.isRollback = isRollback
        self.configFiles = configFiles
        self.workloads = workloads
    }

    /// What a person reads: the short sha, or the record's id where there is no commit.
    public var shortName: String { commit?.abbreviated ?? id }
}

/// Where a deploy is known from. The source decides how exact its clock is.
public enum DeploySource: String, Sendable, Hashable, Codable, CaseIterable {
    /// A tag whose name says release.
    case tag
    /// A merge on the first-parent line.
    case merge
    /// Any commit of the first-parent line.
    case commit
    /// A git note under `refs/notes/deploys`.
    case note
    /// A file of deploy records.
    case record

    /// Whether the time is of the deploy itself, not of the commit that some later job deployed.
    public var hasDeployClock: Bool { self == .note || self == .record }
}
