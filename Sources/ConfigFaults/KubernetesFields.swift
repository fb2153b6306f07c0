import DeployModel

/// What a field of a Kubernetes object holds.
indirect enum FieldType: Sendable, Hashable {
    case text
    case integer
    case number
    case boolean
    /// A number, or a text that stands for one: a port's name, a percentage.
    case integerOrText
    case quantity
    case time
    /// Whatever one likes.
    case any
    /// An object with the fields of a type of the table.
    case object(String)
    case list(FieldType)
    /// Entries whose keys are free: labels, data, limits.
    case map(FieldType)
}

/// The fields that Kubernetes objects have, for telling what is no field and where it would be one.
///
/// Kinds are told by their name alone, because old groups (`extensions/v1beta1`, `apps/v1beta1`) describe the same
/// objects as the ones that followed them.
enum KubernetesFields {
    /// What is at the end of a way from an object's root.
    enum Place: Sendable, Hashable {
        /// A field of the schema, or an element of a list of it.
        case field(FieldType)
        /// An entry of a map with free keys.
        case entry(FieldType)
        /// The object that it would be a field of has none of that name.
        case missing
        /// Not to be told: another shape than the schema's, or a kind that is not in the table.
        case unknowable
    }

    /// Read when first asked for: most comparisons never ask.
    private static let table = FieldTable(kubernetesFieldTable)

    /// Whether the table has a kind.
    static func has(kind: String) -> Bool { table.kinds.contains(kind) }

    /// What a field holds; `nil` when there is no such field, or when it cannot be told.
    static func type(of path: FieldPath, kind: String) -> FieldType? {
        switch place(of: path, kind: kind) {
        case .field(let type), .entry(let type): type
        case .missing, .unknowable: nil
        }
    }

    /// Whether an object has a field; `nil` when it cannot be told, as of kinds that are not in the table.
    static func isKnown(_ path: FieldPath, kind: String) -> Bool? {
        switch place(of: path, kind: kind) {
        case .field, .entry: true
        case .missing: false
        case .unknowable: nil
        }
    }

    /// What is at the end of a way.
    static func place(of path: FieldPath, kind: String) -> Place {
        guard has(kind: kind) else { return .unknowable }
        var place = Place.field(.object(kind))
        for step in path {
            switch place {
            case .field(let type), .entry(let type): place = self.place(of: step, in: type)
            case .missing, .unknowable: return .unknowable
            }
        }
        return place
    }

    private static func place(of step: FieldStep, in type: FieldType) -> Place {
        switch (type, step) {
        case (.any, _): return .field(.any)
        // Directives of strategic merge patches: `$patch: delete`.
        case (.object, .key(let name)) where name.hasPrefix("$"): return .field(.any)
        case (.object(let object), .key(let name)):
            guard let fields = table.fields[object], !fields.isEmpty else { return .field(.any) }
            return fields[name].map { .field($0) } ?? .missing
        case (.map(let inside), .key): return .entry(inside)
        case (.list(let inside), .element), (.list(let inside), .index): return .field(inside)
        default: return .unknowable
        }
    }

    /// The field that a misspelt one was meant to be: equal but for case and separators, or few edits away.
    ///
    /// - Parameter parent: the way to the object that the name stands in.
    static func nearest(to name: String, in parent: FieldPath, kind: String) -> String? {
        near(name, in: parent, kind: kind)?.name
    }

    /// The nearest field with how far it is: 0 when only case or separators differ.
    static func near(
        _ name: String, in parent: FieldPath, kind: String
    ) -> (name: String, distance: Int)? {
        guard case .object(let object)? = self.type(of: parent, kind: kind), let fields = table.fields[object]
        else {
            return nil
        }
        let wanted = letters(of: name)
        // Short names are near to everything.
        let limit = name.count <= 4 ? 1 : 2
        let scored = fields.keys.filter { abs($0.count - name.count) <= 4 }.map { field in
            (
                name: field,
                distance: letters(of: field) == wanted ? 0 : editDistance(name, field)
            )
        }
        return scored.filter { $0.distance <= limit }.min {
            ($0.distance, $0.name) < ($1.distance, $1.name)
        }
    }

    /// Where a field of a name belongs, if not here: the nearest objects around that have one, as patterns such as
    /// `spec.template.spec.containers[]`; an empty pattern is the root.
    ///
    /// - Parameter path: the way to the object that the name stands in.
    static func homes(of name: String, kind: String, near path: FieldPath) -> [String] {
        homePaths(of: name, kind: kind, near: path).map(\.pattern)
    }

    /// As ``homes(of:kind:near:)``, with `[0]` for any element of a list.
    ///
    /// Of names that many objects have nothing is said beyond the objects next to this one, and nothing at all when
    /// too many of them are equally near: a guess among five is no help.
    static func homePaths(of name: String, kind: String, near path: FieldPath) -> [FieldPath] {
        guard has(kind: kind) else { return [] }
        let reach = commonNames.contains(name) ? 1 : 4
        var found: [(path: FieldPath, type: String, cost: Int, isBelow: Bool)] = []
        var up = 0
        for length in stride(from: path.count, through: 0, by: -1) {
            let ancestor = Array(path.prefix(length))
            let own = self.type(of: ancestor, kind: kind)
            if case .list? = own { continue }
            if case .object(let object)? = own {
                for (home, below) in objects(below: ancestor, type: object, depth: reach - up) {
                    let isHere = up == 0 && below == 0
                    guard !isHere, case .object(let holder)? = self.type(of: home, kind: kind),
                        table.fields[holder]?[name] != nil
                    else { continue }
                    found.append((path: home, type: holder, cost: up + below, isBelow: below > 0))
                }
            }
            up += 1
            if up > reach { break }
        }
        guard let nearest = found.map(\.cost).min() else { return [] }
        var seen: Set<String> = []
        // What stands around is likelier than what lies deeper, and a container than anything else.
        let best = found.filter { $0.cost == nearest }
            .sorted { a, b in
                (a.isBelow ? 1 : 0, a.type == "Container" ? 0 : 1, a.path.pattern)
                    < (b.isBelow ? 1 : 0, b.type == "Container" ? 0 : 1, b.path.pattern)
            }
            .filter { seen.insert($0.type).inserted }
        return best.count > 3 ? [] : best.map(\.path)
    }

