import ConfigTree

/// What the condition of a block of a template asks, as far as it can be answered from values.
indirect enum TemplateCondition: Sendable, Hashable {
    /// Whether an operand is there and neither false, zero nor empty.
    case truth(Operand)
    case equal(Operand, Operand)
    /// Whether one number is less than another, and so on.
    case ordered(Operand, Comparison, Operand)
    /// Whether a mapping has a key.
    case presence(ValuesPath)
    case not(TemplateCondition)
    case all([TemplateCondition])
    case any([TemplateCondition])
    case unknown

    /// The functions of templates that compare by size.
    enum Comparison: String, Sendable, Hashable { case lt, le, gt, ge }

    /// What is compared.
    indirect enum Operand: Sendable, Hashable {
        /// A value of the chart, with what takes its place where it is missing or empty.
        case value(ValuesPath, default: Operand?)
        /// A text, which is true unless it is empty: also `"false"`.
        case text(String)
        /// A number, `true`, `false` or `nil`.
        case word(String)
        /// An operand between quotes; one that is missing stays nothing.
        case quoted(Operand)
        /// An operand as a text.
        case written(Operand)
        /// An operand made a number; what is none is 0.
        case number(Operand, isWhole: Bool)
        /// How many elements, keys or bytes it has.
        case length(Operand)
        case unknown
    }
}

// MARK: Answering

/// What is known of a value.
enum KnownValue {
    case node(ConfigNode)
    /// It is nowhere.
    case absent
    /// It may be given by something that is not known here.
    case unknown
}

extension TemplateCondition {
    /// The answer; `nil` when it depends on what is not known.
    func answer(_ look: (ValuesPath) -> KnownValue) -> Bool? {
        switch self {
        case .truth(let operand): return operand.truth(look)
        case .equal(let a, let b):
            guard let x = a.scalar(look), let y = b.scalar(look) else { return nil }
            if x.isMissing, y.isMissing { return true }
            if let m = x.number, let n = y.number { return m == n }
            return x.text == y.text
        case .ordered(let a, let comparison, let b):
            // Texts are compared as texts, and a text with a number not at all.
            guard let x = a.scalar(look), let y = b.scalar(look), x.isText == y.isText else { return nil }
            if x.isText { return comparison.holds(x.text, y.text) }
            guard let m = x.number, let n = y.number else { return nil }
            return comparison.holds(m, n)
        case .presence(let path):
            switch look(path) {
            case .node: return true
            case .absent: return false
            case .unknown:
                // Of a mapping that is known, the keys are.
                if case .node = look(path.dropLast()) { return false }
                return nil
            }
        case .not(let condition): return condition.answer(look).map { !$0 }
        case .all(let conditions):
            let answers = conditions.map { $0.answer(look) }
            if answers.contains(false) { return false }
            return answers.contains(nil) ? nil : true
        case .any(let conditions):
            let answers = conditions.map { $0.answer(look) }
            if answers.contains(true) { return true }
            return answers.contains(nil) ? nil : false
        case .unknown: return nil
        }
    }

    /// The values that it asks for.
    var paths: [ValuesPath] {
        switch self {
        case .truth(let operand): operand.paths
        case .equal(let a, let b), .ordered(let a, _, let b): a.paths + b.paths
        case .presence(let path): [path]
        case .not(let condition): condition.paths
        case .all(let conditions), .any(let conditions): conditions.flatMap(\.paths)
        case .unknown: []
        }
    }

    /// The same of the one element that a way leads through, where the condition asks it of each.
    func resolved(for path: ValuesPath, _ way: FieldPath) -> TemplateCondition {
        mapped { wanted in
            var steps = wanted
            for index in steps.indices {
                guard index < path.count, index < way.count else { break }
                if case .each = steps[index], case .each = path[index] {
                    steps[index] = .key(way[index].name)
                } else if steps[index] != path[index] {
                    break
                }
            }
            return steps
        }
    }

    /// The same asked from further up.
    func below(_ lead: FieldPath) -> TemplateCondition {
        mapped { path in lead.map { .key($0.name) } + path }
    }

    private func mapped(_ change: (ValuesPath) -> ValuesPath) -> TemplateCondition {
        switch self {
        case .truth(let operand): .truth(operand.mapped(change))
        case .equal(let a, let b): .equal(a.mapped(change), b.mapped(change))
        case .ordered(let a, let comparison, let b): .ordered(a.mapped(change), comparison, b.mapped(change))
        case .presence(let path): .presence(change(path))
        case .not(let condition): .not(condition.mapped(change))
        case .all(let conditions): .all(conditions.map { $0.mapped(change) })
        case .any(let conditions): .any(conditions.map { $0.mapped(change) })
        case .unknown: .unknown
        }
    }
}

