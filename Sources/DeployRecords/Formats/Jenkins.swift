import ConfigTree
import DeployModel

extension RecordFormat {
    /// Builds of a job: `/job/NAME/api/json?tree=builds[number,timestamp,duration,result,…]{0,100}`. A build that checks out
    /// libraries names several commits; which one is meant, the repository tells.
    static let jenkins = RecordFormat(
        "Jenkins builds",
        export:
            "/job/NAME/api/json?tree=allBuilds[number,timestamp,duration,result,building,displayName,actions[lastBuiltRevision[SHA1],parameters[name,value],causes[userName]]]",
        reads: { $0.has("number", "timestamp") && $0.hasAny("result", "building", "duration", "actions") },
        pageSizes: [100]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("number")
        record.title = node.word("description") ?? node.word("displayName", "fullDisplayName")
        let actions = node.list("actions")
        record.refer(to: actions.map { $0["lastBuiltRevision"]?.word("SHA1") })
        let causes = actions.flatMap { $0.list("causes") }
        record.author = causes.lazy.compactMap { $0.word("userName") }.first
        let parameters = actions.flatMap { $0.list("parameters") }
        func parameter(_ names: String...) -> String? {
            for name in names {
                let named = parameters.first { $0.word("name")?.uppercased() == name }
                if let value = named?.word("value") { return value }
            }
            return nil
        }
        record.refer(to: [
            parameter("GIT_COMMIT", "COMMIT", "SHA", "REVISION"), parameter("IMAGE").flatMap(imageTag),
            parameter("IMAGE_TAG", "TAG", "VERSION"),
        ])
        record.environment = parameter("ENVIRONMENT", "ENV", "DEPLOY_ENV", "TARGET_ENV")
        record.service = parameter("SERVICE", "APP", "APPLICATION")
        record.began(node.word("timestamp"))
        if !node.says("building"), let start = record.start?.instant,
            let length = node.word("duration").flatMap({ Int64($0) }), length > 0, length < 1_000_000_000
        {
            record.ended(at: RecordTime(instant: Instant(milliseconds: start.milliseconds + length)))
        }
        record.status = RecordStatus(node.word("result"))
        return record
    }
}
