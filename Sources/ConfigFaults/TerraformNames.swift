import ConfigTree
import DeployModel

extension NameSpace {
    fileprivate static let variable = NameSpace(
        language: .terraform, words: "variable", keys: ["variable"], prefix: "var.")
    fileprivate static let local = NameSpace(
        language: .terraform, words: "local value", keys: ["locals"], prefix: "local.")
    fileprivate static let module = NameSpace(
        language: .terraform, words: "module", keys: ["module"], prefix: "module.")
    fileprivate static let output = NameSpace(
        language: .terraform, words: "output", keys: ["output"])
    fileprivate static let data = NameSpace(
        language: .terraform, words: "data source", keys: ["data"], prefix: "data.")
}

/// The names that a file of a Terraform module declares and uses, and what it gives to the modules that it calls.
///
/// Terraform refuses a module in which a name is used that none of its files declares ("Reference to undeclared input variable").
func terraformNames(of file: ConfigFile, in folder: String) -> NamesOfFile {
    var names = NamesOfFile()
    names.isOpen = file.isTemplate || file.documents.contains { $0.problem != nil || $0.reading != .parsed }
    func declare(_ space: NameSpace, _ name: String) {
        names.declared.insert(DeclaredName(folder: folder, space: space, name: name))
    }
    for root in file.documents.compactMap(\.root) {
        for entry in root.entries {
            let blocks = entry.value.elements.isEmpty ? [entry.value] : entry.value.elements
            for block in blocks.flatMap(\.entries) {
                switch entry.key {
                case "variable":
                    declare(.variable, block.key)
                    if block.value["default"] == nil {
                        names.required.insert(DeclaredName(folder: folder, space: .variable, name: block.key))
                    }
                case "locals": declare(.local, block.key)
                case "output": declare(.output, block.key)
                case "module":
                    declare(.module, block.key)
                    call(block, in: file, folder, &names)
                case "data": for named in block.value.entries { declare(.data, "\(block.key).\(named.key)") }
                case "check":
                    // A check has data sources of its own.
                    for type in block.value["data"]?.entries ?? [] {
                        for named in type.value.entries { declare(.data, "\(type.key).\(named.key)") }
                    }
                default: break
                }
            }
        }
        // What was moved or removed is named by what it was.
        for entry in root.entries where !["moved", "removed"].contains(entry.key) {
            addUses(in: entry.value, of: file, folder, &names)
        }
    }
    return names
}

private let metaArguments: Set = ["source", "version", "count", "for_each", "providers", "depends_on"]

/// A path from a folder as one from the repository's root; `nil` for what leads out of it.
private func joined(_ folder: String, _ text: String) -> String? {
    var parts = folder.split(separator: "/").map(String.init)
    for part in text.split(separator: "/") where part != "." {
        if part == ".." {
            guard parts.popLast() != nil else { return nil }
        } else {
            parts.append(String(part))
        }
    }
    return parts.joined(separator: "/")
}

/// A module of the same repository that is called, and what it is given.
private func call(
    _ block: ConfigNode.Entry, in file: ConfigFile, _ folder: String, _ names: inout NamesOfFile
) {
    guard let source = block.value["source"]?.scalar, !source.isTemplated,
        source.text.hasPrefix("./") || source.text.hasPrefix("../"),
        let target = joined(folder, source.text)
    else { return }
    let given = block.value.entries.filter { !metaArguments.contains($0.key) }
    names.calls.append(
        NameCall(folder: target, name: block.key, given: Set(given.map(\.key)), line: block.keyMark.line))
    for argument in given {
        names.uses.append(
            NameUse(
                name: DeclaredName(folder: target, space: .variable, name: argument.key), text: argument.key,
                line: argument.keyMark.line, words: "module \(block.key) is given \(argument.key)"))
    }
}

/// How loops begin whose variable is called like a kind of names.
private let loopsOverKinds = ["module", "data", "var", "local"].flatMap {
    ["for \($0)", "for\($0)", ", \($0)", ",\($0)"]
}

private func addUses(in root: ConfigNode, of file: ConfigFile, _ folder: String, _ names: inout NamesOfFile) {
    var seen: Set<NameUse> = []
    func add(_ scalar: ConfigNode.Scalar, _ node: ConfigNode) {
        // A text inside an expression, and loops over what is called like a kind of names, are not followed.
        guard scalar.isTemplated, !(scalar.style == .plain && scalar.text.holds("<<")),
            !loopsOverKinds.contains(where: scalar.text.holds)
        else { return }
        for name in terraformReferences(in: scalar.text, isExpression: scalar.style == .plain) {
            let declared = DeclaredName(folder: folder, space: name.space, name: name.name)
            let text = name.space.prefix + name.name
            let lines = node.start.line...max(node.start.line, node.end.line)
            let line =
                lines.first { file.lines.indices.contains($0 - 1) && file.lines[$0 - 1].holdsReference(text) }
                ?? lines.lowerBound
            let use = NameUse(name: declared, text: text, line: line, words: "\(text) is used")
            if seen.insert(use).inserted { names.uses.append(use) }
            guard let output = name.output, let called = names.calls.first(where: { $0.name == name.name })
            else { continue }
            let ofModule = NameUse(
                name: DeclaredName(folder: called.folder, space: .output, name: output),
                text: "\(text).\(output)", line: line, words: "\(text).\(output) is used")
            if seen.insert(ofModule).inserted { names.uses.append(ofModule) }
        }
    }
    func search(_ node: ConfigNode) {
        switch node.kind {
        case .scalar(let scalar): add(scalar, node)
        case .sequence(let elements): elements.forEach(search)
        case .mapping(let entries):
            // What is waited for may be said loosely.
            for entry in entries where entry.key != "depends_on" { search(entry.value) }
        }
    }
    search(root)
}