extension TemplateCondition.Comparison {
    fileprivate func holds<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
        switch self {
        case .lt: a < b
        case .le: a <= b
        case .gt: a > b
        case .ge: a >= b
        }
    }
}

extension TemplateCondition.Operand {
    fileprivate var paths: [ValuesPath] {
        switch self {
        case .value(let path, let other): [path] + (other?.paths ?? [])
        case .quoted(let inner), .written(let inner), .number(let inner, _), .length(let inner): inner.paths
        case .text, .word, .unknown: []
        }
    }

    fileprivate func mapped(_ change: (ValuesPath) -> ValuesPath) -> Self {
        switch self {
        case .value(let path, let other): .value(change(path), default: other?.mapped(change))
        case .quoted(let inner): .quoted(inner.mapped(change))
        case .written(let inner): .written(inner.mapped(change))
        case .number(let inner, let isWhole): .number(inner.mapped(change), isWhole: isWhole)
        case .length(let inner): .length(inner.mapped(change))
        case .text, .word, .unknown: self
        }
    }

    fileprivate func truth(_ look: (ValuesPath) -> KnownValue) -> Bool? {
        switch self {
        case .value(let path, let other):
            switch look(path) {
            case .unknown: return nil
            case .node(let node):
                if node.isTemplated { return nil }
                if isTrue(node) { return true }
            case .absent: break
            }
            return other.map { $0.truth(look) } ?? false
        case .text, .word, .quoted, .written, .number, .length: return scalar(look)?.isTrue
        case .unknown: return nil
        }
    }

    /// A single value: its text, and whether it is a text or what it says.
    fileprivate struct KnownScalar {
        var text: String
        var isText: Bool

        /// What a number says.
        var number: Double? { isText ? nil : Double(text) }

        /// Whether a condition takes it for true.
        var isTrue: Bool {
            if isText { return !text.isEmpty }
            return number.map { $0 != 0 } ?? !["", "false", "nil"].contains(text.lowercased())
        }
    }

    /// What it is; `nil` when that depends on what is not known, or it is no single value.
    fileprivate func scalar(_ look: (ValuesPath) -> KnownValue) -> KnownScalar? {
        switch self {
        case .unknown: return nil
        case .text(let text): return KnownScalar(text: text, isText: true)
        case .word(let word): return KnownScalar(text: word, isText: false)
        case .quoted(let inner):
            return inner.scalar(look).map {
                KnownScalar(text: $0.isMissing ? "" : "\"\($0.text)\"", isText: true)
            }
        case .written(let inner):
            return inner.scalar(look).flatMap {
                $0.isMissing ? nil : KnownScalar(text: $0.text, isText: true)
            }
        case .number(let inner, let isWhole):
            guard let value = inner.scalar(look) else { return nil }
            let number = Double(value.text) ?? (value.text == "true" ? 1 : 0)
            return KnownScalar(text: "\(isWhole ? number.rounded(.towardZero) : number)", isText: false)
        case .length(let inner):
            guard case .value(let path, nil) = inner, case .node(let node) = look(path), !node.isTemplated
            else { return nil }
            return node.length.map { KnownScalar(text: "\($0)", isText: false) }
        case .value(let path, let other):
            switch look(path) {
            case .unknown: return nil
            case .node(let node):
                guard let scalar = node.scalar, !node.isTemplated else { return nil }
                if other == nil || ConfigFaults.isTrue(node) {
                    return KnownScalar(text: scalar.text, isText: scalar.style == .quoted)
                }
            case .absent: break
            }
            return other.map { $0.scalar(look) } ?? KnownScalar(text: "", isText: false)
        }
    }
}

extension TemplateCondition.Operand.KnownScalar {
    /// Whether there is nothing.
    fileprivate var isMissing: Bool { !isText && ["", "nil", "null", "~"].contains(text) }
}

extension ConfigNode {
    /// What `len` says of it.
    fileprivate var length: Int? {
        switch kind {
        case .mapping(let entries): Set(entries.map(\.key)).count
        case .sequence(let elements): elements.count
        case .scalar(let scalar):
            scalar.style == .quoted || Double(scalar.text) == nil ? scalar.text.utf8.count : nil
        }
    }
}

extension ConfigNode {
    fileprivate var isTemplated: Bool { scalar?.isTemplated ?? false }
}

/// A block of a template with a condition, and what is inside it.
struct TemplateBlock: Sendable {
    var file: String
    /// From the line of the condition to the one that ends it.
    var lines: ClosedRange<Int>
    /// What must be true for it to be rendered, what is around it included.
    var conditions: [TemplateCondition]
    /// The objects that are all inside, by their places among those of the chart.
    var objects: [Int] = []
    /// The field inside it, where there is one, and the object that it is of.
    var field: (object: Int, name: String)?
}
