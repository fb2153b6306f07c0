import DeployModel
import Reporting
import TestSupport
import Testing

@Suite("The screen")
struct TextTests {
    @Test("looks as it should", arguments: SampleReports.names)
    func golden(name: String) throws {
        let text = renderText(SampleReports.report(name), style: TextStyle(width: 100))
        try expectGolden(text, matches: "reports/\(name).txt")
    }

    @Test("two deploys that share the blame are both named, and neither is called sure")
    func tied() {
        var report = SampleReports.report("blamed")
        report.findings[0].incident.suspects = [
            Suspect(deploy: report.deploys[0].id, probability: 0.55),
            Suspect(deploy: report.deploys[1].id, probability: 0.4),
        ]
        let text = renderText(report, style: TextStyle(width: 100))
        #expect(!text.contains("sure it was this deploy") && !text.contains("✗"), "\(text)")
        for deploy in report.deploys.prefix(2) { #expect(text.contains(deploy.shortName)) }
        #expect(text.contains("55 %") && text.contains("40 %"))
    }

    @Test("uses the width it has", arguments: SampleReports.names, [60, 80, 120, 200])
    func widths(name: String, width: Int) throws {
        let text = renderText(SampleReports.report(name), style: TextStyle(width: width))
        try expectGolden(text, matches: "reports/\(name)-\(width).txt")
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }

    private func rows(_ name: String, width: Int) -> [Substring] {
        renderText(SampleReports.report(name), style: TextStyle(width: width)).split(
            separator: "\n", omittingEmptySubsequences: false)
    }

    @Test("days stand below their beginnings", arguments: [80, 100, 200])
    func axis(width: Int) throws {
        let axis = try #require(rows("blamed", width: width).first { $0.hasPrefix("  UTC      ") })
        // Midnight of the 19th is 34 h 25 min after the window begins, of 240 hours.
        let column = 11 + Int(34.417 / 240 * Double(width - 26))
        #expect(axis.dropFirst(column).hasPrefix("╵19 Jul"), "\(axis)")
        #expect(axis.count <= width - 15)
    }

    @Test(
        "the chart is higher where there is room, and of noise low", arguments: [(60, 1), (100, 3), (200, 5)])
    func height(width: Int, count: Int) throws {
        let blamed = rows("blamed", width: width)
        let base = try #require(blamed.firstIndex { $0.hasPrefix("  failing  ") })
        let top = try #require(blamed.firstIndex { $0.contains("  peak ") })
        #expect(base - top + 1 == count)
        let quiet = rows("unchanged", width: width)
        let noise = try #require(quiet.first { $0.hasPrefix("  failing  ") })
        #expect(!noise.contains { "▄▅▆▇█".contains($0) } && noise.contains("  peak "))
    }

    @Test(
        "steady traffic is drawn steady, whatever the buckets", arguments: [5, 24, 100, 240], [60, 100, 200])
    func steady(buckets: Int, width: Int) throws {
        var report = SampleReports.report("unchanged")
        report.series = Series(
            scope: .all, start: SampleReports.start, bucketSeconds: 240 * 3600 / buckets,
            events: Array(repeating: 700, count: buckets), errors: Array(repeating: 3, count: buckets))
        let lines = renderText(report, style: TextStyle(width: width)).split(separator: "\n")
        let events = try #require(lines.first { $0.hasPrefix("  events   ") })
        #expect(Set(events.dropFirst(11)).count == 1 && events.count == width - 15, "\(events)")
    }

    @Test("deploys that share the blame are marked and named, one below the other where they are near")
    func tiedMarks() throws {
        var report = SampleReports.report("tied")
        report.deploys[1].startedAt = report.deploys[2].startedAt - 600
        let lines = renderText(report, style: TextStyle(width: 100)).split(separator: "\n")
        let marks = try #require(lines.firstIndex { $0.hasPrefix("  deploys  ") })
        #expect(lines[marks].contains("▲"))
        #expect(lines[marks + 1].hasSuffix("2222222222") && lines[marks + 2].hasSuffix("3333333333"))
    }

    @Test("beside a change that explains it innocent ones are counted, not shown")
    func innocents() {
        var report = SampleReports.report("blamed")
        report.findings[0].changes = [SampleReports.fault] + Array(repeating: SampleReports.rename, count: 6)
        let style = TextStyle(width: 100)
        let short = renderText(report, style: style)
        #expect(short.contains("and 6 more, scoring 4 or less: see --full"))
        #expect(!short.contains("SHOP_COURIER_URL"))
        report.findings[0].changes.removeFirst()
        let unsure = renderText(report, style: style)
        #expect(unsure.split(separator: "\n").count { $0.contains("SHOP_COURIER_URL") } == 3)
        let full = renderText(report, style: TextStyle(width: 100, isFull: true))
        #expect(full.split(separator: "\n").count { $0.contains("SHOP_COURIER_URL") } == 6)
    }

    @Test("without events and without configuration the deploys stand there at least")
    func deploysAlone() {
        var report = SampleReports.report("no-events")
        report.changesByDeploy = []
        let text = renderText(report, style: TextStyle(width: 100))
        for deploy in report.deploys { #expect(text.contains(deploy.shortName)) }
    }

    @Test("nothing of how the evidence weighs is cut, however narrow the screen", arguments: [60, 72, 100])
    func evidence(width: Int) {
        var report = SampleReports.report("blamed")
        let onset = report.findings[0].incident.onset
        report.findings[0].incident.weighed = [
            WeighedCause(
                deploy: report.deploys[0].id, prior: 0.012, logBayesFactor: 741, onset: onset,
                probability: 0.97),
            WeighedCause(deploy: nil, prior: 0.034, logBayesFactor: 731, onset: onset, probability: 0.02),
        ]
        var style = TextStyle(width: width)
        style.isExplaining = true
        let lines = renderText(report, style: style).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
        for (name, probability) in [(report.deploys[0].shortName, "97 %"), ("no deploy", "2 %")] {
            #expect(
                lines.contains { $0.hasPrefix("   \(name)") && $0.hasSuffix("  \(probability)") }, "\(lines)")
        }
    }

    @Test("what sets failing events apart has bars to compare", arguments: [60, 100])
    func comparison(width: Int) throws {
        let text = renderText(SampleReports.comparison(hasBaseline: true), style: TextStyle(width: width))
        try expectGolden(text, matches: "reports/explain-\(width).txt")
        for line in text.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
        let plain = renderText(
            SampleReports.comparison(hasBaseline: false), style: TextStyle(width: width, isASCII: true))
        #expect(plain.utf8.allSatisfy { $0 < 0x80 })
        #expect(plain.contains("all events"))
    }

    @Test("keeps to ASCII when asked", arguments: SampleReports.names)
    func ascii(name: String) {
        var report = SampleReports.report(name)
        for index in report.findings.indices { report.findings[index].changes = [] }
        let text = renderText(report, style: TextStyle(width: 80, isASCII: true))
        #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(text)")
    }

    @Test("colours without changing a letter", arguments: SampleReports.names)
    func color(name: String) {
        let report = SampleReports.report(name)
        let plain = renderText(report, style: TextStyle(width: 100))
        let colored = renderText(report, style: TextStyle(width: 100, isColored: true))
        #expect(colored.contains("\u{1B}["))
        let stripped = colored.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
        func trimmed(_ text: String) -> [String] {
            text.split(separator: "\n").map { String($0.reversed().drop { $0 == " " }.reversed()) }
        }
        #expect(trimmed(stripped) == trimmed(plain))
    }

    @Test(
        "shows hostile text as what it is",
        arguments: [
            "\u{1B}[31mred\u{1B}[0m", "two\nlines", "\u{202E}backwards", "a\rb", "\u{7}bell", "null\0byte",
            String(repeating: "long", count: 5000),
        ])
    func hostile(text: String) {
        var report = SampleReports.report("blamed")
        for index in report.deploys.indices {
            report.deploys[index].title = text
            report.deploys[index].author = text
        }
        report.findings[0].changes[0].change.path = text
        report.findings[0].changes[0].change.before = text
        report.findings[0].changes[0].evidence[0].text = text
        report.findings[0].explanation.symptoms[0].value = text
        report.warnings[0].text = text
        let rendered = renderText(report, style: TextStyle(width: 100))
        for scalar in rendered.unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && scalar.value != 0x7F && !(0x202A...0x202E).contains(scalar.value))
        }
        #expect(rendered.split(separator: "\n").count < 300)
    }

    @Test("lists deploys that failed apart, and says of each what its record says")
    func failedDeploys() throws {
        var deploy = SampleReports.deploys[2]
        deploy.environment = "production"
        deploy.service = "checkout"
        deploy.finishedAt = deploy.startedAt + 300
        var change = SampleReports.deploys[1]
        (change.id, change.commit, change.configFiles) = ("flag-push-v2-on", nil, nil)
        let window = TimeWindow(since: SampleReports.start, until: SampleReports.hour(240))
        try expectGolden(
            renderText(
                deploys: [change], failed: [deploy], source: "a.json: Argo CD applications, deploy notes",
                window: window, style: TextStyle(width: 100)),
            matches: "reports/deploys-failed.txt")
    }

    @Test("lists deploys and changes")
    func commands() throws {
        let window = TimeWindow(since: SampleReports.start, until: SampleReports.hour(240))
        try expectGolden(
            renderText(
                deploys: SampleReports.deploys, source: "first-parent commits", window: window,
                style: TextStyle(width: 100)),
            matches: "reports/deploys.txt")
        let changes = DeployChanges(
            deploy: SampleReports.deploys[2], from: SampleReports.commit(2), to: SampleReports.commit(3),
            changes: [SampleReports.fault, SampleReports.rename], filesChanged: 40, configFiles: 7)
        try expectGolden(renderText(changes, style: TextStyle(width: 100)), matches: "reports/diff.txt")
    }
}
