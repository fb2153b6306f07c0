import ConfigTree
import DeployModel

/// A name as the files that see each other declare and use it.
struct DeclaredName: Hashable {
    /// The folder of these files.
    var folder: String
    /// What it is a name of.
    var space: NameSpace
    var name: String

    /// Of a name with a type before it the name itself.
    fileprivate var lastWord: String { name.split(separator: ".").last.map(String.init) ?? name }
}

/// What a name is a name of.
struct NameSpace: Hashable {
    var language: NamingLanguage
    /// In words: `variable`, `service`.
    var words: String
    /// The keys that declarations stand under.
    var keys: [String]
    /// What stands before the name where it is used: `var.`.
    var prefix = ""
}

/// A name where it is used.
struct NameUse: Hashable {
    var name: DeclaredName
    /// As it stands there: `var.replicas`.
    var text: String
    var line: Int
    /// Who uses it and how: `web depends on db`.
    var words: String
}

/// A part that wants to be given something: the call of a module.
struct NameCall {
    var folder: String
    var name: String
    var given: Set<String>
    var line: Int
}

/// What a file declares and uses.
struct NamesOfFile {
    var declared: Set<DeclaredName> = []
    /// What whoever calls for the folder must give.
    var required: Set<DeclaredName> = []
    var uses: [NameUse] = []
    var calls: [NameCall] = []
    /// Whether names may be declared where nobody looks.
    var isOpen = false

    mutating func merge(_ other: NamesOfFile) {
        declared.formUnion(other.declared)
        required.formUnion(other.required)
        isOpen = isOpen || other.isOpen
    }
}

/// A language whose files declare names for each other in a folder.
enum NamingLanguage: Hashable {
    case terraform
    case compose

    init?(path: String) {
        if path.hasSuffix(".tf") || path.hasSuffix(".tofu") {
            self = .terraform
        } else if isComposeFile(path) {
            self = .compose
        } else {
            return nil
        }
    }

    /// Who reads the files, and refuses what is not declared.
    fileprivate var reader: String {
        switch self {
        case .terraform: "Terraform"
        case .compose: "Docker Compose"
        }
    }

    /// That the files of a folder declare for each other, in words.
    fileprivate func declaring(in folder: String, of path: String) -> String {
        guard folder == parentFolder(of: path) else {
            return "\(folder.isEmpty ? "the root module" : folder) declares"
        }
        return switch self {
        case .terraform: "this module declares"
        case .compose: "the compose files here declare"
        }
    }

    fileprivate func names(of file: ConfigFile, in folder: String) -> NamesOfFile {
        switch self {
        case .terraform: terraformNames(of: file, in: folder)
        case .compose: composeNames(of: file, in: folder)
        }
    }
}

