import DeployModel
import GitHistory
import TestSupport

/// Makes a folder with a repository of a few commits and an export to go with it.
func withShop(_ body: (_ folder: String, _ repository: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        let writer = try RepositoryWriter(creatingAt: "\(folder)/shop")
        var head: [CommitID] = []
        for index in 0..<4 {
            head = [
                try writer.commit(
                    "Commit \(index)", at: Instant(seconds: 1_600_000_000 + index * 86_400),
                    files: ["app.yaml": Array("replicas: \(index)\n".utf8)], parents: head)
            ]
        }
        try body(folder, "\(folder)/shop")
    }
}

func events(_ count: Int = 400) -> String {
    (0..<count).map { index in
        let time = Instant(seconds: 1_600_000_000 + index * 600)
        return "{\"ts\":\"\(time)\",\"pod\":\"web-0\",\"error\":\(index % 40 == 0)}\n"
    }.joined()
}
