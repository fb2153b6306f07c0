import DeployModel
import GitHistory
import Scenario
import TestSupport
import Testing

@Suite("The demo's story")
struct DemoStoryTests {
    @Test("is the same in every run, and another one for another seed")
    func deterministic() {
        #expect(Stories.demo(seed: 1).events == Stories.demo(seed: 1).events)
        #expect(Stories.demo(seed: 1).events != Stories.demo(seed: 2).events)
    }

    @Test("writes a repository whose culprit holds the left-over line")
    func repository() throws {
        try withTemporaryFolder { folder in
            let story = Stories.demo()
            let ids = try writeRepository(of: story, to: folder)
            let repository = try Repository(discovering: "\(folder)/\(Story.repositoryName)")
            let culprit = ids[try #require(story.truth.culprit)]
            let contents = try #require(try repository.tree(of: culprit).contents(of: story.truth.path))
            let lines = String(decoding: contents, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            #expect(lines[story.truth.line - 1] == "                  key: user")
            #expect(lines[story.truth.line - 2] == "                  key: password")
            #expect(try repository.resolve("HEAD") == ids.last)
        }
    }

    @Test("fails where it should: mailer pods, after the onset")
    func events() {
        let story = Stories.demo()
        var (before, after, others) = (0, 0, 0)
        for line in String(decoding: story.events, as: UTF8.self).split(separator: "\n")
        where line.contains("sms rejected") {
            let isMailer = line.contains("\"pod\":\"mailer-")
            let time = Instant(rfc3339: line.dropFirst(14).prefix { $0 != "\"" })
            if !isMailer {
                others += 1
            } else if let time, time >= story.truth.onset {
                after += 1
            } else {
                before += 1
            }
        }
        #expect(before == 0 && others == 0)
        #expect(after > 1000)
    }
}
