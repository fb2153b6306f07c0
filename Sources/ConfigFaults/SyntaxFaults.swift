import ConfigTree
import DeployModel

/// F39 and F44: a file that parsed before and does not any more, or that is new and never did; a template that does not
/// compile; a text of JSON inside that is none; markers of an unfinished merge.
func findSyntaxFaults(_ file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after else { return }
    let path = file.file.path
    func add(_ line: Int, _ finding: FaultFinding, _ field: String) {
        changes.append(
            FoundChange(
                change: FieldChange(
                    path: path, line: line, endLine: line, fieldPath: field, before: nil, after: nil),
                path: [], findings: [finding], isReachKnown: false))
    }
    if let marker = after.lines.firstIndex(where: { $0.hasPrefix("<<<<<<< ") }) {
        add(
            marker + 1,
            FaultFinding(.conflictMarkers, "line \(marker + 1) is a marker of an unfinished merge"),
            wholeFile)
    }
    if let problem = newProblem(of: file, after), let text = problem.said {
        add(
            brokenLine(of: file, after, from: problem),
            FaultFinding(.unparsable, weight: problem.weight, text),
            wholeFile)
    } else if let line = newTrailingComma(of: file, after) {
        add(
            line,
            FaultFinding(
                .unparsable, weight: 0.8,
                "a comma stands before the end of a list or an object, where JSON takes none: most readers stop there"
            ), wholeFile)
    }
    for problem in newProblems(inside: file, after) {
        let group = [path: changes.indices.filter { changes[$0].change.path == path }]
        attach(
            FaultFinding(
                .unparsable, weight: 0.8,
                "\(problem.name) holds JSON that does not parse: \(problem.text), in line \(problem.line)"),
            line: problem.line, field: problem.name, path: path, among: group, to: &changes)
    }
}

/// What is told of a file as a whole is called so.
private let wholeFile = "the file"

/// Takes away what was found in a file that does not parse any more: what is read of it may be anything, of JSON all of it.
func dropFindingsOfBroken(_ files: [ChangedFile], changes: inout [FoundChange]) {
    let broken = Set(
        changes.filter { change in
            change.change.fieldPath == wholeFile && change.findings.contains { $0.fault == .unparsable }
        }.map(\.change.path))
    guard !broken.isEmpty else { return }
    for index in changes.indices
    where broken.contains(changes[index].change.path) && changes[index].change.fieldPath != wholeFile {
        let isGone = changes[index].change.after == nil
        let isWhole = changes[index].change.path.hasSuffix(".json")
        changes[index].findings.removeAll { finding in
            isWhole || isGone || finding.fault == .structureMoved
        }
    }
}

/// Where a file was broken: at the changed line with an open quote before the place where its reader gave up, else at the last changed
/// one before that place, else there.
private func brokenLine(of file: ChangedFile, _ after: ConfigFile, from problem: FileProblem) -> Int {
    let told = problem.mark.line
    guard file.before != nil,
        problem.said.map({ !$0.hasPrefix("the template") && !$0.holds("alias") }) ?? true
    else { return told }
    let changed = file.lines.stretches(newCount: after.lines.count).flatMap(\.new).filter { $0 < told }
    func isOpen(_ line: Int) -> Bool {
        let text = after.lines[line].trimmed
        return !text.hasPrefix("#") && text.utf8.count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 1
    }
    if let open = changed.last(where: isOpen) { return open + 1 }
    let isChanged = file.lines.stretches(newCount: after.lines.count).contains { $0.new.contains(told - 1) }
    return isChanged ? told : changed.last.map { $0 + 1 } ?? told
}

/// Where a JSON file has come to have a comma before a closing bracket.
private func newTrailingComma(of file: ChangedFile, _ after: ConfigFile) -> Int? {
    let path = file.file.path.lowercased()
    let lenient = [
        "tsconfig", "jsconfig", ".vscode/", "devcontainer", ".eslintrc", "renovate", "babel", ".swcrc",
        "deno.json", "biome", "turbo.json", "wrangler", "nx.json",
    ]
    guard path.hasSuffix(".json"), !after.isTemplate, !lenient.contains(where: path.holds) else { return nil }
    func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }
    func ends(_ line: String) -> Bool { line.utf8.last { !isBlank($0) } == UInt8(ascii: ",") }
    func closes(_ line: String) -> Bool {
        let first = line.utf8.first { !isBlank($0) }
        return first == UInt8(ascii: "}") || first == UInt8(ascii: "]")
    }
    func comma(_ lines: [String], near changed: some Sequence<Int>) -> Int? {
        for line in changed {
            let above =
                closes(lines[line]) ? lines[..<line].lastIndex { $0.utf8.contains { !isBlank($0) } } : nil
            for last in [above, line].compactMap({ $0 }) where ends(lines[last]) {
                let next = lines[(last + 1)...].first { $0.utf8.contains { !isBlank($0) } }
                if next.map(closes) ?? false { return last + 1 }
            }
        }
        return nil
    }
    let changed = file.lines.stretches(newCount: after.lines.count).flatMap(\.new)
    guard let line = comma(after.lines, near: changed),
        // Whoever reads comments, or read such a comma before, reads this one as well.
        !after.lines.contains(where: { $0.trimmed.hasPrefix("//") || $0.trimmed.hasPrefix("/*") }),
        file.before.map({ comma($0.lines, near: $0.lines.indices) == nil }) ?? true
    else { return nil }
    return line
}

