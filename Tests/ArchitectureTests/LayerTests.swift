import FoundationEssentials
import TestSupport
import Testing

/// The arrows of `docs/architecture.md` as data: what each target may import besides the standard library.
private let allowedImports: [String: Set<String>] = [
    "DeployModel": [],
    "Parallel": ["Dispatch", "Synchronization"],
    "ChangeDetection": ["DeployModel", "Parallel", "RealModule", "Synchronization"],
    "Attribution": ["DeployModel", "Parallel", "RealModule", "Synchronization"],
    "ConfigTree": ["CLibyaml", "DeployModel"],
    "Kustomize": ["ConfigTree", "DeployModel"],
    "ConfigFaults": [
        "ConfigTree", "DeployModel", "Kustomize", "Parallel", "RealModule", "Synchronization",
    ],
    "DelimitedText": [],
    "GitHistory": [
        "CLibgit2", "CZlib", "DeployModel", "FoundationEssentials", "Foundation", "Parallel",
        "Synchronization",
    ],
    "DeployRecords": ["ConfigTree", "DelimitedText", "DeployModel"],
    "Settings": ["ConfigTree", "DeployModel"],
    "EventIngest": [
        "CDelimited", "CJSONLines", "CSimdjson", "CZlib", "CZstd", "DelimitedText", "DeployModel", "Parallel",
        "RealModule", "Synchronization",
    ],
    "Connectors": ["Attribution", "CCurl", "DeployModel", "EventIngest"],
    "Investigation": ["Attribution", "ChangeDetection", "ConfigFaults", "DeployModel", "RealModule"],
    "Reporting": ["DeployModel", "Parallel"],
    "Scenario": ["DeployModel", "GitHistory"],
    "BlameDeployCLI": [
        "ArgumentParser", "Attribution", "ChangeDetection", "ConfigFaults", "ConfigTree", "Connectors",
        "DeployModel", "DeployRecords", "Dispatch", "EventIngest", "GitHistory", "Investigation", "Parallel",
        "Reporting", "Scenario",
        "Settings", "Synchronization",
    ],
    "blamedeploy": ["BlameDeployCLI"],
]

/// The C library of the platform, which the ends of the program may call.
private let platformModules: Set<String> = ["Glibc", "Musl", "Darwin"]
private let ends: Set<String> = ["Connectors", "GitHistory", "EventIngest", "BlameDeployCLI", "Parallel"]

private struct SourceFile: CustomTestStringConvertible {
    var target: String
    var path: String
    var lines: [Substring]
    var testDescription: String { path }
}

private let sources: [SourceFile] = {
    let root = "\(packageRoot)/Sources"
    guard let paths = try? FileManager.default.subpathsOfDirectory(atPath: root) else { return [] }
    return paths.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
        guard let text = try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8) else { return nil }
        return SourceFile(
            target: String(path.prefix { $0 != "/" }), path: path, lines: text.split(separator: "\n"))
    }
}()

@Suite("The arrows run one way")
struct LayerTests {
    @Test("every target is in the table, and the table names no other")
    func tableIsComplete() {
        let pure = Set(sources.map(\.target))
        #expect(pure == Set(allowedImports.keys))
    }

    @Test("a file imports only what its target may", arguments: sources)
    private func imports(file: SourceFile) {
        let allowed = (allowedImports[file.target] ?? []).union(
            ends.contains(file.target) ? platformModules : [])
        for line in file.lines {
            let words = line.split(separator: " ").filter {
                !["public", "package", "internal", "private"].contains($0)
            }
            // The demo writes Go, whose imports are quoted.
            guard words.first == "import", let module = words.dropFirst().first, !module.hasPrefix("\"")
            else {
                continue
            }
            #expect(allowed.contains(String(module)), "\(file.path) imports \(module)")
        }
    }

    @Test("only Terminal writes to the standard streams or ends the process", arguments: sources)
    private func onlyTerminalWrites(file: SourceFile) {
        guard !file.path.hasSuffix("/Terminal.swift") else { return }
        for line in file.lines {
            let code = line.prefix { $0 != "/" }
            for word in [" print(", " fputs(", "FileHandle.standard", " exit(", " abort(", "STDOUT_FILENO"] {
                let ofTerminal = word == " print(" && code.contains("terminal.print(")
                #expect(!code.contains(word) || ofTerminal, "\(file.path): \(line)")
            }
        }
    }

    @Test("nothing defeats the compiler's proofs", arguments: sources)
    private func noEscapes(file: SourceFile) {
        for word in ["@unchecked", "nonisolated(unsafe)", "@preconcurrency", "try!", " as! "] {
            #expect(!file.lines.contains { $0.contains(word) }, "\(file.path) says \(word)")
        }
    }

    @Test("names say what things are", arguments: sources)
    private func names(file: SourceFile) {
        let vague = ["Manager", "Helper", "Handler", "Processor", "Engine", "Util"]
        for line in file.lines {
            let words = line.split { !$0.isLetter }.map(String.init)
            for (keyword, name) in zip(words, words.dropFirst())
            where ["struct", "class", "enum", "protocol", "actor"].contains(keyword) {
                #expect(!vague.contains { name.hasSuffix($0) }, "\(file.path): \(name)")
            }
        }
    }

    @Test("the top level holds what was agreed and nothing else")
    func topLevel() throws {
        let agreed: Set = [
            "Package.swift", "Sources", "Tests", "Fixtures", "docs", "README.md",
            // Made by building and by trying the demo; git ignores both.
            "Package.resolved", "blamedeploy-demo",
        ]
        let found = try FileManager.default.contentsOfDirectory(atPath: packageRoot)
        #expect(found.filter { !$0.hasPrefix(".") && !agreed.contains($0) }.isEmpty)
    }
}
