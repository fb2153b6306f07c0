import CLibyaml

/// What libyaml says it read, with places counted from 1.
enum YAMLEvent {
    /// Properties that any node may carry.
    struct Properties {
        var anchor: String?
        var tag: String?
    }

    /// How a scalar was written.
    enum Style { case plain, quoted, block }

    case scalar(String, Style, Properties)
    case alias(String)
    case open(isMapping: Bool, isFlow: Bool, Properties)
    case close(isFlow: Bool)
    case documentStart
    case documentEnd
    case streamEnd
}

/// The events of one text: owns the C parser and a copy of the bytes that the parser reads from.
struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    /// Where the last event began, and the place after its last character.
    private(set) var start = Mark(line: 1, column: 1)
    private(set) var end = Mark(line: 1, column: 1)
    // A flow collection's end has a width, a block collection's has none.
    private var flows: [Bool] = []

    /// How many lines stand before the text, for what is told of other lines than the one where it fails.
    private let lineOffset: Int

    /// `nil` only when there is no memory for a parser.
    init?(_ bytes: ArraySlice<UInt8>, lineOffset: Int) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
        self.parser = parser
        self.input = input
        self.lineOffset = lineOffset
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event; after the end of the stream there is none to ask for.
    mutating func next() throws(ParseFailure) -> YAMLEvent {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
            defer { yaml_event_delete(&event) }
            start = Mark(event.start_mark)
            end = Mark(event.end_mark)
            if let read = YAMLEvent(event, flows: &flows) { return read }
        }
    }

    private func failure() -> ParseFailure {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "cannot be read"
        guard state.error != YAML_READER_ERROR else {
            return ParseFailure(problem, at: place(ofByte: Int(state.problem_offset)))
        }
        let context = state.context.map { " \(String(cString: $0))" } ?? ""
        let begun = Int(state.context_mark.line) + 1 + lineOffset
        let line = state.context == nil ? "" : ", begun in line \(begun)"
        return ParseFailure("\(problem)\(context)\(line)", at: Mark(state.problem_mark))
    }

    private func place(ofByte offset: Int) -> Mark {
        let before = UnsafeBufferPointer(input).prefix(max(0, offset))
        let lineStart = before.lastIndex(of: .lineFeed).map { $0 + 1 } ?? 0
        let line = before.reduce(1) { $1 == .lineFeed ? $0 + 1 : $0 }
        return Mark(line: line, column: before[lineStart...].characterCount + 1)
    }
}

extension Mark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

extension YAMLEvent {
    /// `nil` for the start of the stream, which says nothing.
    fileprivate init?(_ event: yaml_event_t, flows: inout [Bool]) {
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            self = .scalar(text, Style(scalar.style), Properties(scalar.anchor, scalar.tag))
        case YAML_ALIAS_EVENT:
            self = .alias(event.data.alias.anchor.map { String(cString: $0) } ?? "")
        case YAML_MAPPING_START_EVENT:
            let mapping = event.data.mapping_start
            flows.append(mapping.style == YAML_FLOW_MAPPING_STYLE)
            self = .open(
                isMapping: true, isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE,
                Properties(mapping.anchor, mapping.tag))
        case YAML_SEQUENCE_START_EVENT:
            let sequence = event.data.sequence_start
            flows.append(sequence.style == YAML_FLOW_SEQUENCE_STYLE)
            self = .open(
                isMapping: false, isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE,
                Properties(sequence.anchor, sequence.tag))
        case YAML_MAPPING_END_EVENT, YAML_SEQUENCE_END_EVENT:
            self = .close(isFlow: flows.popLast() ?? false)
        case YAML_DOCUMENT_START_EVENT: self = .documentStart
        case YAML_DOCUMENT_END_EVENT: self = .documentEnd
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: self = .streamEnd
        default: return nil
        }
    }
}

extension YAMLEvent.Properties {
    fileprivate init(_ anchor: UnsafeMutablePointer<yaml_char_t>?, _ tag: UnsafeMutablePointer<yaml_char_t>?)
    {
        self.init(anchor: anchor.map { String(cString: $0) }, tag: tag.map { String(cString: $0) })
    }
}

extension YAMLEvent.Style {
    fileprivate init(_ style: yaml_scalar_style_t) {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .quoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: self = .block
        default: self = .plain
        }
    }
}
