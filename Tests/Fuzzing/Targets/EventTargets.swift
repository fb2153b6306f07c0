import ConfigFaults
import DelimitedText
import DeployModel
import DeployRecords
import EventIngest
import Investigation
import Reporting
import TestSupport

extension FuzzTarget {
    /// Events of every format, counted, and looked at again.
    static let events = FuzzTarget("events", seeds: { Seeds.files("events") }, longest: 8192) { input in
        _ = try readEvents(input)
    }

    /// Lines of JSON, each a row that says the same as a reader which looks at one byte after the other.
    static let lines = FuzzTarget("lines", seeds: { Seeds.lines }) { input in
        // What tells the rows apart is put in front of each line, and may not stand in it once more.
        let texts = input.split(separator: 0x0A).prefix(59).enumerated().map { index, rest in
            Array("{\"ts\":\"\(lineTime(index))\",\"failed\":\(index % 3 == 0),".utf8) + rest
        }
        guard !texts.isEmpty, !input.contains(Array("ts".utf8)) else { return }
        let records = texts.enumerated().compactMap { index, text in LiteralRecord(text).map { (index, $0) } }
        let sources = try EventSources([
            .answers(name: "lines") { file in
                for text in texts { try (text + [0x0A]).withUnsafeBytes { try file.write($0) } }
            }
        ])
        let options = IngestOptions(
            roleFields: [.time: "ts"], errorExpression: "failed == true", formatIn: .ndjson)
        do {
            let found = try summarize(sources, options: options)
            try promise(
                Int(found.inputs[0].events) + found.inputs[0].skipped == texts.count,
                "a line is neither read nor rejected")
            // A line that stands for several events may stand for none.
            let roles = found.roles.fields
            guard roles[.count] == nil, roles[.weight] == nil, let span = found.span else { return }
            let table = try sampleTable(
                sources, summary: found, interest: span, baseline: nil, options: options)
            guard table.fieldsLeftOut == 0 else { return }
            for (index, record) in records { try promise(record, is: index, in: table) }
        } catch let error as IngestError {
            try promise(records.isEmpty, "a record is not read: \(error)")
        }
    }

    /// Compressed events: the first byte tells with what.
    static let packed = FuzzTarget("packed", seeds: { Seeds.packed }) { input in
        let magic: [UInt8] = (input.first ?? 0) % 2 == 0 ? [0x1F, 0x8B] : [0x28, 0xB5, 0x2F, 0xFD]
        _ = try readEvents(magic + input.dropFirst())
    }

    /// Events, judged and explained with deploys all over their span, and told in words.
    static let investigation = FuzzTarget("investigation", seeds: { Seeds.traffic }, longest: 1 << 16) {
        input in
        guard let read = try readEvents(input) else { return }
        let window = read.window
        let deploys = (1...3).map { index in
            let offset = Int(window.seconds) * index / 4
            return Deploy(
                id: "d\(index)", commit: nil, startedAt: window.since + offset, title: "Deploy \(index)",
                author: "", source: .record)
        }
        let found = try investigate(
            deploys: deploys,
            observations: Observations(
                window: window, series: read.summary.series, rollouts: read.summary.rollouts),
            source: EventsOnly(read: read))
        try promise(
            (0...1).contains(found.verdict.probability),
            "the probability of a verdict is \(found.verdict.probability)")
        for finding in found.findings {
            let incident = finding.incident
            let sum =
                incident.suspects.reduce(0) { $0 + $1.probability } + incident.noneProbability
                + incident.externalProbability
            try promise(abs(sum - 1) < 1e-6, "probabilities add up to \(sum)")
        }
        let report = Report(
            window: window, repository: nil, inputs: read.summary.inputs, deploys: found.deploys,
            deploySource: "records",
            series: read.summary.series.first { $0.scope == .all }, verdict: found.verdict,
            findings: found.findings, warnings: found.warnings, seriesExamined: found.seriesExamined)
        _ = renderJSON(report, version: "0")
        _ = renderText(report, style: TextStyle())
    }

