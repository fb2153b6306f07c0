/// A class of the fault catalogue (`docs/config-diff.md`).
struct FaultClass: Sendable, Hashable {
    /// Its number in the catalogue.
    let number: Int
    /// A stable slug.
    let slug: String
    /// The same as the kind of a fact in a report.
    let evidenceKind: String
    /// What it is, in a few words.
    let title: String
    /// How much it adds to the suspicion when it is there, from 0 to 1.
    let weight: Double
    /// Whether it is a contradiction: the file says two things, or what it says cannot be meant.
    let isContradiction: Bool

    private init(
        _ number: Int, _ slug: String, _ weight: Double, _ title: String, contradiction: Bool = false
    ) {
        self.number = number
        self.slug = slug
        evidenceKind = slug.replacing("-", with: "_")
        self.title = title
        self.weight = weight
        isContradiction = contradiction
    }
}

// MARK: What the file itself contradicts

extension FaultClass {
    static let duplicateKey = FaultClass(
        1, "duplicate-key", 0.9, "a key twice in one mapping, the last one wins", contradiction: true)
    static let cloneDivergence = FaultClass(
        2, "clone-divergence", 0.7, "a field that siblings share changes in one of them only")
    static let leftoverLine = FaultClass(
        3, "leftover-line", 0.9, "a block removed but for some of its lines", contradiction: true)
    static let sharedSecretKey = FaultClass(
        4, "shared-secret-key", 0.85, "two variables of a container newly read one secret entry",
        contradiction: true)
    static let misplacedField = FaultClass(
        11, "misplaced-field", 0.85, "a field at another level, where nobody reads it", contradiction: true)
    static let unknownField = FaultClass(
        12, "unknown-field", 0.8, "a field that the kind does not have", contradiction: true)
    static let typeTrap = FaultClass(
        13, "type-trap", 0.75, "a value that is read as another type than it looks")
    static let refusedType = FaultClass(
        13, "refused-type", 0.8, "a value that the API server refuses, mostly for its type",
        contradiction: true)
    static let unparsable = FaultClass(
        39, "unparsable", 0.9, "a file that no longer parses", contradiction: true)
    static let placeholder = FaultClass(
        40, "placeholder", 0.8, "a placeholder where a value should be", contradiction: true)
    static let misspelledName = FaultClass(
        45, "misspelled-name", 0.3,
        "a new word that stands nowhere else, a letter away from one that stands often")
    static let conflictMarkers = FaultClass(
        44, "conflict-markers", 0.98, "markers of an unfinished merge", contradiction: true)
}

// MARK: What does not fit what stands elsewhere

extension FaultClass {
    static let danglingReference = FaultClass(
        5, "dangling-reference", 0.85, "a reference to what is not defined, though its likes are",
        contradiction: true)
    static let renamedUnread = FaultClass(
        6, "renamed-unread", 0.85, "a variable renamed in the configuration, not in the code",
        contradiction: true)
    static let removedStillRead = FaultClass(
        7, "removed-still-read", 0.8, "a variable removed that the code still reads", contradiction: true)
    static let readUndefined = FaultClass(
        8, "read-undefined", 0.8, "a variable that the code newly reads and nothing defines",
        contradiction: true)
    static let overrideRemoved = FaultClass(
        10, "override-removed", 0.8, "a variable removed that a whole ConfigMap or Secret still supplies")
    static let emptySelection = FaultClass(
        14, "empty-selection", 0.9, "a selector that no longer finds its pods", contradiction: true)
    static let portMismatch = FaultClass(
        15, "port-mismatch", 0.85, "a port that nobody listens on", contradiction: true)
    static let swappedEnvironment = FaultClass(
        24, "swapped-environment", 0.85, "a value of another environment", contradiction: true)
    static let lostMount = FaultClass(
        25, "lost-mount", 0.75, "a volume or a mount without the other, or at another path")
    static let danglingMount = FaultClass(
        25, "dangling-mount", 0.85, "a mount of a volume that is not there", contradiction: true)
    static let staleConfig = FaultClass(
        34, "stale-config", 0.3, "configuration that running pods see only after a restart")
    static let unsetVariable = FaultClass(
        37, "unset-variable", 0.8, "a variable that a file is filled in with and nothing defines any more",
        contradiction: true)
}

