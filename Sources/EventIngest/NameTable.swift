#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Numbers for texts, in order of first appearance: a hash table over bytes, so that a text met before costs no string.
struct NameTable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var hashes: [UInt64] = []
    /// The number of the text at each slot and 1, below the upper half of its hash, or 0; a power of two of them, at most half
    /// of them taken.
    private var slots = [UInt64](repeating: 0, count: 64)
    /// What nobody can foresee.
    private let chance = NameTable.sharedChance

    private static let sharedChance = UInt64.random(in: .min ... .max)

    /// How many texts have a number.
    var count: Int { ends.count }

    /// The number of a text; `nil` when it has none.
    ///
    /// - Parameter mark: texts of different marks are different.
    func number(of text: UnsafeRawBufferPointer, mark: UInt8 = 0) -> Int? {
        let number = number(at: slot(of: text, hash(text, mark)))
        return number < 0 ? nil : number
    }

    /// The number of a text, a new one where it has none.
    mutating func number(adding text: UnsafeRawBufferPointer, mark: UInt8 = 0) -> Int {
        let hash = hash(text, mark)
        let slot = slot(of: text, hash)
        let number = number(at: slot)
        guard number < 0 else { return number }
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        hashes.append(hash)
        slots[slot] = Self.entry(hash, number: ends.count - 1)
        if ends.count * 2 > slots.count { grow() }
        return ends.count - 1
    }

    private static func entry(_ hash: UInt64, number: Int) -> UInt64 {
        (hash & ~0xFFFF_FFFF) | UInt64(number + 1)
    }

    private func number(at slot: Int) -> Int { Int(slots[slot] & 0xFFFF_FFFF) - 1 }

    /// Two words of a text at a time, multiplied with one another as in wyhash (Wang Yi 2019); those at its end may overlap the ones
    /// before. What nobody can foresee is mixed in, so that nobody can make texts that fall together; no result shows it.
    private func hash(_ text: UnsafeRawBufferPointer, _ mark: UInt8) -> UInt64 {
        let count = text.count
        var hash = chance ^ UInt64(mark) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(count)
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
    private static func folded(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// The slot of a text, or the empty one where it would go.
    private func slot(of text: UnsafeRawBufferPointer, _ hash: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            if slots[slot] >> 32 == hash >> 32, isText(number(at: slot), text) { break }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func isText(_ number: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == text.count else { return false }
        guard let other = text.baseAddress else { return true }
        return bytes.withUnsafeBytes { own in
            own.baseAddress.map { memcmp($0 + start, other, text.count) == 0 } ?? true
        }
    }

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (number, hash) in hashes.enumerated() {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = Self.entry(hash, number: number)
        }
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
