import ConfigTree
import DeployModel

/// F45: a new word that stands nowhere else in the repository, one letter away from one that stands often where it is.
func findMisspellings(in changes: inout [FoundChange], files: [ChangedFile], after tree: any SourceTree)
    throws
{
    var known: [String: Int] = [:]
    var before: Set<String> = []
    for file in files {
        for line in file.after?.lines ?? [] { for word in words(line) { known[word, default: 0] += 1 } }
        for line in file.before?.lines ?? [] { before.formUnion(words(line)) }
    }
    var suspects: [Suspect] = []
    for file in files where !file.holdsSecrets {
        guard let after = file.after else { continue }
        for stretch in file.lines.stretches(newCount: after.lines.count) {
            for line in stretch.new {
                // A change that brings many new words is of another matter.
                guard suspects.count <= mostSuspects else { return }
                for word in words(masked(after.lines[line])) where known[word] == 1 && !before.contains(word)
                {
                    suspects.append(
                        Suspect(word: word, path: file.file.path, line: line + 1, text: after.lines[line]))
                }
            }
        }
    }
    guard !suspects.isEmpty, suspects.count <= mostSuspects else { return }
    let usual = SimilarNames(known.filter { $0.value >= 2 }.map(\.key))
    suspects = suspects.compactMap { suspect in
        guard let near = usual.nearest(to: suspect.word), suspect.isSlip(of: near), mayShow(near, of: files)
        else { return nil }
        var found = suspect
        found.near = near
        return found
    }
    guard !suspects.isEmpty else { return }
    let places = try tree.occurrences(of: Set(suspects.map(\.word)))
    let byPath = Dictionary(grouping: changes.indices) { changes[$0].change.path }
    for suspect in suspects where !(places[suspect.word] ?? []).contains(where: { $0.path != suspect.path }) {
        let count = known[suspect.near] ?? 0
        attach(
            FaultFinding(
                .misspelledName, weight: weight(of: suspect.word, suspect.near),
                "\(suspect.word) stands nowhere else in the repository; \(suspect.near) stands \(count) times in what changed"
            ), line: suspect.line, field: suspect.word, path: suspect.path, among: byPath, to: &changes)
    }
    for index in changes.indices { changes[index].joinMisspellings() }
}

/// How surely a word is another one, mistyped: what differs inside a long one is; its beginning or ending makes another word.
private func weight(of word: String, _ near: String) -> Double {
    let (a, b) = (word.lowercased(), near.lowercased())
    // Two letters that changed places make no other word.
    let isSwapped = word.utf8.count >= 6 && a.utf8.sorted() == b.utf8.sorted()
    guard isSwapped || a.first == b.first && a.suffix(2) == b.suffix(2) else { return 0.12 }
    // Of a name of several words that which differs: `app` and `api` are both words.
    let parts = zip(FaultWords.split(word), FaultWords.split(near)).filter { $0 != $1 }.map(\.0)
    if parts.count == 1, parts[0].utf8.count < 5 { return 0.12 }
    return word.utf8.count >= 7 ? 0.7 : 0.3
}

extension FoundChange {
    /// Many words that may be mistyped are hardly more suspicious than one: such is the language of the file.
    fileprivate mutating func joinMisspellings() {
        let own = findings.indices.filter { findings[$0].fault == .misspelledName }
        guard let first = own.first else { return }
        if change.endLine > change.line, let line = findings[first].line {
            findings[first].text = "line \(line): " + findings[first].text
        }
        guard own.count > 1 else { return }
        findings[first].text += "; \(own.count - 1) more such \(own.count == 2 ? "word" : "words")"
        for index in own.dropFirst().reversed() { findings.remove(at: index) }
    }
}

/// Whether a word stands somewhere outside of secrets.
private func mayShow(_ word: String, of files: [ChangedFile]) -> Bool {
    files.contains { file in
        !file.holdsSecrets
            && (file.after?.lines ?? []).contains { $0.contains(word) && masked($0).contains(word) }
    }
}

/// More new words than these are another language.
private let mostSuspects = 400

/// A word that is new.
private struct Suspect {
    var word: String
    var path: String
    var line: Int
    var text: String
    var near = ""

    /// Whether it may be the other one, mistyped: no other number, no other form of the word beside it.
    func isSlip(of other: String) -> Bool {
        guard !text.contains(other), word.lowercased() != other.lowercased() else { return false }
        guard word.utf8.count >= 12 || editDistance(word, other) == 1 else { return false }
        func letters(_ text: String) -> String { text.filter { !$0.isNumber } }
        guard letters(word) == word || letters(word) != letters(other) else { return false }
        // One and many of a thing are both words, but a field has one name.
        let isPlural = word + "s" == other || other + "s" == word
        return !isPlural || text.trimmed.drop { $0 == "-" || $0 == " " }.hasPrefix(word + ":")
    }
}

/// The names in a line, without its comment and without what looks like data.
private func words(_ line: String) -> [String] {
    var text = line.utf8[...]
    guard text.count <= 300 else { return [] }
    text = text.drop { $0 <= 0x20 }
    guard let first = text.first, first != UInt8(ascii: "#"), !text.starts(with: "//".utf8) else { return [] }
    var found: [String] = []
    var start = text.startIndex
    var (digits, length) = (0, 0)
    func close(at end: String.UTF8View.Index) {
        guard (5...40).contains(length), digits * 4 <= length, !isDigit(text[start]) else { return }
        found.append(String(decoding: text[start..<end], as: UTF8.self))
    }
    var position = text.startIndex
    var last: UInt8 = 0
    while position < text.endIndex {
        let byte = text[position]
        // What follows a blank and a hash is a comment.
        if byte == UInt8(ascii: "#"), last == 0x20 { break }
        last = byte
        let isPart =
            isDigit(byte) || byte == UInt8(ascii: "_") || (0x41...0x5A).contains(byte & 0xDF) && byte < 0x80
        let next = text.index(after: position)
        if isPart {
            length += 1
            digits += isDigit(byte) ? 1 : 0
        } else {
            close(at: position)
            (start, digits, length) = (next, 0, 0)
        }
        position = next
    }
    close(at: position)
    return found
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
