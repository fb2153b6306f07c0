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
    let ranked = comparison.changes.map {
        rank($0, words: words, failures: failures, workloads: comparison.workloads)
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
    _ found: FoundChange, words: Set<String>, failures: FailureContext, workloads: [Workload]
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
    let suspicion = 1 - evidence.reduce(1) { $0 * (1 - $1.weight) }
    let scope = scopeFactor(found, failures: failures, workloads: workloads)
    if let reason = scope.evidence { evidence.append(reason) }
    if let innocence = found.innocence { evidence.append(innocence) }
    let isInnocent = found.innocence != nil && !isContradiction
    let place = scope.isProven ? 1 : environmentFactor(found.change, isContradiction: isContradiction)
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

/// Whether a change can touch what fails.
private func scopeFactor(
    _ found: FoundChange, failures: FailureContext, workloads: [Workload]
) -> (factor: Double, evidence: Evidence?, isProven: Bool) {
    // A contradiction is one whoever fails.
    guard !failures.workloads.isEmpty else {
        return (found.isContradiction ? 1 : 0.65, nil, false)
    }
    let reach = found.change.reach
    guard !reach.isEmpty else { return (found.isReachKnown ? 0.3 : 0.5, nil, false) }
    func touches(_ name: String) -> Bool {
        reach.contains { target in
            let workload = workloads.first { $0.name == target }
            return target == name || workload?.labels.contains(name) ?? false || name.hasPrefix(target + "-")
                || target.hasPrefix(name + "-")
                || workload?.isNamePartial ?? false && name.hasSuffix("-" + target)
        }
    }
    let failing = failures.workloads.filter { touches($0.key) }
    let healthy = failures.healthyWorkloads.filter(touches)
    // A name of which only a part is known, and that nobody who has events goes by, says nothing.
    let isGuess = reach.allSatisfy { target in workloads.first { $0.name == target }?.isNamePartial ?? false }
    guard !isGuess || !failing.isEmpty || !healthy.isEmpty else { return (0.5, nil, false) }
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
    return (
        0.15 + 0.85 * overlap,
        Evidence(kind: "reach", text: text, weight: names.isEmpty ? -0.85 : 0.5 * overlap),
        overlap > 0.8
    )
}

/// Failures that people notice are mostly of production.
private func environmentFactor(_ change: FieldChange, isContradiction: Bool) -> Double {
    switch environment(of: change) {
    case "prod": 1
    case "staging": 0.3
    case "dev", "test": 0.1
    default: isContradiction ? 1 : 0.8
    }
}
