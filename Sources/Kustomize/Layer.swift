import ConfigTree
import DeployModel

/// What has been found and made so far, on the way from the bases to the top.
struct Layer {
    var result = Rendering()
    /// Entries of `vars`, which are filled in at the very end.
    var variables: [RenderedTree] = []
    /// How much was read for it.
    private var bytes = 0
    private static let mostBytes = 16 << 20

    /// Counts bytes that were read.
    ///
    /// - Returns: whether there is still room for them.
    mutating func spend(_ count: Int, at place: Occurrence) -> Bool {
        bytes += count
        guard bytes > Self.mostBytes else { return true }
        leaveOut("more than \(Self.mostBytes >> 20) MiB of files", at: place)
        return false
    }

    mutating func report(_ kind: RenderProblem.Kind, at place: Occurrence) {
        let problem = RenderProblem(kind: kind, place: place)
        if !result.problems.contains(problem) { result.problems.append(problem) }
    }

    mutating func leaveOut(_ reason: String, at place: Occurrence) {
        let gap = RenderGap(reason: reason, place: place)
        if !result.gaps.contains(gap) { result.gaps.append(gap) }
    }

    mutating func ignore(_ kind: IdleEntry.Kind, at place: Occurrence) {
        result.idle.append(IdleEntry(kind: kind, place: place))
    }

    /// Takes what another layer found; `source` is the entry that lists it.
    mutating func take(_ other: Layer, listedBy source: SourceSpan) {
        for var object in other.result.objects {
            object.sources.insert(source)
            result.objects.append(object)
        }
        other.result.problems.forEach { report($0.kind, at: $0.place) }
        other.result.gaps.forEach { leaveOut($0.reason, at: $0.place) }
        result.idle += other.result.idle
        result.files.formUnion(other.result.files)
        variables += other.variables
        bytes += other.bytes
    }

    /// The objects by each name that they go by or went by.
    var indexByName: [String: [Int]] {
        var index: [String: [Int]] = [:]
        for (place, object) in result.objects.enumerated() {
            for name in Set(object.identities.map(\.name)) { index[name, default: []].append(place) }
        }
        return index
    }

    /// Tells of objects that are there twice, where the second one stands.
    mutating func findConflicts() {
        struct Key: Hashable { var group, version, kind, name, namespace: String }
        var seen: Set<Key> = []
        for object in result.objects {
            let identity = object.identity
            let key = Key(
                group: identity.group, version: identity.version, kind: identity.kind, name: identity.name,
                namespace: identity.effectiveNamespace)
            guard !seen.insert(key).inserted else { continue }
            report(.conflict(kind: identity.kind, name: identity.name), at: object.origin)
        }
    }
}

// MARK: Names and namespaces

extension Layer {
    mutating func setNamespace(_ namespace: RenderedTree, source: SourceSpan) {
        guard let name = namespace.text, !name.isEmpty else { return }
        let value = RenderedTree(text: name, origin: namespace.origin)
        for index in result.objects.indices {
            let identity = result.objects[index].identity
            result.objects[index].keepIdentity()
            result.objects[index].sources.insert(source)
            if !identity.isOfCluster {
                result.objects[index].tree.update(["metadata"], creating: namespace.origin) {
                    $0.set("namespace", value)
                }
            }
            switch identity.kind {
            case "Namespace" where identity.group.isEmpty:
                result.objects[index].tree.update(["metadata", "name"]) { $0 = value }
            case "APIService":
                result.objects[index].tree.update(["spec", "service"]) { $0.set("namespace", value) }
            case "CustomResourceDefinition":
                result.objects[index].tree.update([
                    "spec", "conversion", "webhook", "clientConfig", "service",
                ]) {
                    $0.set("namespace", value)
                }
            case "RoleBinding", "ClusterRoleBinding":
                result.objects[index].tree.update(["subjects"]) { subjects in
                    let elements = subjects.elements.map { subject in
                        var subject = subject
                        if subject["name"]?.text == "default" { subject.set("namespace", value) }
                        return subject
                    }
                    subjects.content = .sequence(elements)
                }
            default: break
            }
        }
    }

    /// Puts a text before or behind all names.
    mutating func affix(_ text: RenderedTree, isPrefix: Bool, source: SourceSpan) {
        guard let affix = text.text, !affix.isEmpty else { return }
        for index in result.objects.indices {
            let original = result.objects[index].original
            let isFixed =
                original.kind == "CustomResourceDefinition" || original.kind == "Namespace"
                || original.kind == "APIService" && original.group == "apiregistration.k8s.io"
            guard !isFixed else { continue }
            result.objects[index].keepIdentity()
            result.objects[index].sources.insert(source)
            if isPrefix {
                result.objects[index].prefixes.append(affix)
            } else {
                result.objects[index].suffixes.append(affix)
            }
            result.objects[index].tree.update(["metadata", "name"]) { name in
                name.updateText(origin: text.origin) { isPrefix ? affix + $0 : $0 + affix }
            }
        }
    }
}

// MARK: Labels, annotations, replicas, images

