internal import CJSONLines
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
/// `CJSONLines` goes over a line once, from key to key as in the lines before it. A line that is not as simple as that (it
/// is broken, nested deep, has escapes in a key) is read by itself and thoroughly, by simdjson.
struct JSONLines: ~Copyable {
    private let wanted: WantedFields
    /// How many places there are by now.
    private var placeCount: Int
    private let keys: OpaquePointer
    private let strings: OpaquePointer
    private let thorough: JSONRecordParser
    /// The dotted path of each key that has a value of its own or holds one that has.
    private var paths: [UInt32: String] = [0: ""]
    /// The wanted values of two lines, and how many of each there may be.
    private let values: UnsafeMutableBufferPointer<bd_json_value>
    private let room: Int
    private let fields: UnsafeMutableBufferPointer<RecordField>
    /// Room for the strings of one record whose escapes had to be undone.
    private var plain: UnsafeMutableRawBufferPointer
    private var plainCount = 0

    /// A record may have a key more than once.
    private static let roomForRepeats = 64

    init(_ wanted: WantedFields) throws(IngestError) {
        let thorough = try JSONRecordParser()
        guard let keys = bd_json_keys_create() else { throw IngestError(.unreadable, "memory is short") }
        guard let strings = bd_strings_create() else {
            bd_json_keys_free(keys)
            throw IngestError(.unreadable, "memory is short")
        }
        self.init(wanted, keys: keys, strings: strings, thorough: thorough)
    }

    private init(
        _ wanted: WantedFields, keys: OpaquePointer, strings: OpaquePointer, thorough: JSONRecordParser
    ) {
        self.keys = keys
        self.strings = strings
        self.thorough = thorough
        self.wanted = wanted
        placeCount = wanted.names.count
        room = wanted.capacity + Self.roomForRepeats
        values = .allocate(capacity: 2 * room)
        fields = .allocate(capacity: wanted.capacity)
        fields.initialize(repeating: .missing)
        plain = .allocate(byteCount: 1 << 12, alignment: 16)
    }

    deinit {
        bd_json_keys_free(keys)
        bd_strings_free(strings)
        values.deallocate()
        fields.deallocate()
        plain.deallocate()
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
        guard let base = block.baseAddress, let last = block.last else { return }
        guard last == 0x0A else { return try readUnfinished(block, offset, &line, into: &sink) }
        let end = base + block.count
        var at = base
        while at < end {
            let (scans, count) = scan(at, until: end)
            for index in 0..<count {
                let scan = index == 0 ? scans.0 : scans.1
                let next =
                    scan.line_end.map { UnsafeRawPointer($0) }
                    ?? nextNewline(block, from: at - base).map { base + $0 } ?? end
                defer { forget(scan, at: index) }
                if scan.reason == BD_JSON_OBJECT, note(scan, at: index) {
                    let bytes = UnsafeRawBufferPointer(start: scan.start, count: scan.end - scan.start)
                    let opening = offset + (UnsafeRawPointer(scan.start) - base)
                    try sink.accept(Record(fields: fields, bytes: bytes, offset: opening), line: line)
                } else {
                    let bytes = UnsafeRawBufferPointer(start: at, count: next - at)
                    try readThoroughly(bytes, offset + (at - base), line, into: &sink)
                }
                at = next + 1
                line += 1
            }
        }
    }

    /// Reads a block whose last line lacks its newline: that line is read with one.
    private mutating func readUnfinished<Sink: RecordSink>(
        _ block: UnsafeRawBufferPointer, _ offset: Int, _ line: inout Int, into sink: inout Sink
    ) throws {
        let start = lastNewline(block).map { $0 + 1 } ?? 0
        if start > 0 {
            try read(
                UnsafeRawBufferPointer(rebasing: block[..<start]), offset: offset, line: &line, into: &sink)
        }
        var finished = Array(block[start...])
        finished.append(0x0A)
        let count = finished.count
        finished.append(contentsOf: repeatElement(0, count: JSONRecordParser.padding))
        try finished.withUnsafeBytes {
            try read(
                UnsafeRawBufferPointer(rebasing: $0[..<count]), offset: offset + start, line: &line,
                into: &sink)
        }
    }

