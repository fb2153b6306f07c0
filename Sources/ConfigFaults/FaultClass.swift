/// A class of the fault catalogue (`docs/config-diff.md`).
struct FaultClass: Sendable, Hashable {
    /// Its number in the catalogue.
    var number: Int
    /// A stable slug.
    var slug: String
    /// What it is, in a few words.
    var title: String
    /// How much it adds to the suspicion when it is there, from 0 to 1.
    var weight: Double
    /// Whether it is a contradiction: the file says two things, or what it says cannot be meant.
    var isContradiction: Bool

    static let duplicateKey = FaultClass(
        number: 1, slug: "duplicate-key", title: "a key twice in one mapping, the last one wins", weight: 0.9,
        isContradiction: true)
    static let cloneDivergence = FaultClass(
        number: 2, slug: "clone-divergence", title: "a field that siblings share changes in one of them only",
        weight: 0.7, isContradiction: false)
    static let leftoverLine = FaultClass(
        number: 3, slug: "leftover-line", title: "a block removed but for some of its lines", weight: 0.9,
        isContradiction: true)
    static let sharedSecretKey = FaultClass(
        number: 4, slug: "shared-secret-key",
        title: "two variables of a container newly read one secret entry",
        weight: 0.85, isContradiction: true)
    static let renamedUnread = FaultClass(
        number: 6, slug: "renamed-unread", title: "a variable renamed in the configuration, not in the code",
        weight: 0.85, isContradiction: true)
    static let removedStillRead = FaultClass(
        number: 7, slug: "removed-still-read", title: "a variable removed that the code still reads",
        weight: 0.8,
        isContradiction: true)
    static let limitLowered = FaultClass(
        number: 17, slug: "limit-lowered", title: "a limit or a number of replicas lowered", weight: 0.55,
        isContradiction: false)
    static let imageChanged = FaultClass(
        number: 19, slug: "image-changed", title: "another image", weight: 0.35, isContradiction: false)
    static let timingChanged = FaultClass(
        number: 21, slug: "timing-changed", title: "a timeout, a retry or the size of a pool", weight: 0.55,
        isContradiction: false)
    static let swappedEnvironment = FaultClass(
        number: 24, slug: "swapped-environment", title: "a value of another environment", weight: 0.85,
        isContradiction: true)
    static let unparsable = FaultClass(
        number: 39, slug: "unparsable", title: "a file that no longer parses", weight: 0.9,
        isContradiction: true)
    static let conflictMarkers = FaultClass(
        number: 44, slug: "conflict-markers", title: "markers of an unfinished merge", weight: 0.98,
        isContradiction: true)
}
