import ConfigTree
import DeployModel

/// F2 among folders: one of many files that differ by the folder they are in, or by their name, and that say the same but for
/// that name. What a change writes into one is compared with what the others say in the same place.
///
/// Two things are told: a value that was taken over from another one with its name in it, and one that does not follow what nearly all
/// the others agree on.
func findSiblingPatterns(
    in changes: inout [FoundChange], files: [ChangedFile], after tree: any SourceTree, cache: ManifestCache
) throws {
    let candidates = files.filter {
        $0.after.map { $0.lines.count <= mostLines } ?? false && !$0.holdsSecrets
    }
    guard !candidates.isEmpty, candidates.count <= mostFiles else { return }
    let index = FamilyIndex(try tree.paths(), near: candidates.map(\.file.path))
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    var read: [Family.Member: SaidValues] = [:]
    for file in candidates {
        guard let after = file.after else { continue }
        let path = file.file.path
        let own = (byPath[path] ?? []).filter { changes[$0].change.after != nil && !changes[$0].isHidden }
        guard !own.isEmpty else { continue }
        let new = Set(file.lines.stretches(newCount: after.lines.count).flatMap { $0.new }.map { $0 + 1 })
        for family in index.families(of: path) {
            let values = SaidValues(manifests(of: after), of: family.own)
            let written = values.all.filter { new.contains($0.value.line) }
            guard !written.isEmpty, written.count <= mostWritten else { continue }
            var found: [(finding: FaultFinding, line: Int, field: String)] = []
            func said(by member: Family.Member) throws -> SaidValues {
                if let known = read[member] { return known }
                let objects = try cache.file(at: member.path, in: tree).map { manifests(of: $0) } ?? []
                let values = SaidValues(objects, of: member.name)
                read[member] = values
                return values
            }
            let former = SaidValues(file.objectsBefore, of: family.own).all
            let telling = written.filter {
                family.names(in: $0.value.text).count == 1 || family.others.count >= leastLikes
            }
            guard !telling.isEmpty else { continue }
            for (key, value) in telling.sorted(by: { ($0.value.line, $0.key) < ($1.value.line, $1.key) }) {
                if let copied = try family.copied(value, key, was: former, said: said) {
                    found.append(copied)
                } else if let stray = try family.strays(value, key, was: former, said: said) {
                    found.append(stray)
                }
                if found.count >= mostFindings { break }
            }
            for (finding, line, field) in found {
                attach(finding, line: line, field: field, path: path, among: byPath, to: &changes)
            }
            if !found.isEmpty { break }
        }
    }
}

private let (mostFiles, mostLines, mostFindings, leastLikes) = (60, 2_000, 3, 4)
/// The likes of a file, and its values, beyond which no more are read.
private let (mostLikes, mostValues) = (24, 1_000)
/// Beyond so many new values a file is of another kind, and beyond so many others their names are not looked for.
private let (mostWritten, mostNames) = (200, 400)

/// Files that differ by one name in their paths.
private struct Family {
    struct Member: Hashable {
        var name: String
        var path: String
    }

    /// The name that is the file's own.
    var own: String
    var path: String
    var others: [Member]

    /// The other names that stand in a text as words.
    func names(in text: String) -> [Member] {
        others.prefix(mostNames).filter {
            $0.name.utf8.count >= 4 && !sharedNames.contains($0.name) && text.holds($0.name)
                && text.holdsWord($0.name)
        }
    }

    /// A value that names another one of the family as that one's own file does.
    func copied(
        _ value: SaidValue, _ key: String, was former: [String: SaidValue],
        said: (Member) throws -> SaidValues
    ) throws -> (finding: FaultFinding, line: Int, field: String)? {
        let named = names(in: value.text)
        guard named.count == 1, let other = named.first, !path.holdsWord(other.name),
            !isOfInfrastructure(value.text, key),
            former[key].map({ !$0.text.holdsWord(other.name) }) ?? true, !value.text.holdsWord(own),
            !own.holds(other.name),
            !other.name.holds(own), let theirs = try said(other).all[key], theirs.text == value.text
        else { return nil }
        // What third ones say as well is meant for all.
        let third = try others.prefix(mostLikes).filter { $0.name != other.name }.contains {
            try said($0).all[key]?.text == value.text
        }
        guard !third else { return nil }
        return (
            FaultFinding(
                .cloneDivergence, weight: 0.5,
                "it names \(other.name), as \(other.path):\(theirs.line) does for itself; this is \(own)"),
            value.line, other.name
        )
    }

