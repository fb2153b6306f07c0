import DeployModel

/// What a reader of a format hands over.
enum ExportOutput {
    case record(ExportRecord)
    /// A JSON object on one line that is a record as it is.
    case object(UnsafeRawBufferPointer)
    /// What is no record, and why.
    case rejected(String)
}

/// Takes an output with the line it came from.
typealias ExportSink = (_ output: ExportOutput, _ line: Int) throws -> Void

/// What a reader knows of its file.
struct ExportContext {
    /// The file, as the user named it.
    var name: String
    var head: FileHead
    var options: IngestOptions
    /// When the file was last written; for times without a year.
    var modified: Instant?
}

/// What a reader says at the end.
struct ExportRemarks: Sendable, Hashable {
    var warnings: [Warning] = []
    var assumptions: [String] = []
}

/// Reads the values that a JSON document is cut into.
protocol JSONExportReader: AnyObject {
    /// - Parameter path: where the value stands: `data.result[]`.
    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws
    func finish(_ emit: ExportSink) throws -> ExportRemarks
}

/// Reads a text of which each line is a record by itself.
final class RecordLines: LineExportReader {
    private let reason: String
    private let record: (String) -> ExportRecord?
    private let remarks: () -> ExportRemarks

    /// - Parameters:
    ///   - reason: why a line is passed over of which there is no record.
    ///   - remarks: what is said at the end.
    ///   - record: the record of a line.
    init(
        orElse reason: String, remarks: @escaping () -> ExportRemarks = { ExportRemarks() },
        record: @escaping (String) -> ExportRecord?
    ) {
        self.reason = reason
        self.remarks = remarks
        self.record = record
    }

    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty else { return }
        try emit(record(text).map { .record($0) } ?? .rejected(reason), line)
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { remarks() }
}

/// Reads a text line by line.
protocol LineExportReader: AnyObject {
    func take(_ text: String, line: Int, _ emit: ExportSink) throws
    func finish(_ emit: ExportSink) throws -> ExportRemarks
}

/// Reads delimited text row by row; the first one is the header.
protocol RowExportReader: AnyObject {
    func take(_ cells: [String], line: Int, _ emit: ExportSink) throws
    func finish(_ emit: ExportSink) throws -> ExportRemarks
}

/// One shape that the exports of a format come in: how it is told from all others, and how it is read.
///
/// A format is a file with its shapes and their readers, and a line in ``all``.
struct ExportShape: Sendable {
    enum Reading: Sendable {
        /// JSON documents, cut at these containers.
        ///
        /// - Parameter isLines: whether each line is one document, also where the first one is longer than what is looked at.
        case json(
            descends: Set<String>, isLines: Bool = false, @Sendable (ExportContext) -> any JSONExportReader)
        case lines(@Sendable (ExportContext) -> any LineExportReader)
        case rows(@Sendable (ExportContext) -> any RowExportReader)
        /// Something that cannot be judged, and what to export instead.
        case refused(problem: String, remedy: String)
    }

    var format: EventFormat
    var recognises: @Sendable (FileHead) -> Bool
    var reading: Reading
    /// Whether it looks like too much else to be told by its looks: only `--format-in` asks for it.
    var isForcedOnly = false

    init(
        _ format: EventFormat, _ reading: Reading, isForcedOnly: Bool = false,
        where recognises: @escaping @Sendable (FileHead) -> Bool
    ) {
        self.format = format
        self.reading = reading
        self.isForcedOnly = isForcedOnly
        self.recognises = recognises
    }

    /// Every shape, those that look like others first.
    static let all: [ExportShape] =
        honeycomb + loki + prometheus + victoriaMetrics + otlp + elasticsearch + datadog + cloudWatch
        + cloudLogging
        + azure + sentry + kubernetesEvents + journald + stern + envoy + grafana + clickHouse + jsonDocuments
        + openMetrics + accessLog + syslog + kubectl

    /// The shape that the first bytes have; `nil` when it is none of them.
    static func recognised(_ head: FileHead, forced: EventFormat?) -> ExportShape? {
        all.first { (forced == nil ? !$0.isForcedOnly : $0.format == forced) && $0.recognises(head) }
    }
}

