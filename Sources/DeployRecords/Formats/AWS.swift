import ConfigTree

extension RecordFormat {
    /// `aws deploy get-deployment`, `batch-get-deployments`.
    static let codeDeploy = RecordFormat(
        "AWS CodeDeploy deployments",
        export: "aws deploy batch-get-deployments --deployment-ids …",
        reads: {
            $0.has("deploymentId") && $0.hasAny("deploymentGroupName", "applicationName", "computePlatform")
        }
    ) { node in
        var record = DeployRecord(line: node.start.line)
        record.id = node.word("deploymentId")
        record.service = node.word("applicationName")
        record.environment = node.word("deploymentGroupName")
        record.title = node.word("description")
        let revision = node["revision"]
        record.refer(to: revision?.word(at: "gitHubLocation", "commitId"))
        record.refer(to: commitNames(in: revision?.word(at: "s3Location", "key")))
        record.began(node.word("startTime") ?? node.word("createTime"))
        record.ended(node.word("completeTime"))
        record.status = RecordStatus(node.word("status"))
        record.isRollback = node.word("creator") == "codeDeployRollback"
        if record.status == .failed {
            record.title = node.word(at: "errorInformation", "message") ?? record.title
        }
        return record
    }

    /// `aws ecs describe-service-deployments`, `describe-services`; what an image was built from is told by the task definitions
    /// or service revisions of the same file.
    static let ecs = RecordFormat(
        name: "AWS ECS deployments",
        export: "aws ecs describe-service-deployments, and describe-service-revisions into the same file",
        reads: {
            $0.has("serviceDeploymentArn") || ($0.has("serviceName", "deployments"))
                || $0.has("serviceRevisionArn")
                || $0.hasObject("taskDefinition") || $0.has("taskDefinitionArn", "containerDefinitions")
        },
        read: { nodes in
            let images = imagesByName(nodes)
            var reading = FormatReading()
            for node in nodes {
                if node.has("serviceDeploymentArn") {
                    reading.records.append(serviceDeployment(node, images: images))
                } else if node.has("serviceName", "deployments") {
                    reading.records += node.list("deployments").map { live($0, of: node, images: images) }
                }
            }
            if reading.records.isEmpty, let first = nodes.first {
                reading.skip(first, "it says what an image is, but nothing of when it was deployed")
            }
            return reading
        })
}

/// The images of each task definition and service revision.
private func imagesByName(_ nodes: [ConfigNode]) -> [String: [String]] {
    var images: [String: [String]] = [:]
    for node in nodes {
        let definition = node.hasObject("taskDefinition") ? node["taskDefinition"] ?? node : node
        if let name = definition.word("taskDefinitionArn") {
            images[name] = definition.list("containerDefinitions").compactMap { $0.word("image") }
        }
        if let name = node.word("serviceRevisionArn") {
            images[name] = node.list("containerImages").compactMap { $0.word("image") }
        }
    }
    return images
}

private func tail(_ name: String?) -> String? { name?.split(separator: "/").last.map(String.init) }

private func serviceDeployment(_ node: ConfigNode, images: [String: [String]]) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = tail(node.word("serviceDeploymentArn"))
    record.service = tail(node.word("serviceArn"))
    record.environment = tail(node.word("clusterArn"))
    let target = node.word(at: "targetServiceRevision", "arn")
    record.refer(to: (target.flatMap { images[$0] } ?? []).map(imageTag))
    record.title = node.word("statusReason") ?? tail(target)
    record.began(node.word("startedAt") ?? node.word("createdAt"))
    record.ended(node.word("finishedAt") ?? node.word("stoppedAt"))
    record.status = RecordStatus(node.word("status"))
    return record
}

private func live(_ node: ConfigNode, of service: ConfigNode, images: [String: [String]]) -> DeployRecord {
    var record = DeployRecord(line: node.start.line)
    record.id = tail(node.word("id"))
    record.service = service.word("serviceName")
    record.environment = tail(service.word("clusterArn"))
    let definition = node.word("taskDefinition")
    record.refer(to: (definition.flatMap { images[$0] } ?? []).map(imageTag))
    record.title = tail(definition)
    record.began(node.word("createdAt"))
    record.status = RecordStatus(node.word("rolloutState") ?? node.word("status"))
    if node.word("rolloutState") != "IN_PROGRESS" { record.ended(node.word("updatedAt")) }
    return record
}
