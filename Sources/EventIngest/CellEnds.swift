internal import CDelimited

/// Where the cells of some records of delimited text end, where quotes stand only where RFC 4180 has them.
struct CellEnds {
    /// The offsets of delimiters and newlines outside of quotes; for the last record perhaps the end of the text.
    private(set) var separators: [UInt32] = []
    /// For each record how many separators there are up to its end.
    private(set) var ends: [UInt32] = []
    /// Whether they are known; otherwise each byte must be looked at.
    private(set) var areKnown = false
    /// How many lines there are, those inside quotes included.
    private(set) var lineCount = 0
    private var scan = bd_delimited_scan()
    private var state = bd_delimited_state()

    /// Where a search came to its end.
    enum Finding {
        /// Behind the record that the target is in, or behind the last one.
        case records(length: Int)
        /// Behind so many whole records; more bytes are wanted.
        case incomplete(length: Int)
        /// Quotes stand where none should.
        case irregular
    }

    /// How many records were found.
    var count: Int { scan.ends }

    /// Whether newlines stand inside quotes.
    var areLinesQuoted: Bool { lineCount > scan.ends }

    /// Forgets what was found.
    mutating func restart() {
        scan = bd_delimited_scan()
        state = bd_delimited_state(inside: 0, is_start: 1, is_closed: 0, is_returned: 0, newlines: 0)
        (areKnown, lineCount) = (false, 0)
    }

    /// Looks for the ends of cells from where it came the last time.
    ///
    /// - Parameters:
    ///   - bytes: the text, ``PartBytes/padding`` more bytes behind it.
    ///   - target: an offset in the last record that is wanted.
    ///   - isLast: whether nothing follows.
    mutating func find(
        in bytes: UnsafeRawBufferPointer, delimiter: UInt8, target: Int, isLast: Bool
    ) -> Finding {
        // A quote as a separator would be both.
        guard ![0x22, 0x0D, 0x0A].contains(delimiter) else { return .irregular }
        while true {
            separators.withUnsafeMutableBufferPointer { separators in
                ends.withUnsafeMutableBufferPointer { ends in
                    bd_delimited_find(
                        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, delimiter, target,
                        isLast ? 1 : 0, &state, separators.baseAddress, separators.count, ends.baseAddress,
                        ends.count, &scan)
                }
            }
            lineCount = state.newlines
            let whole = scan.ends == 0 ? 0 : Int(separators[Int(ends[scan.ends - 1]) - 1]) + 1
            switch Int(scan.reason) {
            case BD_DELIMITED_TARGET:
                areKnown = true
                return .records(length: scan.offset)
            case BD_DELIMITED_FULL: grow()
            case BD_DELIMITED_IRREGULAR: return .irregular
            default:
                guard isLast else { return .incomplete(length: whole) }
                // A quote that is never closed.
                guard state.inside == 0 else { return .irregular }
                if whole < bytes.count { endLast(at: bytes.count) }
                areKnown = true
                return .records(length: bytes.count)
            }
        }
    }

    private mutating func grow() {
        separators += [UInt32](repeating: 0, count: max(separators.count, 1 << 12))
        ends += [UInt32](repeating: 0, count: max(ends.count, 1 << 12))
    }

    /// The end of the text ends a record as a newline does.
    private mutating func endLast(at offset: Int) {
        if scan.separators == separators.count || scan.ends == ends.count { grow() }
        separators[scan.separators] = UInt32(offset)
        ends[scan.ends] = UInt32(scan.separators + 1)
        scan.separators += 1
        scan.ends += 1
        lineCount += 1
    }
}
