import DeployModel
import Reporting
import TestSupport
import Testing

private let window = TimeWindow(since: SampleReports.start, until: SampleReports.hour(240))

private let called: [Deploy] = {
    var deploy = SampleReports.deploys[1]
    deploy.isRollback = true
    deploy.environment = "production"
    return [deploy]
}()

@Suite("Answers of explain, deploys and lint --each to pass on")
struct ListingTests {
    @Test("what sets failing events apart", arguments: [true, false])
    func explanation(hasBaseline: Bool) throws {
        let name = hasBaseline ? "explain" : "explain-all"
        let comparison = SampleReports.comparison(hasBaseline: hasBaseline)
        try expectGolden(renderMarkdown(comparison), matches: "reports/\(name).md")
        try expectGolden(
            withoutAssets(renderHTML(comparison, version: "1.2.3")), matches: "reports/\(name).html")
    }

    @Test("an answer without a cause is one, too", arguments: [Explanation.Outcome.none, .global])
    func noCause(outcome: Explanation.Outcome) {
        var comparison = SampleReports.comparison(hasBaseline: true)
        comparison.explanation = Explanation(
            outcome: outcome, causes: [], symptoms: [], during: Rate(30, of: 1000), before: Rate(30, of: 1000)
        )
        let sentence =
            outcome == .none
            ? "Failures did not rise: there is nothing to explain."
            : "Failing events are everywhere alike: no field sets them apart."
        #expect(renderHTML(comparison, version: "1").contains("<h1>\(sentence)</h1>"))
        #expect(renderMarkdown(comparison).contains("Fail"))
        #expect(renderText(comparison, style: TextStyle()).contains(sentence))
    }

    @Test("the deploys of a window")
    func deploys() throws {
        try expectGolden(
            renderMarkdown(
                deploys: SampleReports.deploys, failed: called, source: "first-parent commits", window: window
            ),
            matches: "reports/deploys.md")
        try expectGolden(
            withoutAssets(
                renderHTML(
                    deploys: SampleReports.deploys, failed: called, source: "first-parent commits",
                    window: window, version: "1.2.3")), matches: "reports/deploys.html")
        #expect(
            renderMarkdown(deploys: [], source: "notes", window: window).contains("No deploy in this window.")
        )
        #expect(
            renderHTML(deploys: [], source: "notes", window: window, version: "1").contains(
                "<h1>No deploy in this window</h1>"))
    }

    @Test("commit by commit")
    func commits() throws {
        let page = renderHTML(commits: [SampleResults.lint], judged: 3, of: 12, version: "1.2.3")
        try expectGolden(withoutAssets(page), matches: "reports/lint-each.html")
        #expect(
            renderHTML(commits: [], judged: 3, of: 12, version: "1").contains("<h1>No contradictions</h1>"))
    }

    @Test("foreign text stays text")
    func hostile() {
        var comparison = SampleReports.comparison(hasBaseline: false)
        comparison.explanation.causes[0].symptoms[0].value = "<script>|x|`@all"
        comparison.explanation.causes[0].predicates = [Predicate("<b>", .equals(.string("`<i>`")))]
        var deploy = called[0]
        deploy.title = "<script>|x|`@all"
        deploy.service = "<b>"
        let pages = [
            renderHTML(comparison, version: "1"),
            renderHTML(deploys: [deploy], source: "<b>", window: window, version: "1"),
        ]
        for page in pages {
            let markup = withoutAssets(page)
            #expect(!markup.contains("<script>|") && !markup.contains("<b>") && !markup.contains("<i>"))
        }
        let texts = [
            renderMarkdown(comparison), renderMarkdown(deploys: [deploy], source: "<b>", window: window),
        ]
        for text in texts {
            // Inside code nothing means anything but the bars of a table.
            #expect(!text.contains("|x|"))
            let outside = text.replacing(#/`[^`\n]*`/#, with: "")
            #expect(!outside.contains("<b>") && !outside.contains("<script>") && !outside.contains("@all"))
        }
    }
}

@Suite("Reports as Markdown")
struct MarkdownTests {
    @Test("look as they should", arguments: SampleReports.names)
    func golden(name: String) throws {
        try expectGolden(renderMarkdown(SampleReports.report(name)), matches: "reports/\(name).md")
    }

    @Test("fit into a comment, and say what is left out")
    func limit() {
        var report = SampleReports.report("blamed")
        report.findings[0].changes = [RankedChange](repeating: SampleReports.fault, count: 2000)
        let text = renderMarkdown(report)
        #expect(text.unicodeScalars.count <= 65_536)
        #expect(text.contains("more lines are left out"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("```") } == 2)
        let changes = DeployChanges(
            deploy: nil, from: nil, to: nil, changes: report.findings[0].changes, filesChanged: 1,
            configFiles: 1)
        #expect(renderMarkdown(changes).unicodeScalars.count <= 65_536)
    }
}
