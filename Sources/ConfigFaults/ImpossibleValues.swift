import ConfigTree
import DeployModel

/// F13 and F23: values that cannot be meant whatever reads them: an hour 43, a name of an image with an empty part, a domain
/// that stands twice in a row.
func findImpossibleValues(in change: inout FoundChange) {
    guard let after = change.afterNode, !change.isHidden,
        !change.findings.contains(where: { $0.fault == .refusedType })
    else {
        return
    }
    var found: FaultFinding?
    func search(_ node: ConfigNode, _ key: String) {
        guard found == nil else { return }
        switch node.kind {
        case .scalar(let scalar):
            found = finding(scalar, key, isOfCluster: change.change.object?.kind.first?.isUppercase ?? false)
            found?.line = node.start.line
        case .sequence(let elements): for element in elements { search(element, key) }
        case .mapping(let entries):
            if key == "labels", let lost = entries.first(where: { annotationsOfTools.contains($0.key) }) {
                found = FaultFinding(
                    .misplacedField, weight: 0.8, "\(lost.key) is an annotation: as a label nobody reads it")
                found?.line = lost.keyMark.line
            }
            for entry in entries where !entry.isMerged { search(entry.value, entry.key) }
        }
    }
    search(after, change.path.last?.name ?? "")
    // That of a single container may be Always: it runs beside the others.
    if found == nil, change.path.suffix(2) == [.key("spec"), .key("restartPolicy")], after.text == "Always",
        ["Job", "CronJob"].contains(change.change.object?.kind ?? "")
    {
        found = FaultFinding(
            .refusedType, "the pods of a job restart OnFailure or Never: the API server refuses Always")
    }
    if let found { change.findings.append(found) }
}

/// What tools look for among the annotations.
private let annotationsOfTools: Set = [
    "argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy", "argocd.argoproj.io/sync-wave",
    "argocd.argoproj.io/sync-options", "helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy",
    "helm.sh/resource-policy",
]

private func finding(_ scalar: ConfigNode.Scalar, _ key: String, isOfCluster: Bool) -> FaultFinding? {
    let text = scalar.text
    switch key {
    case "defaultMode" where isOfCluster:
        guard scalar.style == .plain, let mode = Int(text), !text.hasPrefix("0"), mode > 0o777 else {
            return nil
        }
        return FaultFinding(
            .refusedType,
            "\(text) is read as a decimal number, and is more than 0777: the API server refuses it")
    case "schedule", "cron":
        return scalar.isTemplated
            ? nil : impossibleTime(text).map { FaultFinding(.refusedType, "`\(text)` is no schedule: \($0)") }
    case "image":
        let problem =
            text.contains("//") && !text.contains("://")
            ? "an empty part" : !scalar.isTemplated && text.contains(" ") ? "a blank" : nil
        return problem.map { FaultFinding(.refusedType, "`\(text)` is no name of an image: it holds \($0)") }
    default:
        return doubledDomain(text).map {
            FaultFinding(.addressChanged, weight: 0.7, "\($0) stands twice in a row")
        }
    }
}

/// What is wrong with the five fields of a cron expression: a number that its field does not have.
private func impossibleTime(_ text: String) -> String? {
    let fields = text.split(separator: " ")
    guard fields.count == 5 else { return nil }
    let ranges = [
        ("minute", 0...59), ("hour", 0...23), ("day", 1...31), ("month", 1...12), ("weekday", 0...7),
    ]
    for (field, (name, range)) in zip(fields, ranges) {
        // What follows a slash is a step.
        for part in field.split(separator: ",").compactMap({ $0.split(separator: "/").first }) {
            for number in part.split(separator: "-").compactMap({ Int($0) }) where !range.contains(number) {
                return "there is no \(name) \(number)"
            }
        }
    }
    return nil
}

/// `example.org` of `api.example.org.example.org`.
private func doubledDomain(_ text: String) -> String? {
    guard text.utf8.count < 300, text.utf8.count(where: { $0 == UInt8(ascii: ".") }) >= 3, !text.contains(" ")
    else { return nil }
    let host = text[...].place(of: "://").map { text[$0.upperBound...] } ?? text[...]
    let labels = host.prefix { $0 != "/" && $0 != ":" }.split(
        separator: ".", omittingEmptySubsequences: false)
    for count in stride(from: labels.count / 2, through: 2, by: -1) {
        let last = labels.suffix(count)
        guard last.elementsEqual(labels.dropLast(count).suffix(count)),
            last.last?.allSatisfy(\.isLetter) ?? false,
            last.allSatisfy({ !$0.isEmpty }),
            // `one.one.one.one` is a host.
            Set(last).count > 1
        else { continue }
        return last.joined(separator: ".")
    }
    return nil
}
