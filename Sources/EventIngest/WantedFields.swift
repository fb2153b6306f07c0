/// The fields that are read out of each record, each with its place in ``Record/fields``.
///
/// The reader of records and who looks at them share it: fields that nobody named may get a place on the way.
final class WantedFields {
    private(set) var names: [String] = []
    /// How many places there may ever be.
    let capacity: Int
    /// Whether every field is read: then one that is not well-formed is missing, and does not spoil the record.
    let isOpen: Bool
    private var places: [String: Int] = [:]
    /// Names for which there was no place; at most ``leftOutLimit`` of them.
    private(set) var leftOut: Set<String> = []
    static let leftOutLimit = 10_000

    /// Only the fields of these names.
    init(_ names: [String]) {
        capacity = max(1, names.count)
        isOpen = false
        for name in names { _ = add(name) }
    }

    /// Every field, in order of first appearance, but no more than so many.
    init(upTo limit: Int) {
        capacity = limit
        isOpen = true
    }

    /// Of all fields the ones of these names.
    init(ofAll names: [String]) {
        capacity = max(1, names.count)
        isOpen = true
        for name in names { _ = add(name) }
    }

    func place(of name: String) -> Int? { places[name] }

    /// The place of a field that is met in a record; `nil` when it is not wanted.
    func place(adding name: String) -> Int? { places[name] ?? add(name) }

    private func add(_ name: String) -> Int? {
        guard places[name] == nil else { return nil }
        guard names.count < capacity else {
            // Names that are made up for each record, such as ids, must not fill the memory.
            if leftOut.count < Self.leftOutLimit { leftOut.insert(name) }
            return nil
        }
        places[name] = names.count
        names.append(name)
        return names.count - 1
    }
}

/// The wanted fields of one record; borrowed while it is looked at.
struct Record {
    /// By place; what the record has not is ``RecordField/missing``.
    var fields: UnsafeMutableBufferPointer<RecordField>
    /// Bytes that stand for the record: equal records have equal bytes, and they can be read again.
    var bytes: UnsafeRawBufferPointer
    /// Where they begin in a plain file that is read in parts.
    var offset: Int

    /// The field at a place; missing at −1.
    subscript(place: Int) -> RecordField { place < 0 ? .missing : fields[place] }
}

/// What is done with records, one after the other.
protocol RecordSink {
    /// Takes a record, which is borrowed.
    ///
    /// - Throws: to stop reading.
    mutating func accept(_ record: Record, line: Int) throws

    /// Takes note of a line that is no record.
    mutating func reject(line: Int, reason: String)

    /// Takes note that all records at these offsets of a plain file were handed over.
    mutating func endBlock(at range: Range<Int>)
}

extension RecordSink {
    mutating func reject(line: Int, reason: String) {}
    mutating func endBlock(at range: Range<Int>) {}
}
