import DeployModel

extension ExportShape {
    /// JSON documents of no format that is known: an array of objects, an object with one, or objects over several lines.
    static let jsonDocuments =
        [
            ExportShape(.json, .json(descends: [""]) { _ in PlainObjects() }) { head in
                head.outline[""] == "[" && [nil, "{"].contains(head.outline["[]"])
            }
        ]
        + envelopes.map { name in
            ExportShape(.json, .json(descends: ["", name]) { _ in PlainObjects(path: "\(name)[]") }) { head in
                head.outline["\(name)[]"] == "{" && head.isOneDocument
            }
        } + [
            ExportShape(.json, .json(descends: []) { _ in PlainObjects(path: "") }) { head in
                head.outline[""] == "{" && head.spansLines
            }
        ]

    /// The names under which exports keep their events.
    private static let envelopes = [
        "events", "data", "results", "records", "rows", "logs", "items", "entries", "values", "value", "hits",
        "messages",
        "requests", "documents",
    ]
}

extension FileHead {
    /// Whether the file is one document around its events rather than a line for each.
    fileprivate var isOneDocument: Bool {
        guard spansLines || filledLines.count <= 1 else { return false }
        return !["timestamp", "@timestamp", "time", "ts"].contains { outline[$0] != nil }
    }
}

/// Objects that are records as they are.
final class PlainObjects: JSONExportReader {
    private let path: String

    init(path: String = "[]") { self.path = path }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard path == self.path else { return }
        guard value.first == UInt8(ascii: "{") else {
            return try emit(.rejected("it is no JSON object"), line)
        }
        try emit(.object(value), line)
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { ExportRemarks() }
}