/// F5 inside a language: names that a Terraform module or the compose files of a folder use and do not declare.
///
/// Where names of the kind were used without a declaration before, they come from elsewhere, and nothing is said.
func findUndeclaredNames(
    in changes: inout [FoundChange], files: [ChangedFile], after: any SourceTree, cache: ManifestCache
) throws {
    let changed = files.filter { NamingLanguage(path: $0.file.path) != nil }
    guard !changed.isEmpty else { return }
    let paths = try Dictionary(
        grouping: after.paths().filter { NamingLanguage(path: $0) != nil }, by: parentFolder)
    var sides = NamingSides(changed)
    // What stands behind a symbolic link is not followed, and is read by whoever reads the folder.
    let generated = Set(
        try after.paths().filter { $0.hasSuffix(".tf.json") }.map(parentFolder)
            + after.links().flatMap { link in
                [".tf", ".tf.json", ".tofu"].contains(where: link.hasSuffix)
                    ? [parentFolder(of: link), link] : [link]
            })
    func read(_ folder: String) throws {
        guard sides.begin(folder) else { return }
        let own = paths[folder] ?? []
        // What is not read may declare anything.
        if generated.contains(folder) || own.count > mostNamingFiles { sides.open(folder) }
        for path in own.prefix(mostNamingFiles) {
            if let language = NamingLanguage(path: path) {
                sides.add(path, language, try cache.file(at: path, in: after))
            }
        }
    }
    for folder in sides.touched.sorted() { try read(folder) }
    for folder in sides.calledFolders { try read(folder) }
    if sides.isVariableTouched {
        // Who calls the module stands in another folder.
        let others = paths.keys.sorted().filter {
            paths[$0]?.contains { NamingLanguage(path: $0) == .terraform } ?? false
        }
        for folder in others.prefix(mostNamingFiles) { try read(folder) }
    }
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    let missing = sides.undeclared()
    // Through a symbolic link, which a file may have become, one of another folder is one of this one, and compose files of several
    // folders are laid over each other.
    let gone = Set(
        changed.filter { $0.after == nil || $0.file.path != $0.file.pathBefore }
            .flatMap { [$0.file.path, $0.file.pathBefore] }.map(parentFolder))
    let vague = missing.filter { missed in
        missed.wasDeclared
            ? gone.contains(missed.name.folder)
            : missed.instead == nil || missed.name.space.language == .compose
    }
    var elsewhere: Set<DeclaredName> = []
    if !vague.isEmpty {
        let places = try after.occurrences(of: Set(vague.map(\.name.lastWord)))
        var files = Set(places.values.flatMap { $0.map(\.path) }).filter { NamingLanguage(path: $0) != nil }
        // Names of services have hyphens, so that no single word of theirs can be looked for.
        if vague.contains(where: { $0.name.space.language == .compose }) {
            files.formUnion(paths.values.joined().filter { NamingLanguage(path: $0) == .compose })
        }
        var declared: Set<[String]> = []
        for path in files.sorted().prefix(mostNamingFiles) {
            guard let language = NamingLanguage(path: path), let file = try cache.file(at: path, in: after)
            else { continue }
            let names = language.names(of: file, in: parentFolder(of: path)).declared
            declared.formUnion(names.map { [$0.space.words, $0.name] })
        }
        elsewhere = Set(vague.map(\.name).filter { declared.contains([$0.space.words, $0.name]) })
    }
    for missed in missing where !elsewhere.contains(missed.name) {
        tell(missed, among: byPath, to: &changes)
    }
    for missed in sides.missingArguments() {
        tell(missed, among: byPath, to: &changes)
    }
}

private let mostNamingFiles = 500
/// Beyond so many names it is one thing that is wrong.
private let mostMissed = 50

/// A name that is used and not declared, with the places.
private struct MissedName {
    var name: DeclaredName
    var uses: [(path: String, use: NameUse)]
    /// Whether it was declared before.
    var wasDeclared: Bool
    /// What is declared of the kind.
    var declared: Set<String>
    /// What is declared and nearly the same, or was written in its place.
    var instead: String?
}

/// A name that a call does not give.
private struct MissingArgument {
    var name: DeclaredName
    var call: NameCall
    var path: String
}

/// The files that declare names, before and after.
private struct NamingSides {
    private var files: [String: (before: NamesOfFile?, after: NamesOfFile?)] = [:]
    private var folders: [String: (before: NamesOfFile, after: NamesOfFile)] = [:]
    private var changed: Set<String> = []
    private var read: Set<String> = []
    /// The folders of what changed.
    private(set) var touched: Set<String> = []

    init(_ changed: [ChangedFile]) {
        for file in changed {
            guard let language = NamingLanguage(path: file.file.path) else { continue }
            let own = parentFolder(of: file.file.path)
            self.changed.insert(file.file.path)
            touched.insert(own)
            if file.file.pathBefore != file.file.path {
                let former = parentFolder(of: file.file.pathBefore)
                touched.insert(former)
                add(
                    file.file.pathBefore, before: file.before.map { language.names(of: $0, in: former) },
                    after: nil)
                add(file.file.path, before: nil, after: file.after.map { language.names(of: $0, in: own) })
            } else {
                add(
                    file.file.path, before: file.before.map { language.names(of: $0, in: own) },
                    after: file.after.map { language.names(of: $0, in: own) })
            }
        }
    }

    /// Notes that the files of a folder are read; whether they were not yet.
    mutating func begin(_ folder: String) -> Bool { read.insert(folder).inserted }

    /// The folders of the modules that the files call.
    var calledFolders: [String] {
        Set(files.values.flatMap { ($0.after?.calls ?? []) + ($0.before?.calls ?? []) }.map(\.folder))
            .sorted()
    }

    /// Whether the variables of a folder that changed, or those that must be given, are others now.
    var isVariableTouched: Bool {
        touched.contains { folder in
            guard let sides = folders[folder] else { return false }
            func variables(_ names: Set<DeclaredName>) -> Set<DeclaredName> {
                names.filter { $0.space.keys == ["variable"] }
            }
            return variables(sides.before.declared) != variables(sides.after.declared)
                || sides.before.required != sides.after.required
        }
    }