/// Why a file cannot be read that could be before.
private struct FileProblem {
    var mark: Mark
    var said: String?
    var weight: Double?
}

private func newProblem(of file: ChangedFile, _ after: ConfigFile) -> FileProblem? {
    // A template is judged first: that it does not compile is why what is left of it does not parse.
    if let problem = after.templateProblem {
        guard file.before?.templateProblem == nil, isOfChart(after) else { return nil }
        return FileProblem(mark: problem.mark, said: "the template does not compile: \(problem.text)")
    }
    if after.isTemplate, let open = unclosedBlock(in: after.lines),
        file.before.map({ unclosedBlock(in: $0.lines) == nil }) ?? true
    {
        return FileProblem(
            mark: Mark(line: open.line, column: 1), said: "the template does not compile: \(open.text)")
    }
    // Directives of Terraform's templates are followed by nobody here.
    guard !after.lines.contains(where: { $0.holds("%{") }) else { return nil }
    // INI files are read leniently by their programs, each in its own way.
    guard after.format != .ini, let problem = after.documents.compactMap(\.problem).first else { return nil }
    guard let before = file.before else {
        // What only looks like YAML between its expressions may become it.
        return after.isTemplate
            ? nil : FileProblem(mark: problem.mark, said: "it is new and does not parse: \(problem.text)")
    }
    guard !before.documents.contains(where: { $0.problem != nil }) else { return nil }
    return FileProblem(
        mark: problem.mark, said: "it parsed before and does not any more: \(problem.text)")
}

extension ConfigFile {
    /// Why it does not compile as a Go template.
    fileprivate var templateProblem: ParseProblem? {
        guard format == .yaml || format == .json, lines.contains(where: { $0.holds("{{") }) else {
            return nil
        }
        return ConfigTree.templateProblem(in: Array(lines.joined(separator: "\n").utf8))
    }
}

// MARK: Objects

/// F13: a new document that has a kind and is none of any version, mostly because its first line lost a letter.
func findMissingVersions(in file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after, after.format == .yaml, !after.isTemplate else { return }
    let path = file.file.path
    // A patch need not say it.
    guard !path.lowercased().holds("patch") else { return }
    func unversioned(_ file: ConfigFile) -> [ConfigNode] {
        file.documents.compactMap(\.root).filter { root in
            guard let kind = root["kind"]?.text, kind.first?.isUppercase ?? false else { return false }
            return root["apiVersion"] == nil && root["metadata"]?["name"] != nil
        }
    }
    let found = unversioned(after)
    guard !found.isEmpty else { return }
    let known = Set((file.before.map(unversioned) ?? []).compactMap { $0["metadata"]?["name"]?.text })
    let byPath = [path: changes.indices.filter { changes[$0].change.path == path }]
    for root in found {
        guard let name = root["metadata"]?["name"]?.text, !known.contains(name) else { continue }
        let slip = root.entries.first { $0.key.hasSuffix("ersion") }
        attach(
            FaultFinding(
                .refusedType,
                "\(root["kind"]?.text ?? "") \(name) has no apiVersion\(slip.map { ", but `\($0.key)`" } ?? ""): the API server takes no object without one"
            ), line: slip?.keyMark.line ?? root.start.line, field: "apiVersion", path: path, among: byPath,
            to: &changes)
    }
}

// MARK: Anchors

/// F13: an anchor on nothing. The value is null, where an alias of the same name was meant.
func findEmptyAnchors(in file: ChangedFile, changes: inout [FoundChange]) {
    guard let after = file.after, after.format == .yaml else { return }
    let path = file.file.path
    let empty = file.lines.stretches(newCount: after.lines.count).flatMap(\.new).compactMap { line in
        emptyAnchor(after.lines, line).map { (line: line, name: $0) }
    }
    guard !empty.isEmpty else { return }
    let used = Set(after.lines.flatMap(\.namesOfAnchors))
    let own = [path: changes.indices.filter { changes[$0].change.path == path }]
    for (line, name) in empty where used.contains(name) {
        attach(
            FaultFinding(
                .typeTrap,
                "&\(name) names an anchor and gives no value, which is null; *\(name) is its value"),
            line: line + 1, field: name, path: path, among: own, to: &changes)
    }
}

