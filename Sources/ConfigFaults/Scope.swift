import DeployModel
import RealModule

/// How what a change can touch agrees with what fails.
struct Scope {
    /// What the suspicion is multiplied by.
    var factor: Double
    var evidence: Evidence?
    /// Why the factor is what it is, where that is no evidence.
    var reason = ""
    /// Whether it reaches what fails and hardly anything else.
    var isProven = false
}

/// Whether a change can touch what fails.
///
/// - Parameters:
///   - likeness: whom its place is called after.
///   - base: the factor of a change of which nothing is known.
func scope(
    of found: FoundChange, likeness: Kinship.Likeness?, base: Double, targets: Targets
) -> Scope {
    guard !targets.isEmpty else {
        return found.isContradiction
            ? Scope(factor: 1, reason: "a contradiction is one whoever fails")
            : Scope(factor: 0.65, reason: "nothing is known of what fails")
    }
    var scope = agreement(of: found, likeness: likeness, base: base, targets: targets)
    scope.factor = Double.pow(scope.factor, sharpness)
    return scope
}

/// How much more a factor counts than its plain value, as real culprits among their neighbours have it.
private let sharpness = 1.4

private func agreement(
    of found: FoundChange, likeness: Kinship.Likeness?, base: Double, targets: Targets
) -> Scope {
    let reached = scopeOfReach(found, base: base, targets: targets)
    guard !reached.isProven, let likeness else { return reached }
    guard likeness.degree > 0 else { return scopeOfReach(found, base: nothingKnown, targets: targets) }
    guard likeness.isFailing else {
        guard reached.evidence == nil else { return reached }
        return Scope(
            factor: reached.factor * (1 - 0.5 * likeness.degree),
            evidence: Evidence(
                kind: "reach", text: "it belongs to \(likeness.name) by its name, which is healthy",
                weight: -0.5 * likeness.degree))
    }
    // Where references lead elsewhere alone, the name is less to go by.
    let most = (reached.evidence?.weight ?? 0) < 0 ? 0.6 : 1
    let factor = reached.factor + max(0, most - reached.factor) * likeness.degree
    guard factor > reached.factor else { return reached }
    return Scope(
        factor: factor,
        evidence: Evidence(
            kind: "reach", text: "it belongs to \(likeness.name) by its name, where the failures are",
            weight: 0.5 * likeness.degree), isProven: likeness.degree >= 0.9)
}

/// The same from references alone.
private func scopeOfReach(_ found: FoundChange, base: Double, targets: Targets) -> Scope {
    // A name that a template makes is not known.
    let reach = found.change.reach.filter { !$0.contains("{") }
    guard !reach.isEmpty else {
        return found.isReachKnown && found.change.reach.isEmpty
            ? Scope(factor: min(0.3, base), reason: "it reaches no workload")
            : Scope(factor: base, reason: "what it reaches is not known")
    }
    let (failing, healthy) = targets.touched(by: reach)
    // A name of which only a part is known, and that nobody who has events goes by, says nothing.
    guard !failing.isEmpty || !healthy.isEmpty || !targets.isGuess(reach) else {
        return Scope(factor: base, reason: "what it reaches is not known")
    }
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
