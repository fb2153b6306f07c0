import Foundation

/// What a program did.
public struct CommandRun: Sendable {
    /// Its exit status.
    public var status: Int32
    /// What it wrote.
    public var output: String, errors: String
}

/// Runs a program found on the path, or by a path, and waits for it.
///
/// - Parameters:
///   - input: what it reads from standard input; nothing by default.
///   - environment: set in addition to the test's own.
public func run(
    _ program: String, _ arguments: [String], in folder: String? = nil, input: [UInt8] = [],
    environment: [String: String] = [:]
) throws -> CommandRun {
    let process = Process()
    process.executableURL = URL(filePath: program.contains("/") ? program : "/usr/bin/env")
    process.arguments = program.contains("/") ? arguments : [program] + arguments
    if let folder { process.currentDirectoryURL = URL(filePath: folder) }
    process.environment = environmentWithoutCI.merging(environment) { _, new in new }
    // Files instead of pipes: neither side can wait for the other.
    return try withTemporaryFolder { scratch in
        let (inputPath, outputPath, errorPath) = ("\(scratch)/in", "\(scratch)/out", "\(scratch)/err")
        for path in [inputPath, outputPath, errorPath] {
            try Data().write(to: URL(filePath: path))
        }
        try Data(input).write(to: URL(filePath: inputPath))
        process.standardInput = FileHandle(forReadingAtPath: inputPath)
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        try process.run()
        process.waitUntilExit()
        return CommandRun(
            status: process.terminationStatus,
            output: String(decoding: try Data(contentsOf: URL(filePath: outputPath)), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: URL(filePath: errorPath)), as: UTF8.self))
    }
}

/// Runs the program that this package builds, found beside the test bundle.
public func blamedeploy(
    _ arguments: [String], in folder: String? = nil, input: [UInt8] = [], columns: Int = 100,
    environment: [String: String] = [:]
) throws -> CommandRun {
    try run(
        builtFolder + "/blamedeploy", arguments, in: folder, input: input,
        environment: ["COLUMNS": String(columns), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"].merging(environment) {
            $1
        })
}

/// The test's own environment, but for what says that a CI runs it: what it runs would speak to that CI.
private let environmentWithoutCI = ProcessInfo.processInfo.environment.filter { name, _ in
    let prefixes = [
        "GITHUB_", "GITLAB_", "CI_", "CIRCLE", "BUILDKITE", "TF_BUILD", "TEAMCITY_", "BITBUCKET_", "DRONE",
        "CODEBUILD_", "TRAVIS", "JENKINS_",
    ]
    return name != "CI" && !prefixes.contains(where: name.hasPrefix)
}

/// The folder of the built products.
/// Where the built program is.
public let blamedeployPath = builtFolder + "/blamedeploy"

private let builtFolder: String = {
    let bundle =
        CommandLine.arguments.first { $0.contains(".xctest") || $0.contains(".build") }
        ?? CommandLine.arguments[0]
    var parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
    // On macOS the executable lies deep inside the bundle.
    if let end = parts.firstIndex(where: { $0.hasSuffix(".xctest") }) {
        parts = Array(parts[..<end])
    } else {
        parts.removeLast()
    }
    return parts.joined(separator: "/")
}()

/// Whether a program is on the path; tests that need one are disabled loudly without it.
public func isInstalled(_ program: String) -> Bool { (try? run(program, ["--version"]).status) == 0 }

/// Makes a folder for the length of a call.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(
        path: "blamedeploy-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// Writes a text file below a folder, with the folders above it.
public func write(_ text: String, to path: String) throws {
    let url = URL(filePath: path)
    try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
}
