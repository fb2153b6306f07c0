public import DeployModel
import Kustomize
import RealModule

/// Who fails, for telling which changes could have done it.
public struct FailureContext: Sendable, Equatable {
    /// For each workload that fails more than before, its share of the excess failures.
    public var workloads: [String: Double]
    /// Workloads that have events and fail no more than before.
    public var healthyWorkloads: Set<String>
    /// Messages and other words of the failures.
    public var messages: [String]

    /// A context.
    public init(workloads: [String: Double], healthyWorkloads: Set<String>, messages: [String]) {
        self.workloads = workloads
        self.healthyWorkloads = healthyWorkloads
        self.messages = messages
    }

    /// Nothing is known of the failures.
    public static let unknown = FailureContext(workloads: [:], healthyWorkloads: [], messages: [])
}

/// The changes by how well they explain the failures, the most suspicious first.
///
/// score = 100 · (1 − Π(1 − wᵢ)) × scope × innocence × environment: independent evidence adds up and never exceeds one
/// hundred; a change that cannot touch what fails, or that is explained away, hardly counts.
///
/// - Parameter hasNamesake: whether some deploy that comes into question changed what is called after the failures.
public func rankChanges(
    _ comparison: ConfigComparison, failures: FailureContext, hasNamesake: Bool = false
) -> [RankedChange] {
    let symptoms = SymptomWords(failures, changes: comparison.changes)
    let kinship = Kinship(failures)
    let likenesses = comparison.changes.map(kinship.likeness)
    let base =
        hasNamesake || likenesses.contains { $0?.isFailing ?? false } ? unnamedBesideNamesake : nothingKnown
    let targets = Targets(failures, workloads: comparison.workloads)
    let ranked = mapMany(Array(comparison.changes.indices)) { index in
        let change = comparison.changes[index]
        return rank(
            change, symptoms: symptoms.evidence(for: change, at: index),
            scope: scope(of: change, likeness: likenesses[index], base: base, targets: targets),
            isAnythingFailing: !failures.workloads.isEmpty)
    }
    return ranked.sorted { a, b in
        if a.score != b.score { return a.score > b.score }
        let (x, y) = (a.evidence.first?.weight ?? 0, b.evidence.first?.weight ?? 0)
        // Of the same thing gone and new, the new one is there to be looked at.
        let (isGone, isOtherGone) = (a.change.after == nil, b.change.after == nil)
        if x == y, isGone != isOtherGone { return isOtherGone }
        return x == y
            ? (a.change.path, a.change.line, a.change.fieldPath) < (
                b.change.path, b.change.line, b.change.fieldPath
            )
            : x > y
    }
}

/// The reach of a change of which nothing is known.
let nothingKnown = 0.5
/// The same where other changes are called after what fails: these are more to be thought of.
private let unnamedBesideNamesake = 0.2

private func rank(
    _ found: FoundChange, symptoms: [Evidence], scope: Scope, isAnythingFailing: Bool
) -> RankedChange {
    let isContradiction = found.isContradiction
    let isGone = found.change.after == nil && found.change.before != nil && !isContradiction
    var evidence = found.findings.map {
        Evidence(
            kind: $0.fault.evidenceKind, text: $0.text,
            weight: $0.weight * (isGone && !$0.isOfMissing ? shareOfGone : 1))
    }
    // What is risky about a field says all that its kind says.
    if found.findings.isEmpty || isContradiction {
        let kind = kindPrior(found)
        evidence.append(
            Evidence(
                kind: "kind_of_field", text: kind.text, weight: kind.weight * (isGone ? shareOfGone : 1)))
    }
    evidence += symptoms
    if let extent = extentEvidence(found) { evidence.append(extent) }
    evidence += found.notes
    // What is new runs beside what ran before: until something is known to fail, that is what may have been broken.
    if !isAnythingFailing, found.change.before == nil, found.path.isEmpty, !isContradiction {
        for index in evidence.indices where ["kind_of_field", "extent"].contains(evidence[index].kind) {
            evidence[index].weight *= shareOfNew
        }
    }
    // What is shown is what is reckoned with: whoever multiplies the numbers of a report gets its scores.
    for index in evidence.indices { evidence[index].weight = shown(evidence[index].weight) }
    let suspicions = evidence
    if let reason = scope.evidence { evidence.append(reason) }
    if let innocence = found.innocence { evidence.append(innocence) }
    let factors = [
        ScoreFactor(.reach, shown(scope.factor), scope.evidence?.text ?? scope.reason),
        innocenceFactor(found, isContradiction: isContradiction),
        scope.isProven
            ? ScoreFactor(.environment, 1, "it reaches what fails, whatever the environment")
            : environmentFactor(found, isContradiction: isContradiction),
    ]
    let best = found.findings.max { ($0.weight, $1.fault.number) < ($1.weight, $0.fault.number) }
    evidence.sort { ($0.weight.magnitude, $1.kind) > ($1.weight.magnitude, $0.kind) }
    return RankedChange(
        change: found.change, fault: best?.fault.slug,
        score: RankedChange.score(suspicions: suspicions, factors: factors), evidence: evidence,
        factors: factors, mend: found.mend)
}