    /// Notes that names may be declared in a folder where nobody looks.
    mutating func open(_ folder: String) {
        var names = NamesOfFile()
        names.isOpen = true
        folders[folder, default: (NamesOfFile(), NamesOfFile())].before.merge(names)
        folders[folder, default: (NamesOfFile(), NamesOfFile())].after.merge(names)
    }

    /// A file that did not change.
    mutating func add(_ path: String, _ language: NamingLanguage, _ file: ConfigFile?) {
        guard !changed.contains(path) else { return }
        let own = parentFolder(of: path)
        var names = file.map { language.names(of: $0, in: own) }
        // One that cannot be read may declare anything.
        if names == nil { names = NamesOfFile(isOpen: true) }
        add(path, before: names, after: names)
    }

    private mutating func add(_ path: String, before: NamesOfFile?, after: NamesOfFile?) {
        files[path] = (before, after)
        let own = parentFolder(of: path)
        if let before { folders[own, default: (NamesOfFile(), NamesOfFile())].before.merge(before) }
        if let after { folders[own, default: (NamesOfFile(), NamesOfFile())].after.merge(after) }
    }

    /// What is declared in a folder for a kind of names, and what of it is new.
    private func declared(like name: DeclaredName) -> Alternatives {
        func names(_ side: NamesOfFile?) -> Set<String> {
            Set(
                (side?.declared ?? []).filter { $0.space == name.space && $0.folder == name.folder }.map(
                    \.name))
        }
        let (old, new) = (names(folders[name.folder]?.before), names(folders[name.folder]?.after))
        return Alternatives(all: new, new: new.subtracting(old).sorted(), similar: SimilarNames(Array(new)))
    }

    /// What could be meant instead.
    private struct Alternatives {
        var all: Set<String>
        var new: [String]
        var similar: SimilarNames
    }

    private func isDeclared(
        _ name: DeclaredName, _ side: KeyPath<(before: NamesOfFile, after: NamesOfFile), NamesOfFile>
    )
        -> Bool
    {
        // Of a folder that holds nothing here nothing is known.
        guard let names = folders[name.folder]?[keyPath: side] else { return true }
        return names.isOpen || names.declared.contains(name)
    }

    /// The names that are used without a declaration, and were not before.
    func undeclared() -> [MissedName] {
        var former: Set<DeclaredName> = []
        var uses: [DeclaredName: [(path: String, use: NameUse)]] = [:]
        for (path, file) in files {
            for use in file.before?.uses ?? [] where !isDeclared(use.name, \.before) {
                former.insert(use.name)
            }
            for use in file.after?.uses ?? [] where !isDeclared(use.name, \.after) {
                uses[use.name, default: []].append((path, use))
            }
        }
        let usual = Set(former.map { [$0.folder, $0.space.words] })
        let names = uses.keys.filter { !usual.contains([$0.folder, $0.space.words]) }
            .sorted { ($0.folder, $0.name, $0.space.words) < ($1.folder, $1.name, $1.space.words) }
        var known: [[String]: Alternatives] = [:]
        var missed: [MissedName] = []
        for name in names.prefix(mostMissed) {
            let places = uses[name] ?? []
            let space = [name.folder, name.space.words]
            let alternatives = known[space] ?? declared(like: name)
            known[space] = alternatives
            let wasDeclared = folders[name.folder]?.before.declared.contains(name) ?? false
            // Where nothing of the kind is declared, neither before nor after, all of it is given from elsewhere.
            guard !alternatives.all.isEmpty || wasDeclared else { continue }
            let instead =
                alternatives.similar.nearest(to: name.name)
                ?? (wasDeclared && alternatives.new.count == 1 ? alternatives.new[0] : nil)
            // A compose file that is new may be laid over one of another folder.
            let isNew = places.allSatisfy { files[$0.path]?.before == nil }
            if isNew, instead == nil, name.space.language == .compose { continue }
            missed.append(
                MissedName(
                    name: name, uses: places.sorted { ($0.path, $0.use.line) < ($1.path, $1.use.line) },
                    wasDeclared: wasDeclared, declared: alternatives.all, instead: instead))
        }
        return missed
    }

