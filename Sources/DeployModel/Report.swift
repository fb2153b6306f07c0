/// One input as it was read.
public struct InputSummary: Sendable, Hashable, Codable {
    /// The path, `-`, or the address of a server.
    public var source: String
    /// The format that was recognised: `ndjson`, `csv`, …, with its compression: `ndjson+gzip`.
    public var format: String
    /// How many events it held, weighted.
    public var events: Double
    /// How many records were passed over because they could not be read.
    public var skipped: Int
    /// The first and the last event; `nil` when there is none.
    public var first: Instant?, last: Instant?
    /// What was taken for granted, one sentence each: `time = ts (RFC 3339)`.
    public var assumptions: [String]

    /// An input as it was read.
    public init(
        source: String, format: String, events: Double, skipped: Int, first: Instant?, last: Instant?,
        assumptions: [String]
    ) {
        self.source = source
        self.format = format
        self.events = events
        self.skipped = skipped
        self.first = first
        self.last = last
        self.assumptions = assumptions
    }
}

/// The answer in one word, and how sure it is.
public struct Verdict: Sendable, Hashable, Codable {
    /// The kind of answer.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A deploy made an incident, with a probability above one half and well ahead of every other.
        case blamed
        /// Something changed, and no deploy explains it.
        case noDeploy = "no_deploy"
        /// Nothing changed.
        case unchanged
        /// It cannot be told; ``Verdict/reason`` says why.
        case inconclusive
    }

    /// The kind of answer.
    public var kind: Kind
    /// The blamed deploy's id.
    public var deploy: String?
    /// The blamed deploy's commit.
    public var commit: CommitID?
    /// The probability of the stated verdict, from 0 to 1.
    public var probability: Double
    /// A stable slug: `error_rate`, `tied`, `no_events`, …
    public var reason: String
    /// The verdict in one sentence.
    public var text: String

    /// A verdict.
    public init(
        kind: Kind, deploy: String? = nil, commit: CommitID? = nil, probability: Double, reason: String,
        text: String
    ) {
        self.kind = kind
        self.deploy = deploy
        self.commit = commit
        self.probability = probability
        self.reason = reason
        self.text = text
    }
}

/// An incident with what sets its events apart and the configuration changes that may have made it.
public struct Finding: Sendable, Hashable, Codable {
    /// What changed, when, and who may have made it.
    public var incident: Incident
    /// Which events.
    public var explanation: Explanation
    /// The most probable deploy's configuration changes, the most suspicious first.
    public var changes: [RankedChange]
    /// When pods of the workloads that the most probable deploy reaches were replaced, as the events show; by time.
    public var rollouts: [ObservedRollout]

    /// An incident, explained and accused.
    public init(
        incident: Incident, explanation: Explanation, changes: [RankedChange],
        rollouts: [ObservedRollout] = []
    ) {
        self.incident = incident
        self.rollouts = rollouts
        self.explanation = explanation
        self.changes = changes
    }
}

/// What speaks for and against one deploy that the reader asked about.
public struct AskedDeploy: Sendable, Hashable, Codable {
    /// The deploy.
    public var deploy: Deploy
    /// The probability that it made the first incident; 0 when there is no incident.
    public var probability: Double
    /// What ``before`` and ``after`` count, in words: `failing events in payments`.
    public var measure: String
    /// The hour before it began, and the hour after it was done.
    public var before: Rate, after: Rate
    /// What speaks for or against it, one sentence each, the weightiest first.
    public var reasons: [String]

    /// What speaks for and against a deploy.
    public init(
        deploy: Deploy, probability: Double, measure: String, before: Rate, after: Rate, reasons: [String]
    ) {
        self.deploy = deploy
        self.measure = measure
        self.probability = probability
        self.before = before
        self.after = after
        self.reasons = reasons
    }
}

/// The repository that the deploys came from.
public struct RepositorySummary: Sendable, Hashable, Codable {
    /// Its folder.
    public var path: String
    /// The commit that the history was read from.
    public var head: CommitID

    /// A repository.
    public init(path: String, head: CommitID) {
        self.path = path
        self.head = head
    }
}

/// Everything an investigation found, with where it comes from: the only thing renderers see.
public struct Report: Sendable, Hashable, Codable {
    /// The stretch of time that was looked at.
    public var window: TimeWindow
    /// The repository, where there is one.
    public var repository: RepositorySummary?
    /// What was read.
    public var inputs: [InputSummary]
    /// The deploys of the window, in order of time.
    public var deploys: [Deploy]
    /// Where the deploys came from, in words: `first-parent commits`.
    public var deploySource: String
    /// All events of the window in time buckets, for the chart; `nil` without events.
    public var series: Series?
    /// The answer.
    public var verdict: Verdict
    /// What was found, by excess failures.
    public var findings: [Finding]
    /// The changes of each deploy, when there are no events to judge by.
    public var changesByDeploy: [DeployChanges]
    /// What the reader must know.
    public var warnings: [Warning]
    /// How many series were looked at: each one more makes the model ask for more evidence.
    public var seriesExamined: Int
    /// The deploy that was asked about.
    public var asked: AskedDeploy?
    /// For a check that could not judge: how many more minutes of such traffic it needs.
    public var neededMinutes: Int?

    /// A report.
    public init(
        window: TimeWindow, repository: RepositorySummary?, inputs: [InputSummary], deploys: [Deploy],
        deploySource: String, series: Series?, verdict: Verdict, findings: [Finding],
        changesByDeploy: [DeployChanges] = [], warnings: [Warning], seriesExamined: Int = 0,
        asked: AskedDeploy? = nil, neededMinutes: Int? = nil
    ) {
        self.window = window
        self.repository = repository
        self.inputs = inputs
        self.deploys = deploys
        self.deploySource = deploySource
        self.series = series
        self.verdict = verdict
        self.findings = findings
        self.changesByDeploy = changesByDeploy
        self.warnings = warnings
        self.seriesExamined = seriesExamined
        self.asked = asked
        self.neededMinutes = neededMinutes
    }
}

/// The configuration changes of one deploy or range of commits, the most suspicious first.
public struct DeployChanges: Sendable, Hashable, Codable {
    /// The deploy, or `nil` when a range was asked for.
    public var deploy: Deploy?
    /// The commits compared; the first is `nil` for the very first commit, the second for what is staged.
    public var from: CommitID?, to: CommitID?
    /// The changes.
    public var changes: [RankedChange]
    /// How many files changed in all, and how many of them are configuration.
    public var filesChanged: Int, configFiles: Int
    /// The files that changed and are not configuration, by path: they may be at fault as well, but are not ranked.
    public var otherFiles: [String]
    /// What the reader must know.
    public var warnings: [Warning]

    /// The changes of a deploy.
    public init(
        deploy: Deploy?, from: CommitID?, to: CommitID?, changes: [RankedChange], filesChanged: Int,
        configFiles: Int, otherFiles: [String] = [], warnings: [Warning] = []
    ) {
        self.deploy = deploy
        self.otherFiles = otherFiles
        self.from = from
        self.to = to
        self.changes = changes
        self.filesChanged = filesChanged
        self.configFiles = configFiles
        self.warnings = warnings
    }
}
