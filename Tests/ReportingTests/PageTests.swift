import DeployModel
import Foundation
import Reporting
import TestSupport
import Testing

@Suite("The page")
struct PageTests {
    @Test("looks as it should", arguments: SampleReports.names)
    func golden(name: String) throws {
        let page = renderHTML(SampleReports.report(name), version: "1.2.3")
        try expectGolden(withoutAssets(page), matches: "reports/\(name).html")
    }

    @Test("has a place for everything that a report may hold")
    func everything() throws {
        let page = renderHTML(SampleReports.everything, version: "1.2.3")
        try expectGolden(withoutAssets(page), matches: "reports/everything.html")
    }

    @Test("shows the changes of a range")
    func changes() throws {
        let changes = DeployChanges(
            deploy: nil, from: SampleReports.commit(2), to: SampleReports.commit(3),
            changes: [SampleReports.fault, SampleReports.rename], filesChanged: 40, configFiles: 7,
            otherFiles: ["app/<main>.py"])
        try expectGolden(
            withoutAssets(renderHTML(changes, version: "1.2.3")), matches: "reports/diff.html")
    }

    @Test("admits its own style and script, and nothing else", arguments: ["style", "script"])
    func policy(kind: String) throws {
        let page = renderHTML(SampleReports.report("blamed"), version: "1.2.3")
        let text = try #require(content(of: kind, in: page))
        let sum = try run("sha256sum", [], input: Array(text.utf8)).output.prefix(64)
        let bytes = stride(from: 0, to: sum.count, by: 2).compactMap {
            UInt8(sum.dropFirst($0).prefix(2), radix: 16)
        }
        #expect(bytes.count == 32)
        let hash = Data(bytes).base64EncodedString()
        #expect(page.contains("\(kind)-src &#39;sha256-\(hash)&#39;"), "the hash of the \(kind) is \(hash)")
        #expect(page.contains("default-src &#39;none&#39;"))
        #expect(page.components(separatedBy: "<\(kind)").count == 2)
    }

    @Test("asks nothing of the network", arguments: SampleReports.names)
    func network(name: String) {
        let page = renderHTML(SampleReports.report(name), version: "1.2.3")
        for word in [" src=", "url(", "@import", "<link", "<base", "<iframe", " style=\"", " on"] {
            let markup = tags(of: page).joined() + (content(of: "style", in: page) ?? "")
            #expect(!markup.contains(word), "\(word)")
        }
        for link in page.matches(of: /href="([^"]*)"/) { #expect(link.1.hasPrefix("#")) }
    }

    @Test("links lead to places that there are", arguments: SampleReports.names)
    func links(name: String) {
        let page = renderHTML(SampleReports.report(name), version: "1.2.3")
        let places = page.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
        #expect(Set(places).count == places.count)
        for link in page.matches(of: /href="#([^"]*)"/) { #expect(places.contains(String(link.1))) }
    }

    @Test("is well formed: what is opened is closed, in its order", arguments: SampleReports.names)
    func balance(name: String) {
        var open: [Substring] = []
        for tag in tags(of: renderHTML(SampleReports.report(name), version: "1.2.3")) {
            let word = tag.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "/" }
            if word.hasPrefix("/") {
                #expect(open.popLast() == word.dropFirst())
            } else if !["meta", "br", ""].contains(word) {
                open.append(word)
            }
        }
        #expect(open.isEmpty)
    }

    @Test("marks where two values differ, by whole words")
    func difference() {
        var report = SampleReports.report("blamed")
        report.findings[0].changes[0].change.before = "http://localhost:3001/path"
        report.findings[0].changes[0].change.after = "http://localhost:3002/path"
        let page = renderHTML(report, version: "1.2.3")
        #expect(page.contains("http://localhost:<del>3001</del>/path"))
        #expect(page.contains("http://localhost:<ins>3002</ins>/path"))
    }

    @Test("keeps the lines of values, and counts those beyond forty")
    func lines() {
        var report = SampleReports.report("blamed")
        report.findings[0].changes[0].change.before = nil
        report.findings[0].changes[0].change.after = (1...50).map { "line \($0)" }.joined(separator: "\n")
        let page = renderHTML(report, version: "1.2.3")
        #expect(page.contains("line 1<br>\nline 2<br>"))
        #expect(page.contains("line 40<br>\n… (390 bytes in all)"))
        #expect(!page.contains("line 41"))
    }
}

