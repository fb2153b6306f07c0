import Connectors
import DeployModel
import DeployRecords
import EventIngest
import GitHistory
import Parallel
import Reporting

/// What `init` finds in a project.
struct ProjectSurvey {
    /// What was found, a line each, for people.
    private(set) var findings: [String] = []
    private let root: String
    /// Exports of events, with what reading them assumed.
    private var events: [(path: String, assumptions: [String])] = []
    private var roles: [(role: String, field: String)] = []
    /// Files of deploy records, with their formats.
    private var records: [(path: String, format: String)] = []
    /// Where deploys come from when no file says so.
    private var history = ""
    private var hasNotes = false
    private var environments: [(name: String, paths: [String])] = []
    /// The environments that records name.
    private var recordedEnvironments: Set<String> = []

    /// - Parameters:
    ///   - events: exports that the reader named; else they are looked for.
    ///   - now: the clock; deploys of the last 90 days are counted.
    init(_ repository: Repository, events named: [String], now: Instant) throws {
        root = repository.path
        for path in named { try addEvents(path, isNamed: true) }
        for path in candidates() where !addRecords(path) && named.isEmpty {
            try? addEvents(path, isNamed: false)
        }
        surveyHistory(repository, now: now)
        try surveyEnvironments(repository)
    }

    // MARK: Files

    private static let folders = [
        "", "events", "exports", "export", "telemetry", "logs", "incident", "deploys", "deployments",
        "records",
    ]
    private static let endings = [
        ".ndjson", ".jsonl", ".csv", ".tsv", ".json", ".gz", ".zst", ".txt", ".log",
    ]
    /// Beyond these a folder holds something else than a few exports.
    private static let mostCandidates = 60
    private static let mostRecordBytes = 20_000_000

