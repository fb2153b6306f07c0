import DeployModel
import DeployRecords
import TestSupport
import Testing

private let moment = "2026-10-10T14:02:11Z"
/// ``moment`` in Unix milliseconds.
private let milliseconds = 1_791_640_931_000

/// A form that a tool also writes, and the one deploy that it tells.
private struct Variant: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String
    var id: String
    var names: [String]
    var environment: String?
    var service: String?
    var isFailed = false
    var isRollback = false
    var title: String?

    init(
        _ name: String, _ text: String, id: String, names: [String] = [], environment: String? = nil,
        service: String? = nil, isFailed: Bool = false, isRollback: Bool = false, title: String? = nil
    ) {
        testDescription = name
        self.text = text
        self.id = id
        self.names = names
        self.environment = environment
        self.service = service
        self.isFailed = isFailed
        self.isRollback = isRollback
        self.title = title
    }
}

private let variants: [Variant] = [
    Variant(
        "gh release list",
        "[{\"tagName\": \"v1.4.1\", \"publishedAt\": \"\(moment)\", \"createdAt\": \"2026-01-01T00:00:00Z\", \"name\": \"1.4.1\", \"isDraft\": false}]",
        id: "v1.4.1", names: ["v1.4.1"], title: "1.4.1"),
    Variant(
        "workflow runs over REST",
        "{\"total_count\": 1, \"workflow_runs\": [{\"id\": 7, \"name\": \"Release\", \"run_number\": 3, \"head_sha\": \"\(one)\", "
            + "\"run_started_at\": \"\(moment)\", \"updated_at\": \"\(moment)\", \"status\": \"completed\", \"conclusion\": \"timed_out\"}]}",
        id: "7", names: [one], isFailed: true, title: "Release"),
    Variant(
        "a GitLab deployment without a job",
        "[{\"id\": 9, \"iid\": 2, \"sha\": \"\(one)\", \"status\": \"success\", \"created_at\": \"\(moment)\", \"deployable\": null, "
            + "\"environment\": {\"name\": \"review/x\"}, \"ref\": \"main\"}]",
        id: "9", names: [one], environment: "review/x", title: "main"),
    Variant(
        "an Argo CD application with several sources, one of them a chart",
        "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", \"metadata\": {\"name\": \"a\"}, \"status\": {\"history\": "
            + "[{\"id\": 1, \"revision\": \"\", \"revisions\": [\"6.5.0\", \"\(one)\"], \"deployedAt\": \"\(moment)\"}]}}",
        id: "a/1", names: [one], service: "a"),
    Variant(
        "an Argo CD application of a chart",
        "{\"apiVersion\": \"argoproj.io/v1alpha1\", \"kind\": \"Application\", \"metadata\": {\"name\": \"a\"}, \"status\": {\"history\": "
            + "[{\"id\": 1, \"revision\": \"6.5.0\", \"deployedAt\": \"\(moment)\"}]}}",
        id: "a/1", names: ["6.5.0"], service: "a"),
    Variant(
        "a rollback of Helm",
        "[{\"revision\": 9, \"updated\": \"\(moment)\", \"status\": \"deployed\", \"chart\": \"web-1.0.0\", \"app_version\": \"\", "
            + "\"description\": \"Rollback to 7\"}]",
        id: "web/9", names: ["1.0.0"], service: "web", isRollback: true, title: "web-1.0.0: Rollback to 7"),
    Variant(
        "an upgrade of Helm that failed and was replaced since",
        "[{\"revision\": 9, \"updated\": \"\(moment)\", \"status\": \"superseded\", \"chart\": \"web-1.0.0\", \"app_version\": \"\", "
            + "\"description\": \"Upgrade \\\"web\\\" failed: timed out\"}]",
        id: "web/9", names: ["1.0.0"], service: "web", isFailed: true),
    Variant(
        "a revision of a StatefulSet",
        "{\"kind\": \"List\", \"items\": [{\"kind\": \"ControllerRevision\", \"revision\": 4, \"metadata\": {\"name\": \"db-1\", \"namespace\": \"shop\", "
            + "\"creationTimestamp\": \"\(moment)\", \"ownerReferences\": [{\"kind\": \"StatefulSet\", \"name\": \"db\"}]}, "
            + "\"data\": {\"spec\": {\"template\": {\"spec\": {\"containers\": [{\"image\": \"registry:5000/acme/db:2.1@sha256:00\"}]}}}}}]}",
        id: "db/4", names: ["2.1"], environment: "shop", service: "db",
        title: "registry:5000/acme/db:2.1@sha256:00"),
    Variant(
        "a pipeline of Spinnaker that failed after its deploy",
        "[{\"id\": \"e1\", \"application\": \"web\", \"pipelineConfigId\": \"c\", \"name\": \"Ship\", \"status\": \"TERMINAL\", \"startTime\": 1, "
            + "\"trigger\": {\"artifacts\": [{\"type\": \"docker/image\", \"reference\": \"acme/web:v3\"}]}, \"stages\": "
            + "[{\"type\": \"deployManifest\", \"status\": \"SUCCEEDED\", \"startTime\": \(milliseconds), \"context\": {\"account\": \"eu\"}}, "
            + "{\"type\": \"script\", \"status\": \"TERMINAL\"}]}]",
        id: "e1", names: ["v3"], environment: "eu", service: "web", title: "Ship"),
    Variant(
        "a rollback of Spinnaker",
        "[{\"id\": \"e1\", \"application\": \"web\", \"pipelineConfigId\": \"c\", \"status\": \"SUCCEEDED\", \"startTime\": \(milliseconds), "
            + "\"stages\": [{\"type\": \"undoRolloutManifest\", \"status\": \"SUCCEEDED\", \"startTime\": \(milliseconds)}]}]",
        id: "e1", service: "web", isRollback: true),
    Variant(
        "a Jenkins build that is told its version",
        "{\"allBuilds\": [{\"number\": 5, \"timestamp\": \(milliseconds), \"result\": \"ABORTED\", \"displayName\": \"#5\", \"actions\": "
            + "[{\"parameters\": [{\"name\": \"version\", \"value\": \"v3\"}, {\"name\": \"DEPLOY_ENV\", \"value\": \"qa\"}]}]}]}",
        id: "5", names: ["v3"], environment: "qa", isFailed: true, title: "#5"),
    Variant(
        "CircleCI pipelines without their workflows",
        "{\"items\": [{\"id\": \"x\", \"number\": 8, \"state\": \"errored\", \"created_at\": \"\(moment)\", \"vcs\": {\"revision\": \"\(one)\", \"tag\": \"v1\"}}]}",
        id: "8", names: [one, "v1"], isFailed: true, title: "v1"),
    Variant(
        "a Buildkite build without a deploy job",
        "[{\"number\": 2, \"state\": \"passed\", \"blocked\": false, \"commit\": \"HEAD\", \"tag\": \"v2\", \"message\": \"Two\\nmore\", "
            + "\"started_at\": \"\(moment)\", \"env\": {\"DEPLOY_ENV\": \"prod\"}}]",
        id: "2", names: ["v2"], environment: "prod", title: "Two"),
    Variant(
        "Datadog events as they are searched",
        "{\"data\": [{\"id\": \"A1\", \"type\": \"event\", \"attributes\": {\"timestamp\": \"\(moment)\", \"message\": \"Deploy of web\", "
            + "\"tags\": [\"env:eu\", \"version:v2\"], \"attributes\": {\"title\": \"Deploy of web\", \"service\": \"web\", \"status\": \"error\"}}}]}",
        id: "A1", names: ["v2"], environment: "eu", service: "web", isFailed: true, title: "Deploy of web"),
    Variant(
        "a Sentry release that was never deployed by name",
        "[{\"version\": \"web@2.0\", \"shortVersion\": \"2.0\", \"dateCreated\": \"\(moment)\", \"dateReleased\": null, \"lastCommit\": null, "
            + "\"lastDeploy\": null, \"projects\": [{\"slug\": \"p\"}]}]",
        id: "web@2.0", names: ["2.0", "web@2.0"], service: "web", title: "2.0"),
    Variant(
        "a Grafana annotation of a point, told by its tags",
        "[{\"id\": 3, \"alertId\": 0, \"panelId\": 0, \"time\": \(milliseconds), \"timeEnd\": \(milliseconds), \"text\": \"<b>Release</b>\", "
            + "\"tags\": [\"env:eu\", \"service:web\", \"4f2c9d1\"]}]",
        id: "3", names: ["4f2c9d1"], environment: "eu", service: "web", title: "Release"),
    Variant(
        "an automatic rollback of CodeDeploy",
        "{\"deploymentInfo\": {\"deploymentId\": \"d-1\", \"applicationName\": \"web\", \"deploymentGroupName\": \"eu\", \"status\": \"Succeeded\", "
            + "\"createTime\": \"2026-10-10T16:02:11+02:00\", \"creator\": \"codeDeployRollback\", "
            + "\"revision\": {\"s3Location\": {\"key\": \"builds/web-4f2c9d1.zip\"}}}}",
        id: "d-1", names: ["4f2c9d1"], environment: "eu", service: "web", isRollback: true),
    Variant(
        "the live deployments of an ECS service",
        "{\"services\": [{\"serviceName\": \"web\", \"clusterArn\": \"arn:aws:ecs:eu:1:cluster/eu\", \"deployments\": [{\"id\": \"ecs-svc/77\", "
            + "\"status\": \"PRIMARY\", \"rolloutState\": \"FAILED\", \"createdAt\": \(milliseconds / 1000), \"taskDefinition\": \"arn:td/web:3\"}]}]} "
            + "{\"taskDefinition\": {\"taskDefinitionArn\": \"arn:td/web:3\", \"containerDefinitions\": [{\"image\": \"acme/web:v3\"}]}}",
        id: "77", names: ["v3"], environment: "eu", service: "web", isFailed: true, title: "web:3"),
    Variant(
        "the versions of a Nomad job",
        "{\"Versions\": [{\"ID\": \"web\", \"Version\": 3, \"Namespace\": \"default\", \"SubmitTime\": \(milliseconds)000000, "
            + "\"Meta\": {\"git_sha\": \"4f2c9d1\"}}]}",
        id: "web/3", names: ["4f2c9d1"], service: "web"),
    Variant(
        "a Nomad deployment of a server that keeps no times",
        "[{\"ID\": \"x\", \"JobID\": \"web\", \"JobVersion\": 3, \"Status\": \"cancelled\", \"CreateTime\": 0}] "
            + "{\"Versions\": [{\"ID\": \"web\", \"Version\": 3, \"SubmitTime\": \(milliseconds)000000}]}",
        id: "web/3", service: "web", isFailed: true),
    Variant(
        "records of one's own that name an image",
        "deployed_at,image\n\(moment),ghcr.io/acme/web:main-4f2c9d1@sha256:00\n",
        id: "main-4f2c9d1", names: ["main-4f2c9d1"]),
]

