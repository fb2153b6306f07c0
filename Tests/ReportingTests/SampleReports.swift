import DeployModel

/// Five reports that between them use every part of the screen.
enum SampleReports {
    static let names = ["blamed", "tied", "no-deploy", "unchanged", "no-events", "two-incidents"]

    static func report(_ name: String) -> Report {
        switch name {
        case "blamed": report(verdict: blamedVerdict, findings: [blamed])
        case "tied": report(verdict: tiedVerdict, findings: [tied])
        case "no-deploy": report(verdict: noDeployVerdict, findings: [external])
        case "unchanged":
            report(
                verdict: Verdict(
                    kind: .unchanged, probability: 0.97, reason: "no_change",
                    text: "The rate of failing events did not change: no deploy is to blame."),
                findings: [], failsFrom: 999)
        case "two-incidents": report(verdict: blamedVerdict, findings: [blamed, external])
        default: withoutEvents
        }
    }

    /// An answer of `explain` with two causes.
    static func comparison(hasBaseline: Bool) -> WindowComparison {
        let report = report("blamed")
        return WindowComparison(
            inputs: report.inputs, interest: TimeWindow(since: hour(121), until: hour(240)),
            baseline: hasBaseline ? TimeWindow(since: start, until: hour(121)) : nil,
            explanation: Explanation(
                outcome: .causes,
                causes: [
                    Cause(
                        predicates: [
                            Predicate("service.version", .equals(.string("v2.14.0"))),
                            Predicate("request.bytes", .above(1_234_567.25)),
                        ],
                        errors: 4_870, events: 9_120, expectedErrors: 31, coverage: 0.89, rateBefore: nil,
                        rateAfter: 0.534, aliases: [Predicate("git.sha", .equals(.string("9f3b2c1d0a7e")))],
                        pods: ["mailer-7d9f4b6c85-x7k2p"],
                        symptoms: [
                            Symptom(
                                field: "error.message", value: "upload * refused: too large", errors: 4_866),
                            Symptom(field: "http.status_code", value: "413", errors: 4_866),
                        ]),
                    Cause(
                        predicates: [Predicate("customer.plan", .isNull)], errors: 590, events: 2_100,
                        expectedErrors: 6, coverage: 0.11, rateBefore: 0.003, rateAfter: 0.281),
                ], during: Rate(5_460, of: 73_800), before: hasBaseline ? Rate(236, of: 76_000) : nil),
            sampledFrom: hasBaseline ? 149_800 : nil)
    }

    static let start = Instant(seconds: 1_594_992_900)

    static func hour(_ hour: Int) -> Instant { start + hour * 3600 }

    static func commit(_ digit: Int) -> CommitID {
        CommitID(String(repeating: String(digit, radix: 16), count: 40)) ?? CommitID(
            String(repeating: "0", count: 40))!
    }

    static let deploys: [Deploy] = [
        (20, "Tidy the kitchen"), (101, "Raise the pool"),
        (120, "Merge pull request #2745 from the-long-branch-name/that-does-not-fit-on-a-narrow-screen"),
        (150, "Correct a comma"), (201, "Undo the pool"),
    ]
    .enumerated().map { index, deploy in
        Deploy(
            id: commit(index + 1).hex, commit: commit(index + 1), previous: index > 0 ? commit(index) : nil,
            startedAt: hour(deploy.0), title: deploy.1, author: "Ines Almeida", source: .commit,
            configFiles: index == 2 ? 7 : 0, workloads: index == 2 ? ["mailer"] : [])
    }

    private static func report(verdict: Verdict, findings: [Finding], failsFrom: Int = 121) -> Report {
        let events = (0..<240).map { hour in 600 + 200 * Double((hour % 24) - 12).magnitude / 12 }
        let errors = events.enumerated().map { hour, count in count * (hour >= failsFrom ? 0.074 : 0.0031) }
        return Report(
            window: TimeWindow(since: start, until: hour(240)),
            repository: RepositorySummary(path: "/home/ines/shop", head: commit(9)),
            inputs: [
                InputSummary(
                    source: "events.ndjson", format: "ndjson+gzip", events: events.reduce(0, +), skipped: 3,
                    first: start,
                    last: hour(240) - 1,
                    assumptions: ["time = timestamp (RFC 3339)", "failing = error is set"])
            ],
            deploys: deploys, deploySource: "first-parent commits",
            series: Series(scope: .all, start: start, bucketSeconds: 3600, events: events, errors: errors),
            verdict: verdict, findings: findings,
            warnings: [
                Warning(
                    code: "skipped_lines",
                    text: "3 lines could not be read; the first is events.ndjson:17: unclosed string",
                    remedy: "mend or export these lines again; they are not counted")
            ])
    }

    private static func incident(suspects: [Suspect], external: Double, none: Double, scope: Scope = .all)
        -> Incident
    {
        Incident(
            signal: .errorRate, scope: scope, onset: hour(121),
            onsetInterval: Interval(hour(120) + 900, hour(121) + 2400),
            end: nil, endedBy: nil, baseline: Rate(236, of: 76_000), during: Rate(5_460, of: 73_800),
            ratio: 23.8,
            ratioInterval: Interval(21.9, 26.2), excessErrors: 5_231, suspects: suspects,
            noneProbability: none,
            externalProbability: external)
    }

