public import DeployModel
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
public func rankChanges(_ comparison: ConfigComparison, failures: FailureContext) -> [RankedChange] {
    let words = symptomWords(failures, changes: comparison.changes)
    let kinship = Kinship(failures)
    let likenesses = comparison.changes.map(kinship.likeness)
    // Beside a change that is called after what fails, one of which nothing is known is less to be thought of.
    let base = likenesses.contains { $0?.isFailing ?? false } ? 0.35 : 0.5
    let targets = Targets(failures, workloads: comparison.workloads)
    let ranked = zip(comparison.changes, likenesses).map { change, likeness in
        rank(
            change, words: words, failures: failures,
            scope: scopeFactor(change, likeness: likeness, base: base, targets: targets))
    }
    return ranked.sorted { a, b in
        if a.score != b.score { return a.score > b.score }
        let (x, y) = (a.evidence.first?.weight ?? 0, b.evidence.first?.weight ?? 0)
        return x == y
            ? (a.change.path, a.change.line, a.change.fieldPath) < (
                b.change.path, b.change.line, b.change.fieldPath
            )
            : x > y
    }
}

private func rank(
    _ found: FoundChange, words: Set<String>, failures: FailureContext, scope: Scope
) -> RankedChange {
    var evidence = found.findings.map {
        Evidence(kind: $0.fault.slug.replacing("-", with: "_"), text: $0.text, weight: $0.weight)
    }
    let isContradiction = found.isContradiction
    // What is risky about a field says all that its kind says.
    if found.findings.isEmpty || isContradiction {
        let kind = kindPrior(found)
        evidence.append(Evidence(kind: "kind_of_field", text: kind.text, weight: kind.weight))
    }
    evidence += symptomEvidence(found, words: words, messages: failures.messages)
    if let extent = extentEvidence(found) { evidence.append(extent) }
    evidence += found.notes
    let suspicion = 1 - evidence.reduce(1) { $0 * (1 - $1.weight) }
    if let reason = scope.evidence { evidence.append(reason) }
    if let innocence = found.innocence { evidence.append(innocence) }
    let isInnocent = found.innocence != nil && !isContradiction
    let place = scope.isProven ? 1 : environmentFactor(found, isContradiction: isContradiction)
    let score = 100 * suspicion * scope.factor * (isInnocent ? 0.1 : 1) * place
    let best = found.findings.max { ($0.weight, $1.fault.number) < ($1.weight, $0.fault.number) }
    evidence.sort { ($0.weight.magnitude, $1.kind) > ($1.weight.magnitude, $0.kind) }
    return RankedChange(
        change: found.change, fault: best?.fault.slug, score: (score * 10).rounded() / 10, evidence: evidence,
        mend: found.mend)
}

/// Every line is a chance to go wrong: of two ordinary changes, the one in the file that changed more is at fault more
/// often.
///
/// weight = ¼ · (1 − 0.97ⁿ) for n changed lines.
private func extentEvidence(_ found: FoundChange) -> Evidence? {
    let lines = found.changedLines
    guard lines >= 3 else { return nil }
    return Evidence(
        kind: "extent", text: "one of \(lines) changed lines of the file",
        weight: 0.25 * (1 - Double.pow(0.97, lines)))
}

/// How often changes of such a field break things, before anything else is known.
private func kindPrior(_ found: FoundChange) -> (weight: Double, text: String) {
    let names = found.path.map { $0.name.lowercased() }
    let parts = Set(found.path.flatMap { FaultWords.split($0.name) })
    func has(_ words: String...) -> Bool {
        words.contains { word in
            parts.contains { $0.hasPrefix(word) } || names.contains { $0.hasSuffix(word) && word.count > 4 }
        }
    }
    let isNew = found.change.before == nil
    if isPackageManifest(found.change.path) { return (isNew ? 0.1 : 0.2, "what the program is built from") }
    if found.path.isEmpty, found.change.object == nil { return (0.1, "the file as a whole") }
    if found.path.isEmpty { return isNew ? (0.2, "the object is new") : (0.3, "the object is gone") }
    if has("annotations", "labels") { return (0.1, "a label or an annotation") }
    if has("secret", "credential", "password", "token") { return (isNew ? 0.15 : 0.35, "a credential") }
    if has("image", "command", "args") { return (0.35, "what is run") }
    if has("host", "url", "port", "addr", "endpoint") { return (0.3, "where something is found") }
    if has("probe") { return (0.3, "when a pod counts as healthy") }
    if found.variableName != nil {
        return (isNew ? 0.1 : 0.3, isNew ? "a new variable" : "a variable is gone or changed")
    }
    return (isNew ? 0.15 : 0.2, "an ordinary field")
}

