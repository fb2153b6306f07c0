import ConfigTree

extension RecordFormat {
    /// `fly releases --json --image`, and the same from GraphQL. The commit is in the tag of the image where it was deployed with
    /// `--image-label`, else in the description.
    static let fly = RecordFormat(
        "Fly.io releases",
        export: "fly releases --app APP --image --json",
        reads: { node in
            node.hasAny("Version", "version")
                && node.hasAny(
                    "ImageRef", "imageRef", "EvaluationID", "evaluationId", "DeploymentStrategy",
                    "deploymentStrategy")
                && node.hasAny("CreatedAt", "createdAt", "Status", "status")
        },
        pageSizes: [25]
    ) { node in
        var record = DeployRecord(line: node.start.line)
        let description = node.word("Description", "description")
        record.id = node.word("Version", "version").map { "v\($0)" }
        record.title = description ?? node.word("Reason", "reason")
        let image = node.word("ImageRef", "imageRef")
        record.refer(to: commitNames(in: image.flatMap(imageTag)) + commitNames(in: description))
        record.refer(to: image.flatMap(imageTag))
        record.author = (node["User"] ?? node["user"])?.word("Email", "email", "Name", "name")
        record.service = image.flatMap(repository)
        record.began(node.word("CreatedAt", "createdAt"))
        record.status = RecordStatus(node.word("Status", "status"))
        record.isRollback = description?.lowercased().contains("rollback") ?? false
        return record
    }
}

/// `checkout` of `registry.fly.io/checkout:main-4f2c9d1`.
private func repository(_ image: String) -> String? {
    guard image.hasPrefix("registry.fly.io/") else { return nil }
    return image.split(separator: "/").last?.split(whereSeparator: { $0 == ":" || $0 == "@" }).first.map(
        String.init)
}
