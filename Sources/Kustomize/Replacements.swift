import ConfigTree
import DeployModel

extension Layer {
    /// Copies a value from one object into others, as an entry of `replacements` says.
    mutating func replace(_ entry: RenderedTree, source: SourceSpan) {
        guard let (value, sources) = replacement(entry) else { return }
        for target in entry["targets"]?.elements ?? [] {
            guard let select = target["select"], let selector = TargetSelector(select) else {
                leaveOut("a replacement that is not understood", at: target.origin)
                continue
            }
            let rejecting = (target["reject"]?.elements ?? []).compactMap { TargetSelector($0) }
            let paths = (target["fieldPaths"]?.elements ?? []).compactMap(\.text)
            for index in places(of: selector, byAny: true) {
                let object = result.objects[index]
                guard !rejecting.contains(where: { $0.selectsAny(object) }) else { continue }
                // Where each replacement copies what another one has set, all before would have a say in the last.
                if sources.count <= Self.mostInherited { result.objects[index].sources.formUnion(sources) }
                result.objects[index].sources.insert(source)
                for path in paths.isEmpty ? ["metadata.name"] : paths {
                    set(value, at: path, ofObjectAt: index, target)
                }
            }
        }
    }

    /// More lines than these have no say in what is copied from the object that they make.
    private static let mostInherited = 200

    /// The value that an entry copies, and what decides it.
    private mutating func replacement(_ entry: RenderedTree) -> (RenderedTree, Set<SourceSpan>)? {
        if let value = entry["sourceValue"] { return (value, []) }
        guard let from = entry["source"], let selector = ExactSelector(from) else {
            leaveOut("a replacement that is not understood", at: entry.origin)
            return nil
        }
        let candidates = selector.name.map { places(named: $0) } ?? Array(result.objects.indices)
        let found = candidates.filter { result.objects[$0].identities.contains(where: selector.selects) }
        guard let place = found.first, found.count == 1 else {
            report(.noTarget(kind: selector.kind ?? "", name: selector.name ?? ""), at: from.origin)
            return nil
        }
        let object = result.objects[place]
        let path = from["fieldPath"]?.text ?? "metadata.name"
        guard var value = object.tree.first(at: ValuePath(path)) else {
            report(.badPath(path), at: from.origin)
            return nil
        }
        if let delimiter = from["options"]?["delimiter"]?.text, let text = value.text {
            let parts = text.components(by: delimiter)
            let index = from["options"]?["index"]?.text.flatMap { Int($0) } ?? 0
            guard parts.indices.contains(index) else {
                report(.badPath(path), at: from.origin)
                return nil
            }
            value.updateText(origin: value.origin) { _ in parts[index] }
        }
        return (value, object.sources)
    }

    private mutating func set(
        _ value: RenderedTree, at path: String, ofObjectAt index: Int, _ target: RenderedTree
    ) {
        let options = target["options"]
        let identity = result.objects[index].identity
        var isSet = false
        let isCreated = options?["create"]?.isTrue ?? false
        result.objects[index].tree.update(
            ValuePath(path).steps[...], creating: isCreated ? target.origin : nil
        ) { field in
            isSet = true
            field.take(value, options: options)
        }
        if !isSet { report(.badPath(path), at: target.origin) }
        if result.objects[index].identity.name != identity.name { forgetNames() }
    }
}

/// An object named by fields that must be equal where they are given.
struct ExactSelector {
    private let fields: [(@Sendable (ObjectIdentity) -> String, String)]
    let kind: String?
    let name: String?

    init?(_ tree: RenderedTree) {
        kind = tree["kind"]?.text
        name = tree["name"]?.text.flatMap { $0.isEmpty ? nil : $0 }
        var fields: [(@Sendable (ObjectIdentity) -> String, String)] = []
        func add(_ field: @escaping @Sendable (ObjectIdentity) -> String, _ text: String?) {
            if let text, !text.isEmpty { fields.append((field, text)) }
        }
        add({ $0.kind }, kind)
        add({ $0.name }, name)
        add({ $0.group }, tree["group"]?.text)
        add({ $0.version }, tree["version"]?.text)
        add({ $0.namespace }, tree["namespace"]?.text)
        if let version = tree["apiVersion"]?.text {
            let parts = ObjectIdentity.parts(ofVersion: version)
            add({ $0.group }, parts.group)
            add({ $0.version }, parts.version)
        }
        guard !fields.isEmpty else { return nil }
        self.fields = fields
    }

    func selects(_ identity: ObjectIdentity) -> Bool { fields.allSatisfy { $0.0(identity) == $0.1 } }
}

/// A path such as `spec.containers.[name=web].env.[name=HOST].value`.
struct ValuePath {
    enum Step: Equatable {
        case key(String)
        /// Elements of a list with a field of a value.
        case element(key: String, value: String)
        case all
    }

    var steps: [Step] = []

    init(_ text: String) {
        var part = ""
        var isBracketed = false
        var isEscaped = false
        func lastStep() -> Step? {
            guard !part.isEmpty else { return nil }
            if part == "*" { return .all }
            guard part.hasSuffix("]"), let open = part.firstIndex(of: "[") else { return .key(part) }
            if open > part.startIndex {
                // `ports[0]`, as `vars` have it.
                steps.append(.key(String(part[..<open])))
                part.removeSubrange(..<open)
            }
            let inside = part.dropFirst().dropLast()
            guard let equals = inside.firstIndex(of: "=") else { return .key(String(inside)) }
            return .element(
                key: String(inside[..<equals]), value: String(inside[inside.index(after: equals)...]))
        }
        for character in text {
            if isEscaped || (character != "." && character != "\\") || isBracketed {
                if character == "[", part.isEmpty { isBracketed = true }
                if character == "]" { isBracketed = false }
                part.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                if let step = lastStep() { steps.append(step) }
                part = ""
            }
        }
        if let step = lastStep() { steps.append(step) }
    }
}

