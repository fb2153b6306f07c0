import ConfigFaults
import DeployModel
import TestSupport
import Testing

@testable import Investigation

@Suite("Deploys are weighed by what they changed")
struct ContentEvidenceTests {
    private func comparison(_ path: String, _ before: String, _ after: String) throws -> ConfigComparison {
        try compareConfig(
            before: FolderOfTexts([path: before]), after: FolderOfTexts([path: after]),
            files: [FileChange(path: path, status: .modified)])
    }

    private let failures = FailureContext(
        workloads: ["search": 1], healthyWorkloads: ["billing"], messages: [])

    private func incident(_ probabilities: [String: Double], none: Double = 0.02) -> Incident {
        let onset = Instant(seconds: 1_600_000_000)
        let suspects = probabilities.map { Suspect(deploy: $0.key, probability: $0.value) }
            .sorted { $0.probability > $1.probability }
        return Incident(
            signal: .errorRate, scope: .all, onset: onset, onsetInterval: Interval(onset, onset),
            baseline: Rate(1, of: 100), during: Rate(20, of: 100), ratio: 20, ratioInterval: Interval(10, 30),
            excessErrors: 19, suspects: suspects, noneProbability: none,
            externalProbability: 1 - none - probabilities.values.reduce(0, +))
    }

    private func weighed(_ probabilities: [String: Double], _ comparisons: [String: ConfigComparison])
        -> [String: Double]
    {
        var rankings = ChangeRankings(comparisons, failures: failures)
        let found = weighedByContent(incident(probabilities), rankings: &rankings)
        return Dictionary(uniqueKeysWithValues: found.suspects.map { ($0.deploy, $0.probability) })
    }

    @Test("of two that the counts hold alike, the one that touches what fails is likelier")
    func own() throws {
        let own = try comparison("search/app.yaml", "limit: 1\n", "limit: 2\n")
        let other = try comparison("billing/app.yaml", "limit: 1\n", "limit: 2\n")
        let found = weighed(["a": 0.45, "b": 0.45], ["a": other, "b": own])
        #expect(found["b"] ?? 0 > 0.7)
        #expect(abs(found.values.reduce(0, +) - 0.9) < 1e-9)
    }

    @Test("the first suspect is the likeliest, and what is no deploy stays as likely as it was")
    func order() throws {
        let own = try comparison("search/app.yaml", "limit: 1\n", "limit: 2\n")
        let other = try comparison("billing/app.yaml", "limit: 1\n", "limit: 2\n")
        var rankings = ChangeRankings(["a": other, "b": own], failures: failures)
        let found = weighedByContent(incident(["a": 0.5, "b": 0.4]), rankings: &rankings)
        #expect(found.suspects.map(\.deploy) == ["b", "a"])
        #expect(found.noneProbability == 0.02)
    }

    @Test(
        "a deploy of documents alone leaves nearly all it has to the others, and to there being none",
        arguments: [
            (["README.md", "docs/oncall.md"], true), (["LICENSE"], true), (["src/app.py"], false),
            (["README.md", "src/app.py"], false), (["requirements.txt"], false), (["app.yaml"], false),
        ])
    func prose(paths: [String], isHarmless: Bool) throws {
        let texts = { (text: String) in
            FolderOfTexts(Dictionary(uniqueKeysWithValues: paths.map { ($0, text) }))
        }
        let change = try compareConfig(
            before: texts("limit: 1\n"), after: texts("limit: 2\n"),
            files: paths.map { FileChange(path: $0, status: .modified) })
        #expect(change.changesProseOnly == isHarmless)
        var rankings = ChangeRankings(["a": change], failures: failures)
        let found = weighedByContent(incident(["a": 0.55], none: 0.40), rankings: &rankings)
        let sum =
            found.suspects.reduce(0) { $0 + $1.probability } + found.noneProbability
            + found.externalProbability
        #expect(abs(sum - 1) < 1e-9)
        #expect((found.noneProbability > 0.85) == isHarmless, "\(found.suspects)")
    }

    @Test("what is far less likely by its time stays so")
    func time() throws {
        let own = try comparison("search/app.yaml", "limit: 1\n", "limit: 2\n")
        let other = try comparison("billing/app.yaml", "limit: 1\n", "limit: 2\n")
        let found = weighed(["a": 0.95, "b": 0.0001], ["a": other, "b": own])
        #expect(found["a"] ?? 0 > 0.9)
    }

    @Test(
        "what nobody knows the reach of is less to be thought of beside a deploy that changed the failing one's own files"
    )
    func namesake() throws {
        let own = try comparison("search/app.yaml", "limit: 1\n", "limit: 2\n")
        let other = try comparison("settings/app.yaml", "limit: 1\n", "limit: 2\n")
        func score(_ comparisons: [String: ConfigComparison]) throws -> Double {
            var rankings = ChangeRankings(comparisons, failures: failures)
            return try #require(rankings.changes(of: "a")?.first).score
        }
        #expect(try score(["a": other, "b": own]) < 0.8 * score(["a": other]))
    }

    @Test("deploys of which nothing is known keep their shares")
    func unknown() {
        let found = weighed(["a": 0.5, "b": 0.25], [:])
        #expect(abs((found["a"] ?? 0) - 0.5) < 1e-9 && abs((found["b"] ?? 0) - 0.25) < 1e-9)
    }
}

@Suite("What failures say")
struct TellingTests {
    private func cause(_ symptoms: [Symptom]) -> Cause {
        Cause(
            predicates: [Predicate("workload", .equals(.string("web")))], errors: 330, events: 1000,
            expectedErrors: 4, coverage: 1, rateBefore: 0.004, rateAfter: 0.33, symptoms: symptoms)
    }

    @Test("what a few say that were always there is not what the incident says")
    func background() {
        let symptoms = [
            Symptom(field: "message", value: "no secret of that name", errors: 300),
            Symptom(field: "message", value: "no such key", errors: 30),
            Symptom(field: "message", value: "timeout while reading", errors: 29),
            Symptom(field: "code", value: "E7", errors: 4),
        ]
        // Each field by its own most frequent text, at a tenth of it.
        let told = telling(Explanation(outcome: .causes, causes: [cause(symptoms)]))
        #expect(told == ["no secret of that name", "no such key", "E7"])
        // Without a cause, or where a cause has no symptoms, all failures are asked.
        #expect(telling(Explanation(outcome: .global, symptoms: symptoms)) == told)
        #expect(telling(Explanation(outcome: .causes, causes: [cause([])], symptoms: symptoms)) == told)
    }
}