/// What an expression, or the expressions inside a string, refer to.
func terraformReferences(in text: String, isExpression: Bool) -> [(
    space: NameSpace, name: String, output: String?
)] {
    var found: [(space: NameSpace, name: String, output: String?)] = []
    let bytes = Array(text.utf8)
    // What is open: an expression, or a string with the expressions inside it.
    var isInString = [!isExpression]
    var depths = [0]
    var position = 0
    func opensWord(_ byte: UInt8) -> Bool {
        byte.isWord && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    func isWord(_ byte: UInt8) -> Bool { byte.isWord || byte == UInt8(ascii: "-") }
    while position < bytes.count {
        let byte = bytes[position]
        if isInString.last ?? false {
            if byte == UInt8(ascii: "\\") {
                position += 1
            } else if byte == UInt8(ascii: "$") || byte == UInt8(ascii: "%"), position + 1 < bytes.count {
                // `$${` is a dollar and a brace.
                if bytes[position + 1] == byte {
                    position += 1
                } else if bytes[position + 1] == UInt8(ascii: "{") {
                    isInString.append(false)
                    depths.append(0)
                    position += 1
                }
            } else if byte == UInt8(ascii: "\""), isInString.count > 1 {
                isInString.removeLast()
                depths.removeLast()
            }
            position += 1
            continue
        }
        switch byte {
        case UInt8(ascii: "\""):
            isInString.append(true)
            depths.append(0)
        case UInt8(ascii: "{"): depths[depths.count - 1] += 1
        case UInt8(ascii: "}"):
            if depths.last == 0, isInString.count > 1 {
                isInString.removeLast()
                depths.removeLast()
            } else {
                depths[depths.count - 1] -= 1
            }
        case _ where opensWord(byte):
            let isAttribute =
                position > 0 && (bytes[position - 1] == UInt8(ascii: ".") || isWord(bytes[position - 1]))
            var segments: [String] = []
            var start = position
            while position <= bytes.count {
                if position < bytes.count, isWord(bytes[position]) {
                    position += 1
                    continue
                }
                segments.append(String(decoding: bytes[start..<position], as: UTF8.self))
                guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "."),
                    opensWord(bytes[position + 1])
                else {
                    break
                }
                position += 1
                start = position
            }
            if !isAttribute, let reference = reference(segments) { found.append(reference) }
            continue
        default: break
        }
        position += 1
    }
    return found
}

private func reference(_ segments: [String]) -> (space: NameSpace, name: String, output: String?)? {
    guard segments.count > 1 else { return nil }
    switch segments[0] {
    case "var": return (.variable, segments[1], nil)
    case "local": return (.local, segments[1], nil)
    case "module": return (.module, segments[1], segments.count > 2 ? segments[2] : nil)
    case "data": return segments.count > 2 ? (.data, "\(segments[1]).\(segments[2])", nil) : nil
    default: return nil
    }
}

extension String {
    /// Whether a reference stands in it that does not go on as another name.
    fileprivate func holdsReference(_ text: String) -> Bool {
        var rest = self[...]
        while let place = rest.place(of: text) {
            rest = rest[place.upperBound...]
            if let next = rest.utf8.first, next.isWord || next == UInt8(ascii: "-") { continue }
            return true
        }
        return false
    }
}

/// F12 of `.tfvars` files: a value for a variable that no module here declares, where one of nearly that name is declared.
///
/// Terraform warns of it and goes on, with the default of what was meant.
func findUndeclaredValues(
    in changes: inout [FoundChange], after tree: any SourceTree, cache: ManifestCache
) throws {
    let new = changes.indices.filter { index in
        let change = changes[index]
        return change.change.path.hasSuffix(".tfvars") && change.path.count == 1
            && change.change.before == nil
    }
    // Other forms of declarations are not read here.
    let isReadable = try !tree.paths().contains { $0.hasSuffix(".tf.json") || $0.hasSuffix(".tofu") }
    guard !new.isEmpty, isReadable, try tree.links().isEmpty else { return }
    var declared: Set<String> = []
    for path in try tree.paths().filter({ $0.hasSuffix(".tf") }).prefix(mostFilesOfVariables) {
        for root in try cache.file(at: path, in: tree)?.documents.compactMap(\.root) ?? [] {
            declared.formUnion(root["variable"]?.entries.map(\.key) ?? [])
        }
    }
    let known = SimilarNames(Array(declared))
    for index in new {
        guard case .key(let name)? = changes[index].path.last, !declared.contains(name),
            let meant = known.nearest(to: name)
        else { continue }
        changes[index].findings.removeAll { $0.fault == .misspelledName }
        changes[index].findings.append(
            FaultFinding(
                .unknownField, weight: 0.8,
                "no module here declares a variable \(name); there is \(meant): Terraform passes the value over"
            ))
    }
}

private let mostFilesOfVariables = 2_000