extension RenderedTree {
    /// The first value at a path.
    fileprivate func first(at path: ValuePath) -> RenderedTree? {
        path.steps.reduce(Optional(self)) { tree, step in
            switch step {
            case .key(let key):
                if case .sequence(let elements)? = tree?.content {
                    return Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
                }
                return tree?[key]
            case .element(let key, let value): return tree?.elements.first { $0[key]?.text == value }
            case .all: return tree?.elements.first
            }
        }
    }

    /// Changes the values at a path.
    fileprivate mutating func update(
        _ steps: ArraySlice<ValuePath.Step>, creating origin: Occurrence?,
        _ change: (inout RenderedTree) -> Void
    ) {
        guard let step = steps.first else { return change(&self) }
        let rest = steps.dropFirst()
        switch (content, step) {
        case (.mapping(var fields), .key(let key)):
            guard fields[key] != nil || origin != nil else { return }
            var value =
                fields[key]
                ?? RenderedTree(
                    rest.isEmpty ? .scalar(.init(text: "", style: .quoted)) : .mapping([:]),
                    origin: origin ?? self.origin)
            value.update(rest, creating: origin, change)
            fields[key] = value
            content = .mapping(fields)
        case (.mapping(var fields), .all):
            for key in fields.keys.sorted() { fields[key]?.update(rest, creating: origin, change) }
            content = .mapping(fields)
        case (.sequence(var elements), _):
            for index in elements.indices {
                switch step {
                case .all: break
                case .key(let key): guard Int(key) == index else { continue }
                case .element(let key, let value): guard elements[index][key]?.text == value else { continue }
                }
                elements[index].update(rest, creating: origin, change)
            }
            content = .sequence(elements)
        default: return
        }
    }

    /// Becomes a value, or takes it as one of its parts.
    fileprivate mutating func take(_ value: RenderedTree, options: RenderedTree?) {
        guard let new = value.text, let old = text else {
            self = value
            return
        }
        var result = new
        if let delimiter = options?["delimiter"]?.text, !delimiter.isEmpty {
            var parts = old.components(by: delimiter)
            let index = options?["index"]?.text.flatMap { Int($0) } ?? 0
            if index < 0 {
                parts.insert(new, at: 0)
            } else if index >= parts.count {
                parts.append(new)
            } else {
                parts[index] = new
            }
            result = parts.joined(separator: delimiter)
        }
        updateText(origin: value.origin) { _ in result }
    }
}

extension String {
    /// The parts between the places where another text stands.
    fileprivate func components(by delimiter: String) -> [String] {
        delimiter.isEmpty
            ? [self] : split(separator: delimiter, omittingEmptySubsequences: false).map(String.init)
    }
}

// MARK: vars

extension Layer {
    /// Fills in `$(NAME)` of `vars` where kustomize looks for them.
    mutating func fillInVariables() {
        guard !variables.isEmpty else { return }
        var values: [String: RenderedTree] = [:]
        for entry in variables {
            guard let name = entry["name"]?.text, let reference = entry["objref"] else { continue }
            let selector = ExactSelector(reference)
            let found = result.objects.filter { object in
                object.identities.contains { identity in selector?.selects(identity) ?? false }
            }
            let path = entry["fieldref"]?["fieldpath"]?.text ?? entry["fieldref"]?["fieldPath"]?.text
            guard let value = found.first?.tree.first(at: ValuePath(path ?? "metadata.name")) else {
                report(.noTarget(kind: selector?.kind ?? "", name: selector?.name ?? ""), at: entry.origin)
                continue
            }
            values[name] = value
        }
        for index in result.objects.indices {
            let identity = result.objects[index].identity
            for place in FieldPlace.variables where place.isOf(identity) {
                result.objects[index].tree.update(place.path[...]) { $0.fillIn(values) }
            }
        }
    }
}

extension RenderedTree {
    fileprivate mutating func fillIn(_ values: [String: RenderedTree]) {
        switch content {
        case .scalar:
            updateText(origin: origin) { text in
                guard text.utf8.contains(UInt8(ascii: "$")) else { return nil }
                return expanded(text) { values[$0]?.text }
            }
        case .sequence(var elements):
            for index in elements.indices { elements[index].fillIn(values) }
            content = .sequence(elements)
        case .mapping(var fields):
            for key in fields.keys { fields[key]?.fillIn(values) }
            content = .mapping(fields)
        }
    }
}

/// A text with its `$(NAME)` filled in, as Kubernetes does it: `$$` stands for `$`, and what is not known stays.
func expanded(_ text: String, _ value: (String) -> String?) -> String {
    var result = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        let behind = rest[rest.index(after: dollar)...]
        if behind.first == "$" {
            result += "$"
            rest = behind.dropFirst()
        } else if behind.first == "(", let close = behind.firstIndex(of: ")") {
            let name = String(behind[behind.index(after: behind.startIndex)..<close])
            result += value(name) ?? "$(\(name))"
            rest = behind[behind.index(after: close)...]
        } else {
            result += "$"
            rest = behind
        }
    }
    return result + rest
}