extension Layer {
    /// Adds entries to mappings at some places.
    mutating func add(_ pairs: [String: RenderedTree], at places: [FieldPlace], source: SourceSpan) {
        guard !pairs.isEmpty else { return }
        let values = pairs.mapValues { RenderedTree(text: $0.text ?? "", origin: $0.origin) }
        for index in result.objects.indices {
            let identity = result.objects[index].identity
            for place in places where place.isOf(identity) {
                let origin = place.isCreated ? values.values.map(\.origin).min() : nil
                result.objects[index].tree.update(place.path[...], creating: origin) { mapping in
                    guard case .mapping(let old) = mapping.content else { return }
                    mapping.content = .mapping(old.merging(values) { _, new in new })
                }
            }
            result.objects[index].sources.insert(source)
        }
    }

    mutating func setReplicas(_ entry: RenderedTree, source: SourceSpan) {
        guard let name = entry["name"]?.text, let count = entry["count"] else { return }
        let scaled: Set = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
        var isFound = false
        for index in result.objects.indices {
            guard
                result.objects[index].identities.contains(where: {
                    $0.name == name && scaled.contains($0.kind)
                })
            else { continue }
            isFound = true
            result.objects[index].sources.insert(source)
            result.objects[index].tree.update(["spec"], creating: count.origin) { $0.set("replicas", count) }
        }
        if !isFound { report(.noTarget(kind: "Deployment", name: name), at: entry.origin) }
    }

    mutating func setImage(_ entry: RenderedTree, source: SourceSpan) {
        guard let rule = ImageRule(entry) else { return }
        var isFound = false
        for index in result.objects.indices
        where result.objects[index].original.kind != "CustomResourceDefinition" {
            var isHere = false
            rule.apply(to: &result.objects[index].tree, isFound: &isHere)
            guard isHere else { continue }
            result.objects[index].sources.insert(source)
            isFound = true
        }
        if !isFound { ignore(.image(rule.name), at: entry.origin) }
    }
}

/// One entry of `images`.
struct ImageRule {
    let name: String
    private let pattern: NamePattern?
    private let newName: RenderedTree?
    private let newTag: RenderedTree?
    private let digest: RenderedTree?
    private let suffix: RenderedTree?
    private let origin: Occurrence

    init?(_ tree: RenderedTree) {
        guard let name = tree["name"]?.text else { return nil }
        func given(_ key: String) -> RenderedTree? {
            tree[key].flatMap { $0.text?.isEmpty ?? true ? nil : $0 }
        }
        self.name = name
        pattern = NamePattern(name)
        newName = given("newName")
        newTag = given("newTag")
        digest = given("digest")
        suffix = given("tagSuffix")
        origin = (newTag ?? digest ?? newName ?? suffix)?.origin ?? tree.origin
    }

    /// Changes the images of all containers, wherever they stand.
    func apply(to tree: inout RenderedTree, isFound: inout Bool) {
        switch tree.content {
        case .scalar: return
        case .sequence(var elements):
            for index in elements.indices { apply(to: &elements[index], isFound: &isFound) }
            tree.content = .sequence(elements)
        case .mapping(var fields):
            for key in fields.keys.sorted() {
                guard var value = fields[key], value.text == nil else { continue }
                fields[key] = nil
                apply(to: &value, isFound: &isFound)
                if key == "containers" || key == "initContainers" { set(in: &value, ["image"], &isFound) }
                if key == "volumes" { set(in: &value, ["image", "reference"], &isFound) }
                fields[key] = value
            }
            tree.content = .mapping(fields)
        }
    }

    private func set(in list: inout RenderedTree, _ path: ArraySlice<String>, _ isFound: inout Bool) {
        guard case .sequence = list.content else { return }
        var isHere = false
        list.update(path) { image in
            image.updateText(origin: origin) { text in
                guard let new = changed(text) else { return nil }
                isHere = true
                return new
            }
        }
        if isHere { isFound = true }
    }

    /// The image that one becomes; `nil` for those of another name.
    private func changed(_ image: String) -> String? {
        var (name, tag, digest) = Self.parts(of: image)
        guard name == self.name || pattern?.matches(name) ?? false else { return nil }
        if let newName = newName?.text { name = newName }
        switch (newTag?.text, self.digest?.text) {
        case (let newTag?, let newDigest): (tag, digest) = (newTag, newDigest ?? "")
        case (nil, let newDigest?): (tag, digest) = ("", newDigest)
        case (nil, nil): if let suffix = suffix?.text { (tag, digest) = (tag + suffix, "") }
        }
        return name + (tag.isEmpty ? "" : ":" + tag) + (digest.isEmpty ? "" : "@" + digest)
    }

    /// `host:5000/name:tag@digest` taken apart.
    static func parts(of image: String) -> (name: String, tag: String, digest: String) {
        let halves = image.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let digest = halves.count > 1 ? String(halves[1]) : ""
        let rest = halves.first ?? ""
        let start = rest.firstIndex(of: "/") ?? rest.startIndex
        guard let colon = rest[start...].firstIndex(of: ":") else { return (String(rest), "", digest) }
        return (String(rest[..<colon]), String(rest[rest.index(after: colon)...]), digest)
    }
}
