import ConfigTree
import DeployModel

/// F8: variables that the code newly reads and that no configuration defines.
///
/// A name is a variable when it is written in capitals and quotes, or behind `process.env.`, on a line that asks the
/// environment for it. Where none of the other variables that the same files read is configured in the repository, they are
/// configured elsewhere, and nothing is said.
func readsOfUndefined(
    _ files: [FileChange], before: (any SourceTree)?, after: any SourceTree, surroundings: Surroundings
) throws -> [FoundChange] {
    let reads = try NewReads(files, before: before, after: after)
    let (found, known) = (reads.new, reads.known)
    guard !found.isEmpty else { return [] }
    let defined = try namesDefined(Set(found.keys).union(known), in: after)
    guard !defined.isDisjoint(with: known) || !surroundings.after.variableNames.isEmpty else { return [] }
    return found.filter { !defined.contains($0.key) }.sorted { $0.key < $1.key }.map { name, place in
        let text =
            "\(name) is newly read here, and no configuration in this repository defines it"
            + (place.hasDefault ? "; there seems to be a default" : "")
        return FoundChange(
            change: FieldChange(
                path: place.path, line: place.line, endLine: place.line, fieldPath: "reads \(name)",
                before: nil,
                after: nil),
            path: [], findings: [FaultFinding(.readUndefined, weight: place.hasDefault ? 0.3 : nil, text)],
            isReachKnown: false)
    }
}

/// The variables that changed code newly reads.
struct NewReads {
    /// Where code reads a variable.
    struct Place {
        var path: String
        var line: Int
        /// Whether something seems to stand in for the variable.
        var hasDefault: Bool
    }

    /// Those that no changed file read before, where each is read first.
    private(set) var new: [String: Place] = [:]
    /// Those that the changed files read before.
    private(set) var known: Set<String> = []
    /// How many changed files were too many to look at.
    private(set) var filesLeftOut = 0

    init(_ files: [FileChange], before: (any SourceTree)?, after: any SourceTree) throws {
        let code = files.filter { isCode($0.path) || isCode($0.pathBefore) }
        filesLeftOut = max(0, code.count - mostFiles)
        for file in code.prefix(mostFiles) {
            func reads(_ path: String, in tree: (any SourceTree)?) throws -> [(
                name: String, line: Int, hasDefault: Bool
            )] {
                guard let contents = try tree?.contents(of: path), contents.count <= 1 << 20 else {
                    return []
                }
                return variableReads(contents)
            }
            if file.status != .added { known.formUnion(try reads(file.pathBefore, in: before).map(\.name)) }
            guard file.status != .removed else { continue }
            for read in try reads(file.path, in: after) where new[read.name] == nil {
                new[read.name] = Place(path: file.path, line: read.line, hasDefault: read.hasDefault)
            }
        }
        for name in known { new[name] = nil }
    }
}

/// Which of some names stand in configuration, or in files that set variables as well.
///
/// - Parameter isLookedAt: which files; all of these by default.
func namesDefined(
    _ names: Set<String>, in tree: any SourceTree,
    where isLookedAt: (String) -> Bool = { mayBeConfiguration(path: $0) || isSetup($0) }
) throws -> Set<String> {
    var defined: Set<String> = []
    for path in try tree.paths() where isLookedAt(path) {
        guard defined.count < names.count else { break }
        guard let contents = try tree.contents(of: path), contents.count <= 1 << 20 else { continue }
        for word in contents.split(whereSeparator: { !isNamePart($0) })
        where word.count >= 4 && word.first != 0x5F {
            guard word.allSatisfy({ $0 < 0x61 }), word.contains(0x5F) else { continue }
            let name = String(decoding: word, as: UTF8.self)
            if names.contains(name) { defined.insert(name) }
        }
    }
    return defined
}

private func isNamePart(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
        || byte == 0x5F
}

private let mostFiles = 300

/// Whether a file is of a program that may read its environment.
func isCode(_ path: String) -> Bool {
    let endings = [
        ".go", ".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".rb", ".rs", ".java", ".kt", ".scala", ".ml",
        ".fs", ".cs",
        ".php", ".ex", ".exs", ".swift", ".clj", ".c", ".cc", ".cpp", ".hs", ".groovy", ".sh",
    ]
    let lowered = path.lowercased()
    return endings.contains(where: lowered.hasSuffix)
        && !["test", "spec", "fixture", "mock", "example", "vendor/", "node_modules/"].contains(
            where: lowered.contains)
}