    /// What calls of modules do not give and did not lack before.
    func missingArguments() -> [MissingArgument] {
        var found: [MissingArgument] = []
        for (path, file) in files.sorted(by: { $0.key < $1.key }) {
            for call in file.after?.calls ?? [] {
                guard let module = folders[call.folder]?.after, !module.isOpen else { continue }
                // Where it is given what the module does not know, that is what is told.
                let known = Set(module.declared.filter { $0.space.keys == ["variable"] }.map(\.name))
                guard call.given.isSubset(of: known) else { continue }
                let former = file.before?.calls.first { $0.name == call.name && $0.folder == call.folder }
                for name in module.required.sorted(by: { $0.name < $1.name })
                where name.folder == call.folder && !call.given.contains(name.name) {
                    let wasMissing =
                        former.map { !$0.given.contains(name.name) } ?? false
                        && folders[call.folder]?.before.required.contains(name) ?? false
                    guard !wasMissing else { continue }
                    found.append(MissingArgument(name: name, call: call, path: path))
                }
            }
        }
        return found
    }
}

private func tell(
    _ missed: MissedName, among byPath: [String: [Int]], to changes: inout [FoundChange]
) {
    let language = missed.name.space.language
    guard let first = missed.uses.first else { return }
    let declaring = language.declaring(in: missed.name.folder, of: first.path)
    let prefix = String(first.use.text.dropLast(missed.name.name.count))
    var instead = missed.instead
    let place: Int
    if let removed = changes.indices.first(where: { isRemoval(changes[$0], of: missed.name) }) {
        let places = missed.uses.prefix(3).map { "\($0.use.words) (\($0.path):\($0.use.line))" }
        changes[removed].innocence = nil
        changes[removed].findings.append(
            FaultFinding(
                .danglingReference,
                "\(places.joined(separator: ", ")), and \(declaring) no such \(missed.name.space.words) any more: \(language.reader) stops there"
            ))
        place = removed
    } else {
        let hint = instead.map { "; there is \($0)" } ?? ""
        place = attach(
            FaultFinding(
                .danglingReference,
                "\(first.use.words), and \(declaring) no \(missed.name.space.words) \(missed.name.name)\(hint): \(language.reader) stops there"
            ), line: first.use.line, field: first.use.text, path: first.path, among: byPath, to: &changes)
        // What stood there before is still there.
        let former = changes[place].beforeNode?.text.map { text in
            String(
                (text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : text[...]).prefix {
                    $0.isLetter || $0.isNumber || "_-".contains($0)
                })
        }
        if instead == nil, let former, missed.declared.contains(former) { instead = former }
    }
    guard let instead, missed.uses.count <= 3 else { return }
    let places = missed.uses.map { "\($0.path):\($0.use.line)" }
    changes[place].mend =
        "write \(prefix)\(instead) instead of \(first.use.text) at \(places.joined(separator: " and "))"
}

private func tell(
    _ missed: MissingArgument, among byPath: [String: [Int]], to changes: inout [FoundChange]
) {
    let text =
        "module \(missed.call.name) (\(missed.path):\(missed.call.line)) does not give the variable \(missed.name.name), which has no default: Terraform stops there"
    let own = changes.indices.first { index in
        let path = changes[index].path.keyNames
        let isOfVariable = path.starts(with: missed.name.space.keys + [missed.name.name])
        let isOfCall = path.starts(with: ["module", missed.call.name, missed.name.name])
        return isOfVariable && parentFolder(of: changes[index].change.path) == missed.name.folder
            || isOfCall && changes[index].change.path == missed.path
    }
    if let own {
        changes[own].innocence = nil
        changes[own].findings.append(FaultFinding(.danglingReference, text))
    } else if byPath[missed.path] != nil {
        attach(
            FaultFinding(.danglingReference, text), line: missed.call.line, field: missed.name.name,
            path: missed.path, among: byPath, to: &changes)
    }
}

/// Whether a change takes a declaration away, alone or with others.
private func isRemoval(_ change: FoundChange, of name: DeclaredName) -> Bool {
    guard change.change.after == nil, change.change.before != nil,
        parentFolder(of: change.change.path) == name.folder, NamingLanguage(path: change.change.path) != nil
    else { return false }
    let (own, wanted) = (
        change.path.keyNames, name.space.keys + name.name.split(separator: ".").map(String.init)
    )
    guard own.count <= wanted.count, wanted.starts(with: own) else { return false }
    let rest = Array(wanted.dropFirst(own.count))
    var node = change.beforeNode
    for key in rest {
        node = node?[key] ?? node?.elements.lazy.compactMap { $0[key] }.first
    }
    return node != nil
}
