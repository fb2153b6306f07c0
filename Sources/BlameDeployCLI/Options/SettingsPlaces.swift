import DeployModel
import EventIngest
import Settings

/// What was typed on the command line, which the settings give way to: what else is wrong stands in their file.
struct TypedOptions {
    var events: EventOptions
    var repository: RepositoryOptions?
    /// The expression of `explain --failing`.
    var failing: String?
}

extension Settings? {
    /// Does something, and says of an error that comes of the settings where it stands there, and in their words.
    func placing<Result>(besides typed: TypedOptions, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as IngestError {
            if error.subject == .expression, error.location == "--error", typed.failing != nil {
                var own = error
                own.location = "--failing"
                throw own
            }
            throw self?.placed(error, besides: typed) ?? error
        } catch let error as CommandError {
            throw self?.placed(error, besides: typed) ?? error
        }
    }
}

extension Settings {
    /// The same error at its line of the file; `nil` when the settings have nothing to do with it.
    fileprivate func placed(_ error: IngestError, besides typed: TypedOptions) -> CommandError? {
        switch error.subject {
        case .expression:
            guard typed.failing == nil, typed.events.error == nil, let setting = self.error else {
                return nil
            }
            let isMissing = error.code == .missingRole
            return CommandError(
                isMissing ? "\(error.problem), at 'error'" : error.problem, at: place(setting),
                remedy: isMissing
                    ? "check its name; `blamedeploy explain FILE --no-config` says which fields it took for what"
                    : error.remedy)
        case .format:
            guard typed.events.format == nil, let format else { return nil }
            return CommandError(
                "\(error.location ?? "the export") does not look like \(format.text), which 'format-in' asks for",
                at: place(format), remedy: "leave 'format-in' out to have the format recognised")
        case .role(let role):
            guard typed.events.roleFields[role] == nil,
                let setting = roles.first(where: { $0.role == role.rawValue })?.field
            else { return nil }
            return CommandError(
                inOwnWords(error.problem), at: place(setting), remedy: error.remedy.map(inOwnWords))
        case nil:
            guard let path = error.location, typed.events.events.isEmpty,
                let setting = events.first(where: { located($0.text) == path })
            else { return nil }
            return named(setting, by: "events", error.problem, error.remedy)
        }
    }

    fileprivate func placed(_ error: CommandError, besides typed: TypedOptions) -> CommandError? {
        guard let repository = typed.repository else { return nil }
        if let path = error.location, repository.deploys.isEmpty,
            let setting = deploys.first(where: { located($0.text) == path })
        {
            return named(setting, by: "deploys", error.problem, error.remedy)
        }
        for (name, folder) in repositories {
            let option = "--repo \(name)=\(located(folder.text))"
            guard error.problem.hasPrefix(option),
                !repository.repositories.contains(String(option.dropFirst(7)))
            else { continue }
            return CommandError(
                "the repository '\(name)', \(located(folder.text))\(error.problem.dropFirst(option.count))",
                at: place(folder), remedy: "name the folder of the code of \(name) there")
        }
        return nil
    }

    /// An error about a file that the settings name.
    private func named(
        _ setting: Setting, by key: String, _ problem: String, _ remedy: String?
    ) -> CommandError {
        CommandError(
            "\(located(setting.text)), which '\(key)' names: \(problem)", at: place(setting),
            remedy: remedy?.hasPrefix("check the path") ?? true
                ? "check the path; it starts from the folder of the settings" : remedy)
    }

    func place(_ setting: Setting) -> String { "\(source):\(setting.line)" }

    /// `--map pod=x` as the file has it: `pod: x` below `map`.
    private func inOwnWords(_ text: String) -> String {
        var parts = text.replacing("--map gives", with: "'map' gives").split(
            separator: "--map ", omittingEmptySubsequences: false
        ).map(String.init)
        for index in parts.indices.dropFirst() {
            guard let sign = parts[index].firstIndex(of: "=") else { continue }
            parts[index].replaceSubrange(sign...sign, with: ": ")
        }
        return parts.joined()
    }
}