/// How a change's reach agrees with what fails.
private struct Scope {
    var factor: Double
    var evidence: Evidence?
    /// Whether it reaches what fails and hardly anything else.
    var isProven = false
}

/// Whether a change can touch what fails.
private func scopeFactor(
    _ found: FoundChange, likeness: Kinship.Likeness?, base: Double, targets: Targets
) -> Scope {
    // A contradiction is one whoever fails.
    guard !targets.isEmpty else { return Scope(factor: found.isContradiction ? 1 : 0.65) }
    let reached = reachFactor(found, base: base, targets: targets)
    guard !reached.isProven, let likeness else { return reached }
    guard likeness.isFailing else {
        guard reached.evidence == nil else { return reached }
        return Scope(
            factor: reached.factor * (1 - 0.6 * likeness.degree),
            evidence: Evidence(
                kind: "namesake", text: "it belongs to \(likeness.name) by its name, which is healthy",
                weight: -0.6 * likeness.degree))
    }
    // Where references lead elsewhere, the name is less to go by.
    let most = reached.evidence == nil ? 1 : 0.6
    let factor = reached.factor + max(0, most - reached.factor) * likeness.degree
    guard factor > reached.factor else { return reached }
    return Scope(
        factor: factor,
        evidence: Evidence(
            kind: "namesake", text: "it belongs to \(likeness.name) by its name, where the failures are",
            weight: 0.5 * likeness.degree), isProven: likeness.degree >= 0.9)
}

/// The same from references alone.
private func reachFactor(_ found: FoundChange, base: Double, targets: Targets) -> Scope {
    // A name that a template makes is not known.
    let reach = found.change.reach.filter { !$0.contains("{") }
    guard !reach.isEmpty else {
        return Scope(factor: found.isReachKnown && found.change.reach.isEmpty ? min(0.3, base) : base)
    }
    let (failing, healthy) = targets.touched(by: reach)
    let recall = failing.values.reduce(0, +)
    let precision = failing.isEmpty ? 0 : Double(failing.count) / Double(failing.count + healthy.count)
    let overlap = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    let names = failing.keys.sorted()
    let text =
        names.isEmpty
        ? "it reaches \(reach.joined(separator: ", ")), which fail no more than before"
        : "it reaches \(names.joined(separator: ", ")), where the failures are"
            + (healthy.isEmpty
                ? "" : ", but also \(healthy.sorted().joined(separator: ", ")), which are healthy")
    return Scope(
        factor: 0.15 + 0.85 * overlap,
        evidence: Evidence(kind: "reach", text: text, weight: names.isEmpty ? -0.85 : 0.5 * overlap),
        isProven: overlap > 0.8)
}

/// Failures that people notice are mostly of production.
private func environmentFactor(_ found: FoundChange, isContradiction: Bool) -> Double {
    // What is shared is of the most serious environment that it changes.
    let factors = found.environments.map { environmentFactor($0, isContradiction: isContradiction) }
    guard let named = environment(of: found.change) else {
        return factors.max() ?? environmentFactor(nil, isContradiction: isContradiction)
    }
    return environmentFactor(named, isContradiction: isContradiction)
}

private func environmentFactor(_ environment: String?, isContradiction: Bool) -> Double {
    switch environment {
    case "prod": 1
    case "staging": 0.3
    case "dev", "test": 0.1
    default: isContradiction ? 1 : 0.8
    }
}
