public import DeployModel

/// What a kustomization puts out.
public struct Rendering: Sendable {
    /// The objects, in the order they were found.
    public internal(set) var objects: [RenderedObject] = []
    /// What kustomize would refuse.
    public internal(set) var problems: [RenderProblem] = []
    /// What is in use and was not read, so that the result is only partly known: the place and the reason.
    public internal(set) var gaps: [RenderGap] = []
    /// Entries that say something about nothing.
    public internal(set) var idle: [IdleEntry] = []
    /// Every file that was asked for, whether it is there or not.
    public internal(set) var files: Set<String> = []

    /// Whether all that it holds is what would be applied.
    public var isComplete: Bool { gaps.isEmpty && problems.isEmpty }
}

/// What kustomize would refuse to build.
public struct RenderProblem: Sendable, Hashable {
    /// The kinds.
    public enum Kind: Sendable, Hashable {
        /// A file or folder that is listed and is not there.
        case missing(String)
        /// A file that a generator reads and that is not there; such files may be kept out of repositories.
        case missingInput(String)
        /// A patch, or an entry of `replicas`, for an object that is not there.
        case noTarget(kind: String, name: String)
        /// A generator that would add to an object that is not there.
        case nothingToMerge(kind: String, name: String)
        /// Two objects of one name.
        case conflict(kind: String, name: String)
        /// Operations of a patch that lead nowhere.
        case badPath(String)
        /// A kustomization that leads back to itself.
        case cycle
    }

    /// What is wrong.
    public var kind: Kind
    /// Where that is said.
    public var place: Occurrence
}

/// What was not read.
public struct RenderGap: Sendable, Hashable {
    /// Why, in a few words: `a remote resource`.
    public var reason: String
    /// Where it is said.
    public var place: Occurrence
}

/// An entry of a kustomization that changes nothing.
public struct IdleEntry: Sendable, Hashable {
    /// The kinds.
    public enum Kind: Sendable, Hashable {
        /// An entry of `images`, by its name.
        case image(String)
        /// A patch whose `target` selects nothing, in the words of the target.
        case patch(String)
    }

    /// What it is.
    public var kind: Kind
    /// Where it stands.
    public var place: Occurrence
}