/// What the kind and the length of a new object count where nothing is known to fail.
private let shareOfNew = 0.7

/// What a risk counts where something is taken away, and nothing contradicts that: it is at fault less often than what is there.
private let shareOfGone = 0.6

/// Every line is a chance to go wrong: of two ordinary changes, the longer one, and the one in the file that changed more, is
/// at fault more often.
///
/// weight = 1 − (1 − 0.2 · (1 − 0.97ⁿ)) · (1 − 0.25 · (1 − 0.93ᵐ⁻¹)) for n changed lines of the file, m of them this change's own.
/// What is gone has no lines to count.
private func extentEvidence(_ found: FoundChange) -> Evidence? {
    let lines = found.changedLines
    let change = found.change
    let own = change.after == nil ? 1 : min(change.endLine - change.line + 1, max(lines, 1))
    guard lines >= 3 || own > 1 else { return nil }
    let ofFile = lines >= 3 ? 0.2 * (1 - Double.pow(0.97, lines)) : 0
    let ofChange = 0.25 * (1 - Double.pow(0.93, own - 1))
    return Evidence(
        kind: "extent",
        text: own > 1
            ? "\(own) of \(lines) changed lines of the file" : "one of \(lines) changed lines of the file",
        weight: 1 - (1 - ofFile) * (1 - ofChange))
}

private let wordsOfLabels = SoughtWords(["annotations", "labels"])
private let wordsOfCredentials = SoughtWords(["secret", "credential", "password", "token"])
private let wordsOfCommands = SoughtWords(["image", "command", "args"])
private let wordsOfPlaces = SoughtWords(["host", "url", "port", "addr", "endpoint"])
private let wordsOfProbes = SoughtWords(["probe"])

/// How often changes of such a field break things, before anything else is known.
private func kindPrior(_ found: FoundChange) -> (weight: Double, text: String) {
    let names = found.path.map { $0.name.lowercased() }
    let parts = found.path.flatMap { FaultWords.split($0.name) }
    func has(_ words: SoughtWords) -> Bool {
        parts.contains(where: words.begins) || names.contains(where: words.ends)
    }
    let isNew = found.change.before == nil
    if found.path.isOfSchemaProse { return (0.05, "what a schema says to people") }
    if isBookkeeping(found) { return (0.02, "what is kept of the file itself") }
    if isPackageManifest(found.change.path) { return (isNew ? 0.1 : 0.2, "what the program is built from") }
    if found.path.isEmpty, found.change.object == nil { return (0.1, "the file as a whole") }
    if found.isReplaced { return (0.12, "the object is put up again by the same change") }
    if found.path.isEmpty {
        return isNew ? (newObjectPrior(found), "the object is new") : (0.3, "the object is gone")
    }
    if has(wordsOfLabels) { return (0.1, "a label or an annotation") }
    if has(wordsOfCredentials) { return (isNew ? 0.15 : 0.35, "a credential") }
    if has(wordsOfCommands) { return (0.35, "it says what is run") }
    if has(wordsOfPlaces) { return (0.3, "it says where something is found") }
    if has(wordsOfProbes) { return (0.3, "it says when a pod counts as healthy") }
    if found.variableName != nil {
        return (isNew ? 0.1 : 0.3, isNew ? "a new variable" : "a variable is gone or changed")
    }
    return (
        isNew || found.change.after == nil ? 0.15 : 0.2,
        "nothing in particular speaks against a field like it"
    )
}