// MARK: Hostile text

/// Texts that mean something to browsers, terminals or logs of a CI, by themselves and inside each other.
private let hostileTexts: [String] = {
    let pieces = [
        "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</style><b>", "]]>", "<![CDATA[",
        "<!--", "-->",
        "\" onmouseover=\"alert(1)", "' onfocus='alert(1)' autofocus='", "javascript:alert(1)",
        "&lt;script&gt;", "&#60;b&#62;",
        "&amp;amp;", "<svg onload=alert(1)>", "</svg><img src=x onerror=alert(1)>",
        "<a href=\"http://evil.example\">", "`${x}`",
        "{{constructor}}", "\u{1B}[31mred\u{1B}[0m", "\u{1B}]8;;http://evil.example\u{7}", "\u{9B}2J",
        "::error::owned",
        "::set-output name=x::y", "##vso[task.complete]", "##teamcity[x]", "%0A::error::", "two\nlines",
        "a\r\nb", "tab\tstop",
        "null\0byte", "\u{202E}backwards", "\u{2066}isolated\u{2069}", "\u{200F}mark\u{200E}", "\u{61C}mark",
        "\u{FEFF}bom",
        "\u{2028}line\u{2029}", "e\u{301}\u{302}\u{303}", "👩‍👩‍👧", "\u{FFFE}", "<", ">", "\"", "'", "&", "\\",
        "/", "=", "--></p>",
    ]
    return pieces + pieces.flatMap { a in pieces.prefix(22).map { b in "\(b)x\(a)" } }
}()

/// A small report in which every text is foreign.
private func hostileReport(_ text: (Int) -> String) -> Report {
    var report = SampleReports.everything
    let start = SampleReports.start
    report.series = Series(
        scope: .all, start: start, bucketSeconds: 10 * 86_400 / 12,
        events: [Double](repeating: 9000, count: 12),
        errors: [Double](repeating: 90, count: 12))
    report.verdict.text = text(0)
    report.repository?.path = "/" + text(1)
    report.deploySource = text(2)
    for index in report.deploys.indices {
        report.deploys[index].title = text(3)
        report.deploys[index].author = text(4)
        report.deploys[index].workloads = [text(5)]
        report.deploys[index].environment = text(6)
    }
    // A record's own id stands for a commit that is not known.
    report.deploys[1].commit = nil
    report.deploys[1].id = text(7)
    report.findings[0].incident.suspects[1].deploy = text(7)
    report.findings[1].incident.scope = Scope(.workload, text(8))
    report.findings[0].explanation.causes[0].predicates = [Predicate(text(9), .equals(.string(text(10))))]
    report.findings[0].explanation.causes[0].aliases = [Predicate(text(10), .hasPrefix(text(9)))]
    report.findings[0].explanation.causes[0].pods = [text(11)]
    report.findings[0].explanation.symptoms = [Symptom(field: text(12), value: text(13), errors: 3)]
    for index in report.findings[0].changes.indices {
        var ranked = report.findings[0].changes[index]
        ranked.change.path = text(14)
        ranked.change.fieldPath = text(15)
        ranked.change.object = ConfigObject(kind: text(16), name: text(17), container: text(18))
        ranked.change.before = text(19)
        ranked.change.after = text(20)
        ranked.evidence = [Evidence(kind: text(21), text: text(22), weight: 0.5)]
        ranked.factors = [ScoreFactor(.reach, 0.5, text(23))]
        ranked.mend = text(24)
        report.findings[0].changes[index] = ranked
    }
    report.inputs[0].source = text(25)
    report.inputs[0].format = text(26)
    report.inputs[0].assumptions = [text(27)]
    report.warnings = [Warning(code: text(28), text: text(29), remedy: text(30))]
    report.asked?.measure = text(31)
    report.asked?.reasons = [text(32)]
    report.findings[0].rollouts[0].workload = text(33)
    return report
}

