/// The object of a manifest (or the file, where a format has no objects) that a change belongs to.
public struct ConfigObject: Sendable, Hashable, Codable {
    /// `Deployment`, `ConfigMap`, …; the format's name for files without objects (`env`, `json`).
    public var kind: String
    /// Its name; the file's name for files without objects.
    public var name: String
    /// Its namespace, where the manifest says one.
    public var namespace: String?
    /// The container inside, where the change is inside one.
    public var container: String?

    /// An object.
    public init(kind: String, name: String, namespace: String? = nil, container: String? = nil) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.container = container
    }
}

/// One semantic change of the configuration: a field of an object whose effective value is not what it was.
public struct FieldChange: Sendable, Hashable, Codable {
    /// The file, from the repository's root, as it is after the change (before it, when the file is gone).
    public var path: String
    /// The first line it is about, from 1, in the file after the change; for a removal, where it would stand.
    public var line: Int
    /// The last line it is about.
    public var endLine: Int
    /// The line before the change, where there was one.
    public var oldLine: Int?
    /// The object it belongs to.
    public var object: ConfigObject?
    /// The field inside the object, in words a person knows: `env DARK_CONFIG_PUSHER_SECRET ▸ secretKeyRef.key`.
    public var fieldPath: String
    /// The effective value before, secrets masked; `nil` when there was none.
    public var before: String?
    /// The effective value after, secrets masked; `nil` when there is none.
    public var after: String?
    /// The workloads whose pods it can touch, sorted; empty when that is not known.
    public var reach: [String]

    /// A semantic change.
    public init(
        path: String, line: Int, endLine: Int, oldLine: Int? = nil, object: ConfigObject? = nil,
        fieldPath: String,
        before: String?, after: String?, reach: [String] = []
    ) {
        self.path = path
        self.line = line
        self.endLine = endLine
        self.oldLine = oldLine
        self.object = object
        self.fieldPath = fieldPath
        self.before = before
        self.after = after
        self.reach = reach
    }
}

/// A fact that speaks for or against a change, with the weight it was given.
public struct Evidence: Sendable, Hashable, Codable {
    /// A stable slug: `duplicate_key`, `clone_divergence`, `consistent_removal`, …
    public var kind: String
    /// The fact in one sentence, for people.
    public var text: String
    /// From 0 to 1 what it adds to the suspicion; negative for facts that take away from it.
    public var weight: Double

    /// A fact with its weight.
    public init(kind: String, text: String, weight: Double) {
        self.kind = kind
        self.text = text
        self.weight = weight
    }
}

/// A change with the reasons to suspect it.
public struct RankedChange: Sendable, Hashable, Codable {
    /// The change.
    public var change: FieldChange
    /// The commit that brought it in, where that is known.
    public var commit: CommitID?
    /// The fault class of the catalogue that fits best, as a slug: `duplicate-key`, `leftover-line`, …
    public var fault: String?
    /// From 0 (innocent) to 100 (a contradiction that explains exactly these failures).
    public var score: Double
    /// Why, the strongest first.
    public var evidence: [Evidence]
    /// What the suspicion of the evidence was multiplied by; empty where that is not known.
    public var factors: [ScoreFactor]
    /// The smallest edit that removes the contradiction, in words, where there is one: `delete line 105`.
    public var mend: String?

    /// A change with its score.
    public init(
        change: FieldChange, commit: CommitID? = nil, fault: String? = nil, score: Double,
        evidence: [Evidence], factors: [ScoreFactor] = [],
        mend: String? = nil
    ) {
        self.change = change
        self.commit = commit
        self.fault = fault
        self.score = score
        self.evidence = evidence
        self.factors = factors
        self.mend = mend
    }
}
