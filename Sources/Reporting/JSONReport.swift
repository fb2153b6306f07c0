public import DeployModel

/// The schema version of every document; see `docs/report.schema.json`.
private let schemaVersion = JSONValue.integer(1)

/// The whole report as JSON, schema version 1.
///
/// - Parameter explaining: whether each incident says how the evidence weighs for each deploy.
public func renderJSON(_ report: Report, version: String, explaining: Bool = false) -> String {
    let commits = Dictionary(
        report.deploys.map { ($0.id, $0.commit) }, uniquingKeysWith: { first, _ in first })
    var fields: [(key: String, value: JSONValue)] = [
        ("schema_version", schemaVersion),
        ("tool", .object([("name", .string("blamedeploy")), ("version", .string(version))])),
        ("window", .object([("since", time(report.window.since)), ("until", time(report.window.until))])),
        (
            "repository",
            report.repository.map { .object([("path", .string($0.path)), ("head", .string($0.head.hex))]) }
                ?? .null
        ),
        ("inputs", .array(report.inputs.map(json))),
        ("deploys", .array(report.deploys.map(json))),
        ("verdict", json(report.verdict)),
        ("incidents", .array(report.findings.map { json($0, commits: commits, explaining: explaining) })),
        ("overall", report.series.map { json($0.total) } ?? .null),
        ("series_examined", .integer(report.seriesExamined)),
    ]
    if let asked = report.asked { fields.append(("asked", json(asked))) }
    if let minutes = report.neededMinutes { fields.append(("needed_minutes", .integer(minutes))) }
    fields.append(("warnings", .array(report.warnings.map(json))))
    return JSONValue.object(fields).document()
}

private func json(_ asked: AskedDeploy) -> JSONValue {
    .object([
        ("deploy", .string(asked.deploy.id)), ("commit", .text(asked.deploy.commit?.hex)),
        ("probability", .number(asked.probability)), ("before", json(asked.before)),
        ("after", json(asked.after)),
        ("reasons", .array(asked.reasons.map { .string($0) })),
    ])
}

private func json(_ cause: WeighedCause) -> JSONValue {
    .object([
        ("deploy", .text(cause.deploy)), ("prior", .number(cause.prior)),
        ("log_bayes_factor", .number(cause.logBayesFactor)), ("onset", time(cause.onset)),
        ("probability", .number(cause.probability)),
    ])
}

/// The deploys as JSON.
///
/// - Parameter failed: deploys that failed or were called off, which nobody is blamed for.
public func renderJSON(deploys: [Deploy], failed: [Deploy] = []) -> String {
    JSONValue.object([
        ("schema_version", schemaVersion), ("deploys", .array(deploys.map(json))),
        ("failed_deploys", .array(failed.map(json))),
    ]).document()
}

/// The changes of a deploy or a range as JSON.
public func renderJSON(_ changes: DeployChanges) -> String {
    JSONValue.object([("schema_version", schemaVersion)] + fields(of: changes)).document()
}

/// What `lint --each` found: the changes of each commit that has any.
///
/// - Parameter judged: how many commits were judged.
public func renderJSON(commits: [DeployChanges], judged: Int) -> String {
    JSONValue.object([
        ("schema_version", schemaVersion), ("judged", .integer(judged)),
        (
            "commits",
            .array(
                commits.map { commit in
                    .object([range(of: commit), ("title", .text(commit.deploy?.title))] + changed(commit))
                })
        ),
    ]).document()
}

private func fields(of changes: DeployChanges) -> [(key: String, value: JSONValue)] {
    [changes.deploy.map { ("deploy", json($0)) } ?? range(of: changes)] + changed(changes)
}

private func range(of changes: DeployChanges) -> (key: String, value: JSONValue) {
    ("range", .object([("from", .text(changes.from?.hex)), ("to", .text(changes.to?.hex))]))
}

private func changed(_ changes: DeployChanges) -> [(key: String, value: JSONValue)] {
    [
        ("changes", .list(count: changes.changes.count) { json(changes.changes[$0]) }),
        ("other_files", .array(changes.otherFiles.map(JSONValue.string))),
        ("warnings", .array(changes.warnings.map(json))),
    ]
}

