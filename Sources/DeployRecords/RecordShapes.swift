import ConfigTree
import DeployModel

/// The records of a file, and what of it could not be read.
struct RecordsFound {
    var records: [DeployRecord] = []
    var unread: [SkippedRecord] = []
}

/// The records of a file in whatever shape it is in.
func records(
    in contents: [UInt8], source: String
) throws(DeployRecordError) -> RecordsFound {
    let bytes = contents.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(contents.dropFirst(3)) : contents
    guard let first = bytes.first(where: { $0 > 0x20 }) else { throw empty(source) }
    let isJSON = first == UInt8(ascii: "[") || first == UInt8(ascii: "{")
    let found = isJSON ? try jsonRecords(bytes, source: source) : try tableRecords(bytes, source: source)
    guard found.records.isEmpty else { return found }
    guard let first = found.unread.first else { throw empty(source) }
    throw unreadable(
        "no deploy record can be read; the first one cannot because \(first.reason)",
        location: "\(source):\(first.line)")
}

private func empty(_ source: String) -> DeployRecordError {
    DeployRecordError(
        code: .empty, problem: "the file holds no deploy records", location: source,
        remedy: "export the deploys again, or leave the file out to read deploys from the git history")
}

func unreadable(_ problem: String, location: String) -> DeployRecordError {
    DeployRecordError(
        code: .unreadable, problem: problem, location: location,
        remedy:
            "give a JSON array, an object with a \"deploys\" array, one JSON object a line, or CSV with a header"
    )
}

// MARK: JSON

private func jsonRecords(_ bytes: [UInt8], source: String) throws(DeployRecordError) -> RecordsFound {
    do throws(ParseFailure) {
        let root = try parseJSON(bytes)
        if case .sequence(let elements) = root.kind { return split(elements) }
        let list = root.entries.last { ["deploys", "deployments"].contains($0.key.lowercased()) }
        guard let list else { return split([root]) }
        guard case .sequence(let elements) = list.value.kind else {
            let reason = "\"\(list.key)\" is not an array"
            let line = list.value.start.line
            return RecordsFound(unread: [SkippedRecord(index: 1, line: line, reason: reason)])
        }
        return split(elements)
    } catch {
        if let found = lineRecords(bytes) { return found }
        let mark = error.mark
        throw unreadable(
            "the deploys are not JSON: \(error.problem)", location: "\(source):\(mark.line):\(mark.column)")
    }
}

private func split(_ elements: [ConfigNode]) -> RecordsFound {
    var found = RecordsFound()
    for (index, element) in elements.enumerated() {
        add(element, index: index + 1, line: element.start.line, to: &found)
    }
    return found
}

private func add(_ node: ConfigNode, index: Int, line: Int, to found: inout RecordsFound) {
    if case .mapping = node.kind {
        found.records.append(DeployRecord(node, index: index, line: line))
    } else {
        found.unread.append(SkippedRecord(index: index, line: line, reason: "it is not an object"))
    }
}

/// One object a line; `nil` when not one line is an object.
private func lineRecords(_ bytes: [UInt8]) -> RecordsFound? {
    var found = RecordsFound()
    var index = 0
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
        index += 1
        do throws(ParseFailure) {
            add(try parseJSON(Array(line)), index: index, line: number + 1, to: &found)
        } catch {
            let reason = "it is not JSON: \(error.problem)"
            found.unread.append(SkippedRecord(index: index, line: number + 1, reason: reason))
        }
    }
    return found.records.isEmpty ? nil : found
}
