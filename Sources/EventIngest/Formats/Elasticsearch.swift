import DeployModel

extension ExportShape {
    /// Elasticsearch and OpenSearch: answers with documents or with histograms of dates, and what elasticdump and the bulk
    /// interface write.
    static let elasticsearch = [
        ExportShape(
            .elasticsearch,
            .json(descends: ["", "hits", "hits.hits", "hits.hits[]"]) {
                ElasticsearchReader($0, document: "hits.hits[].")
            }
        ) { head in
            head.has("hits.hits") || head.has("took", "aggregations") || head.has("_shards", "aggregations")
        },
        ExportShape(
            .elasticsearch, .json(descends: ["", "[]"]) { ElasticsearchReader($0, document: "[].") }
        ) { $0.has("[]._source") },
        ExportShape(
            .elasticsearch, .json(descends: [""], isLines: true) { ElasticsearchReader($0, document: "") }
        ) { $0.has("_index", "_source") },
        ExportShape(.elasticsearch, .json(descends: [], isLines: true) { BulkReader($0) }) { head in
            ["index", "create"].contains { head.outline[$0] == "{" } && head.outline.count <= 5
        },
    ]
}

/// Reads the second line of each pair of a bulk request; the first one says what to do with it.
private final class BulkReader: JSONExportReader {
    init(_ context: ExportContext) {}

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        guard let node = try element(value, line: line, emit) else { return }
        let isAction =
            node.members.count == 1 && ["index", "create", "update", "delete"].contains(node.members[0].key)
        if !isAction { try emit(.object(value), line) }
    }

    func finish(_ emit: ExportSink) -> ExportRemarks { ExportRemarks() }
}

private final class ElasticsearchReader: JSONExportReader {
    private let context: ExportContext
    /// Where the members of a document stand.
    private let index: String, source: String, fields: String
    private var points: MetricPoints
    /// Documents met, and those of them that hold what was indexed.
    private var documents = 0, sources = 0
    private var lastLine = 1
    private var total: (value: Double, isFloor: Bool)?
    private var isPartial = false
    private var aggregations: JSONNode?
    private var aggregationLine = 1
    private var leftOut = 0.0

    init(_ context: ExportContext, document: String) {
        self.context = context
        (index, source, fields) = (document + "_index", document + "_source", document + "fields")
        points = MetricPoints(context, stamp: .begin)
    }

    func take(_ value: UnsafeRawBufferPointer, at path: String, line: Int, _ emit: ExportSink) throws {
        switch path {
        case source:
            sources += 1
            return try emit(.object(value), line)
        case index:
            documents += 1
            lastLine = line
            return
        case fields:
            if let node = try element(value, line: line, emit) { try take(fields: node, line: line, emit) }
            return
        default: break
        }
        if path == "timed_out" {
            isPartial = isPartial || value.elementsEqual("true".utf8)
            return
        }
        guard ["hits.total", "_shards", "aggregations", "aggs", "error"].contains(path),
            let node = try element(value, line: line, emit)
        else { return }
        switch path {
        case "error": throw serverError(at: context.name, saying: node["reason"]?.text ?? node.text)
        case "hits.total":
            if let count = (node["value"] ?? node).double { total = (count, node["relation"]?.text == "gte") }
        case "_shards": isPartial = isPartial || (node["failed"]?.double ?? 0) > 0
        default:
            aggregations = node
            aggregationLine = line
        }
    }

    /// Where `_source` was left out, the values of `fields` are arrays, mostly of one.
    private func take(fields: JSONNode, line: Int, _ emit: ExportSink) throws {
        guard sources < documents else { return }
        sources += 1
        let single = fields.members.map { member in
            JSONNode.Member(
                key: member.key,
                value: member.value.elements.count == 1 ? member.value.elements[0] : member.value)
        }
        try emit(.record(ExportRecord(members: .object(single))), line)
    }

