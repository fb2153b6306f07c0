internal import CSimdjson

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads the wanted fields of lines that are JSON objects, a block of many lines at a time.
///
/// simdjson finds the structural characters of a block; of what lies between them only the wanted values are looked at.
/// Neighbouring records mostly have the same keys in the same order, so each key remembers which one came next the last
/// time: it is compared with what stands there, and looked up only when it is another. A line that is not as simple as that
/// (it is broken, nested deep, has escapes in a key) is read by itself and thoroughly.
struct JSONLines: ~Copyable {
    /// A key in its place: below one object, with one spelling.
    private struct Key {
        /// The text from the opening quote to the colon: where ``spellings`` holds it, and its length.
        var start: Int, length: Int
        /// The first eight bytes of the text, and which of their bits count.
        var head: UInt64 = 0, mask: UInt64 = 0
        /// The place of the field, −1 when nobody wants it, −2 as long as it was never more than an object.
        var place = -2
        /// The key that came next the last time, or 0: the first one inside the object, and the one behind the value.
        var inside = 0, behind = 0
    }

    private struct Spelling: Hashable {
        var parent: Int
        var text: [UInt8]
    }

    private let wanted: WantedFields
    /// How many places there are by now.
    private var placeCount: Int
    private let index: OpaquePointer
    private let thorough: JSONRecordParser
    /// All keys met so far; the first one stands for the record itself.
    private let keys: UnsafeMutablePointer<Key>
    private var keyCount = 1
    private let spellings: UnsafeMutablePointer<UInt8>
    private var spellingCount = 0
    /// The dotted path of each key.
    private var paths = [""]
    private var known: [Spelling: Int] = [:]
    private let fields: UnsafeMutableBufferPointer<RecordField>
    /// The objects that the current key is in, outermost first.
    private let parents: UnsafeMutablePointer<Int>
    /// Room for the strings of one record whose escapes had to be undone.
    private var plain: UnsafeMutableRawBufferPointer
    private var plainCount = 0
    /// For each byte the kind of the value that it begins; 0 when it begins none, or one that spans several.
    private let kinds: UnsafeMutablePointer<UInt8>

    private static let keyLimit = 4096
    private static let spellingLimit = 1 << 18
    private static let deepest = 32

    init(_ wanted: WantedFields) throws(IngestError) {
        let thorough = try JSONRecordParser()
        guard let index = bd_index_create() else { throw IngestError(.unreadable, "memory is short") }
        self.init(wanted, index: index, thorough: thorough)
    }

    private init(_ wanted: WantedFields, index: OpaquePointer, thorough: JSONRecordParser) {
        self.index = index
        self.thorough = thorough
        self.wanted = wanted
        placeCount = wanted.names.count
        keys = .allocate(capacity: Self.keyLimit)
        keys.initialize(to: Key(start: 0, length: 0))
        spellings = .allocate(capacity: Self.spellingLimit)
        fields = .allocate(capacity: wanted.capacity)
        fields.initialize(repeating: .missing)
        parents = .allocate(capacity: Self.deepest)
        parents.initialize(repeating: 0, count: Self.deepest)
        plain = .allocate(byteCount: 1 << 16, alignment: 16)
        kinds = .allocate(capacity: 256)
        kinds.initialize(repeating: 0, count: 256)
        for byte in "-0123456789".utf8 { kinds[Int(byte)] = RecordField.Kind.number.rawValue }
        for byte in "tf".utf8 { kinds[Int(byte)] = RecordField.Kind.bool.rawValue }
        kinds[Int(UInt8(ascii: "n"))] = RecordField.Kind.null.rawValue
        kinds[Int(UInt8(ascii: "\""))] = RecordField.Kind.string.rawValue
    }

    deinit {
        bd_index_free(index)
        keys.deallocate()
        spellings.deallocate()
        fields.deallocate()
        parents.deallocate()
        plain.deallocate()
        kinds.deallocate()
    }

    /// Reads a block of whole lines.
    ///
    /// - Parameters:
    ///   - block: the last line may lack its newline; ``JSONRecordParser/padding`` more bytes behind it must be readable.
    ///   - offset: where it begins in its file.
    ///   - line: the number of its first line; behind the block afterwards.
    mutating func read<Sink: RecordSink>(
        _ block: UnsafeRawBufferPointer, offset: Int = 0, line: inout Int, into sink: inout Sink
    ) throws {
        guard let base = block.baseAddress, block.count > 0 else { return }
        // One line that is no text spoils the structure of all; then each is looked at by itself.
        var structure = structure(of: block)
        let isWhole = structure != nil
        var start = 0, position = 0
        while start < block.count {
            let newline = memchr(base + start, 0x0A, block.count - start)
            let end = newline.map { UnsafeRawPointer($0) - base } ?? block.count
            let bytes = UnsafeRawBufferPointer(start: base + start, count: end - start)
            if !isWhole {
                structure = self.structure(of: bytes)
                position = 0
            }
            // Offsets count from here.
            let origin = isWhole ? 0 : start
            if let structure {
                if position < structure.count, origin + structure.offset(position) < end {
                    if bytes.count > plain.count { makeRoom(bytes.count * 2) }
                    let next = walk(structure, from: position, until: end - origin)
                    if next > 0, origin + structure.offset(next - 1) < end,
                        next == structure.count || origin + structure.offset(next) > end
                    {
                        let opening = origin + structure.offset(position)
                        let length = origin + structure.offset(next - 1) + 1 - opening
                        position = next
                        try sink.accept(
                            Record(
                                fields: fields,
                                bytes: UnsafeRawBufferPointer(start: base + opening, count: length),
                                offset: offset + opening),
                            line: line)
                    } else {
                        while position < structure.count, origin + structure.offset(position) < end {
                            position += 1
                        }
                        try readThoroughly(bytes, offset + start, line, into: &sink)
                    }
                }
            } else {
                try readThoroughly(bytes, offset + start, line, into: &sink)
            }
            start = end + 1
            line += 1
        }
    }

