import DeployModel
import EventIngest
import Foundation
import TestSupport
import Testing

/// The exports below `Fixtures/events`: one of each shape that is read, and mangled twins.
private let exports: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/Fixtures/events")) ?? []
    return names.sorted()
}()

/// What was read of an export, in words.
private func reading(of name: String, format: EventFormat? = nil) throws -> String {
    try withTemporaryFolder { folder in
        // Times without a year belong to the day that a file was written.
        let path = "\(folder)/\(name)"
        try FileManager.default.copyItem(atPath: "\(packageRoot)/Fixtures/events/\(name)", toPath: path)
        let written = Date(timeIntervalSince1970: 1_791_700_000)
        try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: path)
        let text: String
        do {
            text = try described(path, options: IngestOptions(formatIn: format))
        } catch let error as IngestError {
            text = "\(error)\n"
        }
        return text.replacingOccurrences(of: folder + "/", with: "")
    }
}

private func described(_ path: String, options: IngestOptions) throws -> String {
    let sources = try EventSources([path])
    let summary = try summarize(sources, options: options)
    var lines = summary.inputs.flatMap { input in
        [
            "\(input.format): \(input.events) events, \(input.skipped) skipped, \(input.first?.description ?? "") to \(input.last?.description ?? "")"
        ] + input.assumptions.map { "  \($0)" }
    }
    lines += summary.series.filter { $0.slowerThan == nil }.map {
        "\($0.scope): \($0.total.errors) of \($0.total.events)"
    }
    lines += summary.rejected.map { "line \($0.line): \($0.reason)" }
    lines += summary.warnings.map { "\($0.code): \($0.text)\n  \($0.remedy ?? "")" }
    let table = try sampleTable(
        sources, summary: summary, interest: try #require(summary.span), baseline: nil, options: options)
    for row in 0..<table.count {
        let fields = table.columns.compactMap { column in
            column.codes[row] < 0 ? nil : "\(column.name)=\(column.values[Int(column.codes[row])])"
        }
        lines.append(
            "\(table.times[row]) \(table.failing[row] ? "failing" : "passing") ×\(table.weights[row]) \(fields.joined(separator: " "))"
        )
    }
    return lines.joined(separator: "\n") + "\n"
}

@Suite("Exports of every format")
struct ExportFixtureTests {
    @Test("each shape is recognised and read as the golden file says", arguments: exports)
    func golden(name: String) throws {
        try expectGolden(try reading(of: name), matches: "events/\(name).txt")
    }

    @Test(
        "a mangled export is refused, or its broken parts are counted and said",
        arguments: exports.filter { $0.contains(".mangled.") })
    func mangled(name: String) throws {
        let text = try reading(of: name)
        let isSaid = ["error: ", "skipped_lines: ", "truncated_export: ", "no_labels: "].contains {
            text.contains($0)
        }
        #expect(isSaid, "\(text)")
    }

    @Test(
        "the format that is recognised may be asked for as well",
        arguments: exports.filter { !$0.contains(".mangled.") })
    func forced(name: String) throws {
        let recognised = try reading(of: name)
        let format = try #require(
            EventFormat(rawValue: String(recognised.prefix { $0 != ":" })), "\(recognised)")
        #expect(try reading(of: name, format: format) == recognised)
    }

    @Test(
        "a format that is not there is refused by name",
        arguments: EventFormat.allCases.filter { $0 != .ndjson && $0 != .csv })
    func forcedElsewhere(format: EventFormat) throws {
        let other = format == .kubernetesEvents ? "nginx-combined.log" : "kubernetes-events.json"
        #expect(try reading(of: other, format: format).hasPrefix("error: \(other): "))
    }

    @Test("whatever bytes are changed, an export is read or refused", arguments: exports)
    func mutated(name: String) throws {
        let original = try fixture("events/\(name)")
        for seed in 1...3 {
            var noise = SeededNoise(seed: UInt64(seed))
            var bytes = original
            for _ in 0..<8 {
                let place = Int(noise.next() % UInt64(bytes.count))
                switch noise.next() % 3 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: noise.next() % 94 + 33)
                case 1: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(7), at: place)
                }
            }
            try withTemporaryFolder { folder in
                try write(String(decoding: bytes, as: UTF8.self), to: "\(folder)/\(name)")
                do {
                    let found = try summarize(
                        try EventSources(["\(folder)/\(name)"]), options: IngestOptions())
                    let all = found.series.first { $0.scope == .all }
                    #expect(zip(all?.errors ?? [], all?.events ?? []).allSatisfy { $0 <= $1 })
                } catch let error as IngestError {
                    #expect(error.location?.hasPrefix("\(folder)/\(name)") == true, "\(error)")
                }
            }
        }
    }

    @Test("what says no time is refused with what to export instead")
    func raw() throws {
        let text = try reading(of: "nginx-combined.log", format: .loki)
        #expect(text.contains("raw output says neither when") && text.contains("-o jsonl"))
    }

    @Test("there is a fixture of every format")
    func complete() throws {
        let formats = try Set(
            exports.filter { !$0.contains(".mangled.") }.map { try reading(of: $0).prefix { $0 != ":" } })
        #expect(formats == Set(EventFormat.allCases.map { Substring($0.rawValue) }))
    }
}
