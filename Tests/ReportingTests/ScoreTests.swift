import DeployModel
import Reporting
import TestSupport
import Testing

/// A change with what a seed makes of it.
private func change(seed: UInt64) -> RankedChange {
    var noise = SeededNoise(seed: seed)
    func number() -> Double { (Double.random(in: 0.001..<0.999, using: &noise) * 1000).rounded() / 1000 }
    var ranked = SampleReports.fault
    ranked.mend = nil
    let facts = (0..<Int.random(in: 1...5, using: &noise)).map {
        Evidence(
            kind: "kind_\($0 == 0 ? "of_a_field_with_a_long_name" : "b")", text: "a fact", weight: number())
    }
    ranked.factors = [
        ScoreFactor(.reach, number(), "it reaches mailer, where the failures are"),
        ScoreFactor(.innocence, Bool.random(using: &noise) ? 1 : 0.1, "nothing reads it any more"),
        ScoreFactor(.environment, 0.8, "neither path nor namespace names one"),
    ]
    ranked.score = RankedChange.score(suspicions: facts, factors: ranked.factors)
    ranked.evidence =
        facts + [
            Evidence(kind: "reach", text: "it reaches mailer", weight: 0.5),
            Evidence(kind: "consistent_removal", text: "nothing reads it any more", weight: -0.9),
        ]
    return ranked
}

private func text(_ changes: [RankedChange], width: Int, isASCII: Bool = false) -> String {
    var style = TextStyle(width: width, isASCII: isASCII)
    style.isExplaining = true
    return renderText(
        DeployChanges(
            deploy: nil, from: SampleReports.commit(2), to: SampleReports.commit(3), changes: changes,
            filesChanged: 40, configFiles: 7), style: style)
}

@Suite("How a score came about")
struct ScoreTests {
    private var changes: [RankedChange] {
        var (fault, rename) = (SampleReports.fault, SampleReports.rename)
        fault.evidence += [
            Evidence(kind: "kind_of_field", text: "what is run", weight: 0.35),
            Evidence(kind: "reach", text: "it reaches mailer, where the failures are", weight: 0.5),
        ]
        fault.factors = [
            ScoreFactor(.reach, 1, "it reaches mailer, where the failures are"),
            ScoreFactor(.innocence, 1, "nothing explains it away"),
            ScoreFactor(.environment, 1, "it reaches what fails, whatever the environment"),
        ]
        rename.evidence.insert(
            Evidence(kind: "kind_of_field", text: "a variable is gone or changed", weight: 0.3), at: 0)
        rename.factors = [
            ScoreFactor(.reach, 0.65, "nothing is known of what fails"),
            ScoreFactor(.innocence, 0.1, "nothing reads it any more"),
            ScoreFactor(.environment, 1, "it is of production"),
        ]
        return [fault, rename].map {
            var ranked = $0
            ranked.score = RankedChange.score(suspicions: ranked.suspicions, factors: ranked.factors)
            return ranked
        }
    }

    @Test("looks as it should at any width", arguments: [60, 100])
    func golden(width: Int) throws {
        let shown = text(changes, width: width)
        try expectGolden(shown, matches: "reports/diff-explained-\(width).txt")
        for line in shown.split(separator: "\n") { #expect(line.count <= width, "\(line)") }
    }

    @Test("keeps to ASCII when asked")
    func ascii() {
        var plain = changes
        for index in plain.indices { plain[index].change.fieldPath = "env A" }
        #expect(text(plain, width: 80, isASCII: true).utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("the numbers that are shown multiply to the score that is shown", arguments: 1...60)
    func reckoning(seed: UInt64) throws {
        let shown = text([change(seed: seed)], width: seed.isMultiple(of: 2) ? 60 : 120)
        let lines = shown.split(separator: "\n").map(String.init)
        let start = try #require(lines.lastIndex { $0.contains("= ") })
        let sum = lines[start...].joined(separator: " ")
        let score = try #require(Double(sum.split(separator: " ").dropFirst().first ?? ""))
        // `100 × (1 − a × b) × c × d`
        let match = try #require(sum.firstMatch(of: #/100\s+×\s+\(1\s+−\s+([^)]*)\)(.*)/#))
        func product(_ text: Substring) -> Double {
            text.split { !$0.isNumber && $0 != "." }.compactMap { Double($0) }.reduce(1, *)
        }
        let reckoned = 100 * (1 - product(match.1)) * product(match.2)
        #expect((reckoned * 10).rounded() / 10 == score, "\(shown)")
        // And the rows above are what stands in it.
        let rows = lines[..<start].compactMap { line in line.firstMatch(of: #/^ {9}(?:× | {2})([0-9.]+) /#)?.1
        }
        let weights = lines[..<start].compactMap { $0.firstMatch(of: #/^ {11}([0-9.]+) +kind/#)?.1 }
        #expect(rows.count == numberCount(match.1) + numberCount(match.2))
        let told = weights.compactMap { Double($0) }.reduce(1) { $0 * (1 - $1) }
        #expect(abs(told - product(match.1)) < 1e-9)
    }

    private func numberCount(_ text: Substring) -> Int {
        text.split { !$0.isNumber && $0 != "." }.count
    }
}
