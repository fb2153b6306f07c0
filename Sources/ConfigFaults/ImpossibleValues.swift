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
    // What is called like a secret is not quoted.
    func isSecret(_ key: String) -> Bool {
        let key = key.lowercased()
        return ["secret", "password", "passwd", "token", "credential", "private"].contains(where: key.holds)
    }
    func search(_ node: ConfigNode, _ key: String, isOfImage: Bool) {
        guard found == nil, !isSecret(key) else { return }
        switch node.kind {
        case .scalar(let scalar):
            guard key != "tag" || isOfImage, maskedIfSecret(scalar.text, name: key) == scalar.text else {
                return
            }
            found = finding(scalar, key, isOfCluster: change.change.object?.kind.first?.isUppercase ?? false)
            found?.line = node.start.line
        case .sequence(let elements): for element in elements { search(element, key, isOfImage: isOfImage) }
        case .mapping(let entries):
            if key == "labels", let lost = entries.first(where: { annotationsOfTools.contains($0.key) }) {
                found = FaultFinding(
                    .misplacedField, weight: 0.8, "\(lost.key) is an annotation: as a label nobody reads it")
                found?.line = lost.keyMark.line
            }
            if let label = entries.first(where: { isMistypedLabel($0.key) }) {
                found = mistypedLabel(label.key, label.keyMark.line)
            }
            let isOfImage = key.lowercased().holds("image") || node["repository"] != nil
            if let name = node["name"]?.text, isSecret(name) { return }
            for entry in entries where !entry.isMerged {
                search(entry.value, entry.key, isOfImage: isOfImage)
            }
        }
    }
    guard !change.path.dropLast().contains(where: { isSecret($0.name) }) else { return }
    search(
        after, change.path.last?.name ?? "",
        isOfImage: change.path.dropLast().last?.name.lowercased().holds("image") ?? false)
    if found == nil, change.change.before == nil, let key = change.path.last?.name, isMistypedLabel(key) {
        found = mistypedLabel(key, change.change.line)
    }
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
    case "tag", "newTag", "digest":
        return impossibleVersion(text).map {
            FaultFinding(.refusedType, "`\(text)` is no \(key == "digest" ? "digest" : "tag"): \($0)")
        }
    case "schedule", "cron":
        return scalar.isTemplated
            ? nil : impossibleTime(text).map { FaultFinding(.refusedType, "`\(text)` is no schedule: \($0)") }
    case "image":
        let problem =
            text.contains("//") && !text.contains("://")
            ? "it holds an empty part"
            : !scalar.isTemplated && text.contains(" ") ? "it holds a blank" : impossibleVersion(text)
        if let problem {
            return FaultFinding(.refusedType, "`\(text)` is no name of an image: \(problem)")
        }
        return mistypedRegistry(text)
    case "repository", "registry": return mistypedRegistry(text)
    default:
        if ["http//", "https//"].contains(where: text.hasPrefix) {
            return FaultFinding(
                .addressChanged, weight: 0.85, "`\(text.prefix(40))` is no URL: it lacks `://`")
        }
        return doubledDomain(text).map {
            FaultFinding(.addressChanged, weight: 0.7, "\($0) stands twice in a row")
        }
    }
}

/// What is wrong with the version at the end of an image's name, or alone: `0,1.29`, a digest of 61 digits.
private func impossibleVersion(_ text: String) -> String? {
    let isName = text.utf8.allSatisfy { $0.isWord || "-./:@,+".utf8.contains($0) }
    guard isName, !text.hasPrefix("data:") else { return nil }
    if text.contains(","), !text.hasSuffix(",") { return "it holds a comma" }
    guard let digest = text[...].place(of: "sha256:") else { return nil }
    let digits = text[digest.upperBound...]
    guard digits.allSatisfy(\.isHexDigit), digits.count != 64, digits.count >= 32 else { return nil }
    return "its digest has \(digits.count) digits, and SHA-256 has 64"
}

private let registries = [
    "docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io", "public.ecr.aws", "mcr.microsoft.com",
    "registry.gitlab.com", "k8s.gcr.io", "lscr.io", "us.gcr.io", "eu.gcr.io", "cr.io", "icr.io", "us.icr.io",
    "uk.icr.io", "de.icr.io",
]

/// A registry whose name is nearly that of one which all know.
private func mistypedRegistry(_ text: String) -> FaultFinding? {
    guard let slash = text.firstIndex(of: "/") else { return nil }
    let host = String(text[..<slash])
    guard host.contains("."), host.utf8.count >= 6, !host.contains("{"), !registries.contains(host) else {
        return nil
    }
    let near = registries.first { WordDistance(from: host).edits(to: $0) == 1 && $0.utf8.count >= 7 }
    return near.map {
        FaultFinding(.imageChanged, weight: 0.75, "\(host) is nearly \($0), and no registry that is known")
    }
}

private func mistypedLabel(_ key: String, _ line: Int) -> FaultFinding {
    var finding = FaultFinding(
        .misspelledName, weight: 0.8,
        "`\(key)` is no label of Kubernetes, whose own end in kubernetes.io")
    finding.line = line
    return finding
}

/// Whether a label is of a domain that is nearly that of Kubernetes: `node.kubernetes.oi/instance-type`.
private func isMistypedLabel(_ key: String) -> Bool {
    guard key.utf8.count < 100, key.holds("kubernetes."), let slash = key.firstIndex(of: "/") else {
        return false
    }
    let labels = key[..<slash].split(separator: ".").suffix(2)
    guard labels.count == 2, labels.first == "kubernetes", let last = labels.last else { return false }
    return last != "io" && last.count <= 3 && last.contains("i") && last.contains("o")
}

/// What is wrong with the five fields of a cron expression: a number that its field does not have.
private func impossibleTime(_ text: String) -> String? {
    let fields = text.split(separator: " ")
    if fields.count == 4, fields.allSatisfy({ $0.allSatisfy { $0.isNumber || "*/,-".contains($0) } }) {
        return "it has four fields, and cron takes five"
    }
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
