import ConfigTree
import DeployModel

/// What a generator of an `ApplicationSet` fills its template with, for one Application.
struct GeneratorValues: Sendable {
    /// The texts by the way that templates go to them: `path.basename`, `cluster.name`, `path.segments[1]`.
    var texts: [String: String] = [:]
    /// The files that they were read from.
    var files: Set<String> = []
    /// Where in the object they stand, of the elements of lists.
    var places: [FieldPath] = []

    /// A text with its expressions filled in; those that are more than the way to a value stay.
    func fill(_ text: String) -> String {
        guard text.holds("{{") else { return text }
        var filled = ""
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"),
            let close = rest[open.upperBound...].firstRange(of: "}}")
        {
            filled += rest[..<open.lowerBound]
            let expression = rest[open.upperBound..<close.lowerBound]
            filled += texts[Self.way(of: expression)] ?? String(rest[open.lowerBound..<close.upperBound])
            rest = rest[close.upperBound...]
        }
        return filled + rest
    }

    /// A tree with all of its texts filled in.
    func fill(_ node: ConfigNode) -> ConfigNode {
        switch node.kind {
        case .scalar(var scalar):
            guard scalar.text.holds("{{") else { return node }
            scalar.text = fill(scalar.text)
            scalar.isTemplated = scalar.text.holds("{{")
            return ConfigNode(.scalar(scalar), start: node.start, end: node.end)
        case .sequence(let elements):
            return ConfigNode(.sequence(elements.map(fill)), start: node.start, end: node.end)
        case .mapping(let entries):
            let filled = entries.map { entry in
                var entry = entry
                entry.value = fill(entry.value)
                return entry
            }
            return ConfigNode(.mapping(filled), start: node.start, end: node.end)
        }
    }

    /// `path.basename` for ` .path.basename `, `path.segments[1]` for `index .path.segments 1`.
    private static func way(of expression: Substring) -> String {
        let words = expression.split { $0.isWhitespace || $0 == "-" && expression.first == "-" }
        func plain(_ word: Substring) -> String { String(word.first == "." ? word.dropFirst() : word) }
        if words.count == 3, words[0] == "index", let place = Int(words[2]) {
            return "\(plain(words[1]))[\(place)]"
        }
        return words.count == 1 ? plain(words[0]) : ""
    }

    /// These and others, which win.
    func merging(_ others: GeneratorValues) -> GeneratorValues {
        GeneratorValues(
            texts: texts.merging(others.texts) { _, own in own }, files: files.union(others.files),
            places: places + others.places)
    }
}

extension GeneratorValues {
    /// More Applications than these are not told apart.
    private static let most = 500

    /// What the generators of an `ApplicationSet` give, for each Application. What only a cluster or a server knows is left open: one
    /// Application without values stands for all of them.
    static func all(of spec: ConfigNode, files: some ReleaseFiles) throws -> [GeneratorValues] {
        let generators = spec["generators"]?.elements ?? []
        guard !generators.isEmpty else { return [GeneratorValues()] }
        return try all(of: generators, at: [.key("spec"), .key("generators")], files)
    }

    private static func all(
        of generators: [ConfigNode], at way: FieldPath, _ files: some ReleaseFiles
    ) throws -> [GeneratorValues] {
        let found = try generators.enumerated().flatMap { index, generator in
            try values(of: generator, given: GeneratorValues(), at: way + [.index(index)], files)
        }
        return Array(found.prefix(most))
    }

    /// - Parameter given: what the first of two generators that are multiplied gives to the second.
    private static func values(
        of generator: ConfigNode, given: GeneratorValues, at way: FieldPath, _ files: some ReleaseFiles
    ) throws -> [GeneratorValues] {
        if let list = generator["list"] { return elements(of: list, at: way) }
        if let git = generator["git"] {
            let found =
                try git["directories"].map { folders(given.fill($0), of: git, files) }
                ?? contents(given.fill(git["files"] ?? git), of: git, files)
            return found.map { $0.adding(git["values"]) }
        }
        if let matrix = generator["matrix"]?["generators"]?.elements, matrix.count == 2 {
            let inside = way + [.key("matrix"), .key("generators")]
            return try values(of: matrix[0], given: given, at: inside + [.index(0)], files).flatMap { first in
                try values(of: matrix[1], given: given.merging(first), at: inside + [.index(1)], files)
                    .map { first.merging($0) }
            }
        }
        if let merge = generator["merge"], let parts = merge["generators"]?.elements, let first = parts.first
        {
            let keys = merge["mergeKeys"]?.elements.compactMap(\.text) ?? []
            let inside = way + [.key("merge"), .key("generators")]
            let others = try parts.dropFirst().enumerated().flatMap { index, part in
                try values(of: part, given: given, at: inside + [.index(index + 1)], files)
            }
            return try values(of: first, given: given, at: inside + [.index(0)], files).map { base in
                others.filter { other in keys.allSatisfy { base.texts[$0] == other.texts[$0] } }
                    .reduce(base) { $0.merging($1) }
            }
        }
        return [GeneratorValues()]
    }

