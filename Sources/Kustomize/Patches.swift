import ConfigTree
import DeployModel

/// Which objects a patch, or another entry, is for.
struct TargetSelector {
    private var patterns: [(NamePattern, (ObjectIdentity) -> String)] = []
    private var name: NamePattern?
    private var namespace: NamePattern?
    private var labels: LabelQuery?
    private var annotations: LabelQuery?
    /// The one name that it selects; `nil` where it is for several, or for any.
    var literalName: String? { name?.literal }
    /// What it selects, in words.
    let words: String

    /// - Returns: `nil` for a selector that is not understood.
    init?(_ tree: RenderedTree) {
        words = ["kind", "name", "namespace", "group", "version", "labelSelector", "annotationSelector"]
            .compactMap { tree[$0]?.text }.filter { !$0.isEmpty }.joined(separator: " ")
        func pattern(_ key: String, _ found: inout NamePattern?) -> Bool {
            guard let text = tree[key]?.text, !text.isEmpty else { return true }
            found = NamePattern(text)
            return found != nil
        }
        func query(_ key: String, _ found: inout LabelQuery?) -> Bool {
            guard let text = tree[key]?.text, !text.isEmpty else { return true }
            found = LabelQuery(text)
            return found != nil
        }
        let fields: [(String, (ObjectIdentity) -> String)] = [
            ("group", \.group), ("version", \.version), ("kind", \.kind),
        ]
        for (key, value) in fields {
            var found: NamePattern?
            guard pattern(key, &found) else { return nil }
            if let found { patterns.append((found, value)) }
        }
        guard pattern("name", &name), pattern("namespace", &namespace), query("labelSelector", &labels),
            query("annotationSelector", &annotations)
        else { return nil }
    }

    /// By its first or its present name and namespace, and its present labels.
    func selects(_ object: RenderedObject) -> Bool {
        let (first, last) = (object.formerIdentities.first ?? object.identity, object.identity)
        return selects(identities: [first, last], present: last) && selectsLabels(of: object)
    }

    /// By any of its identities.
    func selectsAny(_ object: RenderedObject) -> Bool {
        object.identities.contains { selects(identities: [$0], present: $0) } && selectsLabels(of: object)
    }

    private func selects(identities: [ObjectIdentity], present: ObjectIdentity) -> Bool {
        patterns.allSatisfy { $0.0.matches($0.1(present)) }
            && (name.map { name in identities.contains { name.matches($0.name) } } ?? true)
            && (namespace.map { pattern in identities.contains { pattern.matches($0.effectiveNamespace) } }
                ?? true)
    }

    private func selectsLabels(of object: RenderedObject) -> Bool {
        (labels?.matches(object.tree[path: "metadata", "labels"]?.fields ?? [:]) ?? true)
            && (annotations?.matches(object.tree[path: "metadata", "annotations"]?.fields ?? [:]) ?? true)
    }
}

/// The documents of a patch, with the lines that each takes.
struct PatchText {
    var documents: [(tree: RenderedTree, span: SourceSpan)]
    /// Where the kustomization says that it is to be applied.
    var entry: RenderedTree
    /// The lines of that entry.
    var listing: SourceSpan
}

extension Layer {
    /// Applies strategic merge patches to the objects that they name.
    mutating func merge(_ patch: PatchText, options: RenderedTree? = nil) {
        var changed: [Int] = []
        for (tree, span) in patch.documents {
            guard let identity = ObjectIdentity(tree) else { continue }
            note(tree)
            let named = places(named: identity.name)
            guard let place = named.first(where: { result.objects[$0].goes(by: identity) }) else {
                report(.noTarget(kind: identity.kind, name: identity.name), at: tree.origin)
                continue
            }
            merge(tree, intoObjectAt: place, [span, patch.listing], options: options)
            changed.append(place)
        }
        dropDeleted(among: changed)
    }

    /// Applies a patch to all objects that a target selects.
    mutating func apply(_ patch: PatchText, target: RenderedTree, options: RenderedTree?) {
        guard let selector = TargetSelector(target) else {
            return leaveOut("a target that is not understood", at: target.origin)
        }
        let selected = places(of: selector)
        if selected.isEmpty { ignore(.patch(selector.words), at: patch.entry.origin) }
        for (tree, span) in patch.documents {
            if let operations = PatchOperation.all(in: tree) {
                for place in selected {
                    apply(operations, toObjectAt: place, [span, patch.listing], at: tree.origin)
                }
            } else {
                note(tree)
                for place in selected {
                    merge(tree, intoObjectAt: place, [span, patch.listing], options: options)
                }
            }
        }
        dropDeleted(among: selected)
    }

    private mutating func note(_ patch: RenderedTree) {
        if let unknown = unknownDirective(in: patch) {
            leaveOut("a directive of patches", at: unknown.origin)
        }
    }

    private mutating func apply(
        _ operations: [PatchOperation], toObjectAt place: Int, _ spans: Set<SourceSpan>, at origin: Occurrence
    ) {
        let identity = result.objects[place].identity
        result.objects[place].keepIdentity()
        result.objects[place].sources.formUnion(spans)
        for operation in operations where !operation.apply(to: &result.objects[place].tree) {
            report(.badPath(operation.path), at: origin)
        }
        if result.objects[place].identity.name != identity.name { forgetNames() }
    }

    /// An object that a patch deletes is left as nothing, so that the others keep their places.
    private mutating func merge(
        _ patch: RenderedTree, intoObjectAt place: Int, _ spans: Set<SourceSpan>, options: RenderedTree?
    ) {
        let old = result.objects[place].tree
        let identity = result.objects[place].identity
        let mayChangeKind = options?["allowKindChange"]?.isTrue ?? false
        let mayChangeName = options?["allowNameChange"]?.isTrue ?? false
        var changes = patch
        if !mayChangeKind {
            changes.set("kind", nil)
            changes.set("apiVersion", nil)
        }
        if mayChangeKind || mayChangeName { result.objects[place].keepIdentity() }
        result.objects[place].sources.formUnion(spans)
        guard var new = merged(changes, into: old, at: MergePlace(identity)) else {
            result.objects[place].tree.content = .sequence([])
            return
        }
        for key in ["kind", "apiVersion"] where !mayChangeKind { new.set(key, old[key]) }
        new.update(["metadata"]) { metadata in
            if !mayChangeName { metadata.set("name", old[path: "metadata", "name"]) }
            metadata.set("namespace", old[path: "metadata", "namespace"])
        }
        result.objects[place].tree = new
        if result.objects[place].identity.name != identity.name { forgetNames() }
    }

    private mutating func dropDeleted(among changed: [Int]) {
        func isDeleted(_ object: RenderedObject) -> Bool {
            if case .sequence = object.tree.content { true } else { false }
        }
        guard changed.contains(where: { isDeleted(result.objects[$0]) }) else { return }
        result.objects.removeAll(where: isDeleted)
        forgetNames()
    }
}
