import DeployModel
import Reporting
import TestSupport
import Testing

private let commit = SampleReports.commit(10)
private let sha = String(repeating: "a", count: 40)

/// A repository on GitHub.
private let hosted = HostedRepository(remote: "git@github.com:a/b")

@Suite("Links to where a repository is hosted")
struct HostedRepositoryTests {
    @Test(
        "a remote leads to the page of its repository",
        arguments: [
            ("git@github.com:darklang/dark.git", "https://github.com/darklang/dark"),
            ("https://github.com/darklang/dark", "https://github.com/darklang/dark"),
            ("https://github.com/darklang/dark.git/", "https://github.com/darklang/dark"),
            ("ssh://git@ssh.github.com:443/darklang/dark.git", "https://github.com/darklang/dark"),
            ("git://GitHub.com/darklang/dark", "https://github.com/darklang/dark"),
            ("https://github.example.com/team/shop", "https://github.example.com/team/shop"),
            ("git@gitlab.com:a/b/c/shop.git", "https://gitlab.com/a/b/c/shop"),
            ("https://gitlab.example.com:8443/a/shop.git", "https://gitlab.example.com:8443/a/shop"),
            ("ssh://git@gitlab.example.com:2222/a/shop.git", "https://gitlab.example.com/a/shop"),
            ("git@bitbucket.org:team/shop.git", "https://bitbucket.org/team/shop"),
            ("https://codeberg.org/ines/shop.git", "https://codeberg.org/ines/shop"),
            ("http://gitea.example.com:3000/ines/shop", "http://gitea.example.com:3000/ines/shop"),
        ])
    func pages(remote: String, page: String) {
        #expect(HostedRepository(remote: remote)?.page == page)
    }

    @Test(
        "what a remote says of users and passwords is left out",
        arguments: [
            "https://ines:s3cret@github.com/team/shop.git", "https://s3cret@github.com/team/shop",
            "https://x-access-token:s3cret@github.com/team/shop", "https://a@b:s3cret@github.com/team/shop",
        ])
    func secrets(remote: String) {
        #expect(HostedRepository(remote: remote)?.page == "https://github.com/team/shop")
    }

    @Test(
        "no link is guessed",
        arguments: [
            "", "/srv/git/shop.git", "../shop", "file:///srv/git/shop.git", "C:\\code\\shop",
            "work:team/shop",
            "https://example.com/team/shop", "https://github.com", "https://github.com/",
            "git@github.com:shop",
            "https://github.com/a/b/c", "https://github.com/../shop", "https://github.com/a//shop",
            "https://github.com/team/shop?x=1", "https://github.com/team/sh op",
            "https://github.com/team/shöp",
            "javascript://github.com/a/b", "https://github.com:80:90/a/b", "https://git\u{1B}hub.com/a/b",
            "https://github.com/a/b\u{1B}\\\u{1B}]8;;https://evil.example", "https://github.com/a/b\n",
            "https://[::1]/github.com/a", "git@bitbucket.example.com:team/shop.git",
            "https://notgithub.com/a/b", "https://" + String(repeating: "a", count: 600) + ".github.com/a/b",
        ])
    func nothing(remote: String) { #expect(HostedRepository(remote: remote) == nil) }

    @Test(
        "each site has its own way to say commit and lines",
        arguments: [
            (
                "git@github.com:a/b", "/commit/\(sha)", "/blob/\(sha)/k/x.yaml#L3",
                "/blob/\(sha)/k/x.yaml#L3-L5"
            ),
            (
                "git@gitlab.com:a/b", "/-/commit/\(sha)", "/-/blob/\(sha)/k/x.yaml#L3",
                "/-/blob/\(sha)/k/x.yaml#L3-5"
            ),
            (
                "git@bitbucket.org:a/b", "/commits/\(sha)", "/src/\(sha)/k/x.yaml#lines-3",
                "/src/\(sha)/k/x.yaml#lines-3:5"
            ),
            (
                "git@codeberg.org:a/b", "/commit/\(sha)", "/src/commit/\(sha)/k/x.yaml#L3",
                "/src/commit/\(sha)/k/x.yaml#L3-L5"
            ),
        ])
    func lines(remote: String, own: String, line: String, stretch: String) throws {
        let hosted = try #require(HostedRepository(remote: remote))
        #expect(hosted.address(of: commit) == hosted.page + own)
        #expect(hosted.address(of: "k/x.yaml", lines: 3...3, at: commit) == hosted.page + line)
        #expect(hosted.address(of: "k/x.yaml", lines: 3...5, at: commit) == hosted.page + stretch)
    }

    @Test(
        "a path is only a path, whatever it is called",
        arguments: [
            ("a b/#1?.yaml", "a%20b/%231%3F.yaml"), ("k/\u{1B}]8;;x\u{7}.env", "k/%1B%5D8%3B%3Bx%07.env"),
            ("größe.yaml", "gr%C3%B6%C3%9Fe.yaml"), ("100%.env", "100%25.env"),
        ])
    func paths(path: String, encoded: String) throws {
        let hosted = try #require(HostedRepository(remote: "git@github.com:a/b"))
        #expect(
            hosted.address(of: path, lines: 1...1, at: commit)
                == "https://github.com/a/b/blob/\(sha)/\(encoded)#L1")
    }

    @Test(
        "a path that leads elsewhere has no link",
        arguments: [
            "../x", "a/../../x", "/etc/passwd", "a//b", "", String(repeating: "a/", count: 1500) + "a",
        ])
    func elsewhere(path: String) throws {
        let hosted = try #require(HostedRepository(remote: "git@github.com:a/b"))
        #expect(hosted.address(of: path, lines: 1...1, at: commit) == nil)
    }

    @Test("the screen is the same with links, letter by letter", arguments: SampleReports.names, [60, 100])
    func screen(name: String, width: Int) throws {
        let report = SampleReports.report(name)
        var style = TextStyle(width: width)
        let plain = renderText(report, style: style)
        style.links = hosted
        let linked = renderText(report, style: style)
        #expect(linked.replacing(#/\u{1B}]8;;[^\u{1B}]*\u{1B}\\/#, with: "") == plain)
        // What is opened is closed.
        let openings = linked.matches(of: #/\u{1B}]8;;([^\u{1B}]*)\u{1B}\\/#).map { !$0.1.isEmpty }
        #expect(openings.count.isMultiple(of: 2))
        #expect(openings.enumerated().allSatisfy { $0.element == $0.offset.isMultiple(of: 2) })
    }

    @Test("deploys lead to their commits, lines to their place, and what is gone to the commit that shows it")
    func targets() throws {
        var style = TextStyle(width: 100)
        style.links = hosted
        let text = renderText(SampleReports.report("blamed"), style: style)
        let third = SampleReports.commit(3).hex
        let links = text.matches(of: #/\u{1B}]8;;([^\u{1B}]+)\u{1B}\\([^\u{1B}]*)\u{1B}]8;;/#)
            .map { "\($0.2) \($0.1)" }
        #expect(links.contains("3333333333 https://github.com/a/b/commit/\(third)"))
        #expect(
            links.contains(
                "deploy/mailer/mailer.yaml.template:38-39 https://github.com/a/b/blob/\(third)/deploy/mailer/mailer.yaml.template#L38-L39"
            ), "\(links)")
    }
}