extension IngestError {
    /// A format that was asked for and is not there.
    static func notThisFormat(_ format: EventFormat, at name: String) -> IngestError {
        IngestError(
            .unknownFormat, "this does not look like \(format.rawValue), which --format-in asks for",
            at: name,
            remedy:
                "leave --format-in out to have the format recognised; docs/inputs.md says what each looks like",
            about: .format)
    }
}

// MARK: What readers share

/// Reads one value of a document as a tree, or hands over why it is none.
func element(
    _ value: UnsafeRawBufferPointer, line: Int, _ emit: ExportSink
) throws -> JSONNode? {
    switch JSONNode.parse(value) {
    case .success(let node): return node
    case .failure(let failure):
        try emit(.rejected(failure.reason), line)
        return nil
    }
}

/// How a format writes instants; a format's documentation fixes it, and a value of another size is refused.
enum ExportTime {
    case seconds, milliseconds, microseconds, nanoseconds

    private var perSecond: Double {
        switch self {
        case .seconds: 1
        case .milliseconds: 1e3
        case .microseconds: 1e6
        case .nanoseconds: 1e9
        }
    }

    private var words: String {
        switch self {
        case .seconds: "Unix seconds"
        case .milliseconds: "Unix milliseconds"
        case .microseconds: "Unix microseconds"
        case .nanoseconds: "Unix nanoseconds"
        }
    }

    /// - Throws: the reason, when it is no instant between 1973 and 5138 in this unit.
    func instant(_ node: JSONNode?) throws(RecordFailure) -> Instant {
        guard let text = node?.text else { throw RecordFailure(reason: "it has no time") }
        return try instant(text)
    }

    func read(_ node: JSONNode?) -> Result<Instant, RecordFailure> {
        Result { () throws(RecordFailure) in try instant(node) }
    }

    private func instant(_ text: String) throws(RecordFailure) -> Instant {
        guard let number = Double(text), (1e8..<1e11).contains(number / perSecond) else {
            throw RecordFailure(reason: "its time '\(text.prefix(40))' is not \(words)")
        }
        // Nineteen digits do not fit a double; whole milliseconds of them do.
        if case .nanoseconds = self, let whole = Int64(text) {
            return Instant(milliseconds: whole / 1_000_000)
        }
        return Instant(clampingSeconds: number / perSecond)
    }
}

/// An instant in RFC 3339, or without a zone where the format says which zone is meant.
func instant(_ node: JSONNode?, offsetSeconds: Int? = nil) throws(RecordFailure) -> Instant {
    guard let text = node?.text else { throw RecordFailure(reason: "it has no time") }
    guard let instant = Instant(rfc3339: text, assumingOffsetSeconds: offsetSeconds) else {
        throw RecordFailure(reason: "its time '\(text.prefix(40))' is not RFC 3339")
    }
    return instant
}

/// Hands over the record that `make` returns, or why there is none.
func emitRecord(
    line: Int, _ emit: ExportSink, _ make: () throws(RecordFailure) -> ExportRecord?
) throws {
    let record: ExportRecord?
    do throws(RecordFailure) {
        record = try make()
    } catch {
        return try emit(.rejected(error.reason), line)
    }
    if let record { try emit(.record(record), line) }
}

/// What is said when an export has as many records as a limit allows.
func capWarning(_ count: Int, caps: Set<Int>, of what: String, remedy: String) -> [Warning] {
    guard caps.contains(count) else { return [] }
    return [
        truncation(
            "The export holds exactly \(count) \(what), where such exports end: there may be more.", remedy)
    ]
}

/// What is said of a page: that there are more behind it, where it says so itself, else that it is as long as pages may be.
func pageWarnings(
    _ more: String?, _ count: Int, caps: Set<Int>, of what: String, remedy: String
) -> [Warning] {
    more.map { [truncation($0, remedy)] } ?? capWarning(count, caps: caps, of: what, remedy: remedy)
}

/// What is said when an export says itself that it is not all.
func truncation(_ text: String, _ remedy: String) -> Warning {
    Warning(code: "truncated_export", text: text, remedy: remedy)
}
