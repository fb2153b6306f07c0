import ConfigTree
public import DeployModel

/// Renders the kustomizations of one commit, without running anything.
///
/// What kustomize reads over the network is left out and noted, as is what is not understood. For one thread.
public final class KustomizeRenderer {
    private let source: any SourceTree
    private let cache: KustomizeCache
    /// What folders put into those that list them.
    private var layers: [String: Layer] = [:]

    private static let deepest = 32
    /// What the rendering has cost so far: folders that each list two of the next level are taken twice as often with
    /// every level.
    private var effort = 0
    /// 2,000 kustomizations without objects, or 6 with as many objects as there may be.
    private static let mostEffort = 60_000
    private static let effortOfKustomization = 30

    /// A renderer of a tree's kustomizations.
    public init(_ source: any SourceTree, cache: KustomizeCache = KustomizeCache()) {
        self.source = source
        self.cache = cache
    }

    /// What the kustomization of a folder puts out.
    ///
    /// - Returns: `nil` when there is none.
    /// - Throws: what the tree throws.
    public func render(_ folder: String) throws -> Rendering? {
        guard let kustomization = try kustomization(in: folder), !kustomization.isComponent else {
            return nil
        }
        if let known = try cache.rendering(of: folder, in: source) { return known }
        effort = 0
        var layer = try layer(of: kustomization, above: [])
        let references = NameReferences(layer.result.objects)
        layer.result.objects = layer.result.objects.map(references.followed)
        layer.fillInVariables()
        layer.result.objects.removeAll { object in
            let mark = object.tree[path: "metadata", "annotations"]?["config.kubernetes.io/local-config"]?
                .text
            return mark.map { $0 != "false" } ?? false
        }
        try cache.keep(layer.result, of: folder, in: source)
        return layer.result
    }

    func kustomization(in folder: String) throws -> Kustomization? {
        for name in Kustomization.fileNames {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if let found = try cache.kustomization(at: path, in: source) { return found }
        }
        return nil
    }

    private func layer(of kustomization: Kustomization, above: [String]) throws -> Layer {
        if let known = layers[kustomization.folder] { return known }
        var layer = Layer()
        try fill(&layer, from: kustomization, above: above + [kustomization.folder])
        // What was cut short because of others is not what the folder puts out.
        if effort < Self.mostEffort { layers[kustomization.folder] = layer }
        return layer
    }

    /// - Parameter above: the folders that led here, the kustomization's own last.
    private func fill(_ layer: inout Layer, from kustomization: Kustomization, above: [String]) throws {
        layer.result.files.insert(kustomization.path)
        kustomization.gaps.forEach { layer.leaveOut($0.reason, at: $0.place) }
        for entry in kustomization.resources { try add(entry, to: &layer, kustomization, above: above) }
        try generate(into: &layer, kustomization)
        for entry in kustomization.components {
            try addComponent(entry, to: &layer, kustomization, above: above)
        }
        try transform(&layer, kustomization)
        layer.variables += kustomization.list("vars")
        layer.findConflicts()
        effort += Self.effortOfKustomization + layer.result.objects.count
    }
}

// MARK: What is listed

extension KustomizeRenderer {
    private func add(
        _ entry: RenderedTree, to layer: inout Layer, _ kustomization: Kustomization, above: [String]
    ) throws {
        guard let text = entry.text, !text.isEmpty else { return }
        // Manifests may stand in the list itself.
        if text.contains("\n") {
            let above = entry.origin.line
            let contents = KustomizeCache.parsed(path: kustomization.path, Array(text.utf8), above: above)
            return add(contents.documents, to: &layer, listing: kustomization.span(entry))
        }
        guard let path = kustomization.resolved(text) else {
            return layer.leaveOut(
                isRemote(text) ? "a remote resource" : "a path out of the repository", at: entry.origin)
        }
        layer.result.files.insert(path)
        if let contents = try contents(at: path, &layer, entry) {
            return add(contents.documents, to: &layer, listing: kustomization.span(entry))
        }
        guard let sub = try subordinate(in: path, entry, &layer, above: above) else { return }
        let below = try self.layer(of: sub, above: above)
        guard hasEffortLeft(at: entry, &layer) else { return }
        layer.take(below, listedBy: kustomization.span(entry))
    }