    /// Goes over a line or two, settling the places of keys that are met for the first time.
    private mutating func scan(
        _ text: UnsafeRawPointer, until end: UnsafeRawPointer
    ) -> (lines: (bd_json_scan, bd_json_scan), count: Int) {
        var scans = (bd_json_scan(), bd_json_scan())
        while true {
            let count = withUnsafeMutablePointer(to: &scans) {
                $0.withMemoryRebound(to: bd_json_scan.self, capacity: 2) {
                    bd_json_read(
                        keys, text.assumingMemoryBound(to: CChar.self),
                        end.assumingMemoryBound(to: CChar.self), values.baseAddress, UInt32(room), $0)
                }
            }
            guard scans.0.reason == BD_JSON_UNSETTLED else { return (scans, Int(count)) }
            for index in 0..<scans.0.unsettled {
                let key = bd_json_unsettled(keys, index)
                bd_json_key_settle(keys, key, Int32(wanted.place(adding: path(of: key)) ?? -1))
            }
            placeCount = wanted.names.count
        }
    }

    /// The path of a key: the names of the objects it is in, and its own.
    private mutating func path(of key: UInt32) -> String {
        if let known = paths[key] { return known }
        var length = 0
        let start = bd_json_key_name(keys, key, &length)
        let name = String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
        let parent = path(of: bd_json_key_parent(keys, key))
        let path = parent.isEmpty ? name : "\(parent).\(name)"
        paths[key] = path
        return path
    }

    /// Takes the wanted values of a line, the first or the second of two.
    ///
    /// - Returns: whether they are well-formed, as all of the line is.
    private mutating func note(_ scan: bd_json_scan, at line: Int) -> Bool {
        if scan.has_high != 0, bd_is_utf8(scan.start, scan.end - scan.start) == 0 { return false }
        plainCount = 0
        for value in values[line * room..<line * room + Int(scan.count)] {
            let place = Int(value.place)
            guard let kind = RecordField.Kind(rawValue: value.kind) else { return false }
            let text = UnsafeRawBufferPointer(start: value.text, count: Int(value.length))
            if value.is_escaped != 0 {
                guard let plain = unescaped(text, room: scan.end - scan.start) else {
                    guard wanted.isOpen else { return false }
                    fields[place] = .missing
                    continue
                }
                fields[place] = RecordField(kind: .string, text: plain)
            } else {
                fields[place] = RecordField(kind: kind, text: text)
                if !fields[place].isWellFormed {
                    guard wanted.isOpen else { return false }
                    fields[place] = .missing
                }
            }
        }
        return true
    }

    /// Forgets the values of a line.
    private func forget(_ scan: bd_json_scan, at line: Int) {
        for value in values[line * room..<line * room + Int(scan.count)] {
            fields[Int(value.place)] = .missing
        }
    }

    /// A string without its escapes; `nil` when one of them is wrong.
    ///
    /// - Parameter room: what all strings of the record take at most.
    private mutating func unescaped(_ text: UnsafeRawBufferPointer, room: Int) -> UnsafeRawBufferPointer? {
        if plainCount == 0, room > plain.count {
            plain.deallocate()
            plain = .allocate(byteCount: room * 2, alignment: 16)
        }
        guard plainCount + text.count + 2 <= plain.count, let bytes = text.baseAddress,
            let start = plain.baseAddress.map({ $0 + plainCount })
        else { return nil }
        let written = bd_strings_unescape(
            strings, (bytes - 1).assumingMemoryBound(to: CChar.self), text.count + 2,
            start.assumingMemoryBound(to: CChar.self))
        guard written >= 0 else { return nil }
        plainCount += written
        return UnsafeRawBufferPointer(start: start, count: written)
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
            for place in 0..<placeCount { fields[place] = .missing }
        }
    }
}
