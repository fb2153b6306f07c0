/// How a source is read.
enum ReadingPlan: Sendable {
    /// Lines of a plain file, anywhere in it.
    case ranges(size: Int)
    /// Lines from the first to the last.
    case lines(Compression)
    /// Delimited text from the first record to the last.
    case delimited(DelimitedHead, Compression)
    /// An export of another form, from its start.
    case export

    init(_ source: EventSources.Source, options: IngestOptions) throws {
        var bytes = try PlainBytes(source, isOnlyHead: true)
        var block = [UInt8](repeating: 0, count: FileHead.size)
        let filled = try block.withUnsafeMutableBytes { try bytes.read(into: $0) }
        let compression = bytes.compression
        self = try block.withUnsafeBytes { block in
            guard filled > 0 else { return .export }
            let start = UnsafeRawBufferPointer(rebasing: block[..<filled])
            let shape = try source.recognised(
                start, head: FileHead(start, name: source.name), forced: options.formatIn)
            switch shape.format {
            case .ndjson:
                if compression == .none, let size = try FileDescriptor(reading: source.path).size {
                    return .ranges(size: size)
                }
                return .lines(compression)
            case .csv:
                let head = DelimitedHead(start, isLast: filled < block.count)
                return head.map { .delimited($0, compression) } ?? .export
            default: return .export
            }
        }
    }

    var compression: Compression {
        switch self {
        case .ranges, .export: .none
        case .lines(let compression), .delimited(_, let compression): compression
        }
    }

    /// Whether records can be found again one by one.
    var isOfRecords: Bool { if case .export = self { false } else { true } }

    /// What cuts the source into parts; `nil` where nothing has to.
    func cutter(of source: EventSources.Source, sizes: PartSizes) throws -> (any PartCutter)? {
        switch self {
        case .ranges, .export: nil
        case .lines: try LineCutter(source, sizes: sizes)
        case .delimited(let head, _): try DelimitedCutter(source, head, sizes: sizes)
        }
    }

    /// What a source is, as far as the plan tells; `nil` for exports.
    func shape(of source: EventSources.Source) -> SourceShape? {
        // What we packed ourselves came plain.
        let compression = source.live == nil ? compression : .none
        return switch self {
        case .export: nil
        case .ranges, .lines: SourceShape(format: .ndjson, compression: compression)
        case .delimited(let head, _):
            SourceShape(
                format: .csv, compression: compression, header: head.header, delimiter: head.delimiter)
        }
    }
}

/// How many bytes the parts of a source are made of.
struct PartSizes {
    /// The first part, all others.
    let first: Int, others: Int

    init(first: Int, others: Int) { (self.first, self.others) = (first, others) }

    /// All of one size.
    init(each size: Int) { self.init(first: size, others: size) }

    /// Where a part ends, the first one being number 1.
    func end(of number: Int) -> Int { first + (number - 1) * others }
}

/// A part of the input that is read by itself.
struct InputPart: Sendable {
    enum Extent: Sendable {
        /// The lines that begin at these offsets of a plain file.
        case range(Range<Int>)
        /// What was cut off and is in memory.
        case cut
        /// All of the source.
        case whole
    }

    /// Which source.
    var source: Int
    var extent: Extent
}

/// The parts of all sources, one after the other: the same ones however many threads there are.
final class InputParts {
    private let sources: [EventSources.Source]
    private let plans: [ReadingPlan]
    /// How long the next part is, when it is the first of its source: the very first one is short, because the others wait for it.
    private var sizes: PartSizes
    /// Whether compressed files are read by a thread each, which does better than cutting them up as soon as there are several.
    let areWhole: Bool
    private let except: Set<Int>
    private var source = 0, position = 0
    private var cutter: (any PartCutter)?

    /// - Parameter except: sources that are passed over.
    init(
        _ sources: [EventSources.Source], _ plans: [ReadingPlan], partBytes: Int, except: Set<Int> = []
    ) {
        self.except = except
        self.sources = sources
        self.plans = plans
        sizes = PartSizes(first: max(partBytes / 8, 1), others: partBytes)
        areWhole = plans.count { $0.compression != .none } > 1
    }

    /// The next part; its bytes are put into `bytes` where it is cut off.
    func next(into bytes: inout PartBytes) throws -> InputPart? {
        while source < sources.count {
            guard !except.contains(source) else {
                source += 1
                continue
            }
            let plan = plans[source]
            if case .ranges(let size) = plan, position < size {
                let start = position
                position += start == 0 ? sizes.first : sizes.others
                return InputPart(source: source, extent: .range(start..<min(position, size)))
            }
            if position == 0, !plan.isOfRecords || areWhole && plan.compression != .none {
                position = 1
                return InputPart(source: source, extent: .whole)
            }
            if position == 0 {
                cutter = try plan.cutter(of: sources[source], sizes: sizes)
                position = 1
            }
            if let cutter, try cutter.next(into: &bytes) { return InputPart(source: source, extent: .cut) }
            cutter = nil
            (source, position) = (source + 1, 0)
            sizes = PartSizes(each: sizes.others)
        }
        return nil
    }
}
