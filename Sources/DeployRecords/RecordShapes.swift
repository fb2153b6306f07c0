import ConfigTree
import DeployModel

/// The records of a file, and what of it could not be read.
struct RecordsFound {
    var records: [DeployRecord] = []
    var unread: [SkippedRecord] = []
    var warnings: [Warning] = []
    /// The formats that were met, in words, the one with the most records first.
    var formats: [String] = []
    /// What writes the first of them, where it is the export of a program.
    var export: String?
    /// The names of the first plain record's fields, for the message that none of them is a time.
    var fieldNames: [String] = []
}

/// The records of a file in whatever shape it is in.
func records(in contents: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    let bytes = contents.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(contents.dropFirst(3)) : contents
    guard let first = bytes.first(where: { $0 > 0x20 }) else { throw empty(source) }
    let found: RecordsFound
    if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
        found = try jsonRecords(bytes, source: source)
    } else if let documents = kubernetesDocuments(bytes) {
        found = sorted(documents, unread: [])
    } else {
        found = try textRecords(bytes, source: source)
    }
    guard found.records.isEmpty else { return found }
    guard let first = found.unread.first else { throw empty(source) }
    throw unreadable(
        "no deploy record can be read; the first one cannot because \(first.reason)",
        location: "\(source):\(first.line)", remedy: found.export.map { "export all of it: \($0)" })
}

private func empty(_ source: String) -> DeployRecordError {
    DeployRecordError(
        code: .empty, problem: "the file holds no deploy records", location: source,
        remedy: "export the deploys again, or leave the file out to read deploys from the git history")
}

func unreadable(_ problem: String, location: String, remedy: String? = nil) -> DeployRecordError {
    DeployRecordError(
        code: .unreadable, problem: problem, location: location,
        remedy: remedy
            ?? "give a JSON array, an object with a \"deploys\" array, one JSON object a line, or CSV with a header; docs/deploys.md "
            + "lists the exports that are read as they are"
    )
}

// MARK: JSON

/// What a file of JSON says: one value, several one after another as programs print that answer by pages, or one a line.
private func jsonRecords(_ bytes: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    do throws(ParseFailure) {
        return sorted(try parseJSONValues(bytes), unread: [])
    } catch {
        if let found = lineRecords(bytes) { return found }
        let mark = error.mark
        throw unreadable(
            "the deploys are not JSON: \(error.problem)", location: "\(source):\(mark.line):\(mark.column)",
            remedy: "export the deploys again: the file may have been cut off")
    }
}

/// One object a line, some of them broken; `nil` when not one line is an object.
private func lineRecords(_ bytes: [UInt8]) -> RecordsFound? {
    var nodes: [ConfigNode] = []
    var unread: [(line: Int, reason: String)] = []
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
        do throws(ParseFailure) {
            nodes.append(try parseJSON(Array(line), firstLine: number + 1))
        } catch {
            unread.append((number + 1, "it is not JSON: \(error.problem)"))
        }
    }
    return nodes.contains(where: \.isObject) ? sorted(nodes, unread: unread) : nil
}

/// The documents of `kubectl … -o yaml`; `nil` where a text is none.
private func kubernetesDocuments(_ bytes: [UInt8]) -> [ConfigNode]? {
    let isYAML = bytes.split(separator: UInt8(ascii: "\n")).prefix(40).contains {
        $0.starts(with: "apiVersion:".utf8) || $0.starts(with: "kind:".utf8)
    }
    guard isYAML else { return nil }
    return parseConfig(path: "deploys.yaml", contents: bytes)?.documents.compactMap(\.root)
}

// MARK: Telling formats

/// The keys under which answers hold their lists, and objects their only part.
private let envelopes: Set<String> = [
    "deploys", "deployments", "data", "items", "value", "values", "results", "result", "nodes", "edges",
    "node",
    "builds", "allbuilds", "workflow_runs", "deploymentsinfo", "deploymentinfo", "servicedeployments",
    "services", "servicerevisions", "taskdefinitions", "events", "versions", "releases", "pipelines",
    "workflows", "annotations", "markers", "records", "history", "repository", "project", "actor", "account",
    "nrql", "environments",
]