/// Kinds that are written once, from the same few lines, and seldom mended.
private let kindsSetUpAround: Set = [
    "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Group", "HelmRepository",
    "GitRepository",
    "OCIRepository", "Service",
]

/// What runs has more that can be wrong than what is set up around it, and a list of what there is the least.
private func newObjectPrior(_ found: FoundChange) -> Double {
    let kind = found.change.object?.kind ?? ""
    if kind == "HelmRelease" { return 0.5 }
    if Manifest.workloadKinds.contains(kind) || kind == "DeploymentConfig" { return 0.45 }
    if kind == "Namespace" { return 0.12 }
    if isSchemaFile(found.change.path) { return 0.1 }
    if isNamedValues(found.change.path) { return 0.45 }
    let isList = kind == "Kustomization" || resolvedPath(".", besides: found.change.path) != nil
    return isList || kindsSetUpAround.contains(kind) ? 0.2 : 0.3
}

/// Whether a file is called as those are that hold the values of a chart.
private func isNamedValues(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    return name.holds("values") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
}

/// Whether a file says only which values others may have.
private func isSchemaFile(_ path: String) -> Bool { path.hasSuffix(".schema.json") }

/// Whether a change says when and as which version a file was written, and nothing that runs: the own version of a chart, the
/// time and the checksum that SOPS puts into what it encrypts.
private func isBookkeeping(_ found: FoundChange) -> Bool {
    let names = found.path.map(\.name)
    switch names.first {
    case "version": return names.count == 1 && found.change.path.split(separator: "/").last == "Chart.yaml"
    case "sops": return names.last == "lastmodified" || names.last == "mac" || names.last == "version"
    default: return false
    }
}

/// What the code agrees with is hardly at fault, unless the files contradict each other.
private func innocenceFactor(_ found: FoundChange, isContradiction: Bool) -> ScoreFactor {
    guard let innocence = found.innocence else {
        return ScoreFactor(.innocence, 1, "nothing explains it away")
    }
    guard !isContradiction else {
        return ScoreFactor(.innocence, 1, "a contradiction is not explained away")
    }
    // What nothing reads does nothing, but somebody meant it to: a new value that no template uses is hardly less often
    // what is mended than any other.
    let isNew = found.change.before == nil
    let factor: Double =
        switch innocence.kind {
        case "unused_value": isNew ? 0.8 : 0.3
        // Whoever installs the chart elsewhere may have switched it on.
        case "switched_off": 0.3
        default: 0.1
        }
    return ScoreFactor(.innocence, factor, innocence.text)
}

/// Failures that people notice are mostly of production.
private func environmentFactor(_ found: FoundChange, isContradiction: Bool) -> ScoreFactor {
    if let own = environment(of: found.change) {
        return environmentFactor(own, isContradiction: isContradiction)
    }
    // What is shared is of the most serious environment that it changes.
    return found.environments.map { environmentFactor($0, isContradiction: isContradiction) }
        .max { $0.value < $1.value } ?? environmentFactor(nil, isContradiction: isContradiction)
}

private func environmentFactor(_ environment: String?, isContradiction: Bool) -> ScoreFactor {
    switch environment {
    case "prod": ScoreFactor(.environment, 1, "it is of production")
    case "staging": ScoreFactor(.environment, isContradiction ? 0.7 : 0.5, "it is of staging")
    case "dev": ScoreFactor(.environment, isContradiction ? 0.5 : 0.3, "it is of development")
    case "test": ScoreFactor(.environment, isContradiction ? 0.5 : 0.3, "it is of tests")
    default:
        isContradiction
            ? ScoreFactor(.environment, 1, "a contradiction is one anywhere")
            : ScoreFactor(.environment, 0.9, "neither path nor namespace names one")
    }
}

/// A number as it is shown, with three decimals.
private func shown(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
