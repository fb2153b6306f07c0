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
        var hits: [Hit] = []
        var names: [UInt32] = []
        let isText = !isBinary(bytes)
        guard isText || notingNames else { return ([], []) }
        wordKinds.withUnsafeBufferPointer { kinds in
            var line = 1
            var index = 0
            while index < bytes.count {
                var kind = kinds[Int(bytes[index])]
                guard kind != 0 else {
                    if bytes[index] == UInt8(ascii: "\n") { line += 1 }
                    index += 1
                    continue
                }
                let start = index
                var common = kind
                repeat {
                    common &= kind
                    index += 1
                    kind = index < bytes.count ? kinds[Int(bytes[index])] : 0
                } while kind != 0
                let length = index - start
                let isName = common == nameKind && length >= WordIndex.leastLength
                let isSearched = isText && length < lengths.count && lengths[length]
                guard isSearched && (isName || !areIndexed) || isName && notingNames else { continue }
                let word = bytes[start..<index]
                let hash = Self.hash(word)
                if isName, notingNames { names.append(UInt32(truncatingIfNeeded: hash)) }
                guard isSearched, let candidates = byHash[hash] else { continue }
                for candidate in candidates
                where candidate.bytes.elementsEqual(UnsafeRawBufferPointer(rebasing: word)) {
                    if hits.last.map({ $0 != (candidate.name, line) }) ?? true {
                        hits.append((candidate.name, line))
                    }
                }
            }
        }
        return (hits, names)
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

/// For each byte whether it belongs to a word: 0 when not, ``nameKind`` where it may be in a name of a variable, else 1.
private let wordKinds: [UInt8] = (0...255).map { (byte: UInt8) in
    !isWordByte(byte) ? 0 : WordIndex.isNameByte(byte) ? nameKind : 1
}

private let nameKind: UInt8 = 3

@inline(__always)
func isWordByte(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39)
        || byte == 0x5F
}
