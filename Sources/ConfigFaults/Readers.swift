import ConfigTree
import DeployModel

/// Who reads the variables that a change removes or renames, at the commit after it.
struct Readers {
    /// Places in files that are neither configuration nor prose, by name.
    private let code: [String: [Occurrence]]
    /// The variables that are new and those that are gone, by file and value.
    private let added: [Holder: Set<String>]
    private let removed: [Holder: Set<String>]
    /// Names that configuration still defines after the change.
    private let defined: [String: Set<String>]
    /// Names that stand in a file of configuration where something is filled in for them.
    private let filled: Set<String>
    private let fillings: [String: [String]]
    /// The workloads of the configuration, by the letters and digits of their names.
    private let services: Set<String>
    /// Whether there is any code beside the configuration: where there is none, nobody can say that a variable is unread.
    let hasCode: Bool

    private struct Holder: Hashable {
        var path: String
        var value: String?
    }

    /// - Parameter examples: files that are there to be copied and define nothing themselves.
    init(
        _ changes: [FoundChange], after tree: any SourceTree, configuration: Surroundings,
        except examples: Set<String>
    ) throws {
        var added: [Holder: Set<String>] = [:]
        var removed: [Holder: Set<String>] = [:]
        for change in changes {
            guard let name = change.variableName else { continue }
            if change.change.before == nil {
                added[Holder(path: change.change.path, value: change.change.after), default: []].insert(name)
            }
            if change.change.after == nil {
                removed[Holder(path: change.change.path, value: change.change.before), default: []].insert(
                    name)
            }
        }
        self.added = added
        self.removed = removed
        services = Set(configuration.after.workloads.map { lettersAndDigits($0.object.name) })
        guard !removed.isEmpty else {
            code = [:]
            (defined, filled, fillings) = ([:], [], [:])
            hasCode = false
            return
        }
        let wanted = Set((Array(removed.values) + Array(added.values)).flatMap { $0 })
        let beside = variablesBeside(changes, configuration).subtracting(wanted)
        let all = try tree.occurrences(of: wanted.union(beside.sorted().prefix(mostBeside)))
        // Code that reads none of the variables is another program's.
        hasCode =
            try tree.paths().contains(where: isCode)
            && (beside.isEmpty || all.values.contains { $0.contains { mayRead($0.path) } })
        let occurrences = all.filter { wanted.contains($0.key) }
        // Many names stand in few files.
        var paths: Set<String> = []
        for places in occurrences.values { for place in places { paths.insert(place.path) } }
        let readers = paths.filter(mayRead)
        let definers = paths.filter { mayBeConfiguration(path: $0) || isSetup($0) }.subtracting(examples)
        let asked = try AskingPlaces(
            occurrences.mapValues { $0.filter { mayBeConfiguration(path: $0.path) && !isExample($0.path) } },
            in: tree)
        filled = asked.filled
        fillings = asked.fillings
        code = try readingPlaces(
            occurrences.mapValues { places in places.filter { readers.contains($0.path) } }, in: tree
        ).merging(asked.read) { $0 + $1 }
        defined = occurrences.mapValues { places in
            Set(places.map(\.path).filter(definers.contains))
        }
    }

    /// Whether configuration is filled in with a name.
    func isFilledIn(_ name: String) -> Bool { filled.contains(name) }

    /// Where code reads a name.
    func places(of name: String) -> [Occurrence] { code[name] ?? [] }

    /// Where the code of a workload may read a name: not in a folder that is called after another workload.
    func places(of name: String, for object: ConfigObject?) -> [Occurrence] {
        let places = places(of: name)
        guard let object, Manifest.workloadKinds.contains(object.kind), !places.isEmpty else { return places }
        let own = Set([object.name, object.container ?? object.name].map(lettersAndDigits))
        return places.filter { place in
            let folders = place.path.split(separator: "/").dropLast().map { lettersAndDigits($0) }
            return !own.isDisjoint(with: folders) || services.isDisjoint(with: folders)
        }
    }

    /// The other name of a variable that was renamed in a file: the one new there with the value of the one gone.
    func otherName(of change: FoundChange) -> String? {
        let path = change.change.path
        // Several workloads of one file may be changed in the same way.
        let names =
            change.change.after == nil
            ? added[Holder(path: path, value: change.change.before)]
            : removed[Holder(path: path, value: change.change.after)]
        // What was renamed may be the way to a variable that is called as before.
        return names?.count == 1 ? names?.first { $0 != change.variableName } : nil
    }

    /// Whether what was called by an old name is put into a variable of that name under its new one: `OLD: ${NEW}`.
    func isPassedOn(_ new: String, as old: String) -> Bool {
        fillings[new, default: []].contains { line in
            guard ["${\(new)}", "${\(new):", "$(\(new))"].contains(where: line.holds) else { return false }
            let start = line.drop { $0 == " " || $0 == "-" || $0 == "\"" }
            return start.hasPrefix(old) && [":", "="].contains(where: start.dropFirst(old.count).hasPrefix)
        }
    }

