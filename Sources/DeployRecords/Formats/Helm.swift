import ConfigTree

extension RecordFormat {
    /// `helm history RELEASE -o json` and `helm list -o json`. `updated` is when the operation began.
    static let helm = RecordFormat(
        "Helm revisions",
        export: "helm history RELEASE --max 1000 -o json",
        reads: { $0.has("revision", "chart") && $0.hasAny("updated", "app_version", "status") },
        pageSizes: [256]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        let chart = node.word("chart") ?? ""
        let parts = chartNameAndVersion(chart)
        let release = node.word("name")
        record.service = release ?? parts.name
        record.environment = node.word("namespace")
        record.id = (release ?? parts.name).flatMap { name in node.word("revision").map { "\(name)/\($0)" } }
        record.refer(to: [node.word("app_version"), parts.version])
        let description = node.word("description")
        record.title = [chart, description].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        record.began(node.word("updated"))
        record.status = RecordStatus(node.word("status"))
        if let description {
            let words = description.lowercased()
            // An upgrade that failed is `superseded` as soon as the next one succeeds.
            if words.contains("failed") { record.status = .failed }
            record.isRollback = words.hasPrefix("rollback") || node.word("rollback_revision") != nil
        }
        return record
    }
}

/// The name and the version of a chart: cut at the first dash behind which a version begins, as names have dashes too.
func chartNameAndVersion(_ chart: String) -> (name: String?, version: String?) {
    var index = chart.startIndex
    while let dash = chart[index...].firstIndex(of: "-") {
        let rest = chart[chart.index(after: dash)...]
        let digits = rest.hasPrefix("v") ? rest.dropFirst() : rest
        let major = digits.prefix(while: \.isNumber)
        if !major.isEmpty, digits.dropFirst(major.count).first == ".", dash > chart.startIndex {
            return (String(chart[..<dash]), String(rest))
        }
        index = chart.index(after: dash)
    }
    return (chart.isEmpty ? nil : chart, nil)
}
