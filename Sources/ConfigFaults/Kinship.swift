import DeployModel

/// How far what fails and what stays healthy are called like the place of a change: its folders, its file, its object, the
/// first keys on the way to the field.
///
/// References tell what a change can touch only where they can be followed; a folder `payments/` speaks for the workload
/// `payments-worker` all the same, and against `search`.
struct Kinship {
    private let failing: [Name]
    private let healthy: [Name]

    /// A name with the words that tell it from others.
    private struct Name {
        var text: String
        var words: Set<String>
        var share: Double
    }

    /// Kin to what fails, or to what does not.
    struct Likeness: Equatable {
        /// The workload that the change is called after.
        var name: String
        /// From 0 to 1; 0 when it is called as much after those that fail as after those that do not.
        var degree: Double
        var isFailing: Bool
    }

    init(_ failures: FailureContext) {
        failing = failures.workloads.map { Name(text: $0.key, words: words(of: $0.key), share: $0.value) }
            .sorted { $0.text < $1.text }
        healthy = failures.healthyWorkloads.sorted().map { Name(text: $0, words: words(of: $0), share: 1) }
    }

    /// - Returns: `nil` when the place is called after nobody.
    func likeness(of change: FoundChange) -> Likeness? {
        guard !failing.isEmpty else { return nil }
        let places = places(of: change)
        let all = places.reduce(into: Set()) { $0.formUnion($1.words) }
        func closest(_ names: [Name]) -> (name: String, degree: Double, words: Int)? {
            names.map { name in
                let apart = places.map { agreement(name.words, $0.words) * $0.weight }.max() ?? 0
                // `shop/web/` is `shop-web` in two folders; that is a little less sure.
                let together = name.words.count > 1 ? 0.9 * coverage(of: name.words, by: all) : 0
                return (name.text, max(apart, together) * min(1, 2 * name.share), name.words.count)
            }.max { ($0.1, $0.2, $1.0) < ($1.1, $1.2, $0.0) }
        }
        guard let kin = closest(failing) else { return nil }
        let other = closest(healthy) ?? ("", 0, 0)
        guard kin.degree >= 0.5 || other.degree >= 0.5 else { return nil }
        // `shop-web` says more than `web` of a place that is called so.
        let (own, others) = ((kin.degree, kin.words), (other.degree, other.words))
        guard own != others else { return Likeness(name: kin.name, degree: 0, isFailing: true) }
        return own > others
            ? Likeness(name: kin.name, degree: kin.degree, isFailing: true)
            : Likeness(name: other.name, degree: other.degree, isFailing: false)
    }

    /// The names around a change. A folder holds what belongs to several; the file, the object and the field are of one.
    private func places(of change: FoundChange) -> [(words: Set<String>, weight: Double)] {
        let parts = change.change.path.split(separator: "/").map(String.init)
        let own =
            Array(parts.suffix(1))
            + [change.change.object?.name, change.change.object?.container].compactMap { $0 }
            + change.path.prefix(4).map(\.name)
        return
            (parts.dropLast().map { (words(of: $0), 0.85) } + own.map { (words(of: $0), 1) })
            .filter { !$0.0.isEmpty }
    }

    /// Dice's coefficient, twice what is shared over what there is; a place may say more than the name, as long as it says
    /// all of it.
    private func agreement(_ name: Set<String>, _ place: Set<String>) -> Double {
        guard !name.isEmpty else { return 0 }
        let dice = 2 * Double(name.intersection(place).count) / Double(name.count + place.count)
        return name.count > 1 && name.isSubset(of: place) ? max(dice, 0.9) : dice
    }

    private func coverage(of words: Set<String>, by all: Set<String>) -> Double {
        Double(words.intersection(all).count) / Double(words.count)
    }
}

/// The words of a name, without those that stand in every repository, and without kinds of things if there is more than that.
private func words(of name: String) -> Set<String> {
    let words = Set(
        FaultWords.split(name).filter { !commonWords.contains($0) && $0.contains(where: \.isLetter) })
    let own = words.subtracting(kindsOfThings)
    return own.isEmpty ? words : own
}

extension ConfigComparison {
    /// Whether one of the changes stands in a place that is called after what fails.
    public func isCalled(after failures: FailureContext) -> Bool {
        let kinship = Kinship(failures)
        return changes.contains { kinship.likeness(of: $0)?.isFailing ?? false }
    }
}

private let commonWords: Set = [
    "app", "apps", "service", "services", "svc", "deployment", "deployments", "deploy", "k8s",
    "kubernetes", "helm",
    "chart", "charts", "config", "configs", "values", "value", "template", "templates", "base", "overlay",
    "overlays",
    "prod", "production", "staging", "stage", "dev", "development", "test", "main", "default", "env",
    "environments",
    "yaml", "yml", "json", "spec", "data", "manifest", "manifests", "cluster", "clusters",
    "kustomization", "release", "tpl", "tf", "toml", "hcl", "sops", "conf", "ini", "properties", "j2",
    "helmrelease", "docker", "compose", "name", "the", "of",
]

private let kindsOfThings: Set = [
    "secret", "secrets", "enc", "externalsecret", "configmap", "resources", "common", "src", "index",
]