    /// Whether configuration elsewhere still defines a name.
    func isDefinedElsewhere(_ name: String, than path: String) -> Bool {
        defined[name].map { !$0.subtracting([path]).isEmpty } ?? false
    }
}

private func lettersAndDigits(_ name: some StringProtocol) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
}

private let mostBeside = 100

/// The variables of the workloads and of the files of variables that changes are of.
private func variablesBeside(_ changes: [FoundChange], _ configuration: Surroundings) -> Set<String> {
    let paths = Set(changes.filter { $0.variableName != nil }.map(\.change.path))
    var names: Set<String> = []
    for manifest in configuration.before.manifests + configuration.after.manifests
    where paths.contains(manifest.path) {
        if manifest.object.kind == "env" { names.formUnion(manifest.root.entries.map(\.key)) }
        for container in manifest.containers {
            names.formUnion((container["env"]?.elements ?? []).compactMap { $0["name"]?.text })
        }
    }
    return names.filter(isVariableName)
}

/// Where files of configuration ask for names.
private struct AskingPlaces {
    /// Those that a program asks for when it reads its configuration: `<%= ENV["X"] %>`, `${X}` in a Spring file.
    var read: [String: [Occurrence]] = [:]
    /// Those that something else fills in before.
    var filled: Set<String> = []
    /// The lines where a name is filled in.
    var fillings: [String: [String]] = [:]

    init(_ places: [String: [Occurrence]], in tree: any SourceTree) throws {
        guard places.values.reduce(0, { $0 + $1.count }) <= mostPlacesOfAll else { return }
        var texts: [String: [Substring]] = [:]
        for (name, places) in places where places.count <= mostPlaces {
            for place in places {
                if texts[place.path] == nil {
                    let text = String(decoding: try tree.contents(of: place.path) ?? [], as: UTF8.self)
                    texts[place.path] = text.split(separator: "\n", omittingEmptySubsequences: false)
                }
                guard let lines = texts[place.path], lines.indices.contains(place.line - 1) else { continue }
                let line = String(lines[place.line - 1])
                if ["ENV[\"\(name)\"", "ENV['\(name)'", "ENV.fetch(\"\(name)\"", "ENV.fetch('\(name)'"]
                    .contains(where: line.holds)
                    || isOfSpring(place.path) && line.holds("${\(name)")
                {
                    read[name, default: []].append(place)
                } else if line.holds("${\(name)") || line.holds("$\(name)") || line.holds("$(\(name))") {
                    filled.insert(name)
                    fillings[name, default: []].append(line)
                }
            }
        }
    }
}

/// Whether a file is one that Spring reads, by its name.
private func isOfSpring(_ path: String) -> Bool {
    let name = path.split(separator: "/").last ?? ""
    return (name.hasPrefix("application") || name.hasPrefix("bootstrap"))
        && [".properties", ".yml", ".yaml"].contains(where: name.hasSuffix)
}

/// Leaves out of places in code those that only speak of a name, or where it is the program's own name for something: a comment;
/// and, where the program gives that name to a value itself, whatever does not put it in quotes or ask the environment.
private func readingPlaces(
    _ places: [String: [Occurrence]], in tree: any SourceTree
) throws -> [String: [Occurrence]] {
    var texts: [String: [Substring]] = [:]
    func line(_ place: Occurrence) throws -> Substring? {
        if texts[place.path] == nil {
            let text = String(decoding: try tree.contents(of: place.path) ?? [], as: UTF8.self)
            texts[place.path] = text.split(separator: "\n", omittingEmptySubsequences: false)
        }
        guard let lines = texts[place.path], lines.indices.contains(place.line - 1) else { return nil }
        return lines[place.line - 1]
    }
    var found = places
    guard places.values.reduce(0, { $0 + $1.count }) <= mostPlacesOfAll else { return places }
    for (name, places) in places where places.count <= mostPlaces {
        let said = try places.map { (place: $0, mention: Mention(of: name, in: try line($0))) }
        let isOwn = said.contains { $0.mention == .named }
        found[name] = said.filter { $0.mention == .asked || $0.mention == .plain && !isOwn }.map(\.place)
    }
    return found
}

/// More places of one name, or of all, are not looked at one by one.
private let mostPlaces = 50, mostPlacesOfAll = 20_000

/// What a line of code does with a name.
private enum Mention {
    /// It stands in quotes, or the line asks the environment.
    case asked
    /// It is given to a value.
    case named
    /// It only speaks of it.
    case comment
    case plain

    init(of name: String, in line: Substring?) {
        // What is packed into one line is not taken apart.
        guard let line, line.utf8.count <= 1000 else {
            self = .plain
            return
        }
        let code = line.drop { $0 == " " || $0 == "\t" }
        // `#[arg(env = …)]` and `#define` are no comments.
        if ["# ", "##", "//", "* ", "/*", "-- ", ";;", "(*"].contains(where: code.hasPrefix) {
            self = .comment
            return
        }
        let lowered = code.lowercased(), isNaming = Self.isNaming(code, name)
        let isQuoted = ["\"", "'", "`", "$", "{", "%"].contains { code.contains("\($0)\(name)") }
        let isOfEnvironment =
            lowered.contains("env.\(name.lowercased())")
            || !isNaming && lowered.replacing(name.lowercased(), with: "").contains("env")
        self = isQuoted || isOfEnvironment ? .asked : isNaming ? .named : .plain
    }

