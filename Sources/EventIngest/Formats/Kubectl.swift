import DeployModel

extension ExportShape {
    /// stern: `-o json`.
    static let stern = [
        ExportShape(.stern, .json(descends: [], isLines: true) { SternReader($0) }) { head in
            head.has("message", "podName") && (head.has("containerName") || head.has("nodeName"))
        }
    ]

    /// `kubectl logs --timestamps`, with or without `--prefix`, and stern's plain output with `-t`.
    static let kubectl = [
        ExportShape(.kubectl, .lines { KubectlReader($0) }) { head in
            head.mostLines { ContainerLine($0) != nil }
        },
        ExportShape(
            .kubectl,
            .refused(
                problem: "the lines of these logs do not say when they were written",
                remedy: "export them again with kubectl logs --timestamps --prefix, or stern -t -o json")
        ) { head in head.mostLines { $0.hasPrefix("[pod/") } },
    ]
}

private final class SternReader: JSONExportReader {
    private let context: ExportContext
    private var timeless = 0, count = 0

    init(_ context: ExportContext) { self.context = context }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            var text = node["message"]?.string ?? ""
            var time = node["timestamp"]
            if time == nil, let space = text.firstIndex(of: " "),
                Instant(rfc3339: text[..<space], assumingOffsetSeconds: nil) != nil
            {
                // Older versions put the time in front of the message.
                time = .string(String(text[..<space]))
                text = String(text[space...].dropFirst())
            }
            var record = ExportRecord()
            if let time {
                record = ExportRecord(at: try instant(time))
                count += 1
            } else if let inside = JSONNode.parse(text.trimmed)?.first(
                "timestamp", "time", "ts", "@timestamp")
            {
                record.add("timestamp", inside)
                count += 1
            } else {
                timeless += 1
                throw RecordFailure(reason: "it has no time: stern writes it with -t")
            }
            for (name, key) in [
                ("pod", "podName"), ("container", "containerName"), ("namespace", "namespace"),
                ("node", "nodeName"),
            ] {
                record.add(name, node[key])
            }
            record.add(logText: text)
            record.addOutcome()
            record.add(members: node["labels"], below: "labels.")
            return record
        }
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        guard count > 0 || timeless == 0 else {
            throw IngestError(
                .missingRole, "no line says when it was written", at: context.name,
                remedy: "export it again with stern -t -o json")
        }
        return ExportRemarks(assumptions: [ExportRecord.outcomeWords])
    }
}

/// A line of a container's log with its time and, perhaps, its pod.
private struct ContainerLine {
    /// The time, or that which a JSON object says in its own way.
    var time: JSONNode
    var pod: Substring?
    var container: Substring?
    var text: Substring

    /// `[pod/NAME/CONTAINER] TIME text`, `POD CONTAINER TIME text` or `TIME text`.
    init?(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = words.first else { return nil }
        var rest = line[...]
        if first.hasPrefix("[pod/"), first.hasSuffix("]"), words.count == 2 {
            let parts = first.dropFirst(5).dropLast().split(separator: "/")
            (pod, container) = (parts.first, parts.dropFirst().first)
            rest = words[1]
        } else {
            let parts = line.split(separator: " ", maxSplits: 3)
            if parts.count >= 3, PodName(String(parts[0])).controller != .none, Self.time(parts[2]) != nil {
                (pod, container) = (parts[0], parts[1])
                rest = line[parts[2].startIndex...]
            }
        }
        let parts = rest.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        if let time = parts.first.flatMap(Self.time) {
            self.time = .string("\(time)")
            text = parts.count == 2 ? parts[1] : ""
        } else if pod != nil, rest.first == "{",
            let inside = JSONNode.parse(String(rest))?.first("timestamp", "time", "ts", "@timestamp")
        {
            time = inside
            text = rest
        } else {
            return nil
        }
    }

    private static func time(_ text: Substring) -> Instant? {
        text.count >= 20 && text.contains("T") ? Instant(rfc3339: text, assumingOffsetSeconds: nil) : nil
    }
}

private final class KubectlReader: LineExportReader {
    private let pod: String?
    private var counts: [String: Int] = [:]

    init(_ context: ExportContext) {
        // Without a prefix a file holds one pod's log, and is mostly called after it.
        let file = context.name.split(separator: "/").last.map(String.init) ?? ""
        let name = String(file.prefix { $0 != "." })
        pod = PodName(name).controller == .none ? nil : name
    }

    func take(_ text: String, line: Int, _ emit: ExportSink) throws {
        guard !text.isEmpty else { return }
        try emitRecord(line: line, emit) { () throws(RecordFailure) in
            guard let parsed = ContainerLine(text) else {
                throw RecordFailure(
                    reason: "it does not begin with a time as kubectl logs --timestamps prints it")
            }
            var record = ExportRecord()
            record.add("timestamp", parsed.time)
            let pod = parsed.pod.map(String.init) ?? pod
            counts[pod ?? "", default: 0] += 1
            record.add("pod", pod)
            record.add("container", parsed.container)
            record.add(logText: String(parsed.text))
            record.addOutcome()
            return record
        }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks {
        var remarks = ExportRemarks(assumptions: [ExportRecord.outcomeWords])
        if counts.count > 1, counts.values.allSatisfy({ $0 == 10 }) {
            remarks.warnings.append(
                truncation(
                    "Each of the \(counts.count) pods has exactly 10 lines, which is all that kubectl prints for a selector.",
                    "export again with --tail=-1 (and --since)"))
        }
        return remarks
    }
}