    /// A value that does not follow what nearly all others agree on but for their names.
    func strays(
        _ value: SaidValue, _ key: String, was former: [String: SaidValue],
        said: (Member) throws -> SaidValues
    ) throws -> (finding: FaultFinding, line: Int, field: String)? {
        guard others.count >= leastLikes else { return nil }
        var patterns: [String: Int] = [:]
        var count = 0
        for other in others.prefix(mostLikes) {
            guard let theirs = try said(other).all[key] else { continue }
            patterns[theirs.pattern, default: 0] += 1
            count += 1
        }
        guard count >= leastLikes,
            let (usual, agreeing) = patterns.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
            agreeing >= leastLikes, 10 * agreeing >= 8 * count, usual != value.pattern, usual.holds(nameMark)
        else { return nil }
        // Somebody says it like this one, it was so before, or an expression says the own name.
        guard patterns[value.pattern] == nil, former[key].map({ $0.pattern == usual }) ?? true,
            !(value.isTemplated && !usual.holds("{{") && !usual.holds("${")),
            !(value.text.holds("include") && usual.holds("include"))
        else { return nil }
        let literal = usual.replacing(nameMark, with: "").filter(\.isLetter)
        guard literal.count >= 3 else { return nil }
        return (
            FaultFinding(
                .cloneDivergence, weight: 0.45,
                "\(agreeing) of \(count) like files say \(usual.replacing(nameMark, with: "…")) here, with their own names"
            ),
            value.line, own
        )
    }
}

/// Names of what is there for all.
private let sharedNames: Set = [
    "base", "common", "shared", "default", "global", "main", "kubernetes", "ingress", "templates", ".github",
    "core", "lib",
]

/// Whether a value is one of what is there for all: an API, a vendor's address, an image, the namespace of a tool.
private func isOfInfrastructure(_ text: String, _ place: String) -> Bool {
    let key = place.split(separator: "/").last.map { $0.lowercased() } ?? ""
    return ["apiversion", "apigroup", "image", "repository", "home", "url", "chart", "subpath"].contains(key)
        || text.hasPrefix("http://") || text.hasPrefix("https://")
        || ["flux-system", "argocd"].contains(text)
        || place.holds("/selector/") || place.holds("/sourceRef/") || place.holds("/dependsOn/")
}

private let nameMark = "\u{1}"

/// A single value with its name taken out.
private struct SaidValue {
    var text: String
    var pattern: String
    var line: Int
    var isTemplated: Bool
}

/// The single values of a file by where they stand, its own name left out of the places as well.
private struct SaidValues {
    var all: [String: SaidValue] = [:]

    init(_ objects: [Manifest], of name: String) {
        for object in objects
        where object.reading == .parsed && object.object.kind != "Secret" && object.object.kind != "hcl" {
            let kind = object.object.kind
            add(
                object.root,
                "\(kind)/\(kind.first?.isUppercase ?? false ? object.object.name.without(name) : "")", name)
        }
    }

