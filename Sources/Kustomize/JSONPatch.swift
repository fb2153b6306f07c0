import ConfigTree
import DeployModel

/// One operation of a JSON patch (RFC 6902).
struct PatchOperation: Sendable {
    private enum Verb: String { case add, remove, replace, move, copy, test }

    private var verb: Verb
    /// Where.
    let path: String
    private var from: String?
    private var value: RenderedTree?
    private let origin: Occurrence

    /// - Returns: `nil` for what is no operation.
    init?(_ tree: RenderedTree) {
        guard let verb = tree["op"]?.text.flatMap(Verb.init), let path = tree["path"]?.text else {
            return nil
        }
        self.verb = verb
        self.path = path
        from = tree["from"]?.text
        value = tree["value"]
        origin = tree.origin
    }

    /// The operations of a patch; `nil` when it holds something else.
    static func all(in tree: RenderedTree) -> [PatchOperation]? {
        guard !tree.elements.isEmpty else { return nil }
        let found = tree.elements.compactMap(PatchOperation.init)
        return found.count == tree.elements.count ? found : nil
    }

    /// Applies it.
    ///
    /// - Returns: whether its paths lead somewhere; `tree` is as it was where they do not.
    func apply(to tree: inout RenderedTree) -> Bool {
        let steps = Self.steps(of: path)
        switch verb {
        case .add:
            // Annotations are there even where there are none, since kustomize keeps notes of its own in them.
            if steps.count == 3, steps[0] == "metadata", steps[1] == "annotations",
                tree["metadata"]?["annotations"] == nil
            {
                tree.update(["metadata", "annotations"], creating: origin) { _ in }
            }
            return Self.edit(&tree, steps[...], .insert(value ?? nothing))
        case .remove: return Self.edit(&tree, steps[...], .remove)
        case .replace: return Self.edit(&tree, steps[...], .replace(value ?? nothing))
        case .test: return Self.value(in: tree, steps).map { $0.saysSame(as: value ?? nothing) } ?? false
        case .copy, .move:
            guard let from, let moved = Self.value(in: tree, Self.steps(of: from)) else { return false }
            if verb == .move {
                guard Self.edit(&tree, Self.steps(of: from)[...], .remove) else { return false }
            }
            return Self.edit(&tree, steps[...], .insert(moved))
        }
    }

    private var nothing: RenderedTree {
        RenderedTree(.scalar(ConfigNode.Scalar(text: "null", style: .plain)), origin: origin)
    }

    private enum Edit {
        case insert(RenderedTree)
        case replace(RenderedTree)
        case remove
    }

    /// `/a/b~1c` taken apart.
    private static func steps(of path: String) -> [String] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    private static func value(in tree: RenderedTree, _ steps: [String]) -> RenderedTree? {
        steps.reduce(Optional(tree)) { tree, step in
            switch tree?.content {
            case .mapping(let fields): fields[step]
            case .sequence(let elements):
                Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            default: nil
            }
        }
    }

    private static func edit(_ tree: inout RenderedTree, _ steps: ArraySlice<String>, _ edit: Edit) -> Bool {
        guard let step = steps.first else {
            switch edit {
            case .insert(let value), .replace(let value): tree = value
            case .remove: return false
            }
            return true
        }
        let isLast = steps.count == 1
        switch tree.content {
        case .scalar: return false
        case .mapping(var fields):
            if isLast {
                switch edit {
                case .insert(let value): fields[step] = value
                // What is not there is added, as kustomize 5.5 does.
                case .replace(let value): fields[step] = value
                case .remove: guard fields.removeValue(forKey: step) != nil else { return false }
                }
            } else {
                guard var child = fields[step], Self.edit(&child, steps.dropFirst(), edit) else {
                    return false
                }
                fields[step] = child
            }
            tree.content = .mapping(fields)
        case .sequence(var elements):
            if isLast, case .insert(let value) = edit {
                guard let index = step == "-" ? elements.count : Int(step),
                    (0...elements.count).contains(index)
                else { return false }
                elements.insert(value, at: index)
            } else {
                guard let index = Int(step), elements.indices.contains(index) else { return false }
                switch edit {
                case .replace(let value) where isLast: elements[index] = value
                case .remove where isLast: elements.remove(at: index)
                default: guard Self.edit(&elements[index], steps.dropFirst(), edit) else { return false }
                }
            }
            tree.content = .sequence(elements)
        }
        return true
    }
}
