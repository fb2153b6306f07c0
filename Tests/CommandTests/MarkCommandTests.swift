import DeployModel
import GitHistory
import TestSupport
import Testing

/// Events of which many fail from a time on.
private func events(failingFrom seconds: Int) -> String {
    (0..<4000).map { index in
        let time = 1_600_000_000 + index * 86
        let isFailing = index % (time < seconds ? 90 : 3) == 0
        return "{\"ts\":\"\(Instant(seconds: time))\",\"pod\":\"web-0\",\"error\":\(isFailing)}\n"
    }.joined()
}

@Suite("blamedeploy mark")
struct MarkCommandTests {
    @Test("a marked commit is a deploy, and none when the mark is taken back")
    func markAndRemove() throws {
        try withShop { folder, repository in
            let mark = try blamedeploy([
                "mark", "HEAD~1", "--repo", repository, "--started", "2020-09-16T00:00:00Z", "--finished",
                "2020-09-16T00:05:00Z", "--environment", "production", "--author", "Ines Almeida",
            ])
            #expect(mark.status == 0, "\(mark.errors)")
            #expect(
                mark.output.contains(
                    "2020-09-16T00:00:00Z finished=2020-09-16T00:05:00Z env=production author=\"Ines Almeida\""
                ))
            let window = ["--repo", repository, "--since", "2020-09-01", "--until", "2020-09-30"]
            let listed = try blamedeploy(["deploys"] + window)
            #expect(
                listed.output.contains("1 deploy (deploy notes)") && listed.output.contains("Ines Almeida"))
            #expect(listed.errors.contains("1 commit of the window is in no deploy that was marked"))
            let removed = try blamedeploy(["mark", "HEAD~1", "--repo", repository, "--remove"])
            #expect(removed.status == 0 && removed.output.hasPrefix("took back 1 mark of"))
            #expect(try blamedeploy(["deploys"] + window).output.contains("4 deploys (first-parent commits)"))
            let again = try blamedeploy(["mark", "HEAD~1", "--repo", repository, "--remove"])
            #expect(again.status == 2 && again.errors.contains("there is no such mark"))
        }
    }

    @Test(
        "a change that is not in git is taken back by the id that it is listed under",
        arguments: [["--no-commit", "--id", "flag-push-v2-on"], ["flag-push-v2-on"]])
    func removedByID(arguments: [String]) throws {
        try withShop { _, repository in
            func mark(_ arguments: String...) throws -> CommandRun {
                try blamedeploy(["mark", "--repo", repository] + arguments)
            }
            for (title, time) in [
                ("Flag push-v2 on", "1600216000"), ("Flag push-v2 on", "1600219600"),
                ("Rotate the key", "1600216000"),
            ] {
                #expect(try mark("--no-commit", "--title", title, "--started", time).status == 0)
            }
            let window = ["--repo", repository, "--since", "2020-09-01", "--until", "2020-09-30"]
            func ids() throws -> [String] {
                let listed = try blamedeploy(["deploys", "--deploys", "notes", "--format", "json"] + window)
                return listed.output.split(separator: "\n").filter { $0.contains("\"id\": ") }.map {
                    String($0.split(separator: "\"").dropLast().last ?? "")
                }
            }
            #expect(try ids() == ["flag-push-v2-on", "rotate-the-key", "flag-push-v2-on#2"])
            let removed = try blamedeploy(["mark", "--repo", repository, "--remove"] + arguments)
            #expect(removed.status == 0 && removed.output.hasPrefix("took back 1 mark of"), "\(removed)")
            #expect(try ids() == ["rotate-the-key", "flag-push-v2-on"])
            let again = try blamedeploy([
                "mark", "--repo", repository, "--remove", "--no-commit", "--id", "nosuch",
            ])
            #expect(again.status == 2 && again.errors.contains("there is no such mark"))
            #expect(try blamedeploy(["mark", "--repo", repository, "--remove", "nosuch"]).status == 2)
        }
    }

    @Test("what has not begun cannot be marked")
    func future() throws {
        try withShop { _, repository in
            let mark = try blamedeploy(["mark", "--repo", repository, "--started", "2999-01-01"])
            #expect(
                mark.status == 64 && mark.output.isEmpty && mark.errors.contains("would begin at 2999-01-01"))
            #expect(
                try blamedeploy(["deploys", "--repo", repository, "--deploys", "notes"]).output.contains(
                    "0 deploys"))
        }
    }

    @Test("a change that is not in git joins the history, and is blamed when it did it")
    func outsideGit() throws {
        try withShop { folder, repository in
            try write(events(failingFrom: 1_600_216_000), to: "\(folder)/e.ndjson")
            let mark = try blamedeploy([
                "mark", "--no-commit", "--title", "Flag push-v2 on", "--started", "1600216000", "--repo",
                repository,
            ])
            #expect(mark.status == 0, "\(mark.errors)")
            let report = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(report.output.contains("✗ flag-push-v2-on  Flag push-v2 on"), "\(report.output)")
            #expect(report.output.contains("this change is not in git: there is no configuration to compare"))
            let told = report.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(told.contains("5 deploys (first-parent commits, deploy notes)"), "\(report.output)")
            let asked = try blamedeploy([
                "\(folder)/e.ndjson", "--repo", repository, "--deploy", "flag-push-v2-on",
            ])
            #expect(asked.output.contains("Why flag-push-v2-on"))
            let diff = try blamedeploy(["diff", "flag-push-v2-on", "--repo", repository])
            #expect(diff.status == 2 && diff.errors.contains("not in git, so there is nothing to compare"))
        }
    }

    @Test("and is not blamed for what began a day before it")
    func innocentChange() throws {
        try withShop { folder, repository in
            try write(events(failingFrom: 1_600_130_000), to: "\(folder)/e.ndjson")
            _ = try blamedeploy([
                "mark", "--no-commit", "--title", "Flag push-v2 on", "--started", "1600216000", "--repo",
                repository,
            ])
            let report = try blamedeploy(["\(folder)/e.ndjson", "--repo", repository])
            #expect(!report.output.contains("✗ flag-push-v2-on"), "\(report.output)")
        }
    }

    @Test(
        "says what is wrong with a mark",
        arguments: [
            (["--no-commit"], 64, "needs a --title"),
            (["HEAD", "--no-commit", "--title", "x"], 64, "choose one"),
            (["--started", "yesterday"], 64, "--started takes"), (["--title", "a\nb"], 64, "one line"),
            (["nonsense"], 2, "there is no revision 'nonsense'"),
            (["--started", "5m", "--finished", "20m"], 64, "before it began"),
        ] as [([String], Int32, String)])
    func wrong(arguments: [String], status: Int32, words: String) throws {
        try withShop { _, repository in
            let result = try blamedeploy(["mark", "--repo", repository] + arguments)
            #expect(result.status == status && result.errors.contains(words), "\(result)")
            #expect(result.output.isEmpty)
            #expect(
                try Repository(discovering: repository).deploys(
                    .notes, from: Repository(discovering: repository).resolve("HEAD"), window: nil
                ).isEmpty)
        }
    }
}
