/// Numbers for texts, in order of first appearance: a hash table over bytes, so that a text met before costs no string.
struct NameTable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var numbers = HashedNumbers()

    /// How many texts have a number.
    var count: Int { ends.count }

    /// The number of a text; `nil` when it has none.
    ///
    /// - Parameter mark: texts of different marks are different.
    func number(of text: UnsafeRawBufferPointer, mark: UInt8 = 0) -> Int? {
        numbers.number(of: numbers.hash(text, UInt64(mark))) { isText($0, text) }
    }

    /// The number of a text, a new one where it has none.
    mutating func number(adding text: UnsafeRawBufferPointer, mark: UInt8 = 0) -> Int {
        let hash = numbers.hash(text, UInt64(mark))
        if let known = numbers.number(of: hash, where: { isText($0, text) }) { return known }
        return add(text, hash)
    }

    /// Adds the texts of another table.
    ///
    /// - Returns: the number of each.
    mutating func add(_ other: NameTable) -> [Int] {
        other.ends.indices.map { number in
            let hash = other.numbers.hashes[number]
            return other.withText(of: number) { text in
                numbers.number(of: hash) { isText($0, text) } ?? add(text, hash)
            }
        }
    }

    func withText<Output>(of number: Int, _ body: (UnsafeRawBufferPointer) -> Output) -> Output {
        bytes.withUnsafeBytes {
            body(UnsafeRawBufferPointer(rebasing: $0[(number == 0 ? 0 : ends[number - 1])..<ends[number]]))
        }
    }

    private mutating func add(_ text: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        return numbers.add(hash)
    }

    private func isText(_ number: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == text.count else { return false }
        return bytes.withUnsafeBytes { agrees($0, from: start, with: text) }
    }
}

/// Numbers for what events come from: a workload, a pod and a version together, as they are written.
struct SourceTable {
    /// The texts of each source, one behind the other.
    private var bytes: [UInt8] = []
    private var sources: [Source] = []
    private var numbers = HashedNumbers()
    /// The number of what names nothing, once there was any: where only outcomes are counted, all of it.
    private var nameless: Int?

    private struct Source {
        /// Where its texts begin.
        var start: Int
        var lengths: UInt64
    }

    private static let limit = 8192
    private static let longestName = 512

    /// - Returns: the number of the texts, perhaps a new one; `nil` when there are too many, or they are too long.
    mutating func number(workload: RecordField, pod: RecordField, version: RecordField) -> Int? {
        let present: UInt64 =
            (workload.isPresent ? 1 : 0) | (pod.isPresent ? 2 : 0) | (version.isPresent ? 4 : 0)
        if present == 0, let nameless { return nameless }
        let texts = (workload.text, pod.text, version.text)
        guard texts.0.count + texts.1.count + texts.2.count <= Self.longestName else { return nil }
        // With their lengths and which of them are there, so that no two sources look alike.
        let lengths =
            present | UInt64(texts.0.count) << 16 | UInt64(texts.1.count) << 32 | UInt64(texts.2.count) << 48
        let hash = numbers.hash(texts.2, numbers.hash(texts.1, numbers.hash(texts.0, lengths)))
        let known = numbers.number(of: hash) { number in
            let source = sources[number]
            guard source.lengths == lengths else { return false }
            return bytes.withUnsafeBytes { own in
                let pod = source.start + texts.0.count
                return agrees(own, from: source.start, with: texts.0) && agrees(own, from: pod, with: texts.1)
                    && agrees(own, from: pod + texts.1.count, with: texts.2)
            }
        }
        if let known { return known }
        guard sources.count < Self.limit else { return nil }
        sources.append(Source(start: bytes.count, lengths: lengths))
        for text in [texts.0, texts.1, texts.2] { bytes.append(contentsOf: text) }
        let number = numbers.add(hash)
        if present == 0 { nameless = number }
        return number
    }
}