    private mutating func add(_ node: ConfigNode, _ place: String, _ name: String, key: String = "") {
        guard all.count < mostValues else { return }
        switch node.kind {
        case .scalar(let scalar):
            // What is not to be shown is not compared either.
            guard (3...300).contains(scalar.text.utf8.count), all[place] == nil,
                maskedIfSecret(scalar.text, name: key) == scalar.text, masked(scalar.text) == scalar.text,
                !(scalar.text.holds("://") && scalar.text.contains("@"))
            else { return }
            all[place] = SaidValue(
                text: scalar.text, pattern: scalar.text.without(name), line: node.start.line,
                isTemplated: scalar.isTemplated)
        case .mapping(let entries):
            for entry in entries where !entry.isMerged {
                add(entry.value, "\(place)/\(entry.key.without(name))", name, key: entry.key)
            }
        case .sequence(let elements):
            // Of texts in a list none is in the place of another.
            for (index, element) in elements.enumerated() where element.scalar == nil {
                let own = element["name"]?.text?.without(name) ?? "\(index)"
                add(element, "\(place)/\(own)", name, key: key)
            }
        }
    }
}

/// Which files of a tree differ from some of them by one name.
private struct FamilyIndex {
    /// By the name of the file, and by the folder.
    private var byName: [Substring: [String]] = [:]
    private var byFolder: [Substring: [String]] = [:]

    init(_ paths: [String], near wanted: [String]) {
        let names = Set(wanted.map(fileName)), folders = Set(wanted.map(folderName))
        for path in paths where mayBeConfiguration(path: path) {
            if names.contains(fileName(path)) { byName[fileName(path), default: []].append(path) }
            if folders.contains(folderName(path)) { byFolder[folderName(path), default: []].append(path) }
        }
    }

    /// The families of a file, the largest first.
    func families(of path: String) -> [Family] {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        var found: [Family] = []
        for place in parts.indices.dropLast() {
            let lead = parts[..<place].map { $0 + "/" }.joined()
            let rest = parts[(place + 1)...].map { "/" + $0 }.joined()
            let others = (byName[parts[parts.count - 1]] ?? []).compactMap { other -> Family.Member? in
                guard other != path, other.hasPrefix(lead), other.hasSuffix(rest),
                    other.utf8.count > lead.utf8.count + rest.utf8.count
                else { return nil }
                let name = other.dropFirst(lead.count).dropLast(rest.count)
                return name.contains("/") ? nil : Family.Member(name: String(name), path: other)
            }
            if !others.isEmpty { found.append(Family(own: String(parts[place]), path: path, others: others)) }
        }
        let file = parts[parts.count - 1]
        if let dot = file.firstIndex(of: "."), dot > file.startIndex {
            let ending = String(file[dot...])
            let others = (byFolder[folderName(path)] ?? []).compactMap { other -> Family.Member? in
                let name = fileName(other)
                guard other != path, name.hasSuffix(ending),
                    name.firstIndex(of: ".").map({ String(name[$0...]) == ending }) ?? false
                else { return nil }
                return Family.Member(name: String(name.dropLast(ending.count)), path: other)
            }
            if others.count >= leastLikes {
                found.append(Family(own: String(file[..<dot]), path: path, others: others))
            }
        }
        return found.sorted { $0.others.count > $1.others.count }
    }
}

private func fileName(_ path: String) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
}

private func folderName(_ path: String) -> Substring { path.lastIndex(of: "/").map { path[..<$0] } ?? "" }

extension String {
    /// Whether a name stands in it and is no part of a longer word.
    fileprivate func holdsWord(_ name: String) -> Bool { without(name) != self }

    /// The same with a mark wherever a name stands as a word.
    fileprivate func without(_ name: String) -> String {
        guard name.utf8.count >= 2, holds(name) else { return self }
        var (rest, result) = (self[...], "")
        while let place = rest.place(of: name) {
            let before =
                place.lowerBound == rest.startIndex ? result.last : rest[rest.index(before: place.lowerBound)]
            let after = place.upperBound == rest.endIndex ? nil : rest[place.upperBound]
            let isWord = !(before?.isPartOfName ?? false) && !(after?.isPartOfName ?? false)
            result += rest[..<place.lowerBound]
            result += isWord ? nameMark : name
            rest = rest[place.upperBound...]
        }
        return result + rest
    }
}

extension Character {
    fileprivate var isPartOfName: Bool { isLetter || isNumber }
}
