import ConfigTree
import DeployModel

/// A format of deploy records: how an object of it is recognised, and what a file's objects of it say together.
struct RecordFormat: Sendable {
    /// What it is called in messages: `GitHub deployments`.
    var name: String
    /// What writes it, whole, for who has an export that cannot be used.
    var export: String
    /// Whether an object is of the format. Formats are asked in the order of ``all``; the first one wins.
    var reads: @Sendable (ConfigNode) -> Bool
    /// The deploys of a file, from all of its objects of the format: some formats spread one over several.
    var read: @Sendable ([ConfigNode]) -> FormatReading
    /// How many objects a page of the source holds, where a page that is full may not be the last.
    var pageSizes: Set<Int> = []
}

/// What objects of a format say.
struct FormatReading {
    var records: [DeployRecord] = []
    /// Objects that are no deploys, and why.
    var skipped: [(line: Int, reason: String)] = []
    var warnings: [Warning] = []

    init(_ records: [DeployRecord] = []) { self.records = records }

    /// Passes over an object.
    mutating func skip(_ node: ConfigNode, _ reason: String) {
        skipped.append((node.start.line, reason))
    }

    mutating func warn(_ code: String, _ text: String, _ remedy: String? = nil) {
        warnings.append(Warning(code: code, text: text, remedy: remedy))
    }
}

extension RecordFormat {
    /// A format each of whose objects is one deploy.
    init(
        _ name: String, export: String, reads: @escaping @Sendable (ConfigNode) -> Bool,
        pageSizes: Set<Int> = [], record: @escaping @Sendable (ConfigNode) -> DeployRecord
    ) {
        self.init(
            name: name, export: export, reads: reads, read: { FormatReading($0.map(record)) },
            pageSizes: pageSizes)
    }

    /// All formats, those first whose objects are told by more.
    static let all: [RecordFormat] = [
        .argoCD, .fluxKustomization, .fluxHelmRelease, .kubernetes,
        .gitHubDeployments, .gitHubReleases, .gitHubRuns, .gitLabDeployments, .gitLabReleases,
        .helm, .spinnaker, .buildkite, .circleCI, .jenkins,
        .datadogDeployments, .datadogEvents, .sentryDeploys, .sentryReleases, .newRelic, .grafana, .honeycomb,
        .codeDeploy, .ecs, .nomad, .heroku, .azureReleases, .azureRuns, .fly, .vercel, .cloudRun,
    ]
}
