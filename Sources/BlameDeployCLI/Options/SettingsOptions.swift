import ArgumentParser
import ConfigFaults
import DeployModel
import EventIngest
import GitHistory
import Settings

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the settings of a project are read from.
struct SettingsOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "Read settings from here instead of the .blamedeploy.yml of the repository or a folder above it.",
            valueName: "file"))
    var file: String?

    @Flag(name: .customLong("no-config"), help: "Read no settings.")
    var isOff = false

    func validate() throws {
        guard file == nil || !isOff else { throw ValidationError("choose --config or --no-config") }
    }

    /// The settings; `nil` where there are none.
    ///
    /// - Parameter repository: its folder, and every one above, is where a file is looked for; without one, the current folder.
    func read(for repository: Repository?) throws -> Settings? {
        guard !isOff else { return nil }
        let start = repository?.path ?? SettingsFile.currentFolder()
        guard let path = file ?? start.flatMap(SettingsFile.find) else { return nil }
        let above = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let folder = path.contains("/") ? (above.isEmpty ? "/" : above) : "."
        let shown = SettingsFile.shown(path)
        // Whoever writes to the repository must not have another file of this machine read, and told line by line.
        guard file != nil || !isLink(path) else {
            throw CommandError(
                "the settings are a symbolic link, which is not followed", at: shown,
                remedy: "name the file that is meant with --config FILE, or use --no-config")
        }
        let settings = try readSettings(
            try readFile(path, most: SettingsFile.mostBytes), source: shown, folder: folder,
            vocabulary: SettingsFile.vocabulary)
        for setting in settings.events + settings.deploys where isSpecial(settings.located(setting.text)) {
            throw CommandError(
                "'\(setting.text)' is neither a file nor a folder", at: settings.place(setting),
                remedy: "pipes and devices are read only where the command line names them")
        }
        return settings
    }
}

/// The file that holds the settings of a project.
enum SettingsFile {
    static let name = ".blamedeploy.yml"
    /// Larger than anybody writes.
    static let mostBytes = 1 << 20

    /// The nearest file of that name, in a folder or above it. Above the folder only what the caller or root owns counts: whoever
    /// can write to a shared folder must not decide what is read here.
    static func find(from folder: String) -> String? {
        var current = folder
        while true {
            let path = current == "/" ? "/\(name)" : "\(current)/\(name)"
            var status = stat()
            if lstat(path, &status) == 0, [S_IFREG, S_IFLNK].contains(status.st_mode & S_IFMT),
                current == folder || status.st_uid == geteuid() || status.st_uid == 0
            {
                return path
            }
            guard current.hasPrefix("/"), current != "/" else { return nil }
            let above = current.split(separator: "/").dropLast().joined(separator: "/")
            current = "/\(above)"
        }
    }

    /// A path as messages name it: from the current folder, where it lies below.
    static func shown(_ path: String) -> String {
        guard let here = currentFolder(), path.hasPrefix(here + "/") else { return path }
        return String(path.dropFirst(here.count + 1))
    }

    static func currentFolder() -> String? {
        guard let buffer = getcwd(nil, 0) else { return nil }
        defer { free(buffer) }
        return String(cString: buffer)
    }

    static let vocabulary = SettingsVocabulary(
        roles: FieldRole.allCases.map(\.rawValue), faults: faultSlugs,
        formats: EventFormat.allCases.map(\.rawValue),
        isTime: { TimeExpression($0) != nil }, isZone: { zoneOffsetSeconds($0) != nil })
}

// MARK: Under the arguments

extension Settings {
    /// A path of the file, from where the program runs.
    func located(_ path: String) -> String {
        path.hasPrefix("/") || path == "-" || path.contains("://") || folder == "."
            ? path : "\(folder)/\(path)"
    }
}

extension EventOptions {
    /// The options with what the settings say where the arguments say nothing.
    func over(_ settings: Settings?) -> EventOptions {
        guard let settings else { return self }
        var options = self
        if events.isEmpty { options.events = settings.events.map { settings.located($0.text) } }
        let asked = Set(roleFields.keys.map(\.rawValue))
        options.roles += settings.roles.filter { !asked.contains($0.role) }.map {
            "\($0.role)=\($0.field.text)"
        }
        options.error = error ?? settings.error?.text
        options.format = format ?? settings.format?.text
        options.symptoms += settings.symptoms.map(\.text).filter { !causes.contains($0) }
        options.causes += settings.causes.map(\.text).filter { !symptoms.contains($0) }
        return options
    }
}

extension RepositoryOptions {
    /// The options with what the settings say where the arguments say nothing.
    ///
    /// - Throws: a wrong usage, where neither says what deploys there are without a repository.
    func over(_ settings: Settings?) throws -> RepositoryOptions {
        var options = self
        if let settings { options.take(settings) }
        try options.requireDeploys()
        return options
    }

    private mutating func take(_ settings: Settings) {
        environment = environment ?? settings.environment?.text
        if deploys.isEmpty {
            deploys = settings.deploys.map {
                DeploySourceName($0.text).isFile ? settings.located($0.text) : $0.text
            }
        }
        if !withoutRepository {
            let named = Set(repositories.compactMap { $0.split(separator: "=").first.map(String.init) })
            repositories += settings.repositories.filter { !named.contains($0.name) }
                .map { "\($0.name)=\(settings.located($0.folder.text))" }
        }
    }
}

extension WindowOptions {
    /// The options with what the settings say where the arguments say nothing.
    func over(_ settings: Settings?) -> WindowOptions {
        guard let settings else { return self }
        var options = self
        options.since = since ?? settings.since?.text
        options.zone.zone = zone.zone ?? settings.zone?.text
        return options
    }
}
