import DeployModel

/// Where a record is in a plain file or in a ``SampleSpool``, and what decides whether it is looked at again.
struct RecordAddress: Sendable {
    /// Chance drawn from the record's content; the records with the smallest keys are a fair sample.
    var key: UInt64
    var time: Instant
    /// Offset and length of its bytes.
    var offset: Int
    var length: Int32
    var source: Int16
    var isFailing: Bool
}

/// A fair sample of the records that were read, failing and passing ones apart: those with keys below a bound, which is halved
/// whenever there are too many. In the end the bound is the largest that leaves few enough, in whatever order they came.
struct AddressSample: Sendable {
    struct Class: Sendable {
        fileprivate(set) var addresses: [RecordAddress] = []
        fileprivate(set) var bound = UInt64.max

        /// Whether no record was left out.
        var isComplete: Bool { bound == .max }

        fileprivate mutating func add(_ address: RecordAddress) {
            if address.key <= bound { addresses.append(address) }
        }

        fileprivate mutating func merge(_ other: Class) {
            if other.bound < bound {
                bound = other.bound
                addresses.removeAll { $0.key > bound }
            }
            for address in other.addresses { add(address) }
            prune()
        }

        fileprivate mutating func prune() {
            while addresses.count > AddressSample.capacity {
                bound /= 2
                addresses.removeAll { $0.key > bound }
            }
        }
    }

    /// How many of each class are remembered: 3 MB of them.
    static let capacity = 100_000

    private(set) var failing = Class(), passing = Class()

    /// The same bounds without the records.
    var emptied: AddressSample {
        var copy = AddressSample()
        copy.failing.bound = failing.bound
        copy.passing.bound = passing.bound
        return copy
    }

    /// Whether a record with a key would be added.
    func wants(_ key: UInt64, isFailing: Bool) -> Bool { key <= (isFailing ? failing : passing).bound }

    mutating func add(_ address: RecordAddress) {
        if address.isFailing { failing.add(address) } else { passing.add(address) }
    }

    /// Halves the bounds until there are few enough.
    mutating func prune() {
        failing.prune()
        passing.prune()
    }

    mutating func merge(_ other: AddressSample) {
        failing.merge(other.failing)
        passing.merge(other.passing)
    }
}

/// Chance drawn from a record: its time, its length and eight words spread over its bytes. Records that agree in all of them
/// are chosen together.
func sampleKey(_ bytes: UnsafeRawBufferPointer, at time: Instant) -> UInt64 {
    var hash = UInt64(bitPattern: time.milliseconds) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
    guard bytes.count >= 64 else { return mixed(hash ^ hashed(bytes)) }
    let step = (bytes.count - 8) / 7
    for index in 0..<8 {
        let word = bytes.loadUnaligned(fromByteOffset: index * step, as: UInt64.self)
        hash = (hash ^ UInt64(littleEndian: word)) &* 0x9E37_79B9_7F4A_7C15
        hash ^= hash >> 29
    }
    return mixed(hash)
}