    private static func elements(of list: ConfigNode, at way: FieldPath) -> [GeneratorValues] {
        let elements = list["elements"]?.elements ?? []
        return zip(steps(to: elements, ofList: "elements"), elements).map { step, element in
            var values = GeneratorValues()
            values.add(element, at: "")
            values.places = [way + [.key("list"), .key("elements"), step.step]]
            return values
        }
    }

    /// A folder for each that one of the patterns fits and none of those left out.
    private static func folders(
        _ patterns: ConfigNode, of git: ConfigNode, _ files: some ReleaseFiles
    ) -> [GeneratorValues] {
        func paths(excluded: Bool) -> [String] {
            patterns.elements.filter { ($0["exclude"]?.text == "true") == excluded }
                .compactMap { $0["path"]?.text }
        }
        let (wanted, unwanted) = (paths(excluded: false), paths(excluded: true))
        var folders: Set<Substring> = []
        for path in files.paths {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                guard folders.insert(rest).inserted else { break }
            }
        }
        return folders.sorted().filter { folder in
            wanted.contains { isMatch(folder, $0) } && !unwanted.contains { isMatch(folder, $0) }
        }.prefix(most).map { folder in
            var values = GeneratorValues()
            values.add(folder: String(folder), prefix: git["pathParamPrefix"]?.text)
            return values
        }
    }

    /// What each file says that one of the patterns fits, and where it is.
    private static func contents(
        _ patterns: ConfigNode, of git: ConfigNode, _ files: some ReleaseFiles
    ) throws -> [GeneratorValues] {
        let wanted = patterns.elements.compactMap { $0["path"]?.text }
        let paths = files.paths.filter { path in wanted.contains { isMatch(path[...], $0) } }
        return try paths.prefix(most).compactMap { path in
            guard let root = try files.parameters(at: path) else { return nil }
            var values = GeneratorValues(files: [path])
            values.add(root, at: "")
            values.add(folder: parentFolder(of: path), prefix: git["pathParamPrefix"]?.text)
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            values.texts["path.filename"] = name
            return values
        }
    }

    /// The single values inside a node.
    private mutating func add(_ node: ConfigNode, at way: String) {
        switch node.kind {
        case .scalar(let scalar): texts[way] = scalar.text
        case .mapping(let entries):
            for entry in entries { add(entry.value, at: way.isEmpty ? entry.key : "\(way).\(entry.key)") }
        case .sequence(let elements):
            for (index, element) in elements.enumerated() { add(element, at: "\(way)[\(index)]") }
        }
    }

    /// As templates of both kinds call the parts of a path: `path[0]` and `path.segments[0]`.
    private mutating func add(folder: String, prefix: String?) {
        let path = prefix.map { "\($0).path" } ?? "path"
        let parts = folder.split(separator: "/").map(String.init)
        texts[path] = folder
        texts["\(path).path"] = folder
        texts["\(path).basename"] = parts.last ?? ""
        texts["\(path).basenameNormalized"] = (parts.last ?? "").replacing("_", with: "-")
        for (index, part) in parts.enumerated() {
            texts["\(path)[\(index)]"] = part
            texts["\(path).segments[\(index)]"] = part
        }
    }

    /// With the further values that a generator names, which may be made of its own.
    private func adding(_ further: ConfigNode?) -> GeneratorValues {
        guard let further else { return self }
        var values = self
        values.add(fill(further), at: "values")
        return values
    }
}

/// Whether a path fits a pattern of a generator: `*` and `?` stay within a folder, `**` goes through any number of them.
func isMatch(_ path: Substring, _ pattern: String) -> Bool {
    let parts = pattern.split(separator: "/").filter { $0 != "." }
    // Each `**` is tried with every rest of the path.
    guard parts.count(where: { $0 == "**" }) <= 3 else { return false }
    return isMatch(path.split(separator: "/")[...], parts[...])
}

private func isMatch(_ path: ArraySlice<Substring>, _ pattern: ArraySlice<Substring>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    guard first != "**" else {
        let rest = pattern.dropFirst()
        return (path.startIndex...path.endIndex).contains { isMatch(path[$0...], rest) }
    }
    guard let name = path.first, isMatch(Array(name.utf8)[...], Array(first.utf8)[...]) else { return false }
    return isMatch(path.dropFirst(), pattern.dropFirst())
}

private func isMatch(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
    var (name, pattern) = (name, pattern)
    // Where the last `*` stands, and what it was tried with: going back to that one is enough.
    var retry: (name: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
    while true {
        if pattern.first == UInt8(ascii: "*") {
            pattern = pattern.dropFirst()
            retry = (name, pattern)
        } else if let byte = name.first, pattern.first == byte || pattern.first == UInt8(ascii: "?") {
            name = name.dropFirst()
            pattern = pattern.dropFirst()
        } else if name.isEmpty, pattern.isEmpty {
            return true
        } else if let last = retry, !last.name.isEmpty {
            name = last.name.dropFirst()
            pattern = last.pattern
            retry = (name, pattern)
        } else {
            return false
        }
    }
}
