public import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The folder of the package, found from this file.
public let packageRoot: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
}()

/// The bytes of a file below `Fixtures`.
public func fixture(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: "\(packageRoot)/Fixtures/\(path)")))
}

/// Compares a text with a golden file below `Fixtures/golden`; `UPDATE_GOLDEN=1` writes the file instead.
///
/// A missing file is written, and the test fails once, so that nobody commits an expectation unseen.
public func expectGolden(
    _ text: String, matches name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try expectFile(text, at: "Fixtures/golden/\(name)", sourceLocation: sourceLocation)
}

/// The same with a file anywhere in the package.
public func expectFile(
    _ text: String, at path: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let url = URL(filePath: "\(packageRoot)/\(path)")
    let isUpdate = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"
    let expected = try? String(contentsOf: url, encoding: .utf8)
    if isUpdate || expected == nil {
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }
    guard !isUpdate else { return }
    guard let expected else {
        Issue.record(
            "\(path) was missing and has been written: read it, then run again",
            sourceLocation: sourceLocation)
        return
    }
    #expect(
        text == expected, "differs from \(path); UPDATE_GOLDEN=1 rewrites it",
        sourceLocation: sourceLocation)
}