    /// The objects inside one, itself first, level by level.
    private static func objects(
        below path: FieldPath, type: String, depth: Int
    ) -> [(path: FieldPath, below: Int)] {
        var level = [(path: path, type: type)]
        var found = [(path: path, below: 0)]
        for below in stride(from: 1, through: depth, by: 1) {
            var next: [(path: FieldPath, type: String)] = []
            for (path, type) in level {
                // Nobody writes these by hand.
                let fields = (table.fields[type] ?? [:]).filter {
                    !["status", "managedFields", "ephemeralContainers"].contains($0.key)
                }
                for (name, type) in fields.sorted(by: { $0.key < $1.key }) {
                    switch type {
                    case .object(let object): next.append((path + [.key(name)], object))
                    case .list(.object(let object)): next.append((path + [.key(name), .index(0)], object))
                    default: break
                    }
                }
            }
            found += next.map { (path: $0.path, below: below) }
            level = next
        }
        return found
    }

    /// An object in words: `a container`, `the pod's spec`, `` `httpGet` ``.
    static func noun(of path: FieldPath, kind: String) -> String {
        let article = kind.first.map { "AEIOU".contains($0) } == true ? "an" : "a"
        if path.isEmpty { return "\(article) \(kind)" }
        if path == [.key("spec")], kind != "Pod" { return "the spec of \(article) \(kind)" }
        if case .object(let object)? = self.type(of: path, kind: kind), let noun = nouns[object] {
            return noun
        }
        let key = path.last { if case .key = $0 { true } else { false } }?.name ?? kind
        guard case .key? = path.last else { return "an element of `\(key)`" }
        return "`\(key)`"
    }

    private static let nouns: [String: String] = [
        "Container": "a container", "ContainerPort": "a port of a container",
        "EnvFromSource": "an entry of `envFrom`", "EnvVar": "a variable of `env`",
        "EphemeralContainer": "an ephemeral container", "JobSpec": "the spec of a job",
        "PodSpec": "the pod's spec", "PodTemplateSpec": "the pod's template",
        "ServicePort": "a port of a Service",
        "Volume": "a volume", "VolumeMount": "a volume mount",
    ]

    /// Names that say nothing about where they belong.
    private static let commonNames: Set<String> = [
        "apiVersion", "conditions", "key", "kind", "host", "items", "message", "metadata", "mode", "name",
        "namespace", "operator", "optional", "path", "port", "protocol", "reason", "rules", "selector",
        "spec",
        "status", "template", "type", "user", "value", "values",
    ]

    private static func letters(of name: String) -> String {
        String(name.lowercased().filter { $0.isLetter || $0.isNumber })
    }
}

extension FieldPath {
    /// The way with `[]` for elements of lists, whichever they are: `spec.containers[].ports[]`.
    var pattern: String {
        var text = ""
        for step in self {
            switch step {
            case .key(let name): text += (text.isEmpty ? "" : ".") + name
            case .element, .index: text += "[]"
            }
        }
        return text
    }
}

/// The table in a form that can be asked.
private struct FieldTable: Sendable {
    /// The fields of each type.
    var fields: [String: [String: FieldType]] = [:]
    /// The types that are objects of their own.
    var kinds: Set<String> = []

    /// Reads the text byte by byte: characters would take ten times as long.
    init(_ text: String) {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n")).map {
            $0.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
        }
        let names = lines.map { $0.first ?? "" }
        for (name, words) in zip(names, lines) {
            var own: [String: FieldType] = [:]
            for word in words.dropFirst() {
                let parts = word.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1)
                guard parts.count == 2 else { continue }
                own[String(Substring(parts[0]))] = Self.type(parts[1], names: names)
            }
            fields[name] = own
            if own["apiVersion"] != nil, own["kind"] != nil, own["metadata"] != nil { kinds.insert(name) }
        }
    }

    private static func type(_ code: Substring.UTF8View, names: [String]) -> FieldType {
        let rest = code.dropFirst()
        switch code.first {
        case UInt8(ascii: "s"): return .text
        case UInt8(ascii: "i"): return .integer
        case UInt8(ascii: "n"): return .number
        case UInt8(ascii: "b"): return .boolean
        case UInt8(ascii: "a"): return .list(inside(rest, names: names))
        case UInt8(ascii: "o"): return .map(inside(rest, names: names))
        case UInt8(ascii: "r"): return inside(rest, names: names)
        default: return .any
        }
    }

    /// What a list, a map or a reference leads to: a line's number, or the letter of a plain type.
    private static func inside(_ code: Substring.UTF8View, names: [String]) -> FieldType {
        let target = Substring(code.prefix { $0 != UInt8(ascii: "@") })
        guard let line = Int(target) else { return type(target.utf8, names: names) }
        guard names.indices.contains(line) else { return .any }
        switch names[line] {
        case "IntOrString": return .integerOrText
        case "Quantity": return .quantity
        case "Time": return .time
        case let name: return .object(name)
        }
    }
}