    /// Deploy records of every format.
    static let records = FuzzTarget("records", seeds: { Seeds.files("deploys") }, longest: 8192) { input in
        do {
            let file = try readDeploys(input, source: "deploys")
            try promise(Set(file.deploys.map(\.id)).count == file.deploys.count, "two deploys share an id")
            try promise(
                zip(file.deploys, file.deploys.dropFirst()).allSatisfy { $0.startedAt <= $1.startedAt },
                "deploys are out of order")
            _ = mergeDeploys([file.deploys, file.failed], references: [file.references])
        } catch let error as DeployRecordError {
            try promise(error.remedy != nil && error.location != nil, "an error without help: \(error)")
        }
    }

    /// CSV and its relatives.
    static let delimited = FuzzTarget("delimited", seeds: { Seeds.files("", ending: ".csv") }) { input in
        let table = DelimitedText.table(input)
        try promise(
            table.rows.count + table.rejected.count <= input.count + 1, "there are more rows than bytes")
        for (row, next) in zip(table.rows, table.rows.dropFirst()) {
            try promise(row.line < next.line, "rows are out of order")
        }
    }
}

private func lineTime(_ index: Int) -> Instant { Instant(seconds: 1_600_000_000 + index) }

/// Throws unless the row of a line's time says what the line says.
private func promise(_ record: LiteralRecord, is line: Int, in table: EventTable) throws {
    let rows = table.times.indices.filter { table.times[$0] == lineTime(line) }
    try promise(rows.count == 1, "line \(line) has \(rows.count) rows")
    let differences = record.differences(fromRow: rows[0], of: table) { $0 == "ts" }
    try promise(differences.isEmpty, "line \(line): \(differences.joined(separator: "; "))")
    let isFailing = record.values["failed"] == .bool(true)
    try promise(
        record.isRepeating || table.failing[rows[0]] == isFailing,
        "line \(line) fails where it does not say so")
}

/// Events as they were read.
struct EventsRead {
    var sources: EventSources
    var summary: EventSummary
    var window: TimeWindow

    func table(_ interest: TimeWindow, _ baseline: TimeWindow?) throws -> EventTable {
        try sampleTable(
            sources, summary: summary, interest: interest, baseline: baseline, options: IngestOptions())
    }
}

/// Reads events twice, as an investigation does.
private func readEvents(_ input: [UInt8]) throws -> EventsRead? {
    do throws(any Error) {
        let sources = try EventSources([
            .answers(name: "events") { file in try input.withUnsafeBytes { try file.write($0) } }
        ])
        let summary = try summarize(sources, options: IngestOptions())
        for series in summary.series {
            try promise(
                zip(series.events, series.errors).allSatisfy {
                    $0 >= 0 && $1 >= 0 && $0.isFinite && $1.isFinite
                },
                "counts of \(series.scope) are no counts")
        }
        guard let window = summary.span else { return nil }
        try promise(!window.isEmpty, "the span is empty")
        let half = window.since + Int(window.seconds / 2)
        let read = EventsRead(sources: sources, summary: summary, window: window)
        let table = try read.table(
            TimeWindow(since: half, until: window.until), TimeWindow(since: window.since, until: half))
        let rows = table.times.count
        try promise(
            table.failing.count == rows && table.weights.count == rows, "columns of different lengths")
        try promise(table.weights.allSatisfy { $0 > 0 && $0.isFinite }, "a row stands for no event")
        for column in table.columns {
            try promise(column.codes.count == rows, "\(column.name) has another length")
            try promise(
                column.codes.allSatisfy { $0 >= -1 && $0 < column.values.count },
                "\(column.name) points at no value")
        }
        return read
    } catch let error as IngestError {
        try promise(!error.problem.isEmpty, "an error that says nothing")
        return nil
    }
}

/// An investigation of events alone.
private struct EventsOnly: InvestigationSource {
    var read: EventsRead

    func events(during interest: TimeWindow, before baseline: TimeWindow?) throws -> EventTable {
        try read.table(interest, baseline)
    }

    func comparison(of deploy: Deploy) -> ConfigComparison? { nil }
    func origin(of path: String, in deploy: Deploy) -> CommitID? { nil }
}
