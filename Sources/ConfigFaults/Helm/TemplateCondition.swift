import ConfigTree

/// What the condition of a block of a template asks, as far as it can be answered from values.
indirect enum TemplateCondition: Sendable, Hashable {
    /// Whether an operand is there and neither false, zero nor empty.
    case truth(Operand)
    case equal(Operand, Operand)
    /// Whether a mapping has a key.
    case presence(ValuesPath)
    case not(TemplateCondition)
    case all([TemplateCondition])
    case any([TemplateCondition])
    case unknown

    /// What is compared.
    indirect enum Operand: Sendable, Hashable {
        /// A value of the chart, with what takes its place where it is missing or empty.
        case value(ValuesPath, default: Operand?)
        /// A text, a number or a word as the template has it.
        case literal(String)
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
            guard case .known(let x) = a.text(look), case .known(let y) = b.text(look) else { return nil }
            return x == y
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
        case .equal(let a, let b): a.paths + b.paths
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
        case .presence(let path): .presence(change(path))
        case .not(let condition): .not(condition.mapped(change))
        case .all(let conditions): .all(conditions.map { $0.mapped(change) })
        case .any(let conditions): .any(conditions.map { $0.mapped(change) })
        case .unknown: .unknown
        }
    }
}

extension TemplateCondition.Operand {
    fileprivate var paths: [ValuesPath] {
        guard case .value(let path, let other) = self else { return [] }
        return [path] + (other?.paths ?? [])
    }

    fileprivate func mapped(_ change: (ValuesPath) -> ValuesPath) -> Self {
        guard case .value(let path, let other) = self else { return self }
        return .value(change(path), default: other?.mapped(change))
    }

    fileprivate func truth(_ look: (ValuesPath) -> KnownValue) -> Bool? {
        switch self {
        case .unknown: return nil
        case .literal(let text): return !["", "false", "0", "nil"].contains(text)
        case .value(let path, let other):
            switch look(path) {
            case .unknown: return nil
            case .node(let node):
                if node.isTemplated { return nil }
                if isTrue(node) { return true }
            case .absent: break
            }
            return other.map { $0.truth(look) } ?? false
        }
    }

    fileprivate enum KnownText {
        case known(String)
        case unknown
    }

    fileprivate func text(_ look: (ValuesPath) -> KnownValue) -> KnownText {
        switch self {
        case .unknown: return .unknown
        case .literal(let text): return .known(text)
        case .value(let path, let other):
            switch look(path) {
            case .unknown: return .unknown
            case .node(let node):
                guard let text = node.text, !node.isTemplated else { return .unknown }
                if other == nil || isTrue(node) { return .known(text) }
            case .absent: break
            }
            return other.map { $0.text(look) } ?? .known("")
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