@Suite("Other forms of the same exports")
struct FormatVariantTests {
    @Test("tell their deploy", arguments: variants)
    private func tells(variant: Variant) throws {
        let file = try read(variant.text)
        let deploy = try #require((file.deploys + file.failed).first)
        #expect(file.deploys.count + file.failed.count == 1)
        #expect(file.failed.isEmpty == !variant.isFailed)
        #expect(deploy.startedAt == at(moment))
        #expect(deploy.id == variant.id)
        #expect(
            deploy.commit.map { [$0.hex] } ?? file.references[deploy.id] ?? []
                == (deploy.commit == nil ? variant.names : [variant.names[0]]))
        #expect(deploy.environment == variant.environment)
        #expect(deploy.service == variant.service)
        #expect(deploy.isRollback == variant.isRollback)
        if let title = variant.title { #expect(deploy.title == title) }
    }

    @Test("a restart of a workload is called one")
    func restart() throws {
        func set(_ revision: Int, _ created: String, _ restarted: String) -> String {
            "{\"kind\": \"ReplicaSet\", \"metadata\": {\"creationTimestamp\": \"\(created)\", \"annotations\": {\"deployment.kubernetes.io/revision\": \"\(revision)\"}, "
                + "\"ownerReferences\": [{\"kind\": \"Deployment\", \"name\": \"web\"}]}, \"spec\": {\"template\": {\"metadata\": {\"annotations\": {\(restarted)}}, "
                + "\"spec\": {\"containers\": [{\"image\": \"acme/web:v1\"}]}}}}"
        }
        let file = try read(
            set(1, "2026-10-01T00:00:00Z", "")
                + set(
                    2, "2026-10-02T00:00:00Z",
                    "\"kubectl.kubernetes.io/restartedAt\": \"2026-10-02T00:00:00Z\""))
        #expect(file.deploys.map(\.title) == ["acme/web:v1", "restart"])
        #expect(file.references["web/2"] == ["v1"])
    }

    @Test("a rollout that passed its deadline failed")
    func deadline() throws {
        let file = try read(
            "{\"kind\": \"ReplicaSet\", \"metadata\": {\"creationTimestamp\": \"\(moment)\", \"annotations\": {\"deployment.kubernetes.io/revision\": \"1\"}, "
                + "\"ownerReferences\": [{\"kind\": \"Deployment\", \"name\": \"web\"}]}}"
                + "{\"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\", \"annotations\": {\"deployment.kubernetes.io/revision\": \"1\"}}, "
                + "\"status\": {\"conditions\": [{\"type\": \"Progressing\", \"reason\": \"ProgressDeadlineExceeded\", \"lastUpdateTime\": \"2026-10-10T14:12:11Z\"}]}}"
        )
        #expect(file.deploys.isEmpty && file.failed.map(\.id) == ["web/1"])
    }
}