    /// `nil` when the bytes are not text with closed strings.
    private func structure(of bytes: UnsafeRawBufferPointer) -> Structure? {
        guard let base = bytes.baseAddress else { return nil }
        let count = bd_index_build(index, base.assumingMemoryBound(to: CChar.self), bytes.count)
        guard count >= 0 else { return nil }
        return Structure(base: base, positions: bd_index_positions(index), count: count)
    }

    private mutating func makeRoom(_ count: Int) {
        plain.deallocate()
        plain = .allocate(byteCount: count, alignment: 16)
    }

    /// The structural characters of a block.
    private struct Structure {
        let base: UnsafeRawPointer
        let positions: UnsafePointer<UInt32>?
        let count: Int

        func offset(_ index: Int) -> Int { positions.map { Int($0[index]) } ?? 0 }
        subscript(_ index: Int) -> UInt8 { base.load(fromByteOffset: offset(index), as: UInt8.self) }
    }

    /// Follows the structural characters of one record, noting the wanted values.
    ///
    /// - Returns: the position behind the record, or 0 when it is not a plain object.
    private mutating func walk(_ structure: Structure, from opening: Int, until end: Int) -> Int {
        guard structure[opening] == UInt8(ascii: "{") else { return 0 }
        for place in 0..<placeCount { fields[place] = .missing }
        plainCount = 0
        var depth = 0
        var previous = 0
        var isInside = true
        var at = opening + 1
        // A key, its colon, its value, and what stands behind it.
        while at + 3 < structure.count, structure.offset(at + 3) < end {
            let text = structure.base + structure.offset(at)
            var key = isInside ? keys[previous].inside : keys[previous].behind
            if key == 0 || !isSpelled(key, text) {
                key = lookUp(text, structure.offset(at + 1) - structure.offset(at) + 1, below: parents[depth])
                guard key > 0 else { return 0 }
                if isInside { keys[previous].inside = key } else { keys[previous].behind = key }
            }
            let first = structure[at + 2]
            if let kind = RecordField.Kind(rawValue: kinds[Int(first)]), kind != .missing {
                let place = settledPlace(of: key)
                if place >= 0 {
                    let from = structure.offset(at + 2), to = structure.offset(at + 3)
                    if !note(place, kind, structure.base + from, to - from) {
                        guard wanted.isOpen else { return 0 }
                        fields[place] = .missing
                    }
                }
                at += 3
            } else if first == UInt8(ascii: "{"), structure[at + 3] == UInt8(ascii: "}") {
                at += 4
                guard at < structure.count else { return 0 }
            } else if first == UInt8(ascii: "{") {
                guard depth + 1 < Self.deepest else { return 0 }
                depth += 1
                parents[depth] = key
                previous = key
                isInside = true
                at += 3
                continue
            } else if first == UInt8(ascii: "[") {
                let behind = endOfArray(structure, at + 2, until: end)
                guard behind > 0, behind < structure.count else { return 0 }
                let place = settledPlace(of: key)
                if place >= 0 {
                    let from = structure.offset(at + 2)
                    fields[place] = RecordField(
                        kind: .array,
                        text: UnsafeRawBufferPointer(
                            start: structure.base + from, count: structure.offset(behind - 1) + 1 - from))
                }
                at = behind
            } else {
                return 0
            }
            previous = key
            isInside = false
            // A comma, or the end of this object and perhaps of those around it.
            while structure[at] == UInt8(ascii: "}") {
                guard depth > 0 else { return at + 1 }
                previous = parents[depth]
                depth -= 1
                at += 1
                guard at < structure.count else { return 0 }
            }
            guard structure[at] == UInt8(ascii: ",") else { return 0 }
            at += 1
        }
        return 0
    }

