import ConfigTree
import Foundation
import TestSupport
import Testing

/// Prints the documents of a file as JSON, every scalar as the text it is, merge keys expanded.
private let script = """
    import json, sys, yaml
    class Texts(yaml.SafeLoader): pass
    Texts.yaml_implicit_resolvers = {
        first: [r for r in rules if r[0] == 'tag:yaml.org,2002:merge']
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    print(json.dumps(list(yaml.load_all(open(sys.argv[1], 'rb').read(), Loader=Texts))))
    """

/// What `python3` prints, or `nil` when it is not there or fails.
private func python(_ arguments: [String]) -> [UInt8]? {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? [UInt8](bytes) : nil
}

private let hasPyYAML = python(["-c", "import yaml"]) != nil

/// The values that count, keys sorted, on one line.
private func effective(_ node: ConfigNode?) -> String {
    guard let node else { return "" }
    switch node.kind {
    case .scalar(let scalar): return "'\(scalar.text)'"
    case .sequence(let elements): return "[\(elements.map(effective).joined(separator: ", "))]"
    case .mapping(let entries):
        let keys = Set(entries.map(\.key)).sorted()
        return "{\(keys.map { "\($0): \(effective(node[$0]))" }.joined(separator: ", "))}"
    }
}

@Suite("Agreeing with another YAML reader")
struct OracleTests {
    @Test(
        "finds the same effective values",
        .enabled(if: hasPyYAML, "python3 with the module yaml is not installed: nothing was compared"),
        arguments: ["anchors", "scalars", "documents"])
    func values(name: String) throws {
        let path = "configtree/oracle/\(name).yaml"
        let theirs = try #require(python(["-c", script, "\(packageRoot)/Fixtures/\(path)"]))
        let file = try #require(parseConfig(path: path, contents: try fixture(path)))
        #expect(file.documents.allSatisfy { $0.problem == nil })
        let expected = try parseJSON(theirs).elements.map(effective)
        #expect(file.documents.map { effective($0.root) } == expected)
    }
}