    private func addComponent(
        _ entry: RenderedTree, to layer: inout Layer, _ kustomization: Kustomization, above: [String]
    ) throws {
        guard let text = entry.text, !text.isEmpty else { return }
        guard let path = kustomization.resolved(text) else {
            return layer.leaveOut("a remote component", at: entry.origin)
        }
        guard let sub = try subordinate(in: path, entry, &layer, above: above) else { return }
        let former = layer.result.objects.map(\.sources)
        try fill(&layer, from: sub, above: above + [path])
        // What it brings in or changes is its doing.
        for index in layer.result.objects.indices
        where !former.indices.contains(index) || layer.result.objects[index].sources != former[index] {
            layer.result.objects[index].sources.insert(kustomization.span(entry))
        }
    }

    /// The kustomization that an entry leads to; what keeps it from being taken is told.
    private func subordinate(
        in folder: String, _ entry: RenderedTree, _ layer: inout Layer, above: [String]
    ) throws -> Kustomization? {
        for name in Kustomization.fileNames {
            layer.result.files.insert(folder.isEmpty ? name : "\(folder)/\(name)")
        }
        // A folder above one that led here would take all of it again, so that kustomize refuses it as well.
        guard !above.contains(where: { $0 == folder || folder.isEmpty || $0.hasPrefix(folder + "/") }) else {
            layer.report(.cycle, at: entry.origin)
            return nil
        }
        guard above.count < Self.deepest else {
            layer.leaveOut("kustomizations deeper than \(Self.deepest)", at: entry.origin)
            return nil
        }
        guard let found = try kustomization(in: folder) else {
            layer.report(.missing(folder), at: entry.origin)
            return nil
        }
        return hasEffortLeft(at: entry, &layer) ? found : nil
    }

    private func hasEffortLeft(at entry: RenderedTree, _ layer: inout Layer) -> Bool {
        guard effort >= Self.mostEffort else { return true }
        layer.leaveOut("kustomizations that are taken too often", at: entry.origin)
        return false
    }

    private func add(
        _ documents: [(tree: RenderedTree, span: SourceSpan)], to layer: inout Layer, listing: SourceSpan
    ) {
        for (tree, span) in documents {
            guard layer.hasRoom(at: tree.origin) else { return }
            guard var object = RenderedObject(tree, origin: tree.origin, source: span) else {
                layer.leaveOut("a document that is no object", at: tree.origin)
                continue
            }
            object.sources.insert(listing)
            layer.result.objects.append(object)
        }
    }

    /// The documents of a file; `nil` when it is not there.
    private func contents(
        at path: String, _ layer: inout Layer, _ entry: RenderedTree
    ) throws -> KustomizeCache.Contents? {
        guard let found = try cache.contents(at: path, in: source) else { return nil }
        guard layer.spend(found.bytes, at: entry.origin) else {
            return KustomizeCache.Contents(documents: [], first: nil, isBroken: false, bytes: 0)
        }
        if found.isLarge { layer.leaveOut("a large file", at: Occurrence(path: path, line: 1)) }
        if found.isBroken {
            layer.leaveOut("a file that does not parse", at: Occurrence(path: path, line: 1))
        }
        return found
    }
}

// MARK: What is generated

