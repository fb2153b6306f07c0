import ConfigTree
import DeployModel

/// The changes of files that configure without being trees: container recipes, named templates, server configuration in
/// languages of their own. They are told by line, a stretch of changed lines each.
struct RecipeFile {
    var file: FileChange
    /// The lines before and after.
    private(set) var before: [String], after: [String]

    private static let mostBytes = 1 << 20
    private static let mostChanges = 200

    /// - Parameter isUsed: whether the file is known to be configuration whatever it is called.
    /// - Returns: `nil` for a file that is none of these, or that is gone, large or binary.
    init?(
        _ file: FileChange, before: (any SourceTree)?, after: any SourceTree, isUsed: Bool = false
    ) throws {
        guard isUsed || Self.isRecipe(path: file.path), file.status != .removed else { return nil }
        func read(_ path: String, _ tree: (any SourceTree)?) throws -> [String]? {
            guard let contents = try tree?.contents(of: path), contents.count <= Self.mostBytes,
                !contents.contains(0)
            else { return nil }
            return String(decoding: contents, as: UTF8.self)
                .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        }
        guard let after = try read(file.path, after) else { return nil }
        self.file = file
        self.after = after
        self.before = file.status == .added ? [] : try read(file.pathBefore, before) ?? []
    }

    static func isRecipe(path: String) -> Bool {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if ["dockerfile", "containerfile", "caddyfile", "procfile"].contains(name) { return true }
        if name.hasPrefix("dockerfile.") || name.hasSuffix(".dockerfile") { return true }
        return [".tpl", ".conf", ".vcl", ".conf.template"].contains(where: name.hasSuffix)
    }

    /// The stretches of lines that say something else now; blank lines, comments and indentation aside.
    var changes: [FoundChange] {
        let difference = LineDifference(before, after)
        return difference.stretches(newCount: after.count).lazy
            .filter { said(before[$0.old]) != said(after[$0.new]) }
            .prefix(Self.mostChanges).map { change(old: $0.old, new: $0.new, of: difference) }
    }

    private func said(_ lines: ArraySlice<String>) -> [Substring] {
        lines.map(\.trimmed).filter { line in
            !line.isEmpty && !["#", "//", "{{/*", "{{- /*"].contains(where: line.hasPrefix)
        }
    }

    private func change(old: Range<Int>, new: Range<Int>, of difference: LineDifference) -> FoundChange {
        let told = said(after[new]).first ?? said(before[old]).first ?? ""
        let instruction = told.prefix(while: \.isLetter)
        let isInstruction = !instruction.isEmpty && instruction.allSatisfy(\.isUppercase)
        return FoundChange(
            change: FieldChange(
                path: file.path, line: min(new.lowerBound + 1, max(after.count, 1)),
                endLine: max(min(new.lowerBound + 1, max(after.count, 1)), new.upperBound),
                oldLine: old.isEmpty ? nil : old.lowerBound + 1,
                fieldPath: isInstruction ? String(instruction) : new.count > 1 ? "lines" : "line",
                before: said(before[old]).first.map { masked(String($0.prefix(400))) },
                after: said(after[new]).first.map { masked(String($0.prefix(400))) }
            ),
            path: [.key(isInstruction && instruction != "ENV" ? "command" : "line")],
            isReachKnown: false, changedLines: difference.count)
    }
}