/// The answer of `explain` as JSON.
public func renderJSON(_ comparison: WindowComparison) -> String {
    let explanation = comparison.explanation
    let windows = [("interest", comparison.interest), ("baseline", comparison.baseline)]
        .map { (key: $0, value: $1.map(json) ?? .null) }
    let counts = [("interest", explanation.during), ("baseline", explanation.before)]
        .map { (key: $0, value: $1.map(json) ?? .null) }
    let fields: [(key: String, value: JSONValue)] = [
        ("schema_version", schemaVersion), ("windows", .object(windows)),
        ("inputs", .array(comparison.inputs.map(json))), ("counts", .object(counts)),
        ("sampled_from", comparison.sampledFrom.map { .number($0) } ?? .null),
        ("outcome", .string(explanation.outcome.rawValue)),
        ("causes", .array(explanation.causes.map(json))),
        ("symptoms", .array(explanation.symptoms.map(json))),
        ("new_failures", .array(explanation.newFailures.map(json))),
        ("warnings", .array(comparison.warnings.map(json))),
    ]
    return JSONValue.object(fields).document()
}

private func json(_ window: TimeWindow) -> JSONValue { .array([time(window.since), time(window.until)]) }

private func time(_ instant: Instant?) -> JSONValue { .text(instant?.description) }

private func json(_ input: InputSummary) -> JSONValue {
    .object([
        ("source", .string(input.source)), ("format", .string(input.format)),
        ("events", .number(input.events)),
        ("skipped", .integer(input.skipped)), ("first", time(input.first)), ("last", time(input.last)),
        ("assumptions", .array(input.assumptions.map { .string($0) })),
    ])
}

private func json(_ deploy: Deploy) -> JSONValue {
    .object([
        ("id", .string(deploy.id)), ("commit", .text(deploy.commit?.hex)),
        ("previous", .text(deploy.previous?.hex)),
        ("started_at", time(deploy.startedAt)), ("finished_at", time(deploy.finishedAt)),
        ("title", .string(deploy.title)), ("author", .string(deploy.author)),
        ("environment", .text(deploy.environment)), ("service", .text(deploy.service)),
        ("source", .string(deploy.source.rawValue)), ("is_rollback", .bool(deploy.isRollback)),
        ("config_files", deploy.configFiles.map { .integer($0) } ?? .null),
        ("workloads", .array(deploy.workloads.map { .string($0) })),
    ])
}

private func json(_ verdict: Verdict) -> JSONValue {
    .object([
        ("kind", .string(verdict.kind.rawValue)), ("deploy", .text(verdict.deploy)),
        ("commit", .text(verdict.commit?.hex)), ("probability", .number(verdict.probability)),
        ("reason", .string(verdict.reason)), ("text", .string(verdict.text)),
    ])
}

private func json(_ finding: Finding, commits: [String: CommitID?], explaining: Bool) -> JSONValue {
    let incident = finding.incident
    let scope: [(key: String, value: JSONValue)] =
        incident.scope.kind == .all ? [] : [(incident.scope.kind.rawValue, .string(incident.scope.name))]
    var fields: [(key: String, value: JSONValue)] = [
        ("signal", .string(incident.signal.rawValue)), ("scope", .object(scope)),
        ("onset", time(incident.onset)),
        ("onset_interval", .array([time(incident.onsetInterval.lower), time(incident.onsetInterval.upper)])),
        ("end", time(incident.end)), ("ended_by", .text(incident.endedBy)),
        ("baseline", json(incident.baseline)),
        ("incident", json(incident.during)), ("ratio", .number(incident.ratio)),
        (
            "ratio_interval",
            .array([.number(incident.ratioInterval.lower), .number(incident.ratioInterval.upper)])
        ),
        ("excess_errors", .number(incident.excessErrors)),
        (
            "suspects",
            .array(
                incident.suspects.map {
                    .object([
                        ("deploy", .string($0.deploy)), ("commit", .text(commits[$0.deploy]??.hex)),
                        ("probability", .number($0.probability)),
                    ])
                })
        ),
        ("none_probability", .number(incident.noneProbability)),
        ("external_probability", .number(incident.externalProbability)),
        ("outcome", .string(finding.explanation.outcome.rawValue)),
        ("causes", .array(finding.explanation.causes.map(json))),
        ("symptoms", .array(finding.explanation.symptoms.map(json))),
        ("new_failures", .array(finding.explanation.newFailures.map(json))),
        ("changes", .array(finding.changes.map(json))),
    ]
    if let slow = incident.slowerThan, slow.isFinite { fields.append(("slower_than", .number(slow))) }
    if !finding.rollouts.isEmpty { fields.append(("rollouts", .array(finding.rollouts.map(json)))) }
    if explaining { fields.append(("evidence", .array(incident.weighed.map(json)))) }
    return .object(fields)
}