@Suite("Hostile text on a page")
struct HostilePageTests {
    private static let batch = 34

    private static let harmless = skeleton(
        of: renderHTML(hostileReport { "word\($0)" }, version: "1.2.3"))

    @Test("there are a thousand of them")
    func many() { #expect(Set(hostileTexts).count >= 1000) }

    /// A hostile report has just the elements of a harmless one: nothing that was written became markup.
    @Test("stays text", arguments: 0..<(hostileTexts.count + batch - 1) / batch)
    func staysText(page: Int) {
        let text = { (field: Int) in hostileTexts[(page * Self.batch + field) % hostileTexts.count] }
        let hostile = renderHTML(hostileReport(text), version: "1.2.3")
        #expect(skeleton(of: hostile) == Self.harmless)
        for scalar in hostile.unicodeScalars where scalar != "\n" {
            let isSteering =
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x61C
                || (0x200E...0x200F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
                || (0x2060...0x2069).contains(scalar.value) || scalar.value == 0xFEFF
            #expect(!isSteering, "U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("is shown, not dropped")
    func isShown() {
        let page = renderHTML(
            hostileReport { $0 == 3 ? "<script>alert('\u{202E}')</script>" : "word" }, version: "1.2.3")
        #expect(page.contains("&lt;script&gt;alert(&#39;\\u{202e}&#39;)&lt;/script&gt;"))
    }

    @Test("is cut where nobody reads on", arguments: [0, 3, 9, 13, 19, 22, 29])
    func isCut(field: Int) {
        let word = String(repeating: "long", count: 250_000)
        let page = renderHTML(hostileReport { $0 == field ? word : "word" }, version: "1.2.3")
        #expect(page.utf8.count < 200_000)
        #expect(field == 9 || page.contains("long… "), "it says that it was cut")
    }
}

/// The tags of a page, without those that text only looks like: styles and scripts are left out.
private func tags(of page: String) -> [String] {
    withoutAssets(page).matches(of: /<[^>]*>/).map { String($0.0) }
}

/// The tags with what their attributes are called, and the values of those that never hold foreign text. What comes from
/// comparing two values is left out, as it depends on them.
private func skeleton(of page: String) -> [String] {
    tags(of: page).map { $0.replacing(/(aria-label|content)="[^"]*"/) { "\($0.1)=\"\"" } }
        .filter { !["<br>", "<del>", "</del>", "<ins>", "</ins>"].contains($0) }
}

func content(of element: String, in page: String) -> String? {
    guard let start = page.range(of: "<\(element)>"),
        let end = page.range(of: "</\(element)>", range: start.upperBound..<page.endIndex)
    else { return nil }
    return String(page[start.upperBound..<end.lowerBound])
}

/// The page without its style and script, which are the same everywhere.
func withoutAssets(_ page: String) -> String {
    var page = page
    for element in ["style", "script"] {
        guard let text = content(of: element, in: page) else { continue }
        page = page.replacingOccurrences(of: text, with: "")
        page = page.replacing(/(style|script)-src &#39;sha256-[^&]*/) { "\($0.1)-src &#39;sha256-" }
    }
    return page
}

@Suite(
    "The page in a browser",
    .enabled(if: isInstalled("chromium"), "chromium is not installed: nobody looked at the page"))
struct BrowserTests {
    @Test("shows without a complaint, and runs its script", arguments: ["blamed", "unchanged"])
    func shows(name: String) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/page.html"
            try write(renderHTML(SampleReports.report(name), version: "1.2.3"), to: path)
            let browser = try run(
                "chromium",
                [
                    "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom",
                    "--user-data-dir=\(folder)/profile", "file://\(path)",
                ])
            #expect(browser.status == 0)
            #expect(!browser.errors.contains("CONSOLE"), "\(browser.errors)")
            #expect(browser.output.contains(">Look closer</button>") == (name == "blamed"))
        }
    }
}