/// Whether some bytes go on from a place as a text does; all of it must lie within them.
@inline(__always)
private func agrees(_ own: UnsafeRawBufferPointer, from start: Int, with text: UnsafeRawBufferPointer) -> Bool
{
    // Names are short: a call would take longer than looking at eight bytes twice.
    let count = text.count
    guard count >= 8 else { return (0..<count).allSatisfy { own[start + $0] == text[$0] } }
    var offset = 0
    while true {
        let a = own.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self)
        guard a == text.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
        if offset == count - 8 { return true }
        offset = min(offset + 8, count - 8)
    }
}

/// Numbers by hash, in the order in which they were added; what has a number is kept by whoever asks.
private struct HashedNumbers {
    private(set) var hashes: [UInt64] = []
    /// The number at each slot and 1, below the upper half of its hash, or 0; a power of two of them, at most half of them taken.
    private var slots = [UInt64](repeating: 0, count: 64)
    /// What nobody can foresee.
    private let chance = HashedNumbers.sharedChance

    private static let sharedChance = UInt64.random(in: .min ... .max)

    /// The number that was added with a hash and for which something holds: hashes of different texts may be the same.
    @inline(__always)
    func number(of hash: UInt64, where isSame: (Int) -> Bool) -> Int? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32 {
                let number = Int(slots[slot] & 0xFFFF_FFFF) - 1
                if isSame(number) { return number }
            }
            slot = (slot + 1) & mask
        }
        return nil
    }

    mutating func add(_ hash: UInt64) -> Int {
        let number = hashes.count
        hashes.append(hash)
        if hashes.count * 2 > slots.count {
            slots = [UInt64](repeating: 0, count: slots.count * 2)
            for number in hashes.indices { place(number) }
        } else {
            place(number)
        }
        return number
    }

    private mutating func place(_ number: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hashes[number]) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = (hashes[number] & ~0xFFFF_FFFF) | UInt64(number + 1)
    }

    /// Two words of a text at a time, multiplied with one another as in wyhash (Wang Yi 2019); those at its end may overlap the ones
    /// before. What nobody can foresee is mixed in, so that nobody can make texts that fall together; no result shows it.
    @inline(__always)
    func hash(_ text: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
        let count = text.count
        var hash = chance ^ seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)
        guard count >= 8 else {
            var word: UInt64 = 0
            if count >= 4 {
                word =
                    UInt64(text.loadUnaligned(as: UInt32.self)) << 32
                    | UInt64(text.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            } else if count > 0 {
                word = UInt64(text[0]) << 16 | UInt64(text[count / 2]) << 8 | UInt64(text[count - 1])
            }
            return Self.folded(word ^ 0xA076_1D64_78BD_642F, hash)
        }
        var offset = 0
        while offset + 16 < count {
            hash = Self.folded(
                text.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ 0xE703_7ED1_A0B4_28DB,
                text.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) ^ hash)
            offset += 16
        }
        return Self.folded(
            text.loadUnaligned(fromByteOffset: max(count - 16, 0), as: UInt64.self) ^ 0xA076_1D64_78BD_642F,
            text.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self) ^ hash)
    }

    /// Both halves of a product.
    @inline(__always)
    private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }
}

/// A multiplicative hash of eight bytes at a time; the same bytes have the same hash on every machine.
func hashed(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    // Four lanes, because each multiplication waits for the one before it.
    var lanes = SIMD4<UInt64>(UInt64(bytes.count), 1, 2, 3)
    var offset = 0
    while offset + 32 <= bytes.count {
        for lane in 0..<4 {
            let word = bytes.loadUnaligned(fromByteOffset: offset + 8 * lane, as: UInt64.self)
            let hash = (lanes[lane] ^ UInt64(littleEndian: word)) &* 0x9E37_79B9_7F4A_7C15
            lanes[lane] = hash ^ hash >> 29
        }
        offset += 32
    }
    var hash = lanes[0]
    while offset + 8 <= bytes.count {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
        offset += 8
    }
    var rest: UInt64 = 0
    for byte in bytes[offset...] { rest = rest << 8 | UInt64(byte) }
    hash = mixed(hash ^ rest)
    return bytes.count < 32 ? hash : mixed(mixed(mixed(hash ^ lanes[1]) ^ lanes[2]) ^ lanes[3])
}

/// The finaliser of MurmurHash3 (Appleby, 2008): every bit of the value changes half of the bits of the result.
func mixed(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ (hash >> 33)
}