/// Files that may set variables without being configuration.
func isSetup(_ path: String) -> Bool {
    let lowered = path.lowercased()
    return ["dockerfile", "makefile", ".sh", "procfile", ".service", ".bat", ".cmd", ".ps1", ".mk"].contains(
        where: lowered.hasSuffix)
}

/// The variables that a source text reads, each where it does first.
func variableReads(_ contents: [UInt8]) -> [(name: String, line: Int, hasDefault: Bool)] {
    let defaults = [
        ".get(", "??", "||", "unwrap_or", "default", "fallback", "getordefault", "or else", ":-", ", \"\")",
    ]
    var reads: [(name: String, line: Int, hasDefault: Bool)] = []
    var seen: Set<String> = []
    for (index, line) in contents.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        // The names first: hardly any line has one, and looking for words is slow.
        guard line.count < 500, line.contains(UInt8(ascii: "_")), case let names = capitalNames(in: line),
            !names.isEmpty
        else { continue }
        let lowered = String(decoding: line, as: UTF8.self).lowercased()
        let hasDefault = defaults.contains(where: lowered.contains)
        for name in names where seen.insert(name).inserted { reads.append((name, index + 1, hasDefault)) }
    }
    return reads
}

/// Names such as `PUSH_URL` that stand in quotes or behind `env.`.
private func capitalNames(in line: ArraySlice<UInt8>) -> [String] {
    func isPart(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
    }
    var names: [String] = []
    var index = line.startIndex
    while index < line.endIndex {
        guard (0x41...0x5A).contains(line[index]), index > line.startIndex else {
            index += 1
            continue
        }
        let end = line[index...].firstIndex { !isPart($0) } ?? line.endIndex
        let before = line[index - 1]
        let isQuoted =
            [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(before) && end < line.endIndex
            && line[end] == before
        let isMember = line[..<index].suffix(4).elementsEqual("env.".utf8)
        if isQuoted && isAsked(line[..<(index - 1)]) || isMember, end - index >= 4,
            line[index..<end].contains(UInt8(ascii: "_")), !isOfPlatform(line[index..<end])
        {
            names.append(String(decoding: line[index..<end], as: UTF8.self))
        }
        index = max(end, index + 1)
    }
    return names
}

/// Whether what stands before a quoted name asks the environment for it: `os.Getenv(`, `ENV[`.
private func isAsked(_ before: ArraySlice<UInt8>) -> Bool {
    var rest = before.suffix(40)
    while let last = rest.last, last == UInt8(ascii: "(") || last == UInt8(ascii: "[") || last == 0x20 {
        rest = rest.dropLast()
    }
    let text = String(decoding: rest, as: UTF8.self).lowercased()
    let asking = [
        "environ", "environ.get", "getenv", "lookupenv", "process.env", "env", "env.fetch", "env::var",
        "env::var_os", "require_str",
        "require", "required", "must", "mustenv", "must_env", "need", "env!", "env.get", "getproperty",
        "env_var", "getenvironmentvariable", "get_env", "fetch_env!",
    ]
    return asking.contains(where: text.hasSuffix)
}

/// Names that platforms set by themselves.
private func isOfPlatform(_ name: ArraySlice<UInt8>) -> Bool {
    [
        "AWS_", "KUBERNETES_", "GITHUB_", "GITLAB_", "CI_", "XDG_", "GOOGLE_", "AZURE_", "NODE_ENV",
        "RAILS_ENV", "RACK_ENV", "LC_", "ECS_", "LAMBDA_",
    ]
    .contains { name.starts(with: $0.utf8) }
}

extension ManifestIndex {
    /// The variables that configuration sets: those of containers, of ConfigMaps and of `.env` files.
    var variableNames: Set<String> {
        var names: Set<String> = []
        for manifest in manifests {
            for container in manifest.containers {
                for variable in container["env"]?.elements ?? [] {
                    if let name = variable["name"]?.text { names.insert(name) }
                }
            }
            for service in manifest.root["services"]?.entries ?? [] {
                let environment = service.value["environment"]
                names.formUnion(environment?.entries.map(\.key) ?? [])
                let assigned = environment?.elements.compactMap { $0.text?.split(separator: "=").first } ?? []
                names.formUnion(assigned.map(String.init))
            }
            if manifest.object.kind == "ConfigMap" || manifest.object.kind == "env" {
                let entries =
                    manifest.object.kind == "env"
                    ? manifest.root.entries : manifest.root["data"]?.entries ?? []
                for entry in entries { names.insert(entry.key) }
            }
        }
        return names.filter { $0.contains("_") && $0 == $0.uppercased() }
    }
}