/// Sorts the objects of documents by their formats.
private struct ObjectSorter {
    var byFormat: [[ConfigNode]] = Array(repeating: [], count: RecordFormat.all.count)
    /// Objects that no format knows.
    var plain: [ConfigNode] = []
    var unread: [(line: Int, reason: String)] = []

    mutating func add(_ node: ConfigNode, depth: Int = 0) {
        guard depth < 12 else {
            unread.append((node.start.line, "it lies inside 12 others"))
            return
        }
        if case .sequence(let elements) = node.kind {
            for element in elements { add(element, depth: depth + 1) }
        } else if !node.isObject {
            unread.append((node.start.line, "it is not an object"))
        } else if let format = RecordFormat.all.firstIndex(where: { $0.reads(node) }) {
            byFormat[format].append(node)
        } else {
            addUnknown(node, depth: depth)
        }
    }

    /// What no format knows is a plain record, unless it only holds others.
    private mutating func addUnknown(_ node: ConfigNode, depth: Int) {
        let list = node.entries.last { ["deploys", "deployments"].contains($0.key.lowercased()) }
        if let list {
            guard list.value.scalar == nil else {
                unread.append((list.value.start.line, "\"\(list.key)\" is not an array"))
                return
            }
            return add(list.value, depth: depth + 1)
        }
        let names = node.entries.filter { $0.value.scalar != nil }.map(\.key)
        let held = node.entries.filter { envelopes.contains($0.key.lowercased()) && $0.value.scalar == nil }
        if !held.isEmpty, !PlainRecord.namesDeploy(names) {
            for entry in held { add(entry.value, depth: depth + 1) }
            return
        }
        plain.append(node)
    }
}

/// The records of documents, each object read as its format says.
private func sorted(_ documents: [ConfigNode], unread: [(line: Int, reason: String)]) -> RecordsFound {
    var sorter = ObjectSorter()
    for document in documents { sorter.add(document) }
    var found = RecordsFound()
    var skipped = unread + sorter.unread
    var sizes: [(name: String, count: Int)] = []
    for (format, nodes) in zip(RecordFormat.all, sorter.byFormat) where !nodes.isEmpty {
        let reading = format.read(nodes)
        found.records += reading.records
        found.warnings += reading.warnings
        skipped += reading.skipped
        sizes.append((format.name, nodes.count))
        if format.pageSizes.contains(nodes.count) {
            found.warnings.append(
                Warning(
                    code: "full_page",
                    text:
                        "exactly \(nodes.count) \(format.name), as many as fit on a page: older ones may be missing",
                    remedy: "export all of them: \(format.export)"))
        }
    }
    if !sorter.plain.isEmpty {
        let plain = sorter.plain.map { PlainRecord($0, index: 0, line: $0.start.line) }
        found.fieldNames = plain.first?.fieldNames ?? []
        found.records += plain.map(\.record)
        sizes.append(("plain records", plain.count))
    }
    found.formats = sizes.sorted { $0.count > $1.count }.map(\.name)
    found.export = RecordFormat.all.first { $0.name == found.formats.first }?.export
    number(&found, skipped)
    return found
}

/// Numbers records and what was passed over together, in the order of the file.
private func number(_ found: inout RecordsFound, _ skipped: [(line: Int, reason: String)]) {
    let places =
        (found.records.indices.map { (line: found.records[$0].line, record: $0, skip: -1) }
        + skipped.indices.map { (line: skipped[$0].line, record: -1, skip: $0) })
        .enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
    for (index, place) in places.enumerated() {
        if place.record >= 0 {
            found.records[place.record].index = index + 1
        } else {
            let skip = skipped[place.skip]
            found.unread.append(SkippedRecord(index: index + 1, line: skip.line, reason: skip.reason))
        }
    }
}
