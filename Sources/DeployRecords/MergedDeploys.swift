public import DeployModel

/// The deploys of several sources as one list: what two of them tell of is one deploy.
///
/// Two deploys of different sources are one when they are of the same commit (or, where a commit is not known, go by the same
/// name), neither the environment nor the service tells them apart, and their times overlap or are at most ten minutes apart.
/// The merged one keeps the id, title and author of the source that was named first, and covers the time of both. A commit of
/// the history that a record tells of, at whatever time, is that record: its clock is the deploy's.
///
/// - Parameters:
///   - sources: for each source its deploys in order of time, the source that is preferred first.
///   - references: for each source, in the same order, what names a deploy's commit where ``Deploy/commit`` is `nil`, by id.
/// - Returns: the deploys by time; those of one time in the order of the sources. Ids are unique. ``Deploy/previous`` is as the
///   sources have it.
public func mergeDeploys(_ sources: [[Deploy]], references: [[String: [String]]] = []) -> [Deploy] {
    mergeDeploys(sources, failed: [], references: references).deploys
}

/// The deploys of several sources as one list, and those that failed as another: what failed by one source and was done by
/// another took effect, and is among the deploys.
///
/// - Parameters:
///   - sources: for each source its deploys in order of time, the source that is preferred first.
///   - failed: for each source, in the same order, its deploys that failed or were called off.
///   - references: as ``mergeDeploys(_:references:)`` takes them.
/// - Returns: both by time, each with unique ids.
public func mergeDeploys(
    _ sources: [[Deploy]], failed: [[Deploy]], references: [[String: [String]]] = []
) -> (deploys: [Deploy], failed: [Deploy]) {
    guard sources.count > 1 else { return (sources.first ?? [], failed.first ?? []) }
    var merged: [MergedDeploy] = []
    var bySlot = SlotIndex()
    for (number, source) in sources.enumerated() {
        let called = number < failed.count ? failed[number].map { (deploy: $0, isDone: false) } : []
        // A stable order: of one time, what was done comes first.
        let told = (source.map { (deploy: $0, isDone: true) } + called).enumerated().sorted {
            ($0.element.deploy.startedAt, $0.offset) < ($1.element.deploy.startedAt, $1.offset)
        }
        for (deploy, isDone) in told.map(\.element) {
            let told = number < references.count ? references[number][deploy.id] ?? [] : []
            let names = deploy.commit.map { [$0.hex] } ?? told.flatMap { [$0] + commitNames(in: $0) }
            // Of several that it may be, the nearest: the same commit goes to one environment after the other.
            let index = bySlot.candidates(for: deploy).filter {
                merged[$0].isSame(deploy, names, from: number)
            }
            .min { merged[$0].distance(to: deploy) < merged[$1].distance(to: deploy) }
            if let index {
                merged[index].take(deploy, names, from: number)
                merged[index].isDone = merged[index].isDone || isDone
            } else {
                merged.append(
                    MergedDeploy(deploy: deploy, names: Set(names), sources: [number], isDone: isDone))
            }
            let place = index ?? merged.count - 1
            bySlot.add(place, at: merged[place].deploy)
        }
    }
    return (listed(withoutTold(merged.filter(\.isDone))), listed(merged.filter { !$0.isDone }))
}

/// The deploys by time, with ids of their own.
private func listed(_ merged: [MergedDeploy]) -> [Deploy] {
    let ordered = merged.enumerated().sorted {
        ($0.element.deploy.startedAt, $0.offset) < ($1.element.deploy.startedAt, $1.offset)
    }
    var ids = UniqueIDs()
    return ordered.map { entry in
        var deploy = entry.element.deploy
        deploy.id = ids.unique(deploy.id)
        return deploy
    }
}

/// Drops the commits of the history that a record tells of.
private func withoutTold(_ merged: [MergedDeploy]) -> [MergedDeploy] {
    let recorded = Set(merged.filter(\.deploy.source.hasDeployClock).compactMap(\.deploy.commit))
    return merged.filter { entry in
        entry.deploy.source.hasDeployClock || !(entry.deploy.commit.map(recorded.contains) ?? false)
    }
}

/// The times of two sources may differ by so many seconds.
private let timeTolerance = 600

/// Which deploys are near in time, so that each is compared with few.
private struct SlotIndex {
    private var slots: [Int: Set<Int>] = [:]
    /// Deploys that are in more slots than is worth it.
    private var long: Set<Int> = []
    private var count = 0
    private static let slotSeconds = 900.0
    private static let mostSlots = 200

    private static func slots(of deploy: Deploy, tolerance: Int = 0) -> ClosedRange<Int> {
        let (a, b) = (deploy.startedAt, deploy.finishedAt ?? deploy.startedAt)
        func slot(_ instant: Instant) -> Int { Int((instant.seconds / slotSeconds).rounded(.down)) }
        return slot(min(a, b) - tolerance)...slot(max(a, b) + tolerance)
    }

