public import ConfigTree
public import DeployModel

/// A value of a rendered object, with the place of the file that said it last.
///
/// Of doubled keys only the last is there, as kustomize and every cluster take them.
public struct RenderedTree: Sendable, Hashable {
    /// What a value is.
    public indirect enum Content: Sendable, Hashable {
        /// A single value.
        case scalar(ConfigNode.Scalar)
        /// Entries by key.
        case mapping([String: RenderedTree])
        /// Elements in order.
        case sequence([RenderedTree])
    }

    /// What it is.
    public var content: Content
    /// The file and the line that it comes from.
    public var origin: Occurrence

    /// A value.
    public init(_ content: Content, origin: Occurrence) {
        self.content = content
        self.origin = origin
    }

    /// A text, whatever it looks like.
    init(text: String, origin: Occurrence) {
        self.init(.scalar(ConfigNode.Scalar(text: text, style: .quoted)), origin: origin)
    }

    /// The effective values of a tree of a file.
    ///
    /// - Parameter above: how many lines of the file stand above the text that was read.
    public init(_ node: ConfigNode, path: String, above: Int = 0) {
        origin = Occurrence(path: path, line: node.start.line + above)
        switch node.kind {
        case .scalar(let scalar): content = .scalar(scalar)
        case .sequence(let elements):
            content = .sequence(elements.map { RenderedTree($0, path: path, above: above) })
        case .mapping(let entries):
            var fields: [String: RenderedTree] = [:]
            for key in Set(entries.map(\.key)) {
                guard let entry = node.entry(key) else { continue }
                var value = RenderedTree(entry.value, path: path, above: above)
                // A block of text, or a nested block, is looked for at its key.
                value.origin.line = entry.keyMark.line + above
                fields[key] = value
            }
            content = .mapping(fields)
        }
    }
}

// MARK: Reading

extension RenderedTree {
    /// The entries of a mapping; none for anything else.
    public var fields: [String: RenderedTree] {
        guard case .mapping(let fields) = content else { return [:] }
        return fields
    }

    /// The elements of a sequence; none for anything else.
    public var elements: [RenderedTree] {
        guard case .sequence(let elements) = content else { return [] }
        return elements
    }

    /// The text of a scalar.
    public var text: String? {
        guard case .scalar(let scalar) = content else { return nil }
        return scalar.text
    }

    /// The value of a key.
    public subscript(key: String) -> RenderedTree? {
        guard case .mapping(let fields) = content else { return nil }
        return fields[key]
    }

    /// The value at the end of a path of keys.
    public subscript(path keys: String...) -> RenderedTree? {
        keys.reduce(Optional(self)) { $0?[$1] }
    }

    /// Whether it is nothing: `null`, `~`, or no value at all.
    public var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// Whether it is `true`.
    var isTrue: Bool { text == "true" }

    /// Whether it says the same, wherever it comes from; `"1"` is not `1`.
    public func saysSame(as other: RenderedTree) -> Bool {
        switch (content, other.content) {
        case (.scalar(let a), .scalar(let b)): a.text == b.text && (a.style == b.style || !a.mayBeTyped)
        case (.sequence(let a), .sequence(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.saysSame(as: $1) }
        case (.mapping(let a), .mapping(let b)):
            a.count == b.count
                && a.allSatisfy { key, value in b[key].map { value.saysSame(as: $0) } ?? false }
        default: false
        }
    }

    /// The same as a tree of one file, for what reads those; the lines are those of several files.
    public var node: ConfigNode {
        let mark = Mark(line: origin.line, column: 1)
        let kind: ConfigNode.Kind =
            switch content {
            case .scalar(let scalar): .scalar(scalar)
            case .sequence(let elements): .sequence(elements.map(\.node))
            case .mapping(let fields):
                .mapping(
                    fields.sorted { $0.key < $1.key }.map { key, value in
                        ConfigNode.Entry(
                            key: key, keyMark: Mark(line: value.origin.line, column: 1), value: value.node)
                    })
            }
        return ConfigNode(kind, start: mark, end: mark)
    }
}

extension ConfigNode.Scalar {
    /// Whether quotes make a difference: without them it may be read as a number, a boolean or nothing.
    fileprivate var mayBeTyped: Bool {
        ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
            || text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || "+-._:eExXoabcdfABCDEF".utf8.contains(byte)
            }
    }
}

// MARK: Changing

extension RenderedTree {
    /// Sets or removes an entry; nothing for what is no mapping.
    mutating func set(_ key: String, _ value: RenderedTree?) {
        guard case .mapping(var fields) = content else { return }
        fields[key] = value
        content = .mapping(fields)
    }

    /// Changes the values at a path of keys, each element of a list on the way in turn.
    ///
    /// - Parameters:
    ///   - path: keys; `ports[]` is one as well, and says that it is a list.
    ///   - origin: where what is created on the way comes from; nothing is created without.
    ///   - change: is given an empty mapping where the value is created.
    mutating func update(
        _ path: ArraySlice<String>, creating origin: Occurrence? = nil, _ change: (inout RenderedTree) -> Void
    ) {
        guard let step = path.first else { return change(&self) }
        // Elements are not made, only what they hold.
        let isList = step.hasSuffix("[]")
        let key = isList ? String(step.dropLast(2)) : step
        switch content {
        case .scalar: return
        case .sequence(var elements):
            for index in elements.indices { elements[index].update(path, creating: origin, change) }
            content = .sequence(elements)
        case .mapping(var fields):
            let isThere = fields[key].map { !$0.isNull } ?? false
            guard isThere || origin != nil && !isList else { return }
            var value =
                isThere
                ? fields[key]
                : origin.map { RenderedTree(.mapping([:]), origin: $0) }
            // Out of the dictionary while it changes, so that it is not copied.
            fields[key] = nil
            value?.update(path.dropFirst(), creating: origin, change)
            fields[key] = value
            content = .mapping(fields)
        }
    }

    /// Changes a scalar's text; `nil` leaves it.
    mutating func updateText(origin: Occurrence, _ change: (String) -> String?) {
        guard case .scalar(var scalar) = content, let text = change(scalar.text), text != scalar.text else {
            return
        }
        scalar.text = text
        content = .scalar(scalar)
        self.origin = origin
    }
}
