import DeployModel
import Reporting

/// What commands of each kind found, as a CI is told it.
enum SampleResults {
    static let names = SampleReports.names + ["lint", "lint-nothing", "diff"]

    static let lint = DeployChanges(
        deploy: nil, from: SampleReports.commit(2), to: SampleReports.commit(3),
        changes: [SampleReports.fault, dangling], filesChanged: 40, configFiles: 7)

    static var dangling: RankedChange {
        RankedChange(
            change: FieldChange(
                path: "deploy/100% of it/web, api; [b].yaml", line: 12, endLine: 12,
                object: ConfigObject(kind: "Ingress", name: "web", namespace: "shop"),
                fieldPath: "rules.0.backend.service.name", before: "web", after: "wbe"),
            commit: SampleReports.commit(3), fault: "dangling-reference", score: 91,
            evidence: [
                Evidence(
                    kind: "dangling_reference", text: "no Service is called wbe; did you mean web?",
                    weight: 0.85)
            ])
    }

    static let ruleTitles = [
        "duplicate-key": "a key twice in one mapping, the last one wins",
        "dangling-reference": "a reference to what is not defined, though its likes are",
    ]

    static func result(_ name: String) -> AnnotatedResult {
        switch name {
        case "lint": AnnotatedResult(lint, command: "lint", ruleTitles: ruleTitles)
        case "lint-nothing":
            AnnotatedResult(
                DeployChanges(
                    deploy: nil, from: nil, to: nil, changes: [], filesChanged: 0, configFiles: 0,
                    warnings: [
                        Warning(
                            code: "nothing_staged", text: "nothing is staged, so nothing was looked at",
                            remedy: "stage the changes with `git add`, or name a commit or a range")
                    ]), command: "lint", ruleTitles: ruleTitles)
        case "diff":
            AnnotatedResult(
                DeployChanges(
                    deploy: SampleReports.deploys[2], from: SampleReports.commit(2),
                    to: SampleReports.commit(3),
                    changes: [SampleReports.fault, SampleReports.rename], filesChanged: 40, configFiles: 7),
                command: "diff", ruleTitles: ruleTitles)
        default:
            AnnotatedResult(
                SampleReports.report(name), command: name == "unchanged" ? "check" : "investigate",
                ruleTitles: ruleTitles)
        }
    }
}
