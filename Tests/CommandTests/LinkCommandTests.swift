import TestSupport
import Testing

@Suite("Links in terminals")
struct LinkCommandTests {
    private func deploys(_ options: [String], remote: String?) throws -> CommandRun {
        var result: CommandRun?
        try withShop { _, shop in
            if let remote {
                #expect(try run("git", ["-C", shop, "remote", "add", "upstream", remote]).status == 0)
            }
            result = try blamedeploy(
                ["deploys", "--repo", shop, "--since", "2020-09-13", "--until", "2020-09-20"] + options,
                environment: ["TERM": "xterm-256color"])
        }
        return try #require(result)
    }

    private let opening = "\u{1B}]8;;"

    @Test("lead to the commits of the only remote")
    func commits() throws {
        let result = try deploys(["--hyperlinks", "always"], remote: "git@github.com:team/shop.git")
        #expect(result.status == 0)
        let links = result.output.matches(
            of: #/\u{1B}]8;;https://github\.com/team/shop/commit/([0-9a-f]{40})\u{1B}\\([0-9a-f]{10})/#)
        #expect(links.count == 4)
        for link in links { #expect(link.1.hasPrefix(link.2)) }
    }

    @Test(
        "are never written into a pipe unasked",
        arguments: [[], ["--hyperlinks", "never"], ["--color", "always"]])
    func pipes(options: [String]) throws {
        let result = try deploys(options, remote: "git@github.com:team/shop.git")
        #expect(result.status == 0 && !result.output.contains(opening))
    }

    @Test(
        "are left out where nothing is known to stand behind the remote",
        arguments: [nil, "/srv/git/shop.git", "https://example.com/a/b", "https://github.com/a/b;c"])
    func unknown(remote: String?) throws {
        let result = try deploys(["--hyperlinks", "always"], remote: remote)
        #expect(result.status == 0 && !result.output.contains(opening))
    }
}