    /// `NAME = …`, with or without `const`, and not `NAME == …`.
    private static func isNaming(_ code: Substring, _ name: String) -> Bool {
        guard let place = code.firstRange(of: name) else { return false }
        let words = code[..<place.lowerBound].split(separator: " ")
        guard words.allSatisfy({ $0.allSatisfy(\.isLetter) }), words.count <= 4 else { return false }
        let rest = code[place.upperBound...].drop { $0 == " " }
        return rest.hasPrefix(":=") || rest.hasPrefix("=") && !rest.hasPrefix("==") && !rest.hasPrefix("=>")
    }
}

extension FoundChange {
    /// The variable that the change adds, removes or sets as a whole: an entry of `env`, or a line of an `.env` file.
    var variableName: String? {
        if let landedVariable { return landedVariable }
        let name: String?
        if path.count >= 2, case .element(let element)? = path.last, path[path.count - 2] == .key("env") {
            name = element
        } else if change.object?.kind == "env", path.count == 1 {
            name = path[0].name
        } else if path.count >= 2, ["environment", "literals"].contains(path[path.count - 2].name) {
            name = path.last?.name
        } else if change.object?.kind == "ConfigMap", path.count == 2, path[0] == .key("data") {
            name = path[1].name
        } else {
            name = nil
        }
        return name.flatMap { isVariableName($0) ? $0 : nil }
    }
}

extension FoundChange {
    /// The variable that the change is of, or of whose value it is.
    var variableHere: String? {
        guard path.last == .key("value"), let name = path.variable else { return variableName }
        return isVariableName(name) ? name : nil
    }
}

private func isVariableName(_ name: String) -> Bool {
    name.utf8.count >= 4
        && name.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
}

/// Whether a file that names a variable may be one that reads it.
func mayRead(_ path: String) -> Bool {
    !mayBeConfiguration(path: path) && !isProse(path) && !isSetup(path)
}

extension ConfigComparison {
    /// Whether something changed, and all of it is documents: nothing that runs, or is built, reads them.
    public var changesProseOnly: Bool {
        filesChanged > 0 && configFiles == 0 && otherFiles.count == filesChanged
            && otherFiles.allSatisfy { path in
                let name = path.split(separator: "/").last.map(String.init) ?? path
                return ["LICENSE", "CODEOWNERS", "AUTHORS", "NOTICE", ".gitignore", ".editorconfig"].contains(
                    name)
                    || [".md", ".markdown", ".rst", ".adoc"].contains(where: name.lowercased().hasSuffix)
            }
    }
}

private func isProse(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return [".md", ".txt", ".rst", ".adoc", ".lock", ".svg", ".bzl", ".patch", ".diff"].contains {
        lowered.hasSuffix($0)
    }
}

/// F6, F7 and F9: what became of the readers of a variable that is gone.
func findReaders(of change: inout FoundChange, readers: Readers) {
    guard let name = change.variableName else { return }
    if change.change.before == nil {
        // A new name of something old is as innocent as the old name's going.
        guard readers.hasCode, let old = readers.otherName(of: change), readers.places(of: old).isEmpty,
            !readers.isFilledIn(old)
        else { return }
        change.innocence = Evidence(
            kind: "consistent_rename", text: "it is the new name of \(old)", weight: -0.9)
        return
    }
    guard change.change.after == nil else { return }
    let places = readers.places(of: name, for: change.change.object)
    let renamed = readers.otherName(of: change)
    if let renamed, readers.isPassedOn(renamed, as: name) {
        change.innocence = Evidence(
            kind: "consistent_rename", text: "\(renamed) is filled in where \(name) is read", weight: -0.9)
        return
    }
    if let first = places.first {
        let place = "\(first.path):\(first.line)"
        if let renamed {
            let isRead = !readers.places(of: renamed).isEmpty
            change.findings.append(
                FaultFinding(
                    .renamedUnread, weight: isRead ? 0.6 : nil,
                    "\(name) is now called \(renamed), and \(place) still reads the old name"))
        } else {
            let isElsewhere = readers.isDefinedElsewhere(name, than: change.change.path)
            var finding = FaultFinding(
                .removedStillRead, weight: isElsewhere ? 0.5 : nil,
                "\(name) is removed here, and \(place) still reads it")
            finding.isOfMissing = true
            change.findings.append(finding)
        }
        return
    }
    guard readers.hasCode, !readers.isFilledIn(name), readers.places(of: name).isEmpty else { return }
    let text =
        renamed.map { new in
            readers.places(of: new).first.map {
                "\(name) is called \(new) now, in the configuration and in the code (\($0.path):\($0.line))"
            }
                ?? "\(name) is called \(new) now, and no code reads the old name"
        } ?? "\(name) is removed, and nothing reads it any more"
    change.innocence = Evidence(
        kind: renamed == nil ? "consistent_removal" : "consistent_rename", text: text, weight: -0.9)
}
