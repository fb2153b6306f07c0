import DeployModel
import Foundation
import GitHistory
import TestSupport
import Testing

private let window = ["--since", "2020-09-01", "--until", "2020-09-30"]

@Suite("Deploy records beside a repository")
struct DeployRecordsCommandTests {
    /// Records of the shop's commits, each named in another way.
    @Test(
        "commits are found by short ids, tags and tags of images, never by branches",
        arguments: [
            ("SHORT", true), ("v1.2.3", true), ("1.2.3", true), ("main-SHORT-1600000000", true),
            ("sha-SHORT", true),
            ("main", false), ("feature", false), ("v9.9.9", false), ("abcdef1", false),
        ])
    func names(name: String, isFound: Bool) throws {
        try withShop { folder, repository in
            let head = try Repository(discovering: repository).resolve("HEAD~1")
            for arguments in [["tag", "v1.2.3", head.hex], ["branch", "feature"]] {
                _ = try run("git", ["-C", repository] + arguments)
            }
            let written = name.replacing("SHORT", with: head.hex.prefix(7))
            try write(
                "[{\"id\": \"d1\", \"version\": \"\(written)\", \"time\": 1600200000}]",
                to: "\(folder)/d.json")
            let result = try blamedeploy(
                ["deploys", "--repo", repository, "--deploys", "\(folder)/d.json", "--format", "json"]
                    + window)
            #expect(result.output.contains("\"commit\": \"\(head.hex)\"") == isFound, "\(result)")
            #expect(result.errors.contains("does not have") != isFound)
        }
    }

    @Test("several sources are one list, failed deploys apart, and each is named")
    func merged() throws {
        try withShop { folder, repository in
            let opened = try Repository(discovering: repository)
            let (one, two) = (try opened.resolve("HEAD~1"), try opened.resolve("HEAD"))
            try write(
                """
                [{"id": 1, "sha": "\(one)", "task": "deploy", "ref": "main", "environment": "production", "created_at": "2020-09-15T13:00:00Z"},
                 {"id": 2, "sha": "\(two)", "task": "deploy", "ref": "main", "environment": "production", "created_at": "2020-09-16T13:00:00Z"}]
                [{"state": "success", "deployment_url": "https://api.github.com/1", "created_at": "2020-09-15T13:02:00Z"},
                 {"state": "failure", "deployment_url": "https://api.github.com/2", "created_at": "2020-09-16T13:02:00Z"}]
                """, to: "\(folder)/github.json")
            try write(
                "[{\"id\": \"m1\", \"start_time\": 1600174860, \"message\": \"shop \(one.hex.prefix(7))\", \"type\": \"deploy\"}]",
                to: "\(folder)/markers.json")
            let sources = [
                "--deploys", "\(folder)/github.json", "--deploys", "\(folder)/markers.json", "--deploys",
                "commits",
            ]
            let listed = try blamedeploy(["deploys", "--repo", repository] + sources + window)
            // The commit of the failed deploy stays, as what the history says of it; that of the other one is its record.
            #expect(listed.output.contains("4 deploys"), "\(listed)")
            #expect(listed.output.contains("Failed or called off, and not judged"))
            let json = try blamedeploy(
                ["deploys", "--repo", repository, "--format", "json"] + sources + window)
            #expect(json.output.components(separatedBy: "\"id\": \"1\"").count == 2)
            #expect(!json.output.contains("\"m1\""))
            #expect(json.output.contains("\"failed_deploys\": ["))
        }
    }

    @Test("a failed deploy is told in a report, and not blamed")
    func failedIsTold() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try write("time,sha,status\n1600000600,,failed\n1600086400,,success\n", to: "\(folder)/d.csv")
            let report = try blamedeploy(["\(folder)/e.ndjson", "--no-repo", "--deploys", "\(folder)/d.csv"])
            #expect(report.output.contains("1 deploy ("))
            #expect(
                report.output.contains("1 deploy that failed or was called off is not judged"), "\(report)")
        }
    }

    @Test("times without a zone are of the zone that is named")
    func zone() throws {
        try withShop { folder, repository in
            try write(
                "REVISION\tUPDATED\tSTATUS\tCHART\tAPP VERSION\tDESCRIPTION\n1\tTue Sep 15 15:00:00 2020\tdeployed\tweb-1.0.0\t1.0\tInstall complete\n",
                to: "\(folder)/helm.txt")
            let arguments = ["deploys", "--no-repo", "--deploys", "\(folder)/helm.txt"] + window
            #expect(try blamedeploy(arguments).output.contains("15 Sep 15:00"))
            #expect(try blamedeploy(arguments).errors.contains("taken for UTC"))
            let zoned = try blamedeploy(arguments + ["--tz", "+02:00"])
            #expect(
                zoned.output.contains("15 Sep 13:00") && !zoned.errors.contains("taken for UTC"), "\(zoned)")
        }
    }
}
