import DeployModel

/// Makes references follow the objects that were renamed.
struct NameReferences {
    private let objects: [RenderedObject]
    private let identities: [ObjectIdentity]
    /// The objects that went by a name once.
    private let byFormerName: [String: [Int]]

    init(_ objects: [RenderedObject]) {
        self.objects = objects
        identities = objects.map(\.identity)
        var byName: [String: [Int]] = [:]
        for index in objects.indices {
            for name in Set(objects[index].formerIdentities.map(\.name)) {
                byName[name, default: []].append(index)
            }
        }
        byFormerName = byName
    }

    /// The object with its references as they are now.
    func followed(_ object: RenderedObject) -> RenderedObject {
        guard !byFormerName.isEmpty else { return object }
        let identity = object.identity
        var object = object
        for reference in ReferencePlace.byKind[identity.kind] ?? [] where reference.place.isOf(identity) {
            let referrer = object
            object.tree.update(reference.place.path[...]) { value in
                follow(&value, reference, from: referrer, identity)
            }
        }
        return object
    }

    private func follow(
        _ value: inout RenderedTree, _ reference: ReferencePlace, from referrer: RenderedObject,
        _ identity: ObjectIdentity
    ) {
        switch value.content {
        case .scalar:
            guard let name = value.text, let found = target(name, reference, from: referrer, identity) else {
                return
            }
            value.updateText(origin: value.origin) { _ in identities[found].name }
        case .sequence(var elements):
            for index in elements.indices { follow(&elements[index], reference, from: referrer, identity) }
            value.content = .sequence(elements)
        case .mapping:
            // A subject, or a webhook's service, says the namespace as well.
            guard let name = value["name"]?.text,
                let found = target(
                    name, reference, from: referrer, identity, namespace: value["namespace"]?.text)
            else { return }
            value.update(["name"]) { $0.updateText(origin: $0.origin) { _ in identities[found].name } }
            let namespace = identities[found].namespace
            if !namespace.isEmpty {
                value.set("namespace", RenderedTree(text: namespace, origin: objects[found].origin))
            }
        }
    }

    /// The object that a name, as it once was, stands for.
    private func target(
        _ name: String, _ reference: ReferencePlace, from referrer: RenderedObject,
        _ identity: ObjectIdentity,
        namespace: String? = nil
    ) -> Int? {
        var found = (byFormerName[name] ?? []).filter { index in
            objects[index].formerIdentities.contains { former in
                former.kind == reference.target && (reference.targetGroup.map { $0 == former.group } ?? true)
            } && isNear(index, to: identity)
        }
        if reference.place.path.last == "name", let role = referrer.tree["roleRef"]?["kind"]?.text {
            found = found.filter { objects[$0].original.kind == role }
        }
        if let namespace {
            let original = found.filter { objects[$0].original.namespace == namespace }
            found = original.isEmpty ? found.filter { identities[$0].namespace == namespace } : original
        }
        if found.count == 1 { return found[0] }
        found = found.filter { isAffixed($0, like: referrer, emptyMatches: true) }
        if found.count > 1 { found = found.filter { isAffixed($0, like: referrer, emptyMatches: false) } }
        return Set(found.map { identities[$0].name }).count == 1 ? found.first : nil
    }

    /// Objects refer to those of their own namespace, and to what stands outside of all.
    private func isNear(_ index: Int, to identity: ObjectIdentity) -> Bool {
        let target = identities[index]
        return identity.isOfCluster || target.isOfCluster || target.kind == "ServiceAccount"
            || target.effectiveNamespace == identity.effectiveNamespace
    }

    /// Whether two objects came through the same layers: of two copies of a base each refers to its own.
    private func isAffixed(_ index: Int, like referrer: RenderedObject, emptyMatches: Bool) -> Bool {
        func agree(_ a: [String], _ b: [String]) -> Bool {
            if a.isEmpty || b.isEmpty { return emptyMatches || a.isEmpty == b.isEmpty }
            return zip(a.reversed(), b.reversed()).allSatisfy(==)
        }
        return agree(objects[index].prefixes, referrer.prefixes)
            && agree(objects[index].suffixes, referrer.suffixes)
    }
}
