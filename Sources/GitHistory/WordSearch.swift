#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds whole words in text, all in one pass: runs of letters, digits and underscores are looked up by length, then by a
/// hash, before they are compared.
struct WordSearch {
    /// Whether a ``WordIndex`` knows words such as these.
    let areIndexed: Bool
    private let byHash: [UInt64: [(name: String, bytes: [UInt8])]]
    private let lengths: [Bool]

    init(_ names: Set<String>) {
        areIndexed = names.allSatisfy { WordIndex.isIndexed(Array($0.utf8)) }
        var byHash: [UInt64: [(name: String, bytes: [UInt8])]] = [:]
        var lengths = [Bool](repeating: false, count: (names.map(\.utf8.count).max() ?? 0) + 1)
        for name in names.sorted() where !name.isEmpty {
            let bytes = Array(name.utf8)
            byHash[bytes.withUnsafeBytes { Self.hash($0[...]) }, default: []].append((name, bytes))
            lengths[bytes.count] = true
        }
        self.byHash = byHash
        self.lengths = lengths
    }

    /// Half of the hash of each name.
    var hashes: [UInt32] { byHash.keys.map(UInt32.init(truncatingIfNeeded:)) }

    /// A name that was searched for, and the line it stands on.
    typealias Hit = (name: String, line: Int)

    /// The names with the lines they stand on, in order; each name at most once a line; none in binary text.
    ///
    /// - Parameter notingNames: whether to hash all words that a ``WordIndex`` knows as well.
    /// - Returns: also those hashes, in any order, some perhaps more than once.
    func hits(in bytes: UnsafeRawBufferPointer, notingNames: Bool = false) -> (hits: [Hit], names: [UInt32]) {
        var names: [UInt32] = []
        let isText = !isBinary(bytes)
        guard isText || notingNames else { return ([], []) }
        var found = Found()
        if areIndexed {
            forEachName(in: bytes) { word in
                let hash = Self.hash(word)
                if notingNames { names.append(UInt32(truncatingIfNeeded: hash)) }
                if isText { match(word, hash, in: bytes, &found) }
            }
        } else {
            forEachWord(in: bytes) { word, isName in
                let isLong = word.count < lengths.count && lengths[word.count]
                guard isText && isLong || isName && notingNames else { return }
                let hash = Self.hash(word)
                if isName, notingNames { names.append(UInt32(truncatingIfNeeded: hash)) }
                if isText { match(word, hash, in: bytes, &found) }
            }
        }
        return (found.hits, names)
    }

    /// Hits so far, and how far lines were counted.
    private struct Found {
        var hits: [Hit] = []
        var line = 1, counted = 0
    }

    private func match(
        _ word: Slice<UnsafeRawBufferPointer>, _ hash: UInt64, in bytes: UnsafeRawBufferPointer,
        _ found: inout Found
    ) {
        guard word.count < lengths.count, lengths[word.count], let candidates = byHash[hash] else { return }
        for candidate in candidates
        where candidate.bytes.elementsEqual(UnsafeRawBufferPointer(rebasing: word)) {
            found.line += bytes[found.counted..<word.startIndex].count { $0 == UInt8(ascii: "\n") }
            found.counted = word.startIndex
            if found.hits.last.map({ $0 != (candidate.name, found.line) }) ?? true {
                found.hits.append((candidate.name, found.line))
            }
        }
    }

    /// All words, and whether a ``WordIndex`` knows them.
    private func forEachWord(
        in bytes: UnsafeRawBufferPointer, _ body: (Slice<UnsafeRawBufferPointer>, Bool) -> Void
    ) {
        var index = 0
        while index < bytes.count {
            guard isWordByte(bytes[index]) else {
                index += 1
                continue
            }
            let start = index
            var isName = true
            while index < bytes.count, isWordByte(bytes[index]) {
                isName = isName && WordIndex.isNameByte(bytes[index])
                index += 1
            }
            body(bytes[start..<index], isName && index - start >= WordIndex.leastLength)
        }
    }

    /// The words that a ``WordIndex`` knows. They are rare in most texts, so that every fourth byte is looked at: where it may not be in
    /// a name, no name of four bytes lies over it.
    private func forEachName(
        in bytes: UnsafeRawBufferPointer, _ body: (Slice<UnsafeRawBufferPointer>) -> Void
    ) {
        // No name begins before this.
        var index = 0
        while index + 3 < bytes.count {
            guard WordIndex.isNameByte(bytes[index + 3]) else {
                index += 4
                continue
            }
            var (start, end) = (index + 3, index + 4)
            while start > index, WordIndex.isNameByte(bytes[start - 1]) { start -= 1 }
            while end < bytes.count, WordIndex.isNameByte(bytes[end]) { end += 1 }
            index = end
            guard end - start >= WordIndex.leastLength, start == 0 || !isWordByte(bytes[start - 1]),
                end == bytes.count || !isWordByte(bytes[end])
            else { continue }
            body(bytes[start..<end])
        }
    }

    /// Whether a zero stands among the first bytes, as git tells binary files.
    private func isBinary(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.baseAddress.map { memchr($0, 0, min(bytes.count, 8192)) != nil } ?? false
    }

    /// Fowler, Noll and Vo's hash, FNV-1a.
    static func hash(_ word: Slice<UnsafeRawBufferPointer>) -> UInt64 {
        word.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

@inline(__always)
func isWordByte(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39)
        || byte == 0x5F
}