// MARK: What is risky by its nature

extension FaultClass {
    static let probeTightened = FaultClass(
        16, "probe-tightened", 0.6, "a probe that is stricter, moved or gone")
    static let memoryLowered = FaultClass(
        17, "memory-lowered", 0.6, "less memory, by how far; 0.9 for a slip of the unit")
    static let impossibleMemory = FaultClass(
        17, "impossible-memory", 0.9, "a limit of memory that no container starts with", contradiction: true)
    static let cpuLowered = FaultClass(18, "cpu-lowered", 0.4, "less CPU, or a limit where there was none")
    static let imageChanged = FaultClass(
        19, "image-changed", 0.55, "another image (0.6 older, another name or no fixed version)")
    static let capacityLowered = FaultClass(
        20, "capacity-lowered", 0.5, "fewer replicas, by how far; 0.9 for none")
    static let timingChanged = FaultClass(
        21, "timing-changed", 0.55,
        "a timeout, a retry or the size of a pool, by how far; 0.85 for a slip of the unit")
    static let flagFlipped = FaultClass(22, "flag-flipped", 0.5, "a switch turned")
    static let addressChanged = FaultClass(23, "address-changed", 0.6, "another host, scheme or port")
    static let commandChanged = FaultClass(26, "command-changed", 0.6, "another command or other arguments")
    static let transportSecurity = FaultClass(
        27, "transport-security", 0.5, "certificates and how they are checked")
    static let networkTightened = FaultClass(
        28, "network-tightened", 0.8, "a network policy that lets less through")
    static let accessReduced = FaultClass(29, "access-reduced", 0.55, "another account, or fewer permissions")
    static let routingChanged = FaultClass(30, "routing-changed", 0.55, "rules of an Ingress or a route")
    static let schedulingChanged = FaultClass(31, "scheduling-changed", 0.5, "where pods may run")
    static let privilegesReduced = FaultClass(
        32, "privileges-reduced", 0.6, "what a container may do on its node")
    static let rolloutChanged = FaultClass(35, "rollout-changed", 0.4, "how pods are replaced and stopped")
    static let infrastructure = FaultClass(
        36, "infrastructure", 0.45, "infrastructure taken away or made smaller")
    static let structureMoved = FaultClass(
        38, "structure-moved", 0.45, "a section or a list that is another kind of value now")
    static let secretChanged = FaultClass(41, "secret-changed", 0.6, "another secret")
    static let scheduleChanged = FaultClass(42, "schedule-changed", 0.5, "when or how often a job runs")
}

extension FaultClass {
    /// The whole catalogue, by number; F9 and F43 are innocence and have no class, F33 is a file inside a ConfigMap whose
    /// changes are of the other classes.
    static let all: [FaultClass] = [
        duplicateKey, cloneDivergence, leftoverLine, sharedSecretKey, danglingReference, renamedUnread,
        removedStillRead,
        readUndefined, overrideRemoved, misplacedField, unknownField, typeTrap, refusedType, emptySelection,
        portMismatch,
        probeTightened, memoryLowered, impossibleMemory, cpuLowered, imageChanged, capacityLowered,
        timingChanged, flagFlipped,
        addressChanged, swappedEnvironment, lostMount, danglingMount, commandChanged, transportSecurity,
        networkTightened,
        accessReduced, routingChanged, schedulingChanged, privilegesReduced, staleConfig, rolloutChanged,
        infrastructure, unsetVariable, structureMoved, unparsable, placeholder, secretChanged,
        scheduleChanged,
        conflictMarkers, misspelledName,
    ]
}

/// The catalogue as a table in Markdown, for the manual.
package func faultCatalogue() -> String {
    let rows = FaultClass.all.map { fault in
        let weight = "\(Int((fault.weight * 100).rounded()))"
        return
            "| F\(fault.number) | `\(fault.slug)`: \(fault.title) | 0.\(weight) | \(fault.isContradiction ? "yes" : "") |"
    }
    return (["| class | fault | weight | contradiction |", "|---|---|---|---|"] + rows).joined(
        separator: "\n")
}

/// What each class of the catalogue says, by its slug.
package func faultTitles() -> [String: String] {
    Dictionary(FaultClass.all.map { ($0.slug, $0.title) }) { first, _ in first }
}