private func json(_ rate: Rate) -> JSONValue {
    .object([
        ("events", .number(rate.events)), ("errors", .number(rate.errors)), ("rate", .number(rate.value)),
    ])
}

private func json(_ cause: Cause) -> JSONValue {
    .object([
        ("predicates", .array(cause.predicates.map(json))), ("errors", .number(cause.errors)),
        ("events", .number(cause.events)), ("expected_errors", .number(cause.expectedErrors)),
        ("coverage", .number(cause.coverage)), ("rate_before", cause.rateBefore.map { .number($0) } ?? .null),
        ("rate_after", .number(cause.rateAfter)), ("aliases", .array(cause.aliases.map(json))),
        ("workload", .text(cause.workload)), ("pods", .array(cause.pods.map { .string($0) })),
        ("symptoms", .array(cause.symptoms.map(json))),
    ])
}

private func json(_ predicate: Predicate) -> JSONValue {
    let (operation, value): (String, JSONValue) =
        switch predicate.comparison {
        case .equals(let value): ("==", json(value))
        case .isIn(let values): ("in", .array(values.map(json)))
        case .above(let number): (">", .exact(number))
        case .atMost(let number): ("<=", .exact(number))
        case .isNull: ("is_null", .null)
        case .hasPrefix(let prefix): ("prefix", .string(prefix))
        case .contains(let value): ("contains", json(value))
        }
    return .object([("field", .string(predicate.field)), ("op", .string(operation)), ("value", value)])
}

private func json(_ value: FieldValue) -> JSONValue {
    switch value {
    case .string(let text): .string(text)
    case .number(let number): .exact(number)
    case .bool(let flag): .bool(flag)
    }
}

private func json(_ rollout: ObservedRollout) -> JSONValue {
    .object([
        ("workload", .string(rollout.workload)), ("template_hash", .string(rollout.hash)),
        ("first", time(rollout.first)), ("pods", .integer(rollout.pods)),
    ])
}

private func json(_ symptom: Symptom) -> JSONValue {
    .object([
        ("field", .string(symptom.field)), ("value", .string(symptom.value)),
        ("errors", .number(symptom.errors)),
    ])
}

private func json(_ ranked: RankedChange) -> JSONValue {
    let change = ranked.change
    return .object([
        ("path", .string(change.path)), ("line", .integer(change.line)),
        ("end_line", .integer(change.endLine)),
        ("old_line", change.oldLine.map { .integer($0) } ?? .null), ("commit", .text(ranked.commit?.hex)),
        ("object", change.object.map(json) ?? .null), ("field_path", .string(change.fieldPath)),
        ("before", .text(change.before)), ("after", .text(change.after)), ("fault", .text(ranked.fault)),
        ("score", .number(ranked.score)),
        (
            "evidence",
            .array(
                ranked.evidence.map {
                    .object([
                        ("kind", .string($0.kind)), ("text", .string($0.text)),
                        ("weight", .number($0.weight)),
                    ])
                })
        ),
        (
            "factors",
            .array(
                ranked.factors.map {
                    .object([
                        ("kind", .string($0.kind.rawValue)), ("value", .number($0.value)),
                        ("text", .string($0.text)),
                    ])
                })
        ),
        ("reach", .array(change.reach.map { .string($0) })), ("mend", .text(ranked.mend)),
    ])
}

private func json(_ object: ConfigObject) -> JSONValue {
    .object([
        ("kind", .string(object.kind)), ("name", .string(object.name)),
        ("namespace", .text(object.namespace)),
        ("container", .text(object.container)),
    ])
}

private func json(_ warning: Warning) -> JSONValue {
    .object([
        ("code", .string(warning.code)), ("text", .string(warning.text)), ("remedy", .text(warning.remedy)),
    ])
}