    /// Adds a deploy, or the time that it has now.
    mutating func add(_ place: Int, at deploy: Deploy) {
        count = max(count, place + 1)
        let own = Self.slots(of: deploy, tolerance: timeTolerance)
        guard own.count <= Self.mostSlots else {
            long.insert(place)
            return
        }
        for slot in own { slots[slot, default: []].insert(place) }
    }

    /// The deploys, in their order, that may be near another one.
    func candidates(for deploy: Deploy) -> [Int] {
        let own = Self.slots(of: deploy)
        guard own.count <= Self.mostSlots else { return Array(0..<count) }
        return own.reduce(into: long) { $0.formUnion(slots[$1] ?? []) }.sorted()
    }
}

/// A deploy that one source or several tell of.
private struct MergedDeploy {
    var deploy: Deploy
    /// What its commit goes by.
    var names: Set<String>
    var sources: Set<Int>
    /// Whether any of them says that it took effect.
    var isDone: Bool

    /// Whether another source's deploy is this one.
    func isSame(_ other: Deploy, _ otherNames: [String], from source: Int) -> Bool {
        guard !sources.contains(source), deploy.source.hasDeployClock == other.source.hasDeployClock,
            isNear(other)
        else { return false }
        if let own = deploy.environment, let theirs = other.environment, !isSameEnvironment(own, theirs) {
            return false
        }
        if let own = deploy.service, let theirs = other.service, !isSameService(own, theirs) { return false }
        if let own = deploy.commit, let theirs = other.commit { return own == theirs }
        return names.contains { own in otherNames.contains { isSameCommitName(own, $0) } }
    }

    /// Seconds between the two starts.
    func distance(to other: Deploy) -> Double { abs(deploy.startedAt.seconds(since: other.startedAt)) }

    private func isNear(_ other: Deploy) -> Bool {
        let (start, end) = (deploy.startedAt, deploy.finishedAt ?? deploy.startedAt)
        let (otherStart, otherEnd) = (other.startedAt, other.finishedAt ?? other.startedAt)
        return otherStart <= end + timeTolerance && start <= otherEnd + timeTolerance
    }

    /// Adds what another source knows.
    mutating func take(_ other: Deploy, _ otherNames: [String], from source: Int) {
        sources.insert(source)
        names.formUnion(otherNames)
        deploy.commit = deploy.commit ?? other.commit
        deploy.environment = deploy.environment ?? other.environment
        deploy.service = deploy.service ?? other.service
        if deploy.title.isEmpty { deploy.title = other.title }
        if deploy.author.isEmpty { deploy.author = other.author }
        deploy.isRollback = deploy.isRollback || other.isRollback
        let ends =
            [deploy.startedAt, other.startedAt] + [deploy.finishedAt, other.finishedAt].compactMap { $0 }
        let isEndKnown = deploy.finishedAt != nil || other.finishedAt != nil
        deploy.startedAt = min(deploy.startedAt, other.startedAt)
        deploy.finishedAt = isEndKnown ? ends.max() : nil
    }
}

/// Whether two names are of one commit: the same, or one id abbreviated to the other.
private func isSameCommitName(_ a: String, _ b: String) -> Bool {
    if a == b { return true }
    guard isCommitName(a), isCommitName(b) else { return false }
    return a.hasPrefix(b) || b.hasPrefix(a)
}

/// Whether two names of environments mean one: equal, or with a usual word in common however it is abbreviated, as `production`
/// and `shop-prod` have. Other words must not tell them apart, as they do `shop-prod` and `pay-prod`.
public func isSameEnvironment(_ a: String, _ b: String) -> Bool {
    if a == b { return true }
    let (own, other) = (EnvironmentWords(a), EnvironmentWords(b))
    guard !own.usual.isDisjoint(with: other.usual) else { return false }
    return own.rest.isEmpty || other.rest.isEmpty || !own.rest.isDisjoint(with: other.rest)
}

/// The words of an environment's name.
private struct EnvironmentWords {
    /// Those that name environments everywhere, written out.
    var usual: Set<String> = []
    var rest: Set<String> = []

    init(_ name: String) {
        for word in name.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init)
        {
            if let known = environmentName(in: [word]) {
                usual.insert(environmentAbbreviations[known] ?? known)
            } else {
                rest.insert(word)
            }
        }
    }
}

private let environmentAbbreviations = [
    "prod": "production", "live": "production", "stage": "staging", "dev": "development", "testing": "test",
]

/// Whether two names of services mean one: the last parts of their paths are equal.
private func isSameService(_ a: String, _ b: String) -> Bool {
    a.split(separator: "/").last?.lowercased() == b.split(separator: "/").last?.lowercased()
}
