import ConfigTree
import DeployModel

/// F37: files that are filled in with variables (`${X}`) of which nothing defines one any more.
///
/// Where the other variables of the file are defined nowhere in the repository either, they are defined elsewhere, and
/// nothing is said.
///
/// - Parameters:
///   - files: the changed files that are trees.
///   - recipes: the changed files that are read by line.
///   - examples: files that are there to be copied and define nothing themselves.
func findUnsetVariables(
    in changes: inout [FoundChange], files: [ChangedFile], recipes: [RecipeFile], after tree: any SourceTree,
    except examples: Set<String>, cache: ManifestCache
) throws {
    let filled = files.compactMap(FilledFile.init) + recipes.compactMap(FilledFile.init)
    let removed = Set(changes.flatMap(\.definitionsLost))
    let isAnyNew = filled.contains { !$0.newNames.isEmpty }
    guard isAnyNew || !removed.isEmpty else { return }
    var names = removed
    var dotted: Set<String> = []
    for file in filled where !file.newNames.isEmpty {
        if file.syntax == .spring {
            dotted.formUnion(file.names)
        } else {
            names.formUnion(file.names)
        }
    }
    let known = try VariableDefinitions(of: names, in: tree, except: examples)
    let defined = try known.defined.union(springNames(dotted, in: tree, cache: cache))
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    for file in filled {
        for finding in file.findings(defined: defined, known: known) {
            attach(
                finding.finding, line: finding.line, field: finding.field, path: file.path, among: byPath,
                to: &changes)
        }
    }
    for index in changes.indices { findLostDefinition(in: &changes[index], known: known) }
}

/// A changed file that is filled in, with what it refers to.
private struct FilledFile {
    var path: String
    var syntax: VariableSyntax
    /// The required references after the change, one a name, and those of before by line's number.
    private var after: [VariableReference]
    private var before: Set<String>
    /// The references before the change, for telling what a new one stands in place of.
    private var beforeLines: [String]
    private var afterLines: [String]

    init?(_ file: ChangedFile) {
        guard let after = file.after else { return nil }
        self.init(
            path: file.file.path, syntax: VariableSyntax(path: file.file.path, file: after),
            before: file.before?.lines ?? [], after: after.lines)
    }

    init?(_ file: RecipeFile) {
        self.init(
            path: file.file.path, syntax: VariableSyntax(path: file.file.path, file: nil),
            before: file.before,
            after: file.after)
    }

    private init?(path: String, syntax: VariableSyntax?, before: [String], after: [String]) {
        guard let syntax else { return nil }
        guard !isExample(path) else { return nil }
        self.path = path
        self.syntax = syntax
        var seen: Set<String> = []
        self.after = variableReferences(in: after, syntax).filter {
            $0.isRequired && !isSetByPlatform($0.name) && seen.insert($0.name).inserted
        }
        self.before = Set(variableReferences(in: before, syntax).filter(\.isRequired).map(\.name))
        beforeLines = before
        afterLines = after
    }

    private var requiredNames: Set<String> { Set(after.map(\.name)) }

    /// What the file asks for, or asked for before.
    var names: Set<String> { requiredNames.union(before) }

    private var isManifest: Bool {
        syntax == .template && afterLines.contains { $0.hasPrefix("apiVersion:") }
    }

    /// The names that the change makes the file ask for.
    var newNames: Set<String> { requiredNames.subtracting(before) }