extension String {
    /// The names behind the stars of a line, and those of its anchors that a value follows.
    fileprivate var namesOfAnchors: [String] {
        guard utf8.contains(where: { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "&") }) else { return [] }
        return indices.filter { self[$0] == "*" || self[$0] == "&" }.compactMap { sign in
            let name = self[index(after: sign)...].prefix { $0.isPartOfAnchor }
            guard !name.isEmpty else { return nil }
            let isFollowed = name.endIndex < endIndex && self[name.endIndex] == " "
            return self[sign] == "*" || isFollowed ? String(name) : nil
        }
    }
}

extension Character {
    fileprivate var isPartOfAnchor: Bool { isLetter || isNumber || self == "-" || self == "_" }
}

/// The anchor that ends a line, where nothing deeper follows.
private func emptyAnchor(_ lines: [String], _ line: Int) -> String? {
    guard lines[line].utf8.contains(UInt8(ascii: "&")) else { return nil }
    let text = lines[line].trimmed
    guard !text.hasPrefix("#"), let sign = text.lastIndex(of: "&"), text[..<sign].hasSuffix(": ") else {
        return nil
    }
    let name = text[text.index(after: sign)...]
    guard !name.isEmpty, name.allSatisfy(\.isPartOfAnchor) else {
        return nil
    }
    func indent(_ line: String) -> Int { line.prefix { $0 == " " }.count }
    guard let next = lines[(line + 1)...].first(where: { !$0.trimmed.isEmpty && !$0.trimmed.hasPrefix("#") })
    else {
        return String(name)
    }
    let isList = next.trimmed.hasPrefix("- ")
    return indent(next) > indent(lines[line])
        || isList && indent(next) == indent(lines[line]) && !text.hasPrefix("- ") ? nil : String(name)
}

// MARK: JSON inside texts

/// A text inside a file that is meant as JSON and is none.
private struct InnerProblem {
    var name: String
    var text: String
    var line: Int
}

private func newProblems(inside file: ChangedFile, _ after: ConfigFile) -> [InnerProblem] {
    let problems = innerProblems(of: after)
    guard !problems.isEmpty else { return [] }
    let known = Set(file.before.map(innerProblems(of:))?.map(\.name) ?? [])
    return problems.filter { !known.contains($0.name) }
}

/// Whether a file is a template of Helm or the like: `{{` in another file may be for somebody else.
private func isOfChart(_ file: ConfigFile) -> Bool {
    file.path.hasPrefix("templates/") || file.path.holds("/templates/")
        || [".tpl", ".tmpl", ".gotmpl", ".template"].contains(where: file.path.holds)
        || file.lines.contains { line in
            line.holds("{{") && [".Values", ".Release", ".Chart"].contains(where: line.holds)
        }
}

/// Whether a text begins as JSON does, and not as a section of an INI file, a table of TOML or a template.
private func mayBeJSON(_ text: String) -> Bool {
    let start = text.drop(while: \.isWhitespace)
    let rest = start.dropFirst().drop(while: \.isWhitespace)
    guard let first = start.first, let next = rest.first else { return true }
    if first == "{" { return next == "\"" || next == "}" }
    return "\"[{]-".contains(next) && !(next == "[" && (rest.dropFirst().first?.isLetter ?? false))
        || next.isNumber
        || ["true", "false", "null"].contains(where: rest.hasPrefix)
}

private func innerProblems(of file: ConfigFile) -> [InnerProblem] {
    guard file.format == .yaml, file.lines.contains(where: { $0.hasSuffix("|") || $0.hasSuffix("|-") }) else {
        return []
    }
    var found: [InnerProblem] = []
    func search(_ node: ConfigNode, _ name: String) {
        switch node.kind {
        case .scalar(let scalar):
            guard scalar.style == .quoted, scalar.text.contains("\n"),
                let first = scalar.text.first(where: { !$0.isWhitespace }),
                first == "{" || first == "[", mayBeJSON(scalar.text),
                scalar.text.first == first || scalar.text.hasPrefix("\n"),
                // Only in a literal block are the lines of the text those of the file.
                let header = file.lines.indices.contains(node.start.line - 1)
                    ? file.lines[node.start.line - 1] : nil,
                header.contains("|"), let problem = jsonProblem(in: scalar.text)
            else { return }
            found.append(
                InnerProblem(name: name, text: problem.text, line: node.start.line + problem.mark.line))
        case .sequence(let elements):
            for element in elements { search(element, element["name"]?.text ?? name) }
        case .mapping(let entries):
            for entry in entries where !entry.isMerged {
                search(entry.value, entry.key == "value" ? name : entry.key)
            }
        }
    }
    for document in file.documents { if let root = document.root { search(root, "the file") } }
    return found
}