    /// The position behind the bracket that closes an array; 0 when there is none.
    private func endOfArray(_ structure: Structure, _ opening: Int, until end: Int) -> Int {
        var depth = 0
        for at in opening..<structure.count {
            guard structure.offset(at) < end else { return 0 }
            let byte = structure[at]
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return byte == UInt8(ascii: "]") ? at + 1 : 0 }
        }
        return 0
    }

    /// Whether a key stands at a place; eight bytes at a time, the last eight of a longer one with some of those before.
    private func isSpelled(_ key: Int, _ text: UnsafeRawPointer) -> Bool {
        guard (text.loadUnaligned(as: UInt64.self) ^ keys[key].head) & keys[key].mask == 0 else {
            return false
        }
        let length = keys[key].length
        guard length > 8 else { return true }
        let own = UnsafeRawPointer(spellings + keys[key].start)
        var offset = 8
        while offset + 8 < length {
            if own.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                != text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            {
                return false
            }
            offset += 8
        }
        return own.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
            == text.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
    }

    /// Finds a key by its text, or makes it known.
    ///
    /// - Returns: 0 when it is no plain key, or when there is no more room.
    private mutating func lookUp(_ text: UnsafeRawPointer, _ length: Int, below parent: Int) -> Int {
        let bytes = UnsafeRawBufferPointer(start: text, count: length)
        guard length >= 3, bytes[0] == UInt8(ascii: "\""), bytes[length - 1] == UInt8(ascii: ":"),
            !bytes.contains(UInt8(ascii: "\\")), let quote = bytes.lastIndex(of: UInt8(ascii: "\"")),
            quote > 0
        else { return 0 }
        let spelling = Spelling(parent: parent, text: Array(bytes))
        if let key = known[spelling] { return key }
        guard keyCount < Self.keyLimit, spellingCount + length <= Self.spellingLimit else { return 0 }
        let name = String(decoding: bytes[1..<quote], as: UTF8.self)
        let path = parent == 0 ? name : "\(paths[parent]).\(name)"
        var key = Key(start: spellingCount, length: length)
        for position in 0..<min(length, 8) {
            key.head |= UInt64(bytes[position]) << (8 * position)
            key.mask |= 0xFF << (8 * UInt64(position))
        }
        key.head = UInt64(littleEndian: key.head)
        key.mask = UInt64(littleEndian: key.mask)
        (keys + keyCount).initialize(to: key)
        for byte in bytes {
            spellings[spellingCount] = byte
            spellingCount += 1
        }
        paths.append(path)
        known[spelling] = keyCount
        keyCount += 1
        return keyCount - 1
    }

    /// The place of a key with a value of its own; an object has none.
    private mutating func settledPlace(of key: Int) -> Int {
        if keys[key].place == -2 {
            keys[key].place = wanted.place(adding: paths[key]) ?? -1
            placeCount = wanted.names.count
        }
        return keys[key].place
    }

    /// Notes a scalar, which ends before the next structural character.
    ///
    /// - Returns: whether it is well-formed.
    private mutating func note(_ place: Int, _ kind: RecordField.Kind, _ text: UnsafeRawPointer, _ room: Int)
        -> Bool
    {
        var length = room
        let last = UnsafeRawBufferPointer(start: text, count: room)
        while length > 1, last[length - 1] <= 0x20 { length -= 1 }
        guard kind == .string else {
            let field = RecordField(kind: kind, text: UnsafeRawBufferPointer(start: text, count: length))
            fields[place] = field
            return field.isWellFormed && (kind != .null || length == 4)
        }
        guard length >= 2, last[length - 1] == UInt8(ascii: "\"") else { return false }
        guard memchr(text, 0x5C, length) != nil else {
            fields[place] = RecordField(
                kind: .string, text: UnsafeRawBufferPointer(start: text + 1, count: length - 2))
            return true
        }
        return noteEscaped(place, text, length)
    }

    private mutating func noteEscaped(_ place: Int, _ text: UnsafeRawPointer, _ length: Int) -> Bool {
        guard plainCount + length <= plain.count, let start = plain.baseAddress.map({ $0 + plainCount })
        else {
            return false
        }
        let written = bd_index_unescape(
            index, text.assumingMemoryBound(to: CChar.self), length, start.assumingMemoryBound(to: CChar.self)
        )
        guard written >= 0 else { return false }
        fields[place] = RecordField(kind: .string, text: UnsafeRawBufferPointer(start: start, count: written))
        plainCount += written
        return true
    }

    private mutating func readThoroughly<Sink: RecordSink>(
        _ line: UnsafeRawBufferPointer, _ offset: Int, _ number: Int, into sink: inout Sink
    ) throws {
        guard line.contains(where: { $0 > 0x20 }) else { return }
        switch thorough.parse(line) {
        case .failure(let failure): sink.reject(line: number, reason: failure.reason)
        case .success(let named):
            for place in 0..<placeCount { fields[place] = .missing }
            for field in named {
                if let place = wanted.place(adding: field.name) { fields[place] = field.field }
            }
            placeCount = wanted.names.count
            try sink.accept(Record(fields: fields, bytes: line, offset: offset), line: number)
        }
    }
}