    /// Files that may be exports. In the repository's own folder JSON is mostly something else, unless its name says so.
    private func candidates() -> [String] {
        let found = Self.folders.flatMap { folder in
            names(inFolder: folder.isEmpty ? root : "\(root)/\(folder)").filter { name in
                guard Self.endings.contains(where: name.hasSuffix) else { return false }
                guard folder.isEmpty else { return true }
                let isTelling = ["event", "deploy", "release", "history", "rollout"].contains {
                    name.lowercased().contains($0)
                }
                return name.hasSuffix(".ndjson") || name.hasSuffix(".jsonl") || isTelling
            }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
        return Array(found.filter { sizeOfFile("\(root)/\($0)") != nil }.prefix(Self.mostCandidates))
    }

    /// Whether a file is one of deploy records. Rows with times and versions may be events as well: records name other commits
    /// nearly every time.
    private mutating func addRecords(_ path: String) -> Bool {
        guard let size = sizeOfFile("\(root)/\(path)"), size <= Self.mostRecordBytes,
            let file = try? readDeploys((try? readFile("\(root)/\(path)")) ?? [], source: path)
        else { return false }
        let all = file.deploys + file.failed
        let isKnown = !file.formats.allSatisfy { $0 == "table" || $0 == "plain records" }
        let commits = Set(all.compactMap { $0.commit?.hex ?? file.references[$0.id]?.first })
        guard isKnown || (!commits.isEmpty && all.count <= 3 * commits.count) else { return false }
        let format = isKnown ? file.formats.joined(separator: ", ") : "deploy records"
        records.append((path, format))
        recordedEnvironments.formUnion(all.compactMap(\.environment))
        findings.append("\(path): \(Wording.counted(file.deploys.count, "deploy")) (\(format))")
        return true
    }

    private mutating func addEvents(_ path: String, isNamed: Bool) throws {
        if let server = try EventServer(path) {
            events.append((path, []))
            findings.append("\(server.name): a server, which is asked when there is something to judge")
            return
        }
        let located = isNamed ? path : "\(root)/\(path)"
        let summary = try summarize(
            try EventSources([located]),
            options: IngestOptions(
                roleFields: [:], errorExpression: nil, formatIn: nil, offsetSeconds: nil,
                jobs: availableCores()))
        let count = summary.inputs.reduce(0) { $0 + $1.events }
        guard count > 0, let span = summary.span else { return }
        let assumptions = summary.inputs.first?.assumptions ?? []
        let shown = isNamed ? fromRoot(path) : path
        events.append((shown, assumptions))
        if roles.isEmpty {
            roles = FieldRole.allCases.compactMap { role in
                summary.roles.fields[role].map { (role.rawValue, $0) }
            }
        }
        let days = "\(CivilDate(span.since).day) to \(CivilDate(span.until).day)"
        findings.append("\(shown): \(Wording.count(count)) \(count == 1 ? "event" : "events"), \(days)")
    }

    /// A path that was typed in the current folder, from the repository's.
    private func fromRoot(_ path: String) -> String {
        guard path != "-", !path.contains("://") else { return path }
        let whole = path.hasPrefix("/") ? path : "\(SettingsFile.currentFolder() ?? "")/\(path)"
        var names: [Substring] = []
        for name in whole.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        let folders = root.split(separator: "/")
        let shared = zip(folders, names.dropLast()).prefix { $0 == $1 }.count
        // Far away, the whole path says more.
        guard folders.count - shared <= 2 else { return whole }
        let up = [Substring](repeating: "..", count: folders.count - shared)
        return (up + names.dropFirst(shared)).joined(separator: "/")
    }

    // MARK: History

    private mutating func surveyHistory(_ repository: Repository, now: Instant) {
        guard !repository.isEmpty, let head = try? repository.resolve("HEAD") else {
            history = "no commit yet"
            return
        }
        // A history that rests is looked at where it ended.
        let end = min(now, ((try? repository.commit(head).committedAt) ?? now) + 1)
        let window = TimeWindow(since: end - 90 * 86_400, until: now)
        let sources: [(HistorySource, String)] = [
            (.notes, "deploy notes"), (.tags(glob: nil), "release tags"), (.merges, "merges"),
            (.commits, "first-parent commits"),
        ]
        let counts = sources.map { source, words in
            (words, (try? repository.deploys(source, from: head, window: window))?.count ?? 0)
        }
        hasNotes = counts[0].1 > 0
        history = counts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
        findings.append("90 days of history: \(history)")
        if repository.isShallow {
            findings.append("the clone is shallow: git fetch --unshallow brings the rest of the history")
        }
    }

    // MARK: Environments

    /// Folders and values files that are told by the name of an environment.
    private mutating func surveyEnvironments(_ repository: Repository) throws {
        guard !repository.isEmpty else { return }
        var paths: [String: Set<String>] = [:]
        for path in try repository.tree(of: repository.resolve("HEAD")).paths() {
            let parts = path.split(separator: "/").map(String.init)
            for index in parts.indices.dropLast().dropFirst() {
                guard ["overlays", "environments", "envs", "env", "clusters"].contains(parts[index - 1])
                else { continue }
                paths[parts[index], default: []].insert(parts[...index].joined(separator: "/") + "/")
                break
            }
            guard let name = parts.last, name.hasPrefix("values"),
                name.hasSuffix(".yaml") || name.hasSuffix(".yml"),
                let stem = name.split(separator: ".").dropLast().joined(separator: ".") as String?,
                let first = stem.dropFirst("values".count).first, first == "-" || first == "." || first == "_"
            else { continue }
            paths[String(stem.dropFirst("values".count + 1)), default: []].insert(path)
        }
        // What all environments share is of none.
        let shared: Set = [
            "base", "common", "shared", "default", "defaults", "global", "all", "schema", "example",
        ]
        for name in paths.keys where shared.contains(name.lowercased()) { paths[name] = nil }
        environments = paths.keys.sorted().prefix(20).map { ($0, (paths[$0] ?? []).sorted()) }
        if !environments.isEmpty {
            findings.append("environments: \(environments.map(\.name).joined(separator: ", "))")
        }
    }
}

// MARK: The file

extension ProjectSurvey {
    /// The settings as a file, with comments.
    var settingsText: String {
        var lines = [
            "# What blamedeploy reads when the command line does not say so. docs/settings.md has every key.",
            "# Paths start from this file's folder. Nothing in here is ever run.", "",
            "# The events: files or folders.",
        ]
        lines += list("events", events.map(\.path), otherwise: "events.ndjson")
        for (path, assumptions) in events.prefix(1) {
            lines += assumptions.map { "# \(Wording.harmless(path)): \(Wording.harmless($0))" }
        }
        lines += ["", "# Which field plays which role, where it is recognised wrongly. Recognised now:"]
        let told = roles.isEmpty ? [("pod", "kubernetes.pod_name")] : roles
        lines += ["# map:"] + told.map { "#   \($0.0): \(Self.scalar($0.1))" }
        lines += ["# Which events failed.", "# error: status >= 500 or error", ""]
        lines += [
            "# Where deploys come from: records of a deploy tool, notes (`blamedeploy mark`), tags, tags:GLOB, merges, commits.",
            "# In the newest 90 days of the history: \(history).",
        ]
        for (path, format) in records { lines.append("# \(Wording.harmless(path)): \(format)") }
        let sources = records.map(\.path)
        lines += list("deploys", sources + (hasNotes && !sources.isEmpty ? ["notes"] : []), otherwise: "auto")
        lines += ["", "# Whose deploys are judged, where records say which environment they are of."]
        lines.append("# environment: \(Self.scalar(recordedEnvironments.sorted().first ?? "production"))")
        lines += ["", "# Which files only one environment runs: their changes count for its deploys alone."]
        let comment = environments.isEmpty ? "# " : ""
        lines.append("\(comment)environments:")
        for (name, paths) in environments.isEmpty ? [("production", ["overlays/prod/"])] : environments {
            lines.append("\(comment)  \(Self.scalar(name)):")
            lines.append("\(comment)    paths: [\(paths.map(Self.scalar).joined(separator: ", "))]")
        }
        lines += [
            "", "# Files that are no configuration of what runs.", "# paths:",
            "#   except: [docs/, \"**/testdata/**\"]", "",
            "# Findings that were looked at and are meant so.", "# ignore:", "#   - path: k8s/mailer.yaml",
            "#     fault: duplicate-key", "#     reason: the chart needs it twice", "#     until: 2027-01-31",
            "",
        ]
        return lines.joined(separator: "\n")
    }

    private func list(_ key: String, _ values: [String], otherwise example: String) -> [String] {
        values.isEmpty
            ? ["# \(key): [\(example)]"] : ["\(key):"] + values.map { "  - \(Self.scalar($0))" }
    }

    /// A text as YAML takes it for a text.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || [0x2D, 0x2E, 0x2F, 0x5F].contains($0)
        }
        let isWord = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        let beginsAsWord = text.first.map { $0.isLetter || $0 == "." || $0 == "/" } ?? false
        guard !isPlain || isWord || !beginsAsWord else { return text }
        return "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    /// A character between double quotes (YAML 1.2.2, 5.7): what cannot be seen, or is no part of a line, by its number.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse:
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let (mark, count) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
            return "\\\(mark)" + String(repeating: "0", count: count - digits.count) + digits
        default: return scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
        }
    }
}