    func findings(defined: Set<String>, known: VariableDefinitions) -> [(
        finding: FaultFinding, line: Int, field: String
    )] {
        let new = newNames
        guard !new.isEmpty else { return [] }
        let others = requiredNames.subtracting(new)
        // What the file asked for before tells as well where definitions live.
        let definedOthers = names.intersection(defined).sorted()
        guard !definedOthers.isEmpty else { return [] }
        let mostAreDefined = 3 * others.subtracting(defined).count <= others.count
        let gone = before.subtracting(requiredNames)
        let (similar, isManifest) = (SimilarNames(definedOthers), isManifest)
        return after.filter { new.contains($0.name) && !defined.contains($0.name) }.compactMap { reference in
            // What another file has long referred to without a definition is given from outside.
            let isGivenElsewhere = (known.references[reference.name] ?? []).contains { $0.path != path }
            let nearest = similar.nearest(to: reference.name)
            let instead = nearest ?? replaced(by: reference, among: gone)
            // Manifests hold scripts, whose variables are their own: there only what is nearly a defined name is a slip.
            let isMissed = mostAreDefined && !isGivenElsewhere && !isManifest
            guard instead != nil || isMissed else { return nil }
            // What is passed on by its own name may be given by whoever starts it.
            let isVague = definedOthers.count < 2 || syntax == .spring || isPassedOn(reference)
            let weight = instead != nil ? nil : isVague ? 0.5 : 0.65
            let hint = instead.map { "; there is \($0)" } ?? ""
            return (
                FaultFinding(
                    .unsetVariable, weight: weight,
                    "nothing in this repository defines \(reference.name), \(syntax.consequence(isChecked: reference.isChecked))\(hint)"
                ), reference.line, reference.name
            )
        }
    }

    /// Whether a line gives a variable to one of the same name: `X: ${X}`.
    private func isPassedOn(_ reference: VariableReference) -> Bool {
        let line = afterLines[reference.line - 1].filter { !" -\"'\r".contains($0) }
        return [":", "="].contains { line == "\(reference.name)\($0)${\(reference.name)}" }
    }

    /// The one variable that the file no longer refers to, where the new one stands on a line that is otherwise the same.
    private func replaced(by reference: VariableReference, among gone: Set<String>) -> String? {
        guard afterLines.indices.contains(reference.line - 1), gone.count <= 20 else { return nil }
        let line = afterLines[reference.line - 1]
        let candidates = gone.filter { name in
            let earlier = line.replacing(reference.name, with: name)
            return beforeLines.contains(earlier)
        }
        return candidates.count == 1 ? candidates.first : nil
    }
}

extension FoundChange {
    /// The variables that the change takes away: one, or those of a file of assignments that is gone.
    fileprivate var definitionsLost: [String] {
        guard change.after == nil, change.before != nil else { return [] }
        if path.isEmpty, change.object?.kind == "env" { return beforeNode?.entries.map(\.key) ?? [] }
        return variableName.map { [$0] } ?? []
    }
}

/// A definition that the change takes away, and that a file is still filled in with.
private func findLostDefinition(in change: inout FoundChange, known: VariableDefinitions) {
    let missed = change.definitionsLost.filter {
        !known.defined.contains($0) && !isSetByPlatform($0) && known.references[$0] != nil
    }
    guard let name = missed.first, let place = known.references[name]?.first else { return }
    // Whoever reads it by that name is not the code alone.
    change.innocence = nil
    change.findings.append(
        FaultFinding(
            .unsetVariable,
            "\(name) is removed here, nothing else defines it, and \(place.path):\(place.line) still refers to it"
        ))
}

/// Adds a finding to the change that covers a line most closely, or to a change of its own.
///
/// - Parameter byPath: the places of the changes of each file.
/// - Returns: the place of the change.
@discardableResult
func attach(
    _ finding: FaultFinding, line: Int, field: String, path: String, among byPath: [String: [Int]],
    to changes: inout [FoundChange]
) -> Int {
    var finding = finding
    finding.line = line
    let covering = (byPath[path] ?? []).filter {
        changes[$0].change.after != nil
            && (changes[$0].change.line...changes[$0].change.endLine).contains(line)
    }
    let closest = covering.min {
        let (a, b) = (changes[$0].change, changes[$1].change)
        return (a.endLine - a.line, $0) < (b.endLine - b.line, $1)
    }
    if let closest {
        changes[closest].findings.append(finding)
        return closest
    }
    changes.append(
        FoundChange(
            change: FieldChange(
                path: path, line: line, endLine: line, fieldPath: "refers to \(field)", before: nil,
                after: nil),
            path: [.key(field)], findings: [finding], isReachKnown: false))
    return changes.count - 1
}
