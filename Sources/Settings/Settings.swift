public import DeployModel

/// What a `.blamedeploy.yml` says: where things are and how they are read, so that nobody has to type it at night.
///
/// Arguments of the command line override it. Nothing in it is ever run.
public struct Settings: Sendable, Equatable {
    /// The file, as messages name it.
    public var source: String
    /// The folder that paths in it start from.
    public var folder: String
    /// What is read when no events are named.
    public var events: [Setting] = []
    /// Where deploys come from, as after `--deploys`.
    public var deploys: [Setting] = []
    /// Which environment's deploys are judged, as after `--environment`.
    public var environment: Setting?
    /// The repositories of code, as `NAME=DIR` after `--repo`.
    public var repositories: [(name: String, folder: Setting)] = []
    /// Which field plays which role, as after `--map`.
    public var roles: [(role: String, field: Setting)] = []
    /// Which events failed, as after `--error`.
    public var error: Setting?
    /// The format of the events, as after `--format-in`.
    public var format: Setting?
    /// Fields that only describe failures, and fields that may be causes whatever they look like.
    public var symptoms: [Setting] = [], causes: [Setting] = []
    /// The window and the zone of times without one, as after `--since` and `--tz`.
    public var since: Setting?, zone: Setting?
    /// What each environment runs.
    public var environments: [EnvironmentRule] = []
    /// Which files are looked at.
    public var paths = PathRules()
    /// Findings that people looked at and do not want told again.
    public var exemptions: [Exemption] = []

    /// Settings that say nothing.
    public init(source: String, folder: String) {
        self.source = source
        self.folder = folder
    }

    /// Equal when they say the same.
    public static func == (a: Settings, b: Settings) -> Bool {
        a.source == b.source && a.folder == b.folder && a.events == b.events && a.deploys == b.deploys
            && a.environment == b.environment
            && a.repositories.elementsEqual(b.repositories) { $0 == $1 }
            && a.roles.elementsEqual(b.roles) { $0 == $1 } && a.error == b.error && a.format == b.format
            && a.symptoms == b.symptoms
            && a.causes == b.causes && a.since == b.since && a.zone == b.zone
            && a.environments == b.environments
            && a.paths == b.paths && a.exemptions == b.exemptions
    }
}

/// A text with the line it stands on.
public struct Setting: Sendable, Hashable {
    /// The text.
    public var text: String
    /// The line, from 1.
    public var line: Int

    /// A setting.
    public init(_ text: String, line: Int) {
        self.text = text
        self.line = line
    }
}

/// What an environment is called, and which files it runs.
public struct EnvironmentRule: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// What else records call it: the namespace of a cluster, an abbreviation.
    public var aliases: [String]
    /// The files that only this environment runs; those that no environment lists are run by all.
    public var paths: [PathPattern]
}

/// Which files are looked at for configuration changes.
public struct PathRules: Sendable, Hashable {
    /// Nothing else, where there is any.
    public var only: [PathPattern] = []
    /// Not these.
    public var except: [PathPattern] = []

    /// All files.
    public init() {}
}

/// A finding that is not told again, and why.
public struct Exemption: Sendable, Hashable {
    /// Where; everywhere, where none is named.
    public var path: PathPattern?
    /// Which fault; every change, where none is named.
    public var fault: String?
    /// Why. It is told wherever the finding is left out.
    public var reason: String
    /// The first moment at which it does not hold any more.
    public var until: Instant?
    /// The line it begins on.
    public var line: Int

    /// Whether it holds at a time.
    public func holds(at now: Instant) -> Bool { until.map { now < $0 } ?? true }

    /// Whether it means a fault of a change in a file; `nil` stands for the change itself.
    public func means(path: String, fault: String?) -> Bool {
        (self.path?.matches(path) ?? true) && (self.fault == nil ? fault == nil : self.fault == fault)
    }
}

// MARK: What follows

extension Settings {
    /// The environment that a record's word for one means.
    public func environmentName(_ name: String) -> String {
        environments.first { $0.name == name || $0.aliases.contains(name) }?.name ?? name
    }

    /// Whether a change of a file counts for a deploy to an environment; where none is known, every environment's files do.
    public func counts(path: String, in environment: String?) -> Bool {
        if !paths.only.isEmpty, !paths.only.contains(where: { $0.matches(path) }) { return false }
        if paths.except.contains(where: { $0.matches(path) }) { return false }
        let owners = environments.filter { rule in rule.paths.contains { $0.matches(path) } }
        guard let environment, !owners.isEmpty else { return true }
        let name = environmentName(environment)
        return owners.contains { $0.name == name } || !environments.contains { $0.name == name }
    }
}
