import ConfigTree

extension RecordFormat {
    /// Kustomizations of Flux: `kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A -o json`. `firstReconciled` is when
    /// a set of manifests was first applied; `lastReconciled` only repeats with every interval.
    static let fluxKustomization = RecordFormat(
        name: "Flux kustomizations",
        export: "kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A -o json",
        reads: {
            $0.word("kind") == "Kustomization" && $0.hasObject("status") && $0.hasObject("metadata")
        },
        read: { nodes in
            var reading = FormatReading()
            for node in nodes {
                let history = node["status"]?.list("history") ?? []
                if history.isEmpty {
                    reading.skip(
                        node, "its status has no history, which says when a revision was first applied")
                }
                reading.records += history.map { applied($0, by: node) }
            }
            return reading
        })

    /// HelmReleases of Flux: `kubectl get helmreleases.helm.toolkit.fluxcd.io -A -o json`.
    static let fluxHelmRelease = RecordFormat(
        name: "Flux Helm releases",
        export: "kubectl get helmreleases.helm.toolkit.fluxcd.io -A -o json",
        reads: { $0.word("kind") == "HelmRelease" && $0.hasObject("status") && $0.hasObject("metadata") },
        read: { nodes in
            var reading = FormatReading()
            for node in nodes {
                let history = node["status"]?.list("history") ?? []
                if history.isEmpty { reading.skip(node, "its status has no history") }
                // Newest first: the one before an entry stands behind it.
                for (index, entry) in history.enumerated() {
                    let earlier = index + 1 < history.count ? history[index + 1] : nil
                    reading.records.append(release(entry, after: earlier, of: node))
                }
            }
            return reading
        })
}

private func applied(_ entry: ConfigNode, by kustomization: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: entry.start.line)
    let namespace = kustomization.word(at: "metadata", "namespace")
    record.service = kustomization.word(at: "metadata", "name")
    record.environment =
        kustomization.word(at: "spec", "targetNamespace") ?? (namespace == "flux-system" ? nil : namespace)
    record.refer(to: fluxReferences(entry.word(at: "metadata", "revision")))
    record.refer(to: fluxReferences(entry.word(at: "metadata", "originRevision")))
    record.ended(entry.word("firstReconciled"))
    if let outcome = entry.word("lastReconciledStatus") {
        let isFailure = ["Failed", "Error", "NotReady"].contains { outcome.contains($0) }
        record.status = isFailure ? .failed : .deployed
        if isFailure { record.title = outcome }
    }
    return record
}

/// What a revision of Flux names: `main@sha1:…`, `v1.0.1@sha1:…`, `sha1:…`, before version 2 `main/…`. A `sha256:` is a digest.
func fluxReferences(_ revision: String?) -> [String] {
    guard let revision else { return [] }
    let parts = revision.split(separator: "@")
    let checksum = parts.last.map(String.init) ?? revision
    let name = parts.count > 1 ? parts.dropLast().joined(separator: "@") : nil
    let tag = name.flatMap { $0.contains { $0.isNumber } && !$0.contains("/") ? $0 : nil }
    if checksum.hasPrefix("sha1:") { return [String(checksum.dropFirst(5))] + (tag.map { [$0] } ?? []) }
    if checksum.hasPrefix("sha256:") { return tag.map { [$0] } ?? [] }
    let legacy = revision.split(separator: "/").last.map(String.init) ?? revision
    return isCommitName(legacy) ? [legacy] : [revision]
}

private func release(_ entry: ConfigNode, after earlier: ConfigNode?, of node: ConfigNode) -> DeployRecord {
    var record = DeployRecord(line: entry.start.line)
    let name = entry.word("name") ?? node.word(at: "metadata", "name")
    record.service = name
    record.environment = entry.word("namespace") ?? node.word(at: "metadata", "namespace")
    record.id = name.flatMap { name in entry.word("version").map { "\(name)/\($0)" } }
    record.refer(to: [entry.word("appVersion"), entry.word("chartVersion")])
    let chart = [entry.word("chartName"), entry.word("chartVersion")].compactMap { $0 }.joined(separator: " ")
    let isValuesOnly =
        earlier.map {
            $0.word("chartVersion") == entry.word("chartVersion")
                && $0.word("configDigest") != entry.word("configDigest")
        } ?? false
    record.title = isValuesOnly ? "\(chart), other values" : chart
    record.began(entry.word("lastDeployed"))
    record.status = RecordStatus(entry.word("status"))
    record.isRollback = entry.word("action") == "rollback"
    return record
}
