import ConfigFaults
import DeployModel
import TestSupport
import Testing

@Suite("Files in which very much changes")
struct ManyChangesTests {
    private func compared(_ before: String, _ after: String) throws -> ConfigComparison {
        let (old, new): (FolderOfTexts, FolderOfTexts) = (["all.env": before], ["all.env": after])
        return try compareConfig(before: old, after: new, files: new.changes(from: old))
    }

    private func lines(_ count: Int, _ value: String) -> String {
        (0..<count).map { "NAME_\($0)=\(value)\n" }.joined()
    }

    @Test("beyond 5,000 changes of one file it is said how many were not judged")
    func cut() throws {
        let many = try compared(lines(5_003, "1"), lines(5_003, "2"))
        #expect(many.changes.count == 5_000)
        #expect(
            many.warnings.first { $0.code == "changes_cut" }?.text
                == "all.env has 5003 changes; the first 5000 of them were judged.")
        // What is gone stands where it stood.
        let old = lines(5_003, "1").replacing("NAME_7=1\n", with: "NAME_7=1\nGONE=1\n")
        let gone = try compared(old, lines(5_003, "2"))
        #expect(gone.changes.contains { $0.change.fieldPath == "GONE" && $0.change.after == nil })
        let fewer = try compared(lines(30, "1"), lines(30, "2"))
        #expect(fewer.changes.count == 30 && fewer.warnings.isEmpty)
    }

    @Test("files that several threads read give what each gives by itself")
    func sideBySide() throws {
        func text(_ file: Int, _ version: Int) -> String {
            (0..<60).map { "KEY_\($0): value \(($0 * file) % 7 == 0 ? version : 0) of \(file)\n" }.joined()
        }
        // Some are new, some are gone, and all together are more than one thread reads alone.
        let paths = (0..<90).map { "settings/f\($0).yaml" }
        func folder(_ places: some Sequence<Int>, _ version: Int) -> FolderOfTexts {
            FolderOfTexts(Dictionary(uniqueKeysWithValues: places.map { (paths[$0], text($0, version)) }))
        }
        let (old, new) = (folder(paths.indices.dropFirst(5), 1), folder(paths.indices.dropLast(5), 2))
        let files = new.changes(from: old)
        let together = try compareConfig(before: old, after: new, files: files)
        let each = try files.flatMap { try compareConfig(before: old, after: new, files: [$0]).changes }
        #expect(together.changes.map(\.change) == each.map(\.change))
        #expect(together.changes.count > 500)
    }

    /// Workloads named `a` to `e` in one file, each with a container of its own name, or all with the same one.
    private func siblings(isNamesake: Bool, _ values: [String: String]) -> FolderOfTexts {
        let manifests = ["a", "b", "c", "d", "e"].map { name in
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: \(name)}
            spec:
              template:
                spec:
                  containers:
                    - name: \(isNamesake ? name : "main")
                      env: [\(values[name].map { "{name: POOL, value: \"\($0)\"}" } ?? "")]

            """
        }
        return ["all.yaml": manifests.joined(separator: "---\n")]
    }

    @Test(
        "siblings are compared in the list that a field stands in, whatever their containers are called",
        arguments: [
            (["e": "9"], true), (["e": nil], true), (["d": "9", "e": "9"], true),
            (["a": "9", "d": "9", "e": "9"], false),
        ] as [([String: String?], Bool)], [true, false])
    func strayed(_ story: ([String: String?], Bool), isNamesake: Bool) throws {
        let before = Dictionary(uniqueKeysWithValues: ["a", "b", "c", "d", "e"].map { ($0, "20") })
        let after = before.merging(story.0.compactMapValues { $0 }) { $1 }.filter {
            story.0[$0.key] != .some(nil)
        }
        let changes = try ranked(
            siblings(isNamesake: isNamesake, before), siblings(isNamesake: isNamesake, after))
        let said = changes.flatMap(\.evidence).map(\.text).filter { $0.contains("still agree on this value") }
        #expect(said.count == (story.1 ? story.0.count : 0), "\(said)")
    }
}
