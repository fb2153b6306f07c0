import ConfigTree
import DeployModel

/// What the files of a commit say of some variables: where they are defined, and where configuration refers to them.
struct VariableDefinitions {
    /// The names that something defines.
    private(set) var defined: Set<String> = []
    /// The required references to each name, by path and line.
    private(set) var references: [String: [Occurrence]] = [:]

    /// Looks through every file that configures, sets things up or runs steps.
    ///
    /// - Parameters:
    ///   - names: plain names; those of Spring are looked for by ``springNames(_:in:cache:)``.
    ///   - examples: files that define nothing.
    init(of names: Set<String>, in tree: any SourceTree, except examples: Set<String>) throws {
        guard !names.isEmpty else { return }
        let occurrences = try tree.occurrences(of: names)
        var places: [String: [(name: String, line: Int)]] = [:]
        for (name, found) in occurrences {
            for place in found { places[place.path, default: []].append((name, place.line)) }
        }
        for (path, found) in places.sorted(by: { $0.key < $1.key })
        where !examples.contains(path)
            && (mayBeConfiguration(path: path) || isSetup(path) || isPipeline(path)
                || RecipeFile.isRecipe(path: path))
        {
            guard let contents = try tree.contents(of: path), contents.count <= 1 << 20 else { continue }
            let lines = contents.split(separator: 0x0A, omittingEmptySubsequences: false)
            let syntax = VariableSyntax(
                path: path,
                file: mayBeConfiguration(path: path) ? parseConfig(path: path, contents: contents) : nil)
            for (name, number) in found where lines.indices.contains(number - 1) {
                let line = lines[number - 1]
                // What a service of Compose is given from outside is defined outside.
                let isPassedIn = syntax == .compose && line.contains(UInt8(ascii: "$"))
                if !isPassedIn, defines(name, in: line, of: path) { defined.insert(name) }
                if let syntax, asks(line, for: name, syntax) {
                    references[name, default: []].append(Occurrence(path: path, line: number))
                }
            }
        }
    }
}

/// Whether a line of a file that is filled in needs a variable: it refers to it, or passes it on to a service of Compose.
private func asks(_ line: ArraySlice<UInt8>, for name: String, _ syntax: VariableSyntax) -> Bool {
    let text = String(decoding: line, as: UTF8.self)
    if syntax == .compose, text.filter({ !" \"'\r".contains($0) }) == "-" + name { return true }
    return variableReferences(in: [text], syntax).contains { $0.name == name && $0.isRequired }
}

/// Whether a line gives a variable a value: `X=1`, `X: 1`, `"X": 1`, `- name: X`, `ARG X`, `export X=1`, `for X in`.
///
/// A value that refers to the variable of its own name passes it on and defines nothing; nor does a comment, but for
/// examples, which say in comments what may be set.
private func defines(_ name: String, in line: ArraySlice<UInt8>, of path: String) -> Bool {
    let text = Array(line.drop { $0 == 0x20 || $0 == 0x09 })
    let isExample = [".example", ".sample", ".dist"].contains(where: path.holds)
    guard text.count < 4_000, isExample || text.first != UInt8(ascii: "#") else { return false }
    let word = Array(name.utf8)
    guard text.count >= word.count else { return false }
    for start in 0...(text.count - word.count) where text[start..<(start + word.count)].elementsEqual(word) {
        let (before, after) = (text[..<start], text[(start + word.count)...])
        if before.last?.isWord ?? false || after.first?.isWord ?? false { continue }
        if isAssignment(after), !isReference(before), !passesOn(word, in: after) { return true }
        let lead = String(
            decoding: before.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }, as: UTF8.self)
        let opening = [
            "name: ", "name = ", "name:", "ARG ", "ENV ", "for ", "read ", "read -r ", "variable ",
        ]
        if opening.contains(where: lead.hasSuffix) { return true }
    }
    return false
}

/// `${`, `$` or `$(` before a name.
private func isReference(_ before: ArraySlice<UInt8>) -> Bool {
    guard let last = before.last else { return false }
    if last == UInt8(ascii: "$") { return true }
    return (last == UInt8(ascii: "{") || last == UInt8(ascii: "("))
        && before.dropLast().last == UInt8(ascii: "$")
}

/// Whether what follows a name begins with `=` or `:`, or with one of Make's assignments.
private func isAssignment(_ after: ArraySlice<UInt8>) -> Bool {
    let rest = after.drop {
        $0 == 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "]")
    }
    guard let first = rest.first else { return false }
    let next = rest.dropFirst().first
    if first == UInt8(ascii: "=") { return next != UInt8(ascii: "=") }
    if first == UInt8(ascii: ":") {
        return next.map { $0 == 0x20 || $0 == UInt8(ascii: "=") || $0 == 0x0D } ?? true
    }
    return (first == UInt8(ascii: "?") || first == UInt8(ascii: "+")) && next == UInt8(ascii: "=")
}

/// Whether a value refers to the variable of its own name: `X: ${X}`.
private func passesOn(_ word: [UInt8], in value: ArraySlice<UInt8>) -> Bool {
    ["$", "${", "$("].contains { lead in
        let reference = Array(lead.utf8) + word
        guard value.count >= reference.count else { return false }
        return (value.startIndex...(value.endIndex - reference.count)).contains { start in
            let end = start + reference.count
            let isWhole = end == value.endIndex || !value[end].isWord
            return isWhole && value[start..<end].elementsEqual(reference)
        }
    }
}

/// Which of some dotted names the configuration of a Java program defines, as Spring binds them: capitals, dashes and
/// underscores do not matter.
func springNames(_ names: Set<String>, in tree: any SourceTree, cache: ManifestCache) throws -> Set<String> {
    guard !names.isEmpty else { return [] }
    var keys: Set<String> = []
    for path in try tree.paths() where keys.count < mostKeys {
        let file = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let isBuild = file == "pom.xml" || file.hasSuffix(".gradle") || file.hasSuffix(".kts")
        if isBuild || isSetup(path) || isPipeline(path) {
            // A build fills names in, and a command line sets them: wherever one stands, it is known.
            guard let contents = try tree.contents(of: path), contents.count <= 1 << 20 else { continue }
            let text = String(decoding: contents, as: UTF8.self)
            keys.formUnion(names.filter(text.holds).map(boundName))
        } else if mayBeConfiguration(path: path) {
            for manifest in try cache.contents(at: path, in: tree)?.manifests ?? [] {
                collectKeys(of: manifest.root, under: "", depth: 0, into: &keys)
            }
        }
    }
    return names.filter { keys.contains(boundName($0)) }
}

private let mostKeys = 200_000

private func boundName(_ name: String) -> String {
    name.lowercased().filter { $0 != "." && $0 != "-" && $0 != "_" }
}

private func collectKeys(of node: ConfigNode, under lead: String, depth: Int, into keys: inout Set<String>) {
    guard depth < 50, keys.count < mostKeys else { return }
    for entry in node.entries {
        let key = lead + boundName(entry.key)
        if entry.value.scalar != nil { keys.insert(key) }
        collectKeys(of: entry.value, under: key, depth: depth + 1, into: &keys)
    }
    for element in node.elements {
        if let name = element["name"]?.text { keys.insert(boundName(name)) }
        collectKeys(of: element, under: lead, depth: depth + 1, into: &keys)
    }
}
