import DeployModel

extension SampleReports {
    /// A report with something in every part of the page.
    static var everything: Report {
        var report = report("two-incidents")
        var finding = report.findings[0]
        finding.explanation.during = Rate(5_460, of: 73_800)
        finding.explanation.before = Rate(236, of: 76_000)
        finding.incident.weighed = [
            WeighedCause(
                deploy: commit(3).hex, prior: 0.02, logBayesFactor: 812.4, onset: hour(121),
                probability: 0.972),
            WeighedCause(
                deploy: nil, prior: 0.0001, logBayesFactor: 811.9, onset: hour(121), probability: 0.018),
            WeighedCause(
                deploy: commit(2).hex, prior: 0.02, logBayesFactor: 807.8, onset: hour(120), probability: 0.01
            ),
        ]
        finding.changes[0].factors = [ScoreFactor(.reach, 1, "it reaches mailer, where the failures are")]
        finding.changes[1].change.before = "http://localhost:3001/path"
        finding.changes[1].change.after = "http://localhost:3002/path"
        finding.changes[1].score = 31
        var gone = rename
        gone.change.before = "first line\nsecond line"
        finding.changes += [gone, gone]
        finding.rollouts = [
            ObservedRollout(
                workload: "mailer", hash: "7d9f4b6c85", first: hour(121) - 300, last: hour(240), pods: 30)
        ]
        report.findings[0] = finding
        report.seriesExamined = 14
        report.deploys[1].isRollback = true
        report.deploys[1].environment = "production"
        report.asked = AskedDeploy(
            deploy: report.deploys[3], probability: 0.001, measure: "failing events",
            before: Rate(31, of: 420),
            after: Rate(30, of: 418), reasons: ["it came 29 h after the failures began"])
        report.neededMinutes = 25
        return report
    }
}
