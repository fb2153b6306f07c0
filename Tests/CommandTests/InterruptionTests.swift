import Foundation
import GitHistory
import TestSupport
import Testing

/// A shell line that is killed in the middle; 128 and the signal's number is what a shell says of a killed program.
private func shell(_ line: String, environment: [String: String] = [:]) throws -> CommandRun {
    try run("bash", ["-c", line], environment: environment)
}

/// Whether a file system of its own can be mounted, as root may in most places.
private let mayMount: Bool = {
    (try? withTemporaryFolder { folder in
        let line = "mount -t tmpfs -o size=64k none '\(folder)' && umount '\(folder)'"
        return try shell(line).status == 0
    }) ?? false
}()

private func withFileSystem(size: String, _ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
        #expect(try shell("mount -t tmpfs -o size=\(size) none '\(folder)'").status == 0)
        defer { _ = try? shell("umount -l '\(folder)'") }
        try body(folder)
    }
}

private func files(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
}

@Suite("Runs that end too early")
struct InterruptionTests {
    @Test(
        "an investigation that is interrupted dies of the signal and leaves nothing behind",
        arguments: [("INT", 130), ("TERM", 143), ("KILL", 137), ("HUP", 129)])
    func investigation(signal: String, status: Int32) throws {
        try withShop { folder, repository in
            try FileManager.default.createDirectory(
                atPath: "\(folder)/tmp", withIntermediateDirectories: true)
            let event = "{\"ts\":\"2020-09-14T00:00:00Z\",\"error\":true}"
            // It is waited until some of the events are kept, which begins after 16 MiB, in a file whose name is gone. A shell has what it
            // starts in the background ignore SIGINT.
            // The shell holds the pipe open, so that the stream does not end; nothing that sleeps may be left, for it would be waited for.
            let line = """
                mkfifo '\(folder)/pipe'; exec 9<> '\(folder)/pipe'
                (yes '\(event)' | head -c 20000000) > '\(folder)/pipe' 2> /dev/null 9>&- &
                env --default-signal '\(blamedeployPath)' - --repo '\(repository)' --export json='\(folder)/report.json' < '\(folder)/pipe' 9>&- & program=$!
                isKeeping() { ls -l /proc/$program/fd 2> /dev/null | grep -q '\(folder)/tmp/blamedeploy-.*deleted'; }
                for i in $(seq 400); do isKeeping && echo keeping && break; sleep 0.05; done
                kill -\(signal) $program
                for i in $(seq 400); do kill -0 $program 2> /dev/null || break; sleep 0.05; done
                kill -KILL $program 2> /dev/null; wait $program
                """
            let result = try shell(line, environment: ["TMPDIR": "\(folder)/tmp"])
            #expect(result.status == status, "\(result)")
            #expect(result.output == "keeping\n")
            #expect(try files(in: "\(folder)/tmp").isEmpty)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/report.json"))
        }
    }