extension KustomizeRenderer {
    private func generate(into layer: inout Layer, _ kustomization: Kustomization) throws {
        let general = kustomization.root["generatorOptions"]
        layer.keepsIndex = true
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for entry in kustomization.list(key) {
                guard let generator = GeneratorEntry(entry, kind: kind, general: general) else { continue }
                let made = try generator.object(of: kustomization) { try read($0, $1, &layer, kustomization) }
                guard let made else { continue }
                layer.absorb(made, generator.behavior)
            }
        }
        layer.keepsIndex = false
    }

    private func read(
        _ entry: RenderedTree, _ name: String, _ layer: inout Layer, _ kustomization: Kustomization
    ) throws -> (path: String, bytes: [UInt8])? {
        guard let path = kustomization.resolved(name) else {
            layer.leaveOut("a file out of the repository", at: entry.origin)
            return nil
        }
        layer.result.files.insert(path)
        guard let bytes = try source.contents(of: path) else {
            layer.report(.missingInput(path), at: entry.origin)
            return nil
        }
        return layer.spend(bytes.count, at: entry.origin) ? (path, bytes) : nil
    }
}

extension Layer {
    /// Adds what a generator made, or puts it into what is there.
    fileprivate mutating func absorb(_ made: RenderedObject, _ behavior: GeneratorEntry.Behavior) {
        let identity = made.identity
        let found = places(named: identity.name).first { result.objects[$0].goes(by: identity) }
        guard let found else {
            if behavior != .create {
                report(.nothingToMerge(kind: identity.kind, name: identity.name), at: made.origin)
            }
            append(made)
            return
        }
        guard behavior != .create else {
            report(.conflict(kind: identity.kind, name: identity.name), at: made.origin)
            return
        }
        let old = result.objects[found]
        var new = made
        // It keeps the name that it has got by now, and what it is called by.
        new.formerIdentities = old.formerIdentities
        new.prefixes = old.prefixes
        new.suffixes = old.suffixes
        new.sources.formUnion(old.sources)
        new.tree.update(["metadata"], creating: made.origin) { metadata in
            metadata.set("name", old.tree[path: "metadata", "name"])
            metadata.set("namespace", old.tree[path: "metadata", "namespace"])
            for field in ["labels", "annotations"] {
                let both = (old.tree[path: "metadata", field]?.fields ?? [:])
                    .merging(metadata[field]?.fields ?? [:]) { _, new in new }
                if !both.isEmpty { metadata.set(field, RenderedTree(.mapping(both), origin: made.origin)) }
            }
        }
        if behavior == .merge {
            for field in ["data", "binaryData"] {
                let both = (old.tree[field]?.fields ?? [:]).merging(new.tree[field]?.fields ?? [:]) {
                    _, new in new
                }
                if !both.isEmpty { new.tree.set(field, RenderedTree(.mapping(both), origin: made.origin)) }
            }
        }
        result.objects[found] = new
    }
}

// MARK: What is changed

extension KustomizeRenderer {
    /// In the order that kustomize has.
    private func transform(_ layer: inout Layer, _ kustomization: Kustomization) throws {
        let root = kustomization.root
        layer.keepsIndex = true
        for entry in kustomization.list("patchesStrategicMerge") {
            guard let patch = try patch(entry, text: entry.text, mayBePath: true, &layer, kustomization)
            else { continue }
            layer.merge(patch)
        }
        for entry in kustomization.list("patches") { try applyPatch(entry, to: &layer, kustomization) }
        layer.keepsIndex = false
        if let namespace = root["namespace"] {
            layer.setNamespace(namespace, source: kustomization.span(namespace))
        }
        if let prefix = root["namePrefix"] {
            layer.affix(prefix, isPrefix: true, source: kustomization.span(prefix))
        }
        if let suffix = root["nameSuffix"] {
            layer.affix(suffix, isPrefix: false, source: kustomization.span(suffix))
        }
        for entry in kustomization.list("labels") {
            layer.add(
                entry["pairs"]?.fields ?? [:], at: labelPlaces(entry), source: kustomization.span(entry))
        }
        if let labels = root["commonLabels"] {
            let places =
                FieldPlace.labels + FieldPlace.templateLabels + FieldPlace.selectors + FieldPlace.claimLabels
            layer.add(labels.fields, at: places, source: kustomization.span(labels))
        }
        if let annotations = root["commonAnnotations"] {
            layer.add(annotations.fields, at: FieldPlace.annotations, source: kustomization.span(annotations))
        }
        layer.keepsIndex = true
        for entry in kustomization.list("patchesJson6902") {
            try applyPatch(entry, to: &layer, kustomization)
        }
        for entry in kustomization.list("replicas") {
            layer.setReplicas(entry, source: kustomization.span(entry))
        }
        layer.setImages(
            kustomization.list("images", "imageTags").compactMap {
                ImageRule($0, source: kustomization.span($0))
            })
        for entry in kustomization.list("replacements") { try replace(entry, in: &layer, kustomization) }
        layer.keepsIndex = false
    }

