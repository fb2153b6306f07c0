import ConfigTree
import DeployModel

/// What has been found and made so far, on the way from the bases to the top.
struct Layer {
    var result = Rendering()
    /// Entries of `vars`, which are filled in at the very end.
    var variables: [RenderedTree] = []
    /// What is told already.
    private var problems: Set<RenderProblem> = []
    private var gaps: Set<RenderGap> = []
    /// How much was read for it.
    private var bytes = 0
    /// Which objects have which names, once that was asked; kept while only what tells of new names changes objects.
    private var knownIndex: [String: [Int]]?
    var keepsIndex = false { didSet { knownIndex = nil } }
    private static let mostBytes = 16 << 20
    private static let mostObjects = 10_000

    /// Counts bytes that were read.
    ///
    /// - Returns: whether there is still room for them.
    mutating func spend(_ count: Int, at place: Occurrence) -> Bool {
        bytes += count
        guard bytes > Self.mostBytes else { return true }
        leaveOut("more than \(Self.mostBytes >> 20) MiB of files", at: place)
        return false
    }

    /// Whether another object may be added; that there is none is told of the place.
    mutating func hasRoom(at place: Occurrence) -> Bool {
        guard result.objects.count >= Self.mostObjects else { return true }
        leaveOut("more than \(Self.mostObjects) objects", at: place)
        return false
    }

    mutating func report(_ kind: RenderProblem.Kind, at place: Occurrence) {
        let problem = RenderProblem(kind: kind, place: place)
        if problems.insert(problem).inserted { result.problems.append(problem) }
    }

    mutating func leaveOut(_ reason: String, at place: Occurrence) {
        let gap = RenderGap(reason: reason, place: place)
        if gaps.insert(gap).inserted { result.gaps.append(gap) }
    }

    mutating func ignore(_ kind: IdleEntry.Kind, at place: Occurrence) {
        result.idle.append(IdleEntry(kind: kind, place: place))
    }