    @Test(
        "marks that are terminated at any moment leave no lock, and every mark that said it was made is there"
    )
    func marks() throws {
        try withShop { _, repository in
            let line = """
                cd '\(repository)'; made=0
                for i in $(seq 60); do
                  '\(blamedeployPath)' mark HEAD --started 2020-09-14 --id "m$i" > out 2> err & program=$!
                  sleep 0.0$((RANDOM % 5))$((RANDOM % 10)); kill -TERM $program 2> /dev/null
                  if wait $program; then echo "m$i"; fi
                  find .git -name '*.lock' -not -path '*/objects/*'
                done
                """
            let said = try shell(line).output.split(separator: "\n")
            #expect(said.allSatisfy { $0.hasPrefix("m") }, "\(said)")
            let kept = try shell("git -C '\(repository)' -c safe.directory='*' notes --ref deploys show HEAD")
                .output
            for id in said { #expect(kept.contains("id=\(id) ") || kept.contains("id=\(id)\n"), "\(id)") }
            #expect(try shell("git -C '\(repository)' -c safe.directory='*' fsck --full").status == 0)
        }
    }

    @Test("of two marks at once both are there")
    func twoAtOnce() throws {
        try withShop { _, repository in
            let mark = "'\(blamedeployPath)' mark HEAD --repo '\(repository)' --started 2020-09-14 --id"
            #expect(try shell("\(mark) one & a=$!; \(mark) two & b=$!; wait $a && wait $b").status == 0)
            let kept = try shell("git -C '\(repository)' -c safe.directory='*' notes --ref deploys show HEAD")
                .output
            #expect(kept.contains("id=one") && kept.contains("id=two"))
        }
    }

    @Test(
        "a reader that goes away is no error, and nothing is said of it",
        arguments: ["text", "json", "html", "markdown"])
    func closedPipe(format: String) throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            let result = try shell(
                "'\(blamedeployPath)' '\(folder)/e.ndjson' --repo '\(repository)' --format \(format) | head -c 1 > /dev/null; echo ${PIPESTATUS[0]}"
            )
            #expect(result.output == "0\n" && result.errors.isEmpty, "\(result)")
        }
    }

    @Test(
        "a full disk is told, with status 2, wherever it is met",
        .enabled(if: mayMount, "only root mounts file systems"))
    func fullDisk() throws {
        try withShop { folder, repository in
            try write(events(20_000), to: "\(folder)/e.ndjson")
            try withFileSystem(size: "64k") { small in
                let program = "'\(blamedeployPath)' --repo '\(repository)'"
                func expectTold(
                    _ line: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
                ) throws {
                    let result = try shell(line, environment: ["TMPDIR": small])
                    #expect(
                        result.status == 2 && result.errors.contains(words), "\(result)",
                        sourceLocation: sourceLocation)
                }
                // What is kept to be read twice, a report, an export over one that is there.
                try expectTold("\(program) - < '\(folder)/e.ndjson'", "No space left")
                #expect(try files(in: small).isEmpty)
                try expectTold("\(program) '\(folder)/e.ndjson' > /dev/full", "standard output")
                try write("old", to: "\(small)/report.html")
                #expect(try shell("head -c 60000 /dev/zero > '\(small)/ballast'").status == 0)
                try expectTold(
                    "\(program) '\(folder)/e.ndjson' --export html='\(small)/report.html'", "No space left")
                #expect(try files(in: small) == ["ballast", "report.html"])
                #expect(try String(contentsOfFile: "\(small)/report.html", encoding: .utf8) == "old")
            }
        }
    }

    @Test("a mark on a full disk is no half mark", .enabled(if: mayMount, "only root mounts file systems"))
    func fullDiskMark() throws {
        try withShop { _, repository in
            try withFileSystem(size: "512k") { small in
                #expect(try shell("cp -r '\(repository)/.git' '\(small)/.git'").status == 0)
                let mark = "'\(blamedeployPath)' mark HEAD --repo '\(small)' --started 2020-09-14 --id"
                #expect(try shell("\(mark) one").status == 0)
                _ = try shell("dd if=/dev/zero of='\(small)/ballast' bs=4k 2> /dev/null")
                let result = try shell("\(mark) two")
                #expect(result.status == 2 && result.errors.hasPrefix("error: "), "\(result)")
                let git = "git -C '\(small)' -c safe.directory='*'"
                let kept = try shell("\(git) notes --ref deploys show HEAD").output
                #expect(kept.contains("id=one") && !kept.contains("id=two"))
                #expect(try shell("rm '\(small)/ballast'; \(mark) two && \(git) fsck --full").status == 0)
            }
        }
    }

    @Test(
        "a folder that cannot be written is read, and not marked",
        .enabled(if: mayMount, "only root mounts file systems"))
    func readOnly() throws {
        try withShop { folder, repository in
            try write(events(), to: "\(folder)/e.ndjson")
            try withFileSystem(size: "8m") { frozen in
                #expect(
                    try shell(
                        "cp -r '\(repository)/.git' '\(frozen)/.git' && mount -o remount,ro '\(frozen)'"
                    ).status == 0)
                let program = "'\(blamedeployPath)'"
                let read = try shell(
                    "cd '\(frozen)' && \(program) '\(folder)/e.ndjson' && \(program) lint && \(program) deploys"
                )
                #expect(read.status == 0, "\(read)")
                for line in ["mark HEAD --started 2020-09-14", "init", "deploys --export json=x.json"] {
                    let result = try shell("cd '\(frozen)' && \(program) \(line)")
                    #expect(result.status == 2 && result.errors.contains("\n  help: "), "\(line): \(result)")
                }
            }
        }
    }
}