    private static let blamedVerdict = Verdict(
        kind: .blamed, deploy: commit(3).hex, commit: commit(3), probability: 0.972, reason: "error_rate",
        text: "Deploy 3333333333 made failing events go from 0.31 % to 7.4 %.")
    private static let tiedVerdict = Verdict(
        kind: .inconclusive, probability: 0.93, reason: "tied",
        text:
            "Failing events went from 0.31 % to 7.4 %, and several deploys may have done it: 3333333333, 2222222222."
    )
    private static let noDeployVerdict = Verdict(
        kind: .noDeploy, probability: 0.985, reason: "no_deploy_near",
        text: "Failing events went from 0.31 % to 7.4 %, at a time that no deploy explains.")

    private static var blamed: Finding {
        var incident = incident(
            suspects: [
                Suspect(deploy: commit(3).hex, probability: 0.972),
                Suspect(deploy: commit(2).hex, probability: 0.01),
            ], external: 0.018, none: 0)
        incident.end = hour(202)
        incident.endedBy = commit(5).hex
        return Finding(
            incident: incident,
            explanation: Explanation(
                outcome: .causes,
                causes: [
                    Cause(
                        predicates: [Predicate("k8s.pod.name", .hasPrefix("mailer-"))], errors: 5200,
                        events: 10_800,
                        expectedErrors: 32, coverage: 0.996, rateBefore: 0.003, rateAfter: 0.48,
                        aliases: [Predicate("service.name", .equals(.string("mailer")))], workload: "mailer",
                        pods: (0..<30).map { "mailer-7d9f4b6c85-\($0)" }),
                    Cause(
                        predicates: [
                            Predicate("duration_ms", .above(2000)),
                            Predicate("http.route", .equals(.string("/send"))),
                        ], errors: 40, events: 90, expectedErrors: 3, coverage: 0.007, rateBefore: nil,
                        rateAfter: 0.44),
                ],
                symptoms: [Symptom(field: "message", value: "sms rejected: 403 for message *", errors: 5181)]),
            changes: [fault, rename])
    }

    private static var tied: Finding {
        Finding(
            incident: incident(
                suspects: [
                    Suspect(deploy: commit(3).hex, probability: 0.47),
                    Suspect(deploy: commit(2).hex, probability: 0.46),
                ], external: 0.05, none: 0.02), explanation: Explanation(outcome: .global), changes: [rename])
    }

    private static var external: Finding {
        Finding(
            incident: incident(
                suspects: [Suspect(deploy: commit(2).hex, probability: 0.015)], external: 0.985, none: 0,
                scope: Scope(.workload, "billing")), explanation: Explanation(outcome: .global), changes: [])
    }

    static var fault: RankedChange {
        RankedChange(
            change: FieldChange(
                path: "deploy/mailer/mailer.yaml.template", line: 38, endLine: 39, oldLine: 38,
                object: ConfigObject(kind: "Deployment", name: "mailer", container: "courier"),
                fieldPath: "env SHOP_SMS_PASSWORD ▸ secretKeyRef.key", before: "password", after: "user",
                reach: ["mailer"]),
            commit: commit(3), fault: "duplicate-key", score: 98,
            evidence: [
                Evidence(
                    kind: "duplicate_key", text: "`key` appears twice (lines 38 and 39); the last one wins",
                    weight: 0.9),
                Evidence(
                    kind: "leftover_line",
                    text:
                        "2 of the 3 files that lost this 5-line block lost all of it; this one lost 4 and kept line 39",
                    weight: 0.9),
            ], mend: "delete line 39")
    }

    static var rename: RankedChange {
        RankedChange(
            change: FieldChange(
                path: "config/a/very/long/way/down/to/production.env", line: 5, endLine: 5, oldLine: 5,
                object: ConfigObject(kind: "env", name: "production.env"), fieldPath: "SHOP_COURIER_URL",
                before: "http://localhost:3001", after: nil),
            commit: commit(3), fault: nil, score: 4,
            evidence: [Evidence(kind: "consistent_rename", text: "nothing reads it any more", weight: -0.9)])
    }

    private static var withoutEvents: Report {
        Report(
            window: TimeWindow(since: start, until: hour(240)), repository: nil, inputs: [], deploys: deploys,
            deploySource: "deploys.csv", series: nil,
            verdict: Verdict(
                kind: .inconclusive, probability: 1, reason: "no_events",
                text: "Without events it cannot be told whether a deploy changed anything."),
            findings: [],
            changesByDeploy: [
                DeployChanges(
                    deploy: deploys[2], from: commit(2), to: commit(3), changes: [fault, rename],
                    filesChanged: 40,
                    configFiles: 7)
            ],
            warnings: [
                Warning(
                    code: "no_events", text: "No events were given.",
                    remedy: "export events and name the file")
            ])
    }
}
