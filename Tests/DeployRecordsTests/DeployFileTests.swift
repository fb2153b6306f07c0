import DeployModel
import DeployRecords
import TestSupport
import Testing

let one = String(repeating: "1", count: 40)
let two = String(repeating: "2", count: 40)
let three = String(repeating: "3", count: 40)

func read(_ text: String) throws -> DeployFile { try readDeploys(Array(text.utf8), source: "deploys") }

func at(_ text: String) -> Instant { Instant(rfc3339: text)! }

@Suite("Reading a deploys file")
struct DeployFileTests {
    @Test("reads an object with a window, deploys and pods")
    func window() throws {
        let file = try readDeploys(fixture("deploys/window.json"), source: "deploys.json")
        #expect(
            file.deploys == [
                Deploy(
                    id: "d000", commit: CommitID(one), startedAt: at("2025-03-03T09:20:00Z"),
                    finishedAt: at("2025-03-03T09:24:00Z"), service: "api", source: .record),
                Deploy(
                    id: "d001", commit: CommitID(two), previous: CommitID(one),
                    startedAt: at("2025-03-04T10:03:00Z"), service: "api", source: .record),
            ])
        #expect(file.warnings.isEmpty && file.skipped.isEmpty && file.references.isEmpty)
    }

    @Test("reads a table, sorts it, names the rollback and keeps the failed one apart")
    func table() throws {
        let file = try readDeploys(fixture("deploys/releases.csv"), source: "releases.csv")
        #expect(file.deploys.map(\.id) == [one, two, "\(one)#2"])
        #expect(file.deploys.map(\.previous) == [nil, CommitID(one), CommitID(two)])
        #expect(file.deploys.map(\.isRollback) == [false, false, true])
        #expect(file.deploys.map(\.title) == ["Start", "Raise the pool, again", "Go back"])
        #expect(file.deploys.map(\.author) == ["Ada", "Ada", "Bob"])
        #expect(file.deploys.allSatisfy { $0.environment == "production" && $0.service == "api" })
        #expect(file.failed.map(\.id) == [three] && file.warnings.isEmpty)
    }

    @Test(
        "tells the shape by the content",
        arguments: [
            "[{\"sha\": \"\(one)\", \"time\": 1740992400}]",
            "{\"deploys\": [{\"sha\": \"\(one)\", \"time\": 1740992400}]}",
            "{\"Deployments\": [{\"sha\": \"\(one)\", \"time\": 1740992400}], \"page\": 1}",
            "{\"sha\": \"\(one)\", \"time\": 1740992400}\n",
            "\n{\"sha\": \"\(one)\", \"time\": 1740992400}\r\n\r\n{\"sha\": 1}\n",
            "\u{FEFF}[{\"sha\": \"\(one)\", \"time\": 1740992400}]",
            "sha,time\n\(one),1740992400\n",
            "\u{FEFF}Time;SHA\r\n1740992400;\(one)\r\n",
            "time\tsha\n2025-03-03T09:00:00Z\t\(one)\n",
        ])
    func shapes(text: String) throws {
        let file = try read(text)
        #expect(file.deploys.map(\.commit) == [CommitID(one)])
        #expect(file.deploys.map(\.startedAt) == [at("2025-03-03T09:00:00Z")])
    }

    @Test(
        "reads times as people and machines write them",
        arguments: [
            ("\"2025-03-03T09:00:00Z\"", "2025-03-03T09:00:00Z"),
            ("\"2025-03-03 10:00:00.5+01:00\"", "2025-03-03T09:00:00.5Z"),
            ("1740992400", "2025-03-03T09:00:00Z"), ("\"1740992400\"", "2025-03-03T09:00:00Z"),
            ("1740992400.25", "2025-03-03T09:00:00.25Z"), ("1740992400123", "2025-03-03T09:00:00.123Z"),
            ("1740992400000000", "2025-03-03T09:00:00Z"), ("1740992400000000000", "2025-03-03T09:00:00Z"),
            ("1.7409924e9", "2025-03-03T09:00:00Z"),
        ])
    func times(written: String, expected: String) throws {
        let file = try read("[{\"id\": 1, \"started_at\": \(written)}]")
        #expect(file.deploys.first?.startedAt == at(expected))
        #expect(file.warnings.isEmpty)
    }

    @Test("says when a time without a zone was taken for UTC")
    func zone() throws {
        let file = try read("[{\"id\": \"a\", \"date\": \"2025-03-03\"}]")
        #expect(file.deploys.first?.startedAt == at("2025-03-03T00:00:00Z"))
        #expect(file.warnings.map(\.code) == ["assumed_utc"])
    }

    @Test("passes over records that cannot be placed, and says which and why")
    func skipped() throws {
        let text = """
            {"id": "a", "time": "2025-03-03T09:00:00Z"}
            {"id": "b"}
            {"id": "c", "time":
            {"id": "d", "time": "soon"}
            [1]
            """
        let file = try read(text)
        #expect(file.deploys.map(\.id) == ["a"])
        #expect(file.skipped.map(\.line) == [2, 3, 4, 5])
        #expect(file.skipped.map(\.index) == [2, 3, 4, 5])
        #expect(file.skipped[0].reason == "it has no time")
        #expect(file.skipped[1].reason.hasPrefix("it is not JSON"))
        #expect(file.skipped[2].reason == "its time cannot be read")
        #expect(file.skipped[3].reason == "it is not an object")
        #expect(file.warnings.map(\.code) == ["skipped_records"])
        #expect(file.warnings[0].text.contains("4 records"))
    }

    @Test("counts rows of a table that cannot be read where they stand")
    func brokenRows() throws {
        let file = try read("time,id\n2025-03-03T09:00:00Z,a\n2025-03-03T09:00:00Z\n2025-03-03T10:00:00Z,b\n")
        #expect(file.deploys.map(\.id) == ["a", "b"])
        #expect(file.skipped.map(\.line) == [3])
        #expect(file.skipped.map(\.index) == [2])
    }

    @Test(
        "refuses a file without a single deploy, with the way out",
        arguments: [
            ("", .empty, "deploys"), (" \n", .empty, "deploys"), ("[]", .empty, "deploys"),
            ("{\"deploys\": []}", .empty, "deploys"), ("time,sha\n", .empty, "deploys"),
            ("{\"deploys\": 1}", .unreadable, "deploys:1"), ("[1,\n2]", .unreadable, "deploys:1"),
            ("[{\"id\": 1},\n {]", .unreadable, "deploys:2:3"), ("hello\nworld\n", .unreadable, "deploys:1"),
            ("a: 1\n", .unreadable, "deploys:1"), ("[{\"id\": 1}]", .noTimes, "deploys"),
            ("sha,subject\n\(one),x\n", .noTimes, "deploys"),
            ("[{\"id\": 1, \"time\": 20250303}]", .noTimes, "deploys"),
        ] as [(String, DeployRecordError.Code, String)])
    func failures(text: String, code: DeployRecordError.Code, location: String) {
        let error = #expect(throws: DeployRecordError.self) { try read(text) }
        #expect(error?.code == code)
        #expect(error?.location == location)
        #expect(error?.remedy != nil)
    }

    @Test("names the fields it found when none is a time")
    func namesFields() {
        let error = #expect(throws: DeployRecordError.self) {
            try read("[{\"id\": 1, \"When\": 1740992400}]")
        }
        #expect(error?.problem.contains("id, When") == true)
    }

    @Test("is a file without deploys when all of them failed")
    func allFailed() throws {
        let file = try read("[{\"id\": 1, \"time\": 1740992400, \"status\": \"failed\"}]")
        #expect(file.deploys.isEmpty)
        #expect(file.failed.map(\.id) == ["1"])
    }
}