    func finish(_ emit: ExportSink) throws -> ExportRemarks {
        var remarks = ExportRemarks()
        if sources < documents {
            for _ in sources..<documents { try emit(.rejected("the document has no _source"), lastLine) }
        }
        if documents == 0, let aggregations {
            for aggregation in aggregations.members {
                try walk(aggregation.value, named: aggregation.key, labels: [:], at: nil, emit)
            }
            guard !points.isEmpty else {
                throw IngestError(
                    .nothingReadable, "its aggregations are no counts over time", at: context.name,
                    remedy:
                        "aggregate by date_histogram, with terms of the status (or a filter called errors) below it"
                )
            }
            remarks = try points.finish(emit)
            if leftOut > 0 {
                remarks.warnings.append(
                    truncation(
                        "The terms hold not all documents: \(written(leftOut)) are in sum_other_doc_count.",
                        "ask for more terms with \"size\""))
            }
        }
        if let total, documents > 0, total.value > Double(documents) || total.isFloor {
            remarks.warnings.append(
                truncation(
                    "The answer holds \(documents) of \(total.isFloor ? "at least " : "")\(written(total.value)) documents.",
                    "an answer ends at 10,000: page with search_after and a point in time, or use elasticdump, "
                        + "or count on the server with a date_histogram"))
        }
        // Unless asked, an answer holds ten documents, and never more than 10,000.
        if total == nil, index.hasPrefix("hits") {
            remarks.warnings += capWarning(
                sources, caps: [10, 100, 1000, 10_000], of: "documents",
                remedy:
                    "ask with track_total_hits and page with search_after, or count on the server with a date_histogram"
            )
        }
        if isPartial {
            remarks.warnings.append(
                Warning(
                    code: "partial_answer",
                    text: "The server did not look at all documents: it timed out, or a shard failed.",
                    remedy: "ask for a shorter time, and again when every shard answers"))
        }
        return remarks
    }

    /// Follows aggregations down to counts: a histogram of dates gives the time, terms and filters the labels.
    private func walk(
        _ node: JSONNode, named name: String, labels: [String: String], at time: Instant?, _ emit: ExportSink
    ) throws {
        leftOut += node["sum_other_doc_count"]?.double ?? 0
        guard let buckets = node["buckets"] else { return }
        if case .object(let named) = buckets {
            for member in named {
                var own = labels
                own[name] = member.key
                try walk(bucket: member.value, labels: own, at: time, emit)
            }
            return
        }
        for bucket in buckets.elements {
            let key = bucket["key"]
            let isTime = bucket["key_as_string"] != nil && (key?.double ?? 0) > 1e11
            if isTime {
                switch ExportTime.milliseconds.read(key) {
                case .success(let time): try walk(bucket: bucket, labels: labels, at: time, emit)
                case .failure(let failure): try emit(.rejected(failure.reason), aggregationLine)
                }
            } else {
                var own = labels
                own[name] = bucket["key_as_string"]?.text ?? key?.text
                try walk(bucket: bucket, labels: own, at: time, emit)
            }
        }
    }

    private func walk(bucket: JSONNode, labels: [String: String], at time: Instant?, _ emit: ExportSink)
        throws
    {
        let deeper = bucket.members.filter { $0.value["buckets"] != nil }
        // Of aggregations beside each other one tells how events ended; two would count them twice.
        let chosen = deeper.first { Outcome.labels.contains($0.key.lowercased()) } ?? deeper.first
        if let chosen { return try walk(chosen.value, named: chosen.key, labels: labels, at: time, emit) }
        guard let time else { return }
        func add(_ name: String, _ count: JSONNode?) throws {
            let series = points.series(name, labels, kind: .count, line: aggregationLine)
            try points.add(count?.double, at: .success(time), to: series, line: aggregationLine, emit)
        }
        try add("doc_count", bucket["doc_count"])
        for member in bucket.members where member.value["doc_count"] != nil {
            try add(member.key, member.value["doc_count"])
        }
    }
}

extension ExportRecord {
    /// A record that has its time among its members.
    init(members: JSONNode) {
        self.init()
        add(members: members)
    }
}