    private func labelPlaces(_ entry: RenderedTree) -> [FieldPlace] {
        var places = FieldPlace.labels
        if entry["includeSelectors"]?.isTrue ?? false {
            places += FieldPlace.templateLabels + FieldPlace.selectors + FieldPlace.claimLabels
        } else {
            if entry["includeTemplates"]?.isTrue ?? false { places += FieldPlace.templateLabels }
            if entry["includeVolumeClaimTemplates"]?.isTrue ?? false { places += FieldPlace.claimLabels }
        }
        places += (entry["fields"]?.elements ?? []).compactMap { field in
            field["path"]?.text.map {
                FieldPlace(
                    $0, field["kind"]?.text, group: field["group"]?.text,
                    isCreated: field["create"]?.isTrue ?? false)
            }
        }
        return places
    }

    private func applyPatch(
        _ entry: RenderedTree, to layer: inout Layer, _ kustomization: Kustomization
    ) throws {
        let (inline, path) = (entry["patch"], entry["path"])
        guard let value = inline ?? path,
            let patch = try patch(
                value, text: value.text, mayBePath: inline == nil, &layer, kustomization, entry)
        else { return }
        if let target = entry["target"], !target.isNull {
            layer.apply(patch, target: target, options: entry["options"])
        } else {
            layer.merge(patch, options: entry["options"])
        }
    }

    /// The documents of a patch that an entry holds or names.
    private func patch(
        _ value: RenderedTree, text: String?, mayBePath: Bool, _ layer: inout Layer,
        _ kustomization: Kustomization, _ entry: RenderedTree? = nil
    ) throws -> PatchText? {
        guard let text, !text.isEmpty else { return nil }
        let entry = entry ?? value
        let listing = kustomization.span(entry)
        if !mayBePath || text.contains("\n") || text.hasPrefix("{") {
            let contents = KustomizeCache.parsed(
                path: kustomization.path, Array(text.utf8),
                above: text.contains("\n") ? value.origin.line : value.origin.line - 1)
            if contents.isBroken { layer.leaveOut("a patch that does not parse", at: value.origin) }
            return PatchText(documents: contents.documents, entry: entry, listing: listing)
        }
        guard let path = kustomization.resolved(text) else {
            layer.leaveOut("a remote patch", at: entry.origin)
            return nil
        }
        layer.result.files.insert(path)
        guard let contents = try contents(at: path, &layer, entry) else {
            layer.report(.missing(path), at: value.origin)
            return nil
        }
        return PatchText(documents: contents.documents, entry: entry, listing: listing)
    }

    private func replace(_ entry: RenderedTree, in layer: inout Layer, _ kustomization: Kustomization) throws
    {
        guard let text = entry["path"]?.text else {
            return layer.replace(entry, source: kustomization.span(entry))
        }
        guard let path = kustomization.resolved(text) else {
            return layer.leaveOut("a file out of the repository", at: entry.origin)
        }
        layer.result.files.insert(path)
        guard let contents = try contents(at: path, &layer, entry) else {
            return layer.report(.missing(path), at: entry.origin)
        }
        for (tree, span) in contents.documents {
            for inner in tree.elements.isEmpty ? [tree] : tree.elements { layer.replace(inner, source: span) }
        }
    }
}
