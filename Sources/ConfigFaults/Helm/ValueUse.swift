import ConfigTree

/// A place of a chart's templates where a value is used.
struct ValueUse: Sendable, Hashable {
    /// What the template makes of it.
    enum Form: Sendable, Hashable {
        /// The value itself is written there.
        case value
        /// All of it is written there as a tree.
        case tree
        /// It has a part in what is written there.
        case part
        /// It only decides what is written.
        case condition
    }

    var path: ValuesPath
    var file: String
    var line: Int
    /// The object that it lands in, by its place among the objects of the chart.
    var object: Int?
    /// The field that it lands in; `nil` where that is not known.
    var landing: [LandingStep]?
    var form: Form
    /// Whether the template puts it between quotes.
    var isQuoted = false
    /// Whether a condition asks for the value itself: whether it is there and neither false, zero nor empty.
    var isAsked = false
    /// Whether something takes its place where it is missing.
    var hasDefault = false
    /// Whether the chart asks whoever installs it for the value.
    var isRequired = false
    /// The values that must be there for it to be used.
    var guards: [ValuesPath] = []
    /// What must be true for it to be used, as far as values tell.
    var conditions: [TemplateCondition] = []
    /// Whether it is used only on conditions that are not followed here.
    var isUncertain = false
    /// The whole text that it is a part of; empty when it is all there is.
    var text: [TextPiece] = []
}

/// One step to a field of a rendered object.
struct LandingStep: Sendable, Hashable {
    var step: FieldStep
    /// The name of the step, where a template makes it.
    var name: [TextPiece]?
}

/// An object that a template renders.
struct ChartObject: Sendable {
    /// As the template has it, its name with the expressions in it.
    var manifest: Manifest
    /// What its name is made of; `nil` when no expression of it was seen.
    var name: [TextPiece]?
}

/// How a use stands to a way through the values.
enum UseRelation: Sendable {
    case exact
    /// The use takes what the way leads to as a part of something larger; what is left of the way from there.
    case inside(ArraySlice<FieldStep>)
    /// The use takes only a part of what the way leads to; the way from there.
    case around(ArraySlice<ValuesStep>)
}

extension ValueUse {
    /// How it stands to a way; `nil` when it has nothing to do with what is there.
    func relation(to way: FieldPath) -> UseRelation? {
        for (wanted, step) in zip(path, way) {
            switch (wanted, step) {
            case (.each, _): continue
            case (.key(let name), .key(let key)) where name == key: continue
            default: return nil
            }
        }
        if path.count == way.count { return .exact }
        if path.count > way.count { return .around(path[way.count...]) }
        return .inside(way[path.count...])
    }

    /// Whether a change at the end of a way can show through the use.
    func shows(_ way: FieldPath) -> Bool {
        switch relation(to: way) {
        case .exact, .around: true
        // Whether there is anything at all does not depend on what is inside.
        case .inside: form != .condition
        case nil: false
        }
    }

    /// The field that what is at the end of a way lands in.
    func landing(of way: FieldPath) -> FieldPath? {
        guard let landing, let relation = relation(to: way) else { return nil }
        let lead = landing.map { $0.resolved(for: path, way) }
        switch relation {
        case .exact, .around: return lead
        case .inside(let rest): return form == .tree ? lead + rest : nil
        }
    }
}

extension LandingStep {
    fileprivate func resolved(for path: ValuesPath, _ way: FieldPath) -> FieldStep {
        guard let name, let text = name.text(for: path, way, value: { _ in nil }) else { return step }
        switch step {
        case .key: return .key(text)
        case .element: return .element(text)
        case .index: return step
        }
    }
}

extension [TextPiece] {
    /// The text, as far as it can be known.
    ///
    /// - Parameters:
    ///   - path: the way of the use, which may lead through whatever stands there.
    ///   - way: what stands there.
    ///   - value: looks up a value as text.
    /// - Returns: `nil` when a part of it is not known; the name of the release counts as nothing.
    func text(for path: ValuesPath, _ way: FieldPath, value: (ValuesPath) -> String?) -> String? {
        var text = ""
        for piece in self {
            switch piece {
            case .literal(let literal): text += literal
            case .release: break
            case .key(let keyed):
                guard keyed.count <= Swift.min(way.count, path.count), path.starts(with: keyed) else {
                    return nil
                }
                text += way[keyed.count - 1].name
            case .value(let wanted, let otherwise):
                if let found = value(wanted), !found.isEmpty {
                    text += found
                } else if let other = otherwise.text(for: path, way, value: value) {
                    text += other
                } else {
                    return nil
                }
            case .unknown: return nil
            }
        }
        return text
    }

    /// Whether the name of the release is a part of it.
    var holdsRelease: Bool {
        contains { piece in
            switch piece {
            case .release: true
            case .value(_, let otherwise): otherwise.holdsRelease
            case .literal, .key, .unknown: false
            }
        }
    }
}