    /// Takes what another layer found; `source` is the entry that lists it.
    mutating func take(_ other: Layer, listedBy source: SourceSpan) {
        for var object in other.result.objects {
            guard hasRoom(at: Occurrence(path: source.path, line: source.lines.lowerBound)) else { break }
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

    /// The places of the objects that go or went by a name, in order.
    mutating func places(named name: String) -> [Int] {
        if let knownIndex { return knownIndex[name] ?? [] }
        var index: [String: [Int]] = [:]
        for (place, object) in result.objects.enumerated() { Self.add(object, at: place, to: &index) }
        if keepsIndex { knownIndex = index }
        return index[name] ?? []
    }

    private static func add(_ object: RenderedObject, at place: Int, to index: inout [String: [Int]]) {
        for name in Set(object.identities.map(\.name)) { index[name, default: []].append(place) }
    }

    /// Adds an object behind the others.
    mutating func append(_ object: RenderedObject) {
        if var index = knownIndex.take() {
            Self.add(object, at: result.objects.count, to: &index)
            knownIndex = index
        }
        result.objects.append(object)
    }

    /// Says that objects may have other names, or stand elsewhere, than before.
    mutating func forgetNames() { knownIndex = nil }

    /// The places of the objects that a target selects, by any identity or by the first and the present one.
    mutating func places(of selector: TargetSelector, byAny: Bool = false) -> [Int] {
        let candidates = selector.literalName.map { places(named: $0) } ?? Array(result.objects.indices)
        return candidates.filter {
            byAny ? selector.selectsAny(result.objects[$0]) : selector.selects(result.objects[$0])
        }
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
        for index in places(named: name) {
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

    /// Changes the images of all containers, in one walk however many rules there are.
    mutating func setImages(_ rules: [ImageRule]) {
        guard !rules.isEmpty else { return }
        let byName = RulesByName(rules)
        var known: [String: ImageOutcome] = [:]
        var used: Set<Int> = []
        for index in result.objects.indices
        where result.objects[index].original.kind != "CustomResourceDefinition" {
            var found: Set<Int> = []
            changeImages(in: &result.objects[index].tree) { image in
                let outcome = known[image] ?? ImageOutcome(of: image, by: byName)
                known[image] = outcome
                found.formUnion(outcome.rules)
                return outcome
            }
            result.objects[index].sources.formUnion(found.map { rules[$0].source })
            used.formUnion(found)
        }
        for (index, rule) in rules.enumerated() where !used.contains(index) {
            ignore(.image(rule.name), at: rule.place)
        }
    }
}

/// Changes the images of all containers, wherever they stand.
private func changeImages(in tree: inout RenderedTree, _ outcome: (String) -> ImageOutcome) {
    func set(in list: inout RenderedTree, _ path: ArraySlice<String>) {
        guard case .sequence = list.content else { return }
        list.update(path) { image in
            guard let text = image.text else { return }
            let new = outcome(text)
            image.updateText(origin: new.origin ?? image.origin) { _ in new.image }
        }
    }
    switch tree.content {
    case .scalar: return
    case .sequence(var elements):
        for index in elements.indices { changeImages(in: &elements[index], outcome) }
        tree.content = .sequence(elements)
    case .mapping(var fields):
        for key in fields.keys.sorted() {
            guard var value = fields[key], value.text == nil else { continue }
            fields[key] = nil
            changeImages(in: &value, outcome)
            if key == "containers" || key == "initContainers" { set(in: &value, ["image"]) }
            if key == "volumes" { set(in: &value, ["image", "reference"]) }
            fields[key] = value
        }
        tree.content = .mapping(fields)
    }
}

/// What rules make of an image, one after the other.
private struct ImageOutcome {
    var image: String
    /// Where the last rule that changed it says so.
    var origin: Occurrence?
    /// The rules that are for it.
    var rules: [Int] = []

    init(of image: String, by rules: RulesByName) {
        self.image = image
        var parts = ImageRule.parts(of: image)
        var start = 0
        while let index = rules.first(for: parts.name, from: start) {
            start = index + 1
            self.rules.append(index)
            let rule = rules.all[index]
            let new = rule.changed(parts)
            guard new != self.image else { continue }
            self.image = new
            origin = rule.origin
            parts = ImageRule.parts(of: new)
        }
    }
}

/// The rules for images by what they are for, so that not every image is held against every rule.
private struct RulesByName {
    let all: [ImageRule]
    /// Those that are for one name.
    private var exact: [String: [Int]] = [:]
    /// Those whose dots stand for any character, by the length of their names.
    private var dotted: [Int: [Int]] = [:]
    private var patterns: [Int] = []

    init(_ rules: [ImageRule]) {
        all = rules
        for (index, rule) in rules.enumerated() {
            if !rule.isPlain {
                patterns.append(index)
            } else if rule.name.utf8.contains(UInt8(ascii: ".")) {
                dotted[rule.name.utf8.count, default: []].append(index)
            } else {
                exact[rule.name, default: []].append(index)
            }
        }
    }

    /// The first rule for images of a name, from one of them on.
    func first(for name: String, from start: Int) -> Int? {
        [exact[name] ?? [], dotted[name.utf8.count] ?? [], patterns].compactMap { indices in
            indices[indices.partitioningIndex { $0 >= start }...].first { all[$0].isFor(name) }
        }.min()
    }
}

/// One entry of `images`.
struct ImageRule {
    let name: String
    /// The lines of the entry, and where it begins.
    let source: SourceSpan
    let place: Occurrence
    /// Where it says what images become.
    let origin: Occurrence
    private let pattern: NamePattern?
    /// Whether the name holds nothing that a pattern could mean but the dots of host names.
    fileprivate let isPlain: Bool
    private let newName: RenderedTree?
    private let newTag: RenderedTree?
    private let digest: RenderedTree?
    private let suffix: RenderedTree?

    init?(_ tree: RenderedTree, source: SourceSpan) {
        guard let name = tree["name"]?.text else { return nil }
        func given(_ key: String) -> RenderedTree? {
            tree[key].flatMap { $0.text?.isEmpty ?? true ? nil : $0 }
        }
        self.name = name
        self.source = source
        place = tree.origin
        pattern = NamePattern(name)
        isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "./-_:".utf8.contains(byte)
            }
        }
        newName = given("newName")
        newTag = given("newTag")
        digest = given("digest")
        suffix = given("tagSuffix")
        origin = (newTag ?? digest ?? newName ?? suffix)?.origin ?? tree.origin
    }

    /// Whether it is for images of a name. Asked of every image for every rule.
    func isFor(_ image: String) -> Bool {
        guard isPlain else { return image == name || pattern?.matches(image) ?? false }
        return image.utf8.count == name.utf8.count
            && zip(name.utf8, image.utf8).allSatisfy { $0 == $1 || $0 == UInt8(ascii: ".") }
    }

    /// What an image that it is for becomes.
    func changed(_ parts: (name: String, tag: String, digest: String)) -> String {
        var (name, tag, digest) = parts
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
